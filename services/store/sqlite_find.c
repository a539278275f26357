/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The way to a receipt through the tables: the runs that can hold an id of its time, then the others by day. */
#include "services/store/sqlite.h"

/* Looks into one page; *order as wanted_search says. */
static enum error
page_look(struct unit *unit, uint64_t page, struct wanted *wanted, int *order, struct store_fault *fault)
{
    sqlite3_stmt *statement = sqlite_unit_of(unit)->reader.statements[READER_PAGE];
    bind_unsigned(statement, 1, page);
    int code = sqlite3_step(statement);
    enum error error;
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        error = wanted_search(
            unit, wanted, code == SQLITE_ROW ? column_bytes(statement, 0) : slice_of(NULL, 0), order, fault);
    else
        error = reader_fault(unit, code, "reading receipts", fault);
    sqlite3_reset(statement);
    return error;
}

static enum error
run_look(struct unit *unit, uint64_t run, uint64_t pages, struct wanted *wanted, struct store_fault *fault)
{
    uint64_t low = run << RECEIPT_PAGE_BITS, high = low + pages;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int order = 0;
        enum error error = page_look(unit, middle, wanted, &order, fault);
        if (error != error_none || order == 0)
            return error;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return error_none;
}

/* max_ms never decreases from run to run, and no run reaches further back than RECEIPT_BEHIND_MS below it. */
static enum error runs_look(struct unit *unit, struct wanted *wanted, struct store_fault *fault)
{
    sqlite3_stmt *statement = sqlite_unit_of(unit)->reader.statements[READER_RUNS];
    enum error error = error_none;
    int code = SQLITE_DONE;
    bool on = true;
    bind_unsigned(statement, 1, wanted->time_ms);
    while (on && error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (column_unsigned(statement, 1) <= wanted->time_ms)
            error = run_look(unit, column_unsigned(statement, 0), column_unsigned(statement, 3), wanted, fault);
        on = !wanted->found && column_unsigned(statement, 2) <= wanted->time_ms + RECEIPT_BEHIND_MS;
    }
    sqlite3_reset(statement);
    if (error == error_none && code != SQLITE_ROW && code != SQLITE_DONE)
        error = reader_fault(unit, code, "looking for runs of receipts", fault);
    return error;
}

/* The first day after *day that has receipts; *found is false when there is none. */
static enum error day_next(struct unit *unit, uint64_t *day, bool *found, struct store_fault *fault)
{
    sqlite3_stmt *statement = sqlite_unit_of(unit)->reader.statements[READER_DAY];
    bind_unsigned(statement, 1, *day);
    int code = sqlite3_step(statement);
    *found = code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    *day = *found ? column_unsigned(statement, 0) : 0;
    sqlite3_reset(statement);
    return code == SQLITE_ROW ? error_none : reader_fault(unit, code, "looking for receipts", fault);
}

static enum error day_look(struct unit *unit, uint64_t day, struct wanted *wanted, struct store_fault *fault)
{
    sqlite3_stmt *statement = sqlite_unit_of(unit)->reader.statements[READER_OTHER];
    bind_unsigned(statement, 1, day);
    bind_bytes(statement, 2, slice_of(wanted->entry.id.bytes, sizeof wanted->entry.id.bytes));
    bind_unsigned(statement, 3, load_big_endian(wanted->entry.stream_hash));
    int code = sqlite3_step(statement);
    wanted->found = code == SQLITE_ROW;
    wanted->position = wanted->found ? column_unsigned(statement, 0) : 0;
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? error_none : reader_fault(unit, code, "reading receipts", fault);
}

static enum error others_look(struct unit *unit, struct wanted *wanted, struct store_fault *fault)
{
    uint64_t day = 0;
    bool found = true;
    enum error error = error_none;
    while (error == error_none && !wanted->found && found) {
        error = day_next(unit, &day, &found, fault);
        if (error == error_none && found)
            error = day_look(unit, day, wanted, fault);
    }
    return error;
}

enum error sqlite_find_receipt(struct unit *unit, struct wanted *wanted, struct store_fault *fault)
{
    enum error error = wanted->timed ? runs_look(unit, wanted, fault) : error_none;
    return error == error_none && !wanted->found ? others_look(unit, wanted, fault) : error;
}
