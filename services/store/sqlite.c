/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The SQLite backend: opening and closing, claiming and releasing units, and the table of its operations. */
#include "services/store/sqlite.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "services/store/row.h"

static const struct sqlite_limits limits_default = {
    .streams = 65536, .rows = 131072, .receipts = 32768, .wal_pages = 4096};

#define BETWEEN " WHERE position > ?1 AND position <= ?2 ORDER BY position"

static const char *const writer_sql[WRITER_STATEMENTS] = {
    [WRITER_BEGIN] = "BEGIN IMMEDIATE",
    [WRITER_COMMIT] = "COMMIT",
    [WRITER_ROLLBACK] = "ROLLBACK",
    [WRITER_EPOCH] = "SELECT epoch FROM owner",
    [WRITER_CLAIM] = "UPDATE owner SET epoch = epoch + 1, holder = ?1",
    [WRITER_INSERT] = "INSERT INTO log (" ROW_COLUMNS ") VALUES (" ROW_VALUES ")",
    [WRITER_LAST] = "SELECT " ROW_COLUMNS " FROM log" BETWEEN " DESC LIMIT 1",
    [WRITER_SCAN] = "SELECT " ROW_COLUMNS " FROM log" BETWEEN,
    [WRITER_LAST_RUN] = "SELECT run, max_ms FROM receipt_run ORDER BY run DESC LIMIT 1",
    [WRITER_COVERED] = "SELECT streams, receipts FROM covered WHERE partition = ?1",
    [WRITER_COVER_STREAMS] = "UPDATE covered SET streams = ?2 WHERE partition = ?1",
    [WRITER_COVER_RECEIPTS] = "UPDATE covered SET receipts = ?2 WHERE partition = ?1",
    [WRITER_STREAM] = "INSERT INTO stream (hash, key, partition, head, version) VALUES (?1, ?2, ?3, ?4, ?5)"
                      " ON CONFLICT (hash, key) DO UPDATE SET head = excluded.head, version = excluded.version",
    [WRITER_SNAPSHOT] = "INSERT INTO snapshot (hash, key, version, seq, time_us, fingerprint, state, checksum)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (hash, key) DO UPDATE SET"
                        " version = excluded.version, seq = excluded.seq, time_us = excluded.time_us,"
                        " fingerprint = excluded.fingerprint, state = excluded.state, checksum = excluded.checksum"
                        " WHERE excluded.version >= version",
    [WRITER_RUN] = "INSERT INTO receipt_run (run, min_ms, max_ms, count, pages) VALUES (?1, ?2, ?3, ?4, ?5)",
    [WRITER_PAGE] = "INSERT INTO receipt_page (page, entries) VALUES (?1, ?2)",
    [WRITER_OTHER] = "INSERT OR IGNORE INTO receipt_other (day, id, stream_hash, position) VALUES (?1, ?2, ?3, ?4)",
    [WRITER_RUNS] = "SELECT run, max_ms, count FROM receipt_run ORDER BY run DESC",
    [WRITER_PAGES] = "SELECT entries FROM receipt_page WHERE page BETWEEN ?1 AND ?2",
    [WRITER_RECORD] = "SELECT " ROW_COLUMNS " FROM log WHERE position = ?1",
    [WRITER_OLDEST_RUN] = "SELECT run, max_ms FROM receipt_run ORDER BY run LIMIT 1",
    [WRITER_DELETE_PAGES] = "DELETE FROM receipt_page WHERE page BETWEEN ?1 AND ?2",
    [WRITER_DELETE_RUN] = "DELETE FROM receipt_run WHERE run BETWEEN ?1 AND ?2",
    [WRITER_OLDEST_DAY] = "SELECT min(day), 0 FROM receipt_other",
    [WRITER_DELETE_OTHERS] = "DELETE FROM receipt_other WHERE (day, id, stream_hash) IN"
                             " (SELECT day, id, stream_hash FROM receipt_other WHERE day BETWEEN ?1 AND ?2 LIMIT 1024)",
    [WRITER_MODULE] = "INSERT OR IGNORE INTO module (fingerprint, description) VALUES (?1, ?2)",
};

struct sqlite_store *sqlite_of(const struct store *store)
{
    assert(store->ops == &store_sqlite_ops);
    return (struct sqlite_store *)store;
}

enum error store_check(const struct sqlite_store *store, struct store_fault *fault)
{
    if (!atomic_load_explicit(&store->failed, memory_order_relaxed))
        return error_none;
    return fault_set(
        fault, error_io, "%s: a write failed before; what is durable is known after a restart", store->directory);
}

