/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest receipts, for an owner that has just claimed a unit: those in no table yet and those of the newest runs.
 */
#include <assert.h>
#include <stdlib.h>

#include "services/store/grow.h"
#include "services/store/row.h"
#include "services/store/sqlite.h"

/* The positions of the rows to give. */
struct recent {
    struct sort_item *items, *scratch;
    size_t count, capacity;
    uint64_t before_ms; /* ids of the runs left out are not newer */
};

static bool recent_add(struct recent *recent, const struct receipt_entry *entries, size_t count)
{
    if (!sort_reserve(&recent->items, &recent->scratch, &recent->capacity, recent->count + count))
        return false;
    for (size_t i = 0; i < count; i++)
        recent->items[recent->count++] = (struct sort_item){.key = load_big_endian(entries[i].position)};
    return true;
}

static enum error run_collect(struct unit *unit, uint64_t run, struct recent *recent, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_PAGES];
    bool room = true;
    int code = SQLITE_DONE;
    bind_unsigned(statement, 1, run << 20);
    bind_unsigned(statement, 2, ((run + 1) << 20) - 1);
    while (room && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct slice page = column_bytes(statement, 0);
        room = recent_add(recent, (const struct receipt_entry *)page.data, page.size / sizeof(struct receipt_entry));
    }
    sqlite3_reset(statement);
    if (!room)
        return fault_set(fault, error_no_memory, "%s: no memory for receipts", unit->path);
    return code == SQLITE_DONE ? error_none : unit_fault(unit, code, "reading receipts", fault);
}

/* Newest first, until enough are in hand; the first run that is left out says how far back they reach. */
static enum error runs_collect(struct unit *unit, struct recent *recent, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_RUNS];
    enum error error = error_none;
    int code = SQLITE_DONE;
    while (error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (recent->count + column_unsigned(statement, 2) > unit->store->receipts_in_memory) {
            recent->before_ms = column_unsigned(statement, 1) + 1;
            code = SQLITE_DONE;
            break;
        }
        error = run_collect(unit, column_unsigned(statement, 0), recent, fault);
    }
    sqlite3_reset(statement);
    if (error == error_none && code != SQLITE_DONE)
        error = unit_fault(unit, code, "reading runs of receipts", fault);
    return error;
}

static enum error receipt_visit(struct unit *unit,
                                uint64_t position,
                                void (*visit)(void *context, const struct store_receipt *receipt),
                                void *context,
                                struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_RECORD];
    struct store_record record;
    struct store_receipt receipt;
    bind_unsigned(statement, 1, position);
    int code = sqlite3_step(statement);
    enum error error = code == SQLITE_ROW ? row_read(&unit->writer, statement, &record, fault)
                       : code == SQLITE_DONE
                           ? fault_set(fault, error_corrupt, "%s: a receipt's record is not there", unit->path)
                           : unit_fault(unit, code, "reading a receipt", fault);
    if (error == error_none) {
        receipt_from_record(&record, &receipt);
        visit(context, &receipt);
    }
    sqlite3_reset(statement);
    return error;
}

/* In one transaction, or each row would take and give back the locks of its own. */
static enum error recent_give(struct unit *unit,
                              struct recent *recent,
                              void (*visit)(void *context, const struct store_receipt *receipt),
                              void *context,
                              struct store_fault *fault)
{
    enum error error = unit_begin(unit, fault);
    if (error == error_none)
        error = runs_collect(unit, recent, fault);
    sort_items(recent->items, recent->scratch, recent->count); /* the log is read from one end to the other */
    for (size_t i = 0; i < recent->count && error == error_none; i++)
        error = receipt_visit(unit, recent->items[i].key, visit, context, fault);
    unit_rollback(unit);
    return error;
}

enum error sqlite_recent_receipts(struct store *store,
                                  uint32_t number,
                                  void (*visit)(void *context, const struct store_receipt *receipt),
                                  void *context,
                                  uint64_t *since_ms,
                                  uint64_t *expired_ms,
                                  struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct recent recent = {0};
    assert(unit->claim != NULL);
    enum error error = store_check(unit->store, fault);
    if (error == error_none && !recent_add(&recent, unit->pending.entries, unit->pending.count))
        error = fault_set(fault, error_no_memory, "%s: no memory for receipts", unit->path);
    if (error == error_none)
        error = recent_give(unit, &recent, visit, context, fault);
    free(recent.items);
    free(recent.scratch);
    if (error != error_none)
        return error;
    uint64_t late_ms = unit->marks.late_ms == 0 ? 0 : unit->marks.late_ms + 1;
    *since_ms = recent.before_ms > late_ms ? recent.before_ms : late_ms;
    *expired_ms = unit->marks.expired_ms;
    return error_none;
}
