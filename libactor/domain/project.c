/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Running a projection's handler: the event is decoded, rows are decoded when the handler asks for them, and what has
 * become of them is encoded when it ends. All memory is kept for the next event. */
#include "libactor/domain/event.h"
#include "libactor/domain/print.h"
#include "libactor/domain/scalar.h"
#include "libactor/domain/step.h"
#include "proto/utf8.h"
#include <stdlib.h>

enum { ROWS_MAX = 1024, OWN_KEY_MAX = 255 };

/* A row that the handler asked for. */
struct touched {
    struct slice key, before; /* before: what it was; data NULL: there was none */
    void *row;
    bool there;
    bool looked;     /* before is known: a row that is put need not be read first */
    bool made;       /* what is there no longer depends on it */
    size_t at, size; /* of what it is now, in bytes; size 0: no change */
};

struct projection_memory {
    fluvius_rows face; /* first: the domain gets its address */
    const struct domain_projection *projection;
    const struct row_source *source;
    struct arena arena;
    struct step step;
    struct buffer bytes;
    struct touched *touched;
    uint32_t count, capacity, changes;
    enum error error; /* of the step that was abandoned, when it was not the handler's */
    char reason[300];
};

static struct projection_memory *memory_of(fluvius_rows *face)
{
    return (struct projection_memory *)face;
}

/* ---- ends ---- */

static __attribute__((noreturn)) void leave(struct projection_memory *memory)
{
    memory->step.reason = memory->reason;
    longjmp(memory->step.out, 1);
}

#define ABANDON(MEMORY, ...) (print_into((MEMORY)->reason, sizeof(MEMORY)->reason, __VA_ARGS__), leave(MEMORY))

static void *take(struct projection_memory *memory, size_t size)
{
    return memory->face.memory->take(memory->face.memory, size);
}

/* ---- keys ---- */

static void key_check(struct projection_memory *memory, struct slice key)
{
    bool parts = memory->projection->options->parts;
    if (key.size == 0 || key.size > OWN_KEY_MAX)
        ABANDON(memory, "a row's key must have 1 to %d bytes", OWN_KEY_MAX);
    if (utf8_valid_size(key) != key.size || memchr(key.data, 0, key.size) != NULL)
        ABANDON(memory, "a row's key must be UTF-8 without NUL characters");
    if (parts && memchr(key.data, ':', key.size) != NULL)
        ABANDON(memory, "the key of a part cannot have ':'");
}

/* IDENTIFIER, IDENTIFIER:PART, or the key itself. Parts have no colon, so no two aggregates share a key. */
static struct slice key_whole(struct projection_memory *memory, fluvius_text text)
{
    const struct domain_projection *projection = memory->projection;
    struct slice key = text_slice(text), identifier = text_slice(memory->face.identifier);
    bool own = projection->resource != NULL && !projection->options->parts;
    if (own && text.data != NULL)
        ABANDON(memory, "rows are the aggregates' own, without a key: declare .parts = true or .global = true");
    if (own)
        return identifier;
    if (text.data == NULL)
        ABANDON(memory, "a row of a projection with .parts or .global needs a key");
    key_check(memory, key);
    size_t before = projection->resource == NULL ? 0 : identifier.size + 1;
    uint8_t *whole = take(memory, before + key.size);
    if (before > 0) {
        memcpy(whole, identifier.data, identifier.size);
        whole[identifier.size] = ':';
    }
    memcpy(whole + before, key.data, key.size);
    return slice_of(whole, before + key.size);
}

/* ---- rows ---- */

static void row_clear(struct projection_memory *memory, const struct touched *touched)
{
    memset(touched->row, 0, memory->projection->row->size);
    memcpy(touched->row, &memory->face.memory, sizeof memory->face.memory);
}

static void row_look(struct projection_memory *memory, struct touched *touched)
{
    memory->error = memory->source->find(memory->source->context, touched->key, &touched->before);
    if (memory->error != 0)
        ABANDON(memory, "the row cannot be read: %s", error_text(memory->error));
    touched->looked = true;
}

static void row_load(struct projection_memory *memory, struct touched *touched)
{
    const struct layout *layout = memory->projection->row;
    row_look(memory, touched);
    touched->there = touched->before.data != NULL;
    touched->made = true;
    if (!touched->there)
        return;
    struct codec codec = codec_of(memory->projection->domain, CODEC_STATE, &memory->arena);
    if (record_decode_from(&codec, layout, touched->before, touched->row)) {
        memcpy(touched->row, &memory->face.memory, sizeof memory->face.memory);
        return;
    }
    memory->error = codec.no_memory ? error_no_memory : error_invalid_data;
    ABANDON(memory, "the row is of another shape, or memory is out");
}

