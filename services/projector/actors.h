/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The states that a projector keeps: a hash table of aggregates by build and stream, oldest use first out. Private to
 * the fold. */
#ifndef PROJECTOR_ACTORS_H
#define PROJECTOR_ACTORS_H

#include "fluvius/host.h"
#include "proto/identity.h"

/* An event that waits for its state to be loaded; all in the turn's memory. */
struct waiting {
    struct waiting *next;
    uint64_t seq, version;
    int64_t time_us;
    uint32_t schema, page;
    struct slice event, data, user;
};

struct actor {
    struct actor *chain;         /* of the hash table */
    struct actor *newer, *older; /* by use */
    struct actor *touched_next;  /* of those of this turn */
    uint64_t hash;
    uint32_t place, number, partition;
    uint32_t page; /* of this turn, that touched it last */
    bool loaded, touched;
    struct aggregate *aggregate;
    size_t bytes;
    uint64_t last_seq;         /* of its last event of this turn */
    size_t data_at, data_size; /* where its row lies in this turn */
    int64_t created_us, updated_us;
    char *creator;
    size_t creator_size;
    struct slice updater; /* in the turn's memory */
    struct waiting *first, *last;
    uint16_t realm_size, id_size;
    uint8_t key[]; /* realm, identifier */
};

struct actors {
    struct actor **table;
    size_t size, count; /* size: a power of two */
    struct actor *newest, *oldest;
    uint64_t bytes;
};

enum error actors_init(struct actors *actors);
void actors_fini(struct actors *actors);
struct actor *
actors_find(struct actors *actors, uint32_t place, uint32_t number, uint64_t hash, const struct stream *stream);
/* Not loaded, with an aggregate in its initial state; NULL when memory is out. */
struct actor *actors_add(struct actors *actors,
                         uint32_t place,
                         uint32_t number,
                         uint64_t hash,
                         const struct stream *stream,
                         const struct domain_resource *resource);
void actors_remove(struct actors *actors, struct actor *actor);
void actors_use(struct actors *actors, struct actor *actor);
/* Counts what it takes now. */
void actors_weigh(struct actors *actors, struct actor *actor);
/* Removes the least recently used until no more than so many bytes are left. */
void actors_shrink(struct actors *actors, uint64_t bytes);
bool actor_created_by(struct actor *actor, struct slice creator);

static inline struct slice actor_realm(const struct actor *actor)
{
    return slice_of(actor->key, actor->realm_size);
}
static inline struct slice actor_id(const struct actor *actor)
{
    return slice_of(actor->key + actor->realm_size, actor->id_size);
}

#endif
