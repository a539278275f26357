/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading from PostgreSQL: one connection, which is opened anew when it was lost. What one call asks goes out in one
 * pipeline: a page and its total are one round trip. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "services/readmodel/builds.h"
#include "services/readmodel/reader_page.h"
#include "services/readmodel/words.h"
#include "services/store/postgres_link.h"

enum {
    SPARE_MS = 2000, /* beyond the server's own limit, before the connection is given up */
    LINK_MS = 3000,  /* for a dead server to be noticed */
    TYPE_BIGINT = 20,
    TYPE_TEXT = 25,
    TYPE_DOUBLE = 701,
    PIPE_MAX = 8,
    PIPED_ROWS = -1, /* gives rows to the sink */
    PIPED_OTHER = -2
};

struct statement {
    uint64_t hash;   /* of its text; 0: not prepared */
    uint64_t number; /* of its name; 0: none yet. A name is never used again */
    uint64_t used;
};

struct postgres_reader {
    struct row_reader base;
    struct server_address address;
    struct pg_link link;
    struct buffer fold_from, fold_to;
    struct statement statements[STATEMENTS_MAX];
    uint64_t uses, names, deadline_us;
    /* of the pipeline that is being sent: which statement each prepares, or PIPED_... */
    int piped[PIPE_MAX];
    uint32_t piped_count;
    const char **values;
    int *sizes, *formats;
    Oid *types;
    uint64_t *numbers;
    uint32_t capacity;
};

static struct postgres_reader *postgres_of(struct row_reader *reader)
{
    return (struct postgres_reader *)reader;
}

/* What an error of a query means: its time was over, or its table is not there any more. */
static enum error
query_fault_of(struct postgres_reader *reader, const PGresult *result, const char *doing, struct store_fault *fault)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    enum error error = pg_fault(&reader->link, result, doing, fault);
    return state != NULL && strcmp(state, "57014") == 0 ? error_timed_out : error;
}

/* ---- folding ---- */

/* Collations whose lower() may be the one of words.h; each is tried. They are identifiers of ours, not of anybody. */
static const char *const collations[] = {
    "\"C.utf8\"", "\"C.UTF-8\"", "\"pg_c_utf8\"", "\"en_US.utf8\"", "\"en_US.UTF-8\"", "\"und-x-icu\""};

/* All characters that a collation changes: what they are, and what they become. */
static bool folding_is_ours(const PGresult *result)
{
    uint32_t upper, lower, pairs = 0;
    int rows = PQntuples(result);
    while (fold_pair(pairs, &upper, &lower)) {
        if ((int)pairs >= rows || strtoul(PQgetvalue(result, (int)pairs, 0), NULL, 10) != upper ||
            strtoul(PQgetvalue(result, (int)pairs, 1), NULL, 10) != lower)
            return false;
        pairs++;
    }
    return (int)pairs == rows;
}

static bool collation_fits(struct postgres_reader *reader, const char *collation)
{
    char sql[640];
    PGresult *result = NULL;
    snprintf(sql,
             sizeof sql,
             "SELECT i, ascii(lower(chr(i) COLLATE %s)) FROM generate_series(128, 131071) i "
             "WHERE i NOT BETWEEN 55296 AND 57343 AND lower(chr(i) COLLATE %s) COLLATE \"C\" <> chr(i) ORDER BY i",
             collation,
             collation);
    bool fits = pg_execute(&reader->link, sql, &result, "looking for a collation", NULL) == error_none &&
                folding_is_ours(result);
    PQclear(result);
    return fits;
}

/* One that is not there is an error of a statement, and no harm. */
static void collation_choose(struct postgres_reader *reader)
{
    reader->base.target.fold_collation = NULL;
    for (size_t i = 0; i < sizeof collations / sizeof collations[0]; i++)
        if (collation_fits(reader, collations[i])) {
            reader->base.target.fold_collation = collations[i];
            return;
        }
}

static void character_put(struct buffer *out, uint32_t character)
{
    char bytes[4];
    size_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size; i-- > 1; character >>= 6)
        bytes[i] = (char)(0x80 | (character & 0x3f));
    bytes[0] = (char)(leads[size] | character);
    buffer_append(out, bytes, size);
}

static bool fold_pairs_make(struct postgres_reader *reader)
{
    uint32_t upper, lower;
    for (uint32_t i = 0; fold_pair(i, &upper, &lower); i++) {
        character_put(&reader->fold_from, upper);
        character_put(&reader->fold_to, lower);
    }
    reader->base.target.fold_from = buffer_slice(&reader->fold_from);
    reader->base.target.fold_to = buffer_slice(&reader->fold_to);
    return !reader->fold_from.failed && !reader->fold_to.failed;
}