static struct touched *touched_add(struct projection_memory *memory, struct slice key)
{
    if (memory->count == ROWS_MAX)
        ABANDON(memory, "a handler may look at %d rows at most", ROWS_MAX);
    if (memory->count == memory->capacity) {
        uint32_t capacity = memory->capacity == 0 ? 4 : memory->capacity * 2;
        struct touched *more = realloc(memory->touched, capacity * sizeof *more);
        if (more == NULL) {
            memory->error = error_no_memory;
            ABANDON(memory, "memory is out");
        }
        memory->touched = more;
        memory->capacity = capacity;
    }
    struct touched *touched = &memory->touched[memory->count];
    *touched = (struct touched){.key = key};
    touched->row = take(memory, memory->projection->row->size);
    row_clear(memory, touched);
    memory->count++;
    return touched;
}

static struct touched *touched_find(struct projection_memory *memory, struct slice key)
{
    for (uint32_t i = 0; i < memory->count; i++)
        if (slice_equal(memory->touched[i].key, key))
            return &memory->touched[i];
    return touched_add(memory, key);
}

/* ---- services ---- */

static void *service_row(fluvius_rows *face, uint32_t use, fluvius_text key)
{
    struct projection_memory *memory = memory_of(face);
    struct touched *touched = touched_find(memory, key_whole(memory, key));
    if (use < FLUVIUS_ROW_FIND || use > FLUVIUS_ROW_DELETE)
        ABANDON(memory, "an unknown use of a row");
    bool anew = use == FLUVIUS_ROW_PUT || use == FLUVIUS_ROW_DELETE;
    if (anew)
        row_clear(memory, touched);
    else if (!touched->made)
        row_load(memory, touched);
    if (use == FLUVIUS_ROW_DELETE && !touched->looked)
        row_look(memory, touched);
    touched->made = true;
    if (use != FLUVIUS_ROW_FIND)
        touched->there = use != FLUVIUS_ROW_DELETE;
    return touched->there ? touched->row : NULL;
}

static fluvius_text text_keep(struct projection_memory *memory, const char *text, size_t size)
{
    char *kept = take(memory, size + 1);
    memcpy(kept, text, size);
    return (fluvius_text){.data = kept, .size = size};
}

static fluvius_text service_print(fluvius_rows *face, const char *format, va_list arguments)
{
    struct projection_memory *memory = memory_of(face);
    char text[4096];
    long size = print_list(text, sizeof text, format, arguments);
    if (size < 0)
        ABANDON(memory, "row_print with a format that has other conversions than are allowed: %s", format);
    return text_keep(memory, text, (size_t)size);
}

/* 0: it cannot be written. */
static size_t value_write(const fluvius_type *type, const void *value, char text[64])
{
    switch (type->kind) {
    case FLUVIUS_INT64:
        return print_integer(text, *(const int64_t *)value);
    case FLUVIUS_UUID:
        return uuid_text_format(value, text);
    case FLUVIUS_DATE:
        return date_format(*(const int32_t *)value, text) ? DATE_TEXT_SIZE : 0;
    case FLUVIUS_TIMESTAMP:
        return timestamp_format(*(const int64_t *)value, text) ? TIMESTAMP_TEXT_SIZE : 0;
    default:
        return 0;
    }
}

static fluvius_text service_text_of(fluvius_rows *face, const fluvius_type *type, const void *value)
{
    struct projection_memory *memory = memory_of(face);
    char text[64];
    if (type->kind == FLUVIUS_ENUM) {
        uint32_t number;
        memcpy(&number, value, sizeof number);
        if (number == 0 || number >= type->count)
            ABANDON(memory, "a key of an unset %s", type->name);
        return text_keep(memory, type->values[number], strlen(type->values[number]));
    }
    size_t size = value_write(type, value, text);
    if (size == 0)
        ABANDON(memory, "a key of a %s that cannot be written", type->name);
    return text_keep(memory, text, size);
}

static const fluvius_row_services services = {.abi = FLUVIUS_ABI,
                                              .size = sizeof services,
                                              .row = service_row,
                                              .print = service_print,
                                              .text_of = service_text_of};

/* ---- what became of the rows ---- */

static enum error row_encode(struct projection_memory *memory, struct touched *touched, struct domain_fault *fault)
{
    struct domain *domain = memory->projection->domain;
    struct codec codec = codec_of(domain, CODEC_STATE, &memory->arena);
    touched->at = memory->bytes.size;
    bool whole = record_encode_to(&codec, memory->projection->row, touched->row, &memory->bytes);
    touched->size = memory->bytes.size - touched->at;
    if (!whole && codec.no_memory)
        return event_no_memory(fault);
    if (!whole)
        print_into(fault->text,
                   sizeof fault->text,
                   "the row %.*s: %s %s",
                   (int)touched->key.size,
                   (const char *)touched->key.data,
                   domain->faults.items[0].path,
                   domain->faults.items[0].message);
    else if (touched->size > domain->limits.state_bytes)
        print_into(fault->text,
                   sizeof fault->text,
                   "the row %.*s has more than %u bytes",
                   (int)touched->key.size,
                   (const char *)touched->key.data,
                   domain->limits.state_bytes);
    else
        return 0;
    return error_invalid_data;
}

static struct slice touched_now(const struct projection_memory *memory, const struct touched *touched)
{
    return slice_of(memory->bytes.data + touched->at, touched->size);
}

