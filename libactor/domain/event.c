/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Stored events, whatever version they were stored in, as the records that the domain knows today. */
#include "libactor/domain/event.h"
#include "libactor/domain/print.h"
#include "libactor/domain/step.h"

enum error event_no_memory(struct domain_fault *fault)
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

enum error event_abandoned(const struct domain_event *event, const struct step *step, struct domain_fault *fault)
{
    if (step->reason == NULL)
        return event_no_memory(fault);
    print_into(fault->text, sizeof fault->text, "event %s: %s", (const char *)event->name.data, step->reason);
    return error_invalid_data;
}

enum error event_find(const struct domain_resource *resource,
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
        return event_no_memory(fault);
    if (!record_decode_from(&codec, layout, data, record))
        return codec.no_memory ? event_no_memory(fault) : invalid(event, version, fault);
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
            return event_no_memory(fault);
        if (!step_upcast(domain, &step, upcast, record, next))
            return event_abandoned(event, &step, fault);
        record = next;
    }
    struct codec codec = codec_of(domain, CODEC_EVENT, &domain->scratch);
    buffer_clear(&domain->bytes);
    if (record_encode_to(&codec, event->layout, record, &domain->bytes))
        return 0;
    return codec.no_memory ? event_no_memory(fault) : invalid(event, event->version, fault);
}

enum error event_read(struct stored_event *stored, struct arena *texts, struct domain_fault *fault)
{
    const struct domain_event *event = stored->event;
    struct domain *domain = event->resource->domain;
    enum error error = 0;
    arena_reset(&domain->scratch);
    if (stored->schema < event->version) {
        error = event_upcast(event, stored->schema, stored->data, fault);
        stored->data = buffer_slice(&domain->bytes);
    }
    return error != 0 ? error : event_decode(event, event->version, stored->data, texts, &stored->record, fault);
}
