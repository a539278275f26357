/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The writer on PostgreSQL: its session and migrations. A session that breaks is opened again when it is next used;
 * nothing of a transaction that was under way is known then, so callers read the checkpoints again. */
#include "services/readmodel/postgres_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/readmodel/readmodel-postgres_schema.h"

static const char *const migrations[] = {SCHEMA_SQL};
enum { FORMAT = sizeof migrations / sizeof migrations[0] };

#define ADVISORY_LOCK "7307498462" /* any number that others are not likely to choose */

/* See writer.h for why a commit need not wait for the disk. */
static const char session_sql[] = "SET synchronous_commit = off; SET search_path = pg_catalog, pg_temp";

/* ---- statements ---- */

void postgres_rollback(struct postgres_writer *writer)
{
    if (pg_is_open(&writer->link) && PQtransactionStatus(writer->link.connection) != PQTRANS_IDLE)
        pg_execute(&writer->link, "ROLLBACK", NULL, "", NULL);
    if (!pg_is_open(&writer->link))
        pg_close(&writer->link);
}

enum error postgres_run(struct postgres_writer *writer, const char *doing, struct store_fault *fault)
{
    buffer_append(&writer->sql, "", 1);
    if (writer->sql.failed)
        return fault_set(fault, error_no_memory, "no memory for SQL");
    enum error error = pg_execute(&writer->link, (const char *)writer->sql.data, NULL, doing, fault);
    if (error != error_none)
        postgres_rollback(writer);
    return error;
}

enum error postgres_ask(struct postgres_writer *writer,
                        const char *sql,
                        const struct parameters *parameters,
                        PGresult **out,
                        const char *doing,
                        struct store_fault *fault)
{
    PGresult *result = PQexecParams(writer->link.connection,
                                    sql,
                                    parameters->count,
                                    NULL,
                                    parameters->values,
                                    parameters->sizes,
                                    parameters->formats,
                                    1);
    ExecStatusType status = PQresultStatus(result);
    enum error error = error_none;
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        error = pg_fault(&writer->link, result, doing, fault);
    if (error == error_none && out != NULL)
        *out = result;
    else
        PQclear(result);
    if (error != error_none)
        postgres_rollback(writer);
    return error;
}

enum error postgres_asked(struct postgres_writer *writer,
                          const char *sql,
                          const struct parameters *parameters,
                          bool *out,
                          struct store_fault *fault)
{
    PGresult *result;
    enum error error = postgres_ask(writer, sql, parameters, &result, "looking at builds", fault);
    if (error != error_none)
        return error;
    *out = PQntuples(result) > 0;
    PQclear(result);
    return error_none;
}

enum error postgres_put(struct postgres_writer *writer, uint32_t arrays, struct store_fault *fault)
{
    struct value values[POSTGRES_MOVE_COLUMNS];
    bool failed = writer->sql.failed;
    for (uint32_t i = 0; i < arrays; i++) {
        values[i] = (struct value){.kind = VALUE_BYTES, .text = buffer_slice(&writer->arrays[i])};
        failed = failed || writer->arrays[i].failed;
    }
    if (failed)
        return fault_set(fault, error_no_memory, "no memory for rows");
    const struct select select = {.sql = writer->sql, .count = arrays, .values = values};
    pipe_put(&writer->pipe, &select, NULL, NULL);
    return error_none;
}

/* ---- migrations ---- */

