/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What projectors share on PostgreSQL: slots of builds, and which module is the newest.
 * deploy/schema/readmodel-postgres has the functions. */
#include "services/readmodel/postgres_writer.h"

enum { NUMBERS_MAX = WRITER_BUILDS_MAX };

/* ---- beats ---- */

static enum error
beat_run(struct postgres_writer *writer, const struct writer_has *has, PGresult **out, struct store_fault *fault)
{
    uint8_t builds[PG_NUMBERS_SIZE(NUMBERS_MAX)], modules[PG_NUMBERS_SIZE(NUMBERS_MAX)];
    struct parameters parameters = {0};
    parameter_number(&parameters, writer->boot);
    parameter_bytes(&parameters, slice_text(writer->holder));
    parameter_number(&parameters, writer->lease_us);
    parameter_numbers(&parameters, has->builds, has->build_count, builds);
    parameter_numbers(&parameters, has->modules, has->module_count, modules);
    return postgres_ask(writer,
                        "SELECT build, slots, epoch FROM fluvius_read.beat($1::bigint, $2::text, $3::bigint, "
                        "$4::bigint[], $5::bigint[])",
                        &parameters,
                        out,
                        "sending a beat",
                        fault);
}

enum error postgres_writer_beat(struct writer *base,
                                const struct writer_has *has,
                                struct writer_slots *out,
                                struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    PGresult *result;
    enum error error = postgres_ready(writer, fault);
    if (error == error_none)
        error = beat_run(writer, has, &result, fault);
    if (error != error_none)
        return error;
    *out = (struct writer_slots){.count = POSTGRES_SLOTS};
    for (int row = 0; row < PQntuples(result); row++) {
        out->epoch = result_number(result, row, 2);
        for (uint32_t i = 0; i < has->build_count; i++)
            if (!PQgetisnull(result, row, 0) && result_number(result, row, 0) == has->builds[i])
                out->held[i] = result_number(result, row, 1);
    }
    PQclear(result);
    writer->epoch = out->epoch;
    return error_none;
}

void postgres_leave(struct postgres_writer *writer)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, writer->boot);
    postgres_ask(writer, "SELECT fluvius_read.leave($1::bigint)", &parameters, NULL, "leaving", NULL);
}

/* ---- modules ---- */

enum error postgres_ranks(struct writer *base,
                          const struct module_key *modules,
                          uint32_t count,
                          enum module_rank *out,
                          struct store_fault *fault)
{
    static const char sql[] =
        "WITH newest AS (SELECT DISTINCT ON (namespace) namespace, fingerprint FROM fluvius_read.module"
        " ORDER BY namespace, number DESC)"
        " SELECT m.namespace, m.fingerprint, CASE WHEN m.fingerprint = n.fingerprint THEN 1::bigint"
        " WHEN EXISTS (SELECT 1 FROM fluvius_read.projector p WHERE p.until_us > fluvius_read.now_us()"
        " AND n.fingerprint = ANY (p.modules)) THEN 2 ELSE 3 END"
        " FROM fluvius_read.module m JOIN newest n ON n.namespace = m.namespace";
    static const enum module_rank ranks[] = {MODULE_UNKNOWN, MODULE_NEWEST, MODULE_OVERTAKEN, MODULE_ORPHANED};
    struct postgres_writer *writer = postgres_writer_of(base);
    struct parameters none = {0};
    PGresult *result;
    enum error error = postgres_ready(writer, fault);
    if (error == error_none)
        error = postgres_ask(writer, sql, &none, &result, "reading the modules", fault);
    if (error != error_none)
        return error;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = MODULE_UNKNOWN;
        for (int row = 0; row < PQntuples(result); row++)
            if (slice_equal(result_bytes(result, row, 0), modules[i].namespace) &&
                result_number(result, row, 1) == modules[i].fingerprint)
                out[i] = ranks[result_number(result, row, 2) & 3];
    }
    PQclear(result);
    return error_none;
}

enum error
postgres_enter(struct writer *base, const struct module_key *module, bool latest, bool asked, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    struct parameters parameters = {0};
    parameter_bytes(&parameters, module->namespace);
    parameter_number(&parameters, module->fingerprint);
    parameter_number(&parameters, latest);
    parameter_number(&parameters, asked);
    enum error error = postgres_ready(writer, fault);
    if (error != error_none)
        return error;
    return postgres_ask(writer,
                        "SELECT fluvius_read.enter($1::text, $2::bigint, $3::bigint <> 0, $4::bigint <> 0)",
                        &parameters,
                        NULL,
                        "entering a module",
                        fault);
}
