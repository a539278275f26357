/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading from PostgreSQL: one connection, which is opened anew when it was lost. What one call asks goes out in one
 * pipeline, which is one transaction with one snapshot: how far a build is, whether the builds are those that are
 * known, a page and its total are one round trip, and all of one instant. */
#include <stdio.h>
#include <stdlib.h>

#include "services/readmodel/builds.h"
#include "services/readmodel/postgres_fold.h"
#include "services/readmodel/postgres_pipe.h"
#include "services/readmodel/reader_page.h"

enum {
    SPARE_MS = 2000, /* beyond the server's own limit, before the connection is given up */
    LINK_MS = 3000,  /* for a dead server to be noticed */
};

struct postgres_reader {
    struct row_reader base;
    struct server_address address;
    struct pg_link link;
    struct pipe pipe;
    struct buffer fold_from, fold_to;
    struct buffer snapshot; /* what was visible at base.moment, as the server says it */
};

static struct postgres_reader *postgres_of(struct row_reader *reader)
{
    return (struct postgres_reader *)reader;
}

/* ---- opening ---- */

/* A session of the store's is meant for index look-ups that write; queries are neither. */
static enum error session_begin(struct postgres_reader *reader, struct store_fault *fault)
{
    char sql[500];
    snprintf(sql,
             sizeof sql,
             "RESET plan_cache_mode; RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin;"
             " SET default_transaction_read_only = on; SET default_transaction_isolation = 'repeatable read';"
             " SET statement_timeout = %u; SET search_path = pg_catalog",
             reader->base.time_limit_ms);
    enum error error = pg_execute(&reader->link, sql, NULL, "beginning a session", fault);
    if (error == error_none)
        reader->base.target.fold_collation = postgres_fold_collation(&reader->link);
    return error;
}

static enum error link_ready(struct postgres_reader *reader, struct store_fault *fault)
{
    if (pg_is_open(&reader->link))
        return error_none;
    PQfinish(reader->link.connection);
    pipe_forget(&reader->pipe);
    buffer_clear(&reader->snapshot);
    enum error error = pg_open(&reader->link, &reader->address, fault);
    if (error == error_none)
        error = session_begin(reader, fault);
    if (error != error_none)
        pg_close(&reader->link);
    return error;
}

static void postgres_close(struct row_reader *base)
{
    struct postgres_reader *reader = postgres_of(base);
    pg_close(&reader->link);
    pipe_fini(&reader->pipe);
    address_fini(&reader->address);
    buffer_fini(&reader->fold_from);
    buffer_fini(&reader->fold_to);
    buffer_fini(&reader->snapshot);
    free(reader);
}

static enum error fold_pairs_make(struct postgres_reader *reader, struct store_fault *fault)
{
    postgres_fold_pairs(&reader->fold_from, &reader->fold_to);
    reader->base.target.fold_from = buffer_slice(&reader->fold_from);
    reader->base.target.fold_to = buffer_slice(&reader->fold_to);
    return reader->fold_from.failed || reader->fold_to.failed
               ? fault_set(fault, error_no_memory, "no memory for a reader")
               : error_none;
}

static enum error
postgres_open(struct row_reader **out, const struct row_reader_config *config, struct store_fault *fault)
{
    struct postgres_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return fault_set(fault, error_no_memory, "no memory for a reader");
    reader->base = (struct row_reader){.ops = &row_reader_postgres,
                                       .time_limit_ms = config->time_limit_ms ? config->time_limit_ms : TIME_LIMIT_MS,
                                       .target = {.dialect = DIALECT_POSTGRESQL}};
    enum error error =
        address_init(&reader->address, config->url, LINK_MS, config->holder ? config->holder : "reader", fault);
    reader->link.address = &reader->address;
    if (error == error_none)
        error = fold_pairs_make(reader, fault);
    if (error == error_none)
        error = link_ready(reader, fault);
    if (error == error_none)
        *out = &reader->base;
    else
        postgres_close(&reader->base);
    return error;
}

