/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Appending a batch of records in one transaction that also checks the epoch. Rows go in by position: the partitions of
 * a batch one after the other, so that the pages at the end of each are touched once.
 *
 * What the batch changes in memory is prepared before and done after the commit, so that nothing can fail in between.
 */
#include <assert.h>
#include <stdatomic.h>

#include "services/store/row.h"
#include "services/store/sqlite.h"

enum { NOTE_BLOCK = 16 };

void unit_rollback(struct unit *unit)
{
    if (sqlite3_get_autocommit(unit->writer.db) == 0)
        statement_run(unit->statements[WRITER_ROLLBACK]);
}

enum error unit_fault(struct unit *unit, int code, const char *doing, struct store_fault *fault)
{
    enum error error = connection_fault(&unit->writer, code, doing, fault);
    if (error == error_io)
        atomic_store_explicit(&unit->store->failed, true, memory_order_relaxed);
    return error;
}

static enum error fence_check(struct unit *unit, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_EPOCH];
    enum error error = error_none;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        error = unit_fault(unit, code, "checking the epoch", fault);
    else if (column_unsigned(statement, 0) != unit->claim->epoch)
        error = fault_set(fault,
                          error_fenced,
                          "%s: unit %u is at epoch %llu, ours was %llu",
                          unit->path,
                          unit->number,
                          (unsigned long long)column_unsigned(statement, 0),
                          (unsigned long long)unit->claim->epoch);
    sqlite3_reset(statement);
    return error;
}

enum error unit_begin(struct unit *unit, struct store_fault *fault)
{
    int code = statement_run(unit->statements[WRITER_BEGIN]);
    if (code != SQLITE_OK)
        return unit_fault(unit, code, "beginning", fault);
    enum error error = fence_check(unit, fault);
    if (error != error_none)
        unit_rollback(unit);
    return error;
}

enum error unit_commit(struct unit *unit, struct store_fault *fault)
{
    int code = statement_run(unit->statements[WRITER_COMMIT]);
    if (code == SQLITE_OK)
        return error_none;
    enum error error = unit_fault(unit, code, "committing", fault);
    unit_rollback(unit);
    return error;
}

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

static enum error
batch_insert(struct unit *unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_INSERT];
    for (size_t i = 0; i < count; i++) {
        row_bind(statement, &records[unit->order[i].item], unit->claim->epoch);
        int code = statement_run(statement);
        if (code != SQLITE_OK)
            return unit_fault(unit, code, "appending", fault);
    }
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

static void batch_note(struct unit *unit, const struct store_record *records, size_t count)
{
    pthread_mutex_lock(&unit->mutex);
    for (size_t i = 0; i < count; i++) {
        if (i % NOTE_BLOCK == 0)
            block_prefetch(unit, records + i, count - i < NOTE_BLOCK ? count - i : NOTE_BLOCK);
        record_note(unit, &records[i]);
    }
    pthread_mutex_unlock(&unit->mutex);
}

static enum error
batch_commit(struct unit *unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    enum error error = unit_begin(unit, fault);
    if (error != error_none)
        return error;
    error = batch_insert(unit, records, count, fault);
    if (error == error_none)
        error = unit_commit(unit, fault);
    if (error == error_none)
        batch_note(unit, records, count);
    else
        unit_rollback(unit);
    return error;
}

enum error sqlite_append(
    struct store *store, uint32_t number, const struct store_record *records, size_t count, struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    assert(unit->claim != NULL && count <= UINT32_MAX);
    enum error error = store_check(unit->store, fault);
    if (error == error_none)
        error = maintain_overdue(unit, fault);
    if (error != error_none || count == 0)
        return error;
    if (batch_reserve(unit, records, count) != error_none)
        return fault_set(fault, error_no_memory, "%s: no memory for a batch", unit->path);
    batch_order(unit, records, count);
    return batch_commit(unit, records, count, fault);
}
