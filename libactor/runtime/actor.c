/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The memory of an actor, and what a behaviour may read of one. */
#include "libactor/runtime/actor.h"

#include <stdlib.h>
#include <string.h>

static size_t state_offset(size_t key_size)
{
    return (key_size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

struct actor *actor_new(const void *key, size_t key_size, uint64_t hash, size_t state_size)
{
    size_t state_at = sizeof(struct actor) + state_offset(key_size);
    struct actor *actor = malloc(state_at + state_size);
    if (actor == NULL)
        return NULL;
    memset(actor, 0, sizeof *actor);
    if (key_size != 0)
        memcpy(actor->memory, key, key_size);
    memset((uint8_t *)actor + state_at, 0, state_size);
    actor->key_size = (uint16_t)key_size;
    actor->hash = hash;
    return actor;
}

void actor_free(struct actor **actor)
{
    free(*actor);
    *actor = NULL;
}

bool actor_is(const struct actor *actor, const void *key, size_t key_size, uint64_t hash)
{
    return actor->hash == hash && actor->key_size == key_size &&
           (key_size == 0 || memcmp(actor->memory, key, key_size) == 0);
}

void *actor_state(struct actor *actor)
{
    return actor->memory + state_offset(actor->key_size);
}

const void *actor_key(const struct actor *actor, size_t *size)
{
    *size = actor->key_size;
    return actor->memory;
}

uint64_t actor_hash(const struct actor *actor)
{
    return actor->hash;
}

bool actor_active(const struct actor *actor)
{
    return actor->state == ACTOR_ACTIVE;
}
