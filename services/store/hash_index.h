/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An open-addressing index over an array that its owner keeps: hash -> number of the item. Items are only ever added,
 * or all forgotten at once. Slots are spread by a random multiplier, so that nobody outside can choose names that
 * collide.
 *
 *     for (uint32_t slot = hash_index_first(index, hash); index->slots[slot] != 0; slot = hash_index_next(index, slot))
 *         if (items[index->slots[slot] - 1] is the one) ... */
#ifndef STORE_HASH_INDEX_H
#define STORE_HASH_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "proto/error.h"

struct hash_index {
    uint32_t *slots; /* 0: empty, otherwise the item's number + 1 */
    uint32_t bits;   /* there are 2^bits slots */
    uint64_t multiplier;
};

typedef uint64_t (*hash_index_hash)(const void *owner, uint32_t item);

/* Makes room for items in all, of which count are there already; at least half of the slots stay empty. */
enum error
hash_index_reserve(struct hash_index *index, size_t items, size_t count, hash_index_hash hash, const void *owner);
/* Forgets all items, keeps the memory. */
void hash_index_clear(struct hash_index *index);
void hash_index_fini(struct hash_index *index);

static inline uint32_t hash_index_first(const struct hash_index *index, uint64_t hash)
{
    return (uint32_t)((hash * index->multiplier) >> (64 - index->bits));
}
static inline uint32_t hash_index_next(const struct hash_index *index, uint32_t slot)
{
    return (slot + 1) & (uint32_t)((UINT64_C(1) << index->bits) - 1);
}
/* Brings the slot where a search begins near the processor, some time before the search. */
static inline void hash_index_prefetch(const struct hash_index *index, uint64_t hash)
{
    __builtin_prefetch(&index->slots[hash_index_first(index, hash)], 1);
}

#endif
