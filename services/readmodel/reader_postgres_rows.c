/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading rows from PostgreSQL: how far a build is, whether the builds are those that are known, a page and its total
 * are one round trip, and all of one instant. */
#include "services/readmodel/reader_postgres.h"

/* ---- rows ---- */

static struct value column_value(const PGresult *result, int row, int column, enum value_kind kind)
{
    struct value value = {.kind = kind};
    if (PQgetisnull(result, row, column))
        return (struct value){.kind = VALUE_NULL};
    if (kind == VALUE_TEXT || kind == VALUE_BYTES)
        value.text = result_bytes(result, row, column);
    else
        value.integer = (int64_t)result_number(result, row, column);
    return value; /* a double's bits are in the integer's place */
}

static void columns_read(const PGresult *result, int row, const struct query *query, struct value *columns)
{
    for (int i = 0; i < PQnfields(result); i++) {
        enum value_kind kind =
            i < SELECT_SORT ? VALUE_TEXT : sort_value_kind(query, query->sort[i - SELECT_SORT].field);
        columns[i] = column_value(result, row, i, kind);
    }
}

/* Where the rows of a page go. */
struct sink {
    const struct query *query;
    struct row_page *page;
    bool more; /* the page is full: what follows is dropped */
    enum error error;
};

static void sink_take(void *context, const PGresult *result)
{
    struct sink *sink = context;
    struct value columns[SELECT_SORT + QUERY_SORT_MAX + 2];
    if (result == NULL) {
        page_begin(sink->page);
        sink->more = false;
        sink->error = error_none;
    }
    for (int i = 0; result != NULL && i < PQntuples(result) && sink->error == error_none && !sink->more; i++) {
        columns_read(result, i, sink->query, columns);
        sink->error = page_add(sink->page, sink->query, columns, &sink->more);
    }
}

/* The table of a build that was dropped meanwhile. */
static enum error gone(enum error error)
{
    return error == error_missing_schema ? error_not_found : error;
}

/* ---- how far a build is ---- */

/* While what is visible is the same nothing has to be read again: then the arrays are NULL. */
static const char progress_sql[] =
    "SELECT pg_current_snapshot()::text, (SELECT value FROM fluvius_read.meta WHERE key = 'change'),"
    " array_agg(partition), array_agg(seq), array_agg(halted) FROM fluvius_read.checkpoint"
    " WHERE build = $1 AND pg_current_snapshot()::text <> $2";
enum progress_column { PROGRESS_SNAPSHOT, PROGRESS_CHANGE, PROGRESS_PARTITIONS, PROGRESS_SEQS, PROGRESS_HALTED };

/* Numbers of a bigint[] in binary: five words, then each with a word before it that is its size. */
enum { ARRAY_HEAD = 20, ARRAY_ITEM = 12 };

static uint64_t array_number(struct slice array, size_t i)
{
    return load_big_endian(array.data + ARRAY_HEAD + i * ARRAY_ITEM + 4);
}

static void progress_fill(const PGresult *result, struct row_progress *progress)
{
    struct slice partitions = result_bytes(result, 0, PROGRESS_PARTITIONS),
                 seqs = result_bytes(result, 0, PROGRESS_SEQS), halted = result_bytes(result, 0, PROGRESS_HALTED);
    progress_begin(progress);
    for (size_t i = 0; ARRAY_HEAD + (i + 1) * ARRAY_ITEM <= partitions.size; i++)
        progress_put(progress, array_number(partitions, i), array_number(seqs, i), array_number(halted, i));
}

/* Keeps what was visible, if it is something else than before. */
static enum error snapshot_keep(struct postgres_reader *reader, struct slice snapshot, struct store_fault *fault)
{
    if (slice_equal(buffer_slice(&reader->snapshot), snapshot))
        return error_none;
    reader->base.moment++;
    buffer_clear(&reader->snapshot);
    buffer_append(&reader->snapshot, snapshot.data, snapshot.size);
    return reader->snapshot.failed ? fault_set(fault, error_no_memory, "no memory for a query") : error_none;
}

