/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tests of a domain as short stories, on Criterion. Include this first, then the domain's C file:
 *
 *     given(event(opened, .holder = ann, .currency = currency_EUR), event(deposited, .amount = 100));
 *     when(withdraw, .amount = 30);
 *     then(withdrawn, .amount = 30);
 *     then_state(account, state->balance == 70);
 *
 * Rows of projections are those that all events of the story make:
 *
 *     then_row(activity, "2026-01-01", row->deposits == 1);
 *
 * Beside what the story says, each `when` checks that the decision comes out the same when it is made again, that the
 * state fits its own limits, and that replaying all events leads to the same state; each `then_row` that the rows come
 * out the same when they are made again, and those of a .global projection in whatever order aggregates come. One story
 * at a time: Criterion runs each test in a process of its own. */
#ifndef FLUVIUS_TESTING_H
#define FLUVIUS_TESTING_H

#include "fluvius/module.h"
#include <criterion/criterion.h>

/* ---- the past ---- */

/* given(event(...), ...): a new aggregate to which this happened; given(): one to which nothing happened. */
#define given(...)                                                                                                     \
    FLUVIUS_TESTING(fluvius_testing_given((const struct fluvius_testing_event[]){__VA_ARGS__ __VA_OPT__(, ){0}}))
/* given_also("other", event(...), ...): another aggregate, known as other, to which this happened. For projections over
 * several aggregates: the story's own is known as test. */
#define given_also(IDENTIFIER, ...)                                                                                    \
    FLUVIUS_TESTING(                                                                                                   \
        fluvius_testing_also((IDENTIFIER), (const struct fluvius_testing_event[]){__VA_ARGS__ __VA_OPT__(, ){0}}))
