/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading: over a server's one reading connection, which all threads of the process share. The mutex is held while the
 * server answers, not while what it answered is visited. Each statement sees what had committed when it began, and
 * nothing that a read looks at later ever goes backward, so reads need no transactions. */
#include "services/store/postgres.h"

enum { LOG_ROWS = 256, WALK_ROWS = CHAIN_SPAN, RECORDS_AT_ONCE = 256 };

static enum error link_ready(struct pg_link *link, const struct unit *unit, struct store_fault *fault)
{
    if (pg_is_open(link))
        return error_none;
    pg_close(link);
    return server_connect(link, postgres_store_of(unit), postgres_unit_of(unit)->server, fault);
}

/* That a connection was lost shows only when it is used: then a new one is tried at once. */
static enum error run(struct unit *unit,
                      enum pg_statement statement,
                      const struct parameters *parameters,
                      PGresult **out,
                      const char *doing,
                      struct store_fault *fault)
{
    struct server *server = postgres_unit_of(unit)->server;
    struct pg_link *link = &server->reader;
    pthread_mutex_lock(&server->mutex);
    bool again = pg_is_open(link);
    enum error error = link_ready(link, unit, fault);
    if (error == error_none)
        error = pg_run(link, statement, parameters, out, doing, fault);
    if (error != error_none && again && !pg_is_open(link)) {
        error = link_ready(link, unit, fault);
        if (error == error_none)
            error = pg_run(link, statement, parameters, out, doing, fault);
    }
    pthread_mutex_unlock(&server->mutex);
    return error;
}

static enum error read_begin(struct unit *unit, struct store_fault *fault)
{
    (void)unit, (void)fault;
    return error_none;
}

static void read_end(struct unit *unit)
{
    PQclear(postgres_unit_of(unit)->looked);
    postgres_unit_of(unit)->looked = NULL;
}

static enum error read_log(struct unit *unit,
                           uint32_t partition,
                           uint64_t after_seq,
                           uint32_t limit,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault)
{
    enum error error = error_none;
    while (limit > 0 && error == error_none) {
        uint32_t some = limit < LOG_ROWS ? limit : LOG_ROWS;
        struct parameters parameters = {0};
        PGresult *result;
        parameter_number(&parameters, position_of(partition, after_seq));
        parameter_number(&parameters, position_of(partition, POSITION_SEQ_MAX));
        parameter_number(&parameters, some);
        error = run(unit, PG_SCAN, &parameters, &result, "reading the log", fault);
        if (error != error_none)
            return error;
        uint32_t rows = (uint32_t)PQntuples(result);
        error = rows_visit(unit, result, visit, context, fault);
        PQclear(result);
        after_seq += rows;
        limit = rows < some ? 0 : limit - rows;
    }
    return error;
}

/* What one server says of its partitions; those that have no record are left as they are. */
static enum error
server_heads(struct unit *unit, uint32_t partitions, struct store_partition *out, struct store_fault *fault)
{
    struct parameters parameters = {0};
    PGresult *result;
    enum error error = run(unit, PG_HEADS, &parameters, &result, "reading the partitions' heads", fault);
    if (error != error_none)
        return error;
    for (int row = 0; row < PQntuples(result); row++) {
        uint64_t partition = result_number(result, row, 0);
        if (partition < partitions)
            out[partition] = (struct store_partition){.partition = (uint32_t)partition,
                                                      .head = position_seq(result_number(result, row, 1)),
                                                      .time_us = (int64_t)result_number(result, row, 2)};
    }
    PQclear(result);
    return error_none;
}

enum error postgres_read_heads(struct store *store, struct store_partition *out, struct store_fault *fault)
{
    const struct postgres_store *postgres = postgres_of(store);
    uint32_t partitions = postgres->base.info.partitions, units = postgres->base.info.units;
    uint32_t servers = postgres->server_count < units ? postgres->server_count : units;
    enum error error = error_none;
    for (uint32_t i = 0; i < partitions; i++)
        out[i] = (struct store_partition){.partition = i};
    for (uint32_t i = 0; i < servers && error == error_none; i++)
        error = server_heads(unit_of(store, i), partitions, out, fault); /* unit i is on server i */
    return error;
}

static void looked_read(const PGresult *result, struct looked *out)
{
    enum { HEAD, HEAD_VERSION, VERSION, SEQ, TIME, FINGERPRINT, CHECKSUM, STATE };
    out->head =
        (struct store_head){.head = result_number(result, 0, HEAD), .version = result_number(result, 0, HEAD_VERSION)};
    out->snapshot = !PQgetisnull(result, 0, VERSION);
    out->kept = (struct store_snapshot){.version = result_number(result, 0, VERSION),
                                        .seq = result_number(result, 0, SEQ),
                                        .time_us = (int64_t)result_number(result, 0, TIME),
                                        .fingerprint = result_number(result, 0, FINGERPRINT),
                                        .state = result_bytes(result, 0, STATE)};
    out->checksum = result_number(result, 0, CHECKSUM);
}

