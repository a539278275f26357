/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Finding one receipt: among those in memory, in the runs that can hold an id of its time, in the table of the others.
 * In this order, because receipts move from memory to the tables and never back. */
#include "services/store/row.h"
#include "services/store/sqlite.h"

/* What is looked for, as entries are compared. */
struct wanted {
    struct receipt_entry entry;
    uint64_t time_ms;
    bool timed; /* a version 7 id */
    bool found;
    uint64_t position;
};

static int wanted_compare(const struct wanted *wanted, const struct receipt_entry *entry)
{
    return memcmp(&wanted->entry, entry, RECEIPT_KEY_SIZE);
}

static void page_search(struct wanted *wanted, const struct receipt_entry *entries, size_t count)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = wanted_compare(wanted, &entries[middle]);
        if (order == 0) {
            wanted->found = true;
            wanted->position = load_big_endian(entries[middle].position);
            return;
        }
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
}

/* Looks into one page; *order says where to look on: < 0 in pages before it, > 0 in those after, 0 nowhere. */
static enum error
page_look(struct unit *unit, uint64_t page, struct wanted *wanted, int *order, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->reader.statements[READER_PAGE];
    bind_unsigned(statement, 1, page);
    int code = sqlite3_step(statement);
    struct slice bytes = code == SQLITE_ROW ? column_bytes(statement, 0) : slice_of(NULL, 0);
    const struct receipt_entry *entries = (const struct receipt_entry *)bytes.data;
    size_t count = bytes.size / sizeof entries[0];
    enum error error = error_none;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        error = reader_fault(unit, code, "reading receipts", fault);
    else if (count == 0)
        error = fault_set(fault, error_corrupt, "%s: a page of receipts is missing", unit->path);
    else if (wanted_compare(wanted, &entries[0]) < 0)
        *order = -1;
    else if (wanted_compare(wanted, &entries[count - 1]) > 0)
        *order = 1;
    else
        *order = 0, page_search(wanted, entries, count);
    sqlite3_reset(statement);
    return error;
}

static enum error
run_look(struct unit *unit, uint64_t run, uint64_t pages, struct wanted *wanted, struct store_fault *fault)
{
    uint64_t low = run << 20, high = low + pages;
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
    sqlite3_stmt *statement = unit->reader.statements[READER_RUNS];
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
    sqlite3_stmt *statement = unit->reader.statements[READER_DAY];
    bind_unsigned(statement, 1, *day);
    int code = sqlite3_step(statement);
    *found = code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    *day = *found ? column_unsigned(statement, 0) : 0;
    sqlite3_reset(statement);
    return code == SQLITE_ROW ? error_none : reader_fault(unit, code, "looking for receipts", fault);
}

static enum error day_look(struct unit *unit, uint64_t day, struct wanted *wanted, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->reader.statements[READER_OTHER];
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

static enum error tables_look(struct unit *unit, struct wanted *wanted, struct store_fault *fault)
{
    enum error error = wanted->timed ? runs_look(unit, wanted, fault) : error_none;
    return error == error_none && !wanted->found ? others_look(unit, wanted, fault) : error;
}

static enum error
receipt_read(struct unit *unit, const struct wanted *wanted, struct store_receipt *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->reader.statements[READER_RECORD];
    struct store_record record = {0};
    bind_unsigned(statement, 1, wanted->position);
    int code = sqlite3_step(statement);
    enum error error = error_none;
    if (code == SQLITE_ROW)
        error = row_read(&unit->reader.connection, statement, &record, fault);
    else if (code != SQLITE_DONE)
        error = reader_fault(unit, code, "reading a receipt", fault);
    struct receipt_entry entry = receipt_entry_of(&record.id, record.stream_hash, 0);
    if (error == error_none && (!record.receipt || wanted_compare(wanted, &entry) != 0))
        error = fault_set(fault, error_corrupt, "%s: a receipt's record is another's", unit->path);
    if (error == error_none)
        receipt_from_record(&record, out);
    sqlite3_reset(statement);
    return error;
}

static enum error
wanted_find(struct unit *unit, struct wanted *wanted, struct store_receipt *out, struct store_fault *fault)
{
    enum error error = read_begin(unit, fault);
    if (error == error_none && !wanted->found)
        error = tables_look(unit, wanted, fault);
    if (error == error_none)
        error =
            wanted->found ? receipt_read(unit, wanted, out, fault) : fault_set(fault, error_not_found, "no receipt");
    read_end(unit);
    return error;
}

enum error sqlite_find_receipt(struct store *store,
                               uint32_t number,
                               const struct uuid *id,
                               uint64_t hash,
                               struct store_receipt *out,
                               struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct wanted wanted = {.entry = receipt_entry_of(id, hash, 0)};
    wanted.timed = uuid_time_ms(id, &wanted.time_ms);
    enum error error = reader_open(unit, fault);
    if (error != error_none)
        return error;
    pthread_mutex_lock(&unit->mutex);
    bool claimed = unit->claimed;
    wanted.found = claimed && receipt_set_find(&unit->pending, id, hash, &wanted.position);
    pthread_mutex_unlock(&unit->mutex);
    if (!claimed)
        return fault_set(fault, error_fenced, "unit %u is not claimed here", number);
    return wanted_find(unit, &wanted, out, fault);
}
