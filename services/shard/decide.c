/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One command on one loaded aggregate: decide, apply, and put what is to be durable into the unit's open batch. Every
 * decided answer leaves a row, events or not, so that a retry finds it. */
#include "services/shard/state.h"

static bool fail_unit(struct unit *unit)
{
    unit_give_up(unit, error_no_memory);
    return false;
}

/* Adds a row at the next position of the job's partition. */
static struct store_record *row_add(struct shard *shard, struct unit *unit, const struct job *job, struct slice data)
{
    struct batch *batch = unit_batch(unit);
    struct store_record *row = batch == NULL ? NULL : batch_record(batch, data);
    if (row == NULL)
        return NULL;
    struct partition *partition = &shard->partitions[job->partition];
    if (shard->now.wall_us > partition->time_us)
        partition->time_us = shard->now.wall_us;
    row->partition = job->partition;
    row->seq = ++partition->assigned;
    row->time_us = partition->time_us;
    row->stream = job->stream;
    row->stream_hash = job->stream_hash;
    row->id = job->request.id;
    row->command = job->request.command;
    row->user = job->user;
    row->traceparent = job->request.traceparent;
    return row;
}

/* Makes the last row the command's receipt and the job wait for its commit. */
static bool receipt_close(struct unit *unit, struct entity *entity, struct job *job, struct store_record *row)
{
    row->receipt = true;
    row->status = job->outcome.status;
    memcpy(row->hash, job->hash, sizeof row->hash);
    job->outcome.has_version = job->outcome.has_position = true;
    job->outcome.version = row->version;
    job->outcome.seq = row->seq;
    entity->batch = unit->open->number;
    batch_wait(unit->open, job);
    return receipts_add(&unit->receipts, &row->id, row->stream_hash) == error_none || fail_unit(unit);
}

/* A decided answer without events; its body says what a retry will be told. */
static bool row_without_event(struct shard *shard, struct entity *entity, struct job *job)
{
    struct unit *unit = unit_of(shard, job->unit);
    buffer_clear(&shard->scratch);
    bool empty = job->outcome.code.size == 0;
    write_map(&shard->scratch, empty ? 0 : 2);
    if (!empty) {
        write_string(&shard->scratch, "code");
        write_text(&shard->scratch, job->outcome.code);
        write_string(&shard->scratch, "msg");
        write_text(&shard->scratch, job->outcome.message);
    }
    struct store_record *row = row_add(shard, unit, job, buffer_slice(&shard->scratch));
    if (row == NULL || shard->scratch.failed) {
        fail_unit(unit);
        answer_unit_lost(shard, job, error_no_memory);
        return false;
    }
    row->version = aggregate_version(entity->aggregate);
    return receipt_close(unit, entity, job, row);
}

static void rows_with_events(struct shard *shard, struct entity *entity, struct job *job)
{
    struct unit *unit = unit_of(shard, job->unit);
    uint64_t version = aggregate_version(entity->aggregate) - shard->decision.count;
    struct store_record *row = NULL;
    for (uint32_t i = 0; i < shard->decision.count; i++) {
        const struct decided_event *event = &shard->decision.events[i];
        row = row_add(shard, unit, job, event->data);
        if (row == NULL) {
            fail_unit(unit);
            answer_unit_lost(shard, job, error_no_memory);
            return;
        }
        row->event = slice_text(event->name);
        row->schema = event->schema;
        row->version = ++version;
        row->previous = entity->head;
        entity->head = row->seq;
    }
    shard->counters.events += shard->decision.count;
    receipt_close(unit, entity, job, row);
}

static void snapshot_maybe(struct shard *shard, const struct actor *actor, struct entity *entity)
{
    struct unit *unit = unit_of(shard, entity->unit);
    uint64_t version = aggregate_version(entity->aggregate);
    if (version - entity->snapshot < shard->config.snapshot_events)
        return;
    size_t size;
    const void *key = actor_key(actor, &size);
    struct stream stream;
    stream_key_parse(slice_of(key, size), &stream);
    buffer_clear(&shard->scratch);
    if (aggregate_encode(entity->aggregate, &shard->scratch) != error_none)
        return; /* a snapshot is only a short cut */
    struct store_snapshot_write write = {.partition = entity->partition, .stream_hash = actor_hash(actor)};
    write.snapshot = (struct store_snapshot){.version = version,
                                             .seq = entity->head,
                                             .time_us = shard->partitions[entity->partition].time_us,
                                             .fingerprint = entity_fingerprint(shard, &stream),
                                             .state = buffer_slice(&shard->scratch)};
    if (batch_snapshot(unit->open, &write, slice_of(key, size)) == error_none)
        entity->snapshot = version;
}

