/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Finding one receipt: among those in memory, then in the tables. In this order, because receipts move from memory to
 * the tables and never back. */
#include "services/store/unit.h"

static int wanted_compare(const struct wanted *wanted, const struct receipt_entry *entry)
{
    return memcmp(&wanted->entry, entry, RECEIPT_KEY_SIZE);
}

static void entries_search(struct wanted *wanted, const struct receipt_entry *entries, size_t count)
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

enum error
wanted_search(const struct unit *unit, struct wanted *wanted, struct slice page, int *order, struct store_fault *fault)
{
    const struct receipt_entry *entries;
    size_t count;
    enum error error = page_open(unit, page, &entries, &count, fault);
    if (error != error_none)
        return error;
    int where = wanted_compare(wanted, &entries[0]) < 0 ? -1 : wanted_compare(wanted, &entries[count - 1]) > 0 ? 1 : 0;
    if (where == 0)
        entries_search(wanted, entries, count);
    if (order != NULL)
        *order = where;
    return error_none;
}

/* The record that is found must be what was wanted. */
struct proof {
    const struct unit *unit;
    const struct wanted *wanted;
    struct store_receipt *out;
    struct store_fault *fault;
};

static enum error record_prove(void *context, const struct store_record *record)
{
    const struct proof *proof = context;
    struct receipt_entry entry = receipt_entry_of(&record->id, record->stream_hash, 0);
    if (!record->receipt || wanted_compare(proof->wanted, &entry) != 0)
        return fault_set(proof->fault, error_corrupt, "%s: a receipt's record is another's", proof->unit->name);
    receipt_from_record(record, proof->out);
    return error_none;
}

static enum error
wanted_find(struct unit *unit, struct wanted *wanted, struct store_receipt *out, struct store_fault *fault)
{
    struct proof proof = {.unit = unit, .wanted = wanted, .out = out, .fault = fault};
    enum error error = reading(unit)->read_begin(unit, fault);
    if (error == error_none && !wanted->found)
        error = reading(unit)->find_receipt(unit, wanted, fault);
    if (error == error_none)
        error = wanted->found ? reading(unit)->records(unit, &wanted->position, 1, record_prove, &proof, fault)
                              : fault_set(fault, error_not_found, "no receipt");
    reading(unit)->read_end(unit);
    return error;
}

enum error unit_find_receipt(struct store *store,
                             uint32_t number,
                             const struct uuid *id,
                             uint64_t hash,
                             struct store_receipt *out,
                             struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct wanted wanted = {.entry = receipt_entry_of(id, hash, 0)};
    wanted.timed = uuid_time_ms(id, &wanted.time_ms);
    pthread_mutex_lock(&unit->mutex);
    bool claimed = unit->claimed;
    wanted.found = claimed && receipt_set_find(&unit->pending, id, hash, &wanted.position);
    pthread_mutex_unlock(&unit->mutex);
    if (!claimed)
        return fault_set(fault, error_fenced, "unit %u is not claimed here", number);
    return wanted_find(unit, &wanted, out, fault);
}
