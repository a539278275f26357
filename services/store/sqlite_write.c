/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows that a unit's owner writes besides the log. */
#include "services/store/sqlite.h"

static sqlite3_stmt *statement_of(struct unit *unit, enum writer_statement which)
{
    return sqlite_unit_of(unit)->statements[which];
}

static enum error run(struct unit *unit, enum writer_statement which, const char *doing, struct store_fault *fault)
{
    int code = statement_run(statement_of(unit, which));
    return code == SQLITE_OK ? error_none : unit_fault(unit, code, doing, fault);
}

static enum error
put_stream(struct unit *unit, const struct stream_entry *entry, struct slice key, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_STREAM);
    bind_unsigned(statement, 1, entry->hash);
    bind_bytes(statement, 2, key);
    bind_unsigned(statement, 3, entry->partition);
    bind_unsigned(statement, 4, entry->head);
    bind_unsigned(statement, 5, entry->version);
    return run(unit, WRITER_STREAM, "writing the stream index", fault);
}

/* Rows are written as they are put. */
static enum error settle(struct unit *unit, struct store_fault *fault)
{
    (void)unit, (void)fault;
    return error_none;
}

static enum error
cover(struct unit *unit, enum writer_statement which, uint32_t partition, uint64_t seq, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, which);
    bind_unsigned(statement, 1, partition);
    bind_unsigned(statement, 2, seq);
    return run(unit, which, "writing what the index covers", fault);
}

static enum error cover_streams(struct unit *unit, uint32_t partition, uint64_t seq, struct store_fault *fault)
{
    return cover(unit, WRITER_COVER_STREAMS, partition, seq, fault);
}

static enum error cover_receipts(struct unit *unit, uint32_t partition, uint64_t seq, struct store_fault *fault)
{
    return cover(unit, WRITER_COVER_RECEIPTS, partition, seq, fault);
}

static enum error put_snapshot(struct unit *unit,
                               const struct store_snapshot_write *write,
                               struct slice key,
                               uint64_t checksum,
                               struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_SNAPSHOT);
    const struct store_snapshot *snapshot = &write->snapshot;
    bind_unsigned(statement, 1, write->stream_hash);
    bind_bytes(statement, 2, key);
    bind_unsigned(statement, 3, snapshot->version);
    bind_unsigned(statement, 4, snapshot->seq);
    sqlite3_bind_int64(statement, 5, snapshot->time_us);
    bind_unsigned(statement, 6, snapshot->fingerprint);
    bind_bytes(statement, 7, snapshot->state);
    bind_unsigned(statement, 8, checksum);
    return run(unit, WRITER_SNAPSHOT, "writing a snapshot", fault);
}

static enum error put_run(struct unit *unit,
                          const struct receipt_marks *marks,
                          uint64_t min_ms,
                          uint64_t count,
                          uint64_t pages,
                          struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_RUN);
    bind_unsigned(statement, 1, marks->next_run);
    bind_unsigned(statement, 2, min_ms);
    bind_unsigned(statement, 3, marks->max_ms);
    bind_unsigned(statement, 4, count);
    bind_unsigned(statement, 5, pages);
    return run(unit, WRITER_RUN, "writing a run of receipts", fault);
}

static enum error put_page(struct unit *unit, uint64_t number, struct slice page, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_PAGE);
    bind_unsigned(statement, 1, number);
    bind_bytes(statement, 2, page);
    return run(unit, WRITER_PAGE, "writing a page of receipts", fault);
}

static enum error
put_other(struct unit *unit, uint64_t day, const struct receipt_entry *entry, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_OTHER);
    bind_unsigned(statement, 1, day);
    bind_bytes(statement, 2, slice_of(entry->id.bytes, sizeof entry->id.bytes));
    bind_unsigned(statement, 3, load_big_endian(entry->stream_hash));
    bind_unsigned(statement, 4, load_big_endian(entry->position));
    return run(unit, WRITER_OTHER, "writing a receipt", fault);
}

static enum error put_mark(struct unit *unit, enum receipt_mark mark, uint64_t value, struct store_fault *fault)
{
    const char *key = mark == RECEIPT_MARK_LATE ? "receipts_late_ms" : "receipts_expired_ms";
    return meta_put(&sqlite_unit_of(unit)->writer, key, value, fault);
}

static enum error
put_module(struct unit *unit, uint64_t fingerprint, struct slice description, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_MODULE);
    bind_unsigned(statement, 1, fingerprint);
    bind_bytes(statement, 2, description);
    return run(unit, WRITER_MODULE, "keeping a description", fault);
}

static enum error put_kind(struct unit *unit, const struct store_kind *kind, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, WRITER_KIND);
    bind_text(statement, 1, kind->namespace);
    bind_text(statement, 2, kind->resource);
    bind_text(statement, 3, kind->event);
    bind_unsigned(statement, 4, kind->schema);
    return run(unit, WRITER_KIND, "keeping a kind of event", fault);
}

/* Reads one row of two numbers; *found is false when there is none. */
static enum error
oldest_read(struct unit *unit, enum writer_statement which, uint64_t out[2], bool *found, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, which);
    enum error error = error_none;
    int code = sqlite3_step(statement);
    *found = code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    if (*found) {
        out[0] = column_unsigned(statement, 0);
        out[1] = column_unsigned(statement, 1);
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        error = unit_fault(unit, code, "looking for old receipts", fault);
    }
    sqlite3_reset(statement);
    return error;
}

static enum error
oldest_run(struct unit *unit, uint64_t *number, uint64_t *max_ms, bool *found, struct store_fault *fault)
{
    uint64_t row[2] = {0};
    enum error error = oldest_read(unit, WRITER_OLDEST_RUN, row, found, fault);
    *number = row[0];
    *max_ms = row[1];
    return error;
}

static enum error oldest_day(struct unit *unit, uint64_t *day, bool *found, struct store_fault *fault)
{
    uint64_t row[2] = {0};
    enum error error = oldest_read(unit, WRITER_OLDEST_DAY, row, found, fault);
    *day = row[0];
    return error;
}

static enum error
delete_between(struct unit *unit, enum writer_statement which, uint64_t first, uint64_t last, struct store_fault *fault)
{
    sqlite3_stmt *statement = statement_of(unit, which);
    bind_unsigned(statement, 1, first);
    bind_unsigned(statement, 2, last);
    return run(unit, which, "deleting old receipts", fault);
}

static enum error delete_run(struct unit *unit, uint64_t number, struct store_fault *fault)
{
    uint64_t first = number << RECEIPT_PAGE_BITS, last = ((number + 1) << RECEIPT_PAGE_BITS) - 1;
    enum error error = delete_between(unit, WRITER_DELETE_PAGES, first, last, fault);
    return error == error_none ? delete_between(unit, WRITER_DELETE_RUN, number, number, fault) : error;
}

static enum error delete_day(struct unit *unit, uint64_t day, struct store_fault *fault)
{
    return delete_between(unit, WRITER_DELETE_OTHERS, day, day, fault);
}

const struct unit_writing sqlite_writing = {
    .begin = sqlite_begin,
    .settle = settle,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .put_stream = put_stream,
    .cover_streams = cover_streams,
    .cover_receipts = cover_receipts,
    .put_snapshot = put_snapshot,
    .put_run = put_run,
    .put_page = put_page,
    .put_other = put_other,
    .put_mark = put_mark,
    .put_module = put_module,
    .put_kind = put_kind,
    .oldest_run = oldest_run,
    .delete_run = delete_run,
    .oldest_day = oldest_day,
    .delete_day = delete_day,
};
