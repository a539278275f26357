/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The story that a test of a domain tells, between the files of the testing kit. */
#ifndef LIBACTOR_TESTING_STORY_H
#define LIBACTOR_TESTING_STORY_H

#include "fluvius/testing.h"
#include "libactor/domain/aggregate.h"

enum { STORY_EVENTS_MAX = 1024 };

struct story_event {
    const char *name;
    uint32_t version;
    size_t at, size; /* in history */
};

struct story {
    struct domain *domain;
    struct aggregate *aggregate;
    const struct domain_command *command; /* the last `when`, or NULL */
    bool not_found;
    struct decision_result result;
    struct buffer command_data, history, scratch;
    struct story_event events[STORY_EVENTS_MAX];
    uint32_t count;
    int64_t now_us;
    const char *user;
    char text[4096]; /* what is wrong */
};

/* The one story of this process. */
extern struct story story;

/* Puts what is wrong into story.text and returns it. */
const char *story_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The JSON of a msgpack value, valid until the next call but one. */
const char *story_json(struct slice value);
/* Makes the domain of this process's module, once. */
const char *story_open(void);
const struct domain_resource *story_resource(const fluvius_type *state);
const struct domain_event *story_event(const fluvius_entry *entry);
/* Appends an event's data to out, checked as by emit. */
const char *story_encode(const struct fluvius_testing_event *event, struct buffer *out);
/* Applies an event to the aggregate and remembers it. */
const char *story_apply(const char *name, uint32_t version, struct slice data);
/* The checks that every step makes. */
const char *story_check_state(void);
const char *story_check_replay(void);

#endif
