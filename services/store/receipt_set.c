/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Receipts in memory. Ids are chosen by clients, so they are hashed with a seed that clients do not know. */
#include "services/store/receipt_set.h"

#include <assert.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "services/store/backend.h"
#include "services/store/grow.h"

struct receipt_entry receipt_entry_of(const struct uuid *id, uint64_t stream_hash, uint64_t position)
{
    struct receipt_entry entry = {.id = *id};
    store_big_endian(entry.stream_hash, stream_hash);
    store_big_endian(entry.position, position);
    return entry;
}

static uint64_t key_hash(const struct receipt_set *set, const struct receipt_entry *entry)
{
    return XXH3_64bits_withSeed(entry, RECEIPT_KEY_SIZE, set->index.multiplier);
}

static uint64_t entry_hash(const void *owner, uint32_t item)
{
    const struct receipt_set *set = owner;
    return key_hash(set, &set->entries[item]);
}

enum error receipt_set_reserve(struct receipt_set *set, size_t receipts)
{
    size_t count = set->count + receipts;
    if (!grow((void **)&set->entries, &set->capacity, count, sizeof set->entries[0]))
        return error_no_memory;
    return hash_index_reserve(&set->index, count, set->count, entry_hash, set);
}

static uint32_t slot_find(const struct receipt_set *set, const struct receipt_entry *entry)
{
    uint32_t slot = hash_index_first(&set->index, key_hash(set, entry));
    for (; set->index.slots[slot] != 0; slot = hash_index_next(&set->index, slot))
        if (memcmp(&set->entries[set->index.slots[slot] - 1], entry, RECEIPT_KEY_SIZE) == 0)
            break;
    return slot;
}

void receipt_set_put(struct receipt_set *set, const struct receipt_entry *entry)
{
    uint32_t slot = hash_index_first(&set->index, key_hash(set, entry));
    while (set->index.slots[slot] != 0)
        slot = hash_index_next(&set->index, slot);
    assert(set->count < set->capacity);
    set->entries[set->count++] = *entry;
    set->index.slots[slot] = (uint32_t)set->count;
}

void receipt_set_prefetch(const struct receipt_set *set, const struct uuid *id, uint64_t stream_hash)
{
    struct receipt_entry entry = receipt_entry_of(id, stream_hash, 0);
    hash_index_prefetch(&set->index, key_hash(set, &entry));
}

bool receipt_set_find(const struct receipt_set *set, const struct uuid *id, uint64_t stream_hash, uint64_t *position)
{
    if (set->count == 0)
        return false;
    struct receipt_entry wanted = receipt_entry_of(id, stream_hash, 0);
    uint32_t item = set->index.slots[slot_find(set, &wanted)];
    if (item == 0)
        return false;
    *position = load_big_endian(set->entries[item - 1].position);
    return true;
}

void receipt_set_clear(struct receipt_set *set)
{
    if (set->count != 0)
        hash_index_clear(&set->index);
    set->count = 0;
}

void receipt_set_fini(struct receipt_set *set)
{
    free(set->entries);
    hash_index_fini(&set->index);
    *set = (struct receipt_set){0};
}
