/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See receipts.h. */
#include "services/shard/receipts.h"

#include <stdlib.h>

enum { RECEIPTS_FIRST = 1024, SEQ_BITS = 40, SLOT_BYTES = 64 };

/* One line of the processor's cache, so that a look costs one miss. */
struct receipt_slot {
    struct uuid id;
    uint64_t stream_hash;
    uint64_t place; /* partition, then seq in 40 bits; 0: the slot is empty */
    uint64_t version;
    uint8_t hash[16];
    uint32_t status, reserved;
};
_Static_assert(sizeof(struct receipt_slot) == SLOT_BYTES, "a slot is a cache line");

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

static struct receipt_slot *slot_find(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash)
{
    uint32_t at = slot_first(receipts, id, stream_hash);
    for (;; at = (at + 1) & (receipts->capacity - 1)) {
        struct receipt_slot *slot = &receipts->slots[at];
        if (slot->place == 0)
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
    next.slots = aligned_alloc(SLOT_BYTES, (size_t)capacity * sizeof *next.slots);
    if (next.slots == NULL)
        return error_no_memory;
    memset(next.slots, 0, (size_t)capacity * sizeof *next.slots);
    next.capacity = capacity;
    next.count = 0;
    for (uint32_t i = 0; i < receipts->capacity; i++) {
        const struct receipt_slot *slot = &receipts->slots[i];
        if (slot->place == 0 || time_of(&slot->id) < since_ms)
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
        if (receipts->slots[i].place != 0)
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
    struct receipt_slot *slot = slot_find(receipts, &receipt->id, receipt->stream_hash);
    receipts->count += slot->place == 0;
    *slot = (struct receipt_slot){.id = receipt->id,
                                  .stream_hash = receipt->stream_hash,
                                  .place = (uint64_t)receipt->partition << SEQ_BITS | receipt->seq,
                                  .version = receipt->version,
                                  .status = receipt->status};
    memcpy(slot->hash, receipt->hash, sizeof slot->hash);
    return error_none;
}

bool receipts_find(const struct receipts *receipts,
                   const struct uuid *id,
                   uint64_t stream_hash,
                   struct store_receipt *out)
{
    const struct receipt_slot *slot = receipts->capacity == 0 ? NULL : slot_find(receipts, id, stream_hash);
    if (slot == NULL || slot->place == 0)
        return false;
    *out = (struct store_receipt){.id = slot->id,
                                  .stream_hash = slot->stream_hash,
                                  .partition = (uint32_t)(slot->place >> SEQ_BITS),
                                  .seq = slot->place & ((1ull << SEQ_BITS) - 1),
                                  .version = slot->version,
                                  .status = (enum status)slot->status};
    memcpy(out->hash, slot->hash, sizeof out->hash);
    return true;
}

void receipts_prefetch(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash)
{
    if (receipts->capacity > 0)
        __builtin_prefetch(&receipts->slots[slot_first(receipts, id, stream_hash)]);
}

bool receipts_must_ask(const struct receipts *receipts, const struct uuid *id)
{
    uint64_t time_ms;
    return !uuid_time_ms(id, &time_ms) || time_ms < receipts->since_ms;
}
