/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * From a broker's item to a job in an actor's mailbox. What can be refused without an aggregate's state is refused
 * here. */
#include "services/shard/state.h"

static const struct domain *domain_find(const struct shard *shard, struct slice namespace)
{
    for (uint32_t i = 0; i < shard->config.domain_count; i++)
        if (slice_is(namespace, domain_namespace(shard->config.domains[i])))
            return shard->config.domains[i];
    return NULL;
}

/* Names the first part of the target that does not exist; NULL when all do. */
static const char *target_fault(struct shard *shard, struct job *job)
{
    const struct domain *domain = domain_find(shard, job->request.namespace);
    if (domain == NULL)
        return "unknown_namespace";
    job->resource = domain_resource(domain, job->request.resource);
    if (job->resource == NULL)
        return "unknown_resource";
    if (job->request.operation != operation_command)
        return NULL;
    job->command = domain_command(job->resource, job->request.command);
    return job->command == NULL ? "unknown_command" : NULL;
}

/* Is the command's id older than the receipts? */
static bool id_refused(struct shard *shard, struct job *job, const struct unit *unit)
{
    uint64_t time_ms, now_ms = (uint64_t)shard->now.wall_us / 1000;
    if (!uuid_time_ms(&job->request.id, &time_ms) ||
        (time_ms + limit_retention_ms >= now_ms && time_ms >= unit->expired_ms))
        return false;
    answer_fail(shard, job, status_expired, "id_expired", "the command id is older than the receipts are kept");
    return true;
}

static bool command_refused(struct shard *shard, struct job *job, const struct unit *unit)
{
    if (id_refused(shard, job, unit))
        return true;
    receipts_prefetch(&unit->receipts, &job->request.id, job->stream_hash);
    struct stream target = job->stream;
    if (job->made_identifier)
        target.identifier = slice_of(NULL, 0);
    enum error error = payload_hash(&target,
                                    job->request.command,
                                    job->request.has_expected ? &job->request.expected : NULL,
                                    job->request.data,
                                    job->request.scope,
                                    &shard->scratch,
                                    job->hash);
    if (error == error_none)
        return false;
    answer_fail(shard, job, status_unavailable, error_name(error), error_text(error));
    return true;
}

static void deliver(struct shard *shard, struct job *job)
{
    enum runtime_result result = runtime_send(shard->runtime,
                                              job->stream_key.data,
                                              job->stream_key.size,
                                              job->stream_hash,
                                              &job->message,
                                              shard->now.monotonic_us);
    if (result == RUNTIME_OK)
        return;
    job->outcome.retry_ms = 50;
    answer_fail(shard, job, status_busy, "mailbox_full", "too many commands wait for this aggregate");
}

static struct job *approach_take(struct approach *approach)
{
    struct job *job = approach->jobs[approach->first];
    approach->first = (approach->first + 1) % APPROACH;
    approach->count--;
    return job;
}

/* The job waits until APPROACH others have come, or the turn ends; half way its actor is expected. */
static void intake_actor(struct shard *shard, struct job *job)
{
    struct approach *approach = &shard->approach;
    if (approach->count == APPROACH)
        deliver(shard, approach_take(approach));
    runtime_expect(shard->runtime, job->stream_hash);
    approach->jobs[(approach->first + approach->count++) % APPROACH] = job;
    if (approach->count > APPROACH / 2) {
        uint32_t half = (approach->first + approach->count - 1 - APPROACH / 2) % APPROACH;
        runtime_expect_actor(shard->runtime, approach->jobs[half]->stream_hash);
    }
}

void intake_finish(struct shard *shard)
{
    while (shard->approach.count > 0)
        deliver(shard, approach_take(&shard->approach));
}

static void intake_job(struct shard *shard, struct job *job)
{
    struct unit *unit = unit_of(shard, job->unit);
    if (!unit_takes(shard, unit) || shard->stopping) {
        answer_unit_lost(shard, job, shard->stopping ? error_none : unit->trouble);
        return;
    }
    unit->requests++;
    unit->jobs++;
    job->has_unit = true;
    const char *fault = target_fault(shard, job);
    if (fault != NULL)
        answer_fail(shard, job, status_not_found, fault, "no such name in the domains served");
    else if (request_offered(&job->request)) /* what was is for query processes */
        answer_fail(shard, job, status_invalid, "unknown_operation", "not an operation of shards");
    else if (job->request.operation != operation_command || !command_refused(shard, job, unit))
        intake_actor(shard, job);
}

/* A request that the broker let through and that still cannot be read: said by name, under its key. */
static void refuse_item(struct shard *shard, uint32_t link, struct slice item, const struct envelope_fault *fault)
{
    struct item head;
    if (item_decode(item, &head) != error_none)
        return; /* without a key there is nothing to answer; the broker's deadline ends it */
    struct outgoing *outgoing = &shard->effects->outgoing[link];
    struct reply reply = {
        .status = status_invalid, .code = slice_text(error_name(fault->error)), .message = slice_text(fault->field)};
    write_array(&outgoing->replies, 3);
    write_unsigned(&outgoing->replies, head.key);
    write_integer(&outgoing->replies, reply.status);
    reply_encode(&outgoing->replies, &reply);
    outgoing->count++;
    shard->counters.by_status[reply.status]++;
}

void intake_item(struct shard *shard, uint32_t link, struct slice item)
{
    struct envelope_fault fault;
    struct job *job;
    fault.error = job_new(&job, item, link, shard->now.monotonic_us, &fault);
    if (fault.error != error_none) {
        refuse_item(shard, link, item, &fault);
        return;
    }
    shard->jobs++;
    job->partition = stream_partition(job->stream_hash, shard->config.log.partitions);
    job->unit = job->partition % shard->config.log.units;
    intake_job(shard, job);
}