/* ---- opening ---- */

/* A session of the store's is meant for index look-ups that write; queries are neither. */
static enum error session_begin(struct postgres_reader *reader, struct store_fault *fault)
{
    char sql[400];
    snprintf(sql,
             sizeof sql,
             "RESET plan_cache_mode; RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin;"
             " SET default_transaction_read_only = on; SET statement_timeout = %u; SET search_path = pg_catalog",
             reader->base.time_limit_ms);
    enum error error = pg_execute(&reader->link, sql, NULL, "beginning a session", fault);
    if (error == error_none)
        collation_choose(reader);
    return error;
}

static enum error link_ready(struct postgres_reader *reader, struct store_fault *fault)
{
    if (pg_is_open(&reader->link))
        return error_none;
    PQfinish(reader->link.connection);
    memset(reader->statements, 0, sizeof reader->statements);
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
    address_fini(&reader->address);
    buffer_fini(&reader->fold_from);
    buffer_fini(&reader->fold_to);
    free(reader->values);
    free(reader->sizes);
    free(reader->formats);
    free(reader->types);
    free(reader->numbers);
    free(reader);
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
    if (error == error_none && !fold_pairs_make(reader))
        error = fault_set(fault, error_no_memory, "no memory for a reader");
    if (error == error_none)
        error = link_ready(reader, fault);
    if (error == error_none)
        *out = &reader->base;
    else
        postgres_close(&reader->base);
    return error;
}

/* ---- sending ---- */

static bool arrays_grow(struct postgres_reader *reader, uint32_t count)
{
    if (count <= reader->capacity)
        return true;
    free(reader->values);
    free(reader->sizes);
    free(reader->formats);
    free(reader->types);
    free(reader->numbers);
    reader->values = calloc(count, sizeof reader->values[0]);
    reader->sizes = calloc(count, sizeof reader->sizes[0]);
    reader->formats = calloc(count, sizeof reader->formats[0]);
    reader->types = calloc(count, sizeof reader->types[0]);
    reader->numbers = calloc(count, sizeof reader->numbers[0]);
    bool all = reader->values && reader->sizes && reader->formats && reader->types && reader->numbers;
    reader->capacity = all ? count : 0;
    return all;
}

static void value_put(struct postgres_reader *reader, uint32_t i, const struct value *value)
{
    reader->formats[i] = 1;
    if (value->kind == VALUE_TEXT) {
        reader->types[i] = TYPE_TEXT;
        reader->values[i] = value->text.size == 0 ? "" : (const char *)value->text.data;
        reader->sizes[i] = (int)value->text.size;
        return;
    }
    uint64_t bits;
    memcpy(&bits, &value->integer, sizeof bits); /* or the double's: they share their place */
    store_big_endian((uint8_t *)&reader->numbers[i], bits);
    reader->types[i] = value->kind == VALUE_DOUBLE ? TYPE_DOUBLE : TYPE_BIGINT;
    reader->values[i] = (const char *)&reader->numbers[i];
    reader->sizes[i] = sizeof reader->numbers[i];
}

static void name_of(uint64_t number, char name[24])
{
    snprintf(name, 24, "q%llu", (unsigned long long)number);
}

/* The place of a statement: its own, or that of the one that was not used for longest. */
static int statement_place(const struct postgres_reader *reader, uint64_t hash)
{
    int oldest = 0;
    for (int i = 0; i < STATEMENTS_MAX; i++) {
        if (reader->statements[i].hash == hash)
            return i;
        if (reader->statements[i].used < reader->statements[oldest].used)
            oldest = i;
    }
    return oldest;
}

static bool pipe_add(struct postgres_reader *reader, int piped, int sent)
{
    reader->piped[reader->piped_count++] = piped;
    return sent == 1;
}

/* Takes the place of another, which the server then forgets. */
static bool statement_prepare(struct postgres_reader *reader, const struct select *select, int place, uint64_t hash)
{
    struct statement *statement = &reader->statements[place];
    PGconn *connection = reader->link.connection;
    char name[24], sql[40];
    if (statement->number != 0) {
        name_of(statement->number, name);
        snprintf(sql, sizeof sql, "DEALLOCATE %s", name);
        if (!pipe_add(reader, PIPED_OTHER, PQsendQueryParams(connection, sql, 0, NULL, NULL, NULL, NULL, 1)))
            return false;
    }
    statement->hash = hash;
    statement->number = ++reader->names;
    name_of(statement->number, name);
    return pipe_add(reader,
                    place,
                    PQsendPrepare(connection, name, (const char *)select->sql.data, (int)select->count, reader->types));
}