static enum error look(struct unit *unit,
                       uint64_t hash,
                       struct slice key,
                       bool head,
                       bool snapshot,
                       struct looked *out,
                       struct store_fault *fault)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, hash);
    parameter_bytes(&parameters, key);
    parameter_number(&parameters, head);
    parameter_number(&parameters, snapshot);
    enum error error =
        run(unit, PG_LOOK, &parameters, &postgres_unit_of(unit)->looked, "reading the stream index", fault);
    if (error == error_none)
        looked_read(postgres_unit_of(unit)->looked, out);
    return error;
}

static enum error covered(struct unit *unit, uint32_t partition, uint64_t *out, struct store_fault *fault)
{
    struct parameters parameters = {0};
    PGresult *result;
    parameter_number(&parameters, partition);
    enum error error = run(unit, PG_COVERED, &parameters, &result, "reading what the stream index covers", fault);
    if (error != error_none)
        return error;
    *out = PQntuples(result) == 1 ? result_number(result, 0, 0) : 0;
    PQclear(result);
    return error_none;
}

/* Gives the rows of one answer; *seq is where to go on. An answer that ends early is given as an event that is missing.
 */
static enum error steps_give(const PGresult *result, uint64_t count, uint64_t *seq, chain_step step, void *context)
{
    enum error error = error_none;
    uint64_t rows = (uint64_t)PQntuples(result);
    for (uint64_t row = 0; row < rows && error == error_none; row++) {
        uint64_t previous = result_number(result, (int)row, 2);
        uint64_t at = position_seq(result_number(result, (int)row, 0));
        error = step(context, at, result_number(result, (int)row, 1), previous);
        *seq = previous;
    }
    return error == error_none && rows < count ? step(context, *seq, 0, 0) : error;
}

static enum error walk(struct unit *unit,
                       uint32_t partition,
                       uint64_t seq,
                       uint64_t count,
                       chain_step step,
                       void *context,
                       struct store_fault *fault)
{
    enum error error = error_none;
    for (uint64_t some; count > 0 && error == error_none; count -= some) {
        struct parameters parameters = {0};
        PGresult *result;
        some = count < WALK_ROWS ? count : WALK_ROWS;
        parameter_number(&parameters, position_of(partition, seq));
        parameter_number(&parameters, some);
        error = run(unit, PG_WALK, &parameters, &result, "reading a stream", fault);
        if (error != error_none)
            return error;
        error = steps_give(result, some, &seq, step, context);
        PQclear(result);
    }
    return error;
}

static enum error records(struct unit *unit,
                          const uint64_t *positions,
                          size_t count,
                          store_visit visit,
                          void *context,
                          struct store_fault *fault)
{
    enum error error = error_none;
    for (size_t done = 0; done < count && error == error_none; done += RECORDS_AT_ONCE) {
        size_t some = count - done < RECORDS_AT_ONCE ? count - done : RECORDS_AT_ONCE;
        uint8_t bytes[PG_NUMBERS_SIZE(RECORDS_AT_ONCE)];
        struct parameters parameters = {0};
        PGresult *result;
        parameter_numbers(&parameters, positions + done, some, bytes);
        error = run(unit, PG_RECORDS, &parameters, &result, "reading records", fault);
        if (error != error_none)
            return error;
        error = positions_visit(unit, result, positions + done, some, visit, context, fault);
        PQclear(result);
    }
    return error;
}

/* The answer has pages that can hold what is wanted, or where it is. */
static enum error
answer_search(const struct unit *unit, struct wanted *wanted, const PGresult *result, struct store_fault *fault)
{
    enum error error = error_none;
    for (int row = 0; row < PQntuples(result) && !wanted->found && error == error_none; row++) {
        if (PQgetisnull(result, row, 1)) {
            error = wanted_search(unit, wanted, result_bytes(result, row, 0), NULL, fault);
        } else {
            wanted->found = true;
            wanted->position = result_number(result, row, 1);
        }
    }
    return error;
}

static enum error find_receipt(struct unit *unit, struct wanted *wanted, struct store_fault *fault)
{
    struct parameters parameters = {0};
    PGresult *result;
    uint64_t time_ms = wanted->timed ? wanted->time_ms : INT64_MAX; /* no run reaches that far */
    parameter_number(&parameters, unit->number);
    parameter_bytes(&parameters, slice_of(wanted->entry.id.bytes, sizeof wanted->entry.id.bytes));
    parameter_number(&parameters, load_big_endian(wanted->entry.stream_hash));
    parameter_bytes(&parameters, slice_of(&wanted->entry, RECEIPT_KEY_SIZE));
    parameter_number(&parameters, time_ms);
    parameter_number(&parameters, wanted->timed ? time_ms + RECEIPT_BEHIND_MS : INT64_MAX);
    enum error error = run(unit, PG_FIND_RECEIPT, &parameters, &result, "looking for a receipt", fault);
    if (error != error_none)
        return error;
    error = answer_search(unit, wanted, result, fault);
    PQclear(result);
    return error;
}

const struct unit_reading postgres_reading = {
    .read_begin = read_begin,
    .read_end = read_end,
    .read_log = read_log,
    .look = look,
    .covered = covered,
    .walk = walk,
    .records = records,
    .find_receipt = find_receipt,
};
