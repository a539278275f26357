/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See visited.h: open addressing, at most half full. */
#include "tests/linear/visited.h"

#include <stdlib.h>

enum { CAPACITY_MIN = 256 };

struct visited_place {
    struct set_hash hash;
    struct account account;
    bool used;
};

/* splitmix64's finish (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

void set_hash_toggle(struct set_hash *hash, uint32_t item)
{
    uint64_t place = 2 * (uint64_t)item + 1;
    hash->high ^= mix(place * UINT64_C(0x9e3779b97f4a7c15));
    hash->low ^= mix((place + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

void visited_init(struct visited *visited, uint32_t most)
{
    *visited = (struct visited){.most = most};
}

void visited_fini(struct visited *visited)
{
    free(visited->places);
    *visited = (struct visited){.most = visited->most};
}

/* A table that one hard account made large would be slow to clear for each of the others. */
void visited_clear(struct visited *visited)
{
    if (visited->capacity > CAPACITY_MIN * 64)
        visited_fini(visited);
    else if (visited->count > 0)
        memset(visited->places, 0, visited->capacity * sizeof *visited->places);
    visited->count = 0;
}

static struct visited_place *
place_of(struct visited_place *places, uint32_t capacity, struct set_hash hash, const struct account *account)
{
    uint64_t start = mix(hash.low ^ (uint64_t)account->balance);
    for (uint32_t i = (uint32_t)start & (capacity - 1);; i = (i + 1) & (capacity - 1)) {
        struct visited_place *place = &places[i];
        if (!place->used ||
            (place->hash.high == hash.high && place->hash.low == hash.low && account_equal(&place->account, account)))
            return place;
    }
}

static bool visited_grow(struct visited *visited)
{
    uint32_t capacity = visited->capacity == 0 ? CAPACITY_MIN : visited->capacity * 2;
    struct visited_place *places = calloc(capacity, sizeof *places);
    if (places == NULL)
        return false;
    for (uint32_t i = 0; i < visited->capacity; i++) {
        const struct visited_place *old = &visited->places[i];
        if (old->used)
            *place_of(places, capacity, old->hash, &old->account) = *old;
    }
    free(visited->places);
    visited->places = places;
    visited->capacity = capacity;
    return true;
}

enum visit visited_add(struct visited *visited, struct set_hash hash, const struct account *account)
{
    if (visited->count * 2 >= visited->capacity && !visited_grow(visited))
        return VISIT_FULL;
    struct visited_place *place = place_of(visited->places, visited->capacity, hash, account);
    if (place->used)
        return VISIT_AGAIN;
    if (visited->count >= visited->most)
        return VISIT_FULL;
    *place = (struct visited_place){.hash = hash, .account = *account, .used = true};
    visited->count++;
    return VISIT_FIRST;
}
