/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Running a decision: the command is decoded and validated, the domain decides, its events are encoded and checked as
 * they are emitted. All memory is kept for the next decision. */
#include "libactor/domain/aggregate.h"
#include "libactor/domain/print.h"
#include "libactor/domain/step.h"
#include <stdlib.h>
#include <xxhash.h>

/* An event in the buffer; the buffer may still move. */
struct emitted {
    const struct domain_event *event;
    size_t at, size;
};

struct decision_memory {
    fluvius_decision face; /* first: the domain gets its address */
    const struct domain_resource *resource;
    struct decision_result *result;
    struct arena arena;
    struct step step;
    struct buffer bytes;
    struct emitted *emitted; /* as many as result->events has room for */
    uint32_t count, capacity;
    uint32_t random_calls;
    bool rejected;
};

static struct decision_memory *memory_of(fluvius_decision *face)
{
    return (struct decision_memory *)face;
}

/* ---- ends ---- */

static void end_with(struct decision_result *result, enum decision_outcome outcome, const char *code)
{
    result->outcome = outcome;
    print_into(result->code, sizeof result->code, "%s", code);
}

static __attribute__((noreturn)) void leave(struct decision_memory *memory)
{
    memory->step.reason = "";
    longjmp(memory->step.out, 1);
}

#define BROKEN(MEMORY, ...)                                                                                            \
    (end_with((MEMORY)->result, DECISION_BROKEN, "domain_error"),                                                      \
     print_into((MEMORY)->result->message, sizeof(MEMORY)->result->message, __VA_ARGS__))
#define TOO_LARGE(MEMORY, ...)                                                                                         \
    (end_with((MEMORY)->result, DECISION_TOO_LARGE, "too_large"),                                                      \
     print_into((MEMORY)->result->message, sizeof(MEMORY)->result->message, __VA_ARGS__))

/* ---- services ---- */

static const struct domain_event *event_of(const struct domain_resource *resource, const fluvius_entry *entry)
{
    for (uint32_t i = 0; i < resource->event_count; i++)
        if (resource->events[i].entry == entry)
            return &resource->events[i];
    return NULL;
}

static bool emitted_room(struct decision_memory *memory)
{
    if (memory->count < memory->capacity)
        return true;
    uint32_t capacity = memory->capacity == 0 ? 4 : memory->capacity * 2;
    struct emitted *emitted = realloc(memory->emitted, capacity * sizeof *emitted);
    if (emitted != NULL)
        memory->emitted = emitted;
    struct decided_event *events = realloc(memory->result->events, capacity * sizeof *events);
    if (events != NULL)
        memory->result->events = events;
    if (emitted == NULL || events == NULL)
        return false;
    memory->capacity = capacity;
    return true;
}

static void encode_event(struct decision_memory *memory, const struct domain_event *event, const void *value)
{
    struct data_faults *faults = &memory->result->faults;
    struct codec codec = {.mode = CODEC_EVENT, .arena = &memory->arena, .faults = faults};
    size_t at = memory->bytes.size;
    if (!record_encode_to(&codec, event->layout, value, &memory->bytes)) {
        if (codec.no_memory)
            TOO_LARGE(memory, "out of memory for the event %s", (const char *)event->name.data);
        else
            BROKEN(memory,
                   "the domain made a bad event %s: %s %s",
                   (const char *)event->name.data,
                   faults->items[0].path,
                   faults->items[0].message);
        faults->count = 0;
        leave(memory);
    }
    memory->emitted[memory->count++] = (struct emitted){.event = event, .at = at, .size = memory->bytes.size - at};
}

static void service_add_event(fluvius_decision *face, const fluvius_entry *entry, const void *value)
{
    struct decision_memory *memory = memory_of(face);
    const struct domain_limits *limits = &memory->resource->domain->limits;
    const struct domain_event *event = event_of(memory->resource, entry);
    if (event == NULL) {
        BROKEN(memory,
               "%s is no event of %.*s",
               entry->name,
               (int)memory->resource->name.size,
               (const char *)memory->resource->name.data);
        leave(memory);
    }
    if (memory->count >= limits->events || !emitted_room(memory)) {
        TOO_LARGE(memory, "more than %u events", memory->count);
        leave(memory);
    }
    encode_event(memory, event, value);
    if (memory->emitted[memory->count - 1].size > limits->event_bytes) {
        TOO_LARGE(memory, "the event %s has more than %u bytes", (const char *)event->name.data, limits->event_bytes);
        leave(memory);
    }
}