/* Sends a statement, and before it, where it is new here, its text. piped: what its answer is for. */
static bool select_send(struct postgres_reader *reader, const struct select *select, int piped)
{
    uint64_t hash = XXH3_64bits(select->sql.data, select->sql.size);
    char name[24];
    if (!arrays_grow(reader, select->count))
        return false;
    for (uint32_t i = 0; i < select->count; i++)
        value_put(reader, i, &select->values[i]);
    int place = statement_place(reader, hash);
    if (reader->statements[place].hash != hash && !statement_prepare(reader, select, place, hash))
        return false;
    reader->statements[place].used = ++reader->uses;
    name_of(reader->statements[place].number, name);
    return pipe_add(
        reader,
        piped,
        PQsendQueryPrepared(
            reader->link.connection, name, (int)select->count, reader->values, reader->sizes, reader->formats, 1));
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

/* Where the rows of a pipeline's first statement go. */
struct sink {
    const struct query *query;
    struct row_page *page;
    bool more; /* the page is full: what follows is dropped */
    enum error error;
};

static void sink_begin(struct sink *sink)
{
    page_begin(sink->page);
    sink->more = false;
    sink->error = error_none;
}

static void sink_take(struct sink *sink, const PGresult *result)
{
    struct value columns[SELECT_SORT + QUERY_SORT_MAX + 2];
    for (int i = 0; i < PQntuples(result) && sink->error == error_none && !sink->more; i++) {
        columns_read(result, i, sink->query, columns);
        sink->error = page_add(sink->page, sink->query, columns, &sink->more);
    }
}

/* ---- answers ---- */

static bool answer_wait(struct postgres_reader *reader)
{
    PGconn *connection = reader->link.connection;
    while (PQisBusy(connection)) {
        uint64_t now_us = clock_boot_us();
        struct pollfd file = {.fd = PQsocket(connection), .events = POLLIN};
        if (now_us >= reader->deadline_us)
            return false;
        if (poll(&file, 1, (int)((reader->deadline_us - now_us) / 1000) + 1) < 0 && errno != EINTR)
            return false;
        if (PQconsumeInput(connection) != 1)
            return true; /* broken: reading the result says how */
    }
    return true;
}

/* The next result; NULL at the end of one statement's, or when the time has come or the connection was lost. */
static PGresult *answer_take(struct postgres_reader *reader)
{
    return answer_wait(reader) ? PQgetResult(reader->link.connection) : NULL;
}

static bool answer_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Rows come one by one: a thousand may have a megabyte each, and no more than fits the page is kept. Returns what ends
 * them. */
static PGresult *rows_take(struct postgres_reader *reader, struct sink *sink)
{
    PGresult *result;
    PQsetSingleRowMode(reader->link.connection);
    while ((result = answer_take(reader)) != NULL && PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        sink_take(sink, result);
        PQclear(result);
    }
    return result;
}

/* Reads all that was sent; results are those of statements that gave rows, in order, without those that went to the
 * sink. One that failed ends the others. */
static enum error pipe_take(
    struct postgres_reader *reader, struct sink *sink, PGresult **results, uint32_t wanted, struct store_fault *fault)
{
    enum error error = error_none;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < reader->piped_count; i++) {
        PGresult *result = reader->piped[i] == PIPED_ROWS ? rows_take(reader, sink) : answer_take(reader);
        bool good = result != NULL && answer_good(result);
        if (!good && reader->piped[i] >= 0)
            reader->statements[reader->piped[i]] = (struct statement){0};
        if (!good && error == error_none)
            error = query_fault_of(reader, result, "a query", fault);
        if (good && PQresultStatus(result) == PGRES_TUPLES_OK && taken < wanted) {
            results[taken++] = result;
            result = NULL;
        }
        PQclear(result);
        PQclear(answer_take(reader)); /* NULL, between two statements */
    }
    PGresult *sync = answer_take(reader);
    bool whole = PQresultStatus(sync) == PGRES_PIPELINE_SYNC;
    PQclear(sync);
    if (!whole || PQexitPipelineMode(reader->link.connection) != 1) {
        bool late = clock_boot_us() >= reader->deadline_us;
        pg_close(&reader->link);
        if (error == error_none || error == error_unreachable)
            error = fault_set(fault,
                              late ? error_timed_out : error_unreachable,
                              "%s: a query: %s",
                              reader->address.name,
                              late ? "no answer in time" : "the connection was lost");
    }
    return error;
}

static void results_clear(PGresult **results, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}

