/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The store in a process's memory: for tests, simulations and trying things out. It keeps everything until it is closed
 * and makes nothing durable. Records never change once appended, so readers hold the mutex only to find them. */
#include "services/store/memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "services/store/grow.h"
#include "services/store/kinds.h"

static void memory_close(struct store **store)
{
    struct memory_store *memory = memory_of(*store);
    for (uint32_t p = 0; memory->partitions != NULL && p < memory->info.partitions; p++) {
        for (size_t i = 0; i < memory->partitions[p].count; i++)
            free(memory->partitions[p].records[i]);
        free(memory->partitions[p].records);
    }
    for (uint32_t unit = 0; memory->units != NULL && unit < memory->info.units; unit++)
        free(memory->units[unit].claim);
    for (size_t i = 0; i < memory->streams.count; i++)
        free((void *)memory->snapshots[i].state.data);
    free(memory->partitions);
    free(memory->units);
    free(memory->snapshots);
    stream_map_fini(&memory->streams);
    receipt_set_fini(&memory->receipts);
    pthread_mutex_destroy(&memory->mutex);
    free(memory);
    *store = NULL;
}

static enum error memory_open(struct store **out, const struct store_config *config, struct store_fault *fault)
{
    struct memory_store *memory = calloc(1, sizeof *memory);
    if (memory == NULL)
        return fault_set(fault, error_no_memory, "no memory for a store");
    memory->base.ops = &store_memory_ops;
    memory->info = (struct store_info){
        .partitions = config->partitions, .units = config->units, .incarnation = config->incarnation};
    memory->readers = config->readers;
    pthread_mutex_init(&memory->mutex, NULL);
    memory->partitions = calloc(config->partitions, sizeof memory->partitions[0]);
    memory->units = calloc(config->units, sizeof memory->units[0]);
    struct store *store = &memory->base;
    if (memory->partitions == NULL || memory->units == NULL) {
        memory_close(&store);
        return fault_set(fault, error_no_memory, "no memory for %u partitions", config->partitions);
    }
    *out = store;
    return error_none;
}

static void memory_info(const struct store *store, struct store_info *out)
{
    *out = memory_of(store)->info;
}

static enum error
partition_check(const struct memory_store *memory, uint32_t number, const char *where, struct store_fault *fault)
{
    const struct memory_partition *partition = &memory->partitions[number];
    for (size_t i = 0; i < partition->count; i++) {
        struct store_kind kind = kind_of_record(partition->records[i]);
        if (kind.event.size != 0 && !kind_readable(&memory->readers, &kind))
            return kind_refused(where, &kind, fault);
    }
    return error_none;
}

/* Looks at every event, as nothing else remembers which kinds there are. */
static enum error kinds_check(const struct memory_store *memory, uint32_t unit, struct store_fault *fault)
{
    enum error error = error_none;
    char where[32];
    snprintf(where, sizeof where, "memory: unit %u", unit);
    for (uint32_t p = unit; p < memory->info.partitions && error == error_none; p += memory->info.units)
        error = partition_check(memory, p, where, fault);
    return error;
}

static enum error
memory_claim(struct store *store, uint32_t unit, const struct store_claim **out, struct store_fault *fault)
{
    struct memory_store *memory = memory_of(store);
    assert(unit < memory->info.units && memory->units[unit].claim == NULL);
    enum error error = kinds_check(memory, unit, fault);
    if (error != error_none)
        return error;
    struct store_claim *claim = claim_new(&memory->info, unit);
    if (claim == NULL)
        return fault_set(fault, error_no_memory, "no memory for the claim of unit %u", unit);
    for (uint32_t i = 0; i < claim->count; i++) {
        const struct memory_partition *partition = &memory->partitions[claim->partitions[i].partition];
        claim->partitions[i].head = partition->count;
        if (partition->count != 0)
            claim->partitions[i].time_us = partition->records[partition->count - 1]->time_us;
    }
    pthread_mutex_lock(&memory->mutex);
    claim->epoch = ++memory->units[unit].epoch;
    memory->units[unit].claim = claim;
    pthread_mutex_unlock(&memory->mutex);
    *out = claim;
    return error_none;
}

static void memory_release(struct store *store, uint32_t unit)
{
    struct memory_store *memory = memory_of(store);
    pthread_mutex_lock(&memory->mutex);
    free(memory->units[unit].claim);
    memory->units[unit].claim = NULL;
    pthread_mutex_unlock(&memory->mutex);
}

static struct slice slice_copy(uint8_t **at, struct slice slice)
{
    struct slice copy = slice_of(*at, slice.size);
    if (slice.size != 0)
        memcpy(*at, slice.data, slice.size);
    *at += slice.size;
    return copy;
}

/* One block for the record and all that it points to; NULL when memory is out. */
static struct store_record *record_copy(const struct store_record *record)
{
    const struct stream *stream = &record->stream;
    struct store_record *copy = malloc(sizeof *copy + stream_key_size(stream) + record->event.size + record->data.size +
                                       record->command.size + record->user.size + record->traceparent.size);
    if (copy == NULL)
        return NULL;
    uint8_t *at = (uint8_t *)(copy + 1);
    *copy = *record;
    copy->stream.realm = slice_copy(&at, stream->realm);
    copy->stream.namespace = slice_copy(&at, stream->namespace);
    copy->stream.resource = slice_copy(&at, stream->resource);
    copy->stream.identifier = slice_copy(&at, stream->identifier);
    copy->event = slice_copy(&at, record->event);
    copy->data = slice_copy(&at, record->data);
    copy->command = slice_copy(&at, record->command);
    copy->user = slice_copy(&at, record->user);
    copy->traceparent = slice_copy(&at, record->traceparent);
    return copy;
}