static void service_refuse(fluvius_decision *face, const char *code, const char *format, va_list arguments)
{
    struct decision_memory *memory = memory_of(face);
    struct decision_result *result = memory->result;
    memory->rejected = true;
    if (!name_valid(slice_text(code)) || strlen(code) >= sizeof result->code) {
        BROKEN(memory, "reject with the code %s, which is no name", code == NULL ? "" : code);
        leave(memory);
    }
    end_with(result, DECISION_REJECTED, code);
    if (print_list(result->message, sizeof result->message, format, arguments) < 0) {
        BROKEN(memory, "reject with a format that has other conversions than are allowed: %s", format);
        leave(memory);
    }
}

static fluvius_text service_print(fluvius_decision *face, const char *format, va_list arguments)
{
    struct decision_memory *memory = memory_of(face);
    char text[4096];
    long size = print_list(text, sizeof text, format, arguments);
    if (size < 0) {
        BROKEN(memory, "decision_print with a format that has other conversions than are allowed: %s", format);
        leave(memory);
    }
    char *kept = memory->face.memory->take(memory->face.memory, (size_t)size + 1);
    memcpy(kept, text, (size_t)size);
    return (fluvius_text){.data = kept, .size = (size_t)size};
}

/* XXH3-128, big-endian, over the command's id and the number of this call. */
static void service_random(fluvius_decision *face, bool uuid, uint8_t out[16])
{
    struct decision_memory *memory = memory_of(face);
    uint8_t source[20];
    XXH128_canonical_t canonical;
    uint32_t call = ++memory->random_calls;
    memcpy(source, face->id, 16);
    for (int i = 0; i < 4; i++)
        source[16 + i] = (uint8_t)(call >> (24 - 8 * i));
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(source, sizeof source));
    memcpy(out, canonical.digest, 16);
    if (!uuid)
        return;
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x80); /* version 8, RFC 9562 */
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

static const fluvius_services services = {.abi = FLUVIUS_ABI,
                                          .size = sizeof services,
                                          .add_event = service_add_event,
                                          .refuse = service_refuse,
                                          .print = service_print,
                                          .random = service_random};

/* ---- the decision ---- */

static struct decision_memory *memory_ready(struct decision_result *result)
{
    struct decision_memory *memory = result->memory;
    if (memory == NULL) {
        memory = result->memory = calloc(1, sizeof *memory);
        if (memory == NULL)
            return NULL;
        arena_init(&memory->arena, SCRATCH_MEMORY_MAX);
        memory->arena.step = &memory->step;
    }
    arena_reset(&memory->arena);
    buffer_clear(&memory->bytes);
    memory->result = result;
    memory->count = memory->random_calls = 0;
    memory->rejected = false;
    return memory;
}

static fluvius_text text_of(struct slice slice)
{
    return (fluvius_text){.data = slice.size == 0 ? "" : (const char *)slice.data, .size = slice.size};
}

static void
face_fill(struct decision_memory *memory, const struct aggregate *aggregate, const struct decision_input *input)
{
    memory->resource = aggregate->resource;
    memory->face = (fluvius_decision){.services = &services,
                                      .memory = &memory->arena.face,
                                      .version = aggregate->version,
                                      .now = input->now_us,
                                      .identifier = text_of(input->identifier),
                                      .user = text_of(input->user),
                                      .realm = text_of(input->realm)};
    if (input->id != NULL)
        memcpy(memory->face.id, input->id, sizeof memory->face.id);
}

/* The decoded command, or NULL when the decision has ended. */
static const void *command_decode(struct decision_memory *memory, const struct decision_input *input)
{
    struct decision_result *result = memory->result;
    const struct layout *layout = input->command->layout;
    struct codec codec = {.mode = CODEC_COMMAND, .arena = &memory->arena, .faults = &result->faults};
    void *command = arena_take_zeroed(&memory->arena, layout->size);
    if (command != NULL && record_decode_from(&codec, layout, input->data, command))
        return command;
    if (command == NULL || codec.no_memory)
        TOO_LARGE(memory, "the command needs too much memory");
    else {
        end_with(result, DECISION_INVALID, "invalid");
        print_into(result->message,
                   sizeof result->message,
                   "the data has %u %s",
                   result->faults.count,
                   result->faults.count == 1 ? "fault" : "faults");
    }
    return NULL;
}

