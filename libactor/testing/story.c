/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The story itself: what happened, what is asked. */
#include "libactor/testing/story.h"
#include "libactor/domain/scalar.h"
#include "proto/json.h"
#include <stdio.h>

struct story story;

const char *story_wrong(const char *format, ...)
{
    char text[sizeof story.text]; /* an argument may be story.text itself */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(story.text, text, sizeof text);
    return story.text;
}

const char *story_json(struct slice value)
{
    static struct buffer texts[2];
    static int turn;
    struct buffer *text = &texts[turn ^= 1];
    buffer_clear(text);
    if (msgpack_to_json(value, text) != 0)
        return "(not readable)";
    buffer_append(text, "", 1);
    return text->failed ? "(out of memory)" : (const char *)text->data;
}

/* ---- names ---- */

const char *story_open(void)
{
    struct domain_fault fault;
    if (story.domain != NULL)
        return NULL;
    story.user = "tester";
    story.now_us = INT64_C(1767225600000000); /* 2026-01-01 */
    if (domain_new(&story.domain, fluvius_module_1(), &fault) != 0)
        return story_wrong("the domain cannot be used: %s", fault.text);
    return NULL;
}

const struct domain_resource *story_resource(const fluvius_type *state)
{
    for (uint32_t i = 0; i < story.domain->resource_count; i++)
        if (story.domain->resources[i].entry->state == state)
            return &story.domain->resources[i];
    return NULL;
}

const struct domain_event *story_event(const fluvius_entry *entry)
{
    const struct domain_resource *resource = story_resource(entry->state);
    for (uint32_t i = 0; i < resource->event_count; i++)
        if (resource->events[i].entry == entry)
            return &resource->events[i];
    return NULL;
}

static const struct domain_command *story_command(const fluvius_entry *entry)
{
    const struct domain_resource *resource = story_resource(entry->state);
    for (uint32_t i = 0; i < resource->command_count; i++)
        if (resource->commands[i].entry == entry)
            return &resource->commands[i];
    return NULL;
}

/* ---- the past ---- */

static void story_restart(void)
{
    for (uint32_t i = 0; i < story.stream_count; i++)
        aggregate_free(&story.streams[i].aggregate);
    story.aggregate = NULL;
    story.stream_count = 0;
    decision_fini(&story.result);
    buffer_clear(&story.history);
    story.count = 0;
    story.command = NULL;
    story.not_found = false;
}

static const char *stream_open(uint32_t stream, const char *identifier, const fluvius_type *state)
{
    struct aggregate *aggregate = aggregate_new(story_resource(state));
    if (aggregate == NULL)
        return story_wrong("out of memory");
    story.streams[stream] = (struct story_stream){.identifier = identifier, .aggregate = aggregate};
    if (story.stream_count <= stream)
        story.stream_count = stream + 1;
    return NULL;
}

static const char *story_begin(const fluvius_type *state)
{
    const char *wrong = story.aggregate == NULL ? stream_open(0, "test", state) : NULL;
    story.aggregate = story.streams[0].aggregate;
    if (wrong == NULL && story.aggregate->resource->entry->state != state)
        return story_wrong("this story is about %s; begin another with given()",
                           story.aggregate->resource->entry->name);
    return wrong;
}

/* The stream of another aggregate: told of before, or new. The first place stays the story's own. */
static const char *story_also(const char *identifier, const fluvius_type *state, uint32_t *out)
{
    uint32_t count = story.stream_count == 0 ? 1 : story.stream_count;
    if (strcmp(identifier, "test") == 0)
        return story_wrong("test is the story's own aggregate: given_also is of others");
    for (uint32_t i = 1; i < count; i++) {
        *out = i;
        if (strcmp(story.streams[i].identifier, identifier) == 0 &&
            story.streams[i].aggregate->resource->entry->state == state)
            return NULL;
    }
    if (count == STORY_STREAMS_MAX)
        return story_wrong("more than %d aggregates in one story", STORY_STREAMS_MAX);
    *out = count;
    return stream_open(count, identifier, state);
}

const char *story_encode(const struct fluvius_testing_event *event, struct buffer *out)
{
    const struct domain_event *known = story_event(event->entry);
    if (event->json != NULL) {
        if (json_to_msgpack(slice_text(event->json), out, NULL) != 0)
            return story_wrong("the data of the stored event %s is not JSON", event->entry->name);
        return NULL;
    }
    story.domain->faults.count = 0;
    arena_reset(&story.domain->scratch);
    struct codec codec = {.mode = CODEC_EVENT, .arena = &story.domain->scratch, .faults = &story.domain->faults};
    if (record_encode_to(&codec, known->layout, event->value, out))
        return NULL;
    return story_wrong("the event %s in this test could never have been emitted: %s %s",
                       event->entry->name,
                       story.domain->faults.items[0].path,
                       story.domain->faults.items[0].message);
}

const char *story_apply(uint32_t stream, const char *name, uint32_t version, struct slice data)
{
    struct domain_fault fault;
    struct aggregate *aggregate = story.streams[stream].aggregate;
    if (story.count == STORY_EVENTS_MAX)
        return story_wrong("more than %d events in one story", STORY_EVENTS_MAX);
    struct story_event *event = &story.events[story.count++];
    *event = (struct story_event){.name = name,
                                  .version = version,
                                  .at = story.history.size,
                                  .size = data.size,
                                  .stream = stream,
                                  .number = aggregate->version + 1,
                                  .now_us = story.now_us,
                                  .user = story.user};
    buffer_append(&story.history, data.data, data.size);
    if (aggregate_apply(aggregate, slice_text(name), version, data, &fault) != 0)
        return story_wrong("%s", fault.text);
    return NULL;
}