enum error decide_apply(struct shard *shard, struct aggregate *aggregate, struct domain_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < shard->decision.count && error == error_none; i++) {
        const struct decided_event *event = &shard->decision.events[i];
        error = aggregate_apply(aggregate, slice_text(event->name), event->schema, event->data, fault);
    }
    return error;
}

static void accept(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job)
{
    struct domain_fault fault;
    job->outcome.status = status_ok;
    if (shard->decision.count == 0) {
        row_without_event(shard, entity, job);
        return;
    }
    journal_begin(shard->config.journal, 0, &job->request.id, job->stream_hash);
    enum error error = decide_apply(shard, entity->aggregate, &fault);
    journal_end(shard->config.journal, 0);
    if (error != error_none) {
        unit_give_up(unit_of(shard, job->unit), error_invalid_data);
        job_fail_copy(job, status_error, slice_text("domain_broken"), slice_text(fault.text));
        answer_now(shard, job);
        return;
    }
    rows_with_events(shard, entity, job);
    if (unit_ready(unit_of(shard, job->unit)))
        snapshot_maybe(shard, actor, entity);
    actor_set_bytes(shard->runtime, actor, aggregate_bytes(entity->aggregate));
}

static void decide(struct shard *shard, struct entity *entity, const struct job *job)
{
    struct decision_input input = {.command = job->command,
                                   .data = job->request.data,
                                   .now_us = shard->now.wall_us,
                                   .id = job->request.id.bytes,
                                   .user = job->user,
                                   .realm = job->realm,
                                   .identifier = job->stream.identifier};
    journal_begin(shard->config.journal, 0, &job->request.id, job->stream_hash);
    aggregate_decide(entity->aggregate, &input, &shard->decision);
    journal_end(shard->config.journal, 0);
}

void decide_refuse(struct shard *shard, struct entity *entity, struct job *job)
{
    if (job->request.dry_run) {
        job->outcome.has_version = true;
        job->outcome.version = aggregate_version(entity->aggregate);
        answer_after(shard, unit_of(shard, job->unit), entity->batch, job);
    } else {
        row_without_event(shard, entity, job);
    }
}

static void conclude(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job)
{
    const struct decision_result *decision = &shard->decision;
    switch (decision->outcome) {
    case DECISION_ACCEPTED:
        if (scope_refuses_new(shard, entity, job))
            break;
        if (places_refuse(shard, job))
            decide_refuse(shard, entity, job);
        else if (job->request.dry_run)
            query_dry_run(shard, entity, job);
        else
            accept(shard, actor, entity, job);
        break;
    case DECISION_REJECTED:
        job_fail_copy(job, status_rejected, slice_text(decision->code), slice_text(decision->message));
        decide_refuse(shard, entity, job);
        break;
    case DECISION_TOO_LARGE:
        job_fail(job, status_rejected, "too_large", "the event or the state would pass its size limit");
        decide_refuse(shard, entity, job);
        break;
    case DECISION_INVALID:
        job_fail(job, status_invalid, "invalid_data", "the data does not fit the command");
        faults_encode(&job->outcome.faults, &decision->faults);
        answer_now(shard, job);
        break;
    case DECISION_BROKEN:
        job_fail_copy(job, status_error, slice_text("domain_broken"), slice_text(decision->message));
        answer_after(shard, unit_of(shard, job->unit), entity->batch, job);
        break;
    }
}

/* Only of a command that was not decided yet: what was, keeps its answer when the clock is set back afterwards. */
static bool id_in_future(const struct shard *shard, const struct job *job)
{
    uint64_t time_ms;
    return uuid_time_ms(&job->request.id, &time_ms) && time_ms > (uint64_t)shard->now.wall_us / 1000 + limit_future_ms;
}

enum runtime_result decide_job(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job)
{
    struct unit *unit = unit_of(shard, job->unit);
    uint64_t version = aggregate_version(entity->aggregate);
    if (id_in_future(shard, job)) {
        answer_fail(shard, job, status_invalid, "id_in_future", "the command id's time is ahead of the clock");
        return RUNTIME_OK;
    }
    if (places_wait(shard, actor, entity, job) || scope_refuses(shard, entity, job))
        return RUNTIME_OK;
    if (journal_refused(shard->config.journal, &job->request.id, job->stream_hash)) {
        shard->counters.crashed++;
        job_fail(job, status_error, "domain_crash", "running this command ended the process three times");
        decide_refuse(shard, entity, job);
    } else if (job->request.has_expected && (uint64_t)job->request.expected != version) {
        job_fail(job, status_conflict, "version_conflict", "the aggregate does not have the expected version");
        decide_refuse(shard, entity, job);
    } else if (version == 0 && !domain_command_creates(job->command)) {
        job_fail(job, status_not_found, "unknown_aggregate", "the aggregate does not exist");
        answer_after(shard, unit, entity->batch, job);
    } else {
        decide(shard, entity, job);
        conclude(shard, actor, entity, job);
    }
    return RUNTIME_OK;
}