static void step_decide(struct decision_memory *memory,
                        const struct aggregate *aggregate,
                        const fluvius_entry *entry,
                        const void *command)
{
    if (step_enter(&memory->step) == 0) {
        bool accepted = entry->decide(aggregate_state(aggregate), command, &memory->face).accepted != 0;
        if (accepted == memory->rejected)
            BROKEN(memory, accepted ? "reject was called but not returned" : "rejected without a reason");
        else if (accepted)
            memory->result->outcome = DECISION_ACCEPTED;
        return;
    }
    if (memory->step.reason == NULL)
        TOO_LARGE(memory, "the decision needs too much memory");
    else if (memory->step.reason[0] != '\0')
        BROKEN(memory, "%s", memory->step.reason);
}

static void events_show(struct decision_memory *memory)
{
    struct decision_result *result = memory->result;
    for (uint32_t i = 0; i < memory->count; i++) {
        const struct emitted *emitted = &memory->emitted[i];
        result->events[i] = (struct decided_event){.name = (const char *)emitted->event->name.data,
                                                   .schema = emitted->event->version,
                                                   .data = slice_of(memory->bytes.data + emitted->at, emitted->size)};
    }
    result->count = memory->count;
}

/* ---- would the state grow beyond its limit? ---- */

static enum error trial_run(struct aggregate *trial,
                            const struct aggregate *aggregate,
                            const struct decision_result *result,
                            struct buffer *bytes,
                            struct domain_fault *fault)
{
    enum error error = aggregate_encode(aggregate, bytes);
    if (error == 0)
        error = aggregate_restore(trial, buffer_slice(bytes), aggregate->version);
    for (uint32_t i = 0; i < result->count && error == 0; i++) {
        const struct decided_event *event = &result->events[i];
        error = aggregate_apply(trial, slice_text(event->name), event->schema, event->data, fault);
    }
    buffer_clear(bytes);
    return error != 0 ? error : aggregate_encode(trial, bytes);
}

/* Applies the events to a copy of the aggregate and measures that. */
static void state_measure(struct decision_memory *memory, const struct aggregate *aggregate)
{
    struct domain_fault fault = {{0}};
    struct buffer bytes = {0};
    struct aggregate *trial = aggregate_new(aggregate->resource);
    uint32_t limit = aggregate->resource->domain->limits.state_bytes;
    enum error error = trial == NULL ? error_no_memory : trial_run(trial, aggregate, memory->result, &bytes, &fault);
    if (error == error_no_memory || (error == 0 && bytes.size > limit))
        TOO_LARGE(memory, "the state would have more than %u bytes", limit);
    else if (error != 0)
        BROKEN(memory, "the events cannot be applied: %s", fault.text);
    buffer_fini(&bytes);
    aggregate_free(&trial);
}

static void state_check(struct decision_memory *memory, const struct aggregate *aggregate)
{
    uint64_t size = aggregate_estimate(aggregate) + memory->bytes.size;
    if (memory->count > 0 && size > aggregate->resource->domain->limits.state_bytes)
        state_measure(memory, aggregate);
    if (memory->result->outcome != DECISION_ACCEPTED)
        memory->result->count = 0;
}

void aggregate_decide(const struct aggregate *aggregate,
                      const struct decision_input *input,
                      struct decision_result *result)
{
    struct decision_memory *memory = memory_ready(result);
    result->count = result->faults.count = 0;
    result->code[0] = result->message[0] = '\0';
    if (memory == NULL) {
        end_with(result, DECISION_TOO_LARGE, "no_memory");
        return;
    }
    face_fill(memory, aggregate, input);
    const void *command = command_decode(memory, input);
    if (command == NULL)
        return;
    step_decide(memory, aggregate, input->command->entry, command);
    if (result->outcome != DECISION_ACCEPTED)
        return;
    events_show(memory);
    state_check(memory, aggregate);
}

void decision_fini(struct decision_result *result)
{
    struct decision_memory *memory = result->memory;
    if (memory != NULL) {
        arena_fini(&memory->arena);
        buffer_fini(&memory->bytes);
        free(memory->emitted);
        free(memory);
    }
    free(result->events);
    *result = (struct decision_result){0};
}
