/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads: an aggregate's state now or in the past, its events, a partition's log, and what a command would do. What
 * comes from a live actor waits for the commit of what it shows. */
#include "services/shard/state.h"

#include <stdlib.h>

void query_state(struct shard *shard, struct entity *entity, struct job *job)
{
    struct outcome *outcome = &job->outcome;
    uint64_t version = aggregate_version(entity->aggregate);
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
    for (uint32_t i = 0; i < shard->decision.count && error == error_none; i++) {
        const struct decided_event *event = &shard->decision.events[i];
        error = aggregate_apply(copy, slice_text(event->name), event->schema, event->data, &fault);
    }
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

/* ---- reads from the store ---- */

static void fold_start(struct fetch *fetch, const struct job *job)
{
    if (job->request.at_version >= 0)
        fetch->to_version = (uint64_t)job->request.at_version;
    fetch->at_us = job->request.at_time_us;
    fetch->first = true;
    fetch->aggregate = aggregate_new(job->resource);
    if (fetch->kind == FETCH_CHANGES && (fetch->changes = calloc(1, sizeof *fetch->changes)) != NULL)
        fetch->changes->from = job->request.from;
}

void query_start(struct shard *shard, struct job *job, enum fetch_kind kind)
{
    struct fetch *fetch = fetch_new(kind, job->stream_key);
    if (fetch == NULL) {
        answer_fail(shard, job, status_unavailable, error_name(error_no_memory), error_text(error_no_memory));
        return;
    }
    fetch->unit = job->unit;
    fetch->partition = job->partition;
    fetch->stream_hash = job->stream_hash;
    fetch->epoch = unit_of(shard, job->unit)->epoch;
    fetch->job = job;
    fetch->after = job->request.from;
    fetch->limit = job->request.limit;
    fetch->to_version = UINT64_MAX;
    if (kind == FETCH_PAST || kind == FETCH_CHANGES)
        fold_start(fetch, job);
    if (kind == FETCH_CHANGES && fetch->changes == NULL) {
        fetch->job = NULL;
        fetch_free(&fetch);
        answer_fail(shard, job, status_unavailable, error_name(error_no_memory), error_text(error_no_memory));
        return;
    }
    effects_fetch(shard->effects, fetch);
}

static void answer_page(struct shard *shard, struct fetch *fetch, struct job *job)
{
    bool log = fetch->kind == FETCH_LOG;
    struct buffer *out = &job->outcome.body;
    if (!log && fetch->count == 0 && fetch->after == 0) {
        answer_fail(shard, job, status_not_found, "unknown_aggregate", "the aggregate does not exist");
        return;
    }
    write_map(out, log ? 3 : 2);
    write_string(out, log ? "records" : "events");
    write_array(out, fetch->count);
    write_raw(out, buffer_slice(&fetch->memory));
    if (log) {
        write_string(out, "head");
        write_unsigned(out, shard->partitions[fetch->partition].committed);
    }
    write_string(out, "next");
    if (fetch->more)
        write_unsigned(out, fetch->last);
    else
        write_nil(out);
    answer_now(shard, job);
}

static enum error past_apply(struct shard *shard, struct fetch *fetch)
{
    struct domain_fault fault;
    enum error error = fetch->aggregate == NULL ? error_no_memory : error_none;
    if (error == error_none && fetch->has_snapshot)
        error = aggregate_restore(
            fetch->aggregate, slice_of(fetch->memory.data, fetch->snapshot.state.size), fetch->snapshot.version);
    journal_begin(shard->config.journal, &journal_load, fetch->stream_hash);
    for (uint32_t i = 0; i < fetch->count && error == error_none; i++) {
        const struct fetched_event *event = &fetch->events[i];
        if (event->version > fetch->to_version || changes_end(fetch))
            break;
        error = aggregate_apply(
            fetch->aggregate, fetched_name(fetch, event), event->schema, fetched_data(fetch, event), &fault);
        if (error == error_none && fetch->changes != NULL)
            error = changes_note(fetch, event);
    }
    journal_end(shard->config.journal);
    return error;
}

static void past_answer(struct shard *shard, struct fetch *fetch, struct job *job)
{
    uint64_t version = aggregate_version(fetch->aggregate);
    if (version == 0 || (fetch->to_version != UINT64_MAX && version != fetch->to_version)) {
        answer_fail(shard,
                    job,
                    status_not_found,
                    version == 0 ? "unknown_aggregate" : "unknown_version",
                    fetch->ended && version == 0 ? "the aggregate did not exist then"
                                                 : "the aggregate does not have that version");
        return;
    }
    job->outcome.has_version = true;
    job->outcome.version = version;
    if (aggregate_encode(fetch->aggregate, &job->outcome.body) != error_none)
        job_fail(job, status_unavailable, error_name(error_no_memory), error_text(error_no_memory));
    answer_now(shard, job);
}

/* The same fetch goes on where its page ended; true when it does. */
static bool past_more(struct shard *shard, struct fetch *fetch)
{
    if (!fetch->more || fetch->last >= fetch->to_version || changes_full(fetch))
        return false;
    fetch->first = fetch->has_snapshot = fetch->more = false;
    fetch->after = fetch->last;
    fetch->count = 0;
    buffer_clear(&fetch->memory);
    effects_fetch(shard->effects, fetch);
    return true;
}

static void answer_error(struct shard *shard, struct job *job, enum error error, const char *text)
{
    job_fail_copy(job,
                  error == error_corrupt || error == error_unknown_event ? status_error : status_unavailable,
                  slice_text(error_name(error)),
                  slice_text(text[0] != 0 ? text : error_text(error)));
    answer_now(shard, job);
}

static void past_fetched(struct shard *shard, struct fetch **fetch)
{
    enum error error = past_apply(shard, *fetch);
    if (error == error_none && past_more(shard, *fetch)) {
        *fetch = NULL;
        return;
    }
    struct job *job = (*fetch)->job;
    (*fetch)->job = NULL;
    if (error == error_none && (*fetch)->kind == FETCH_CHANGES)
        changes_answer(shard, *fetch, job);
    else if (error == error_none)
        past_answer(shard, *fetch, job);
    else
        answer_error(shard, job, error, "");
}

void query_fetched(struct shard *shard, struct fetch **fetch)
{
    if ((*fetch)->error == error_none && ((*fetch)->kind == FETCH_PAST || (*fetch)->kind == FETCH_CHANGES)) {
        past_fetched(shard, fetch);
        return;
    }
    struct job *job = (*fetch)->job;
    (*fetch)->job = NULL;
    if ((*fetch)->error != error_none)
        answer_error(shard, job, (*fetch)->error, (*fetch)->fault.text);
    else
        answer_page(shard, *fetch, job);
}
