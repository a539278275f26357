/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading over the reader's own connection. */
#include <stdlib.h>

#include "services/store/row.h"
#include "services/store/sqlite.h"

#define BY_KEY " WHERE hash = ?1 AND key = ?2"

static const char *const reader_sql[READER_STATEMENTS] = {
    [READER_BEGIN] = "BEGIN",
    [READER_END] = "ROLLBACK",
    [READER_LOG] = "SELECT " ROW_COLUMNS " FROM log WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3",
    [READER_RECORD] = "SELECT " ROW_COLUMNS " FROM log WHERE position = ?1",
    [READER_HEAD] = "SELECT position, time_us FROM log WHERE position > ?1 AND position <= ?2"
                    " ORDER BY position DESC LIMIT 1",
    [READER_PREVIOUS] = "SELECT version, previous FROM log WHERE position = ?1",
    [READER_STREAM] = "SELECT head, version FROM stream" BY_KEY,
    [READER_COVERED] = "SELECT streams FROM covered WHERE partition = ?1",
    [READER_SNAPSHOT] = "SELECT version, seq, time_us, fingerprint, state, checksum FROM snapshot" BY_KEY,
    [READER_RUNS] = "SELECT run, min_ms, max_ms, pages FROM receipt_run WHERE max_ms >= ?1 ORDER BY max_ms, run",
    [READER_PAGE] = "SELECT entries FROM receipt_page WHERE page = ?1",
    [READER_DAY] = "SELECT min(day) FROM receipt_other WHERE day > ?1",
    [READER_OTHER] = "SELECT position FROM receipt_other WHERE day = ?1 AND id = ?2 AND stream_hash = ?3",
};

static sqlite3_stmt *statement_of(struct unit *unit, enum reader_statement which)
{
    return sqlite_unit_of(unit)->reader.statements[which];
}

static enum error reader_open(struct unit *unit, struct store_fault *fault)
{
    struct reader *reader = &sqlite_unit_of(unit)->reader;
    enum error error = store_check(unit, fault);
    if (error != error_none || reader->connection.db != NULL)
        return error;
    error = connection_open(&reader->connection, unit->name, CONNECTION_READ, fault);
    if (error == error_none)
        error = connection_prepare(&reader->connection, reader_sql, reader->statements, READER_STATEMENTS, fault);
    if (error != error_none)
        connection_close(&reader->connection);
    return error;
}

void reader_close(struct reader *reader)
{
    connection_close(&reader->connection);
    *reader = (struct reader){0};
}

enum error reader_fault(struct unit *unit, int code, const char *doing, struct store_fault *fault)
{
    return connection_fault(&sqlite_unit_of(unit)->reader.connection, code, doing, fault);
}

/* Without it each statement would take and give back locks of its own. */
static enum error read_begin(struct unit *unit, struct store_fault *fault)
{
    enum error error = reader_open(unit, fault);
    if (error != error_none)
        return error;
    int code = statement_run(statement_of(unit, READER_BEGIN));
    return code == SQLITE_OK ? error_none : reader_fault(unit, code, "beginning to read", fault);
}

static void read_end(struct unit *unit)
{
    struct reader *reader = &sqlite_unit_of(unit)->reader;
    if (reader->connection.db == NULL)
        return;
    sqlite3_reset(reader->statements[READER_SNAPSHOT]);
    if (sqlite3_get_autocommit(reader->connection.db) == 0)
        statement_run(reader->statements[READER_END]);
}

static enum error
row_give(struct unit *unit, sqlite3_stmt *statement, store_visit visit, void *context, struct store_fault *fault)
{
    struct store_record record;
    enum error error = row_read(&sqlite_unit_of(unit)->reader.connection, statement, &record, fault);
    return error == error_none ? visit(context, &record) : error;
}

static enum error read_log(struct unit *unit,
                           uint32_t partition,
                           uint64_t after_seq,
                           uint32_t limit,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault)
{
    enum error error = reader_open(unit, fault);
    if (error != error_none)
        return error;
    sqlite3_stmt *statement = statement_of(unit, READER_LOG);
    int code = SQLITE_DONE;
    bind_unsigned(statement, 1, position_of(partition, after_seq));
    bind_unsigned(statement, 2, position_of(partition, POSITION_SEQ_MAX));
    sqlite3_bind_int64(statement, 3, limit);
    while (error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW)
        error = row_give(unit, statement, visit, context, fault);
    sqlite3_reset(statement);
    if (error == error_none && code != SQLITE_DONE)
        error = reader_fault(unit, code, "reading the log", fault);
    return error;
}

static enum error
head_read(struct unit *unit, uint32_t partition, struct store_partition *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, READER_HEAD);
    bind_unsigned(statement, 1, position_of(partition, 0));
    bind_unsigned(statement, 2, position_of(partition, POSITION_SEQ_MAX));
    int code = sqlite3_step(statement);
    *out = (struct store_partition){.partition = partition};
    if (code == SQLITE_ROW) {
        out->head = position_seq(column_unsigned(statement, 0));
        out->time_us = sqlite3_column_int64(statement, 1);
    }
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? error_none
                                                     : reader_fault(unit, code, "reading a partition's head", fault);
}

