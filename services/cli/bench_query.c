/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * fluvius bench query: what a page of rows costs over HTTP, beside the same page through the database's library alone
 * plus an empty answer of the HTTP library. The library reads it twice: as query processes do, the text that each row
 * has, and as columns, which somebody who keeps no such text would read. All are measured in turns, and their medians
 * compared. */
#include "services/cli/bench.h"
#include "services/cli/bench_filter.h"
#include "services/cli/bench_http_load.h"
#include "services/cli/bench_page.h"

#include "services/common/process.h"
#include "services/common/settings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

struct settings {
    int64_t rows, limit, connections, seconds;
    char *store;
    bool json;
};

#define AT(MEMBER) offsetof(struct settings, MEMBER)
static const struct setting settings_list[] = {
    {"rows", SETTING_INTEGER, AT(rows), "2000", 1, 1000000, "rows of the read model"},
    {"limit", SETTING_INTEGER, AT(limit), "100", 1, 1000, "rows a page"},
    {"connections",
     SETTING_INTEGER,
     AT(connections),
     "16",
     1,
     1000,
     "keep-alive connections, one request open on each"},
    {"seconds", SETTING_INTEGER, AT(seconds), "6", 3, 3600, "how long each of the three is measured, in three turns"},
    {"store", SETTING_TEXT, AT(store), NULL, 0, 0, "where events and rows are kept: postgresql://...; else SQLite"},
    {"json", SETTING_BOOL, AT(json), "false", 0, 0, "print one JSON object"},
    {0}};
static const struct settings_table table = {.service = "fluvius bench query",
                                            .usage = "[options]",
                                            .doc = "Measures pages of rows a second over HTTP, beside the bare "
                                                   "database and empty answers of the same HTTP library.",
                                            .settings = settings_list};

enum { TURNS = 3, PATIENCE_US = 120000000 };

/* Microseconds an answer takes, with as many under way as there are connections; of bare, one call. */
struct figures {
    double ours_us[TURNS], empty_us[TURNS], bare_us[BARES][TURNS], ratio[BARES];
    uint64_t failed, p50_us, p99_us;
};

static bool bare_measure(struct bare *bare, enum bare_kind kind, uint32_t milliseconds, double *out_us)
{
    uint64_t start_us = clock_monotonic_us(), pages = 0, now_us = start_us;
    while (now_us < start_us + milliseconds * 1000ull) {
        if (!bare_page(bare, kind))
            return false;
        pages++;
        now_us = clock_monotonic_us();
    }
    *out_us = (double)(now_us - start_us) / (double)pages;
    return true;
}

/* ---- the platform ---- */

static bool total_of(struct client *client, int64_t *total)
{
    struct request request = request_of(operation_query);
    struct buffer data = {0}, memory = {0};
    struct query_page page;
    struct reply reply;
    query_encode(&data, &(struct query_data){.limit = 1});
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.data = buffer_slice(&data);
    bool good = client_call(client, &request, &reply, &memory) == error_none && reply.status == status_ok &&
                query_page_decode(reply.data, &page) == error_none;
    *total = good ? (int64_t)page.total : -1;
    buffer_fini(&data);
    buffer_fini(&memory);
    return good;
}

/* Until every account is a row. */
static bool rows_await(const struct bench_options *options, int64_t rows)
{
    uint64_t until_us = clock_monotonic_us() + PATIENCE_US;
    struct client *client;
    int64_t total = 0;
    if (!bench_client_open(options, &client))
        return false;
    while (total < rows && clock_monotonic_us() < until_us)
        if (!total_of(client, &total))
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    client_close(&client);
    return total >= rows;
}

/* ---- measuring ---- */

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double values[TURNS])
{
    qsort(values, TURNS, sizeof *values, compare_doubles);
    return values[TURNS / 2];
}

static bool turn_measure(
    struct http_load *load, uint16_t ours, uint16_t empty, int turn, struct figures *figures, struct histogram *latency)
{
    struct http_result *result = calloc(1, sizeof *result);
    bool ok = result != NULL;
    load->port = ours;
    ok = ok && http_load_run(load, result) && result->answers > 0;
    if (ok) {
        figures->ours_us[turn] = 1e6 / result->per_second;
        figures->failed += result->failed;
        histogram_merge(latency, &result->latency);
    }
    load->port = empty;
    ok = ok && http_load_run(load, result) && result->answers > 0;
    if (ok)
        figures->empty_us[turn] = 1e6 / result->per_second;
    free(result);
    return ok;
}

