/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How jobs end: now, or when the commit is durable on which their answer depends. */
#include "services/shard/state.h"

void answer_now(struct shard *shard, struct job *job)
{
    struct outgoing *outgoing = &shard->effects->outgoing[job->link];
    job_reply(job, shard->config.log.incarnation, &outgoing->replies);
    outgoing->count++;
    shard->counters.by_status[job->outcome.status]++;
    shard->jobs--;
    if (job->has_unit)
        unit_of(shard, job->unit)->jobs--;
    job_free(&job);
}

void answer_after(struct shard *shard, struct unit *unit, uint64_t number, struct job *job)
{
    if (number <= unit->committed)
        answer_now(shard, job);
    else
        batch_wait(unit->open != NULL && number >= unit->open->number ? unit->open : unit->committing, job);
}

void answer_fail(struct shard *shard, struct job *job, enum status status, const char *code, const char *message)
{
    job_fail(job, status, code, message);
    answer_now(shard, job);
}

void answer_unit_lost(struct shard *shard, struct job *job, enum error trouble)
{
    bool moved = trouble == error_none || trouble == error_fenced || trouble == error_locked;
    job->outcome.retry_ms = 100;
    if (moved)
        answer_fail(shard, job, status_moved, "moved", "the partition is not owned here");
    else
        answer_fail(shard, job, status_unavailable, error_name(trouble), error_text(trouble));
}

void effects_fetch(struct effects *effects, struct fetch *fetch)
{
    fetch->next = NULL;
    *effects->fetches_last = fetch;
    effects->fetches_last = &fetch->next;
}