static enum error progress_take(struct postgres_reader *reader,
                                const PGresult *result,
                                const struct row_want *want,
                                struct store_fault *fault)
{
    struct row_reader *base = &reader->base;
    if (!base->builds_known || result_number(result, 0, PROGRESS_CHANGE) != base->builds.change) {
        base->builds_known = false;
        return fault_set(fault, error_not_found, "%s: the builds have changed", reader->address.name);
    }
    struct slice snapshot = result_bytes(result, 0, PROGRESS_SNAPSHOT);
    bool same = progress_is(want->progress, want->build, base->moment) &&
                slice_equal(buffer_slice(&reader->snapshot), snapshot);
    if (same)
        return error_none;
    if (PQgetisnull(result, 0, PROGRESS_PARTITIONS))
        return fault_set(fault, error_not_found, "%s: build %u is gone", reader->address.name, want->build);
    progress_fill(result, want->progress);
    enum error error = snapshot_keep(reader, snapshot, fault);
    if (error != error_none)
        return error;
    want->progress->build = want->build;
    want->progress->moment = base->moment;
    return error_none;
}

/* ---- reading ---- */

static struct select progress_select(struct postgres_reader *reader, const struct row_want *want, struct value *values)
{
    bool known = progress_is(want->progress, want->build, reader->base.moment);
    values[0] = (struct value){.kind = VALUE_INTEGER, .integer = want->build};
    values[1] = (struct value){.kind = VALUE_TEXT, .text = known ? buffer_slice(&reader->snapshot) : slice_text("")};
    return fixed_select(progress_sql, values, 2);
}

/* Makes the statements of what is wanted. */
static enum error
rows_ask(struct row_reader *base, const struct row_want *want, struct sink *sink, struct row_ask *asks, uint32_t *count)
{
    if (want->id != NULL) {
        asks[(*count)++].select = &base->rows;
        return select_item(&base->rows, &base->target, want->query, *want->id);
    }
    asks[(*count)++] = (struct row_ask){.select = &base->rows, .row = sink_take, .context = sink};
    enum error error = select_rows(&base->rows, &base->target, want->query);
    if (error != error_none || !want->query->total)
        return error;
    asks[(*count)++].select = &base->count;
    return select_count(&base->count, &base->target, want->query);
}

static enum error
page_take(struct postgres_reader *reader, const struct sink *sink, const PGresult *count, struct store_fault *fault)
{
    bool counted = false;
    if (sink->error != error_none)
        return fault_set(
            fault, sink->error, "%s: a row cannot be read: %s", reader->address.name, error_text(sink->error));
    enum error error = page_end(sink->page, sink->query, sink->more, &counted);
    if (error == error_none && counted)
        sink->page->total = (int64_t)result_number(count, 0, 0);
    return error;
}

static enum error
item_take(struct postgres_reader *reader, const struct sink *sink, const PGresult *result, struct store_fault *fault)
{
    if (PQntuples(result) == 0)
        return error_none;
    enum error error = row_text_pick(&sink->page->rows, sink->query, result_bytes(result, 0, SELECT_ROW));
    if (error != error_none)
        return fault_set(fault, error, "%s: a row cannot be read", reader->address.name);
    sink->page->count = 1;
    return error_none;
}

enum error
postgres_read(struct row_reader *base, const struct row_want *want, struct row_page *out, struct store_fault *fault)
{
    struct postgres_reader *reader = postgres_of(base);
    struct sink sink = {.query = want->query, .page = out};
    struct row_ask asks[3] = {0};
    struct select progress;
    struct value values[2];
    PGresult *results[2] = {NULL, NULL};
    uint32_t count = 0, first = want->progress != NULL;      /* result of what gives rows */
    enum error error = postgres_reader_ready(reader, fault); /* what folds follows from the connection */
    if (error != error_none)
        return error;
    if (want->progress != NULL) {
        progress = progress_select(reader, want, values);
        asks[count++].select = &progress;
    }
    if (want->query != NULL && rows_ask(base, want, &sink, asks, &count) != error_none)
        return fault_set(fault, error_no_memory, "no memory for a query");
    error = asks_run(reader, asks, count, results, 2, fault);
    if (error == error_none && want->progress != NULL)
        error = progress_take(reader, results[0], want, fault);
    if (error == error_none && want->query != NULL)
        error = want->id == NULL ? page_take(reader, &sink, results[first], fault)
                                 : item_take(reader, &sink, results[first], fault);
    results_clear(results, 2);
    return gone(error);
}
