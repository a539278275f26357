/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See actors.h. */
#include "services/projector/actors.h"

#include <stdlib.h>

enum { FIRST_SIZE = 1024 };

enum error actors_init(struct actors *actors)
{
    *actors = (struct actors){.table = calloc(FIRST_SIZE, sizeof actors->table[0]), .size = FIRST_SIZE};
    return actors->table == NULL ? error_no_memory : error_none;
}

static uint64_t mix(uint64_t hash, uint32_t place, uint32_t number)
{
    return hash ^ ((uint64_t)place << 32 | number) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct actor **chain_of(const struct actors *actors, uint64_t hash)
{
    return &actors->table[hash & (actors->size - 1)];
}

/* Without memory chains just grow longer. */
static void table_grow(struct actors *actors)
{
    struct actor **old = actors->table;
    size_t size = actors->size;
    struct actor **table = calloc(2 * size, sizeof table[0]);
    if (table == NULL)
        return;
    actors->table = table;
    actors->size = 2 * size;
    for (size_t i = 0; i < size; i++)
        for (struct actor *actor = old[i], *next; actor != NULL; actor = next) {
            next = actor->chain;
            actor->chain = *chain_of(actors, actor->hash);
            *chain_of(actors, actor->hash) = actor;
        }
    free(old);
}

static bool key_is(const struct actor *actor, const struct stream *stream)
{
    return slice_equal(actor_id(actor), stream->identifier) && slice_equal(actor_realm(actor), stream->realm);
}

struct actor *
actors_find(struct actors *actors, uint32_t place, uint32_t number, uint64_t hash, const struct stream *stream)
{
    hash = mix(hash, place, number);
    struct actor *actor = *chain_of(actors, hash);
    while (actor != NULL &&
           !(actor->hash == hash && actor->place == place && actor->number == number && key_is(actor, stream)))
        actor = actor->chain;
    return actor;
}

static void list_take(struct actors *actors, struct actor *actor)
{
    *(actor->newer == NULL ? &actors->newest : &actor->newer->older) = actor->older;
    *(actor->older == NULL ? &actors->oldest : &actor->older->newer) = actor->newer;
}

static void list_put(struct actors *actors, struct actor *actor)
{
    actor->newer = NULL;
    actor->older = actors->newest;
    *(actors->newest == NULL ? &actors->oldest : &actors->newest->newer) = actor;
    actors->newest = actor;
}

struct actor *actors_add(struct actors *actors,
                         uint32_t place,
                         uint32_t number,
                         uint64_t hash,
                         const struct stream *stream,
                         const struct domain_resource *resource)
{
    size_t size = sizeof(struct actor) + stream->realm.size + stream->identifier.size;
    struct actor *actor = calloc(1, size);
    if (actor == NULL || (actor->aggregate = aggregate_new(resource)) == NULL) {
        free(actor);
        return NULL;
    }
    actor->hash = mix(hash, place, number);
    actor->place = place;
    actor->number = number;
    actor->realm_size = (uint16_t)stream->realm.size;
    actor->id_size = (uint16_t)stream->identifier.size;
    memcpy(actor->key, stream->realm.data, stream->realm.size);
    memcpy(actor->key + stream->realm.size, stream->identifier.data, stream->identifier.size);
    if (actors->count >= actors->size)
        table_grow(actors);
    actor->chain = *chain_of(actors, actor->hash);
    *chain_of(actors, actor->hash) = actor;
    actors->count++;
    list_put(actors, actor);
    actors_weigh(actors, actor);
    return actor;
}

void actors_remove(struct actors *actors, struct actor *actor)
{
    struct actor **at = chain_of(actors, actor->hash);
    while (*at != actor)
        at = &(*at)->chain;
    *at = actor->chain;
    list_take(actors, actor);
    actors->count--;
    actors->bytes -= actor->bytes;
    aggregate_free(&actor->aggregate);
    free(actor->creator);
    free(actor);
}

void actors_use(struct actors *actors, struct actor *actor)
{
    if (actors->newest == actor)
        return;
    list_take(actors, actor);
    list_put(actors, actor);
}

void actors_weigh(struct actors *actors, struct actor *actor)
{
    size_t bytes = sizeof *actor + 64 + actor->realm_size + actor->id_size + actor->creator_size +
                   aggregate_bytes(actor->aggregate);
    actors->bytes += bytes - actor->bytes;
    actor->bytes = bytes;
}

void actors_shrink(struct actors *actors, uint64_t bytes)
{
    while (actors->bytes > bytes && actors->oldest != NULL)
        actors_remove(actors, actors->oldest);
}

bool actor_created_by(struct actor *actor, struct slice creator)
{
    free(actor->creator);
    actor->creator = strndup(creator.size == 0 ? "" : (const char *)creator.data, creator.size);
    actor->creator_size = actor->creator == NULL ? 0 : creator.size;
    return actor->creator != NULL;
}

void actors_fini(struct actors *actors)
{
    actors_shrink(actors, 0);
    while (actors->oldest != NULL)
        actors_remove(actors, actors->oldest);
    free(actors->table);
    *actors = (struct actors){0};
}
