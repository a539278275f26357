/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases: reading a stream, whole and in pages. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/store/suite.h"

static void check_stream(struct suite *suite, const char *name, uint64_t to_version)
{
    cr_assert(model_check_stream(&suite->model, suite->store, name, to_version), "%s", suite->model.fault);
}

static void add_events(struct suite *suite, const char *name, uint32_t events)
{
    model_command(&suite->model, name, model_id(&suite->model), events, status_ok);
}

void case_stream_that_does_not_exist_has_no_head(struct suite *suite)
{
    check_stream(suite, "nobody", UINT64_MAX);
    suite_fill(suite, 20, 3);
    check_stream(suite, "nobody", UINT64_MAX);
    suite_restart(suite, SUITE_CLOSED);
    check_stream(suite, "nobody", UINT64_MAX);
}

void case_stream_comes_back_in_order_among_others(struct suite *suite)
{
    for (int i = 0; i < 30; i++) {
        add_events(suite, "one", 2);
        add_events(suite, "two", 1);
        add_events(suite, "three", 3);
        suite_append(suite);
        check_stream(suite, "one", UINT64_MAX);
    }
    check_stream(suite, "two", UINT64_MAX);
    check_stream(suite, "three", UINT64_MAX);
}

void case_stream_ends_at_the_version_asked_for(struct suite *suite)
{
    add_events(suite, "one", 9);
    suite_append(suite);
    for (uint64_t version = 0; version < 12; version++)
        check_stream(suite, "one", version);
}

static enum error visit_two(void *context, const struct store_record *record)
{
    (void)record;
    return ++*(unsigned *)context == 2 ? error_full : error_none;
}

void case_stream_stops_with_the_visitors_error(struct suite *suite)
{
    add_events(suite, "one", 9);
    suite_append(suite);
    unsigned visits = 0;
    struct stream stream = model_stream("one");
    uint32_t unit = model_unit(&suite->model, "one");
    uint64_t hash = stream_hash(&stream);
    cr_assert(
        store_read_stream(suite->store, unit, &stream, hash, UINT64_MAX, true, NULL, NULL, visit_two, &visits, NULL) ==
        error_full);
    cr_assert(visits == 2);
    cr_assert(store_read_events(suite->store, unit, &stream, hash, 5, 9, visit_two, &visits, NULL) == error_none);
    cr_assert(visits == 6);
    check_stream(suite, "one", UINT64_MAX);
}

void case_streams_that_look_alike_are_kept_apart(struct suite *suite)
{
    add_events(suite, "x", 1);
    add_events(suite, "x ", 2);
    add_events(suite, "X", 3);
    suite_append(suite);
    check_stream(suite, "x", UINT64_MAX);
    check_stream(suite, "x ", UINT64_MAX);
    check_stream(suite, "X", UINT64_MAX);
}

void case_record_without_event_does_not_move_the_head(struct suite *suite)
{
    add_events(suite, "one", 2);
    model_command(&suite->model, "one", model_id(&suite->model), 0, status_rejected);
    model_command(&suite->model, "two", model_id(&suite->model), 0, status_conflict);
    suite_append(suite);
    check_stream(suite, "one", UINT64_MAX);
    check_stream(suite, "two", UINT64_MAX);
    add_events(suite, "one", 2);
    add_events(suite, "two", 1);
    suite_append(suite);
    suite_restart(suite, SUITE_KILLED);
    suite_check(suite);
}

void case_events_come_in_pages(struct suite *suite)
{
    for (int i = 0; i < 20; i++) {
        add_events(suite, "one", 2);
        add_events(suite, "two", 1);
    }
    suite_append(suite);
    for (uint32_t page = 1; page < 50; page += 6)
        cr_assert(model_check_events(&suite->model, suite->store, "one", page), "%s", suite->model.fault);
    cr_assert(model_check_events(&suite->model, suite->store, "nobody", 4), "%s", suite->model.fault);
}

static enum error visit_count(void *context, const struct store_record *record)
{
    (void)record;
    ++*(unsigned *)context;
    return error_none;
}

static unsigned events_count(struct suite *suite, const char *name, uint64_t after, uint32_t limit)
{
    unsigned visits = 0;
    struct stream stream = model_stream(name);
    enum error error = store_read_events(suite->store,
                                         model_unit(&suite->model, name),
                                         &stream,
                                         stream_hash(&stream),
                                         after,
                                         limit,
                                         visit_count,
                                         &visits,
                                         &suite->fault);
    cr_assert(error == error_none, "%s", suite->fault.text);
    return visits;
}

void case_events_after_the_head_are_none(struct suite *suite)
{
    add_events(suite, "one", 4);
    suite_append(suite);
    cr_assert(events_count(suite, "one", 3, 10) == 1);
    cr_assert(events_count(suite, "one", 4, 10) == 0);
    cr_assert(events_count(suite, "one", UINT64_MAX, 10) == 0);
    cr_assert(events_count(suite, "one", 0, 0) == 0);
    cr_assert(events_count(suite, "one", 0, UINT32_MAX) == 4);
}

/* A name whose stream is in the same partition as another's, so that their events stand among each other. */
static void name_beside(struct suite *suite, const char *name, char out[16])
{
    unsigned i = 0;
    do {
        snprintf(out, 16, "beside%u", i++);
    } while (model_partition(&suite->model, out) != model_partition(&suite->model, name));
}

/* Longer than a backend may want to keep in memory at once, and read by turns with another as long. */
void case_long_stream_is_read_from_anywhere(struct suite *suite)
{
    char other[16];
    name_beside(suite, "long", other);
    for (int i = 0; i < 90; i++) {
        add_events(suite, "long", 100);
        add_events(suite, other, 50);
        suite_append(suite);
    }
    static const uint64_t places[] = {0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 8999};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint64_t after = places[i];
        cr_assert(events_count(suite, "long", after, 25) == (after + 25 > 9000 ? 9000 - after : 25));
        cr_assert(events_count(suite, other, after / 2, 25) == 25 || after > 8900);
    }
    check_stream(suite, "long", UINT64_MAX);
    check_stream(suite, other, 4100);
    check_stream(suite, "long", 4100);
    cr_assert(model_check_events(&suite->model, suite->store, "long", 1000), "%s", suite->model.fault);
    add_events(suite, "long", 100);
    suite_append(suite);
    cr_assert(model_check_events(&suite->model, suite->store, "long", 1000), "%s", suite->model.fault);
    cr_assert(model_check_events(&suite->model, suite->store, other, 1000), "%s", suite->model.fault);
}
