/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The runtime's own state, and what its files call of each other. Nobody outside the runtime includes this. */
#ifndef RUNTIME_STATE_H
#define RUNTIME_STATE_H

#include "libactor/runtime/actor_list.h"
#include "libactor/runtime/actor_table.h"
#include "libactor/runtime/mailbox.h"
#include "libactor/runtime/require.h"
#include "libactor/runtime/timers.h"

enum { BACKOFF_LEVELS = 40, PLACES = PLACE_BACKOFF + BACKOFF_LEVELS };

struct runtime {
    struct runtime_config config; /* defaults filled in */
    struct actor_table table;
    struct actor_list places[PLACES];     /* of PLACE_NONE there is no list */
    uint64_t backoffs_us[BACKOFF_LEVELS]; /* growing */
    struct timers timers;
    uint64_t now_us;
    uint64_t states[ACTOR_STATES]; /* actors in each */
    uint64_t vetoes;               /* since the last passivation */
    struct runtime_stats stats;    /* its first line is filled in when asked for */
    bool running, closing;
};

static inline void runtime_advance(struct runtime *runtime, uint64_t now_us)
{
    if (now_us > runtime->now_us)
        runtime->now_us = now_us;
}

static inline uint64_t time_after(uint64_t start_us, uint64_t delay_us)
{
    return delay_us > UINT64_MAX - start_us ? UINT64_MAX : start_us + delay_us;
}

static inline void actor_set_state(struct runtime *runtime, struct actor *actor, enum actor_state state)
{
    runtime->states[actor->state]--;
    runtime->states[state]++;
    actor->state = (uint8_t)state;
}

/* Puts an actor at the end of a place, also when it is there already. */
static inline void actor_move(struct runtime *runtime, struct actor *actor, unsigned place)
{
    if (actor->place != PLACE_NONE)
        actor_list_remove(&runtime->places[actor->place], actor);
    if (place != PLACE_NONE)
        actor_list_append(&runtime->places[place], actor);
    actor->place = (uint8_t)place;
    actor->since_us = runtime->now_us;
}

/* supervision.c */

/* Does what was demanded of an actor, when its time has come, and puts it where it belongs now, or frees it. To be
 * called after any change to an actor; does nothing while one of its functions runs. */
void actor_settle(struct runtime *runtime, struct actor *actor);
void actor_demand(struct runtime *runtime, struct actor *actor, enum actor_demand demand);
/* Ends every actor, whatever it is doing. */
void actors_close(struct runtime *runtime);

/* scheduler.c */
void actor_activated(struct runtime *runtime, struct actor *actor);

/* passivation.c */

/* Passivates idle actors while there are too many, too large or too old ones; at most budget. */
void passivation_run(struct runtime *runtime, uint64_t budget);
uint64_t passivation_next_us(const struct runtime *runtime);

#endif
