/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Actors by hash and key. Linear hashing: the table grows by one bucket with each actor, so that no insert is slow, and
 * keeps about one actor a bucket. It does not own the actors. */
#ifndef RUNTIME_ACTOR_TABLE_H
#define RUNTIME_ACTOR_TABLE_H

#include "libactor/runtime/actor.h"

struct actor_table {
    struct actor **buckets;
    size_t size;     /* buckets in use: above half of capacity */
    size_t capacity; /* a power of two */
    size_t count;    /* actors */
    uint32_t walks;  /* under way; no bucket is split meanwhile */
};

/* False when memory is out. */
bool actor_table_init(struct actor_table *table);
void actor_table_fini(struct actor_table *table);
/* Where the first actor of a hash's bucket stands; never NULL. */
struct actor *const *actor_table_place(const struct actor_table *table, uint64_t hash);
struct actor *actor_table_find(const struct actor_table *table, const void *key, size_t key_size, uint64_t hash);
/* The actor must not be there. Cannot fail: without memory the buckets just get fuller. */
void actor_table_insert(struct actor_table *table, struct actor *actor);
void actor_table_remove(struct actor_table *table, struct actor *actor);
/* Visits all actors; visit may remove the one it is given, and insert. */
void actor_table_each(struct actor_table *table, void (*visit)(void *context, struct actor *actor), void *context);

#endif
