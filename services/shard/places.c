/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Commands of consumer groups name places in the log (services/builtin/places.h), most of which belong to partitions of
 * other owners. So the store is asked for the heads while the actor waits; they are then as new as the command. */
#include "services/builtin/places.h"
#include "services/builtin/builtin.h"
#include "services/shard/state.h"

static bool is_platform(const struct job *job)
{
    return slice_is(job->stream.namespace, BUILTIN_NAMESPACE);
}

bool places_wait(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job)
{
    if (!is_platform(job) || job->heads != NULL || !places_wanted(job->request.command))
        return false;
    if (entity_fetch(shard, FETCH_HEADS, actor, entity) != NULL)
        entity_hold(shard, actor, entity, job);
    else
        answer_fail(shard, job, status_unavailable, error_name(error_no_memory), error_text(error_no_memory));
    return true;
}

void places_fetched(struct shard *shard, struct fetch *fetch)
{
    struct actor *actor;
    struct entity *entity;
    struct job *job = entity_release(shard, fetch, &actor, &entity);
    if (job == NULL)
        return;
    if (fetch->error != error_none) {
        answer_fail(shard, job, status_unavailable, error_name(fetch->error), error_text(fetch->error));
        return;
    }
    job->heads = fetch->heads;
    fetch->heads = NULL;
    (void)decide_job(shard, actor, entity, job);
}

bool places_refuse(struct shard *shard, struct job *job)
{
    struct places_log log = {.partitions = shard->config.log.partitions, .heads = job->heads};
    struct places_fault fault;
    for (uint32_t i = 0; is_platform(job) && i < shard->decision.count; i++) {
        const struct decided_event *event = &shard->decision.events[i];
        if (places_refused(slice_text(event->name), event->data, &log, &fault)) {
            job_fail(job, status_rejected, fault.code, fault.message);
            return true;
        }
    }
    return false;
}
