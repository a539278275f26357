/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where streams end, for who does not own their unit: by the stream table, and by what was seen of the log after the
 * position that the table covers. What was seen of a partition is kept, so that a look scans only what came since.
 *
 *     the log   1 ......... covered ............. to ....... head
 *               |-- table --|------- map ---------|- scanned -|
 *
 * When the table has come to cover half of what the map has, the map is begun anew from there. All maps together are
 * bounded: beyond that those of the other partitions are forgotten, and scanned again when they are next looked at. */
#include <stdlib.h>

#include "services/store/unit.h"

enum {
    LOOK_ROWS = 4096,        /* scanned in one read: reads stay short, so that they do not hold up checkpoints */
    LOOK_COVERED_ROWS = 8192 /* so many more have been seen when what the table covers is looked at again */
};

static void seen_forget(struct seen *seen)
{
    stream_map_fini(&seen->map);
    *seen = (struct seen){0};
}

void looks_fini(struct unit_store *store)
{
    for (uint32_t i = 0; store->seen != NULL && i < store->info.partitions; i++)
        seen_forget(&store->seen[i]);
    free(store->seen);
    store->seen = NULL;
}

static size_t seen_bytes(const struct seen *seen)
{
    return seen->map.capacity * sizeof seen->map.entries[0] + seen->map.keys_capacity;
}

size_t looks_bytes(const struct unit_store *store)
{
    size_t bytes = 0;
    for (uint32_t i = 0; store->seen != NULL && i < store->info.partitions; i++)
        bytes += seen_bytes(&store->seen[i]);
    return bytes;
}

static void others_forget(struct unit_store *store, const struct seen *kept)
{
    bool many = looks_bytes(store) > store->limits.look_bytes;
    for (uint32_t i = 0; many && i < store->info.partitions; i++)
        if (&store->seen[i] != kept)
            seen_forget(&store->seen[i]);
}

/* Begins where the table ends: at first, and when it has come far. */
static enum error seen_begin(struct unit *unit, uint32_t partition, struct seen *seen, struct store_fault *fault)
{
    uint64_t covered;
    if (seen->known && seen->to - seen->asked < LOOK_COVERED_ROWS)
        return error_none;
    enum error error = reading(unit)->covered(unit, partition, &covered, fault);
    if (error != error_none)
        return error;
    seen->asked = seen->to;
    if (seen->known && covered - seen->covered <= (seen->to - seen->covered) / 2)
        return error_none;
    seen_forget(seen);
    *seen = (struct seen){.known = true, .covered = covered, .asked = covered, .to = covered};
    return error_none;
}

struct scan {
    const struct unit *unit;
    struct seen *seen;
    uint32_t rows;
    struct store_fault *fault;
};

static enum error record_see(void *context, const struct store_record *record)
{
    struct scan *scan = context;
    struct seen *seen = scan->seen;
    if (record->seq != seen->to + 1)
        return fault_set(scan->fault,
                         error_corrupt,
                         "%s: partition %u has no record at seq %llu",
                         scan->unit->name,
                         record->partition,
                         (unsigned long long)seen->to + 1);
    if (record->event.size != 0) {
        if (stream_map_reserve(&seen->map, 1, stream_key_size(&record->stream)) != error_none)
            return fault_set(scan->fault, error_no_memory, "%s: no memory for its streams", scan->unit->name);
        stream_map_put(
            &seen->map, &record->stream, record->stream_hash, record->partition, record->seq, record->version);
    }
    seen->to++;
    scan->rows++;
    return error_none;
}

/* Sees all that is committed. The read in which the end was seen stays open, whatever is returned. */
static enum error seen_catch_up(struct unit *unit, uint32_t partition, struct seen *seen, struct store_fault *fault)
{
    for (;;) {
        struct scan scan = {.unit = unit, .seen = seen, .fault = fault};
        enum error error = reading(unit)->read_begin(unit, fault);
        if (error == error_none)
            error = seen_begin(unit, partition, seen, fault);
        if (error == error_none)
            error = reading(unit)->read_log(unit, partition, seen->to, LOOK_ROWS, record_see, &scan, fault);
        if (error != error_none || scan.rows < LOOK_ROWS)
            return error;
        reading(unit)->read_end(unit);
    }
}

enum error look_head(const struct look *look, bool snapshot, struct looked *out, struct store_fault *fault)
{
    struct unit *unit = look->unit;
    struct unit_store *store = unit->store;
    uint32_t partition = stream_partition(look->hash, store->info.partitions);
    struct looked looked = {0};
    if (store->seen == NULL && (store->seen = calloc(store->info.partitions, sizeof store->seen[0])) == NULL)
        return fault_set(fault, error_no_memory, "%s: no memory to read", unit->name);
    struct seen *seen = &store->seen[partition];
    enum error error = seen_catch_up(unit, partition, seen, fault);
    if (error != error_none)
        return error;
    others_forget(store, seen);
    const struct stream_entry *entry = stream_map_find(&seen->map, look->stream, look->hash);
    if (entry == NULL || snapshot)
        error = reading(unit)->look(unit, look->hash, look->key, entry == NULL, snapshot, &looked, fault);
    if (entry != NULL)
        looked.head = (struct store_head){.head = entry->head, .version = entry->version};
    if (error == error_none)
        *out = looked;
    return error;
}
