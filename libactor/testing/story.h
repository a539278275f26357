/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The story that a test of a domain tells, between the files of the testing kit. */
#ifndef LIBACTOR_TESTING_STORY_H
#define LIBACTOR_TESTING_STORY_H

#include "fluvius/testing.h"
#include "libactor/domain/aggregate.h"

enum { STORY_EVENTS_MAX = 1024, STORY_STREAMS_MAX = 32 };

struct story_event {
    const char *name;
    uint32_t version;
    size_t at, size; /* in history */
    uint32_t stream;
    uint64_t number; /* of the stream's events: the aggregate's version */
    int64_t now_us;
    const char *user;
};

/* An aggregate that is told of: the first is the story's own. */
struct story_stream {
    const char *identifier;
    struct aggregate *aggregate;
};

struct story {
    struct domain *domain;
    struct aggregate *aggregate; /* the story's own: streams[0] when there is one */
    struct story_stream streams[STORY_STREAMS_MAX];
    uint32_t stream_count;
    const struct domain_command *command; /* the last `when`, or NULL */
    bool not_found;
    struct decision_result result;
    struct buffer command_data, history, scratch;
    struct story_event events[STORY_EVENTS_MAX]; /* of all streams, in the order they were told */
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
/* Applies an event to a stream's aggregate and remembers it. */
const char *story_apply(uint32_t stream, const char *name, uint32_t version, struct slice data);
/* The checks that every step makes. */
const char *story_check_state(void);
const char *story_check_replay(void);

#endif
