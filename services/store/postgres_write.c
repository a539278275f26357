/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows that a unit's owner writes besides the log: sent one after the other without waiting, in a transaction that
 * ends with the fence. */
#include "services/store/postgres.h"

static struct pg_link *writer_of(struct unit *unit)
{
    return &postgres_unit_of(unit)->writer;
}

static enum error put(struct unit *unit,
                      enum pg_statement statement,
                      const struct parameters *parameters,
                      const char *doing,
                      struct store_fault *fault)
{
    return pg_put(writer_of(unit), statement, parameters, doing, fault);
}

static enum error begin(struct unit *unit, struct store_fault *fault)
{
    if (!pg_is_open(writer_of(unit)))
        return fault_set(fault, error_unreachable, "%s: its connection was lost: claim it again", unit->name);
    pg_begin(writer_of(unit));
    return error_none;
}

static enum error settle(struct unit *unit, struct store_fault *fault)
{
    return pg_settle(writer_of(unit), "writing the stream index", fault);
}

static enum error commit(struct unit *unit, struct store_fault *fault)
{
    struct parameters parameters = {0};
    enum error error = error_none;
    parameter_number(&parameters, unit->number);
    parameter_number(&parameters, unit->claim->epoch);
    parameter_number(&parameters, postgres_store_of(unit)->boot);
    if (writer_of(unit)->piped)
        error = put(unit, PG_FENCE, &parameters, "committing", fault);
    if (error == error_none)
        return pg_commit(writer_of(unit), "committing", fault);
    pg_rollback(writer_of(unit));
    return error;
}

static void rollback(struct unit *unit)
{
    pg_rollback(writer_of(unit));
}

static enum error
put_stream(struct unit *unit, const struct stream_entry *entry, struct slice key, struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, entry->hash);
    parameter_bytes(&parameters, key);
    parameter_number(&parameters, entry->partition);
    parameter_number(&parameters, entry->head);
    parameter_number(&parameters, entry->version);
    return put(unit, PG_STREAM, &parameters, "writing the stream index", fault);
}

static enum error put_pair(struct unit *unit,
                           enum pg_statement statement,
                           uint64_t first,
                           uint64_t second,
                           const char *doing,
                           struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, first);
    parameter_number(&parameters, second);
    return put(unit, statement, &parameters, doing, fault);
}

static enum error cover_streams(struct unit *unit, uint32_t partition, uint64_t seq, struct store_fault *fault)
{
    return put_pair(unit, PG_COVER_STREAMS, partition, seq, "writing what the stream index covers", fault);
}

static enum error cover_receipts(struct unit *unit, uint32_t partition, uint64_t seq, struct store_fault *fault)
{
    return put_pair(unit, PG_COVER_RECEIPTS, partition, seq, "writing what the runs cover", fault);
}

static enum error put_snapshot(struct unit *unit,
                               const struct store_snapshot_write *write,
                               struct slice key,
                               uint64_t checksum,
                               struct store_fault *fault)
{
    const struct store_snapshot *snapshot = &write->snapshot;
    struct parameters parameters = {0};
    parameter_number(&parameters, write->stream_hash);
    parameter_bytes(&parameters, key);
    parameter_number(&parameters, snapshot->version);
    parameter_number(&parameters, snapshot->seq);
    parameter_number(&parameters, (uint64_t)snapshot->time_us);
    parameter_number(&parameters, snapshot->fingerprint);
    parameter_number(&parameters, checksum);
    parameter_bytes(&parameters, snapshot->state);
    return put(unit, PG_SNAPSHOT, &parameters, "writing a snapshot", fault);
}

static enum error put_run(struct unit *unit,
                          const struct receipt_marks *marks,
                          uint64_t min_ms,
                          uint64_t count,
                          uint64_t pages,
                          struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, unit->number);
    parameter_number(&parameters, marks->next_run);
    parameter_number(&parameters, min_ms);
    parameter_number(&parameters, marks->max_ms);
    parameter_number(&parameters, count);
    parameter_number(&parameters, pages);
    return put(unit, PG_RUN, &parameters, "writing a run of receipts", fault);
}

