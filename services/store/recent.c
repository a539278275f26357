/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest receipts, for an owner that has just claimed a unit: those in no table yet and those of the newest runs.
 */
#include <assert.h>

#include "services/store/unit.h"

struct recent {
    struct unit *unit;
    uint64_t count;
    uint64_t before_ms; /* ids of the runs left out are not newer */
    enum error error;
    void (*visit)(void *context, const struct store_receipt *receipt);
    void *context;
    struct store_fault *fault;
};

static void entries_give(struct recent *recent, const struct receipt_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t position = load_big_endian(entries[i].position);
        struct store_receipt receipt = {.id = entries[i].id,
                                        .stream_hash = load_big_endian(entries[i].stream_hash),
                                        .partition = position_partition(position),
                                        .seq = position_seq(position)};
        recent->visit(recent->context, &receipt);
    }
    recent->count += count;
}

static enum error page_give(void *context, struct slice page)
{
    struct recent *recent = context;
    const struct receipt_entry *entries;
    size_t count;
    enum error error = page_open(recent->unit, page, &entries, &count, recent->fault);
    if (error == error_none)
        entries_give(recent, entries, count);
    return error;
}

/* Newest first, until enough were given; the first run that is left out says how far back they reach. */
static bool run_give(void *context, uint64_t run, uint64_t max_ms, uint64_t count)
{
    struct recent *recent = context;
    struct unit *unit = recent->unit;
    if (recent->count + count > unit->store->receipts_in_memory) {
        recent->before_ms = max_ms + 1;
        return false;
    }
    recent->error = claiming(unit)->pages(unit, run, page_give, recent, recent->fault);
    return recent->error == error_none;
}

/* In one transaction, or each run would take and give back locks of its own. */
static enum error all_give(struct recent *recent)
{
    struct unit *unit = recent->unit;
    enum error error = writing(unit)->begin(unit, recent->fault);
    if (error != error_none)
        return error;
    entries_give(recent, unit->pending.entries, unit->pending.count);
    error = claiming(unit)->newest_runs(unit, run_give, recent, recent->fault);
    writing(unit)->rollback(unit);
    return error == error_none ? recent->error : error;
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
    enum error error = all_give(&recent);
    if (error != error_none)
        return error;
    uint64_t late_ms = unit->marks.late_ms == 0 ? 0 : unit->marks.late_ms + 1;
    *since_ms = recent.before_ms > late_ms ? recent.before_ms : late_ms;
    *expired_ms = unit->marks.expired_ms;
    return error_none;
}
