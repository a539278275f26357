/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Builds on PostgreSQL. Whoever changes the table build locks it first, so that of projectors which start at once one
 * makes a build and the others find it. */
#include "services/readmodel/postgres_writer.h"

#include <inttypes.h>

/* Who stops while it holds the lock must not hold all others up: it loses its session, and they wait no longer than a
 * beat can be late. */
static void lock_sql(struct postgres_writer *writer)
{
    uint64_t lease_ms = writer->lease_us / 1000;
    buffer_clear(&writer->sql);
    buffer_printf(&writer->sql,
                  "BEGIN; SET LOCAL lock_timeout = %" PRIu64
                  "; SET LOCAL idle_in_transaction_session_timeout = %" PRIu64
                  "; LOCK TABLE fluvius_read.build IN SHARE ROW EXCLUSIVE MODE; ",
                  lease_ms / 2,
                  2 * lease_ms);
}

enum error postgres_builds_lock(struct postgres_writer *writer, struct store_fault *fault)
{
    lock_sql(writer);
    return postgres_run(writer, "locking the builds", fault);
}

/* ---- reading ---- */

static enum error rows_take(const PGresult *result, struct builds *out, struct store_fault *fault)
{
    enum error error = error_none;
    for (int i = 0; i < PQntuples(result) && error == error_none; i++) {
        out->incarnation = result_number(result, i, 6);
        out->change = result_number(result, i, 7);
        if (PQgetisnull(result, i, 0))
            continue; /* there is none */
        const struct build_row row = {.id = (uint32_t)result_number(result, i, 0),
                                      .projection = result_bytes(result, i, 1),
                                      .fingerprint = result_number(result, i, 2),
                                      .incarnation = result_number(result, i, 3),
                                      .state = (int64_t)result_number(result, i, 4),
                                      .models = result_bytes(result, i, 5)};
        error = builds_add(out, &row);
        if (error != error_none)
            error = fault_set(fault, error, "build %u: %s", row.id, error_text(error));
    }
    return error;
}

enum error postgres_builds(struct writer *base, struct builds *out, struct store_fault *fault)
{
    static const char sql[] =
        "SELECT b.id, b.projection, b.fingerprint, b.incarnation, b.state, b.models, i.value, c.value"
        " FROM fluvius_read.meta c LEFT JOIN fluvius_read.meta i ON i.key = 'incarnation'"
        " LEFT JOIN fluvius_read.build b ON true WHERE c.key = 'change' ORDER BY b.id";
    struct postgres_writer *writer = postgres_writer_of(base);
    struct parameters none = {0};
    struct builds builds = {0};
    PGresult *result;
    enum error error = postgres_ready(writer, fault);
    if (error == error_none)
        error = postgres_ask(writer, sql, &none, &result, "reading the builds", fault);
    if (error != error_none)
        return error;
    error = rows_take(result, &builds, fault);
    PQclear(result);
    if (error == error_none)
        *out = builds;
    else
        builds_fini(&builds);
    return error;
}

/* ---- making one ---- */

/* Is its module the newest? */
static enum error
module_newest(struct postgres_writer *writer, const struct module_key *module, bool *out, struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_bytes(&parameters, module->namespace);
    parameter_number(&parameters, module->fingerprint);
    return postgres_asked(
        writer,
        "SELECT 1 FROM fluvius_read.module m WHERE m.namespace = $1::text AND m.fingerprint = $2::bigint"
        " AND m.number = (SELECT max(number) FROM fluvius_read.module WHERE namespace = $1::text)",
        &parameters,
        out,
        fault);
}

static enum error
build_wanted(struct postgres_writer *writer, const struct build_plan *plan, bool *out, struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_bytes(&parameters, plan->projection);
    if (plan->anew)
        return postgres_asked(writer,
                              "DELETE FROM fluvius_read.request WHERE projection = $1::text RETURNING 1",
                              &parameters,
                              out,
                              fault);
    parameter_number(&parameters, plan->fingerprint);
    parameter_number(&parameters, plan->incarnation);
    bool there = false;
    enum error error =
        postgres_asked(writer,
                       "SELECT 1 FROM fluvius_read.build WHERE projection = $1::text AND fingerprint = $2::bigint"
                       " AND incarnation = $3::bigint AND state <> 2",
                       &parameters,
                       &there,
                       fault);
    *out = !there;
    return error;
}

static enum error
row_make(struct postgres_writer *writer, const struct build_plan *plan, uint32_t *build, struct store_fault *fault)
{
    static const char sql[] =
        "WITH retired AS (UPDATE fluvius_read.build SET state = 2, changed_us = fluvius_read.now_us()"
        " WHERE projection = $1::text AND state = 0)"
        " INSERT INTO fluvius_read.build (projection, fingerprint, incarnation, state, models, created_us, changed_us)"
        " VALUES ($1::text, $2::bigint, $3::bigint, 0, $4::bytea, fluvius_read.now_us(), fluvius_read.now_us())"
        " RETURNING id";
    struct parameters parameters = {0};
    PGresult *result;
    buffer_clear(&writer->scratch);
    models_write(&writer->scratch, plan->models, plan->model_count);
    if (writer->scratch.failed)
        return fault_set(fault, error_no_memory, "no memory for a build");
    parameter_bytes(&parameters, plan->projection);
    parameter_number(&parameters, plan->fingerprint);
    parameter_number(&parameters, plan->incarnation);
    parameter_bytes(&parameters, buffer_slice(&writer->scratch));
    enum error error = postgres_ask(writer, sql, &parameters, &result, "making a build", fault);
    if (error != error_none)
        return error;
    *build = (uint32_t)result_number(result, 0, 0);
    PQclear(result);
    return error_none;
}

