/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The parts of `fluvius bench commands`: a platform of its own, the bank's accounts, load from client processes, and
 * what the same rows cost in a bare loop. All times are measured here, on the machine at hand; read ratios, not
 * numbers. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "proto/client.h"
#include "services/cli/bench_histogram.h"
#include "services/cli/platform.h"
#include "services/common/tls_settings.h"

#include <sys/types.h>

struct bench_options {
    uint32_t clients, in_flight, aggregates, seconds, shards;
    const char *bus, *http, *data, *token; /* bus NULL: start a platform */
    struct tls_settings tls;               /* for a bus of tls+tcp:// */
    bool json;
};

/* A platform in a temporary directory, started through `fluvius up`. */
struct bench_platform {
    pid_t pid;
    char data[256], bus[BROKERS_MAX * ADDRESS_SIZE], http[ADDRESS_SIZE];
};
/* False when it cannot be started; says why on standard error. */
bool bench_platform_start(struct bench_platform *platform, uint32_t shards);
/* Stops it gently and waits. The data stay until bench_platform_remove. */
void bench_platform_stop(struct bench_platform *platform);
void bench_platform_remove(struct bench_platform *platform);
/* Resident memory of the platform's processes, in bytes. */
uint64_t bench_platform_resident(const struct bench_platform *platform);

/* A client of options' bus; says why there is none on standard error. */
bool bench_client_open(const struct bench_options *options, struct client **out);

/* What one client process saw. */
struct bench_result {
    uint64_t ok, failed, amount; /* commands; amount: sum of the deposits acknowledged */
    uint64_t first_us, last_us;  /* monotonic: when the first was sent and the last acknowledged */
    struct histogram latency;
};

void bench_result_merge(struct bench_result *into, const struct bench_result *from);

/* Opens the accounts bench-0 ... bench-(aggregates-1), those that are not there yet. */
bool bench_open_accounts(const struct bench_options *options);
/* Sums the balances of all accounts. */
bool bench_sum_balances(const struct bench_options *options, uint64_t *out);
/* Runs `clients` processes for `seconds`, each with in_flight deposits open; adds their results up. */
bool bench_load(const struct bench_options *options, uint32_t clients, uint32_t in_flight, struct bench_result *out);

/* The rows of a log, at most 400,000, in memory. */
struct bench_rows;
/* Reads them from the store in directory data, through SQLite alone; NULL when there are none. */
struct bench_rows *bench_rows_read(const char *data);
void bench_rows_free(struct bench_rows **rows);
uint64_t bench_rows_count(const struct bench_rows *rows);
/* Rows a second of a bare prepared insert of these rows, in batches of 1,024, into a new SQLite file in directory data,
 * under the store's settings; the file is removed again. 0 when it fails. */
double bench_rows_insert(const struct bench_rows *rows, const char *data);
/* How many deposits stand in the log. */
uint64_t bench_deposits(const char *data);

/* fluvius bench load BUS AGGREGATES IN_FLIGHT SECONDS: one client; writes its bench_result to standard output. */
int bench_load_client(int argc, char **argv);
int bench_commands(int argc, char **argv);
int bench_http(int argc, char **argv);
int bench_query(int argc, char **argv);

#endif
