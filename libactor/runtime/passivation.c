/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Passivates idle actors, least recently used first: while there are too many actors or too many bytes of state, and
 * those idle too long. An actor that refuses goes to the end of the row. */
#include "libactor/runtime/state.h"

enum { VETOES_PER_RUN = 64 };

static bool is_crowded(const struct runtime *runtime)
{
    return runtime->table.count > runtime->config.actors_max || runtime->stats.actor_bytes > runtime->config.bytes_max;
}

static bool is_stale(const struct runtime *runtime, const struct actor *actor)
{
    uint64_t idle_us = runtime->config.idle_us;
    return idle_us != 0 && runtime->now_us - actor->since_us >= idle_us;
}

static bool may_passivate(const struct runtime *runtime, const struct actor *actor)
{
    const struct runtime_behavior *behavior = runtime->config.behavior;
    return behavior->may_passivate == NULL || behavior->may_passivate(runtime->config.context, actor);
}

static bool actor_passivate(struct runtime *runtime, struct actor *actor)
{
    if (!may_passivate(runtime, actor)) {
        runtime->vetoes++;
        actor_move(runtime, actor, PLACE_IDLE);
        return false;
    }
    runtime->vetoes = 0;
    runtime->stats.passivations++;
    actor_demand(runtime, actor, DEMAND_RESET);
    return true;
}

void passivation_run(struct runtime *runtime, uint64_t budget)
{
    const struct actor_list *idle = &runtime->places[PLACE_IDLE];
    uint64_t vetoes = idle->count < VETOES_PER_RUN ? idle->count : VETOES_PER_RUN;
    while (budget-- > 0 && vetoes > 0 && idle->first != NULL && (is_crowded(runtime) || is_stale(runtime, idle->first)))
        vetoes -= actor_passivate(runtime, idle->first) ? 0 : 1;
}

/* Crowded, but everybody idle has refused since somebody last agreed: only time or a message can change that. */
static bool is_stuck(const struct runtime *runtime)
{
    return runtime->vetoes >= runtime->places[PLACE_IDLE].count;
}

uint64_t passivation_next_us(const struct runtime *runtime)
{
    const struct actor *oldest = runtime->places[PLACE_IDLE].first;
    if (oldest == NULL)
        return UINT64_MAX;
    if (is_crowded(runtime) && !is_stuck(runtime))
        return 0;
    return runtime->config.idle_us == 0 ? UINT64_MAX : time_after(oldest->since_us, runtime->config.idle_us);
}
