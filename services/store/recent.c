/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest receipts, for an owner that has just claimed a unit: those in no table yet and those of the newest runs.
 */
#include <assert.h>
#include <stdlib.h>

#include "services/store/unit.h"

enum { RECORDS_AT_ONCE = 1024 };

/* The positions of the rows to give. */
struct recent {
    struct unit *unit;
    struct sort_item *items, *scratch;
    size_t count, capacity;
    uint64_t before_ms; /* ids of the runs left out are not newer */
    enum error error;
    void (*visit)(void *context, const struct store_receipt *receipt);
    void *context;
    struct store_fault *fault;
};

static enum error entries_add(void *context, const struct receipt_entry *entries, size_t count)
{
    struct recent *recent = context;
    if (!sort_reserve(&recent->items, &recent->scratch, &recent->capacity, recent->count + count))
        return fault_set(recent->fault, error_no_memory, "%s: no memory for receipts", recent->unit->name);
    for (size_t i = 0; i < count; i++)
        recent->items[recent->count++] = (struct sort_item){.key = load_big_endian(entries[i].position)};
    return error_none;
}

/* Newest first, until enough are in hand; the first run that is left out says how far back they reach. */
static bool run_collect(void *context, uint64_t run, uint64_t max_ms, uint64_t count)
{
    struct recent *recent = context;
    struct unit *unit = recent->unit;
    if (recent->count + count > unit->store->receipts_in_memory) {
        recent->before_ms = max_ms + 1;
        return false;
    }
    recent->error = claiming(unit)->pages(unit, run, entries_add, recent, recent->fault);
    return recent->error == error_none;
}

static enum error record_give(void *context, const struct store_record *record)
{
    struct recent *recent = context;
    struct store_receipt receipt;
    if (record->seq == 0)
        return fault_set(recent->fault, error_corrupt, "%s: a receipt's record is not there", recent->unit->name);
    receipt_from_record(record, &receipt);
    recent->visit(recent->context, &receipt);
    return error_none;
}

/* The log is read from one end to the other. */
static enum error records_give(struct recent *recent)
{
    uint64_t positions[RECORDS_AT_ONCE];
    enum error error = error_none;
    sort_items(recent->items, recent->scratch, recent->count);
    for (size_t i = 0, count; i < recent->count && error == error_none; i += count) {
        for (count = 0; count < RECORDS_AT_ONCE && i + count < recent->count; count++)
            positions[count] = recent->items[i + count].key;
        error =
            claiming(recent->unit)->writer_records(recent->unit, positions, count, record_give, recent, recent->fault);
    }
    return error;
}

/* In one transaction, or each row would take and give back locks of its own. */
static enum error recent_give(struct recent *recent)
{
    struct unit *unit = recent->unit;
    enum error error = writing(unit)->begin(unit, recent->fault);
    if (error != error_none)
        return error;
    error = claiming(unit)->newest_runs(unit, run_collect, recent, recent->fault);
    if (error == error_none)
        error = recent->error;
    if (error == error_none)
        error = records_give(recent);
    writing(unit)->rollback(unit);
    return error;
}

enum error unit_recent_receipts(struct store *store,
                                uint32_t number,
                                void (*visit)(void *context, const struct store_receipt *receipt),
                                void *context,
                                uint64_t *since_ms,
                                uint64_t *expired_ms,
                                struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct recent recent = {.unit = unit, .visit = visit, .context = context, .fault = fault};
    assert(unit->claim != NULL);
    enum error error = entries_add(&recent, unit->pending.entries, unit->pending.count);
    if (error == error_none)
        error = recent_give(&recent);
    free(recent.items);
    free(recent.scratch);
    if (error != error_none)
        return error;
    uint64_t late_ms = unit->marks.late_ms == 0 ? 0 : unit->marks.late_ms + 1;
    *since_ms = recent.before_ms > late_ms ? recent.before_ms : late_ms;
    *expired_ms = unit->marks.expired_ms;
    return error_none;
}
