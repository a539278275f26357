/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Units of ownership: claiming them, committing their batches one behind the other, handing them over, and starting
 * over when a commit fails. */
#include "services/shard/state.h"

#include <assert.h>
#include <stdlib.h>

enum {
    CLAIM_RETRY_US = 250000,
    DRAIN_US = 1000000, /* what is not done by then is answered moved: a long load does not hold a hand-over up */
};

struct unit *unit_of(struct shard *shard, uint32_t number)
{
    return &shard->units[number];
}

struct batch *unit_batch(struct unit *unit)
{
    if (unit->open == NULL)
        unit->open = batch_new(unit->number, unit->batches + 1);
    if (unit->open != NULL)
        unit->batches = unit->open->number;
    return unit->open;
}

static bool unit_ours(const struct unit *unit)
{
    return unit->state == UNIT_OWNED || unit->state == UNIT_DRAINING;
}

bool unit_ready(const struct unit *unit)
{
    return unit_ours(unit) && unit->trouble == error_none;
}

bool lease_valid(const struct shard *shard)
{
    return shard->now.monotonic_us < shard->lease_until_us;
}

static bool drain_over(const struct shard *shard, const struct unit *unit)
{
    return unit->state == UNIT_DRAINING && shard->now.monotonic_us >= unit->drain_us + DRAIN_US;
}

bool unit_serves(const struct shard *shard, const struct unit *unit)
{
    return unit_ready(unit) && lease_valid(shard) && !drain_over(shard, unit);
}

bool unit_takes(const struct shard *shard, const struct unit *unit)
{
    return unit->state == UNIT_OWNED && unit_serves(shard, unit);
}

void unit_give_up(struct unit *unit, enum error trouble)
{
    if (unit->trouble == error_none)
        unit->trouble = trouble;
}

bool unit_full(const struct shard *shard, const struct unit *unit)
{
    return unit->open != NULL && unit->open->count >= shard->config.batch_records;
}

void claimed_free(struct claimed **claimed)
{
    if (*claimed == NULL)
        return;
    free((*claimed)->partitions);
    receipts_fini(&(*claimed)->receipts);
    free(*claimed);
    *claimed = NULL;
}

static void unit_own(struct shard *shard, struct unit *unit, struct claimed *claimed)
{
    unit->state = UNIT_OWNED;
    unit->trouble = error_none;
    unit->changed_us = shard->now.monotonic_us;
    unit->drain_us = 0;
    unit->epoch = claimed->epoch;
    unit->expired_ms = claimed->expired_ms;
    receipts_fini(&unit->receipts);
    unit->receipts = claimed->receipts;
    claimed->receipts = (struct receipts){0};
    for (uint32_t i = 0; i < claimed->count; i++) {
        const struct store_partition *head = &claimed->partitions[i];
        shard->partitions[head->partition] =
            (struct partition){.assigned = head->head, .committed = head->head, .time_us = head->time_us};
    }
    shard->effects->owned_changed = shard->effects->heads_changed = true;
}

void unit_claimed(struct shard *shard, struct claimed *claimed)
{
    struct unit *unit = unit_of(shard, claimed->unit);
    assert(unit->state == UNIT_CLAIMING);
    if (claimed->error == error_none) {
        unit_own(shard, unit, claimed);
    } else {
        unit->state = UNIT_UNOWNED;
        unit->trouble = claimed->error;
        shard->counters.store_faults += claimed->error != error_locked;
        unit->retry_us = shard->now.monotonic_us + CLAIM_RETRY_US;
        if (shard->config.pool && claimed->error == error_locked)
            unit->wanted = false; /* another was faster: the next view says whose it is */
    }
    claimed_free(&claimed);
}

/* ---- a commit that failed ---- */

static void batch_lost(struct shard *shard, struct batch **batch, enum error trouble)
{
    if (*batch == NULL)
        return;
    struct job *job = (*batch)->first;
    (*batch)->first = NULL;
    while (job != NULL) {
        struct job *next = job->next;
        job->outcome.has_version = job->outcome.has_position = false;
        buffer_clear(&job->outcome.body);
        buffer_clear(&job->outcome.faults);
        answer_unit_lost(shard, job, trouble);
        job = next;
    }
    batch_free(batch);
}

struct reset {
    struct shard *shard;
    uint32_t unit;
};

static void reset_actor(void *context, struct actor *actor)
{
    const struct reset *reset = context;
    const struct entity *entity = actor_state(actor);
    if (entity->unit == reset->unit)
        runtime_reset(reset->shard->runtime, actor);
}

/* Its state, which is not ours any more, says so already. */
static void unit_forget(struct shard *shard, struct unit *unit)
{
    struct reset reset = {.shard = shard, .unit = unit->number};
    receipts_fini(&unit->receipts);
    runtime_each(shard->runtime, reset_actor, &reset);
    shard->effects->owned_changed = true;
}