/* ---- asking ---- */

struct ask {
    const struct select *select;
    pipe_row row; /* given no row first: what came before does not count */
    void *context;
};

static enum error asks_try(struct postgres_reader *reader,
                           const struct ask *asks,
                           uint32_t count,
                           PGresult **results,
                           uint32_t wanted,
                           struct store_fault *fault)
{
    enum error error = link_ready(reader, fault);
    if (error != error_none)
        return error;
    pipe_begin(&reader->pipe,
               &reader->link,
               clock_boot_us() + ((uint64_t)reader->base.time_limit_ms * count + SPARE_MS) * 1000);
    for (uint32_t i = 0; i < count; i++) {
        if (asks[i].row != NULL)
            asks[i].row(asks[i].context, NULL);
        pipe_put(&reader->pipe, asks[i].select, asks[i].row, asks[i].context);
    }
    error = pipe_end(&reader->pipe, results, wanted, "a query", fault);
    return error != error_none && reader->pipe.cancelled ? error_timed_out : error;
}

/* That a connection was lost shows only when it is used: then a new one is tried at once. */
static enum error asks_run(struct postgres_reader *reader,
                           const struct ask *asks,
                           uint32_t count,
                           PGresult **results,
                           uint32_t wanted,
                           struct store_fault *fault)
{
    bool again = pg_is_open(&reader->link);
    enum error error = asks_try(reader, asks, count, results, wanted, fault);
    if (error == error_unreachable && again && !pg_is_open(&reader->link))
        error = asks_try(reader, asks, count, results, wanted, fault);
    return error;
}

/* A statement whose text is always the same. */
static struct select fixed_select(const char *sql, struct value *values, uint32_t count)
{
    return (struct select){
        .sql = {.data = (uint8_t *)(uintptr_t)sql, .size = strlen(sql)}, .count = count, .values = values};
}

static enum error fixed_run(struct postgres_reader *reader,
                            const char *sql,
                            const int64_t *parameter,
                            PGresult **out,
                            struct store_fault *fault)
{
    struct value value = {.kind = VALUE_INTEGER, .integer = parameter == NULL ? 0 : *parameter};
    struct select select = fixed_select(sql, &value, parameter != NULL);
    const struct ask ask = {.select = &select};
    return asks_run(reader, &ask, 1, out, 1, fault);
}

/* ---- builds and checkpoints ---- */

static const char change_sql[] = "SELECT value FROM fluvius_read.meta WHERE key = 'change'";
static const char builds_sql[] = "SELECT b.id, b.projection, b.models, b.fingerprint, b.incarnation, b.state,"
                                 " (SELECT value FROM fluvius_read.meta WHERE key = 'change'),"
                                 " (SELECT value FROM fluvius_read.meta WHERE key = 'incarnation')"
                                 " FROM (SELECT 1) one LEFT JOIN fluvius_read.build b ON true ORDER BY b.id";
static const char checkpoints_sql[] = "SELECT partition, seq, time_us, halted, fault FROM fluvius_read.checkpoint"
                                      " WHERE build = $1 ORDER BY partition";

static enum error
builds_fill(struct postgres_reader *reader, const PGresult *result, struct builds *out, struct store_fault *fault)
{
    enum { ID, PROJECTION, MODELS, FINGERPRINT, INCARNATION, STATE, CHANGE, LIVE };
    enum error error = error_none;
    for (int i = 0; i < PQntuples(result) && error == error_none; i++) {
        struct build_row row = {.id = (uint32_t)result_number(result, i, ID),
                                .projection = result_bytes(result, i, PROJECTION),
                                .models = result_bytes(result, i, MODELS),
                                .fingerprint = result_number(result, i, FINGERPRINT),
                                .incarnation = result_number(result, i, INCARNATION),
                                .state = (int64_t)result_number(result, i, STATE)};
        out->change = result_number(result, i, CHANGE);
        out->incarnation = result_number(result, i, LIVE);
        if (PQgetisnull(result, i, ID))
            continue;
        error = builds_add(out, &row);
        if (error != error_none)
            fault_set(fault, error, "%s: build %u cannot be read", reader->address.name, row.id);
    }
    return error;
}

