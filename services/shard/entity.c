/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An aggregate as an actor: loading it from the store, giving it its jobs one by one, and letting it go. */
#include "services/shard/state.h"

#include <assert.h>

static const struct domain_resource *resource_of(const struct shard *shard, const struct stream *stream)
{
    for (uint32_t i = 0; i < shard->config.domain_count; i++)
        if (slice_is(stream->namespace, domain_namespace(shard->config.domains[i])))
            return domain_resource(shard->config.domains[i], stream->resource);
    return NULL;
}

uint64_t entity_fingerprint(const struct shard *shard, const struct stream *stream)
{
    for (uint32_t i = 0; i < shard->config.domain_count; i++)
        if (slice_is(stream->namespace, domain_namespace(shard->config.domains[i])))
            return domain_fingerprint(shard->config.domains[i]);
    return 0;
}

static struct slice key_of(const struct actor *actor)
{
    size_t size;
    const void *key = actor_key(actor, &size);
    return slice_of(key, size);
}

struct fetch *entity_fetch(struct shard *shard, enum fetch_kind kind, const struct actor *actor, struct entity *entity)
{
    struct fetch *fetch = fetch_new(kind, key_of(actor));
    if (fetch == NULL)
        return NULL;
    fetch->unit = entity->unit;
    fetch->partition = entity->partition;
    fetch->stream_hash = actor_hash(actor);
    fetch->epoch = unit_of(shard, entity->unit)->epoch;
    fetch->serial = entity->serial;
    entity->fetching = true;
    if (kind == FETCH_LOAD)
        load_start(shard, fetch);
    else
        effects_fetch(shard->effects, fetch);
    return fetch;
}

void entity_hold(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job)
{
    entity->held = job;
    runtime_suspend(shard->runtime, actor);
}

struct job *entity_release(struct shard *shard, const struct fetch *fetch, struct actor **actor, struct entity **entity)
{
    *actor = runtime_find(shard->runtime, fetch->stream_key.data, fetch->stream_key.size, fetch->stream_hash);
    *entity = *actor == NULL ? NULL : actor_state(*actor);
    if (*entity == NULL || (*entity)->serial != fetch->serial || (*entity)->held == NULL)
        return NULL;
    struct job *job = (*entity)->held;
    (*entity)->held = NULL;
    (*entity)->fetching = false;
    runtime_resume(shard->runtime, *actor);
    if (unit_serves(shard, unit_of(shard, job->unit)))
        return job;
    answer_unit_lost(shard, job, error_none);
    return NULL;
}

static bool entity_load(struct shard *shard, const struct actor *actor, struct entity *entity, bool use_snapshot)
{
    aggregate_free(&entity->aggregate);
    entity->aggregate = aggregate_new(entity->resource);
    entity->snapshot = 0;
    if (entity->aggregate == NULL)
        return false;
    struct fetch *fetch = entity_fetch(shard, FETCH_LOAD, actor, entity);
    if (fetch == NULL)
        return false;
    fetch->first = true;
    fetch->use_snapshot = use_snapshot;
    return true;
}

static enum runtime_result entity_activate(void *context, struct actor *actor)
{
    struct shard *shard = context;
    struct entity *entity = actor_state(actor);
    struct stream stream;
    stream_key_parse(key_of(actor), &stream);
    entity->partition = stream_partition(actor_hash(actor), shard->config.log.partitions);
    entity->unit = entity->partition % shard->config.log.units;
    entity->resource = resource_of(shard, &stream);
    entity->serial = ++shard->serial;
    if (journal_refused(shard->config.journal, &journal_load, actor_hash(actor)))
        entity->failure = "domain_crash";
    if (!unit_serves(shard, unit_of(shard, entity->unit)))
        return RUNTIME_STOP;
    if (entity->failure != NULL)
        return RUNTIME_OK;
    shard->counters.loads++;
    return entity_load(shard, actor, entity, true) ? RUNTIME_WAIT : RUNTIME_FAIL;
}

/* ---- what the reader brought ---- */

static enum error apply_events(struct shard *shard, struct aggregate *aggregate, const struct fetch *fetch)
{
    struct domain_fault fault;
    enum error error = error_none;
    journal_begin(shard->config.journal, 0, &journal_load, fetch->stream_hash);
    for (uint32_t i = 0; i < fetch->count && error == error_none; i++) {
        const struct fetched_event *event = &fetch->events[i];
        error =
            aggregate_apply(aggregate, fetched_name(fetch, event), event->schema, fetched_data(fetch, event), &fault);
    }
    journal_end(shard->config.journal, 0);
    return error;
}

/* False: the snapshot is another module's, or cannot be read; load again from the events alone. */
static bool snapshot_restore(struct shard *shard, struct entity *entity, const struct fetch *fetch)
{
    if (!fetch->has_snapshot)
        return true;
    if (fetch->snapshot.fingerprint != entity_fingerprint(shard, &fetch->stream))
        return false;
    struct slice state = slice_of(fetch->memory.data, fetch->snapshot.state.size);
    entity->snapshot = fetch->snapshot.version;
    return aggregate_restore(entity->aggregate, state, fetch->snapshot.version) == error_none;
}

