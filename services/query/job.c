/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See job.h. */
#include "services/query/job.h"

#include <stdlib.h>

/* Copies a slice to the end of the job's bytes, which have room. */
static struct slice keep(struct query_job *job, struct slice text)
{
    struct slice kept = slice_of(job->bytes.data + job->bytes.size, text.size);
    buffer_append(&job->bytes, text.data, text.size);
    return kept;
}

static void times_set(struct query_job *job, const struct item *item, uint64_t now_us, uint32_t wait_ms)
{
    uint64_t margin_us = item->deadline_ms > 100 ? 50000 : 0; /* for the way back */
    job->came_us = now_us;
    job->deadline_us = now_us + item->deadline_ms * 1000ull;
    job->patience_us = now_us + wait_ms * 1000ull;
    if (job->patience_us > job->deadline_us - margin_us)
        job->patience_us = job->deadline_us - margin_us;
}

struct query_job *job_new(const struct worker_place *place, const struct item *item, uint64_t now_us, uint32_t wait_ms)
{
    struct query_job *job = calloc(1, sizeof *job);
    struct envelope_fault fault;
    if (job == NULL || !buffer_reserve(&job->bytes, item->request.size + item->realm.size)) {
        free(job);
        return NULL;
    }
    job->kind = JOB_QUERY; /* until the operation is known */
    job->place = *place;
    job->realm = keep(job, item->realm);
    times_set(job, item, now_us, wait_ms);
    enum error error = request_decode(keep(job, item->request), &job->request, &fault);
    if (error != error_none) { /* brokers send none that they could not read */
        job_fail(job, status_invalid, error_name(error), error_text(error), 0);
        return job;
    }
    if (job->request.operation != operation_query)
        job->kind = JOB_HISTORY;
    return job;
}

struct query_job *job_new_look(uint32_t partitions)
{
    struct query_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return NULL;
    job->kind = JOB_LOOK;
    job->seen = calloc((size_t)LOOK_BUILDS * partitions, sizeof *job->seen);
    job->halted = calloc((size_t)LOOK_BUILDS * partitions, sizeof *job->halted);
    if (job->seen == NULL || job->halted == NULL)
        job_free(&job);
    return job;
}

void job_free(struct query_job **job)
{
    struct query_job *old = *job;
    if (old == NULL)
        return;
    past_free(&old->past);
    buffer_fini(&old->bytes);
    buffer_fini(&old->encoded);
    buffer_fini(&old->faults);
    free(old->wanted);
    free(old->seen);
    free(old->halted);
    free(old);
    *job = NULL;
}

void job_fail(struct query_job *job, enum status status, const char *code, const char *message, uint32_t retry_ms)
{
    job->outcome = JOB_ANSWERED;
    job->reply = (struct reply){
        .status = status, .code = slice_text(code), .message = slice_text(message), .retry_ms = retry_ms};
}

bool job_expire(struct query_job *job, uint64_t now_us)
{
    if (job->kind != JOB_QUERY || now_us < job->deadline_us)
        return false;
    job_fail(job, status_deadline, "deadline", "the time ran out before the query was run", 0);
    return true;
}

/* ---- queues ---- */

void job_queue_put(struct job_queue *queue, struct query_job *job)
{
    job->next = NULL;
    if (queue->first == NULL)
        queue->first = job;
    else
        queue->last->next = job;
    queue->last = job;
}

struct query_job *job_queue_take(struct job_queue *queue)
{
    struct query_job *job = queue->first;
    if (job == NULL)
        return NULL;
    queue->first = job->next;
    job->next = NULL;
    return job;
}

void job_queue_join(struct job_queue *queue, struct job_queue *jobs, bool before)
{
    struct job_queue front = before ? *jobs : *queue, back = before ? *queue : *jobs;
    *jobs = (struct job_queue){0};
    if (front.first == NULL || back.first == NULL) {
        *queue = front.first == NULL ? back : front;
        return;
    }
    front.last->next = back.first;
    *queue = (struct job_queue){.first = front.first, .last = back.last};
}