/* ---- opening and closing ---- */

static enum error unit_init(struct unit *unit, struct sqlite_store *store, uint32_t number)
{
    unit->store = store;
    unit->number = number;
    unit->count = unit_partitions(&store->info, number);
    unit->lock = -1;
    pthread_mutex_init(&unit->mutex, NULL);
    unit->path = file_path(store->directory, "log", number, ".db");
    unit->lock_path = file_path(store->directory, "unit", number, ".lock");
    return unit->path == NULL || unit->lock_path == NULL ? error_no_memory : error_none;
}

static void sqlite_release(struct store *store, uint32_t number);

static void unit_fini(struct unit *unit)
{
    reader_close(&unit->reader);
    pthread_mutex_destroy(&unit->mutex);
    free(unit->path);
    free(unit->lock_path);
}

static void sqlite_close(struct store **store)
{
    struct sqlite_store *sqlite = sqlite_of(*store);
    for (uint32_t number = 0; sqlite->units != NULL && number < sqlite->info.units; number++) {
        struct unit *unit = &sqlite->units[number];
        if (unit->store == NULL) /* opening ended before it */
            break;
        if (unit->claim != NULL)
            sqlite_release(*store, number);
        unit_fini(unit);
    }
    free(sqlite->units);
    free(sqlite->directory);
    free(sqlite->holder);
    free(sqlite);
    *store = NULL;
}

static enum error units_init(struct sqlite_store *store, struct store_fault *fault)
{
    enum error error = error_no_memory;
    store->units = calloc(store->info.units, sizeof store->units[0]);
    for (uint32_t number = 0; store->units != NULL && number < store->info.units; number++)
        if ((error = unit_init(&store->units[number], store, number)) != error_none)
            break;
    return error == error_none ? error_none : fault_set(fault, error, "no memory for a store");
}

static enum error sqlite_open(struct store **out, const struct store_config *config, struct store_fault *fault)
{
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return fault_set(fault, error_no_memory, "no memory for a store");
    struct store *base = &store->base;
    store->base.ops = &store_sqlite_ops;
    store->limits = limits_default;
    store->receipts_in_memory = config->receipts_in_memory;
    store->retention_ms = config->retention_ms;
    store->directory = strdup(config->url + strlen("sqlite:"));
    store->holder = strdup(config->holder);
    enum error error = error_no_memory;
    if (store->directory != NULL && store->holder != NULL)
        error = store->directory[0] == 0 ? fault_set(fault, error_bad_settings, "%s: names no directory", config->url)
                                         : files_open(store->directory, config, &store->info, fault);
    if (error == error_none)
        error = units_init(store, fault);
    if (error == error_none)
        *out = base;
    else
        sqlite_close(&base);
    return error;
}

static void sqlite_info(const struct store *store, struct store_info *out)
{
    *out = sqlite_of(store)->info;
}

/* ---- claiming and releasing ---- */

static int wal_hook(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    struct unit *unit = context;
    unit->wal_pages = (uint32_t)pages;
    if (unit->wal_pages < unit->wal_checkpointed) /* it has started over */
        unit->wal_checkpointed = 0;
    return SQLITE_OK;
}

static enum error memory_make(struct unit *unit, struct store_fault *fault)
{
    unit->claim = claim_new(&unit->store->info, unit->number);
    unit->heads = calloc(unit->count, sizeof unit->heads[0]);
    unit->tail.frozen_heads = calloc(unit->count, sizeof unit->tail.frozen_heads[0]);
    if (unit->claim == NULL || unit->heads == NULL || unit->tail.frozen_heads == NULL)
        return fault_set(fault, error_no_memory, "%s: no memory for its claim", unit->path);
    return error_none;
}

static enum error writer_open(struct unit *unit, struct store_fault *fault)
{
    uint32_t format;
    enum error error = connection_open(&unit->writer, unit->path, CONNECTION_WRITE, fault);
    if (error == error_none)
        error = schema_check(&unit->writer, schema_format, &format, fault);
    if (error == error_none)
        error = schema_migrate(&unit->writer, schema_migrations, schema_format, format, fault);
    if (error == error_none)
        error = connection_prepare(&unit->writer, writer_sql, unit->statements, WRITER_STATEMENTS, fault);
    if (error == error_none)
        sqlite3_wal_hook(unit->writer.db, wal_hook, unit);
    return error;
}

