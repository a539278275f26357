/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a new owner reads: the ends of its partitions, the records after what the tables cover, the newest receipts. */
#include "services/store/row.h"
#include "services/store/sqlite.h"

static sqlite3_stmt *statement_of(struct unit *unit, enum writer_statement which)
{
    return sqlite_unit_of(unit)->statements[which];
}

static const struct connection *writer_of(struct unit *unit)
{
    return &sqlite_unit_of(unit)->writer;
}

static void bind_between(sqlite3_stmt *statement, uint32_t partition, uint64_t after_seq)
{
    bind_unsigned(statement, 1, position_of(partition, after_seq));
    bind_unsigned(statement, 2, position_of(partition, POSITION_SEQ_MAX));
}

static enum error
head_find(struct unit *unit, uint32_t partition, struct partition_head *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_LAST);
    struct store_record record;
    enum error error = error_none;
    bind_between(statement, partition, 0);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        error = row_read(writer_of(unit), statement, &record, fault);
    else if (code != SQLITE_DONE)
        error = unit_fault(unit, code, "looking for the head", fault);
    if (code == SQLITE_ROW && error == error_none)
        *out = (struct partition_head){.head = record.seq, .time_us = record.time_us};
    sqlite3_reset(statement);
    return error;
}

static enum error
cover_find(struct unit *unit, uint32_t partition, struct partition_found *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_COVERED);
    bind_unsigned(statement, 1, partition);
    int code = sqlite3_step(statement);
    out->covered = code == SQLITE_ROW;
    out->streams = column_unsigned(statement, 0);
    out->receipts = column_unsigned(statement, 1);
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? error_none
                                                     : unit_fault(unit, code, "reading what is covered", fault);
}

static enum error find_partitions(struct unit *unit, struct partition_found *out, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t place = 0; place < unit->count && error == error_none; place++) {
        error = head_find(unit, unit_partition(unit, place), &out[place].head, fault);
        if (error == error_none)
            error = cover_find(unit, unit_partition(unit, place), &out[place], fault);
    }
    return error;
}

static enum error find_marks(struct unit *unit, struct receipt_marks *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_LAST_RUN);
    struct connection *writer = &sqlite_unit_of(unit)->writer;
    struct receipt_marks marks = {.next_run = 1};
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        marks.next_run = column_unsigned(statement, 0) + 1;
        marks.max_ms = column_unsigned(statement, 1);
    }
    sqlite3_reset(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return unit_fault(unit, code, "looking for the last run of receipts", fault);
    enum error error = meta_get(writer, "receipts_late_ms", &marks.late_ms, fault);
    if (error == error_none)
        error = meta_get(writer, "receipts_expired_ms", &marks.expired_ms, fault);
    if (error == error_none)
        *out = marks;
    return error;
}

static enum error find_kinds(struct unit *unit,
                             enum error (*visit)(void *context, const struct store_kind *kind),
                             void *context,
                             struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_KINDS);
    enum error error = error_none;
    int code = SQLITE_DONE;
    while (error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW)
        error = visit(context,
                      &(struct store_kind){.namespace = column_bytes(statement, 0),
                                           .resource = column_bytes(statement, 1),
                                           .event = column_bytes(statement, 2),
                                           .schema = (uint32_t)column_unsigned(statement, 3)});
    sqlite3_reset(statement);
    if (error == error_none && code != SQLITE_DONE)
        error = unit_fault(unit, code, "reading kinds of events", fault);
    return error;
}

static enum error scan(struct unit *unit,
                       uint32_t partition,
                       uint64_t after_seq,
                       store_visit visit,
                       void *context,
                       struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_SCAN);
    struct store_record record;
    enum error error = error_none;
    int code = SQLITE_DONE;
    bind_between(statement, partition, after_seq);
    while (error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        error = row_read(writer_of(unit), statement, &record, fault);
        if (error == error_none)
            error = visit(context, &record);
    }
    sqlite3_reset(statement);
    if (error == error_none && code != SQLITE_DONE)
        error = unit_fault(unit, code, "scanning the log", fault);
    return error;
}

static enum error newest_runs(struct unit *unit,
                              bool (*visit)(void *context, uint64_t run, uint64_t max_ms, uint64_t count),
                              void *context,
                              struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_RUNS);
    bool on = true;
    int code = SQLITE_DONE;
    while (on && (code = sqlite3_step(statement)) == SQLITE_ROW)
        on =
            visit(context, column_unsigned(statement, 0), column_unsigned(statement, 1), column_unsigned(statement, 2));
    sqlite3_reset(statement);
    return !on || code == SQLITE_DONE ? error_none : unit_fault(unit, code, "reading runs of receipts", fault);
}

static enum error pages(struct unit *unit,
                        uint64_t run,
                        enum error (*visit)(void *context, struct slice page),
                        void *context,
                        struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_PAGES);
    enum error error = error_none;
    int code = SQLITE_DONE;
    bind_unsigned(statement, 1, run << RECEIPT_PAGE_BITS);
    bind_unsigned(statement, 2, ((run + 1) << RECEIPT_PAGE_BITS) - 1);
    while (error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW)
        error = visit(context, column_bytes(statement, 0));
    sqlite3_reset(statement);
    if (error == error_none && code != SQLITE_DONE)
        error = unit_fault(unit, code, "reading receipts", fault);
    return error;
}

const struct unit_claiming sqlite_claiming = {
    .find_partitions = find_partitions,
    .find_marks = find_marks,
    .find_kinds = find_kinds,
    .scan = scan,
    .newest_runs = newest_runs,
    .pages = pages,
};