static void unit_release(struct shard *shard, struct unit *unit)
{
    unit->state = UNIT_RELEASING;
    shard->effects->releases |= 1ull << unit->number;
}

static void unit_lost(struct shard *shard, struct unit *unit, enum error trouble)
{
    bool leave = shard->config.pool && (trouble == error_fenced || unit->state == UNIT_DRAINING);
    shard->counters.lost += trouble == error_fenced;
    unit->state = UNIT_UNOWNED;
    unit->trouble = trouble;
    unit->retry_us = shard->now.monotonic_us;
    unit->committed = unit->batches; /* nothing is waited for any more */
    if (leave)
        unit_release(shard, unit);
    batch_lost(shard, &unit->committing, trouble);
    batch_lost(shard, &unit->open, trouble);
    unit_forget(shard, unit);
}

/* ---- a hand-over ---- */

void unit_drain(struct shard *shard, struct unit *unit)
{
    unit->state = UNIT_DRAINING;
    unit->drain_us = shard->now.monotonic_us;
}

static bool unit_drained(const struct shard *shard, const struct unit *unit)
{
    if (unit->state != UNIT_DRAINING || unit->open != NULL || unit->committing != NULL)
        return false;
    return unit->jobs == 0 || drain_over(shard, unit);
}

void unit_released(struct shard *shard, struct unit *unit)
{
    assert(unit->state == UNIT_RELEASING);
    if (unit->drain_us != 0) {
        shard->counters.handoffs++;
        shard->counters.handoff_us = shard->now.monotonic_us - unit->drain_us;
    }
    unit->state = UNIT_UNOWNED;
    unit->wanted = false;
    unit->trouble = error_none;
    unit->drain_us = 0;
    unit->changed_us = shard->now.monotonic_us;
    shard->effects->beat = true;
}

/* ---- a commit that held ---- */

static void announce(struct shard *shard, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct store_record *row = &batch->records[i];
        struct record record = record_of(row);
        record_encode(&shard->effects->records, &record);
    }
    shard->effects->record_count += batch->count;
}

static void heads_advance(struct shard *shard, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        struct partition *partition = &shard->partitions[batch->records[i].partition];
        if (batch->records[i].seq > partition->committed)
            partition->committed = batch->records[i].seq;
    }
    shard->effects->heads_changed = true;
}

static void batch_answer(struct shard *shard, struct batch *batch)
{
    struct job *job = batch->first;
    batch->first = NULL;
    while (job != NULL) {
        struct job *next = job->next;
        job_prefetch(next);
        answer_now(shard, job);
        job = next;
    }
}

void unit_committed(struct shard *shard, struct batch *batch)
{
    struct unit *unit = unit_of(shard, batch->unit);
    assert(unit->committing == batch);
    shard->committing--;
    if (batch->error != error_none) {
        shard->counters.store_faults += batch->error != error_fenced;
        unit_lost(shard, unit, batch->error);
        return;
    }
    unit->committing = NULL;
    unit->committed = batch->number;
    shard->counters.commits++;
    shard->counters.committed_records += batch->count;
    heads_advance(shard, batch);
    if (shard->subscribed)
        announce(shard, batch);
    batch_answer(shard, batch);
    batch_free(&batch);
}

/* ---- the end of a turn ---- */

/* Brokers are told when the lease has run out, and when it goes on. */
static void lease_look(struct shard *shard)
{
    bool expired = !lease_valid(shard);
    shard->effects->owned_changed |= expired != shard->expired;
    shard->expired = expired;
}

static void unit_claim(struct shard *shard, struct unit *unit)
{
    if (unit->state != UNIT_UNOWNED || !unit->wanted || shard->stopping || shard->now.monotonic_us < unit->retry_us)
        return;
    unit->state = UNIT_CLAIMING;
    shard->effects->claims |= 1ull << unit->number;
}

/* False: another unit's turn. */
static bool unit_commit(struct shard *shard, struct unit *unit)
{
    if (unit->open == NULL || unit->committing != NULL || shard->committing >= shard->config.commits)
        return false;
    unit->committing = unit->open;
    unit->open = NULL;
    unit->committing->next = NULL;
    *shard->effects->commits_last = unit->committing;
    shard->effects->commits_last = &unit->committing->next;
    shard->committing++;
    return true;
}

/* Units take turns, so that none waits for ever while others are always ready. */
void units_turn(struct shard *shard)
{
    uint32_t count = shard->config.log.units, first = shard->next_unit;
    lease_look(shard);
    for (uint32_t i = 0; i < count; i++) {
        struct unit *unit = &shard->units[(first + i) % count];
        if (unit->trouble != error_none && unit_ours(unit) && unit->committing == NULL)
            unit_lost(shard, unit, unit->trouble);
        unit_claim(shard, unit);
        if (unit_commit(shard, unit))
            shard->next_unit = (unit->number + 1) % count;
        if (unit_drained(shard, unit)) {
            unit_release(shard, unit);
            unit_forget(shard, unit);
        }
    }
}
