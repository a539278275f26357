/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The runtime's face: sending, what owners may do to an actor from outside, timers, figures. */
#include "libactor/runtime/state.h"

#include <stdlib.h>
#include <string.h>

/* ---- making and freeing ---- */

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
    return value == 0 ? fallback : value;
}

static struct runtime_config config_complete(const struct runtime_config *given)
{
    struct runtime_config config = *given;
    config.mailbox_messages = (uint32_t)or_default(given->mailbox_messages, 1024);
    config.mailbox_bytes = or_default(given->mailbox_bytes, UINT64_C(64) << 20);
    config.batch_messages = (uint32_t)or_default(given->batch_messages, 64);
    config.actors_max = (uint32_t)or_default(given->actors_max, 100000);
    config.bytes_max = or_default(given->bytes_max, UINT64_C(256) << 20);
    config.restart_delay_us = or_default(given->restart_delay_us, 10 * 1000);
    config.restart_delay_max_us = or_default(given->restart_delay_max_us, 5 * 1000 * 1000);
    config.restarts_max = (uint32_t)or_default(given->restarts_max, 5);
    config.restart_window_us = or_default(given->restart_window_us, 60 * 1000 * 1000);
    return config;
}

static void backoffs_init(struct runtime *runtime)
{
    uint64_t max_us = runtime->config.restart_delay_max_us, delay_us = runtime->config.restart_delay_us;
    for (uint32_t level = 0; level < BACKOFF_LEVELS; level++) {
        delay_us = delay_us < max_us ? delay_us : max_us;
        runtime->backoffs_us[level] = delay_us;
        delay_us = delay_us > UINT64_MAX / 2 ? UINT64_MAX : 2 * delay_us;
    }
}

struct runtime *runtime_new(const struct runtime_config *config)
{
    const struct runtime_behavior *behavior = config->behavior;
    require(behavior->activate != NULL && behavior->receive != NULL);
    require(behavior->passivate != NULL && behavior->drop != NULL);
    struct runtime *runtime = calloc(1, sizeof *runtime);
    if (runtime == NULL || !actor_table_init(&runtime->table)) {
        free(runtime);
        return NULL;
    }
    runtime->config = config_complete(config);
    backoffs_init(runtime);
    return runtime;
}

void runtime_free(struct runtime **runtime)
{
    if (*runtime == NULL)
        return;
    require(!(*runtime)->running);
    actors_close(*runtime);
    timers_fini(&(*runtime)->timers);
    actor_table_fini(&(*runtime)->table);
    free(*runtime);
    *runtime = NULL;
}

/* ---- sending ---- */

static bool runtime_has_room(const struct runtime *runtime, const struct runtime_message *message)
{
    return !runtime->closing && message->size <= runtime->config.mailbox_bytes - runtime->stats.message_bytes;
}

static enum runtime_result refuse(struct runtime *runtime, enum runtime_result why)
{
    runtime->stats.refused++;
    return why;
}

static void message_count(struct runtime *runtime, const struct runtime_message *message)
{
    runtime->stats.messages++;
    runtime->stats.message_bytes += message->size;
}

static struct actor *actor_make(struct runtime *runtime, const void *key, size_t key_size, uint64_t hash)
{
    require(key_size <= UINT16_MAX);
    struct actor *actor = actor_new(key, key_size, hash, runtime->config.behavior->state_size);
    if (actor == NULL)
        return NULL;
    runtime->states[actor->state]++;
    actor_table_insert(&runtime->table, actor);
    return actor;
}

enum runtime_result runtime_send(struct runtime *runtime,
                                 const void *key,
                                 size_t key_size,
                                 uint64_t hash,
                                 struct runtime_message *message,
                                 uint64_t now_us)
{
    runtime_advance(runtime, now_us);
    struct actor *actor = actor_table_find(&runtime->table, key, key_size, hash);
    if (actor != NULL)
        return runtime_send_to(runtime, actor, message);
    if (!runtime_has_room(runtime, message))
        return refuse(runtime, RUNTIME_FULL);
    actor = actor_make(runtime, key, key_size, hash);
    return actor == NULL ? refuse(runtime, RUNTIME_NO_MEMORY) : runtime_send_to(runtime, actor, message);
}

