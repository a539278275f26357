/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of an actor after each thing that happened to it: reset, back-off and restart, stop, its place in the
 * schedule, its end. */
#include "libactor/runtime/state.h"

#include <string.h>

/* ---- giving things up ---- */

static void
message_drop(struct runtime *runtime, struct actor *actor, struct runtime_message *message, enum runtime_drop reason)
{
    runtime->stats.messages--;
    runtime->stats.message_bytes -= message->size;
    runtime->stats.dropped++;
    message->next = NULL;
    runtime->config.behavior->drop(runtime->config.context, actor, message, reason);
}

static void actor_drop_timers(struct runtime *runtime, struct actor *actor, enum runtime_drop reason)
{
    struct runtime_message *message;
    while ((message = timers_forget(&runtime->timers, actor)) != NULL)
        message_drop(runtime, actor, message, reason);
}

/* The mailbox is emptied first: what drop sends to the actor is a new message. */
static void actor_drop_messages(struct runtime *runtime, struct actor *actor, enum runtime_drop reason)
{
    struct mailbox dropped = actor->mailbox;
    actor->mailbox.first = actor->mailbox.last = NULL;
    actor->mailbox.count = 0;
    while (dropped.first != NULL)
        message_drop(runtime, actor, mailbox_pop(&dropped), reason);
}

static void actor_deactivate(struct runtime *runtime, struct actor *actor)
{
    const struct runtime_behavior *behavior = runtime->config.behavior;
    behavior->passivate(runtime->config.context, actor);
    memset(actor_state(actor), 0, behavior->state_size);
    actor_set_state(runtime, actor, ACTOR_COLD);
}

static void actor_forget(struct runtime *runtime, struct actor *actor, enum runtime_drop reason)
{
    if (actor->state == ACTOR_ACTIVATING || actor->state == ACTOR_ACTIVE)
        actor_deactivate(runtime, actor);
    actor_drop_timers(runtime, actor, reason);
    actor_set_bytes(runtime, actor, 0);
    actor->suspended = false;
}

static void actor_remove(struct runtime *runtime, struct actor *actor)
{
    actor_move(runtime, actor, PLACE_NONE);
    actor_table_remove(&runtime->table, actor);
    actor_set_bytes(runtime, actor, 0);
    runtime->states[actor->state]--;
    actor_free(&actor);
}

/* ---- supervision ---- */

static bool restart_take(struct runtime *runtime, struct actor *actor)
{
    if (actor->restarts == 0 || runtime->now_us - actor->window_us >= runtime->config.restart_window_us) {
        actor->window_us = runtime->now_us;
        actor->restarts = 0;
    }
    if (actor->restarts == runtime->config.restarts_max)
        return false;
    actor->restarts++;
    return true;
}

static void actor_back_off(struct runtime *runtime, struct actor *actor)
{
    uint32_t level = actor->restarts < BACKOFF_LEVELS ? actor->restarts - 1 : BACKOFF_LEVELS - 1;
    runtime->stats.restarts++;
    actor_set_state(runtime, actor, ACTOR_BACKING_OFF);
    actor_move(runtime, actor, PLACE_BACKOFF + level);
}

static void actor_empty(struct runtime *runtime, struct actor *actor)
{
    runtime->stats.stops++;
    actor->restarts = 0;
    actor_drop_timers(runtime, actor, RUNTIME_DROP_STOPPED);
    actor_drop_messages(runtime, actor, RUNTIME_DROP_STOPPED);
}

static void actor_stop(struct runtime *runtime, struct actor *actor)
{
    actor_forget(runtime, actor, RUNTIME_DROP_STOPPED);
    actor_set_state(runtime, actor, ACTOR_COLD);
    actor->restarting = false;
    actor_empty(runtime, actor);
}

static void actor_obey(struct runtime *runtime, struct actor *actor)
{
    bool failed = actor->demand == DEMAND_FAIL;
    if (actor->demand == DEMAND_STOP || (failed && !restart_take(runtime, actor))) {
        actor_stop(runtime, actor);
        return;
    }
    actor_forget(runtime, actor, RUNTIME_DROP_FORGOTTEN);
    if (failed)
        actor_back_off(runtime, actor);
}

/* An activation under way has the actor's pointer, so the actor itself is kept until that ends. */
static void actor_obey_awaited(struct runtime *runtime, struct actor *actor)
{
    if (actor->demand == DEMAND_STOP)
        actor_empty(runtime, actor);
    actor->demand = DEMAND_RESET;
}

static void actor_meet_demand(struct runtime *runtime, struct actor *actor)
{
    actor->running = true;
    if (actor->awaited) {
        actor_obey_awaited(runtime, actor);
    } else {
        actor_obey(runtime, actor);
        actor->demand = DEMAND_NONE;
    }
    actor->running = false;
}

/* ---- its place ---- */

static unsigned actor_place(const struct actor *actor)
{
    if (actor->state == ACTOR_BACKING_OFF)
        return actor->place;
    if (actor->suspended || actor->state == ACTOR_ACTIVATING)
        return PLACE_NONE;
    if (actor->mailbox.first != NULL || actor->restarting)
        return PLACE_RUN;
    return actor->state == ACTOR_ACTIVE ? PLACE_IDLE : PLACE_NONE;
}

void actor_settle(struct runtime *runtime, struct actor *actor)
{
    if (actor->running || runtime->closing)
        return;
    if (actor->demand != DEMAND_NONE)
        actor_meet_demand(runtime, actor);
    unsigned place = actor_place(actor);
    if (place == PLACE_NONE && actor->state == ACTOR_COLD && !actor->suspended && actor->timer_first == 0)
        actor_remove(runtime, actor);
    else if (place != actor->place)
        actor_move(runtime, actor, place);
}

void actor_demand(struct runtime *runtime, struct actor *actor, enum actor_demand demand)
{
    if (demand > actor->demand)
        actor->demand = (uint8_t)demand;
    actor_settle(runtime, actor);
}

/* ---- the end ---- */

static void actor_close(void *context, struct actor *actor)
{
    struct runtime *runtime = context;
    actor_forget(runtime, actor, RUNTIME_DROP_CLOSED);
    actor_drop_messages(runtime, actor, RUNTIME_DROP_CLOSED);
    actor_remove(runtime, actor);
}

void actors_close(struct runtime *runtime)
{
    runtime->closing = true;
    actor_table_each(&runtime->table, actor_close, runtime);
}
