/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An actor as the runtime keeps it: one piece of memory that holds these fields, then the key, then the behaviour's
 * state. Nothing here calls the behaviour. */
#ifndef RUNTIME_ACTOR_H
#define RUNTIME_ACTOR_H

#include <fluvius/runtime.h>

#include <stdalign.h>

/*
 *   COLD --turn--> ACTIVATING --ok--> ACTIVE
 *     ^                |                |
 *     |                +--failed--------+--> BACKING_OFF --delay--> COLD, restarting
 *     +----------------+--reset, stop, passivation
 *
 * Between calls an actor is COLD only when it has messages, has timers or is restarting, and is otherwise freed. In
 * ACTIVATING and ACTIVE, and only there, activate was called and passivate is still to be called.
 */
enum actor_state { ACTOR_COLD, ACTOR_ACTIVATING, ACTOR_ACTIVE, ACTOR_BACKING_OFF };
#define ACTOR_STATES 4

/* What is to be done to an actor once its turn, or the activation it waits for, is over; the highest asked for wins. */
enum actor_demand { DEMAND_NONE, DEMAND_RESET, DEMAND_FAIL, DEMAND_STOP };

/* The list an actor is in, if any. From PLACE_BACKOFF on there is one for each length of back-off. */
enum actor_place { PLACE_NONE, PLACE_RUN, PLACE_IDLE, PLACE_BACKOFF };

struct mailbox {
    struct runtime_message *first, *last;
    uint32_t count;
    uint32_t timers; /* messages that timers will put in */
};

struct actor {
    struct actor *chain;           /* the table's */
    struct actor *previous, *next; /* in its place's list */
    uint64_t hash;
    uint64_t bytes;     /* of actor_set_bytes */
    uint64_t since_us;  /* when it came to its place */
    uint64_t window_us; /* when the restart window opened; of use when restarts is not 0 */
    struct mailbox mailbox;
    uint32_t restarts;    /* in the window */
    uint32_t timer_first; /* slot of one of its timers; 0: none */
    uint16_t key_size;
    uint8_t place, state, demand;
    bool running : 1;    /* inside one of the behaviour's functions, or its turn */
    bool awaited : 1;    /* runtime_activated or runtime_failed will be called */
    bool suspended : 1;  /* nothing is delivered */
    bool resumed : 1;    /* since the message being received was handed over */
    bool restarting : 1; /* activates even without a message */
    alignas(max_align_t) uint8_t memory[];
};

/* Idle actors are what there is most of. */
_Static_assert(sizeof(struct actor) <= 96, "an actor has grown");

/* A COLD actor with its state zeroed. NULL when memory is out. */
struct actor *actor_new(const void *key, size_t key_size, uint64_t hash, size_t state_size);
void actor_free(struct actor **actor);
bool actor_is(const struct actor *actor, const void *key, size_t key_size, uint64_t hash);

#endif
