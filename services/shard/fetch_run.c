/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a reader thread does for the core: asks the store and collects what it gives. */
#include "services/shard/fetch.h"

#include <stdlib.h>

static enum error events_grow(struct fetch *fetch)
{
    if (fetch->count < fetch->capacity)
        return error_none;
    uint32_t capacity = fetch->capacity == 0 ? 16 : fetch->capacity * 2;
    struct fetched_event *events = realloc(fetch->events, capacity * sizeof *events);
    if (events == NULL)
        return error_no_memory;
    fetch->events = events;
    fetch->capacity = capacity;
    return error_none;
}

static enum error take_snapshot(void *context, const struct store_snapshot *snapshot)
{
    struct fetch *fetch = context;
    fetch->has_snapshot = true;
    fetch->snapshot = *snapshot;
    buffer_append(&fetch->memory, snapshot->state.data, snapshot->state.size);
    return fetch->memory.failed ? error_no_memory : error_none;
}

/* Stops with error_full when the page is full; that is not a fault. */
static enum error take_event(void *context, const struct store_record *record)
{
    struct fetch *fetch = context;
    if (fetch->count == FETCH_EVENTS_MAX || fetch->memory.size > FETCH_BYTES_MAX)
        return error_full;
    enum error error = events_grow(fetch);
    if (error != error_none)
        return error;
    struct fetched_event *event = &fetch->events[fetch->count++];
    *event = (struct fetched_event){.version = record->version, .seq = record->seq, .schema = record->schema};
    event->name = fetch->memory.size;
    event->name_size = (uint32_t)record->event.size;
    buffer_append(&fetch->memory, record->event.data, record->event.size);
    event->data = fetch->memory.size;
    event->data_size = record->data.size;
    buffer_append(&fetch->memory, record->data.data, record->data.size);
    return fetch->memory.failed ? error_no_memory : error_none;
}

static void run_load(struct fetch *fetch, struct store *store)
{
    if (fetch->first)
        fetch->error = store_read_stream(store,
                                         fetch->unit,
                                         &fetch->stream,
                                         fetch->stream_hash,
                                         UINT64_MAX,
                                         fetch->use_snapshot,
                                         &fetch->head,
                                         take_snapshot,
                                         take_event,
                                         fetch,
                                         &fetch->fault);
    else
        fetch->error = store_read_events(store,
                                         fetch->unit,
                                         &fetch->stream,
                                         fetch->stream_hash,
                                         fetch->after,
                                         FETCH_EVENTS_MAX,
                                         take_event,
                                         fetch,
                                         &fetch->fault);
    fetch->more = fetch->error == error_full || (!fetch->first && fetch->count == FETCH_EVENTS_MAX);
    if (fetch->error == error_full)
        fetch->error = error_none;
}

static void run_receipt(struct fetch *fetch, struct store *store)
{
    fetch->error =
        store_find_receipt(store, fetch->unit, &fetch->id, fetch->stream_hash, &fetch->receipt, &fetch->fault);
    fetch->found = fetch->error == error_none;
    if (fetch->error == error_not_found)
        fetch->error = error_none;
}

static void run_heads(struct fetch *fetch, struct store *store)
{
    struct store_info info;
    store_info(store, &info);
    struct store_partition *found = calloc(info.partitions, sizeof *found);
    fetch->heads = calloc(info.partitions, sizeof *fetch->heads);
    fetch->error =
        found == NULL || fetch->heads == NULL ? error_no_memory : store_read_heads(store, found, &fetch->fault);
    for (uint32_t i = 0; i < info.partitions && fetch->error == error_none; i++)
        fetch->heads[i] = found[i].head;
    free(found);
}

/* The body of a row without an event is the reply that was given. */
static enum error take_body(void *context, const struct store_record *row)
{
    struct fetch *fetch = context;
    if (row->seq != fetch->after + 1)
        return error_corrupt;
    fetch->found = true;
    buffer_append(&fetch->memory, row->data.data, row->data.size);
    return fetch->memory.failed ? error_no_memory : error_none;
}

void fetch_run(struct fetch *fetch, struct store *store)
{
    switch (fetch->kind) {
    case FETCH_LOAD:
        run_load(fetch, store);
        break;
    case FETCH_RECEIPT:
        run_receipt(fetch, store);
        break;
    case FETCH_HEADS:
        run_heads(fetch, store);
        break;
    case FETCH_REPLY:
        fetch->error = store_read_log(store, fetch->partition, fetch->after, 1, take_body, fetch, &fetch->fault);
        break;
    }
}
