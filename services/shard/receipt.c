/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A command whose id was decided before gets the answer that was given then, word for word; the same id with another
 * payload is told so. What is not committed yet answers from its batch; the rest is asked of the store while the actor
 * waits. */
#include "services/shard/state.h"

/* The batch that the receipt's row is in, or a later one; 0 when it is committed. */
static uint64_t batch_behind(const struct shard *shard, const struct unit *unit, const struct store_receipt *receipt)
{
    return receipt->seq > shard->partitions[receipt->partition].committed ? unit->batches : 0;
}

static struct slice body_text(struct slice body, const char *key)
{
    struct slice raw, text;
    if (msgpack_find(body, key, &raw) != error_none)
        return slice_of(NULL, 0);
    struct reader reader = reader_of(raw);
    return reader_text(&reader, &text) == error_none ? text : slice_of(NULL, 0);
}

static void outcome_from_body(struct job *job, struct slice body)
{
    job_fail_copy(job, job->outcome.status, body_text(body, "code"), body_text(body, "msg"));
}

static void repeat_from_store(struct shard *shard, struct job *job, const struct store_receipt *receipt)
{
    struct fetch *fetch = fetch_new(FETCH_REPLY, job->stream_key);
    if (fetch == NULL) {
        answer_fail(shard, job, status_unavailable, error_name(error_no_memory), error_text(error_no_memory));
        return;
    }
    fetch->unit = job->unit;
    fetch->epoch = unit_of(shard, job->unit)->epoch;
    fetch->partition = receipt->partition;
    fetch->after = receipt->seq - 1;
    fetch->job = job;
    effects_fetch(shard->effects, fetch);
}

static void repeat(struct shard *shard, struct unit *unit, struct job *job, const struct store_receipt *receipt)
{
    shard->counters.repeated++;
    job->outcome.status = receipt->status;
    job->outcome.has_version = job->outcome.has_position = true;
    job->outcome.version = receipt->version;
    job->outcome.seq = receipt->seq;
    uint64_t number = batch_behind(shard, unit, receipt);
    if (receipt->status == status_ok) {
        answer_after(shard, unit, number, job);
        return;
    }
    const struct store_record *row = batch_find(unit->open, receipt->partition, receipt->seq);
    if (row == NULL)
        row = batch_find(unit->committing, receipt->partition, receipt->seq);
    if (row == NULL) {
        repeat_from_store(shard, job, receipt);
        return;
    }
    outcome_from_body(job, row->data);
    answer_after(shard, unit, number, job);
}

static void receipt_answer(struct shard *shard, struct unit *unit, struct job *job, const struct store_receipt *receipt)
{
    if (memcmp(receipt->hash, job->hash, sizeof job->hash) == 0) {
        repeat(shard, unit, job, receipt);
        return;
    }
    job_fail(job, status_reused, "id_reused", "this command id was used for another command on this aggregate");
    answer_after(shard, unit, batch_behind(shard, unit, receipt), job);
}

static void hold_for_store(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job)
{
    struct fetch *fetch = entity_fetch(shard, FETCH_RECEIPT, actor, entity);
    if (fetch == NULL) {
        answer_fail(shard, job, status_unavailable, error_name(error_no_memory), error_text(error_no_memory));
        return;
    }
    fetch->id = job->request.id;
    entity_hold(shard, actor, entity, job);
}

bool receipt_answers(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job)
{
    struct unit *unit = unit_of(shard, job->unit);
    struct store_receipt receipt;
    if (job->receipt_asked || !receipts_must_ask(&unit->receipts, &job->request.id, job->stream_hash))
        return false;
    if (batch_receipt(unit->open, &job->request.id, job->stream_hash, &receipt) ||
        batch_receipt(unit->committing, &job->request.id, job->stream_hash, &receipt))
        receipt_answer(shard, unit, job, &receipt);
    else
        hold_for_store(shard, actor, entity, job);
    return true;
}

void receipt_fetched(struct shard *shard, struct fetch *fetch)
{
    struct actor *actor;
    struct entity *entity;
    struct job *job = entity_release(shard, fetch, &actor, &entity);
    if (job == NULL)
        return;
    job->receipt_asked = true;
    if (fetch->error != error_none)
        answer_fail(shard, job, status_unavailable, error_name(fetch->error), error_text(fetch->error));
    else if (fetch->found)
        receipt_answer(shard, unit_of(shard, job->unit), job, &fetch->receipt);
    else
        (void)decide_job(shard, actor, entity, job);
}

void receipt_repeated(struct shard *shard, struct fetch *fetch)
{
    struct job *job = fetch->job;
    fetch->job = NULL;
    if (fetch->error == error_none && fetch->found) {
        outcome_from_body(job, buffer_slice(&fetch->memory));
        answer_now(shard, job);
        return;
    }
    job->outcome.has_version = job->outcome.has_position = false;
    enum error error = fetch->error == error_none ? error_corrupt : fetch->error;
    answer_fail(shard, job, status_unavailable, error_name(error), error_text(error));
}
