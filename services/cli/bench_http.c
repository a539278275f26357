/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * fluvius bench http: durable commands a second over HTTP, beside what libmicrohttpd makes of an empty answer to the
 * same requests on the same connections. The two are measured in turns, and their medians compared. */
#include "services/cli/bench.h"
#include "services/cli/bench_http_load.h"

#include "services/common/settings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct settings {
    int64_t connections, seconds;
    bool json;
};

#define AT(MEMBER) offsetof(struct settings, MEMBER)
static const struct setting settings_list[] = {
    {"connections",
     SETTING_INTEGER,
     AT(connections),
     "64",
     1,
     1000,
     "keep-alive connections, one request open on each"},
    {"seconds", SETTING_INTEGER, AT(seconds), "6", 3, 3600, "how long each of the two is measured, in three turns"},
    {"json", SETTING_BOOL, AT(json), "false", 0, 0, "print one JSON object"},
    {0}};
static const struct settings_table table = {
    .service = "fluvius bench http",
    .usage = "[options]",
    .doc = "Measures durable commands a second over HTTP, beside an empty answer of the same HTTP library.",
    .settings = settings_list};

/* ---- measuring ---- */

enum { TURNS = 3 };

struct figures {
    double ours[TURNS], empty[TURNS], ratio;
    uint64_t failed, p50_us, p99_us;
};

static const char deposit[] = "POST /bank:deposit/account/bench-0 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                              "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"amount\":1}";

static int compare_rates(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double rates[TURNS])
{
    qsort(rates, TURNS, sizeof *rates, compare_rates);
    return rates[TURNS / 2];
}

static bool measure(const struct settings *settings, uint16_t ours, uint16_t empty, struct figures *figures)
{
    struct http_load load = {.connections = (uint32_t)settings->connections,
                             .milliseconds = (uint32_t)(settings->seconds * 1000 / TURNS),
                             .request = slice_of(deposit, sizeof deposit - 1)};
    struct http_result *result = calloc(1, sizeof *result);
    struct histogram *latency = calloc(1, sizeof *latency);
    bool ok = result != NULL && latency != NULL;
    for (int turn = 0; ok && turn < TURNS; turn++) {
        load.port = ours;
        ok = http_load_run(&load, result);
        figures->ours[turn] = result->per_second;
        figures->failed += result->failed;
        histogram_merge(latency, &result->latency);
        load.port = empty;
        ok = ok && http_load_run(&load, result);
        figures->empty[turn] = result->per_second;
    }
    if (ok) {
        figures->p50_us = histogram_at(latency, 0.50);
        figures->p99_us = histogram_at(latency, 0.99);
        figures->ratio = median(figures->ours) / median(figures->empty);
    }
    free(result);
    free(latency);
    return ok;
}

static bool run(const struct settings *settings, struct figures *figures)
{
    struct bench_platform platform = {0};
    uint16_t empty = 0;
    pid_t pid = bench_empty_start(&empty); /* before any thread is started here */
    bool ok = empty != 0 && bench_platform_start(&platform, 2);
    if (ok) {
        const char *colon = strrchr(platform.http, ':');
        struct bench_options options = {.aggregates = 1, .bus = platform.bus};
        ok = bench_open_accounts(&options) && colon != NULL &&
             measure(settings, (uint16_t)atoi(colon + 1), empty, figures);
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
            ? "{\"http_commands_per_second\":%.0f,\"empty_answers_per_second\":%.0f,\"ratio\":%.3f,\"p50_us\":%lu,"
              "\"p99_us\":%lu,\"failed\":%lu}\n"
            : "HTTP commands a second  %.0f, empty answers %.0f; ratio %.2f (p50 %lu us, p99 %lu us; %lu failed)\n";
    printf(format,
           figures->ours[TURNS / 2],
           figures->empty[TURNS / 2],
           figures->ratio,
           (unsigned long)figures->p50_us,
           (unsigned long)figures->p99_us,
           (unsigned long)figures->failed);
}

int bench_http(int argc, char **argv)
{
    struct settings settings = {0};
    struct figures figures = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    bool ok = outcome == SETTINGS_OK && run(&settings, &figures);
    if (ok)
        print(&figures, &settings);
    settings_free(&table, &settings);
    if (outcome != SETTINGS_OK)
        return outcome == SETTINGS_HELP ? 0 : 2;
    return ok && figures.failed == 0 ? 0 : 1;
}
