/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * fluvius bench commands: how many durable commands a second go through the whole platform, beside what a bare loop
 * makes of the same rows on the same machine in the same run. */
#include "services/cli/bench.h"

#include "services/common/settings.h"

#include <stdio.h>
#include <stdlib.h>

struct settings {
    int64_t clients, in_flight, aggregates, seconds, shards;
    char *bus, *data, *token;
    struct tls_settings tls;
    bool json;
};

#define AT(MEMBER) offsetof(struct settings, MEMBER)
static const struct setting settings_list[] = {
    {"clients", SETTING_INTEGER, AT(clients), "8", 1, 256, "client processes"},
    {"in-flight", SETTING_INTEGER, AT(in_flight), "128", 1, 4096, "requests each of them keeps open"},
    {"aggregates", SETTING_INTEGER, AT(aggregates), "10000", 1, 10000000, "accounts the deposits go to"},
    {"seconds", SETTING_INTEGER, AT(seconds), "10", 1, 3600, "how long the load lasts"},
    {"shards", SETTING_INTEGER, AT(shards), "2", 1, 4, "shards of the platform that is started"},
    {"bus", SETTING_TEXT, AT(bus), NULL, 0, 0, "a platform that runs; without it one is started and removed again"},
    {"data", SETTING_TEXT, AT(data), NULL, 0, 0, "its data directory, to compare with a bare loop of its rows"},
    {"token", SETTING_SECRET, AT(token), NULL, 0, 0, "credentials"},
    TLS_CLIENT_SETTINGS(struct settings, tls),
    {"json", SETTING_BOOL, AT(json), "false", 0, 0, "print one JSON object"},
    {0}};
static const struct settings_table table = {
    .service = "fluvius bench commands",
    .usage = "[options]",
    .doc = "Measures durable commands a second: deposits to random accounts, one command a request.",
    .settings = settings_list};

enum { TURNS = 3 };

struct figures {
    struct bench_result load, lone;                     /* load: of all turns */
    double commands_per_second, bare_per_second, ratio; /* medians of the turns */
    double commands[TURNS], bare[TURNS], ratios[TURNS];
    uint64_t rows, balances_before, balances_after, resident_idle, resident;
    bool balances_right, counts_right, compared;
};

static void print_checks(const struct figures *figures)
{
    printf("  balances %s, counts %s\n",
           figures->balances_right ? "right" : "WRONG",
           !figures->compared      ? "not compared"
           : figures->counts_right ? "right"
                                   : "WRONG");
}

static void print_text(const struct figures *figures)
{
    printf("commands a second   %.0f  (p50 %lu us, p99 %lu us; %lu commands, %lu failed)\n",
           figures->commands_per_second,
           (unsigned long)histogram_at(&figures->load.latency, 0.50),
           (unsigned long)histogram_at(&figures->load.latency, 0.99),
           (unsigned long)figures->load.ok,
           (unsigned long)figures->load.failed);
    if (figures->compared)
        printf("bare inserts        %.0f a second of the same rows; ratio %.2f\n",
               figures->bare_per_second,
               figures->ratio);
    printf("a lone client       p50 %lu us, p99 %lu us\n",
           (unsigned long)histogram_at(&figures->lone.latency, 0.50),
           (unsigned long)histogram_at(&figures->lone.latency, 0.99));
    if (figures->resident > 0)
        printf("resident memory     %.0f MiB idle, %.0f MiB after the load\n",
               (double)figures->resident_idle / 1048576,
               (double)figures->resident / 1048576);
    print_checks(figures);
}

static void print_json(const struct figures *figures)
{
    printf(
        "{\"commands_per_second\":%.0f,\"bare_inserts_per_second\":%.0f,\"ratio\":%.3f,\"p50_us\":%lu,\"p99_us\":%lu,"
        "\"lone_p50_us\":%lu,\"lone_p99_us\":%lu,\"commands\":%lu,\"failed\":%lu,\"rows\":%lu,"
        "\"resident_idle_bytes\":%lu,\"resident_bytes\":%lu,\"balances_right\":%s,\"counts_right\":%s}\n",
        figures->commands_per_second,
        figures->bare_per_second,
        figures->compared ? figures->commands_per_second / figures->bare_per_second : 0.0,
        (unsigned long)histogram_at(&figures->load.latency, 0.50),
        (unsigned long)histogram_at(&figures->load.latency, 0.99),
        (unsigned long)histogram_at(&figures->lone.latency, 0.50),
        (unsigned long)histogram_at(&figures->lone.latency, 0.99),
        (unsigned long)figures->load.ok,
        (unsigned long)figures->load.failed,
        (unsigned long)figures->rows,
        (unsigned long)figures->resident_idle,
        (unsigned long)figures->resident,
        figures->balances_right ? "true" : "false",
        figures->counts_right ? "true" : "false");
}

