/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See receipts.h. */
#include "services/shard/receipts.h"

#include <stdlib.h>

enum { RECEIPTS_FIRST = 1024, SAMPLE = 1024 };

struct receipt_slot {
    uint64_t print;   /* 0: the slot is empty */
    uint64_t time_ms; /* the id's; 0 when it has none */
};

void receipts_init(struct receipts *receipts, uint32_t limit)
{
    *receipts = (struct receipts){.limit = limit < RECEIPTS_FIRST ? RECEIPTS_FIRST : limit};
}

void receipts_fini(struct receipts *receipts)
{
    free(receipts->slots);
    receipts->slots = NULL;
    receipts->count = receipts->capacity = 0;
}

/* Ids are random in their tail, whatever their version; the stream tells apart equal ids of different aggregates. */
static uint64_t print_of(const struct uuid *id, uint64_t stream_hash)
{
    uint64_t head, tail;
    memcpy(&head, id->bytes, sizeof head);
    memcpy(&tail, id->bytes + 8, sizeof tail);
    uint64_t print = ((head ^ stream_hash) * UINT64_C(0xff51afd7ed558ccd) ^ tail) * UINT64_C(0x9e3779b97f4a7c15);
    return print == 0 ? 1 : print;
}

static struct receipt_slot *slot_find(const struct receipts *receipts, uint64_t print)
{
    uint32_t at = (uint32_t)(print >> 32) & (receipts->capacity - 1);
    while (receipts->slots[at].print != 0 && receipts->slots[at].print != print)
        at = (at + 1) & (receipts->capacity - 1);
    return &receipts->slots[at];
}

/* Ids without a time are never newer than the watermark: they are always asked of the store. */
static uint64_t time_of(const struct uuid *id)
{
    uint64_t time_ms;
    return uuid_time_ms(id, &time_ms) ? time_ms : 0;
}

static enum error rebuild(struct receipts *receipts, uint32_t capacity, uint64_t since_ms)
{
    struct receipts next = *receipts;
    next.slots = calloc(capacity, sizeof *next.slots);
    if (next.slots == NULL)
        return error_no_memory;
    next.capacity = capacity;
    next.count = 0;
    for (uint32_t i = 0; i < receipts->capacity; i++) {
        const struct receipt_slot *slot = &receipts->slots[i];
        if (slot->print == 0 || slot->time_ms < since_ms)
            continue;
        *slot_find(&next, slot->print) = *slot;
        next.count++;
    }
    if (since_ms > next.since_ms)
        next.since_ms = since_ms;
    free(receipts->slots);
    *receipts = next;
    return error_none;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* An id time that about half of the receipts are below, by a sample; some always are. */
static uint64_t median_time(const struct receipts *receipts)
{
    uint64_t times[SAMPLE];
    uint32_t count = 0, step = receipts->count / SAMPLE + 1, seen = 0;
    for (uint32_t i = 0; i < receipts->capacity && count < SAMPLE; i++)
        if (receipts->slots[i].print != 0 && seen++ % step == 0)
            times[count++] = receipts->slots[i].time_ms;
    qsort(times, count, sizeof *times, compare_times);
    return times[count / 2] > times[0] ? times[count / 2] : times[0] + 1;
}

static enum error make_room(struct receipts *receipts)
{
    if (receipts->count >= receipts->limit)
        return rebuild(receipts, receipts->capacity, median_time(receipts));
    if (receipts->capacity == 0)
        return rebuild(receipts, RECEIPTS_FIRST * 2, 0);
    return receipts->count >= receipts->capacity / 2 ? rebuild(receipts, receipts->capacity * 2, 0) : error_none;
}

enum error receipts_add(struct receipts *receipts, const struct uuid *id, uint64_t stream_hash)
{
    enum error error = make_room(receipts);
    if (error != error_none)
        return error;
    struct receipt_slot *slot = slot_find(receipts, print_of(id, stream_hash));
    receipts->count += slot->print == 0;
    *slot = (struct receipt_slot){.print = print_of(id, stream_hash), .time_ms = time_of(id)};
    return error_none;
}

void receipts_prefetch(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash)
{
    if (receipts->capacity > 0)
        __builtin_prefetch(&receipts->slots[(print_of(id, stream_hash) >> 32) & (receipts->capacity - 1)]);
}

bool receipts_must_ask(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash)
{
    uint64_t time_ms;
    if (!uuid_time_ms(id, &time_ms) || time_ms < receipts->since_ms)
        return true;
    return receipts->capacity > 0 && slot_find(receipts, print_of(id, stream_hash))->print != 0;
}
