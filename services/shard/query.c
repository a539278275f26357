/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads of a live actor: its state, and what a command would do. They wait for the commit of what they show. What was
 * is for query processes. */
#include "proto/diff.h"
#include "services/shard/state.h"

void query_state(struct shard *shard, struct entity *entity, struct job *job)
{
    struct outcome *outcome = &job->outcome;
    uint64_t version = aggregate_version(entity->aggregate);
    if (scope_refuses(shard, entity, job))
        return;
    if (version == 0) {
        job_fail(job, status_not_found, "unknown_aggregate", "the aggregate does not exist");
    } else if (aggregate_encode(entity->aggregate, &outcome->body) != error_none) {
        buffer_clear(&outcome->body);
        job_fail(job, status_unavailable, error_name(error_no_memory), error_text(error_no_memory));
    } else {
        outcome->has_version = outcome->has_position = true;
        outcome->version = version;
        outcome->seq = entity->head;
    }
    answer_after(shard, unit_of(shard, job->unit), entity->batch, job);
}

/* ---- what a command would do ---- */

static struct aggregate *aggregate_copy(const struct entity *entity, struct slice state)
{
    struct aggregate *copy = aggregate_new(entity->resource);
    uint64_t version = aggregate_version(entity->aggregate);
    if (copy != NULL && version > 0 && aggregate_restore(copy, state, version) != error_none)
        aggregate_free(&copy);
    return copy;
}

static enum error rehearse(struct shard *shard, struct entity *entity, struct buffer *before, struct buffer *after)
{
    struct domain_fault fault;
    enum error error = aggregate_encode(entity->aggregate, before);
    struct aggregate *copy = error == error_none ? aggregate_copy(entity, buffer_slice(before)) : NULL;
    if (copy == NULL)
        return error_no_memory;
    error = decide_apply(shard, copy, &fault);
    if (error == error_none)
        error = aggregate_encode(copy, after);
    aggregate_free(&copy);
    return error;
}

static void
dry_run_body(const struct decision_result *decision, struct slice before, struct slice after, struct buffer *out)
{
    write_map(out, 3);
    write_string(out, "events");
    write_array(out, decision->count);
    for (uint32_t i = 0; i < decision->count; i++) {
        write_map(out, 3);
        write_string(out, "type");
        write_string(out, decision->events[i].name);
        write_string(out, "schema");
        write_unsigned(out, decision->events[i].schema);
        write_string(out, "data");
        write_raw(out, decision->events[i].data);
    }
    write_string(out, "state");
    write_raw(out, after);
    write_string(out, "changes");
    state_diff(before, after, out);
}

void query_dry_run(struct shard *shard, struct entity *entity, struct job *job)
{
    struct buffer before = {0}, after = {0};
    enum error error = rehearse(shard, entity, &before, &after);
    if (error == error_none) {
        dry_run_body(&shard->decision, buffer_slice(&before), buffer_slice(&after), &job->outcome.body);
        job->outcome.has_version = true;
        job->outcome.version = aggregate_version(entity->aggregate) + shard->decision.count;
    } else {
        job_fail(job, status_error, error_name(error), error_text(error));
    }
    buffer_fini(&before);
    buffer_fini(&after);
    answer_after(shard, unit_of(shard, job->unit), entity->batch, job);
}
