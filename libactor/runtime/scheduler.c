/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs actors in turns, first come first served: a turn activates the actor if it is cold, and delivers at most a
 * batch. Wakes those whose timer or back-off is due. */
#include "libactor/runtime/state.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- a turn ---- */

/* Takes effect when the turn is over. */
static void actor_fail(struct runtime *runtime, struct actor *actor, enum runtime_result result)
{
    actor_demand(runtime, actor, result == RUNTIME_STOP ? DEMAND_STOP : DEMAND_FAIL);
}

void actor_activated(struct runtime *runtime, struct actor *actor)
{
    actor->awaited = false;
    actor_set_state(runtime, actor, ACTOR_ACTIVE);
    runtime->stats.activations++;
}

static void actor_activate(struct runtime *runtime, struct actor *actor)
{
    actor->restarting = false;
    actor->awaited = true;
    actor_set_state(runtime, actor, ACTOR_ACTIVATING);
    enum runtime_result result = runtime->config.behavior->activate(runtime->config.context, actor);
    if (result == RUNTIME_WAIT)
        return;
    if (result == RUNTIME_OK && actor->awaited)
        actor_activated(runtime, actor);
    actor->awaited = false;
    if (result != RUNTIME_OK)
        actor_fail(runtime, actor, result);
}

static void actor_receive(struct runtime *runtime, struct actor *actor)
{
    struct runtime_message *message = mailbox_pop(&actor->mailbox);
    runtime->stats.messages--;
    runtime->stats.message_bytes -= message->size;
    runtime->stats.delivered++;
    actor->resumed = false;
    enum runtime_result result = runtime->config.behavior->receive(runtime->config.context, actor, message);
    if (result == RUNTIME_OK)
        return;
    if (result != RUNTIME_WAIT)
        actor_fail(runtime, actor, result);
    else if (!actor->resumed)
        actor->suspended = true;
}

static bool actor_receives(const struct actor *actor)
{
    return actor->state == ACTOR_ACTIVE && !actor->suspended && actor->demand == DEMAND_NONE &&
           actor->mailbox.first != NULL;
}

/* Returns how much of the limit was spent. */
static uint64_t actor_turn(struct runtime *runtime, struct actor *actor, uint64_t limit)
{
    uint64_t spent = 0;
    actor_move(runtime, actor, PLACE_NONE);
    actor->running = true;
    if (actor->state == ACTOR_COLD) {
        actor_activate(runtime, actor);
        spent++;
    }
    for (; spent < limit && actor_receives(actor); spent++)
        actor_receive(runtime, actor);
    actor->running = false;
    actor_settle(runtime, actor);
    return spent;
}

static void actors_run(struct runtime *runtime, uint64_t budget)
{
    struct actor *actor;
    while (budget > 0 && (actor = runtime->places[PLACE_RUN].first) != NULL)
        budget -= actor_turn(runtime, actor, least(budget, runtime->config.batch_messages));
}

/* ---- waking ---- */

static void timers_wake(struct runtime *runtime, uint64_t budget)
{
    struct runtime_message *message;
    struct actor *actor;
    while (budget-- > 0 && (message = timers_fire(&runtime->timers, runtime->now_us, &actor)) != NULL) {
        mailbox_push(&actor->mailbox, message);
        actor_settle(runtime, actor);
    }
}

static bool backoff_over(const struct runtime *runtime, uint32_t level)
{
    const struct actor *actor = runtime->places[PLACE_BACKOFF + level].first;
    return actor != NULL && runtime->now_us - actor->since_us >= runtime->backoffs_us[level];
}

static void backoffs_wake(struct runtime *runtime)
{
    for (uint32_t level = 0; level < BACKOFF_LEVELS && runtime->states[ACTOR_BACKING_OFF] > 0; level++) {
        while (backoff_over(runtime, level)) {
            struct actor *actor = runtime->places[PLACE_BACKOFF + level].first;
            actor_set_state(runtime, actor, ACTOR_COLD);
            actor->restarting = true;
            actor_settle(runtime, actor);
        }
    }
}

static uint64_t backoffs_next_us(const struct runtime *runtime)
{
    uint64_t next_us = UINT64_MAX;
    if (runtime->states[ACTOR_BACKING_OFF] == 0)
        return next_us;
    for (uint32_t level = 0; level < BACKOFF_LEVELS; level++) {
        const struct actor *actor = runtime->places[PLACE_BACKOFF + level].first;
        if (actor != NULL)
            next_us = least(next_us, time_after(actor->since_us, runtime->backoffs_us[level]));
    }
    return next_us;
}

/* ---- a run ---- */

uint64_t runtime_run(struct runtime *runtime, uint64_t now_us, uint64_t budget)
{
    require(!runtime->running);
    uint64_t delivered = runtime->stats.delivered;
    runtime->running = true;
    runtime_advance(runtime, now_us);
    timers_wake(runtime, budget);
    backoffs_wake(runtime);
    actors_run(runtime, budget);
    passivation_run(runtime, budget);
    runtime->running = false;
    return runtime->stats.delivered - delivered;
}

uint64_t runtime_next_us(const struct runtime *runtime, uint64_t now_us)
{
    if (runtime->places[PLACE_RUN].count > 0)
        return now_us;
    uint64_t next_us = least(timers_next_us(&runtime->timers), backoffs_next_us(runtime));
    next_us = least(next_us, passivation_next_us(runtime));
    return next_us > now_us ? next_us : now_us;
}
