/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Running statements over a link: one at a time, or many in a transaction without waiting for each. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "services/store/postgres_statements.h"

uint64_t clock_boot_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- parameters and results ---- */

static void parameter_add(struct parameters *parameters, const void *value, size_t size)
{
    assert(parameters->count < PG_PARAMETERS_MAX);
    parameters->values[parameters->count] = value;
    parameters->sizes[parameters->count] = (int)size;
    parameters->formats[parameters->count++] = 1;
}

void parameter_number(struct parameters *parameters, uint64_t number)
{
    uint64_t *place = &parameters->numbers[parameters->count];
    store_big_endian((uint8_t *)place, number);
    parameter_add(parameters, place, sizeof *place);
}

void parameter_bytes(struct parameters *parameters, struct slice bytes)
{
    parameter_add(parameters, bytes.size == 0 ? "" : (const char *)bytes.data, bytes.size);
}

static uint8_t *word_write(uint8_t *out, uint32_t word)
{
    word = __builtin_bswap32(word);
    memcpy(out, &word, sizeof word);
    return out + sizeof word;
}

void parameter_numbers(struct parameters *parameters, const uint64_t *numbers, size_t count, uint8_t *bytes)
{
    enum { BIGINT = 20 }; /* the type's number in the server */
    const uint32_t head[5] = {1, 0, BIGINT, (uint32_t)count, 1};
    uint8_t *at = bytes;
    for (size_t i = 0; i < 5; i++)
        at = word_write(at, head[i]);
    for (size_t i = 0; i < count; i++, at += 8) {
        at = word_write(at, 8);
        store_big_endian(at, numbers[i]);
    }
    parameter_add(parameters, bytes, (size_t)(at - bytes));
}

uint64_t result_number(const PGresult *result, int row, int column)
{
    const uint8_t *bytes = (const uint8_t *)PQgetvalue(result, row, column);
    int size = PQgetlength(result, row, column);
    if (size == 0)
        return 0;
    int64_t value = (int8_t)bytes[0];
    for (int i = 1; i < size; i++)
        value = (int64_t)((uint64_t)value << 8 | bytes[i]);
    return (uint64_t)value;
}

