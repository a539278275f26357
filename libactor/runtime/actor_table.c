/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Linear hashing (W. Litwin, 1980): buckets are split one at a time, in order, and a split moves about half of one
 * bucket's actors to the new last one. */
#include "libactor/runtime/actor_table.h"

#include <stdlib.h>

enum { TABLE_BUCKETS_FIRST = 16 };

bool actor_table_init(struct actor_table *table)
{
    *table = (struct actor_table){.size = TABLE_BUCKETS_FIRST, .capacity = TABLE_BUCKETS_FIRST};
    table->buckets = calloc(TABLE_BUCKETS_FIRST, sizeof *table->buckets);
    return table->buckets != NULL;
}

void actor_table_fini(struct actor_table *table)
{
    free(table->buckets);
    *table = (struct actor_table){0};
}

/* Callers may hand out actors by some bits of the hash, which are then alike in all of ours: so all bits are mixed. */
static size_t bucket_index(const struct actor_table *table, uint64_t hash)
{
    size_t mixed = (size_t)((hash ^ hash >> 32) * UINT64_C(0x9E3779B97F4A7C15) >> 24);
    size_t index = mixed & (table->capacity - 1);
    return index < table->size ? index : index - table->capacity / 2;
}

struct actor *const *actor_table_place(const struct actor_table *table, uint64_t hash)
{
    return &table->buckets[bucket_index(table, hash)];
}

struct actor *actor_table_find(const struct actor_table *table, const void *key, size_t key_size, uint64_t hash)
{
    struct actor *actor = table->buckets[bucket_index(table, hash)];
    while (actor != NULL && !actor_is(actor, key, key_size, hash))
        actor = actor->chain;
    return actor;
}

static bool table_reserve(struct actor_table *table)
{
    if (table->size < table->capacity)
        return true;
    struct actor **buckets = realloc(table->buckets, 2 * table->capacity * sizeof *buckets);
    if (buckets == NULL)
        return false;
    table->buckets = buckets;
    table->capacity *= 2;
    return true;
}

/* Adds a bucket, and deals the actors of the one that stood in for it to the two. */
static void table_split(struct actor_table *table)
{
    if (!table_reserve(table))
        return;
    size_t old = table->size - table->capacity / 2, made = table->size++;
    struct actor *actor = table->buckets[old];
    struct actor **old_end = &table->buckets[old], **made_end = &table->buckets[made];
    for (; actor != NULL; actor = actor->chain) {
        struct actor ***end = bucket_index(table, actor->hash) == old ? &old_end : &made_end;
        **end = actor;
        *end = &actor->chain;
    }
    *old_end = *made_end = NULL;
}

void actor_table_insert(struct actor_table *table, struct actor *actor)
{
    struct actor **bucket = &table->buckets[bucket_index(table, actor->hash)];
    actor->chain = *bucket;
    *bucket = actor;
    if (++table->count > table->size && table->walks == 0)
        table_split(table);
}

void actor_table_remove(struct actor_table *table, struct actor *actor)
{
    struct actor **at = &table->buckets[bucket_index(table, actor->hash)];
    while (*at != actor)
        at = &(*at)->chain;
    *at = actor->chain;
    table->count--;
}

void actor_table_each(struct actor_table *table, void (*visit)(void *context, struct actor *actor), void *context)
{
    table->walks++;
    for (size_t i = 0; i < table->size; i++) {
        struct actor *next;
        for (struct actor *actor = table->buckets[i]; actor != NULL; actor = next) {
            next = actor->chain;
            visit(context, actor);
        }
    }
    table->walks--;
}
