/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The step: one input, its effects. Pure; see core.h. */
#include "services/shard/state.h"

#include <assert.h>
#include <stdlib.h>

enum { RUN_BUDGET = 4096 };

enum error effects_init(struct effects *effects, uint32_t links)
{
    *effects = (struct effects){.outgoing = calloc(links == 0 ? 1 : links, sizeof *effects->outgoing)};
    effects->commits_last = &effects->commits;
    effects->fetches_last = &effects->fetches;
    return effects->outgoing == NULL ? error_no_memory : error_none;
}

void effects_fini(struct effects *effects, uint32_t links)
{
    for (uint32_t i = 0; effects->outgoing != NULL && i < links; i++)
        buffer_fini(&effects->outgoing[i].replies);
    free(effects->outgoing);
    buffer_fini(&effects->records);
    while (effects->fetches != NULL) {
        struct fetch *fetch = effects->fetches;
        effects->fetches = fetch->next;
        fetch_free(&fetch);
    }
    *effects = (struct effects){0};
}

enum error shard_new(struct shard **out, const struct shard_config *config)
{
    struct shard *shard = calloc(1, sizeof *shard);
    if (shard == NULL)
        return error_no_memory;
    shard->config = *config;
    shard->units = calloc(config->log.units, sizeof *shard->units);
    shard->partitions = calloc(config->log.partitions, sizeof *shard->partitions);
    struct runtime_config runtime = {.behavior = &entity_behavior,
                                     .context = shard,
                                     .mailbox_messages = limit_mailbox_messages,
                                     .actors_max = (uint32_t)config->actors_max,
                                     .bytes_max = config->actor_bytes_max,
                                     .idle_us = config->idle_us};
    shard->runtime = runtime_new(&runtime);
    if (shard->units == NULL || shard->partitions == NULL || shard->runtime == NULL) {
        shard_free(&shard);
        return error_no_memory;
    }
    shard->loads_last = &shard->loads;
    shard->lease_until_us = config->pool ? 0 : UINT64_MAX;
    shard->expired = config->pool;
    for (uint32_t i = 0; i < config->log.units; i++)
        shard->units[i].number = i;
    for (uint32_t i = 0; i < config->unit_count; i++)
        shard->units[config->units[i]].wanted = true;
    *out = shard;
    return error_none;
}

void shard_free(struct shard **shard)
{
    if (*shard == NULL)
        return;
    struct shard *old = *shard;
    *shard = NULL;
    old->effects = NULL;
    for (uint32_t i = 0; i < old->approach.count; i++)
        job_free(&old->approach.jobs[(old->approach.first + i) % APPROACH]);
    loads_free(old);
    runtime_free(&old->runtime);
    for (uint32_t i = 0; old->units != NULL && i < old->config.log.units; i++) {
        batch_free(&old->units[i].open);
        batch_free(&old->units[i].committing);
        receipts_fini(&old->units[i].receipts);
    }
    decision_fini(&old->decision);
    buffer_fini(&old->scratch);
    free(old->units);
    free(old->partitions);
    free(old);
}

/* ---- the end of a turn ---- */

static bool any_unit_full(const struct shard *shard)
{
    for (uint32_t i = 0; i < shard->config.log.units; i++)
        if (unit_full(shard, &shard->units[i]))
            return true;
    return false;
}

static void turn(struct shard *shard, bool subscribed)
{
    shard->subscribed = subscribed;
    if (!any_unit_full(shard))
        runtime_run(shard->runtime, shard->now.monotonic_us, RUN_BUDGET);
    units_turn(shard);
}

/* ---- what the reader brought ---- */

/* A job whose unit changed hands while the store was asked may have been answered from what is no longer true. */
bool fetch_stale(struct shard *shard, struct fetch *fetch)
{
    const struct unit *unit = unit_of(shard, fetch->unit);
    bool ours = unit_ready(unit) && unit->epoch == fetch->epoch;
    if (ours && (fetch->job == NULL || lease_valid(shard)))
        return false;
    if (fetch->job != NULL)
        answer_unit_lost(shard, fetch->job, ours ? error_none : unit->trouble);
    else if (fetch->kind == FETCH_LOAD)
        load_stale(shard, fetch);
    fetch->job = NULL;
    return true;
}

static void fetched(struct shard *shard, struct fetch *fetch)
{
    bool load = fetch->kind == FETCH_LOAD;
    if (!fetch_stale(shard, fetch)) {
        switch (fetch->kind) {
        case FETCH_LOAD:
            entity_loaded(shard, fetch);
            break;
        case FETCH_RECEIPT:
            receipt_fetched(shard, fetch);
            break;
        case FETCH_HEADS:
            places_fetched(shard, fetch);
            break;
        case FETCH_REPLY:
            receipt_repeated(shard, fetch);
            break;
        }
    }
    fetch_free(&fetch);
    if (load)
        load_ended(shard);
}

