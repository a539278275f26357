/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a new owner needs in memory: the heads of its partitions, and, by scanning the log from the positions that the
 * tables cover, the streams and receipts that are in no table yet. */
#include <stdlib.h>

#include "services/store/unit.h"

/* Going through the records after what the tables cover. */
struct recovery {
    struct unit *unit;
    const struct partition_found *found;
    uint64_t seq; /* of the record before */
    struct store_fault *fault;
};

static enum error
found_check(const struct unit *unit, uint32_t place, const struct partition_found *found, struct store_fault *fault)
{
    uint64_t head = found->head.head;
    if (found->covered && found->streams <= head && found->receipts <= head)
        return error_none;
    return fault_set(fault,
                     error_corrupt,
                     "%s: partition %u ends at seq %llu, before what its index covers",
                     unit->name,
                     unit_partition(unit, place),
                     (unsigned long long)head);
}

static enum error
record_recover(struct unit *unit, const struct store_record *record, const struct partition_found *found)
{
    if (record->seq > found->streams) {
        if (record->event.size != 0 && tail_reserve(unit, 1, stream_key_size(&record->stream)) != error_none)
            return error_no_memory;
        tail_put(unit, record);
    }
    if (record->seq > found->receipts && record->receipt) {
        struct receipt_entry entry =
            receipt_entry_of(&record->id, record->stream_hash, position_of(record->partition, record->seq));
        if (receipt_set_reserve(&unit->pending, 1) != error_none)
            return error_no_memory;
        receipt_set_put(&unit->pending, &entry);
    }
    return error_none;
}

static enum error row_recover(void *context, const struct store_record *record)
{
    struct recovery *recovery = context;
    struct unit *unit = recovery->unit;
    if (record->seq != ++recovery->seq)
        return fault_set(recovery->fault,
                         error_corrupt,
                         "%s: partition %u has no record at seq %llu",
                         unit->name,
                         record->partition,
                         (unsigned long long)recovery->seq);
    return record_recover(unit, record, recovery->found) == error_none
               ? error_none
               : fault_set(recovery->fault, error_no_memory, "%s: no memory for its tail", unit->name);
}

static enum error
partition_recover(struct unit *unit, uint32_t place, const struct partition_found *found, struct store_fault *fault)
{
    enum error error = found_check(unit, place, found, fault);
    if (error != error_none)
        return error;
    uint64_t after = found->streams < found->receipts ? found->streams : found->receipts;
    struct recovery recovery = {.unit = unit, .found = found, .seq = after, .fault = fault};
    unit->heads[place] = found->head;
    unit->claim->partitions[place].head = found->head.head;
    unit->claim->partitions[place].time_us = found->head.time_us;
    if (after == found->head.head)
        return error_none;
    return claiming(unit)->scan(unit, unit_partition(unit, place), after, row_recover, &recovery, fault);
}

enum error unit_recover(struct unit *unit, struct store_fault *fault)
{
    struct partition_found *found = calloc(unit->count, sizeof found[0]);
    if (found == NULL)
        return fault_set(fault, error_no_memory, "%s: no memory for its claim", unit->name);
    enum error error = kinds_recover(unit, fault);
    if (error == error_none)
        error = claiming(unit)->find_marks(unit, &unit->marks, fault);
    if (error == error_none)
        error = claiming(unit)->find_partitions(unit, found, fault);
    for (uint32_t place = 0; place < unit->count && error == error_none; place++)
        error = partition_recover(unit, place, &found[place], fault);
    free(found);
    unit->expire = true;
    return error;
}