/* An event as `emit` takes it. */
#define event(E, ...)                                                                                                  \
    {                                                                                                                  \
        .entry = &fluvius_event_##E, .value = &(const E)                                                               \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
/* An event as it was stored: its schema version, and its data as JSON. For tests of upcasters. */
#define stored(E, VERSION, JSON)                                                                                       \
    {                                                                                                                  \
        .entry = &fluvius_event_##E, .version = (VERSION), .json = (JSON)                                              \
    }
/* What the following decisions and events see: the time ("2026-07-31T12:00:00Z"), and who sends the command. */
#define given_time(TEXT) FLUVIUS_TESTING(fluvius_testing_time(TEXT))
#define given_user(TEXT) fluvius_testing_user(TEXT)

/* ---- what is asked ---- */

/* Sends a command; what is accepted is applied. Fields left out of it are absent, not zero, where the type allows. */
#define when(C, ...) FLUVIUS_TESTING(fluvius_testing_when(&fluvius_command_##C, &(const C){__VA_ARGS__}))
/* Sends a command whose data is this JSON, which need not fit. */
#define when_json(C, JSON) FLUVIUS_TESTING(fluvius_testing_when_json(&fluvius_command_##C, (JSON)))

/* ---- what must come of it ---- */

/* Exactly this event. */
#define then(E, ...) then_events(event(E, __VA_ARGS__))
/* Exactly these events, in this order: then_events(event(...), event(...)). */
#define then_events(...)                                                                                               \
    FLUVIUS_TESTING(fluvius_testing_then((const struct fluvius_testing_event[]){__VA_ARGS__ __VA_OPT__(, ){0}}))
/* Accepted, without any event. */
#define then_nothing() FLUVIUS_TESTING(fluvius_testing_then((const struct fluvius_testing_event[]){{0}}))
/* Refused by a rule, with this code. */
#define then_rejected(CODE) FLUVIUS_TESTING(fluvius_testing_rejected(CODE))
/* The data does not fit: among its faults is this one. */
#define then_invalid(PATH, CODE) FLUVIUS_TESTING(fluvius_testing_invalid((PATH), (CODE)))
/* The aggregate does not exist, and the command does not create one. */
#define then_not_found() FLUVIUS_TESTING(fluvius_testing_not_found())
/* The events or the state would be too large. */
#define then_too_large() FLUVIUS_TESTING(fluvius_testing_too_large())
/* A condition on the state: then_state(account, state->balance == 70). */
#define then_state(S, ...)                                                                                             \
    do {                                                                                                               \
        const S *state = fluvius_testing_state(&fluvius_type_##S);                                                     \
        cr_assert(state != NULL && (__VA_ARGS__),                                                                      \
                  "then_state: not %s; the state is %s",                                                               \
                  #__VA_ARGS__,                                                                                        \
                  fluvius_testing_state_text());                                                                       \
    } while (0)

/* A condition on a row of a projection, found by its whole key (_id): then_row(statement, "test", row->lines == 2). */
#define then_row(P, KEY, ...)                                                                                          \
    do {                                                                                                               \
        FLUVIUS_TESTING(fluvius_testing_project(&fluvius_projection_##P));                                             \
        const P *row = fluvius_testing_row(KEY);                                                                       \
        cr_assert(                                                                                                     \
            row != NULL, "then_row: there is no row %s; the rows are %s", (KEY), fluvius_testing_rows_text(NULL));     \
        cr_assert((__VA_ARGS__), "then_row: not %s; the row is %s", #__VA_ARGS__, fluvius_testing_rows_text(KEY));     \
    } while (0)
/* There is no such row. */
#define then_no_row(P, KEY)                                                                                            \
    do {                                                                                                               \
        FLUVIUS_TESTING(fluvius_testing_project(&fluvius_projection_##P));                                             \
        cr_assert(fluvius_testing_row(KEY) == NULL,                                                                    \
                  "then_no_row: there is the row %s: %s",                                                              \
                  (KEY),                                                                                               \
                  fluvius_testing_rows_text(KEY));                                                                     \
    } while (0)
/* So many rows. */
#define then_row_count(P, COUNT)                                                                                       \
    do {                                                                                                               \
        FLUVIUS_TESTING(fluvius_testing_project(&fluvius_projection_##P));                                             \
        cr_assert(fluvius_testing_row_count() == (COUNT),                                                              \
                  "then_row_count: not %s; the rows are %s",                                                           \
                  #COUNT,                                                                                              \
                  fluvius_testing_rows_text(NULL));                                                                    \
    } while (0)

/* ---- what they are made of: NULL, or what is wrong ---- */

struct fluvius_testing_event {
    const fluvius_entry *entry;
    const void *value;
    uint32_t version;
    const char *json;
};

#define FLUVIUS_TESTING(CALL)                                                                                          \
    do {                                                                                                               \
        const char *fluvius_wrong = (CALL);                                                                            \
        cr_assert(fluvius_wrong == NULL, "%s", fluvius_wrong == NULL ? "" : fluvius_wrong);                            \
    } while (0)

const char *fluvius_testing_given(const struct fluvius_testing_event *events);
const char *fluvius_testing_also(const char *identifier, const struct fluvius_testing_event *events);
const char *fluvius_testing_time(const char *time);
void fluvius_testing_user(const char *user);
const char *fluvius_testing_when(const fluvius_entry *command, const void *value);
const char *fluvius_testing_when_json(const fluvius_entry *command, const char *json);
const char *fluvius_testing_then(const struct fluvius_testing_event *events);
const char *fluvius_testing_rejected(const char *code);
const char *fluvius_testing_invalid(const char *path, const char *code);
const char *fluvius_testing_not_found(void);
const char *fluvius_testing_too_large(void);
const void *fluvius_testing_state(const fluvius_type *type);
const char *fluvius_testing_state_text(void);
/* Makes the rows, which the others are about. */
const char *fluvius_testing_project(const fluvius_entry *projection);
const void *fluvius_testing_row(const char *key);
uint32_t fluvius_testing_row_count(void);
/* Of one row, or of all. */
const char *fluvius_testing_rows_text(const char *key);

#endif