enum runtime_result runtime_send_to(struct runtime *runtime, struct actor *actor, struct runtime_message *message)
{
    if (actor->mailbox.count >= runtime->config.mailbox_messages || !runtime_has_room(runtime, message))
        return refuse(runtime, RUNTIME_FULL);
    message_count(runtime, message);
    mailbox_push(&actor->mailbox, message);
    if (actor->place != PLACE_RUN)
        actor_settle(runtime, actor);
    return RUNTIME_OK;
}

struct actor *runtime_find(struct runtime *runtime, const void *key, size_t key_size, uint64_t hash)
{
    return actor_table_find(&runtime->table, key, key_size, hash);
}

void runtime_expect(const struct runtime *runtime, uint64_t hash)
{
    __builtin_prefetch(actor_table_place(&runtime->table, hash));
}

void runtime_expect_actor(const struct runtime *runtime, uint64_t hash)
{
    enum { LINE_BYTES = 64, LINES = 3 }; /* the actor, its key and the beginning of its state */
    const char *actor = (const char *)*actor_table_place(&runtime->table, hash);
    for (int line = 0; actor != NULL && line < LINES; line++)
        __builtin_prefetch(actor + line * LINE_BYTES, 1);
}

void runtime_each(struct runtime *runtime, void (*visit)(void *context, struct actor *actor), void *context)
{
    actor_table_each(&runtime->table, visit, context);
}

/* ---- from outside ---- */

void runtime_activated(struct runtime *runtime, struct actor *actor)
{
    require(actor->awaited);
    actor_activated(runtime, actor);
    actor_settle(runtime, actor);
}

void runtime_failed(struct runtime *runtime, struct actor *actor)
{
    if (actor->state != ACTOR_ACTIVATING && actor->state != ACTOR_ACTIVE)
        return;
    actor->awaited = false;
    actor_demand(runtime, actor, DEMAND_FAIL);
}

void runtime_suspend(struct runtime *runtime, struct actor *actor)
{
    actor->suspended = true;
    actor->resumed = false;
    actor_settle(runtime, actor);
}

void runtime_resume(struct runtime *runtime, struct actor *actor)
{
    actor->suspended = false;
    actor->resumed = true;
    actor_settle(runtime, actor);
}

void runtime_reset(struct runtime *runtime, struct actor *actor)
{
    actor_demand(runtime, actor, DEMAND_RESET);
}

void runtime_stop(struct runtime *runtime, struct actor *actor)
{
    actor_demand(runtime, actor, DEMAND_STOP);
}

/* ---- timers ---- */

enum runtime_result runtime_timer_start(struct runtime *runtime,
                                        struct actor *actor,
                                        uint64_t due_us,
                                        struct runtime_message *message,
                                        struct runtime_timer *out)
{
    struct runtime_timer timer;
    uint64_t held = (uint64_t)actor->mailbox.count + actor->mailbox.timers;
    if (held >= 2 * (uint64_t)runtime->config.mailbox_messages || !runtime_has_room(runtime, message))
        return refuse(runtime, RUNTIME_FULL);
    if (!timers_start(&runtime->timers, actor, due_us, message, &timer))
        return refuse(runtime, RUNTIME_NO_MEMORY);
    message_count(runtime, message);
    if (out != NULL)
        *out = timer;
    return RUNTIME_OK;
}

struct runtime_message *runtime_timer_cancel(struct runtime *runtime, struct runtime_timer *timer)
{
    struct actor *actor;
    struct runtime_message *message = timers_cancel(&runtime->timers, *timer, &actor);
    *timer = (struct runtime_timer){0};
    if (message == NULL)
        return NULL;
    runtime->stats.messages--;
    runtime->stats.message_bytes -= message->size;
    message->next = NULL;
    actor_settle(runtime, actor);
    return message;
}

/* ---- figures ---- */

void actor_set_bytes(struct runtime *runtime, struct actor *actor, uint64_t bytes)
{
    runtime->stats.actor_bytes += bytes - actor->bytes;
    actor->bytes = bytes;
}

void runtime_stats(const struct runtime *runtime, struct runtime_stats *out)
{
    *out = runtime->stats;
    out->actors = runtime->table.count;
    out->active = runtime->states[ACTOR_ACTIVE];
    out->activating = runtime->states[ACTOR_COLD] + runtime->states[ACTOR_ACTIVATING];
    out->runnable = runtime->places[PLACE_RUN].count;
}
