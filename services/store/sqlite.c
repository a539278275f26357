/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The SQLite backend: opening and closing, claiming and releasing units, and the table of its operations. */
#include "services/store/sqlite.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "services/store/row.h"

static const struct unit_limits limits_default = {
    .streams = 65536, .rows = 131072, .receipts = 32768, .look_bytes = LOOK_BYTES, .look_back = LOOK_BACK};
enum { CHECKPOINT_PAGES = 4096 };

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
    [WRITER_OLDEST_RUN] = "SELECT run, max_ms FROM receipt_run ORDER BY run LIMIT 1",
    [WRITER_DELETE_PAGES] = "DELETE FROM receipt_page WHERE page BETWEEN ?1 AND ?2",
    [WRITER_DELETE_RUN] = "DELETE FROM receipt_run WHERE run BETWEEN ?1 AND ?2",
    [WRITER_OLDEST_DAY] = "SELECT min(day), 0 FROM receipt_other",
    [WRITER_DELETE_OTHERS] = "DELETE FROM receipt_other WHERE (day, id, stream_hash) IN"
                             " (SELECT day, id, stream_hash FROM receipt_other WHERE day BETWEEN ?1 AND ?2 LIMIT 1024)",
    [WRITER_MODULE] = "INSERT OR IGNORE INTO module (fingerprint, description) VALUES (?1, ?2)",
    [WRITER_KIND] = "INSERT OR IGNORE INTO kind (namespace, resource, event, schema) VALUES (?1, ?2, ?3, ?4)",
    [WRITER_KINDS] = "SELECT namespace, resource, event, schema FROM kind",
};

struct sqlite_store *sqlite_of(const struct store *store)
{
    assert(store->ops == &store_sqlite_ops);
    return (struct sqlite_store *)store;
}

enum error store_check(const struct unit *unit, struct store_fault *fault)
{
    const struct sqlite_store *store = sqlite_store_of(unit);
    if (!atomic_load_explicit(&store->failed, memory_order_relaxed))
        return error_none;
    return fault_set(
        fault, error_io, "%s: a write failed before; what is durable is known after a restart", store->directory);
}

/* ---- opening and closing ---- */

static enum error file_init(struct sqlite_store *store, uint32_t number)
{
    struct sqlite_unit *file = calloc(1, sizeof *file);
    char *path = file_path(store->directory, "log", number, ".db");
    char *lock_path = file_path(store->directory, "unit", number, ".lock");
    if (file == NULL || path == NULL || lock_path == NULL) {
        free(file);
        free(path);
        free(lock_path);
        return error_no_memory;
    }
    unit_init(&file->base, &store->base, number, path);
    file->lock_path = lock_path;
    file->lock = -1;
    store->base.units[number] = &file->base;
    return error_none;
}

static void sqlite_release(struct store *store, uint32_t number);

static void file_free(struct sqlite_unit *file)
{
    if (file->base.claim != NULL)
        sqlite_release(&file->base.store->base, file->base.number);
    reader_close(&file->reader);
    unit_fini(&file->base);
    free(file->lock_path);
    free(file);
}

static void sqlite_close(struct store **store)
{
    struct sqlite_store *sqlite = sqlite_of(*store);
    for (uint32_t number = 0; sqlite->base.units != NULL && number < sqlite->base.info.units; number++)
        if (sqlite->base.units[number] != NULL)
            file_free(sqlite_unit_of(sqlite->base.units[number]));
    looks_fini(&sqlite->base);
    free(sqlite->base.units);
    free(sqlite->directory);
    free(sqlite->holder);
    free(sqlite);
    *store = NULL;
}

static enum error units_init(struct sqlite_store *store, struct store_fault *fault)
{
    enum error error = error_no_memory;
    store->base.units = calloc(store->base.info.units, sizeof store->base.units[0]);
    for (uint32_t number = 0; store->base.units != NULL && number < store->base.info.units; number++)
        if ((error = file_init(store, number)) != error_none)
            break;
    return error == error_none ? error_none : fault_set(fault, error, "no memory for a store");
}

static enum error sqlite_open(struct store **out, const struct store_config *config, struct store_fault *fault)
{
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return fault_set(fault, error_no_memory, "no memory for a store");
    struct store *base = &store->base.base;
    store->base = (struct unit_store){.base = {.ops = &store_sqlite_ops},
                                      .writing = &sqlite_writing,
                                      .claiming = &sqlite_claiming,
                                      .reading = &sqlite_reading,
                                      .limits = limits_default,
                                      .receipts_in_memory = config->receipts_in_memory,
                                      .retention_ms = config->retention_ms,
                                      .readers = config->readers};
    if (config->look_bytes != 0)
        store->base.limits.look_bytes = config->look_bytes;
    store->wal_pages = CHECKPOINT_PAGES;
    store->directory = strdup(config->url + strlen("sqlite:"));
    store->holder = strdup(config->holder);
    enum error error = error_no_memory;
    if (store->directory != NULL && store->holder != NULL)
        error = store->directory[0] == 0 ? fault_set(fault, error_bad_settings, "%s: names no directory", config->url)
                                         : files_open(store->directory, config, &store->base.info, fault);
    if (error == error_none)
        error = units_init(store, fault);
    if (error == error_none)
        *out = base;
    else
        sqlite_close(&base);
    return error;
}

