/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Scopes: a request may ask that its aggregate has certain values in certain fields. It is looked at with the state in
 * hand on which the rest is decided, so nothing comes between. An aggregate of another scope is answered as one that
 * does not exist. */
#include "services/shard/state.h"

static void fail_no_memory(struct shard *shard, struct job *job)
{
    answer_fail(shard, job, status_unavailable, error_name(error_no_memory), error_text(error_no_memory));
}

static void fail_invalid(struct shard *shard, struct job *job)
{
    job_fail(job, status_invalid, "invalid_scope", "the scope does not fit the aggregate's fields");
    faults_encode(&job->outcome.faults, &shard->decision.faults);
    answer_now(shard, job);
}

bool scope_refuses(struct shard *shard, struct entity *entity, struct job *job)
{
    struct slice scope = job->request.scope;
    bool inside = false;
    if (scope.size == 0)
        return false;
    enum error error = aggregate_in_scope(entity->aggregate, &job->stream, scope, &inside, &shard->decision.faults);
    bool creates = job->command != NULL && domain_command_creates(job->command);
    if (error == error_none && (inside || (creates && aggregate_version(entity->aggregate) == 0)))
        return false;
    if (error == error_no_memory) {
        fail_no_memory(shard, job);
    } else if (error != error_none) {
        fail_invalid(shard, job);
    } else {
        job_fail(job, status_not_found, "unknown_aggregate", "the aggregate does not exist");
        answer_after(shard, unit_of(shard, job->unit), entity->batch, job);
    }
    return true;
}

/* Is what the decided events make of the scope? error_invalid_data: they cannot be applied. */
static enum error made_in_scope(struct shard *shard, const struct entity *entity, const struct job *job, bool *out)
{
    struct domain_fault fault;
    struct aggregate *made = aggregate_new(entity->resource);
    if (made == NULL)
        return error_no_memory;
    journal_begin(shard->config.journal, 0, &job->request.id, job->stream_hash);
    enum error error = decide_apply(shard, made, &fault);
    journal_end(shard->config.journal, 0);
    if (error == error_none)
        error = aggregate_in_scope(made, &job->stream, job->request.scope, out, &shard->decision.faults);
    aggregate_free(&made);
    return error;
}

bool scope_refuses_new(struct shard *shard, struct entity *entity, struct job *job)
{
    bool inside = false;
    if (job->request.scope.size == 0 || aggregate_version(entity->aggregate) > 0)
        return false;
    enum error error = made_in_scope(shard, entity, job, &inside);
    if (error == error_no_memory) {
        fail_no_memory(shard, job);
        return true;
    }
    if (error != error_none || inside)
        return false; /* who applies the events in earnest says what is wrong with them */
    job_fail(job, status_rejected, "out_of_scope", "what the command makes would not be of the scope");
    decide_refuse(shard, entity, job);
    return true;
}
