/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The store's yardstick: rows a second of store_append with maintenance, in batches of 1,024 on one unit, beside a bare
 * loop of prepared inserts of the same rows into the same table, equally durable, in batches of 1,024. A third argument
 * sets the store's batch. Then what a new owner pays at its claim, and what reading costs. Prints one JSON object. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "services/store/row.h"
#include "services/store/sqlite.h"

enum { BATCH = 1024, PARTITIONS = 4, BUDGET_MS = 5 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Processor time of this process: what a busy machine does not change. */
static double cpu(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct cost {
    double rows_per_second, cpu_us;
};

static struct cost cost_since(double start, double start_cpu, size_t count)
{
    return (struct cost){.rows_per_second = (double)count / (now() - start),
                         .cpu_us = (cpu() - start_cpu) * 1e6 / (double)count};
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* ---- rows: deposits to random accounts ---- */

struct account {
    char identifier[40];
    struct stream stream;
    uint64_t hash, head, version;
    uint32_t partition;
};

static uint8_t payload[150];

static struct account *accounts_make(size_t count)
{
    struct account *accounts = calloc(count, sizeof accounts[0]);
    assert(accounts != NULL);
    for (size_t i = 0; i < count; i++) {
        struct account *account = &accounts[i];
        snprintf(account->identifier, sizeof account->identifier, "%08zx-account", i);
        account->stream = (struct stream){
            slice_text("default"), slice_text("bank"), slice_text("account"), slice_text(account->identifier)};
        account->hash = stream_hash(&account->stream);
        account->partition = stream_partition(account->hash, PARTITIONS);
    }
    return accounts;
}

static struct uuid id_make(uint64_t number, uint64_t unix_ms)
{
    uint8_t random[10];
    uint64_t first = mix(number), second = mix(~number);
    memcpy(random, &first, 8);
    memcpy(random + 8, &second, 2);
    return uuid_v7(unix_ms, random);
}

static struct store_record *records_make(struct account *accounts, size_t streams, size_t count)
{
    struct store_record *records = calloc(count, sizeof records[0]);
    uint64_t heads[PARTITIONS] = {0};
    assert(records != NULL);
    for (size_t i = 0; i < count; i++) {
        struct account *account = &accounts[mix(i) % streams];
        int64_t time_us = INT64_C(1790000000000000) + (int64_t)i * 20;
        records[i] = (struct store_record){.partition = account->partition,
                                           .seq = ++heads[account->partition],
                                           .previous = account->head,
                                           .version = ++account->version,
                                           .time_us = time_us,
                                           .stream = account->stream,
                                           .stream_hash = account->hash,
                                           .event = slice_text("deposited"),
                                           .schema = 1,
                                           .data = slice_of(payload, sizeof payload),
                                           .id = id_make(i, (uint64_t)time_us / 1000),
                                           .command = slice_text("deposit"),
                                           .user = slice_text("anonymous"),
                                           .receipt = true,
                                           .hash = {1, 2, 3}};
        account->head = records[i].seq;
    }
    return records;
}

/* ---- the bare loop ---- */

static void bare_batch(sqlite3 *db, sqlite3_stmt *insert, const struct store_record *records, size_t count)
{
    assert(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
    for (size_t i = 0; i < count; i++) {
        row_bind(insert, &records[i], 1);
        assert(statement_run(insert) == SQLITE_OK);
    }
    assert(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
}

static struct cost bare_run(const char *directory, const struct store_record *records, size_t count)
{
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *insert;
    snprintf(path, sizeof path, "%s/bare.db", directory);
    assert(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) ==
           SQLITE_OK);
    assert(sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL) == SQLITE_OK);
    assert(sqlite3_exec(db, schema_migrations[0], NULL, NULL, NULL) == SQLITE_OK);
    assert(sqlite3_prepare_v2(db, "INSERT INTO log (" ROW_COLUMNS ") VALUES (" ROW_VALUES ")", -1, &insert, NULL) ==
           SQLITE_OK);
    double start = now(), start_cpu = cpu();
    for (size_t i = 0; i < count; i += BATCH)
        bare_batch(db, insert, records + i, count - i < BATCH ? count - i : BATCH);
    struct cost cost = cost_since(start, start_cpu, count);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return cost;
}

/* ---- the store ---- */

static struct store *store_make(const char *directory, double *claim_seconds)
{
    char url[128];
    struct store *store;
    struct store_fault fault;
    const struct store_claim *claim;
    snprintf(url, sizeof url, "sqlite:%s", directory);
    struct store_config config = {.url = url, .create = true, .partitions = PARTITIONS, .units = 1, .holder = "bench"};
    assert(store_open(&store, &config, &fault) == error_none);
    double start = now();
    assert(store_claim(store, 0, &claim, &fault) == error_none);
    *claim_seconds = now() - start;
    return store;
}

static struct cost
store_run(struct store *store, const struct store_record *records, size_t count, size_t batch, double *worst_ms)
{
    struct store_fault fault;
    double start = now(), start_cpu = cpu();
    *worst_ms = 0;
    for (size_t i = 0; i < count; i += batch) {
        bool more;
        assert(store_append(store, 0, records + i, count - i < batch ? count - i : batch, &fault) == error_none);
        double before = now();
        assert(store_maintain(store, 0, NULL, 0, BUDGET_MS, &more, &fault) == error_none);
        *worst_ms = (now() - before) * 1e3 > *worst_ms ? (now() - before) * 1e3 : *worst_ms;
    }
    return cost_since(start, start_cpu, count);
}

static enum error count_record(void *context, const struct store_record *record)
{
    (void)record;
    ++*(size_t *)context;
    return error_none;
}

static void count_receipt(void *context, const struct store_receipt *receipt)
{
    (void)receipt;
    ++*(size_t *)context;
}

static double streams_read(struct store *store, const struct account *accounts, size_t streams, size_t *events)
{
    double start = now();
    for (size_t i = 0; i < streams; i++)
        assert(store_read_stream(store,
                                 0,
                                 &accounts[i].stream,
                                 accounts[i].hash,
                                 UINT64_MAX,
                                 true,
                                 NULL,
                                 NULL,
                                 count_record,
                                 events,
                                 NULL) == error_none);
    return now() - start;
}

static double receipts_find(struct store *store, const struct store_record *records, size_t count, size_t step)
{
    double start = now();
    struct store_receipt receipt;
    for (size_t i = 0; i < count; i += step)
        assert(store_find_receipt(store, 0, &records[i].id, records[i].stream_hash, &receipt, NULL) == error_none &&
               receipt.seq == records[i].seq);
    return (now() - start) / ((double)count / (double)step);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 300000;
    size_t streams = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
    size_t batch = argc > 3 ? strtoul(argv[3], NULL, 10) : BATCH;
    char directory[] = "/tmp/fluvius-store-bench-XXXXXX", command[128];
    double worst_ms, claim_seconds, again_seconds, recent_seconds;
    size_t events = 0, recent = 0;
    uint64_t since_ms, expired_ms;
    assert(mkdtemp(directory) != NULL);
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)mix(i);
    struct account *accounts = accounts_make(streams);
    struct store_record *records = records_make(accounts, streams, count);
    struct cost bare = bare_run(directory, records, count);
    struct store *store = store_make(directory, &claim_seconds);
    struct cost append = store_run(store, records, count, batch, &worst_ms);
    double find_seconds = receipts_find(store, records, count, 97);
    store_close(&store);
    store = store_make(directory, &again_seconds);
    double start = now();
    assert(store_recent_receipts(store, 0, count_receipt, &recent, &since_ms, &expired_ms, NULL) == error_none);
    recent_seconds = now() - start;
    double read_seconds = streams_read(store, accounts, streams, &events);
    store_close(&store);
    printf("{\"rows\":%zu,\"streams\":%zu,\"bare_inserts_per_second\":%.0f,\"appends_per_second\":%.0f,\"ratio\":%.3f,"
           "\"bare_cpu_us\":%.2f,\"append_cpu_us\":%.2f,\"cpu_ratio\":%.3f,"
           "\"worst_maintain_ms\":%.1f,\"find_receipt_us\":%.1f,\"claim_ms\":%.1f,\"recent_receipts\":%zu,"
           "\"recent_receipts_ms\":%.0f,\"stream_events_read_per_second\":%.0f}\n",
           count,
           streams,
           bare.rows_per_second,
           append.rows_per_second,
           append.rows_per_second / bare.rows_per_second,
           bare.cpu_us,
           append.cpu_us,
           bare.cpu_us / append.cpu_us,
           worst_ms,
           find_seconds * 1e6,
           again_seconds * 1e3,
           recent,
           recent_seconds * 1e3,
           (double)events / read_seconds);
    snprintf(command, sizeof command, "rm -rf %s", directory);
    free(records);
    free(accounts);
    return system(command);
}