struct slice result_bytes(const PGresult *result, int row, int column)
{
    return slice_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

/* ---- one at a time ---- */

static bool result_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

enum error
pg_execute(struct pg_link *link, const char *sql, PGresult **out, const char *doing, struct store_fault *fault)
{
    PGresult *result = pg_is_open(link) ? PQexec(link->connection, sql) : NULL;
    enum error error = result_good(result) ? error_none : pg_fault(link, result, doing, fault);
    if (error == error_none && out != NULL)
        *out = result;
    else
        PQclear(result);
    return error;
}

static void statement_name(enum pg_statement statement, char name[16])
{
    snprintf(name, 16, "s%d", (int)statement);
}

static bool statement_send(struct pg_link *link, enum pg_statement statement, const struct parameters *parameters)
{
    char name[16];
    statement_name(statement, name);
    return PQsendQueryPrepared(link->connection,
                               name,
                               parameters->count,
                               parameters->values,
                               parameters->sizes,
                               parameters->formats,
                               1) == 1;
}

/* False when the time has come first. */
static bool answer_wait(PGconn *connection, uint64_t deadline_us)
{
    while (PQisBusy(connection)) {
        uint64_t now_us = clock_boot_us();
        struct pollfd file = {.fd = PQsocket(connection), .events = POLLIN};
        if (now_us >= deadline_us)
            return false;
        int left_ms = (int)((deadline_us - now_us) / 1000) + 1;
        if (poll(&file, 1, left_ms < 1000 ? left_ms : 1000) < 0 && errno != EINTR)
            return false;
        if (PQconsumeInput(connection) != 1)
            return true; /* broken: reading the result will say how */
    }
    return true;
}

/* The one result of what was sent last; NULL when the connection broke or the time came. */
static PGresult *result_take(struct pg_link *link, uint64_t deadline_us)
{
    PGresult *result = NULL, *next;
    for (;;) {
        if (deadline_us != UINT64_MAX && !answer_wait(link->connection, deadline_us)) {
            PQclear(result);
            return NULL;
        }
        next = PQgetResult(link->connection);
        if (next == NULL)
            return result;
        PQclear(result);
        result = next;
    }
}

static enum error statement_prepare(struct pg_link *link,
                                    enum pg_statement statement,
                                    uint64_t deadline_us,
                                    const char *doing,
                                    struct store_fault *fault)
{
    char name[16];
    if (link->prepared[statement])
        return error_none;
    statement_name(statement, name);
    PGresult *result = NULL;
    if (PQsendPrepare(link->connection, name, statement_sql[statement], 0, NULL) == 1)
        result = result_take(link, deadline_us);
    enum error error = result_good(result) ? error_none : pg_fault(link, result, doing, fault);
    link->prepared[statement] = error == error_none;
    PQclear(result);
    return error;
}

/* A connection on which an answer is still to come cannot be used for anything else. */
static enum error answer_missed(struct pg_link *link, const char *doing, struct store_fault *fault)
{
    pg_close(link);
    return fault_set(fault, error_unreachable, "%s: %s: no answer in time", link->address->name, doing);
}

static enum error piped_run(struct pg_link *link,
                            enum pg_statement statement,
                            const struct parameters *parameters,
                            PGresult **out,
                            const char *doing,
                            struct store_fault *fault);

enum error pg_run_until(struct pg_link *link,
                        enum pg_statement statement,
                        const struct parameters *parameters,
                        uint64_t deadline_us,
                        PGresult **out,
                        const char *doing,
                        struct store_fault *fault)
{
    if (!pg_is_open(link))
        return pg_fault(link, NULL, doing, fault);
    PGresult *result = NULL;
    enum error error = statement_prepare(link, statement, deadline_us, doing, fault);
    if (error == error_none && statement_send(link, statement, parameters))
        result = result_take(link, deadline_us);
    if (error == error_none && !result_good(result))
        error = pg_fault(link, result, doing, fault);
    if (error != error_none && pg_is_open(link) && PQtransactionStatus(link->connection) == PQTRANS_ACTIVE)
        error = answer_missed(link, doing, fault);
    if (error == error_none && out != NULL)
        *out = result;
    else
        PQclear(result);
    return error;
}

enum error pg_run(struct pg_link *link,
                  enum pg_statement statement,
                  const struct parameters *parameters,
                  PGresult **out,
                  const char *doing,
                  struct store_fault *fault)
{
    if (link->begun)
        return piped_run(link, statement, parameters, out, doing, fault);
    return pg_run_until(link, statement, parameters, UINT64_MAX, out, doing, fault);
}

/* ---- many in a transaction ---- */

void pg_begin(struct pg_link *link)
{
    assert(!link->begun);
    link->begun = true;
}

static bool text_send(struct pg_link *link, const char *sql)
{
    bool sent = PQsendQueryParams(link->connection, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
    link->pending += sent;
    return sent;
}

/* The first statement of a transaction is preceded by what begins it. */
static bool pipe_open(struct pg_link *link)
{
    if (link->piped)
        return true;
    link->piped = PQenterPipelineMode(link->connection) == 1;
    return link->piped && text_send(link, "BEGIN");
}

static bool pipe_put(struct pg_link *link, enum pg_statement statement, const struct parameters *parameters)
{
    char name[16];
    if (!pg_is_open(link) || !pipe_open(link))
        return false;
    if (!link->prepared[statement]) {
        statement_name(statement, name);
        if (PQsendPrepare(link->connection, name, statement_sql[statement], 0, NULL) != 1)
            return false;
        link->prepared[statement] = true;
        link->pending++;
    }
    if (!statement_send(link, statement, parameters))
        return false;
    link->pending++;
    return true;
}

enum error pg_put(struct pg_link *link,
                  enum pg_statement statement,
                  const struct parameters *parameters,
                  const char *doing,
                  struct store_fault *fault)
{
    return pipe_put(link, statement, parameters) ? error_none : pg_fault(link, NULL, doing, fault);
}

/* Reads the results of all that was sent; gives the last one. */
static enum error pending_read(struct pg_link *link, PGresult **last, const char *doing, struct store_fault *fault)
{
    enum error error = error_none;
    for (; link->pending > 0 && error == error_none; link->pending--) {
        PGresult *result = result_take(link, UINT64_MAX);
        if (!result_good(result))
            error = pg_fault(link, result, doing, fault);
        if (error == error_none && link->pending == 1 && last != NULL)
            *last = result;
        else
            PQclear(result);
    }
    return error;
}

static enum error flushed_read(struct pg_link *link, PGresult **last, const char *doing, struct store_fault *fault)
{
    if (PQsendFlushRequest(link->connection) != 1 || PQflush(link->connection) < 0)
        return pg_fault(link, NULL, doing, fault);
    return pending_read(link, last, doing, fault);
}

enum error pg_settle(struct pg_link *link, const char *doing, struct store_fault *fault)
{
    return link->piped ? flushed_read(link, NULL, doing, fault) : error_none;
}

static enum error piped_run(struct pg_link *link,
                            enum pg_statement statement,
                            const struct parameters *parameters,
                            PGresult **out,
                            const char *doing,
                            struct store_fault *fault)
{
    PGresult *result = NULL;
    enum error error = pg_put(link, statement, parameters, doing, fault);
    if (error == error_none)
        error = flushed_read(link, &result, doing, fault);
    if (error == error_none && out != NULL)
        *out = result;
    else
        PQclear(result);
    return error;
}

static void prepared_forget(struct pg_link *link)
{
    /* Which of those that were sent were prepared is not known when one before them has failed. */
    PQclear(PQexec(link->connection, "DEALLOCATE ALL"));
    memset(link->prepared, 0, sizeof link->prepared);
}

/* Reads up to the point where the server takes statements again. */
static bool pipe_drain(struct pg_link *link)
{
    unsigned nothing = 0;
    while (pg_is_open(link) && nothing < 2) {
        PGresult *result = PQgetResult(link->connection);
        ExecStatusType status = PQresultStatus(result);
        nothing = result == NULL ? nothing + 1 : 0;
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC)
            break;
    }
    link->pending = 0;
    return pg_is_open(link) && PQexitPipelineMode(link->connection) == 1;
}

void pg_rollback(struct pg_link *link)
{
    bool piped = link->piped;
    link->begun = link->piped = false;
    if (!piped || !pg_is_open(link))
        return;
    if (PQpipelineSync(link->connection) != 1 || !pipe_drain(link)) {
        pg_close(link);
        return;
    }
    PQclear(PQexec(link->connection, "ROLLBACK"));
    prepared_forget(link);
}

enum error pg_commit(struct pg_link *link, const char *doing, struct store_fault *fault)
{
    if (!link->piped) {
        link->begun = false;
        return error_none;
    }
    if (!text_send(link, "COMMIT") || PQpipelineSync(link->connection) != 1) {
        enum error error = pg_fault(link, NULL, doing, fault);
        pg_rollback(link);
        return error;
    }
    enum error error = pending_read(link, NULL, doing, fault);
    if (!pg_is_open(link)) {
        link->begun = link->piped = false;
        return error == error_fenced ? error : error_unknown_outcome;
    }
    if (!pipe_drain(link)) {
        pg_close(link);
        return error == error_none ? error_unknown_outcome : error;
    }
    link->begun = link->piped = false;
    if (error == error_none)
        return error_none;
    PQclear(PQexec(link->connection, "ROLLBACK"));
    prepared_forget(link);
    return error;
}
