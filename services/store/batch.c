/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an append does in memory. It is prepared before the commit and done after it, so that nothing can fail in
 * between. */
#include <assert.h>

#include "services/store/unit.h"

enum { NOTE_BLOCK = 16 };

/* Puts the batch in the order of positions, and asserts that each partition's seqs go on from its head. */
static void batch_order(struct unit *unit, const struct store_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        unit->order[i] = (struct sort_item){.key = position_of(records[i].partition, records[i].seq), .item = i};
    sort_items(unit->order, unit->order_scratch, count);
    uint64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t position = unit->order[i].key;
        uint32_t partition = position_partition(position);
        assert(partition < unit->store->info.partitions && partition % unit->store->info.units == unit->number);
        if (i == 0 || partition != position_partition(before))
            before = position_of(partition, unit->heads[unit_place(unit, partition)].head);
        assert(position == before + 1);
        before = position;
    }
}

static enum error batch_reserve(struct unit *unit, const struct store_record *records, size_t count)
{
    size_t streams = 0, receipts = 0, key_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        receipts += records[i].receipt;
        if (records[i].event.size != 0) {
            streams++;
            key_bytes += stream_key_size(&records[i].stream);
        }
    }
    if (!sort_reserve(&unit->order, &unit->order_scratch, &unit->order_capacity, count))
        return error_no_memory;
    pthread_mutex_lock(&unit->mutex);
    enum error error = tail_reserve(unit, streams, key_bytes);
    if (error == error_none)
        error = receipt_set_reserve(&unit->pending, receipts);
    pthread_mutex_unlock(&unit->mutex);
    return error;
}

enum error batch_prepare(struct unit *unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    if (batch_reserve(unit, records, count) != error_none)
        return fault_set(fault, error_no_memory, "%s: no memory for a batch", unit->name);
    batch_order(unit, records, count);
    return error_none;
}

static void record_note(struct unit *unit, const struct store_record *record)
{
    unit->heads[unit_place(unit, record->partition)] =
        (struct partition_head){.head = record->seq, .time_us = record->time_us};
    tail_put(unit, record);
    if (record->receipt) {
        struct receipt_entry entry =
            receipt_entry_of(&record->id, record->stream_hash, position_of(record->partition, record->seq));
        receipt_set_put(&unit->pending, &entry);
    }
}

/* The maps are larger than the processor's cache: waiting for it once a block is cheaper than twice a record. */
static void block_prefetch(const struct unit *unit, const struct store_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tail_prefetch(unit, &records[i]);
        if (records[i].receipt)
            receipt_set_prefetch(&unit->pending, &records[i].id, records[i].stream_hash);
    }
    for (size_t i = 0; i < count; i++)
        tail_prefetch_entry(unit, &records[i]);
}

void batch_note(struct unit *unit, const struct store_record *records, size_t count)
{
    pthread_mutex_lock(&unit->mutex);
    for (size_t i = 0; i < count; i++) {
        if (i % NOTE_BLOCK == 0)
            block_prefetch(unit, records + i, count - i < NOTE_BLOCK ? count - i : NOTE_BLOCK);
        record_note(unit, &records[i]);
    }
    pthread_mutex_unlock(&unit->mutex);
}