/* The partitions of a unit, in one transaction. */
static enum error heads_read(struct unit *unit, struct store_partition *out, struct store_fault *fault)
{
    const struct store_info *info = &unit->store->info;
    enum error error = read_begin(unit, fault);
    for (uint32_t partition = unit->number; partition < info->partitions && error == error_none;
         partition += info->units)
        error = head_read(unit, partition, &out[partition], fault);
    read_end(unit);
    return error;
}

enum error sqlite_read_heads(struct store *store, struct store_partition *out, struct store_fault *fault)
{
    const struct store_info *info = &((struct unit_store *)store)->info;
    enum error error = error_none;
    for (uint32_t unit = 0; unit < info->units && error == error_none; unit++)
        error = heads_read(unit_of(store, unit), out, fault);
    return error;
}

static enum error
head_look(struct unit *unit, uint64_t hash, struct slice key, struct store_head *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, READER_STREAM);
    bind_unsigned(statement, 1, hash);
    bind_bytes(statement, 2, key);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out = (struct store_head){.head = column_unsigned(statement, 0), .version = column_unsigned(statement, 1)};
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? error_none
                                                     : reader_fault(unit, code, "reading the stream index", fault);
}

/* The statement stays at its row, which holds the state, until the read ends. */
static enum error
snapshot_look(struct unit *unit, uint64_t hash, struct slice key, struct looked *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, READER_SNAPSHOT);
    bind_unsigned(statement, 1, hash);
    bind_bytes(statement, 2, key);
    int code = sqlite3_step(statement);
    out->snapshot = code == SQLITE_ROW;
    if (code == SQLITE_ROW) {
        out->kept = (struct store_snapshot){.version = column_unsigned(statement, 0),
                                            .seq = column_unsigned(statement, 1),
                                            .time_us = sqlite3_column_int64(statement, 2),
                                            .fingerprint = column_unsigned(statement, 3),
                                            .state = column_bytes(statement, 4)};
        out->checksum = column_unsigned(statement, 5);
    }
    return code == SQLITE_ROW || code == SQLITE_DONE ? error_none
                                                     : reader_fault(unit, code, "reading a snapshot", fault);
}

static enum error look(struct unit *unit,
                       uint64_t hash,
                       struct slice key,
                       bool head,
                       bool snapshot,
                       struct looked *out,
                       struct store_fault *fault)
{
    enum error error = head ? head_look(unit, hash, key, &out->head, fault) : error_none;
    return error == error_none && snapshot ? snapshot_look(unit, hash, key, out, fault) : error;
}

static enum error covered(struct unit *unit, uint32_t partition, uint64_t *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, READER_COVERED);
    bind_unsigned(statement, 1, partition);
    int code = sqlite3_step(statement);
    uint64_t streams = code == SQLITE_ROW ? column_unsigned(statement, 0) : 0;
    sqlite3_reset(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return reader_fault(unit, code, "reading what the stream index covers", fault);
    *out = streams;
    return error_none;
}

static enum error walk(struct unit *unit,
                       uint32_t partition,
                       uint64_t seq,
                       uint64_t count,
                       chain_step step,
                       void *context,
                       struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, READER_PREVIOUS);
    enum error error = error_none;
    for (; count > 0 && error == error_none; count--) {
        bind_unsigned(statement, 1, position_of(partition, seq));
        int code = sqlite3_step(statement);
        uint64_t version = code == SQLITE_ROW ? column_unsigned(statement, 0) : 0;
        uint64_t previous = code == SQLITE_ROW ? column_unsigned(statement, 1) : 0;
        sqlite3_reset(statement);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return reader_fault(unit, code, "reading a stream", fault);
        error = step(context, seq, version, previous);
        seq = previous;
    }
    return error;
}

static enum error
record_give(struct unit *unit, uint64_t position, store_visit visit, void *context, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, READER_RECORD);
    enum error error;
    bind_unsigned(statement, 1, position);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        error = row_give(unit, statement, visit, context, fault);
    else if (code == SQLITE_DONE)
        error = visit(context, &(struct store_record){0});
    else
        error = reader_fault(unit, code, "reading a record", fault);
    sqlite3_reset(statement);
    return error;
}

static enum error records(struct unit *unit,
                          const uint64_t *positions,
                          size_t count,
                          store_visit visit,
                          void *context,
                          struct store_fault *fault)
{
    enum error error = error_none;
    for (size_t i = 0; i < count && error == error_none; i++)
        error = record_give(unit, positions[i], visit, context, fault);
    return error;
}

const struct unit_reading sqlite_reading = {
    .read_begin = read_begin,
    .read_end = read_end,
    .read_log = read_log,
    .look = look,
    .covered = covered,
    .walk = walk,
    .records = records,
    .find_receipt = sqlite_find_receipt,
};