static const char *story_happened(uint32_t stream, const struct fluvius_testing_event *event)
{
    struct buffer data = {0};
    const struct domain_event *known = story_event(event->entry);
    uint32_t version = event->json == NULL ? known->version : event->version;
    const char *wrong = story_encode(event, &data);
    if (wrong == NULL)
        wrong = story_apply(stream, (const char *)known->name.data, version, buffer_slice(&data));
    buffer_fini(&data);
    return wrong;
}

const char *fluvius_testing_given(const struct fluvius_testing_event *events)
{
    const char *wrong = story_open();
    if (wrong != NULL)
        return wrong;
    story_restart();
    for (; events->entry != NULL && wrong == NULL; events++) {
        wrong = story_begin(events->entry->state);
        if (wrong == NULL)
            wrong = story_happened(0, events);
    }
    if (wrong == NULL && story.aggregate != NULL)
        wrong = story_check_state();
    return wrong;
}

const char *fluvius_testing_also(const char *identifier, const struct fluvius_testing_event *events)
{
    uint32_t stream = 0;
    const char *wrong = story_open();
    for (; events->entry != NULL && wrong == NULL; events++) {
        wrong = story_also(identifier, events->entry->state, &stream);
        if (wrong == NULL)
            wrong = story_happened(stream, events);
    }
    return wrong;
}

const char *fluvius_testing_time(const char *time)
{
    const char *wrong = story_open();
    if (wrong == NULL && timestamp_parse(slice_text(time), &story.now_us) != SCALAR_OK)
        return story_wrong("%s is no time like 2026-07-31T12:00:00Z", time);
    return wrong;
}

void fluvius_testing_user(const char *user)
{
    story_open();
    story.user = user;
}

/* ---- what is asked ---- */

static void decide(struct decision_result *result)
{
    static const uint8_t id[16] = {0x01, 0x9c, 0, 0, 0, 0, 0x70, 0, 0x80};
    uint8_t this_id[16];
    memcpy(this_id, id, sizeof id);
    this_id[14] = (uint8_t)(story.count >> 8); /* each step of a story has another id */
    this_id[15] = (uint8_t)story.count;
    struct decision_input input = {.command = story.command,
                                   .data = buffer_slice(&story.command_data),
                                   .now_us = story.now_us,
                                   .id = this_id,
                                   .user = slice_text(story.user),
                                   .realm = slice_text("default"),
                                   .identifier = slice_text("test")};
    aggregate_decide(story.aggregate, &input, result);
}

static bool same_decision(const struct decision_result *a, const struct decision_result *b)
{
    bool same = a->outcome == b->outcome && a->count == b->count && strcmp(a->code, b->code) == 0 &&
                strcmp(a->message, b->message) == 0;
    for (uint32_t i = 0; i < a->count && same; i++)
        same = strcmp(a->events[i].name, b->events[i].name) == 0 && slice_equal(a->events[i].data, b->events[i].data);
    return same;
}

static const char *check_decision(void)
{
    struct decision_result again = {0};
    decide(&again);
    bool same = same_decision(&story.result, &again);
    decision_fini(&again);
    if (!same)
        return story_wrong("%s decides otherwise when it is asked again: it depends on more than state and command",
                           story.command->entry->name);
    if (story.result.outcome == DECISION_BROKEN)
        return story_wrong("%s: %s", story.command->entry->name, story.result.message);
    return NULL;
}

static const char *story_run(void)
{
    story.not_found = story.aggregate->version == 0 && !domain_command_creates(story.command);
    if (story.not_found)
        return NULL;
    decide(&story.result);
    const char *wrong = check_decision();
    for (uint32_t i = 0; i < story.result.count && wrong == NULL; i++) {
        const struct decided_event *event = &story.result.events[i];
        wrong = story_apply(0, event->name, event->schema, event->data);
    }
    if (wrong == NULL)
        wrong = story_check_state();
    return wrong != NULL ? wrong : story_check_replay();
}

static const char *story_ask(const fluvius_entry *entry)
{
    const char *wrong = story_open();
    if (wrong == NULL)
        wrong = story_begin(entry->state);
    if (wrong == NULL)
        story.command = story_command(entry);
    buffer_clear(&story.command_data);
    return wrong;
}

const char *fluvius_testing_when(const fluvius_entry *command, const void *value)
{
    const char *wrong = story_ask(command);
    if (wrong != NULL)
        return wrong;
    story.domain->faults.count = 0;
    arena_reset(&story.domain->scratch);
    struct codec codec = {
        .mode = CODEC_COMMAND, .unchecked = true, .arena = &story.domain->scratch, .faults = &story.domain->faults};
    record_encode_to(&codec, story.command->layout, value, &story.command_data);
    return story_run();
}

const char *fluvius_testing_when_json(const fluvius_entry *command, const char *json)
{
    const char *wrong = story_ask(command);
    if (wrong == NULL && json_to_msgpack(slice_text(json), &story.command_data, NULL) != 0)
        wrong = story_wrong("this is not JSON: %s", json);
    return wrong != NULL ? wrong : story_run();
}

/* ---- the state ---- */

const void *fluvius_testing_state(const fluvius_type *type)
{
    if (story_open() != NULL || story_begin(type) != NULL)
        return NULL;
    return aggregate_state(story.aggregate);
}

const char *fluvius_testing_state_text(void)
{
    buffer_clear(&story.scratch);
    if (story.aggregate == NULL || aggregate_encode(story.aggregate, &story.scratch) != 0)
        return "(not readable)";
    return story_json(buffer_slice(&story.scratch));
}