static enum error epoch_read(struct unit *unit, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_EPOCH];
    int code = sqlite3_step(statement);
    uint64_t epoch = code == SQLITE_ROW ? column_unsigned(statement, 0) : 0;
    sqlite3_reset(statement);
    if (code == SQLITE_DONE)
        return fault_set(fault, error_corrupt, "%s: has no row that names its owner", unit->path);
    if (code != SQLITE_ROW)
        return unit_fault(unit, code, "reading the epoch", fault);
    unit->claim->epoch = epoch;
    return error_none;
}

static enum error epoch_raise(struct unit *unit, struct store_fault *fault)
{
    int code = statement_run(unit->statements[WRITER_BEGIN]);
    if (code == SQLITE_OK) {
        bind_text(unit->statements[WRITER_CLAIM], 1, slice_text(unit->store->holder));
        code = statement_run(unit->statements[WRITER_CLAIM]);
    }
    if (code != SQLITE_OK)
        return unit_fault(unit, code, "claiming", fault);
    enum error error = epoch_read(unit, fault);
    return error == error_none ? unit_commit(unit, fault) : error;
}

static void claim_fill(struct unit *unit)
{
    for (uint32_t place = 0; place < unit->count; place++) {
        unit->claim->partitions[place].head = unit->heads[place].head;
        unit->claim->partitions[place].time_us = unit->heads[place].time_us;
    }
}

/* Forgets everything that belongs to a claim. */
static void unit_leave(struct unit *unit)
{
    pthread_mutex_lock(&unit->mutex);
    unit->claimed = false;
    pthread_mutex_unlock(&unit->mutex);
    connection_close(&unit->writer);
    tail_fini(&unit->tail);
    receipt_set_fini(&unit->pending);
    free(unit->claim);
    free(unit->heads);
    free(unit->order);
    free(unit->order_scratch);
    unit->claim = NULL;
    unit->heads = NULL;
    unit->order = unit->order_scratch = NULL;
    unit->order_capacity = 0;
    unit->wal_pages = unit->wal_checkpointed = 0;
    lock_give(&unit->lock);
}

static enum error
sqlite_claim(struct store *store, uint32_t number, const struct store_claim **out, struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    assert(number < unit->store->info.units && unit->claim == NULL);
    enum error error = store_check(unit->store, fault);
    if (error == error_none)
        error = lock_take(unit->lock_path, unit->store->holder, &unit->lock, fault);
    if (error != error_none)
        return error;
    error = memory_make(unit, fault);
    if (error == error_none)
        error = writer_open(unit, fault);
    if (error == error_none)
        error = epoch_raise(unit, fault);
    if (error == error_none)
        error = unit_recover(unit, fault);
    if (error != error_none) {
        unit_leave(unit);
        return error;
    }
    claim_fill(unit);
    pthread_mutex_lock(&unit->mutex);
    unit->claimed = true;
    pthread_mutex_unlock(&unit->mutex);
    *out = unit->claim;
    return error_none;
}

static void sqlite_release(struct store *store, uint32_t number)
{
    struct unit *unit = unit_of(store, number);
    assert(unit->claim != NULL);
    if (store_check(unit->store, NULL) == error_none) {
        maintain_finish(unit);
        checkpoint_finish(unit);
    }
    unit_leave(unit);
}

static enum error sqlite_describe(
    struct store *store, uint32_t number, uint64_t fingerprint, struct slice description, struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    assert(unit->claim != NULL);
    enum error error = store_check(unit->store, fault);
    if (error == error_none)
        error = unit_begin(unit, fault);
    if (error != error_none)
        return error;
    bind_unsigned(unit->statements[WRITER_MODULE], 1, fingerprint);
    bind_bytes(unit->statements[WRITER_MODULE], 2, description);
    int code = statement_run(unit->statements[WRITER_MODULE]);
    error = code == SQLITE_OK ? unit_commit(unit, fault) : unit_fault(unit, code, "keeping a description", fault);
    unit_rollback(unit);
    return error;
}

const struct store_ops store_sqlite_ops = {
    .scheme = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .info = sqlite_info,
    .claim = sqlite_claim,
    .release = sqlite_release,
    .append = sqlite_append,
    .maintain = sqlite_maintain,
    .read_stream = sqlite_read_stream,
    .read_events = sqlite_read_events,
    .read_log = sqlite_read_log,
    .find_receipt = sqlite_find_receipt,
    .recent_receipts = sqlite_recent_receipts,
    .describe = sqlite_describe,
};