static bool touched_changed(const struct projection_memory *memory, const struct touched *touched)
{
    if (!touched->looked)
        return true;
    if (!touched->there || touched->before.data == NULL)
        return touched->there != (touched->before.data != NULL);
    return !slice_equal(touched_now(memory, touched), touched->before);
}

static enum error changes_room(struct projection_memory *memory, struct projection_result *result)
{
    if (memory->changes >= memory->count)
        return 0;
    struct row_change *changes = realloc(result->changes, memory->capacity * sizeof *changes);
    if (changes == NULL)
        return error_no_memory;
    result->changes = changes;
    memory->changes = memory->capacity;
    return 0;
}

/* The buffer moves while rows are added to it, so places become slices at the end. */
static enum error
changes_take(struct projection_memory *memory, struct projection_result *result, struct domain_fault *fault)
{
    for (uint32_t i = 0; i < memory->count; i++) {
        enum error error = memory->touched[i].there ? row_encode(memory, &memory->touched[i], fault) : 0;
        if (error != 0)
            return error;
    }
    if (changes_room(memory, result) != 0)
        return event_no_memory(fault);
    for (uint32_t i = 0; i < memory->count; i++) {
        const struct touched *touched = &memory->touched[i];
        if (touched_changed(memory, touched))
            result->changes[result->count++] = (struct row_change){
                .key = touched->key, .data = touched->there ? touched_now(memory, touched) : (struct slice){0}};
    }
    return 0;
}

/* ---- the handler ---- */

static struct projection_memory *memory_ready(struct projection_result *result)
{
    struct projection_memory *memory = result->memory;
    if (memory == NULL) {
        memory = result->memory = calloc(1, sizeof *memory);
        if (memory == NULL)
            return NULL;
        arena_init(&memory->arena, SCRATCH_MEMORY_MAX);
        memory->arena.step = &memory->step;
    }
    arena_reset(&memory->arena);
    buffer_clear(&memory->bytes);
    memory->count = 0;
    memory->error = 0;
    return memory;
}

static fluvius_text text_of(struct slice slice)
{
    return (fluvius_text){.data = slice.size == 0 ? "" : (const char *)slice.data, .size = slice.size};
}

static void face_fill(struct projection_memory *memory, const struct projected_event *event)
{
    memory->face = (fluvius_rows){.services = &services,
                                  .memory = &memory->arena.face,
                                  .version = event->version,
                                  .time = event->time_us,
                                  .identifier = text_of(event->identifier),
                                  .user = text_of(event->user),
                                  .realm = text_of(event->realm)};
}

static bool step_project(struct projection_memory *memory, const fluvius_entry *entry, const void *record)
{
    if (step_enter(&memory->step) == 0) {
        entry->apply(&memory->face, record);
        return true;
    }
    return false;
}

static enum error run(struct projection_memory *memory,
                      const struct domain_project *project,
                      const struct projected_event *event,
                      struct projection_result *result,
                      struct domain_fault *fault)
{
    struct stored_event stored = {.event = project->event, .schema = event->schema, .data = event->data};
    enum error error = event_read(&stored, &memory->arena, fault);
    if (error != 0)
        return error;
    face_fill(memory, event);
    if (step_project(memory, project->entry, stored.record))
        return changes_take(memory, result, fault);
    error = event_abandoned(project->event, &memory->step, fault);
    return memory->error != 0 ? memory->error : error;
}

/* The handler of an event, or NULL when it has none. */
static enum error project_find(const struct domain_projection *projection,
                               const struct projected_event *event,
                               const struct domain_project **out,
                               struct domain_fault *fault)
{
    const struct domain_resource *resource = domain_resource(projection->domain, event->resource);
    const struct domain_event *known;
    if (projection->resource != NULL && resource != projection->resource)
        return 0;
    if (resource == NULL) {
        print_into(fault->text,
                   sizeof fault->text,
                   "%s has no aggregate %.*s",
                   projection->domain->namespace,
                   (int)event->resource.size,
                   (const char *)event->resource.data);
        return error_unknown_event;
    }
    enum error error = event_find(resource, event->event, event->schema, &known, fault);
    for (uint32_t i = 0; i < projection->project_count && error == 0; i++)
        if (projection->projects[i].event == known)
            *out = &projection->projects[i];
    return error;
}

enum error projection_apply(const struct domain_projection *projection,
                            const struct projected_event *event,
                            const struct row_source *source,
                            struct projection_result *result,
                            struct domain_fault *fault)
{
    const struct domain_project *project = NULL;
    result->count = 0;
    enum error error = project_find(projection, event, &project, fault);
    if (error != 0 || project == NULL)
        return error;
    struct projection_memory *memory = memory_ready(result);
    if (memory == NULL)
        return event_no_memory(fault);
    memory->projection = projection;
    memory->source = source;
    return run(memory, project, event, result, fault);
}

void projection_fini(struct projection_result *result)
{
    struct projection_memory *memory = result->memory;
    if (memory != NULL) {
        arena_fini(&memory->arena);
        buffer_fini(&memory->bytes);
        free(memory->touched);
        free(memory);
    }
    free(result->changes);
    *result = (struct projection_result){0};
}
