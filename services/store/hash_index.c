/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Growing and forgetting an open-addressing index. */
#include "services/store/hash_index.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { BITS_MIN = 6, BITS_MAX = 31 };

static uint32_t bits_for(size_t items)
{
    uint32_t bits = BITS_MIN;
    while (bits < BITS_MAX && ((size_t)1 << bits) < items * 2)
        bits++;
    return bits;
}

static uint64_t multiplier_new(void)
{
    uint64_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value)
        value = UINT64_C(0x9e3779b97f4a7c15);
    return value | 1;
}

static void slot_fill(struct hash_index *index, uint64_t hash, uint32_t item)
{
    uint32_t slot = hash_index_first(index, hash);
    while (index->slots[slot] != 0)
        slot = hash_index_next(index, slot);
    index->slots[slot] = item + 1;
}

enum error
hash_index_reserve(struct hash_index *index, size_t items, size_t count, hash_index_hash hash, const void *owner)
{
    uint32_t bits = bits_for(items);
    if (index->slots != NULL && index->bits >= bits)
        return error_none;
    if (items > (size_t)1 << (BITS_MAX - 1))
        return error_no_memory;
    uint32_t *slots = calloc((size_t)1 << bits, sizeof slots[0]);
    if (slots == NULL)
        return error_no_memory;
    free(index->slots);
    index->slots = slots;
    index->bits = bits;
    index->multiplier = index->multiplier == 0 ? multiplier_new() : index->multiplier;
    for (uint32_t item = 0; item < count; item++)
        slot_fill(index, hash(owner, item), item);
    return error_none;
}

void hash_index_clear(struct hash_index *index)
{
    if (index->slots != NULL)
        memset(index->slots, 0, sizeof index->slots[0] << index->bits);
}

void hash_index_fini(struct hash_index *index)
{
    free(index->slots);
    *index = (struct hash_index){0};
}