/* ---- claiming and releasing ---- */

static int wal_hook(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    struct sqlite_unit *file = context;
    file->wal_pages = (uint32_t)pages;
    if (file->wal_pages < file->wal_checkpointed) /* it has started over */
        file->wal_checkpointed = 0;
    return SQLITE_OK;
}

static enum error writer_open(struct sqlite_unit *file, struct store_fault *fault)
{
    uint32_t format;
    enum error error = connection_open(&file->writer, file->base.name, CONNECTION_WRITE, fault);
    if (error == error_none)
        error = schema_check(&file->writer, schema_format, &format, fault);
    if (error == error_none)
        error = schema_migrate(&file->writer, schema_migrations, schema_format, format, fault);
    if (error == error_none)
        error = connection_prepare(&file->writer, writer_sql, file->statements, WRITER_STATEMENTS, fault);
    if (error == error_none)
        sqlite3_wal_hook(file->writer.db, wal_hook, file);
    return error;
}

static enum error epoch_read(struct unit *unit, struct store_fault *fault)
{
    sqlite3_stmt *statement = sqlite_unit_of(unit)->statements[WRITER_EPOCH];
    int code = sqlite3_step(statement);
    uint64_t epoch = code == SQLITE_ROW ? column_unsigned(statement, 0) : 0;
    sqlite3_reset(statement);
    if (code == SQLITE_DONE)
        return fault_set(fault, error_corrupt, "%s: has no row that names its owner", unit->name);
    if (code != SQLITE_ROW)
        return unit_fault(unit, code, "reading the epoch", fault);
    unit->claim->epoch = epoch;
    return error_none;
}

static enum error epoch_raise(struct unit *unit, struct store_fault *fault)
{
    sqlite3_stmt **statements = sqlite_unit_of(unit)->statements;
    int code = statement_run(statements[WRITER_BEGIN]);
    if (code == SQLITE_OK) {
        bind_text(statements[WRITER_CLAIM], 1, slice_text(sqlite_store_of(unit)->holder));
        code = statement_run(statements[WRITER_CLAIM]);
    }
    if (code != SQLITE_OK)
        return unit_fault(unit, code, "claiming", fault);
    enum error error = epoch_read(unit, fault);
    return error == error_none ? sqlite_commit(unit, fault) : error;
}

/* Forgets everything that belongs to a claim. */
static void file_leave(struct sqlite_unit *file)
{
    unit_leave(&file->base);
    connection_close(&file->writer);
    file->wal_pages = file->wal_checkpointed = 0;
    lock_give(&file->lock);
}

static enum error
sqlite_claim(struct store *store, uint32_t number, const struct store_claim **out, struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct sqlite_unit *file = sqlite_unit_of(unit);
    assert(number < unit->store->info.units && unit->claim == NULL);
    enum error error = store_check(unit, fault);
    if (error == error_none)
        error = lock_take(file->lock_path, sqlite_store_of(unit)->holder, &file->lock, fault);
    if (error != error_none)
        return error;
    error = unit_enter(unit, fault);
    if (error == error_none)
        error = writer_open(file, fault);
    if (error == error_none)
        error = epoch_raise(unit, fault);
    if (error == error_none)
        error = unit_recover(unit, fault);
    if (error != error_none) {
        file_leave(file);
        return error;
    }
    unit_own(unit);
    *out = unit->claim;
    return error_none;
}

static void sqlite_release(struct store *store, uint32_t number)
{
    struct unit *unit = unit_of(store, number);
    assert(unit->claim != NULL);
    if (store_check(unit, NULL) == error_none) {
        unit_maintain_finish(unit);
        checkpoint_finish(unit);
    }
    file_leave(sqlite_unit_of(unit));
}

const struct store_ops store_sqlite_ops = {
    .scheme = "sqlite",
    .partitions = 16,
    .units = 4,
    .open = sqlite_open,
    .close = sqlite_close,
    .info = unit_info,
    .claim = sqlite_claim,
    .release = sqlite_release,
    .append = sqlite_append,
    .maintain = sqlite_maintain,
    .read_stream = unit_read_stream,
    .read_events = unit_read_events,
    .look_stream = unit_look_stream,
    .read_log = unit_read_log,
    .read_heads = sqlite_read_heads,
    .find_receipt = unit_find_receipt,
    .recent_receipts = unit_recent_receipts,
    .describe = unit_describe,
};
