/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading logs and streams over the reader's own connection, which sees what is committed when a read begins. */
#include <stdlib.h>

#include "services/store/row.h"
#include "services/store/sqlite.h"

#define BY_KEY " WHERE hash = ?1 AND key = ?2"

static const char *const reader_sql[READER_STATEMENTS] = {
    [READER_BEGIN] = "BEGIN",
    [READER_END] = "ROLLBACK",
    [READER_LOG] = "SELECT " ROW_COLUMNS " FROM log WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3",
    [READER_RECORD] = "SELECT " ROW_COLUMNS " FROM log WHERE position = ?1",
    [READER_PREVIOUS] = "SELECT version, previous FROM log WHERE position = ?1",
    [READER_STREAM] = "SELECT head, version FROM stream" BY_KEY,
    [READER_SNAPSHOT] = "SELECT version, seq, time_us, fingerprint, state, checksum FROM snapshot" BY_KEY,
    [READER_RUNS] = "SELECT run, min_ms, max_ms, pages FROM receipt_run WHERE max_ms >= ?1 ORDER BY max_ms, run",
    [READER_PAGE] = "SELECT entries FROM receipt_page WHERE page = ?1",
    [READER_DAY] = "SELECT min(day) FROM receipt_other WHERE day > ?1",
    [READER_OTHER] = "SELECT position FROM receipt_other WHERE day = ?1 AND id = ?2 AND stream_hash = ?3",
};

enum error reader_open(struct unit *unit, struct store_fault *fault)
{
    struct reader *reader = &unit->reader;
    enum error error = store_check(unit->store, fault);
    if (error != error_none || reader->connection.db != NULL)
        return error;
    error = connection_open(&reader->connection, unit->path, CONNECTION_READ, fault);
    if (error == error_none)
        error = connection_prepare(&reader->connection, reader_sql, reader->statements, READER_STATEMENTS, fault);
    if (error != error_none)
        connection_close(&reader->connection);
    return error;
}

void reader_close(struct reader *reader)
{
    connection_close(&reader->connection);
    free(reader->chain.key);
    free(reader->chain.marks);
    free(reader->chain.seqs);
    *reader = (struct reader){0};
}

enum error reader_fault(struct unit *unit, int code, const char *doing, struct store_fault *fault)
{
    return connection_fault(&unit->reader.connection, code, doing, fault);
}

enum error read_begin(struct unit *unit, struct store_fault *fault)
{
    enum error error = reader_open(unit, fault);
    if (error != error_none)
        return error;
    int code = statement_run(unit->reader.statements[READER_BEGIN]);
    return code == SQLITE_OK ? error_none : reader_fault(unit, code, "beginning to read", fault);
}

void read_end(struct unit *unit)
{
    if (sqlite3_get_autocommit(unit->reader.connection.db) == 0)
        statement_run(unit->reader.statements[READER_END]);
}

static enum error log_visit(struct unit *unit,
                            sqlite3_stmt *statement,
                            uint64_t seq,
                            store_visit visit,
                            void *context,
                            struct store_fault *fault)
{
    struct store_record record;
    enum error error = row_read(&unit->reader.connection, statement, &record, fault);
    if (error == error_none && record.seq != seq)
        error = fault_set(fault,
                          error_corrupt,
                          "%s: partition %u has no record at seq %llu",
                          unit->path,
                          record.partition,
                          (unsigned long long)seq);
    return error == error_none ? visit(context, &record) : error;
}

/* The seq that a partition goes up to at least, as far as its owner here knows. */
static uint64_t head_known(struct unit *unit, uint32_t partition)
{
    pthread_mutex_lock(&unit->mutex);
    uint64_t head = unit->claimed ? unit->heads[unit_place(unit, partition)].head : 0;
    pthread_mutex_unlock(&unit->mutex);
    return head;
}

static enum error log_end(struct unit *unit, int code, uint64_t seq, uint64_t end, struct store_fault *fault)
{
    if (code != SQLITE_DONE)
        return reader_fault(unit, code, "reading the log", fault);
    if (seq < end)
        return fault_set(fault,
                         error_corrupt,
                         "%s: the log ends at seq %llu where there should be %llu",
                         unit->path,
                         (unsigned long long)seq,
                         (unsigned long long)end);
    return error_none;
}

enum error sqlite_read_log(struct store *store,
                           uint32_t partition,
                           uint64_t after_seq,
                           uint32_t limit,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault)
{
    struct unit *unit = unit_of(store, partition % sqlite_of(store)->info.units);
    enum error error = reader_open(unit, fault);
    if (error != error_none || after_seq >= POSITION_SEQ_MAX)
        return error;
    sqlite3_stmt *statement = unit->reader.statements[READER_LOG];
    uint64_t head = head_known(unit, partition), seq = after_seq;
    int code = SQLITE_DONE;
    bind_unsigned(statement, 1, position_of(partition, after_seq));
    bind_unsigned(statement, 2, position_of(partition, POSITION_SEQ_MAX));
    sqlite3_bind_int64(statement, 3, limit);
    while (error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW)
        error = log_visit(unit, statement, ++seq, visit, context, fault);
    sqlite3_reset(statement);
    return error != error_none ? error
                               : log_end(unit, code, seq, head < after_seq + limit ? head : after_seq + limit, fault);
}

