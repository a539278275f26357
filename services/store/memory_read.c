/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading the store in memory: streams, logs, receipts. */
#include "services/store/memory.h"

#include <stdlib.h>

static enum error claim_check(struct memory_store *memory, uint32_t unit, struct store_fault *fault)
{
    pthread_mutex_lock(&memory->mutex);
    bool claimed = memory->units[unit].claim != NULL;
    pthread_mutex_unlock(&memory->mutex);
    return claimed ? error_none : fault_set(fault, error_fenced, "unit %u is not claimed here", unit);
}

static struct store_record *record_at(struct memory_store *memory, uint32_t partition, uint64_t seq)
{
    const struct memory_partition *place = &memory->partitions[partition];
    return seq == 0 || seq > place->count ? NULL : place->records[seq - 1];
}

static enum error visit_all(struct store_record **records, size_t count, store_visit visit, void *context)
{
    enum error error = error_none;
    for (size_t i = 0; i < count && error == error_none; i++)
        error = visit(context, records[i]);
    return error;
}

/* Collects the stream's records with versions above base, up to top, going backward from its head. */
static struct store_record **
chain_collect(struct memory_store *memory, const struct stream_entry *entry, uint64_t base, uint64_t top)
{
    struct store_record **records = calloc(top - base, sizeof records[0]);
    if (records == NULL)
        return NULL;
    struct store_record *record = record_at(memory, entry->partition, entry->head);
    while (record != NULL && record->version > base) {
        if (record->version <= top)
            records[record->version - base - 1] = record;
        record = record_at(memory, entry->partition, record->previous);
    }
    return records;
}

/* Called with the mutex held, gives it back. */
static enum error chain_visit(struct memory_store *memory,
                              const struct stream_entry *entry,
                              uint64_t base,
                              uint64_t top,
                              store_visit visit,
                              void *context)
{
    if (entry == NULL || top <= base) {
        pthread_mutex_unlock(&memory->mutex);
        return error_none;
    }
    struct store_record **records = chain_collect(memory, entry, base, top);
    pthread_mutex_unlock(&memory->mutex);
    enum error error = records == NULL ? error_no_memory : visit_all(records, top - base, visit, context);
    free(records);
    return error;
}

/* A stream's snapshot if its version is one of these; with the mutex held. The writer may replace it while it is
 * visited, so its state is a copy. False when memory is out. */
static bool snapshot_copy(const struct memory_store *memory,
                          const struct stream_entry *entry,
                          uint64_t from_version,
                          uint64_t to_version,
                          struct store_snapshot *out)
{
    const struct store_snapshot *snapshot = entry == NULL ? NULL : &memory->snapshots[entry - memory->streams.entries];
    if (snapshot == NULL || snapshot->version < from_version || snapshot->version > to_version)
        return true;
    uint8_t *state = malloc(snapshot->state.size + 1);
    if (state == NULL)
        return false;
    memcpy(state, snapshot->state.data, snapshot->state.size);
    *out = *snapshot;
    out->state.data = state;
    return true;
}

enum error memory_read_stream(struct store *store,
                              uint32_t unit,
                              const struct stream *stream,
                              uint64_t stream_hash,
                              uint64_t to_version,
                              bool use_snapshot,
                              struct store_head *head,
                              enum error (*snapshot)(void *context, const struct store_snapshot *snapshot),
                              store_visit visit,
                              void *context,
                              struct store_fault *fault)
{
    struct memory_store *memory = memory_of(store);
    enum error error = claim_check(memory, unit, fault);
    if (error != error_none)
        return error;
    pthread_mutex_lock(&memory->mutex);
    const struct stream_entry *found = stream_map_find(&memory->streams, stream, stream_hash);
    struct stream_entry entry = found == NULL ? (struct stream_entry){0} : *found;
    struct store_snapshot base = {0};
    bool copied = !use_snapshot || snapshot == NULL || snapshot_copy(memory, found, 1, to_version, &base);
    pthread_mutex_unlock(&memory->mutex);
    if (!copied)
        return fault_set(fault, error_no_memory, "no memory for a snapshot");
    error = base.version == 0 ? error_none : snapshot(context, &base);
    free((void *)base.state.data);
    if (error != error_none)
        return error;
    if (head != NULL)
        *head = (struct store_head){.head = entry.head, .version = entry.version};
    pthread_mutex_lock(&memory->mutex);
    uint64_t top = entry.version < to_version ? entry.version : to_version;
    return chain_visit(memory, &entry, base.version, top, visit, context);
}