/* Makes all the room that the records need, so that adding them cannot fail half-way. */
static bool room_make(struct memory_store *memory, const struct store_record *records, size_t count)
{
    size_t key_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct memory_partition *partition = &memory->partitions[records[i].partition];
        key_bytes += stream_key_size(&records[i].stream);
        if (!grow((void **)&partition->records, &partition->capacity, partition->count + count, sizeof(void *)))
            return false;
    }
    return stream_map_reserve(&memory->streams, count, key_bytes) == error_none &&
           receipt_set_reserve(&memory->receipts, count) == error_none &&
           grow((void **)&memory->snapshots,
                &memory->snapshots_capacity,
                memory->streams.count + count,
                sizeof memory->snapshots[0]);
}

static void record_add(struct memory_store *memory, struct store_record *record)
{
    struct memory_partition *partition = &memory->partitions[record->partition];
    assert(record->seq == partition->count + 1);
    partition->records[partition->count++] = record;
    if (record->event.size != 0) {
        size_t streams = memory->streams.count;
        uint32_t number = stream_map_put(
            &memory->streams, &record->stream, record->stream_hash, record->partition, record->seq, record->version);
        if (memory->streams.count != streams)
            memory->snapshots[number] = (struct store_snapshot){0};
    }
    if (record->receipt) {
        struct receipt_entry entry =
            receipt_entry_of(&record->id, record->stream_hash, position_of(record->partition, record->seq));
        receipt_set_put(&memory->receipts, &entry);
    }
}

static bool records_copy(struct store_record **copies, const struct store_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        copies[i] = record_copy(&records[i]);
        if (copies[i] == NULL)
            return false;
    }
    return true;
}

static enum error memory_append(
    struct store *store, uint32_t unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    struct memory_store *memory = memory_of(store);
    assert(memory->units[unit].claim != NULL);
    struct store_record **copies = calloc(count == 0 ? 1 : count, sizeof copies[0]);
    bool copied = copies != NULL && records_copy(copies, records, count);
    pthread_mutex_lock(&memory->mutex);
    bool room = copied && room_make(memory, records, count);
    for (size_t i = 0; room && i < count; i++) {
        assert(copies[i]->partition % memory->info.units == unit);
        record_add(memory, copies[i]);
    }
    pthread_mutex_unlock(&memory->mutex);
    for (size_t i = 0; !room && copies != NULL && i < count; i++)
        free(copies[i]);
    free(copies);
    return room ? error_none : fault_set(fault, error_no_memory, "no memory for %zu records", count);
}

static bool snapshot_put(struct memory_store *memory, const struct store_snapshot_write *write)
{
    const struct stream_entry *entry = stream_map_find(&memory->streams, &write->stream, write->stream_hash);
    assert(entry != NULL && write->snapshot.version <= entry->version);
    struct store_snapshot *place = &memory->snapshots[entry - memory->streams.entries];
    if (write->snapshot.version < place->version)
        return true;
    uint8_t *state = malloc(write->snapshot.state.size + 1);
    if (state == NULL)
        return false;
    uint8_t *at = state;
    free((void *)place->state.data);
    *place = write->snapshot;
    place->state = slice_copy(&at, write->snapshot.state);
    return true;
}

static enum error memory_maintain(struct store *store,
                                  uint32_t unit,
                                  const struct store_snapshot_write *snapshots,
                                  size_t count,
                                  uint32_t budget_ms,
                                  bool *more,
                                  struct store_fault *fault)
{
    (void)budget_ms;
    struct memory_store *memory = memory_of(store);
    assert(memory->units[unit].claim != NULL);
    bool kept = true;
    pthread_mutex_lock(&memory->mutex);
    for (size_t i = 0; kept && i < count; i++)
        kept = snapshot_put(memory, &snapshots[i]);
    pthread_mutex_unlock(&memory->mutex);
    if (!kept)
        return fault_set(fault, error_no_memory, "no memory for snapshots");
    *more = false;
    return error_none;
}

/* Nobody else can ask a process's memory, and the process that describes a module has it loaded. */
static enum error memory_describe(
    struct store *store, uint32_t unit, uint64_t fingerprint, struct slice description, struct store_fault *fault)
{
    (void)store, (void)unit, (void)fingerprint, (void)description, (void)fault;
    return error_none;
}

const struct store_ops store_memory_ops = {
    .scheme = "memory",
    .partitions = 16,
    .units = 4,
    .open = memory_open,
    .close = memory_close,
    .info = memory_info,
    .claim = memory_claim,
    .release = memory_release,
    .append = memory_append,
    .maintain = memory_maintain,
    .read_stream = memory_read_stream,
    .read_events = memory_read_events,
    .look_stream = memory_look_stream,
    .read_log = memory_read_log,
    .read_heads = memory_read_heads,
    .find_receipt = memory_find_receipt,
    .recent_receipts = memory_recent_receipts,
    .describe = memory_describe,
};