/* A stream as a reader looks at it; the key is made once. */
struct look {
    struct unit *unit;
    const struct stream *stream;
    uint64_t hash;
    struct slice key;
};

static enum error table_find(const struct look *look, struct store_head *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = look->unit->reader.statements[READER_STREAM];
    bind_unsigned(statement, 1, look->hash);
    bind_bytes(statement, 2, look->key);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out = (struct store_head){.head = column_unsigned(statement, 0), .version = column_unsigned(statement, 1)};
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? error_none
               : reader_fault(look->unit, code, "reading the stream index", fault);
}

/* Looks where the stream's head is, and begins a read that sees everything up to it. */
static enum error head_find(const struct look *look, struct store_head *out, struct store_fault *fault)
{
    struct store_head head = {0};
    pthread_mutex_lock(&look->unit->mutex);
    bool claimed = look->unit->claimed;
    bool found = claimed && tail_find(look->unit, look->stream, look->hash, &head);
    pthread_mutex_unlock(&look->unit->mutex);
    if (!claimed)
        return fault_set(fault, error_fenced, "unit %u is not claimed here", look->unit->number);
    enum error error = read_begin(look->unit, fault);
    if (error == error_none && !found)
        error = table_find(look, &head, fault);
    if (error == error_none)
        *out = head;
    return error;
}

/* The snapshot in the current row, if it can be used: a damaged one cannot, nor one that is newer than what is read. */
static bool snapshot_usable(const struct look *look, sqlite3_stmt *statement, uint64_t top, struct store_snapshot *out)
{
    *out = (struct store_snapshot){.version = column_unsigned(statement, 0),
                                   .seq = column_unsigned(statement, 1),
                                   .time_us = sqlite3_column_int64(statement, 2),
                                   .fingerprint = column_unsigned(statement, 3),
                                   .state = column_bytes(statement, 4)};
    return out->version <= top && snapshot_checksum(look->hash, look->key, out) == column_unsigned(statement, 5);
}

/* Gives the snapshot, and its version, 0 when there is none. */
static enum error snapshot_read(const struct look *look,
                                uint64_t top,
                                enum error (*visit)(void *context, const struct store_snapshot *snapshot),
                                void *context,
                                uint64_t *version,
                                struct store_fault *fault)
{
    sqlite3_stmt *statement = look->unit->reader.statements[READER_SNAPSHOT];
    struct store_snapshot snapshot;
    enum error error = error_none;
    bind_unsigned(statement, 1, look->hash);
    bind_bytes(statement, 2, look->key);
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        error = reader_fault(look->unit, code, "reading a snapshot", fault);
    } else if (code == SQLITE_ROW && snapshot_usable(look, statement, top, &snapshot)) {
        error = visit(context, &snapshot);
        *version = snapshot.version;
    }
    sqlite3_reset(statement);
    return error;
}

/* Makes the key of a look that has everything else. */
static enum error look_open(struct look *look, struct store_fault *fault)
{
    enum error error = reader_open(look->unit, fault);
    if (error != error_none)
        return error;
    size_t size = stream_key_size(look->stream);
    uint8_t *key = malloc(size);
    if (key == NULL)
        return fault_set(fault, error_no_memory, "%s: no memory to read", look->unit->path);
    stream_key_write(look->stream, key);
    look->key = slice_of(key, size);
    return error_none;
}

static void look_fini(struct look *look)
{
    read_end(look->unit);
    free((void *)look->key.data);
}

static uint32_t look_partition(const struct look *look)
{
    return stream_partition(look->hash, look->unit->store->info.partitions);
}

enum error sqlite_read_stream(struct store *store,
                              uint32_t number,
                              const struct stream *stream,
                              uint64_t hash,
                              uint64_t to_version,
                              bool use_snapshot,
                              struct store_head *out,
                              enum error (*snapshot)(void *context, const struct store_snapshot *snapshot),
                              store_visit visit,
                              void *context,
                              struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct look look = {.unit = unit, .stream = stream, .hash = hash};
    struct store_head head = {0};
    uint64_t base = 0;
    enum error error = look_open(&look, fault);
    if (error != error_none)
        return error;
    error = head_find(&look, &head, fault);
    uint64_t top = head.version < to_version ? head.version : to_version;
    if (error == error_none && use_snapshot && snapshot != NULL && top != 0)
        error = snapshot_read(&look, top, snapshot, context, &base, fault);
    if (error == error_none)
        error = chain_read(unit, look_partition(&look), stream, hash, &head, base, top, visit, context, fault);
    look_fini(&look);
    if (error == error_none && out != NULL)
        *out = head;
    return error;
}

enum error sqlite_read_events(struct store *store,
                              uint32_t number,
                              const struct stream *stream,
                              uint64_t hash,
                              uint64_t after_version,
                              uint32_t limit,
                              store_visit visit,
                              void *context,
                              struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct look look = {.unit = unit, .stream = stream, .hash = hash};
    struct store_head head = {0};
    enum error error = look_open(&look, fault);
    if (error != error_none)
        return error;
    error = head_find(&look, &head, fault);
    uint64_t top = head.version;
    if (top > after_version && top - after_version > limit)
        top = after_version + limit;
    if (error == error_none)
        error = chain_read(unit, look_partition(&look), stream, hash, &head, after_version, top, visit, context, fault);
    look_fini(&look);
    return error;
}