static bool load_on(struct shard *shard, const struct actor *actor, struct entity *entity)
{
    struct fetch *fetch = entity_fetch(shard, FETCH_LOAD, actor, entity);
    if (fetch == NULL)
        return false;
    fetch->after = aggregate_version(entity->aggregate);
    return true;
}

/* With a reason that will not go away the actor stays, to say so; without one supervision tries again. */
static void load_failed(struct shard *shard, struct actor *actor, struct entity *entity, const char *why)
{
    entity->failure = why;
    if (why == NULL)
        runtime_failed(shard->runtime, actor);
    else
        runtime_activated(shard->runtime, actor);
}

static void load_done(struct shard *shard, struct actor *actor, const struct entity *entity)
{
    actor_set_bytes(shard->runtime, actor, aggregate_bytes(entity->aggregate));
    runtime_activated(shard->runtime, actor);
}

/* The actor may be gone afterwards. */
static void load_take(struct shard *shard, struct actor *actor, struct entity *entity, const struct fetch *fetch)
{
    if (fetch->error != error_none) {
        load_failed(shard, actor, entity, fetch->error == error_corrupt ? error_name(error_corrupt) : NULL);
        return;
    }
    if (fetch->first && !snapshot_restore(shard, entity, fetch)) {
        if (!entity_load(shard, actor, entity, false))
            load_failed(shard, actor, entity, NULL);
        return;
    }
    enum error error = apply_events(shard, entity->aggregate, fetch);
    if (fetch->first)
        entity->head = fetch->head.head;
    if (fetch->count > 0 && !fetch->more)
        entity->head = fetch->events[fetch->count - 1].seq;
    if (error != error_none)
        load_failed(shard, actor, entity, error == error_no_memory ? NULL : error_name(error));
    else if (!fetch->more)
        load_done(shard, actor, entity);
    else if (!load_on(shard, actor, entity))
        load_failed(shard, actor, entity, NULL);
}

void entity_loaded(struct shard *shard, struct fetch *fetch)
{
    struct actor *actor =
        runtime_find(shard->runtime, fetch->stream_key.data, fetch->stream_key.size, fetch->stream_hash);
    struct entity *entity = actor == NULL ? NULL : actor_state(actor);
    if (entity == NULL || entity->serial != fetch->serial)
        return; /* the actor that asked is gone */
    entity->fetching = false;
    load_take(shard, actor, entity, fetch);
}

/* ---- jobs ---- */

static enum runtime_result entity_receive(void *context, struct actor *actor, struct runtime_message *message)
{
    struct shard *shard = context;
    struct entity *entity = actor_state(actor);
    struct job *job = (struct job *)message;
    struct unit *unit = unit_of(shard, entity->unit);
    if (!unit_serves(shard, unit)) {
        answer_unit_lost(shard, job, unit->trouble);
        return RUNTIME_OK;
    }
    if (shard->now.monotonic_us >= job->deadline_us) {
        answer_fail(shard, job, status_deadline, "deadline", "the time ran out before the command was run");
        return RUNTIME_OK;
    }
    if (entity->failure != NULL) {
        answer_fail(shard, job, status_error, entity->failure, "the aggregate cannot be loaded");
        return RUNTIME_OK;
    }
    if (job->request.operation == operation_state) {
        query_state(shard, entity, job);
        return RUNTIME_OK;
    }
    if (!job->request.dry_run && receipt_answers(shard, actor, entity, job))
        return RUNTIME_OK;
    return decide_job(shard, actor, entity, job);
}

/* Not before all that it decided is committed: it would come back without it. */
static bool entity_may_passivate(void *context, const struct actor *actor)
{
    struct shard *shard = context;
    const struct entity *entity = actor_state((struct actor *)actor);
    return !entity->fetching && entity->held == NULL && entity->batch <= unit_of(shard, entity->unit)->committed;
}

static void job_give_back(struct shard *shard, struct job *job)
{
    const struct unit *unit = unit_of(shard, job->unit);
    if (shard->effects == NULL) { /* the shard is being freed */
        job_free(&job);
    } else if (!unit_serves(shard, unit)) {
        answer_unit_lost(shard, job, unit->trouble);
    } else {
        job->outcome.retry_ms = 1000;
        answer_fail(shard, job, status_unavailable, "load_failed", "the aggregate could not be loaded for now");
    }
}

static void entity_passivate(void *context, struct actor *actor)
{
    struct entity *entity = actor_state(actor);
    aggregate_free(&entity->aggregate);
    if (entity->held != NULL)
        job_give_back(context, entity->held);
    entity->held = NULL;
}

static void entity_drop(void *context, struct actor *actor, struct runtime_message *message, enum runtime_drop reason)
{
    (void)actor, (void)reason;
    job_give_back(context, (struct job *)message);
}

const struct runtime_behavior entity_behavior = {.state_size = sizeof(struct entity),
                                                 .activate = entity_activate,
                                                 .receive = entity_receive,
                                                 .may_passivate = entity_may_passivate,
                                                 .passivate = entity_passivate,
                                                 .drop = entity_drop};