static enum error pipe_run(struct postgres_reader *reader,
                           const struct select *const *selects,
                           uint32_t count,
                           struct sink *sink,
                           PGresult **results,
                           struct store_fault *fault)
{
    reader->piped_count = 0;
    if (sink != NULL)
        sink_begin(sink);
    reader->deadline_us = clock_boot_us() + ((uint64_t)reader->base.time_limit_ms * count + SPARE_MS) * 1000;
    bool sent = PQenterPipelineMode(reader->link.connection) == 1;
    for (uint32_t i = 0; i < count && sent; i++)
        sent = select_send(reader, selects[i], sink != NULL && i == 0 ? PIPED_ROWS : PIPED_OTHER);
    if (!sent || PQpipelineSync(reader->link.connection) != 1) {
        enum error error = pg_fault(&reader->link, NULL, "sending a query", fault);
        pg_close(&reader->link);
        return error == error_none ? error_unreachable : error;
    }
    enum error error = pipe_take(reader, sink, results, count, fault);
    if (error != error_none)
        results_clear(results, count);
    return error;
}

/* That a connection was lost shows only when it is used: then a new one is tried at once. With a sink the rows of the
 * first statement go there. */
static enum error selects_run(struct postgres_reader *reader,
                              const struct select *const *selects,
                              uint32_t count,
                              struct sink *sink,
                              PGresult **results,
                              struct store_fault *fault)
{
    bool again = pg_is_open(&reader->link);
    enum error error = link_ready(reader, fault);
    if (error == error_none)
        error = pipe_run(reader, selects, count, sink, results, fault);
    if (error != error_unreachable || !again || pg_is_open(&reader->link))
        return error;
    error = link_ready(reader, fault);
    return error == error_none ? pipe_run(reader, selects, count, sink, results, fault) : error;
}

/* A statement that is always the same, with at most one parameter. */
static enum error fixed_run(struct postgres_reader *reader,
                            const char *sql,
                            const int64_t *parameter,
                            PGresult **out,
                            struct store_fault *fault)
{
    struct value value = {.kind = VALUE_INTEGER, .integer = parameter == NULL ? 0 : *parameter};
    struct select select = {
        .sql = {.data = (uint8_t *)(uintptr_t)sql, .size = strlen(sql)}, .count = parameter != NULL, .values = &value};
    const struct select *selects[] = {&select};
    return selects_run(reader, selects, 1, NULL, out, fault);
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

/* ---- queries ---- */

/* The table of a build that was dropped meanwhile. */
static enum error gone(enum error error)
{
    return error == error_missing_schema ? error_not_found : error;
}

static enum error
postgres_select(struct row_reader *base, const struct query *query, struct row_page *out, struct store_fault *fault)
{
    struct postgres_reader *reader = postgres_of(base);
    struct sink sink = {.query = query, .page = out};
    PGresult *results[2] = {NULL, NULL};
    bool count = false;
    enum error error = link_ready(reader, fault); /* what folds follows from the connection */
    if (error != error_none)
        return error;
    error = select_rows(&base->rows, &base->target, query);
    if (error == error_none && query->total)
        error = select_count(&base->count, &base->target, query);
    if (error != error_none)
        return fault_set(fault, error, "no memory for a query");
    const struct select *selects[] = {&base->rows, &base->count};
    error = selects_run(reader, selects, query->total ? 2 : 1, &sink, results, fault);
    if (error == error_none && sink.error != error_none)
        error =
            fault_set(fault, sink.error, "%s: a row cannot be read: %s", reader->address.name, error_text(sink.error));
    if (error == error_none)
        error = page_end(out, query, sink.more, &count);
    if (error == error_none && count)
        out->total = (int64_t)result_number(results[1], 0, 0);
    results_clear(results, 2);
    return gone(error);
}

static enum error postgres_item(struct row_reader *base,
                                const struct query *query,
                                struct slice id,
                                struct row_page *out,
                                struct store_fault *fault)
{
    struct postgres_reader *reader = postgres_of(base);
    struct value columns[SELECT_SORT + QUERY_SORT_MAX + 2] = {0};
    PGresult *result = NULL;
    if (select_item(&base->rows, &base->target, query, id) != error_none)
        return fault_set(fault, error_no_memory, "no memory for a query");
    const struct select *selects[] = {&base->rows};
    enum error error = selects_run(reader, selects, 1, NULL, &result, fault);
    if (error == error_none && PQntuples(result) > 0) {
        columns_read(result, 0, query, columns);
        error = row_text_pick(&out->rows, query, columns[SELECT_ROW].text);
        out->count = error == error_none;
        if (error != error_none)
            fault_set(fault, error, "%s: a row cannot be read", reader->address.name);
    }
    PQclear(result);
    return gone(error);
}

const struct row_reader_ops row_reader_postgres = {
    .scheme = "postgresql",
    .open = postgres_open,
    .close = postgres_close,
    .builds = postgres_builds,
    .checkpoints = postgres_checkpoints,
    .has_writer = postgres_has_writer,
    .select = postgres_select,
    .item = postgres_item,
};