void shard_step(struct shard *shard, const struct input *input, struct instant now, struct effects *effects)
{
    shard->now = now;
    shard->effects = effects;
    if (input->kind != INPUT_ITEM)
        intake_finish(shard);
    switch (input->kind) {
    case INPUT_ITEM:
        intake_item(shard, input->link, input->item);
        break;
    case INPUT_CLAIMED:
        unit_claimed(shard, input->claimed);
        break;
    case INPUT_COMMITTED:
        unit_committed(shard, input->batch);
        break;
    case INPUT_FETCHED:
        fetched(shard, input->fetch);
        break;
    case INPUT_RELEASED:
        unit_released(shard, unit_of(shard, input->unit));
        break;
    case INPUT_POOL:
        pool_seen(shard, input->view);
        break;
    case INPUT_TURN:
        turn(shard, input->subscribed);
        break;
    case INPUT_STOP:
        shard->stopping = true;
        break;
    }
    shard->effects = NULL;
}

uint64_t shard_next_us(const struct shard *shard, uint64_t now_us)
{
    uint64_t next_us = any_unit_full(shard) ? UINT64_MAX : runtime_next_us(shard->runtime, now_us);
    for (uint32_t i = 0; i < shard->config.log.units; i++) {
        const struct unit *unit = &shard->units[i];
        if (unit->wanted && unit->state == UNIT_UNOWNED && unit->retry_us < next_us)
            next_us = unit->retry_us;
    }
    return shard->expired || shard->lease_until_us > next_us ? next_us : shard->lease_until_us;
}

/* ---- what others may know ---- */

uint32_t shard_units(const struct shard *shard)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < shard->config.log.units; i++)
        count += shard->units[i].state != UNIT_UNOWNED;
    return count;
}

bool shard_settled(const struct shard *shard)
{
    for (uint32_t i = 0; i < shard->config.log.units; i++)
        if (shard->units[i].wanted && shard->units[i].state != UNIT_OWNED && shard->units[i].state != UNIT_DRAINING)
            return false;
    return !shard->config.pool || (shard->joined && !shard->expired);
}

bool shard_moving(const struct shard *shard)
{
    return shard->moving;
}

void shard_pool_stats(const struct shard *shard, struct shard_pool_stats *out)
{
    *out = (struct shard_pool_stats){.members = shard->members,
                                     .lease_until_us = shard->lease_until_us,
                                     .loads_waiting = shard->loads_waiting,
                                     .unreadable = (uint32_t)__builtin_popcountll(shard->unreadable)};
}

void shard_unit_requests(const struct shard *shard, uint64_t *out)
{
    for (uint32_t i = 0; i < shard->config.log.units; i++)
        out[i] = shard->units[i].requests;
}

uint32_t shard_jobs(const struct shard *shard)
{
    return shard->jobs;
}

const struct shard_counters *shard_counters(const struct shard *shard)
{
    return &shard->counters;
}

void shard_runtime_stats(const struct shard *shard, struct runtime_stats *out)
{
    runtime_stats(shard->runtime, out);
}

static void pairs_write(const struct shard *shard, bool heads, struct buffer *out)
{
    size_t place = write_array_begin(out);
    uint32_t count = 0;
    for (uint32_t i = 0; i < shard->config.log.partitions; i++) {
        const struct unit *unit = &shard->units[i % shard->config.log.units];
        if (!unit_ready(unit) || shard->expired)
            continue;
        write_array(out, 2);
        write_unsigned(out, i);
        write_unsigned(out, heads ? shard->partitions[i].committed : unit->epoch);
        count++;
    }
    write_array_end(out, place, count);
}

void shard_owned(const struct shard *shard, struct buffer *out)
{
    pairs_write(shard, false, out);
}

void shard_heads(const struct shard *shard, struct buffer *out)
{
    pairs_write(shard, true, out);
}

static uint32_t pool_alarms(const struct shard *shard, struct buffer *out)
{
    uint32_t count = 0;
    if (shard->beat_error != error_none) {
        struct buffer text = {0};
        buffer_printf(&text, "the pool does not answer: %s", error_text(shard->beat_error));
        write_text(out, buffer_slice(&text));
        buffer_fini(&text);
        count++;
    }
    if (shard->unreadable != 0) {
        struct buffer text = {0};
        buffer_printf(&text,
                      "a shard cannot read %u of %u units and is not given them: %s",
                      (unsigned)__builtin_popcountll(shard->unreadable),
                      shard->config.log.units,
                      shard->unreadable_why);
        write_text(out, buffer_slice(&text));
        buffer_fini(&text);
        count++;
    }
    if (shard->joined && shard->expired) {
        write_string(out, "the lease has run out: nothing is served until the pool answers");
        count++;
    }
    return count;
}

void shard_alarms(const struct shard *shard, struct buffer *out)
{
    size_t place = write_array_begin(out);
    uint32_t count = pool_alarms(shard, out);
    for (uint32_t i = 0; i < shard->config.log.units; i++) {
        const struct unit *unit = &shard->units[i];
        if (!unit->wanted || unit_ready(unit) || unit->trouble == error_none)
            continue;
        struct buffer text = {0};
        buffer_printf(&text, "unit %u is not served: %s", i, error_text(unit->trouble));
        write_text(out, buffer_slice(&text));
        buffer_fini(&text);
        count++;
    }
    if (shard->config.journal->alarms > 0) {
        write_string(out, "domain code crashed or span three times for a command: see the log");
        count++;
    }
    write_array_end(out, place, count);
}