static enum error put_page(struct unit *unit, uint64_t number, struct slice page, struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, unit->number);
    parameter_number(&parameters, number);
    parameter_bytes(&parameters, slice_of(page.data, RECEIPT_KEY_SIZE));
    parameter_bytes(&parameters, page);
    return put(unit, PG_PAGE, &parameters, "writing a page of receipts", fault);
}

static enum error
put_other(struct unit *unit, uint64_t day, const struct receipt_entry *entry, struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, unit->number);
    parameter_number(&parameters, day);
    parameter_bytes(&parameters, slice_of(entry->id.bytes, sizeof entry->id.bytes));
    parameter_number(&parameters, load_big_endian(entry->stream_hash));
    parameter_number(&parameters, load_big_endian(entry->position));
    return put(unit, PG_OTHER, &parameters, "writing a receipt", fault);
}

static enum error put_mark(struct unit *unit, enum receipt_mark mark, uint64_t value, struct store_fault *fault)
{
    enum pg_statement statement = mark == RECEIPT_MARK_LATE ? PG_MARK_LATE : PG_MARK_EXPIRED;
    return put_pair(unit, statement, unit->number, value, "writing where receipts end", fault);
}

static enum error
put_module(struct unit *unit, uint64_t fingerprint, struct slice description, struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, fingerprint);
    parameter_bytes(&parameters, description);
    return put(unit, PG_MODULE, &parameters, "keeping a description", fault);
}

static enum error put_kind(struct unit *unit, const struct store_kind *kind, struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, unit->number);
    parameter_bytes(&parameters, kind->namespace);
    parameter_bytes(&parameters, kind->resource);
    parameter_bytes(&parameters, kind->event);
    parameter_number(&parameters, kind->schema);
    return put(unit, PG_KIND, &parameters, "keeping a kind of event", fault);
}

/* Reads one row of up to two numbers; *found is false when there is none. */
static enum error
oldest_read(struct unit *unit, enum pg_statement statement, uint64_t out[2], bool *found, struct store_fault *fault)
{
    struct parameters parameters = {0};
    PGresult *result;
    parameter_number(&parameters, unit->number);
    enum error error = pg_run(writer_of(unit), statement, &parameters, &result, "looking for old receipts", fault);
    if (error != error_none)
        return error;
    *found = PQntuples(result) == 1;
    for (int column = 0; *found && column < PQnfields(result); column++)
        out[column] = result_number(result, 0, column);
    PQclear(result);
    return error_none;
}

static enum error oldest_run(struct unit *unit, uint64_t *run, uint64_t *max_ms, bool *found, struct store_fault *fault)
{
    uint64_t row[2] = {0};
    enum error error = oldest_read(unit, PG_OLDEST_RUN, row, found, fault);
    *run = row[0];
    *max_ms = row[1];
    return error;
}

static enum error oldest_day(struct unit *unit, uint64_t *day, bool *found, struct store_fault *fault)
{
    uint64_t row[2] = {0};
    enum error error = oldest_read(unit, PG_OLDEST_DAY, row, found, fault);
    *day = row[0];
    return error;
}

static enum error delete_run(struct unit *unit, uint64_t run, struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, unit->number);
    parameter_number(&parameters, run << RECEIPT_PAGE_BITS);
    parameter_number(&parameters, ((run + 1) << RECEIPT_PAGE_BITS) - 1);
    enum error error = put(unit, PG_DELETE_PAGES, &parameters, "deleting old receipts", fault);
    if (error != error_none)
        return error;
    return put_pair(unit, PG_DELETE_RUN, unit->number, run, "deleting old receipts", fault);
}

static enum error delete_day(struct unit *unit, uint64_t day, struct store_fault *fault)
{
    return put_pair(unit, PG_DELETE_DAY, unit->number, day, "deleting old receipts", fault);
}

const struct unit_writing postgres_writing = {
    .begin = begin,
    .settle = settle,
    .commit = commit,
    .rollback = rollback,
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
