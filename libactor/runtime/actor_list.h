/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A first-in-first-out list of actors, linked through them; an actor is in one at most. */
#ifndef RUNTIME_ACTOR_LIST_H
#define RUNTIME_ACTOR_LIST_H

#include "libactor/runtime/actor.h"

struct actor_list {
    struct actor *first, *last;
    uint64_t count;
};

static inline void actor_list_append(struct actor_list *list, struct actor *actor)
{
    actor->previous = list->last;
    actor->next = NULL;
    *(list->last == NULL ? &list->first : &list->last->next) = actor;
    list->last = actor;
    list->count++;
}

static inline void actor_list_remove(struct actor_list *list, struct actor *actor)
{
    *(actor->previous == NULL ? &list->first : &actor->previous->next) = actor->next;
    *(actor->next == NULL ? &list->last : &actor->next->previous) = actor->previous;
    list->count--;
}

#endif
