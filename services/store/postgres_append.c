/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Appending a batch: copy first, fence last, one string of statements that the server runs without waiting for us in
 * between. The fence comes last so that the unit's row is held for the shortest time.
 *
 *     begin --> rows sent --> end sent --> answers read
 *       nothing can have         |  may have committed:    the commit's answer says so
 *       committed                |  error_unknown_outcome */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "services/store/postgres.h"

#define DOING "appending"

void append_prepare(struct postgres_unit *unit)
{
    int size = snprintf(unit->append_sql,
                        sizeof unit->append_sql,
                        "BEGIN; COPY fluvius.log (" LOG_COLUMNS ") FROM STDIN (FORMAT binary);"
                        " SELECT fluvius.fence(%u, %" PRIu64 ", %" PRId64 "); COMMIT",
                        unit->base.number,
                        unit->base.claim->epoch,
                        (int64_t)postgres_store_of(&unit->base)->boot);
    assert(size > 0 && (size_t)size < sizeof unit->append_sql);
}

/* Reads results until there are no more or one is bad, which is given. */
static PGresult *results_read(PGconn *connection)
{
    PGresult *result;
    while ((result = PQgetResult(connection)) != NULL) {
        ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            return result;
        PQclear(result);
    }
    return NULL;
}

static void results_drop(PGconn *connection)
{
    PGresult *result;
    while ((result = PQgetResult(connection)) != NULL)
        PQclear(result);
}

/* After an error of the server's, which has changed nothing. Rows that stand where ours should may be those of the next
 * owner: then the fence says so. */
static enum error append_refused(struct postgres_unit *unit, PGresult *result, struct store_fault *fault)
{
    struct pg_link *link = &unit->writer;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool taken = state != NULL && strcmp(state, "23505") == 0;
    enum error error = pg_fault(link, result, DOING, fault);
    PQclear(result);
    results_drop(link->connection);
    PQclear(PQexec(link->connection, "ROLLBACK"));
    if (!taken)
        return error;
    struct parameters parameters = {0};
    parameter_number(&parameters, unit->base.number);
    parameter_number(&parameters, unit->base.claim->epoch);
    parameter_number(&parameters, postgres_store_of(&unit->base)->boot);
    enum error fenced = pg_run(link, PG_FENCE, &parameters, NULL, DOING, fault);
    return fenced == error_none ? fault_set(fault, error, "%s: there are records after its end", unit->base.name)
                                : fenced;
}

/* Nobody can say whether the batch is there: the connection is of no more use. */
static enum error append_unknown(struct postgres_unit *unit, const char *why, struct store_fault *fault)
{
    fault_set(fault,
              error_unknown_outcome,
              "%s: " DOING ": whether it committed is not known: %.*s",
              unit->base.name,
              (int)strcspn(why, "\n"),
              why);
    pg_close(&unit->writer);
    return error_unknown_outcome;
}

/* Up to where the server waits for rows. */
static enum error copy_begin(struct postgres_unit *unit, struct store_fault *fault)
{
    struct pg_link *link = &unit->writer;
    PGresult *result = NULL;
    link->warned = false;
    if (PQsendQuery(link->connection, unit->append_sql) == 1)
        result = results_read(link->connection);
    if (PQresultStatus(result) == PGRES_COPY_IN) {
        PQclear(result);
        return error_none;
    }
    if (pg_is_open(link) && result != NULL)
        return append_refused(unit, result, fault);
    enum error error = pg_fault(link, result, DOING, fault);
    PQclear(result);
    pg_close(link);
    return error;
}

static enum error copy_send(struct postgres_unit *unit, struct store_fault *fault)
{
    struct pg_link *link = &unit->writer;
    enum { PIECE = 1 << 20 };
    for (size_t sent = 0; sent < unit->rows_size; sent += PIECE) {
        size_t left = unit->rows_size - sent;
        if (PQputCopyData(link->connection, (const char *)unit->rows + sent, (int)(left < PIECE ? left : PIECE)) != 1) {
            enum error error = pg_fault(link, NULL, DOING, fault);
            pg_close(link);
            return error;
        }
    }
    return error_none;
}

static enum error copy_end(struct postgres_unit *unit, struct store_fault *fault)
{
    struct pg_link *link = &unit->writer;
    if (PQputCopyEnd(link->connection, NULL) != 1)
        return append_unknown(unit, PQerrorMessage(link->connection), fault);
    PGresult *result = results_read(link->connection);
    if (!pg_is_open(link)) {
        PQclear(result);
        return append_unknown(unit, PQerrorMessage(link->connection), fault);
    }
    if (result != NULL)
        return append_refused(unit, result, fault);
    return link->warned ? append_unknown(unit, link->warning, fault) : error_none;
}

static enum error batch_commit(struct postgres_unit *unit, struct store_fault *fault)
{
    if (!pg_is_open(&unit->writer))
        return fault_set(fault, error_unreachable, "%s: its connection was lost: claim it again", unit->base.name);
    enum error error = copy_begin(unit, fault);
    if (error == error_none)
        error = copy_send(unit, fault);
    return error == error_none ? copy_end(unit, fault) : error;
}

/* Before the events, in a transaction of its own: happens once for each kind in a unit. */
static enum error
kinds_commit(struct unit *unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    enum error error = writing(unit)->begin(unit, fault);
    if (error == error_none)
        error = kinds_write(unit, records, count, fault);
    if (error != error_none) {
        writing(unit)->rollback(unit);
        return error;
    }
    error = writing(unit)->commit(unit, fault);
    if (error == error_none)
        kinds_note(unit, records, count);
    return error;
}

enum error postgres_append(
    struct store *store, uint32_t number, const struct store_record *records, size_t count, struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct postgres_unit *postgres = postgres_unit_of(unit);
    assert(unit->claim != NULL && count <= UINT32_MAX);
    enum error error = unit_maintain_overdue(unit, fault);
    if (error != error_none || count == 0)
        return error;
    error = batch_prepare(unit, records, count, fault);
    if (error == error_none && kinds_new(unit, records, count))
        error = kinds_commit(unit, records, count, fault);
    if (error == error_none)
        error = rows_fill(postgres, records, count, fault);
    if (error == error_none)
        error = batch_commit(postgres, fault);
    if (error == error_none)
        batch_note(unit, records, count);
    return error;
}
