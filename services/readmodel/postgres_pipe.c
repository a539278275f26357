/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See postgres_pipe.h: what is prepared, sending, and what comes back. */
#include "services/readmodel/postgres_pipe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "services/readmodel/postgres_array.h"
#include "services/store/grow.h"

enum { TYPE_ANY = 0, LOOK_MS = 60000 /* at the clock, at least */ };

void pipe_forget(struct pipe *pipe)
{
    memset(pipe->prepared, 0, sizeof pipe->prepared);
}

void pipe_fini(struct pipe *pipe)
{
    free(pipe->sent);
    free(pipe->values);
    free(pipe->sizes);
    free(pipe->formats);
    free(pipe->types);
    free(pipe->numbers);
    *pipe = (struct pipe){0};
}

/* ---- parameters ---- */

static bool arrays_grow(struct pipe *pipe, uint32_t count)
{
    if (count <= pipe->capacity)
        return true;
    free(pipe->values);
    free(pipe->sizes);
    free(pipe->formats);
    free(pipe->types);
    free(pipe->numbers);
    pipe->values = calloc(count, sizeof pipe->values[0]);
    pipe->sizes = calloc(count, sizeof pipe->sizes[0]);
    pipe->formats = calloc(count, sizeof pipe->formats[0]);
    pipe->types = calloc(count, sizeof pipe->types[0]);
    pipe->numbers = calloc(count, sizeof pipe->numbers[0]);
    bool all = pipe->values && pipe->sizes && pipe->formats && pipe->types && pipe->numbers;
    pipe->capacity = all ? count : 0;
    return all;
}

static void parameter_set(struct pipe *pipe, uint32_t i, const struct value *value)
{
    pipe->formats[i] = 1;
    if (value->kind == VALUE_TEXT || value->kind == VALUE_BYTES) {
        pipe->types[i] = value->kind == VALUE_TEXT ? TYPE_TEXT : TYPE_ANY;
        pipe->values[i] = value->text.size == 0 ? "" : (const char *)value->text.data;
        pipe->sizes[i] = (int)value->text.size;
        return;
    }
    uint64_t bits;
    memcpy(&bits, &value->integer, sizeof bits); /* or the double's: they share their place */
    store_big_endian((uint8_t *)&pipe->numbers[i], bits);
    pipe->types[i] = value->kind == VALUE_DOUBLE ? TYPE_DOUBLE : TYPE_BIGINT;
    pipe->values[i] = (const char *)&pipe->numbers[i];
    pipe->sizes[i] = sizeof pipe->numbers[i];
}

/* ---- sending ---- */

static void name_of(uint64_t number, char name[24])
{
    snprintf(name, 24, "q%llu", (unsigned long long)number);
}

/* The place of a statement: its own, or that of the one that was not used for longest. */
static int statement_place(const struct pipe *pipe, uint64_t hash)
{
    int oldest = 0;
    for (int i = 0; i < PIPE_STATEMENTS_MAX; i++) {
        if (pipe->prepared[i].hash == hash)
            return i;
        if (pipe->prepared[i].used < pipe->prepared[oldest].used)
            oldest = i;
    }
    return oldest;
}

static bool sent_note(struct pipe *pipe, int sent, const struct sent *what)
{
    if (sent != 1 || !grow((void **)&pipe->sent, &pipe->sent_capacity, pipe->sent_count + 1, sizeof pipe->sent[0]))
        return false;
    pipe->sent[pipe->sent_count++] = *what;
    return true;
}

/* Takes the place of another, which the server then forgets. */
static bool statement_prepare(struct pipe *pipe, const struct select *select, int place, uint64_t hash)
{
    struct prepared *prepared = &pipe->prepared[place];
    PGconn *connection = pipe->link->connection;
    char name[24], sql[40];
    if (prepared->number != 0) {
        name_of(prepared->number, name);
        snprintf(sql, sizeof sql, "DEALLOCATE %s", name);
        if (!sent_note(
                pipe, PQsendQueryParams(connection, sql, 0, NULL, NULL, NULL, NULL, 1), &(struct sent){.place = -1}))
            return false;
    }
    prepared->hash = hash;
    prepared->number = ++pipe->names;
    name_of(prepared->number, name);
    return sent_note(pipe,
                     PQsendPrepare(connection, name, (const char *)select->sql.data, (int)select->count, pipe->types),
                     &(struct sent){.place = place});
}

static bool statement_send(struct pipe *pipe, const struct select *select, const struct sent *what)
{
    uint64_t hash = XXH3_64bits(select->sql.data, select->sql.size);
    char name[24];
    if (!arrays_grow(pipe, select->count))
        return false;
    for (uint32_t i = 0; i < select->count; i++)
        parameter_set(pipe, i, &select->values[i]);
    int place = statement_place(pipe, hash);
    if (pipe->prepared[place].hash != hash && !statement_prepare(pipe, select, place, hash))
        return false;
    pipe->prepared[place].used = ++pipe->uses;
    name_of(pipe->prepared[place].number, name);
    return sent_note(pipe,
                     PQsendQueryPrepared(
                         pipe->link->connection, name, (int)select->count, pipe->values, pipe->sizes, pipe->formats, 1),
                     what);
}

