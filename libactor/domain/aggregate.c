/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An aggregate's life: apply, encode, restore, and compaction.
 *
 * A state's texts and lists lie in the aggregate's arena. Applying an event with such parts first copies them there, so
 * that apply can keep any of them by assignment; what is no longer pointed to stays until the arena holds twice what
 * the state needs, then the state is encoded and decoded into a fresh one. Each copied byte is so moved about once
 * more. */
#include "libactor/domain/aggregate.h"
#include "libactor/domain/event.h"
#include "libactor/domain/step.h"
#include <stdlib.h>

enum { COMPACT_FLOOR = 256 };

/* ---- life ---- */

static void state_bind(struct aggregate *aggregate)
{
    fluvius_arena *face = &aggregate->memory.face;
    memcpy(aggregate_state(aggregate), &face, sizeof face);
}

struct aggregate *aggregate_new(const struct domain_resource *resource)
{
    struct aggregate *aggregate = calloc(1, sizeof *aggregate + resource->state->size);
    if (aggregate == NULL)
        return NULL;
    aggregate->resource = resource;
    arena_init(&aggregate->memory, AGGREGATE_MEMORY_MAX);
    state_bind(aggregate);
    return aggregate;
}

void aggregate_free(struct aggregate **aggregate)
{
    if (*aggregate == NULL)
        return;
    arena_fini(&(*aggregate)->memory);
    free(*aggregate);
    *aggregate = NULL;
}

uint64_t aggregate_version(const struct aggregate *aggregate)
{
    return aggregate->version;
}

size_t aggregate_bytes(const struct aggregate *aggregate)
{
    return sizeof *aggregate + aggregate->resource->state->size + aggregate->memory.held;
}

/* ---- encode and restore ---- */

enum error aggregate_encode(const struct aggregate *aggregate, struct buffer *out)
{
    struct domain *domain = aggregate->resource->domain;
    struct codec codec = codec_of(domain, CODEC_STATE, &domain->scratch);
    size_t before = out->size;
    arena_reset(&domain->scratch);
    if (record_encode_to(&codec, aggregate->resource->state, aggregate_state(aggregate), out))
        return 0;
    out->size = before;
    return codec.no_memory ? error_no_memory : error_invalid_data;
}

/* Decodes into a fresh arena and, when all went well, takes both state and arena. bytes may not lie in the scratch. */
static enum error aggregate_take_state(struct aggregate *aggregate, struct slice bytes)
{
    const struct layout *layout = aggregate->resource->state;
    struct domain *domain = aggregate->resource->domain;
    struct arena fresh;
    arena_init(&fresh, AGGREGATE_MEMORY_MAX);
    arena_reset(&domain->scratch);
    struct codec codec = codec_of(domain, CODEC_STATE, &fresh);
    void *state = arena_take_zeroed(&domain->scratch, layout->size);
    if (state == NULL || !record_decode_from(&codec, layout, bytes, state)) {
        arena_fini(&fresh);
        return state == NULL || codec.no_memory ? error_no_memory : error_invalid_data;
    }
    arena_fini(&aggregate->memory);
    aggregate->memory = fresh;
    memcpy(aggregate_state(aggregate), state, layout->size);
    state_bind(aggregate);
    aggregate->live = fresh.used;
    aggregate->measured = (uint32_t)bytes.size;
    aggregate->since = 0;
    return 0;
}

enum error aggregate_restore(struct aggregate *aggregate, struct slice state, uint64_t version)
{
    enum error error = aggregate_take_state(aggregate, state);
    if (error == 0)
        aggregate->version = version;
    return error;
}

/* On failure all stays as it is, and the next attempt waits until as much has been added again. */
static void aggregate_compact(struct aggregate *aggregate)
{
    struct buffer *bytes = &aggregate->resource->domain->bytes;
    buffer_clear(bytes);
    if (aggregate_encode(aggregate, bytes) != 0 || aggregate_take_state(aggregate, buffer_slice(bytes)) != 0) {
        aggregate->live = aggregate->memory.used;
        aggregate->since = 0;
    }
}

static bool wants_compaction(const struct aggregate *aggregate)
{
    uint32_t measure = aggregate->resource->domain->limits.state_bytes / 8;
    return aggregate->memory.used > 2 * aggregate->live + COMPACT_FLOOR || aggregate->since > measure;
}

/* ---- apply ---- */

static bool step_apply(struct aggregate *aggregate, struct step *step, const fluvius_entry *entry, const void *record)
{
    aggregate->memory.step = step;
    if (step_enter(step) == 0) {
        entry->apply(aggregate_state(aggregate), record);
        return true;
    }
    return false;
}

/* Runs apply; when it is abandoned the state is put back. */
static enum error event_apply(struct aggregate *aggregate,
                              const struct domain_event *event,
                              const void *record,
                              struct domain_fault *fault)
{
    uint32_t size = aggregate->resource->state->size;
    void *saved = arena_take(&aggregate->resource->domain->scratch, size);
    struct step step;
    if (saved == NULL)
        return event_no_memory(fault);
    memcpy(saved, aggregate_state(aggregate), size);
    bool done = step_apply(aggregate, &step, event->entry, record);
    aggregate->memory.step = NULL;
    if (done)
        return 0;
    memcpy(aggregate_state(aggregate), saved, size);
    return event_abandoned(event, &step, fault);
}

enum error aggregate_apply(
    struct aggregate *aggregate, struct slice event, uint32_t schema, struct slice data, struct domain_fault *fault)
{
    struct stored_event stored = {.schema = schema, .data = data};
    enum error error = event_find(aggregate->resource, event, schema, &stored.event, fault);
    if (error == 0)
        error = event_read(&stored, &aggregate->memory, fault);
    if (error == 0)
        error = event_apply(aggregate, stored.event, stored.record, fault);
    if (error != 0)
        return error;
    aggregate->version++;
    aggregate->since += (uint32_t)stored.data.size;
    if (wants_compaction(aggregate))
        aggregate_compact(aggregate);
    return 0;
}
