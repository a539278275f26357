/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See turns.h. */
#include "services/query/turns.h"

void turns_add(struct turns *turns, struct query_job *job)
{
    job_queue_put(&turns->fresh, job);
}

static struct query_job *old_take(struct turns *turns)
{
    if (turns->later.first != NULL && turns->begun_count < TURNS_BEGUN)
        return job_queue_take(&turns->later);
    struct query_job *job = job_queue_take(&turns->begun);
    turns->begun_count -= job != NULL;
    return job;
}

struct query_job *turns_take(struct turns *turns)
{
    struct query_job *job = turns->fresh_last ? old_take(turns) : job_queue_take(&turns->fresh);
    turns->fresh_last = !turns->fresh_last;
    if (job == NULL) { /* nobody to take turns with */
        job = turns->fresh_last ? old_take(turns) : job_queue_take(&turns->fresh);
        turns->fresh_last = !turns->fresh_last;
    }
    return job;
}

void turns_back(struct turns *turns, struct query_job *job)
{
    if (turns->begun_count < TURNS_BEGUN) {
        turns->begun_count++;
        job_queue_put(&turns->begun, job);
        return;
    }
    past_free(&job->past);
    job_queue_put(&turns->later, job);
}

void turns_fini(struct turns *turns)
{
    struct query_job *job;
    while ((job = turns_take(turns)) != NULL)
        job_free(&job);
}