void pipe_begin(struct pipe *pipe, struct pg_link *link, uint64_t deadline_us)
{
    pipe->link = link;
    pipe->deadline_us = deadline_us;
    pipe->sent_count = 0;
    pipe->cancelled = false;
    pipe->failed = PQenterPipelineMode(link->connection) != 1;
}

void pipe_put(struct pipe *pipe, const struct select *select, pipe_row row, void *context)
{
    const struct sent what = {.place = -1, .asks = true, .row = row, .context = context};
    if (!pipe->failed)
        pipe->failed = !statement_send(pipe, select, &what);
}

/* ---- answers ---- */

static bool answer_wait(struct pipe *pipe)
{
    PGconn *connection = pipe->link->connection;
    while (PQisBusy(connection)) {
        uint64_t now_us = clock_boot_us();
        struct pollfd file = {.fd = PQsocket(connection), .events = POLLIN};
        if (now_us >= pipe->deadline_us)
            return false;
        uint64_t wait_ms = (pipe->deadline_us - now_us) / 1000 + 1;
        if (poll(&file, 1, (int)(wait_ms < LOOK_MS ? wait_ms : LOOK_MS)) < 0 && errno != EINTR)
            return false;
        if (PQconsumeInput(connection) != 1)
            return true; /* broken: reading the result says how */
    }
    return true;
}

/* The next result; NULL at the end of one statement's, or when the time has come or the connection was lost. */
static PGresult *answer_take(struct pipe *pipe)
{
    return answer_wait(pipe) ? PQgetResult(pipe->link->connection) : NULL;
}

static bool answer_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Rows come one by one: a thousand may have a megabyte each, and no more than fits the page is kept. Returns what ends
 * them. */
static PGresult *rows_take(struct pipe *pipe, const struct sent *sent)
{
    PGresult *result;
    PQsetSingleRowMode(pipe->link->connection);
    while ((result = answer_take(pipe)) != NULL && PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        sent->row(sent->context, result);
        PQclear(result);
    }
    return result;
}

static enum error fault_take(struct pipe *pipe, const PGresult *result, const char *doing, struct store_fault *fault)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    pipe->cancelled = state != NULL && strcmp(state, "57014") == 0;
    return pg_fault(pipe->link, result, doing, fault);
}

static enum error
answers_take(struct pipe *pipe, PGresult **results, uint32_t wanted, const char *doing, struct store_fault *fault)
{
    enum error error = error_none;
    uint32_t taken = 0;
    for (size_t i = 0; i < pipe->sent_count; i++) {
        const struct sent *sent = &pipe->sent[i];
        PGresult *result = sent->row != NULL ? rows_take(pipe, sent) : answer_take(pipe);
        bool good = result != NULL && answer_good(result);
        if (!good && sent->place >= 0)
            pipe->prepared[sent->place] = (struct prepared){0};
        if (!good && error == error_none)
            error = fault_take(pipe, result, doing, fault);
        if (good && sent->asks && sent->row == NULL && taken < wanted) {
            results[taken++] = result;
            result = NULL;
        }
        PQclear(result);
        PQclear(answer_take(pipe)); /* NULL, between two statements */
    }
    return error;
}

/* Is the connection as it was before? If not, nothing else can be asked over it. */
static bool pipe_close(struct pipe *pipe)
{
    PGresult *sync = answer_take(pipe);
    bool whole = PQresultStatus(sync) == PGRES_PIPELINE_SYNC;
    PQclear(sync);
    return whole && PQexitPipelineMode(pipe->link->connection) == 1;
}

static enum error lost(struct pipe *pipe, const char *doing, struct store_fault *fault)
{
    bool late = clock_boot_us() >= pipe->deadline_us;
    pg_close(pipe->link);
    return fault_set(fault,
                     late ? error_timed_out : error_unreachable,
                     "%s: %s: %s",
                     pipe->link->address->name,
                     doing,
                     late ? "no answer in time" : "the connection was lost");
}

enum error
pipe_end(struct pipe *pipe, PGresult **results, uint32_t wanted, const char *doing, struct store_fault *fault)
{
    if (pipe->failed || PQpipelineSync(pipe->link->connection) != 1) {
        enum error error = pg_fault(pipe->link, NULL, doing, fault);
        pg_close(pipe->link);
        return error == error_none ? error_unreachable : error;
    }
    enum error error = answers_take(pipe, results, wanted, doing, fault);
    if (!pipe_close(pipe)) {
        enum error why = lost(pipe, doing, error == error_none || error == error_unreachable ? fault : NULL);
        error = error == error_none || error == error_unreachable ? why : error;
    }
    if (error != error_none)
        results_clear(results, wanted);
    return error;
}

void results_clear(PGresult **results, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}