static enum error build_make(struct postgres_writer *writer, const struct build_plan *plan, struct store_fault *fault)
{
    uint32_t build = 0;
    enum error error = row_make(writer, plan, &build, fault);
    if (error != error_none)
        return error;
    buffer_clear(&writer->sql);
    for (uint32_t i = 0; i < plan->model_count; i++)
        table_create(&writer->sql, DIALECT_POSTGRESQL, build, i, &plan->models[i]);
    buffer_printf(&writer->sql,
                  "INSERT INTO fluvius_read.checkpoint (build, partition, seq, time_us, halted, fault)"
                  " SELECT %u, p, 0, 0, 0, '' FROM generate_series(0, %u) p;"
                  " INSERT INTO fluvius_read.slot (build, slot) SELECT %u, s FROM generate_series(0, %d) s;"
                  " " POSTGRES_CHANGE,
                  build,
                  writer->partitions - 1,
                  build,
                  POSTGRES_SLOTS - 1);
    return postgres_run(writer, "making a build", fault);
}

enum error postgres_build(struct writer *base, const struct build_plan *plan, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    bool newest = false, wanted = false;
    enum error error = postgres_ready(writer, fault);
    if (error == error_none)
        error = postgres_builds_lock(writer, fault);
    if (error == error_none)
        error = module_newest(writer, &plan->module, &newest, fault);
    if (error == error_none && newest)
        error = build_wanted(writer, plan, &wanted, fault);
    if (error == error_none && wanted)
        error = build_make(writer, plan, fault);
    if (error == error_none)
        error = pg_execute(&writer->link, "COMMIT", NULL, "making a build", fault);
    if (error != error_none)
        postgres_rollback(writer);
    return error;
}

/* ---- ending ---- */

enum error postgres_retire(struct writer *base, uint32_t build, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    enum error error = postgres_ready(writer, fault);
    if (error != error_none)
        return error;
    lock_sql(writer);
    buffer_printf(&writer->sql,
                  "UPDATE fluvius_read.build SET state = 2, changed_us = fluvius_read.now_us()"
                  " WHERE id = %" PRIu32 " AND state <> 2; " POSTGRES_CHANGE "; COMMIT",
                  build);
    return postgres_run(writer, "retiring a build", fault);
}

enum error postgres_held(struct writer *base, uint32_t build, bool *out, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    struct parameters parameters = {0};
    parameter_number(&parameters, build);
    enum error error = postgres_ready(writer, fault);
    return error == error_none ? postgres_asked(writer,
                                                "SELECT 1 FROM fluvius_read.projector WHERE $1::bigint = ANY (builds)"
                                                " AND until_us > fluvius_read.now_us()",
                                                &parameters,
                                                out,
                                                fault)
                               : error;
}

/* Finds the oldest that was retired so long ago; *build is 0 when there is none. Its SQL is left in writer->sql. */
static enum error
retired_find(struct postgres_writer *writer, uint64_t retired_us, uint32_t *build, struct store_fault *fault)
{
    struct parameters parameters = {0};
    struct model *models = NULL;
    uint32_t count = 0;
    PGresult *result;
    parameter_number(&parameters, retired_us);
    enum error error = postgres_ask(writer,
                                    "SELECT id, models FROM fluvius_read.build WHERE state = 2"
                                    " AND changed_us <= fluvius_read.now_us() - $1::bigint ORDER BY id LIMIT 1",
                                    &parameters,
                                    &result,
                                    "looking for retired builds",
                                    fault);
    if (error != error_none)
        return error;
    *build = PQntuples(result) == 0 ? 0 : (uint32_t)result_number(result, 0, 0);
    if (*build != 0)
        error = models_read(result_bytes(result, 0, 1), &models, &count);
    PQclear(result);
    buffer_clear(&writer->sql);
    buffer_append_text(&writer->sql,
                       "SELECT pg_advisory_xact_lock(7307498463); "); /* before a beat can be at its slots */
    for (uint32_t i = 0; i < count; i++)
        table_drop(&writer->sql, DIALECT_POSTGRESQL, *build, i, &models[i]);
    models_free(models, count);
    return error == error_none ? error_none : fault_set(fault, error, "build %u: its models are damaged", *build);
}

enum error postgres_drop(struct writer *base, uint64_t retired_us, uint32_t *dropped, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    uint32_t build = 0;
    enum error error = postgres_ready(writer, fault);
    if (error == error_none)
        error = postgres_builds_lock(writer, fault);
    if (error == error_none)
        error = retired_find(writer, retired_us, &build, fault);
    if (error != error_none || build == 0) {
        postgres_rollback(writer);
        if (error == error_none)
            *dropped = 0;
        return error;
    }
    buffer_printf(
        &writer->sql,
        "DELETE FROM fluvius_read.slot WHERE build = %u; DELETE FROM fluvius_read.checkpoint WHERE build = %u;"
        " DELETE FROM fluvius_read.build WHERE id = %u; " POSTGRES_CHANGE "; COMMIT",
        build,
        build,
        build);
    error = postgres_run(writer, "dropping a build", fault);
    if (error == error_none)
        *dropped = 1;
    return error;
}

enum error postgres_requested(struct writer *base, struct slice projection, bool *out, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    struct parameters parameters = {0};
    parameter_bytes(&parameters, projection);
    enum error error = postgres_ready(writer, fault);
    return error == error_none
               ? postgres_asked(
                     writer, "SELECT 1 FROM fluvius_read.request WHERE projection = $1::text", &parameters, out, fault)
               : error;
}
