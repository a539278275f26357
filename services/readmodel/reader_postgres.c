/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The reader on PostgreSQL: its connection, which is opened anew when it was lost, asking over it, builds and
 * checkpoints. */
#include <stdio.h>
#include <stdlib.h>

#include "services/readmodel/builds.h"
#include "services/readmodel/postgres_fold.h"
#include "services/readmodel/reader_postgres.h"

enum {
    SPARE_MS = 2000, /* beyond the server's own limit, before the connection is given up */
    LINK_MS = 3000,  /* for a dead server to be noticed */
};

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

enum error postgres_reader_ready(struct postgres_reader *reader, struct store_fault *fault)
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
        error = postgres_reader_ready(reader, fault);
    if (error == error_none)
        *out = &reader->base;
    else
        postgres_close(&reader->base);
    return error;
}

/* ---- asking ---- */

static enum error asks_try(struct postgres_reader *reader,
                           const struct row_ask *asks,
                           uint32_t count,
                           PGresult **results,
                           uint32_t wanted,
                           struct store_fault *fault)
{
    enum error error = postgres_reader_ready(reader, fault);
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
enum error asks_run(struct postgres_reader *reader,
                    const struct row_ask *asks,
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

static enum error fixed_run(struct postgres_reader *reader,
                            const char *sql,
                            const int64_t *parameter,
                            PGresult **out,
                            struct store_fault *fault)
{
    struct value value = {.kind = VALUE_INTEGER, .integer = parameter == NULL ? 0 : *parameter};
    struct select select = fixed_select(sql, &value, parameter != NULL);
    const struct row_ask ask = {.select = &select};
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
