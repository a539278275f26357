/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The timers of all actors: a binary heap by due time, then by start. A timer lives in a slot that is used again and
 * again; its generation tells one use from the next, so that a name kept too long names nothing. */
#ifndef RUNTIME_TIMERS_H
#define RUNTIME_TIMERS_H

#include "libactor/runtime/actor.h"

struct timer_slot;

struct timers {
    struct timer_slot *slots; /* the first is never used: number 0 means none */
    uint32_t *heap;           /* slot numbers */
    uint32_t count;           /* timers; of the heap */
    uint32_t used;            /* slots that were ever used, and the first */
    uint32_t capacity;        /* of both arrays */
    uint32_t free_first;      /* slot numbers, linked; 0: none */
    uint64_t starts;
};

void timers_fini(struct timers *timers);

/* False when memory is out. */
bool timers_start(struct timers *timers,
                  struct actor *actor,
                  uint64_t due_us,
                  struct runtime_message *message,
                  struct runtime_timer *out);
/* When the first one is due; UINT64_MAX when there is none. */
uint64_t timers_next_us(const struct timers *timers);

/* Each ends one timer and returns its message. */

/* The first one, if it is due; otherwise NULL. */
struct runtime_message *timers_fire(struct timers *timers, uint64_t now_us, struct actor **actor);
/* NULL when it has ended before. */
struct runtime_message *timers_cancel(struct timers *timers, struct runtime_timer timer, struct actor **actor);
/* One of the actor's; NULL when it has none. */
struct runtime_message *timers_forget(struct timers *timers, struct actor *actor);

#endif
