/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See receipts.h. */
#include "services/shard/receipts.h"

#include <stdlib.h>

enum { RECEIPTS_FIRST = 1024 };

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
static uint32_t slot_first(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash)
{
    uint64_t tail;
    memcpy(&tail, id->bytes + 8, sizeof tail);
    tail ^= stream_hash;
    tail *= 0x9E3779B97F4A7C15u;
    return (uint32_t)(tail >> 32) & (receipts->capacity - 1);
}

static struct store_receipt *slot_find(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash)
{
    uint32_t at = slot_first(receipts, id, stream_hash);
    for (;; at = (at + 1) & (receipts->capacity - 1)) {
        struct store_receipt *slot = &receipts->slots[at];
        if (slot->seq == 0)
            return slot;
        if (slot->stream_hash == stream_hash && memcmp(slot->id.bytes, id->bytes, sizeof id->bytes) == 0)
            return slot;
    }
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
        const struct store_receipt *slot = &receipts->slots[i];
        if (slot->seq == 0 || time_of(&slot->id) < since_ms)
            continue;
        *slot_find(&next, &slot->id, slot->stream_hash) = *slot;
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

/* The id time that half of the receipts are below; when they all share one time, the next, so that some always go. */
static enum error median_time(const struct receipts *receipts, uint64_t *out)
{
    uint64_t *times = malloc(receipts->count * sizeof *times);
    if (times == NULL)
        return error_no_memory;
    uint32_t count = 0;
    for (uint32_t i = 0; i < receipts->capacity; i++)
        if (receipts->slots[i].seq != 0)
            times[count++] = time_of(&receipts->slots[i].id);
    qsort(times, count, sizeof *times, compare_times);
    *out = times[count / 2] > times[0] ? times[count / 2] : times[0] + 1;
    free(times);
    return error_none;
}

static enum error make_room(struct receipts *receipts)
{
    if (receipts->count >= receipts->limit) {
        uint64_t since_ms;
        enum error error = median_time(receipts, &since_ms);
        return error != error_none ? error : rebuild(receipts, receipts->capacity, since_ms);
    }
    if (receipts->capacity == 0)
        return rebuild(receipts, RECEIPTS_FIRST * 2, 0);
    return receipts->count >= receipts->capacity / 2 ? rebuild(receipts, receipts->capacity * 2, 0) : error_none;
}

enum error receipts_add(struct receipts *receipts, const struct store_receipt *receipt)
{
    enum error error = make_room(receipts);
    if (error != error_none)
        return error;
    struct store_receipt *slot = slot_find(receipts, &receipt->id, receipt->stream_hash);
    receipts->count += slot->seq == 0;
    *slot = *receipt;
    return error_none;
}

const struct store_receipt *receipts_find(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash)
{
    if (receipts->capacity == 0)
        return NULL;
    const struct store_receipt *slot = slot_find(receipts, id, stream_hash);
    return slot->seq == 0 ? NULL : slot;
}

bool receipts_must_ask(const struct receipts *receipts, const struct uuid *id)
{
    uint64_t time_ms;
    return !uuid_time_ms(id, &time_ms) || time_ms < receipts->since_ms;
}
