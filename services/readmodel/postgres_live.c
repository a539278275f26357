/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How a build takes the place of the live one on PostgreSQL. */
#include "services/readmodel/postgres_writer.h"

#include <inttypes.h>

/* A build stands behind the live one somewhere. While the lock is held no checkpoint moves: it lets those end who are
 * writing, and they want nothing more that this transaction has. */
#define LOCK_CHECKPOINTS "LOCK TABLE fluvius_read.checkpoint IN SHARE MODE"
static const char behind_sql[] =
    "SELECT 1 FROM fluvius_read.build n JOIN fluvius_read.build l ON l.projection = n.projection AND l.state = 1"
    " AND l.incarnation = n.incarnation JOIN fluvius_read.checkpoint a ON a.build = n.id"
    " JOIN fluvius_read.checkpoint b ON b.build = l.id AND b.partition = a.partition"
    " WHERE n.id = $1::bigint AND a.seq < b.seq LIMIT 1";

static enum error
abreast(struct postgres_writer *writer, const uint32_t *builds, uint32_t count, bool *out, struct store_fault *fault)
{
    enum error error = error_none;
    bool behind = false;
    for (uint32_t i = 0; i < count && error == error_none && !behind; i++) {
        struct parameters parameters = {0};
        parameter_number(&parameters, builds[i]);
        error = postgres_asked(writer, behind_sql, &parameters, &behind, fault);
    }
    *out = error == error_none && !behind;
    return error;
}

/* *done: it was being built, and is live. */
static enum error build_go_live(struct postgres_writer *writer, uint32_t build, bool *done, struct store_fault *fault)
{
    static const char retire[] =
        "UPDATE fluvius_read.build SET state = 2, changed_us = fluvius_read.now_us() WHERE state = 1"
        " AND projection = (SELECT projection FROM fluvius_read.build WHERE id = $1::bigint)";
    static const char live[] = "UPDATE fluvius_read.build SET state = 1, changed_us = fluvius_read.now_us()"
                               " WHERE id = $1::bigint AND state = 0 RETURNING 1";
    struct parameters parameters = {0};
    parameter_number(&parameters, build);
    enum error error = postgres_ask(writer, retire, &parameters, NULL, "retiring a build", fault);
    return error == error_none ? postgres_asked(writer, live, &parameters, done, fault) : error;
}

static enum error incarnation_set(struct postgres_writer *writer, uint64_t incarnation, struct store_fault *fault)
{
    buffer_clear(&writer->sql);
    buffer_printf(&writer->sql,
                  "UPDATE fluvius_read.meta SET value = %" PRId64 " WHERE key = 'incarnation'; " POSTGRES_CHANGE
                  "; COMMIT",
                  (int64_t)incarnation);
    return postgres_run(writer, "switching builds", fault);
}

/* What is behind is seen without a lock mostly, so that nobody waits for nothing. */
static enum error switch_begin(
    struct postgres_writer *writer, const uint32_t *builds, uint32_t count, bool *out, struct store_fault *fault)
{
    enum error error = abreast(writer, builds, count, out, fault);
    if (error != error_none || !*out)
        return error;
    error = postgres_builds_lock(writer, fault);
    if (error == error_none)
        error = pg_execute(&writer->link, LOCK_CHECKPOINTS, NULL, "locking the checkpoints", fault);
    return error == error_none ? abreast(writer, builds, count, out, fault) : error;
}

enum error postgres_live(struct writer *base,
                         const uint32_t *builds,
                         uint32_t count,
                         uint64_t incarnation,
                         bool *done,
                         struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    bool good = false;
    enum error error = postgres_ready(writer, fault);
    if (error == error_none)
        error = switch_begin(writer, builds, count, &good, fault);
    for (uint32_t i = 0; i < count && error == error_none && good; i++)
        error = build_go_live(writer, builds[i], &good, fault);
    if (error == error_none && good)
        error = incarnation_set(writer, incarnation, fault);
    if (error != error_none || !good)
        postgres_rollback(writer);
    if (error == error_none)
        *done = good;
    return error;
}

/* A sample of 6,000 rows tells enough. */
enum error postgres_analyze(struct writer *base, uint32_t build, uint32_t number, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    enum error error = postgres_ready(writer, fault);
    if (error != error_none)
        return error;
    buffer_clear(&writer->sql);
    buffer_printf(&writer->sql,
                  "BEGIN; SET LOCAL statement_timeout = %" PRIu64
                  "; SET LOCAL default_statistics_target = 20; ANALYZE ",
                  writer->lease_us / 3000);
    table_name(&writer->sql, DIALECT_POSTGRESQL, build, number);
    buffer_append_text(&writer->sql, "; COMMIT");
    error = postgres_run(writer, "analyzing a table", fault);
    return error == error_locked ? error_none : error; /* its time was over */
}