static enum error number_ask(struct pg_link *link, const char *sql, uint64_t *out, struct store_fault *fault)
{
    PGresult *result;
    enum error error = pg_execute(link, sql, &result, "looking for the schema of the read models", fault);
    if (error != error_none)
        return error;
    *out = PQntuples(result) == 1 ? strtoull(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return error_none;
}

static enum error format_ask(struct pg_link *link, uint64_t *out, struct store_fault *fault)
{
    uint64_t there = 0;
    *out = 0;
    enum error error =
        number_ask(link,
                   "SELECT count(*) FROM pg_tables WHERE schemaname = 'fluvius_read' AND tablename = 'migration'",
                   &there,
                   fault);
    if (error == error_none && there != 0)
        error = number_ask(link, "SELECT coalesce(max(number), 0) FROM fluvius_read.migration", out, fault);
    if (error == error_none && *out > FORMAT)
        return fault_set(fault,
                         error_newer_schema,
                         "%s: the schema fluvius_read has format %" PRIu64 ", and this program knows those up to %d",
                         link->address->name,
                         *out,
                         FORMAT);
    return error;
}

static enum error migrations_run(struct pg_link *link, struct store_fault *fault)
{
    static const char doing[] = "migrating the schema of the read models";
    uint64_t format = 0;
    enum error error = format_ask(link, &format, fault);
    for (uint64_t done = format; done < FORMAT && error == error_none; done++) {
        char note[96];
        snprintf(note, sizeof note, "INSERT INTO fluvius_read.migration (number) VALUES (%" PRIu64 ")", done + 1);
        error = pg_execute(link, migrations[done], NULL, doing, fault);
        if (error == error_none)
            error = pg_execute(link, note, NULL, doing, fault);
    }
    return error;
}

/* Of many that start at once one does it, and the others find it done. */
static enum error migrate(struct pg_link *link, struct store_fault *fault)
{
    uint64_t format;
    enum error error = format_ask(link, &format, fault);
    if (error != error_none || format == FORMAT)
        return error;
    error = pg_execute(
        link, "BEGIN; SELECT pg_advisory_xact_lock(" ADVISORY_LOCK ")", NULL, "waiting for other migrations", fault);
    if (error == error_none)
        error = migrations_run(link, fault);
    if (error == error_none)
        return pg_execute(link, "COMMIT", NULL, "migrating the schema of the read models", fault);
    pg_execute(link, "ROLLBACK", NULL, "", NULL);
    return error;
}

/* ---- the session ---- */

/* A database that was just made is of the log whose projector made it. */
static enum error incarnation_put(struct postgres_writer *writer, struct store_fault *fault)
{
    buffer_clear(&writer->sql);
    buffer_printf(&writer->sql,
                  "INSERT INTO fluvius_read.meta (key, value) VALUES ('incarnation', %" PRId64 ")"
                  " ON CONFLICT (key) DO NOTHING",
                  (int64_t)writer->incarnation);
    return postgres_run(writer, "writing meta", fault);
}

enum error postgres_ready(struct postgres_writer *writer, struct store_fault *fault)
{
    if (pg_is_open(&writer->link))
        return error_none;
    pg_close(&writer->link);
    pipe_forget(&writer->pipe);
    writer->row_type_count = 0;
    writer->epoch = 0; /* until the next beat, over the new session */
    enum error error = pg_open(&writer->link, &writer->address, fault);
    if (error == error_none)
        error = migrate(&writer->link, fault);
    if (error == error_none)
        error = pg_execute(&writer->link, session_sql, NULL, "beginning a session", fault);
    if (error == error_none)
        error = incarnation_put(writer, fault);
    if (error != error_none)
        pg_close(&writer->link);
    return error;
}

/* ---- opening and closing ---- */

static void writer_fini(struct postgres_writer *writer)
{
    pg_close(&writer->link);
    address_fini(&writer->address);
    free(writer->holder);
    pipe_fini(&writer->pipe);
    for (uint32_t i = 0; i < POSTGRES_MOVE_COLUMNS; i++)
        buffer_fini(&writer->arrays[i]);
    free(writer->row_types);
    buffer_fini(&writer->sql);
    buffer_fini(&writer->scratch);
}

static void postgres_writer_close(struct writer **base)
{
    struct postgres_writer *writer = postgres_writer_of(*base);
    if (pg_is_open(&writer->link))
        postgres_leave(writer);
    writer_fini(writer);
    free(writer);
    *base = NULL;
}

static enum error
postgres_writer_open(struct writer **out, const struct writer_config *config, struct store_fault *fault)
{
    struct postgres_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return fault_set(fault, error_no_memory, "no memory for a writer");
    struct writer *base = &writer->base;
    base->ops = &writer_postgres_ops;
    writer->boot = config->boot;
    writer->lease_us = (uint64_t)config->lease_ms * 1000;
    writer->incarnation = config->incarnation;
    writer->partitions = config->partitions;
    writer->holder = strdup(config->holder);
    enum error error = writer->holder == NULL
                           ? error_no_memory
                           : address_init(&writer->address, config->url, config->lease_ms, config->holder, fault);
    writer->link.address = &writer->address;
    if (error == error_none)
        error = postgres_ready(writer, fault);
    if (error == error_none)
        *out = base;
    else
        postgres_writer_close(&base);
    return error;
}

/* Opens a session for one thing; freed with writer_fini. */
static enum error session_once(struct postgres_writer *writer, const char *url, struct store_fault *fault)
{
    *writer = (struct postgres_writer){0};
    writer->link.address = &writer->address;
    enum error error = address_init(&writer->address, url, WRITER_LEASE_MS, "fluvius", fault);
    return error == error_none ? pg_open(&writer->link, &writer->address, fault) : error;
}

static enum error postgres_migrate(const char *url, struct store_fault *fault)
{
    struct postgres_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return fault_set(fault, error_no_memory, "no memory for a session");
    enum error error = session_once(writer, url, fault);
    if (error == error_none)
        error = migrate(&writer->link, fault);
    writer_fini(writer);
    free(writer);
    return error;
}

static enum error request_put(struct postgres_writer *writer, struct slice projection, struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_bytes(&parameters, projection);
    return postgres_ask(writer,
                        "INSERT INTO fluvius_read.request (projection) VALUES ($1::text) ON CONFLICT DO NOTHING",
                        &parameters,
                        NULL,
                        "asking for a rebuild",
                        fault);
}

static enum error postgres_request(const char *url, struct slice projection, struct store_fault *fault)
{
    struct postgres_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return fault_set(fault, error_no_memory, "no memory for a session");
    enum error error = session_once(writer, url, fault);
    if (error == error_none)
        error = request_put(writer, projection, fault);
    writer_fini(writer);
    free(writer);
    return error;
}

const struct writer_ops writer_postgres_ops = {
    .scheme = "postgresql",
    .open = postgres_writer_open,
    .close = postgres_writer_close,
    .migrate = postgres_migrate,
    .beat = postgres_writer_beat,
    .ranks = postgres_ranks,
    .enter = postgres_enter,
    .builds = postgres_builds,
    .build = postgres_build,
    .live = postgres_live,
    .analyze = postgres_analyze,
    .retire = postgres_retire,
    .held = postgres_held,
    .drop = postgres_drop,
    .request = postgres_request,
    .requested = postgres_requested,
    .checkpoints = postgres_checkpoints,
    .load = postgres_load,
    .commit = postgres_commit_batch,
};