static int compare_rates(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(const double rates[TURNS])
{
    double sorted[TURNS];
    memcpy(sorted, rates, sizeof sorted);
    qsort(sorted, TURNS, sizeof *sorted, compare_rates);
    return sorted[TURNS / 2];
}

static double rate_of(const struct bench_result *result)
{
    return (double)result->ok * 1e6 / (double)(result->last_us - result->first_us + 1);
}

/* One turn: the load, then the bare loop of the rows that it wrote. */
static bool turn(const struct bench_options *options, int number, struct bench_rows **rows, struct figures *figures)
{
    struct bench_options part = *options;
    struct bench_result *result = malloc(sizeof *result);
    part.seconds = (options->seconds + TURNS - 1) / TURNS;
    bool ok = result != NULL && bench_load(&part, options->clients, options->in_flight, result);
    if (ok) {
        figures->commands[number] = rate_of(result);
        bench_result_merge(&figures->load, result);
    }
    free(result);
    if (ok && *rows == NULL && options->data != NULL)
        *rows = bench_rows_read(options->data);
    if (!ok || *rows == NULL)
        return ok;
    figures->compared = true;
    figures->rows = bench_rows_count(*rows);
    figures->bare[number] = bench_rows_insert(*rows, options->data);
    figures->ratios[number] = figures->commands[number] / figures->bare[number];
    return true;
}

static bool turns(const struct bench_options *options, struct figures *figures)
{
    struct bench_rows *rows = NULL;
    bool ok = true;
    for (int i = 0; i < TURNS && ok; i++)
        ok = turn(options, i, &rows, figures);
    bench_rows_free(&rows);
    figures->commands_per_second = median(figures->commands);
    figures->bare_per_second = median(figures->bare);
    figures->ratio = figures->compared ? median(figures->ratios) : 0;
    return ok;
}

/* Load, then check that the balances grew by exactly what was acknowledged. */
static bool measure(const struct bench_options *options, struct figures *figures)
{
    struct bench_options lone = *options;
    lone.seconds = options->seconds < 3 ? options->seconds : 3;
    if (!bench_open_accounts(options) || !bench_sum_balances(options, &figures->balances_before) ||
        !turns(options, figures) || !bench_load(&lone, 1, 1, &figures->lone) ||
        !bench_sum_balances(options, &figures->balances_after))
        return false;
    uint64_t grown = figures->balances_after - figures->balances_before;
    bool certain = figures->load.failed + figures->lone.failed == 0;
    figures->balances_right = certain && grown == figures->load.amount + figures->lone.amount;
    return true;
}

static bool run_own(struct bench_options *options, struct figures *figures)
{
    struct bench_platform platform = {0};
    if (!bench_platform_start(&platform, options->shards))
        return false;
    options->bus = platform.bus;
    options->data = platform.data;
    figures->resident_idle = bench_platform_resident(&platform);
    bool ok = measure(options, figures);
    figures->resident = bench_platform_resident(&platform);
    bench_platform_stop(&platform);
    figures->counts_right = bench_deposits(platform.data) == figures->load.ok + figures->lone.ok;
    bench_platform_remove(&platform);
    return ok;
}

static bool run_given(const struct bench_options *options, struct figures *figures)
{
    uint64_t before = options->data == NULL ? 0 : bench_deposits(options->data);
    if (!measure(options, figures))
        return false;
    figures->counts_right =
        options->data == NULL || bench_deposits(options->data) - before == figures->load.ok + figures->lone.ok;
    return true;
}

int bench_commands(int argc, char **argv)
{
    struct settings settings = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    if (outcome != SETTINGS_OK) {
        settings_free(&table, &settings);
        return outcome == SETTINGS_HELP ? 0 : 2;
    }
    struct bench_options options = {.clients = (uint32_t)settings.clients,
                                    .tls = settings.tls,
                                    .in_flight = (uint32_t)settings.in_flight,
                                    .aggregates = (uint32_t)settings.aggregates,
                                    .seconds = (uint32_t)settings.seconds,
                                    .shards = (uint32_t)settings.shards,
                                    .bus = settings.bus,
                                    .data = settings.data,
                                    .token = settings.token,
                                    .json = settings.json};
    struct figures *figures = calloc(1, sizeof *figures);
    bool ok = figures != NULL && (options.bus == NULL ? run_own(&options, figures) : run_given(&options, figures));
    if (ok && options.json)
        print_json(figures);
    else if (ok)
        print_text(figures);
    ok = ok && figures->balances_right && figures->counts_right;
    free(figures);
    settings_free(&table, &settings);
    return ok ? 0 : 1;
}