static enum error postgres_builds(struct row_reader *base, struct store_fault *fault)
{
    struct postgres_reader *reader = postgres_of(base);
    struct builds builds = {0};
    PGresult *result = NULL;
    enum error error = fixed_run(reader, change_sql, NULL, &result, fault);
    bool same = error == error_none && base->builds_known && PQntuples(result) == 1 &&
                result_number(result, 0, 0) == base->builds.change;
    PQclear(result);
    if (error != error_none || same)
        return error;
    result = NULL;
    error = fixed_run(reader, builds_sql, NULL, &result, fault);
    if (error == error_none)
        error = builds_fill(reader, result, &builds, fault);
    PQclear(result);
    if (error != error_none) {
        builds_fini(&builds);
        return error;
    }
    builds_fini(&base->builds);
    base->builds = builds;
    base->builds_known = true;
    return error_none;
}

static enum error postgres_checkpoints(struct row_reader *base,
                                       uint32_t build,
                                       struct checkpoint *out,
                                       uint32_t partitions,
                                       struct buffer *memory,
                                       struct store_fault *fault)
{
    struct postgres_reader *reader = postgres_of(base);
    PGresult *result = NULL;
    enum error error = fixed_run(reader, checkpoints_sql, &(int64_t){build}, &result, fault);
    for (int i = 0; error == error_none && i < PQntuples(result); i++) {
        uint64_t partition = result_number(result, i, 0);
        if (partition >= partitions)
            continue;
        out[partition] = (struct checkpoint){.seq = result_number(result, i, 1),
                                             .time_us = (int64_t)result_number(result, i, 2),
                                             .halted = result_number(result, i, 3)};
        checkpoint_fault_put(&out[partition], result_bytes(result, i, 4), memory);
    }
    PQclear(result);
    return error;
}

static enum error postgres_has_writer(struct row_reader *base, bool *out, struct store_fault *fault)
{
    static const char sql[] = "SELECT count(*) FROM fluvius_read.projector WHERE until_us > fluvius_read.now_us()";
    PGresult *result = NULL;
    enum error error = fixed_run(postgres_of(base), sql, NULL, &result, fault);
    if (error == error_none)
        *out = PQntuples(result) == 1 && result_number(result, 0, 0) > 0;
    PQclear(result);
    return error;
}

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
rows_ask(struct row_reader *base, const struct row_want *want, struct sink *sink, struct ask *asks, uint32_t *count)
{
    if (want->id != NULL) {
        asks[(*count)++].select = &base->rows;
        return select_item(&base->rows, &base->target, want->query, *want->id);
    }
    asks[(*count)++] = (struct ask){.select = &base->rows, .row = sink_take, .context = sink};
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

static enum error
postgres_read(struct row_reader *base, const struct row_want *want, struct row_page *out, struct store_fault *fault)
{
    struct postgres_reader *reader = postgres_of(base);
    struct sink sink = {.query = want->query, .page = out};
    struct ask asks[3] = {0};
    struct select progress;
    struct value values[2];
    PGresult *results[2] = {NULL, NULL};
    uint32_t count = 0, first = want->progress != NULL; /* result of what gives rows */
    enum error error = link_ready(reader, fault);       /* what folds follows from the connection */
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

const struct row_reader_ops row_reader_postgres = {
    .scheme = "postgresql",
    .remembers = true,
    .open = postgres_open,
    .close = postgres_close,
    .builds = postgres_builds,
    .checkpoints = postgres_checkpoints,
    .has_writer = postgres_has_writer,
    .read = postgres_read,
};
