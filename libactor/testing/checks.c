/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What must come of a step, and what must hold after each. */
#include "libactor/testing/story.h"
#include <stdio.h>

/* ---- after each step ---- */

/* A field of the state that is no OPTIONAL has a value once the aggregate exists, and limits hold: so says the schema
 * that is published. */
const char *story_check_state(void)
{
    const struct aggregate *aggregate = story.aggregate;
    struct domain *domain = story.domain;
    if (aggregate->version == 0)
        return NULL;
    arena_reset(&domain->scratch);
    buffer_clear(&story.scratch);
    domain->faults.count = 0;
    struct codec codec = {.mode = CODEC_EVENT, .arena = &domain->scratch, .faults = &domain->faults};
    if (record_encode_to(&codec, aggregate->resource->state, aggregate_state(aggregate), &story.scratch))
        return NULL;
    return story_wrong(
        "the state breaks its own limits: %s %s", domain->faults.items[0].path, domain->faults.items[0].message);
}

static const char *replay(struct aggregate *copy)
{
    struct domain_fault fault;
    for (uint32_t i = 0; i < story.count; i++) {
        const struct story_event *event = &story.events[i];
        if (event->stream != 0)
            continue;
        struct slice data = slice_of(story.history.data + event->at, event->size);
        if (aggregate_apply(copy, slice_text(event->name), event->version, data, &fault) != 0)
            return story_wrong("replaying: %s", fault.text);
    }
    return NULL;
}

static const char *compare(const struct aggregate *copy)
{
    struct buffer live = {0}, again = {0};
    const char *wrong = NULL;
    if (aggregate_encode(story.aggregate, &live) != 0 || aggregate_encode(copy, &again) != 0)
        wrong = story_wrong("the state cannot be encoded: a text that is not UTF-8, or a number that is not finite?");
    else if (!slice_equal(buffer_slice(&live), buffer_slice(&again)))
        wrong = story_wrong("replaying the events gives another state: %s, and not %s; an apply depends on more than "
                            "state and event",
                            story_json(buffer_slice(&again)),
                            story_json(buffer_slice(&live)));
    buffer_fini(&live);
    buffer_fini(&again);
    return wrong;
}

const char *story_check_replay(void)
{
    struct aggregate *copy = aggregate_new(story.aggregate->resource);
    if (copy == NULL)
        return story_wrong("out of memory");
    const char *wrong = replay(copy);
    if (wrong == NULL)
        wrong = compare(copy);
    aggregate_free(&copy);
    return wrong;
}

/* ---- what was asked for ---- */

static void add_faults(size_t used)
{
    const struct data_faults *faults = &story.result.faults;
    for (uint32_t i = 0; i < faults->count && i < DATA_FAULTS_MAX && used < sizeof story.text; i++)
        used += (size_t)snprintf(
            story.text + used, sizeof story.text - used, " %s %s,", faults->items[i].path, faults->items[i].code);
}

/* "expected EXPECTED, but" and what came. */
static const char *other_outcome(const char *expected)
{
    const struct decision_result *result = &story.result;
    static const char *const outcomes[] = {"nothing was asked",
                                           "it was accepted",
                                           "it was rejected",
                                           "it was invalid",
                                           "it was too large",
                                           "the domain was at fault"};
    if (story.not_found)
        return story_wrong("expected %s, but the aggregate does not exist and %s does not create it",
                           expected,
                           story.command->entry->name);
    story_wrong("expected %s, but %s: %s %s", expected, outcomes[result->outcome], result->code, result->message);
    if (result->outcome == DECISION_INVALID)
        add_faults(strlen(story.text));
    return story.text;
}

static bool ended(enum decision_outcome outcome)
{
    return story.command != NULL && !story.not_found && story.result.outcome == outcome;
}

static const char *compare_event(uint32_t index, const struct fluvius_testing_event *expected)
{
    const struct domain_event *event = story_event(expected->entry);
    struct buffer data = {0};
    const struct decided_event *got = &story.result.events[index];
    const char *wrong = story_encode(expected, &data);
    if (wrong == NULL && (!slice_is(event->name, got->name) || !slice_equal(buffer_slice(&data), got->data)))
        wrong = story_wrong("event %u: expected %s %s, but it is %s %s",
                            index + 1,
                            (const char *)event->name.data,
                            story_json(buffer_slice(&data)),
                            got->name,
                            story_json(got->data));
    buffer_fini(&data);
    return wrong;
}

const char *fluvius_testing_then(const struct fluvius_testing_event *events)
{
    uint32_t count = 0;
    if (!ended(DECISION_ACCEPTED))
        return other_outcome(events->entry == NULL ? "nothing to happen" : "an event");
    for (; events[count].entry != NULL && count < story.result.count; count++) {
        const char *wrong = compare_event(count, &events[count]);
        if (wrong != NULL)
            return wrong;
    }
    if (count < story.result.count)
        return story_wrong("there is an event that was not expected: %s %s",
                           story.result.events[count].name,
                           story_json(story.result.events[count].data));
    if (events[count].entry != NULL)
        return story_wrong("expected %s, but there are only %u events", events[count].entry->name, count);
    return NULL;
}

const char *fluvius_testing_rejected(const char *code)
{
    char expected[128];
    if (ended(DECISION_REJECTED) && strcmp(story.result.code, code) == 0)
        return NULL;
    snprintf(expected, sizeof expected, "a rejection with the code %s", code);
    return other_outcome(expected);
}

const char *fluvius_testing_invalid(const char *path, const char *code)
{
    char expected[400];
    const struct data_faults *faults = &story.result.faults;
    for (uint32_t i = 0; ended(DECISION_INVALID) && i < faults->count && i < DATA_FAULTS_MAX; i++)
        if (strcmp(faults->items[i].path, path) == 0 && strcmp(faults->items[i].code, code) == 0)
            return NULL;
    snprintf(expected, sizeof expected, "the fault %s at %s", code, path);
    return other_outcome(expected);
}

const char *fluvius_testing_not_found(void)
{
    return story.command != NULL && story.not_found ? NULL : other_outcome("the aggregate not to exist");
}

const char *fluvius_testing_too_large(void)
{
    return ended(DECISION_TOO_LARGE) ? NULL : other_outcome("it to be too large");
}
