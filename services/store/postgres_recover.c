/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a new owner reads, over its writer's connection. */
#include "services/store/postgres.h"

enum { SCAN_ROWS = 4096, RUNS_AT_ONCE = 64 };

static enum error run(struct unit *unit,
                      enum pg_statement statement,
                      const struct parameters *parameters,
                      PGresult **out,
                      const char *doing,
                      struct store_fault *fault)
{
    return pg_run(&postgres_unit_of(unit)->writer, statement, parameters, out, doing, fault);
}

/* A row of what is covered, and the partition's last record, if there is one. */
static enum error partition_read(
    struct unit *unit, const PGresult *result, int row, struct partition_found *out, struct store_fault *fault)
{
    enum { FIRST = 3 }; /* of the record's columns */
    struct store_record record = {0};
    uint32_t place = unit_place(unit, (uint32_t)result_number(result, row, 0));
    enum error error =
        PQgetisnull(result, row, FIRST) ? error_none : row_decode(unit, result, row, FIRST, &record, fault);
    if (error == error_none && place < unit->count)
        out[place] = (struct partition_found){.head = {.head = record.seq, .time_us = record.time_us},
                                              .covered = true,
                                              .streams = result_number(result, row, 1),
                                              .receipts = result_number(result, row, 2)};
    return error;
}

static enum error find_partitions(struct unit *unit, struct partition_found *out, struct store_fault *fault)
{
    struct parameters parameters = {0};
    PGresult *result;
    parameter_number(&parameters, unit->store->info.units);
    parameter_number(&parameters, unit->number);
    enum error error = run(unit, PG_PARTITIONS, &parameters, &result, "looking for the heads", fault);
    if (error != error_none)
        return error;
    for (int row = 0; row < PQntuples(result) && error == error_none; row++)
        error = partition_read(unit, result, row, out, fault);
    PQclear(result);
    return error;
}

static enum error find_marks(struct unit *unit, struct receipt_marks *out, struct store_fault *fault)
{
    struct parameters parameters = {0};
    PGresult *result;
    parameter_number(&parameters, unit->number);
    enum error error = run(unit, PG_MARKS, &parameters, &result, "looking for the last run of receipts", fault);
    if (error != error_none)
        return error;
    if (PQntuples(result) == 1)
        *out = (struct receipt_marks){.next_run = result_number(result, 0, 0) + 1,
                                      .max_ms = result_number(result, 0, 1),
                                      .late_ms = result_number(result, 0, 2),
                                      .expired_ms = result_number(result, 0, 3)};
    else
        error = fault_set(fault, error_corrupt, "%s: nothing says where its receipts end", unit->name);
    PQclear(result);
    return error;
}

static enum error find_kinds(struct unit *unit,
                             enum error (*visit)(void *context, const struct store_kind *kind),
                             void *context,
                             struct store_fault *fault)
{
    struct parameters parameters = {0};
    PGresult *result;
    parameter_number(&parameters, unit->number);
    enum error error = run(unit, PG_KINDS, &parameters, &result, "reading kinds of events", fault);
    if (error != error_none)
        return error;
    for (int row = 0; row < PQntuples(result) && error == error_none; row++) {
        struct store_kind kind = kind_read(result, row);
        error = visit(context, &kind);
    }
    PQclear(result);
    return error;
}

static enum error scan(struct unit *unit,
                       uint32_t partition,
                       uint64_t after_seq,
                       store_visit visit,
                       void *context,
                       struct store_fault *fault)
{
    enum error error = error_none;
    for (int rows = SCAN_ROWS; rows == SCAN_ROWS && error == error_none; after_seq += SCAN_ROWS) {
        struct parameters parameters = {0};
        PGresult *result;
        parameter_number(&parameters, position_of(partition, after_seq));
        parameter_number(&parameters, position_of(partition, POSITION_SEQ_MAX));
        parameter_number(&parameters, SCAN_ROWS);
        error = run(unit, PG_SCAN, &parameters, &result, "scanning the log", fault);
        if (error != error_none)
            return error;
        rows = PQntuples(result);
        error = rows_visit(unit, result, visit, context, fault);
        PQclear(result);
    }
    return error;
}

static enum error newest_runs(struct unit *unit,
                              bool (*visit)(void *context, uint64_t run, uint64_t max_ms, uint64_t count),
                              void *context,
                              struct store_fault *fault)
{
    uint64_t before = INT64_MAX;
    for (int rows = RUNS_AT_ONCE; rows == RUNS_AT_ONCE;) {
        struct parameters parameters = {0};
        PGresult *result;
        parameter_number(&parameters, unit->number);
        parameter_number(&parameters, before);
        parameter_number(&parameters, RUNS_AT_ONCE);
        enum error error = run(unit, PG_RUNS, &parameters, &result, "reading runs of receipts", fault);
        if (error != error_none)
            return error;
        rows = PQntuples(result);
        for (int row = 0; row < PQntuples(result) && rows >= 0; row++) {
            before = result_number(result, row, 0);
            if (!visit(context, before, result_number(result, row, 1), result_number(result, row, 2)))
                rows = -1;
        }
        PQclear(result);
    }
    return error_none;
}

static enum error pages(struct unit *unit,
                        uint64_t number,
                        enum error (*visit)(void *context, struct slice page),
                        void *context,
                        struct store_fault *fault)
{
    struct parameters parameters = {0};
    PGresult *result;
    parameter_number(&parameters, unit->number);
    parameter_number(&parameters, number << RECEIPT_PAGE_BITS);
    parameter_number(&parameters, ((number + 1) << RECEIPT_PAGE_BITS) - 1);
    enum error error = run(unit, PG_PAGES, &parameters, &result, "reading receipts", fault);
    if (error != error_none)
        return error;
    for (int row = 0; row < PQntuples(result) && error == error_none; row++)
        error = visit(context, result_bytes(result, row, 0));
    PQclear(result);
    return error;
}

const struct unit_claiming postgres_claiming = {
    .find_partitions = find_partitions,
    .find_marks = find_marks,
    .find_kinds = find_kinds,
    .scan = scan,
    .newest_runs = newest_runs,
    .pages = pages,
};
