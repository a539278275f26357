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
#include "libactor/domain/print.h"
#include "libactor/domain/step.h"
#include <assert.h>
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

static struct codec codec_of(struct domain *domain, enum codec_mode mode, struct arena *arena)
{
    domain->faults.count = 0;
    return (struct codec){.mode = mode, .arena = arena, .faults = &domain->faults};
}

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

static enum error no_memory(struct domain_fault *fault)
{
    print_into(fault->text, sizeof fault->text, "%s", error_text(error_no_memory));
    return error_no_memory;
}

static enum error invalid(const struct domain_event *event, uint32_t version, struct domain_fault *fault)
{
    const struct data_fault *first = &event->resource->domain->faults.items[0];
    print_into(fault->text,
               sizeof fault->text,
               "event %s of version %u: %s %s",
               (const char *)event->name.data,
               version,
               first->path[0] == '\0' ? "it" : first->path,
               first->message);
    return error_invalid_data;
}

static enum error abandoned(const struct domain_event *event, const struct step *step, struct domain_fault *fault)
{
    if (step->reason == NULL)
        return no_memory(fault);
    print_into(fault->text, sizeof fault->text, "event %s: %s", (const char *)event->name.data, step->reason);
    return error_invalid_data;
}

static enum error find_event(const struct domain_resource *resource,
                             struct slice name,
                             uint32_t version,
                             const struct domain_event **out,
                             struct domain_fault *fault)
{
    const struct domain_event *event = domain_event(resource, name);
    if (event != NULL && version >= 1 && version <= event->version) {
        *out = event;
        return 0;
    }
    if (event == NULL)
        print_into(fault->text,
                   sizeof fault->text,
                   "%.*s has no event %.*s",
                   (int)resource->name.size,
                   (const char *)resource->name.data,
                   (int)name.size,
                   (const char *)name.data);
    else
        print_into(fault->text,
                   sizeof fault->text,
                   "event %s has versions 1 to %u, not %u",
                   (const char *)event->name.data,
                   event->version,
                   version);
    return error_unknown_event;
}

/* Decodes one event of a version. texts: what owns what it points to. */
static enum error event_decode(const struct domain_event *event,
                               uint32_t version,
                               struct slice data,
                               struct arena *texts,
                               void **out,
                               struct domain_fault *fault)
{
    struct domain *domain = event->resource->domain;
    const struct layout *layout = version == event->version ? event->layout : event->upcasts[version - 1].from;
    struct codec codec = codec_of(domain, CODEC_EVENT, texts);
    void *record = arena_take_zeroed(&domain->scratch, layout->size);
    if (record == NULL)
        return no_memory(fault);
    if (!record_decode_from(&codec, layout, data, record))
        return codec.no_memory ? no_memory(fault) : invalid(event, version, fault);
    *out = record;
    return 0;
}

static bool
step_upcast(struct domain *domain, struct step *step, const struct domain_upcast *upcast, const void *from, void *to)
{
    domain->scratch.step = step;
    if (step_enter(step) == 0) {
        upcast->entry->upcast(from, to, &domain->scratch.face);
        return true;
    }
    return false;
}

/* Leads an event of an old version to the present one; its bytes are left in the domain's buffer. */
static enum error
event_upcast(const struct domain_event *event, uint32_t version, struct slice data, struct domain_fault *fault)
{
    struct domain *domain = event->resource->domain;
    void *record;
    enum error error = event_decode(event, version, data, &domain->scratch, &record, fault);
    if (error != 0)
        return error;
    for (; version < event->version; version++) {
        struct step step;
        const struct domain_upcast *upcast = &event->upcasts[version - 1];
        void *next = arena_take_zeroed(&domain->scratch, upcast->to->size);
        if (next == NULL)
            return no_memory(fault);
        if (!step_upcast(domain, &step, upcast, record, next))
            return abandoned(event, &step, fault);
        record = next;
    }
    struct codec codec = codec_of(domain, CODEC_EVENT, &domain->scratch);
    buffer_clear(&domain->bytes);
    if (record_encode_to(&codec, event->layout, record, &domain->bytes))
        return 0;
    return codec.no_memory ? no_memory(fault) : invalid(event, event->version, fault);
}

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
        return no_memory(fault);
    memcpy(saved, aggregate_state(aggregate), size);
    bool done = step_apply(aggregate, &step, event->entry, record);
    aggregate->memory.step = NULL;
    if (done)
        return 0;
    memcpy(aggregate_state(aggregate), saved, size);
    return abandoned(event, &step, fault);
}

enum error aggregate_apply(
    struct aggregate *aggregate, struct slice event, uint32_t schema, struct slice data, struct domain_fault *fault)
{
    struct domain *domain = aggregate->resource->domain;
    const struct domain_event *found;
    void *record;
    arena_reset(&domain->scratch);
    enum error error = find_event(aggregate->resource, event, schema, &found, fault);
    if (error == 0 && schema < found->version) {
        error = event_upcast(found, schema, data, fault);
        data = buffer_slice(&domain->bytes);
    }
    if (error == 0)
        error = event_decode(found, found->version, data, &aggregate->memory, &record, fault);
    if (error == 0)
        error = event_apply(aggregate, found, record, fault);
    if (error != 0)
        return error;
    aggregate->version++;
    aggregate->since += (uint32_t)data.size;
    if (wants_compaction(aggregate))
        aggregate_compact(aggregate);
    return 0;
}
