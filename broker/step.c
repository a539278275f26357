/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The step: one input, its effects. Pure; see step.h. */
#include "broker/state.h"

#include <stdlib.h>

enum { SILENT_MS = 3000, HELD_BYTES = 128 << 20, HELD_FRAMES = 896 };

enum error broker_new(struct broker **out, const struct broker_config *config)
{
    struct broker *broker = calloc(1, sizeof *broker);
    if (broker == NULL)
        return error_no_memory;
    broker->config = *config;
    if (broker->config.parked_commands == 0)
        broker->config.parked_commands = limit_parked_commands;
    if (broker->config.parked_bytes == 0)
        broker->config.parked_bytes = limit_parked_bytes;
    if (broker->config.parked_ms == 0)
        broker->config.parked_ms = limit_parked_ms;
    if (broker->config.held_bytes == 0)
        broker->config.held_bytes = HELD_BYTES;
    if (broker->config.held_frames == 0)
        broker->config.held_frames = HELD_FRAMES;
    if (broker->config.silent_ms == 0)
        broker->config.silent_ms = SILENT_MS;
    broker->generation = config->seed & ((1ull << 38) - 1); /* a key fits a signed integer of 64 bits */
    broker->deadline_us = UINT64_MAX;
    list_init(&broker->parked);
    list_init(&broker->offered);
    list_init(&broker->trials);
    *out = broker;
    return error_none;
}

void broker_free(struct broker **broker)
{
    if (*broker == NULL)
        return;
    struct broker *old = *broker;
    struct broker_effects effects = {0};
    old->effects = &effects;
    for (size_t i = 0; i < sizeof old->pipes / sizeof old->pipes[0]; i++)
        while (old->pipes[i] != NULL)
            pipe_drop(old, old->pipes[i]->id); /* takes it off the chain */
    while (old->session_count > 0)
        session_lost(old, old->sessions[0]);
    for (uint32_t i = 0; i < old->page_count; i++)
        free(old->pages[i]);
    broker_effects_fini(&effects);
    buffer_fini(&old->scratch);
    buffer_fini(&old->heads);
    buffer_fini(&old->descriptions);
    buffer_fini(&old->described.reply);
    buffer_fini(&old->measured.reply);
    free(old->pages);
    free(old->routes);
    free(old);
    *broker = NULL;
}

static void pipe_gone(struct broker *broker, uint32_t pipe)
{
    struct shard_session *session = session_by_pipe(broker, pipe);
    if (session != NULL)
        session_lost(broker, session);
    pipe_drop(broker, pipe);
}

static void tick(struct broker *broker)
{
    sessions_tick(broker);
    parking_tick(broker);
    pendings_sweep(broker);
    fanout_tick(broker);
}

void broker_step(struct broker *broker, const struct broker_input *input, uint64_t now_us, struct broker_effects *out)
{
    broker->now_us = now_us;
    broker->effects = out;
    switch (input->kind) {
    case BROKER_FRAME:
        frame_take(broker, input);
        break;
    case BROKER_PIPE_GONE:
        pipe_gone(broker, input->pipe);
        break;
    case BROKER_SUBSCRIBERS:
        broker->subscribers = input->count;
        break;
    case BROKER_TICK:
        tick(broker);
        sessions_send(broker);
        break;
    case BROKER_TURN:
        sessions_send(broker);
        break;
    case BROKER_STOP:
        broker->stopping = true;
        parking_turn(broker);
        break;
    }
    broker->effects = NULL;
}

static uint64_t list_size(struct list *list)
{
    uint64_t size = 0;
    for (struct link_node *node = list_first(list); node != NULL; node = list_next(list, node))
        size++;
    return size;
}

void broker_counters(const struct broker *broker, struct broker_counters *out)
{
    *out = broker->counters;
    out->shards = shards_count(broker);
    out->queries = services_count(broker, SERVES_QUERY);
    out->projectors = services_count(broker, SERVES_PROJECTOR);
    out->sent = broker->open - broker->waiting;
    out->queued = list_size((struct list *)&broker->offered) + list_size((struct list *)&broker->trials);
    for (uint32_t i = 0; i < broker->session_count; i++) {
        out->queued += list_size((struct list *)&broker->sessions[i]->queue);
    }
    out->parked = broker->waiting - out->queued;
    out->unowned = 0;
    for (uint32_t i = 0; i < broker->partitions; i++)
        out->unowned += broker->routes[i].session == NULL;
}

bool records_wanted(const struct broker *broker)
{
    return broker->subscribers > 0 && broker->now_us < broker->listened_us;
}

uint32_t broker_open(const struct broker *broker)
{
    return broker->open;
}