/* The snapshot, which is freed, if there is one and it is taken. */
static uint64_t base_take(const struct store_look *look, struct store_snapshot *snapshot)
{
    bool taken = snapshot->version != 0 && look->take(look->context, snapshot);
    free((void *)snapshot->state.data);
    return taken ? snapshot->version : look->after_version;
}

enum error memory_look_stream(struct store *store,
                              const struct store_look *look,
                              struct store_head *head,
                              struct store_fault *fault)
{
    struct memory_store *memory = memory_of(store);
    struct store_snapshot snapshot = {0};
    pthread_mutex_lock(&memory->mutex);
    const struct stream_entry *found = stream_map_find(&memory->streams, look->stream, look->stream_hash);
    struct stream_entry entry = found == NULL ? (struct stream_entry){0} : *found;
    bool copied = look->take == NULL || snapshot_copy(memory, found, look->after_version + 1, UINT64_MAX, &snapshot);
    pthread_mutex_unlock(&memory->mutex);
    if (!copied)
        return fault_set(fault, error_no_memory, "no memory for a snapshot");
    if (head != NULL)
        *head = (struct store_head){.head = entry.head, .version = entry.version};
    uint64_t base = base_take(look, &snapshot), top = entry.version;
    if (top > base && top - base > look->limit)
        top = base + look->limit;
    pthread_mutex_lock(&memory->mutex);
    return chain_visit(memory, &entry, base, top, look->visit, look->context);
}

enum error memory_read_events(struct store *store,
                              uint32_t unit,
                              const struct stream *stream,
                              uint64_t stream_hash,
                              uint64_t after_version,
                              uint32_t limit,
                              store_visit visit,
                              void *context,
                              struct store_fault *fault)
{
    enum error error = claim_check(memory_of(store), unit, fault);
    if (error != error_none)
        return error;
    struct store_look look = {.stream = stream,
                              .stream_hash = stream_hash,
                              .after_version = after_version,
                              .limit = limit,
                              .visit = visit,
                              .context = context};
    return memory_look_stream(store, &look, NULL, fault);
}

enum error memory_read_log(struct store *store,
                           uint32_t partition,
                           uint64_t after_seq,
                           uint32_t limit,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault)
{
    (void)fault;
    struct memory_store *memory = memory_of(store);
    enum error error = error_none;
    for (uint32_t i = 0; i < limit && error == error_none; i++) {
        pthread_mutex_lock(&memory->mutex);
        const struct store_record *record = record_at(memory, partition, after_seq + 1 + i);
        pthread_mutex_unlock(&memory->mutex);
        if (record == NULL)
            break;
        error = visit(context, record);
    }
    return error;
}

enum error memory_read_heads(struct store *store, struct store_partition *out, struct store_fault *fault)
{
    (void)fault;
    struct memory_store *memory = memory_of(store);
    pthread_mutex_lock(&memory->mutex);
    for (uint32_t i = 0; i < memory->info.partitions; i++) {
        const struct memory_partition *partition = &memory->partitions[i];
        out[i] = (struct store_partition){.partition = i, .head = partition->count};
        if (partition->count > 0)
            out[i].time_us = record_at(memory, i, partition->count)->time_us;
    }
    pthread_mutex_unlock(&memory->mutex);
    return error_none;
}

enum error memory_find_receipt(struct store *store,
                               uint32_t unit,
                               const struct uuid *id,
                               uint64_t stream_hash,
                               struct store_receipt *out,
                               struct store_fault *fault)
{
    struct memory_store *memory = memory_of(store);
    uint64_t position;
    enum error error = claim_check(memory, unit, fault);
    if (error != error_none)
        return error;
    pthread_mutex_lock(&memory->mutex);
    bool found = receipt_set_find(&memory->receipts, id, stream_hash, &position);
    if (found)
        receipt_from_record(record_at(memory, position_partition(position), position_seq(position)), out);
    pthread_mutex_unlock(&memory->mutex);
    return found ? error_none : fault_set(fault, error_not_found, "no receipt");
}

enum error memory_recent_receipts(struct store *store,
                                  uint32_t unit,
                                  void (*visit)(void *context, const struct store_receipt *receipt),
                                  void *context,
                                  uint64_t *since_ms,
                                  uint64_t *expired_ms,
                                  struct store_fault *fault)
{
    (void)fault;
    struct memory_store *memory = memory_of(store);
    for (size_t i = 0; i < memory->receipts.count; i++) {
        uint64_t position = load_big_endian(memory->receipts.entries[i].position);
        if (position_partition(position) % memory->info.units != unit)
            continue;
        struct store_receipt receipt;
        receipt_from_record(record_at(memory, position_partition(position), position_seq(position)), &receipt);
        visit(context, &receipt);
    }
    *since_ms = 0;
    *expired_ms = 0;
    return error_none;
}