static bool
measure(const struct settings *settings, const char *data, uint16_t ours, uint16_t empty, struct figures *figures)
{
    char request[200];
    int size = snprintf(request,
                        sizeof request,
                        "GET /bank.account/?limit=%lld&total=false HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                        (long long)settings->limit);
    struct http_load load = {.connections = (uint32_t)settings->connections,
                             .milliseconds = (uint32_t)(settings->seconds * 1000 / TURNS),
                             .request = slice_of(request, (size_t)size)};
    struct histogram *latency = calloc(1, sizeof *latency);
    struct bare *bare = NULL;
    bool ok = latency != NULL && bare_open(&bare, settings->store, data, settings->limit);
    for (int turn = 0; ok && turn < TURNS; turn++)
        ok = turn_measure(&load, ours, empty, turn, figures, latency) &&
             bare_measure(bare, BARE_TEXT, load.milliseconds, &figures->bare_us[BARE_TEXT][turn]) &&
             bare_measure(bare, BARE_COLUMNS, load.milliseconds, &figures->bare_us[BARE_COLUMNS][turn]);
    if (ok) {
        figures->p50_us = histogram_at(latency, 0.50);
        figures->p99_us = histogram_at(latency, 0.99);
        for (int kind = 0; kind < BARES; kind++)
            figures->ratio[kind] =
                median(figures->ours_us) / (median(figures->bare_us[kind]) + median(figures->empty_us));
    }
    bare_close(&bare);
    free(latency);
    return ok;
}

static bool run(const struct settings *settings, struct figures *figures)
{
    struct bench_platform platform = {0};
    uint16_t empty = 0;
    pid_t pid = bench_empty_start(&empty); /* before any thread is started here */
    if (settings->store != NULL)
        setenv("FLUVIUS_STORE", settings->store, 1); /* the platform's too */
    bool ok = empty != 0 && bench_platform_start(&platform, 2);
    if (ok) {
        const char *colon = strrchr(platform.http, ':');
        struct bench_options options = {.aggregates = (uint32_t)settings->rows, .bus = platform.bus};
        ok = bench_open_accounts(&options) && rows_await(&options, settings->rows) && colon != NULL &&
             measure(settings, platform.data, (uint16_t)atoi(colon + 1), empty, figures);
        bench_platform_stop(&platform);
        bench_platform_remove(&platform);
    }
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return ok;
}

static void print(const struct figures *figures, const struct settings *settings)
{
    const char *format =
        settings->json
            ? "{\"limit\":%lld,\"page_us\":%.1f,\"database_us\":%.1f,\"database_columns_us\":%.1f,\"empty_answer_us\":%"
              ".1f,"
              "\"ratio\":%.3f,\"ratio_columns\":%.3f,\"p50_us\":%lu,\"p99_us\":%lu,\"failed\":%lu,"
              "\"filter_cpu_us_a_kib\":%.1f}\n"
            : "a page of %lld rows over HTTP %.1f us; the database alone %.1f us, or %.1f us as columns; an empty "
              "answer %.1f"
              " us; ratio %.2f, or %.2f (p50 %lu us, p99 %lu us; %lu failed); a KiB of filter %.1f us of CPU\n";
    printf(format,
           (long long)settings->limit,
           figures->ours_us[TURNS / 2],
           figures->bare_us[BARE_TEXT][TURNS / 2],
           figures->bare_us[BARE_COLUMNS][TURNS / 2],
           figures->empty_us[TURNS / 2],
           figures->ratio[BARE_TEXT],
           figures->ratio[BARE_COLUMNS],
           (unsigned long)figures->p50_us,
           (unsigned long)figures->p99_us,
           (unsigned long)figures->failed,
           bench_filter_us_a_kib());
}

int bench_query(int argc, char **argv)
{
    struct settings settings = {0};
    struct figures figures = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    bool usable = settings.limit <= settings.rows;
    if (outcome == SETTINGS_OK && !usable)
        fprintf(stderr, "fluvius bench query: --limit is at most --rows\n");
    bool ok = outcome == SETTINGS_OK && usable && run(&settings, &figures);
    if (ok)
        print(&figures, &settings);
    settings_free(&table, &settings);
    if (outcome != SETTINGS_OK)
        return outcome == SETTINGS_HELP ? 0 : 2;
    return ok && figures.failed == 0 ? 0 : 1;
}
