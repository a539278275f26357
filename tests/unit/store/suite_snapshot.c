/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases: snapshots and descriptions of modules. */
#include <criterion/criterion.h>

#include "tests/unit/store/suite.h"

struct seen {
    uint64_t snapshot, fingerprint, seq, first, last;
    int64_t time_us;
    char state[64];
};

static enum error see_snapshot(void *context, const struct store_snapshot *snapshot)
{
    struct seen *seen = context;
    seen->snapshot = snapshot->version;
    seen->fingerprint = snapshot->fingerprint;
    seen->seq = snapshot->seq;
    seen->time_us = snapshot->time_us;
    cr_assert(snapshot->state.size < sizeof seen->state);
    memcpy(seen->state, snapshot->state.data, snapshot->state.size);
    return error_none;
}

static enum error see_event(void *context, const struct store_record *record)
{
    struct seen *seen = context;
    seen->first = seen->first == 0 ? record->version : seen->first;
    seen->last = record->version;
    return error_none;
}

static struct seen look(struct suite *suite, const char *name, uint64_t to_version, bool use_snapshot)
{
    struct seen seen = {0};
    struct stream stream = model_stream(name);
    enum error error = store_read_stream(suite->store,
                                         model_unit(&suite->model, name),
                                         &stream,
                                         stream_hash(&stream),
                                         to_version,
                                         use_snapshot,
                                         NULL,
                                         see_snapshot,
                                         see_event,
                                         &seen,
                                         &suite->fault);
    cr_assert(error == error_none, "%s", suite->fault.text);
    return seen;
}

static void write_snapshot(struct suite *suite, const char *name, uint64_t version, const char *state)
{
    const struct store_record *event = model_event(&suite->model, name, version);
    struct store_snapshot_write write = {.partition = event->partition,
                                         .stream = event->stream,
                                         .stream_hash = event->stream_hash,
                                         .snapshot = {.version = version,
                                                      .seq = event->seq,
                                                      .time_us = event->time_us,
                                                      .fingerprint = UINT64_C(0xfedcba9876543210),
                                                      .state = slice_text(state)}};
    bool more;
    enum error error =
        store_maintain(suite->store, model_unit(&suite->model, name), &write, 1, 5, &more, &suite->fault);
    cr_assert(error == error_none, "%s", suite->fault.text);
}

static void add_events(struct suite *suite, const char *name, uint32_t events)
{
    model_command(&suite->model, name, model_id(&suite->model), events, status_ok);
    suite_append(suite);
}

void case_snapshot_is_given_before_the_events_after_it(struct suite *suite)
{
    add_events(suite, "one", 6);
    write_snapshot(suite, "one", 6, "six");
    struct seen seen = look(suite, "one", UINT64_MAX, true);
    cr_assert(seen.snapshot == 6 && seen.first == 0 && strcmp(seen.state, "six") == 0);
    add_events(suite, "one", 3);
    seen = look(suite, "one", UINT64_MAX, true);
    const struct store_record *event = model_event(&suite->model, "one", 6);
    cr_assert(seen.snapshot == 6 && seen.first == 7 && seen.last == 9);
    cr_assert(seen.fingerprint == UINT64_C(0xfedcba9876543210));
    cr_assert(seen.seq == event->seq && seen.time_us == event->time_us);
    cr_assert(look(suite, "two", UINT64_MAX, true).snapshot == 0);
}

void case_snapshot_is_left_out_when_not_asked_for(struct suite *suite)
{
    add_events(suite, "one", 6);
    write_snapshot(suite, "one", 6, "six");
    struct seen seen = look(suite, "one", UINT64_MAX, false);
    cr_assert(seen.snapshot == 0 && seen.first == 1 && seen.last == 6);
}

void case_snapshot_newer_than_the_version_asked_for_is_ignored(struct suite *suite)
{
    add_events(suite, "one", 6);
    write_snapshot(suite, "one", 5, "five");
    struct seen seen = look(suite, "one", 4, true);
    cr_assert(seen.snapshot == 0 && seen.first == 1 && seen.last == 4);
    seen = look(suite, "one", 5, true);
    cr_assert(seen.snapshot == 5 && seen.first == 0);
}

void case_newest_snapshot_is_kept(struct suite *suite)
{
    add_events(suite, "one", 9);
    write_snapshot(suite, "one", 4, "four");
    write_snapshot(suite, "one", 8, "eight, and longer");
    struct seen seen = look(suite, "one", UINT64_MAX, true);
    cr_assert(seen.snapshot == 8 && seen.first == 9 && strcmp(seen.state, "eight, and longer") == 0);
    write_snapshot(suite, "one", 8, "again");
    cr_assert_str_eq(look(suite, "one", UINT64_MAX, true).state, "again");
}

void case_older_snapshot_does_not_replace_a_newer_one(struct suite *suite)
{
    add_events(suite, "one", 9);
    write_snapshot(suite, "one", 8, "eight");
    write_snapshot(suite, "one", 4, "four");
    cr_assert(look(suite, "one", UINT64_MAX, true).snapshot == 8);
}

void case_snapshot_is_there_after_a_restart(struct suite *suite)
{
    add_events(suite, "one", 9);
    write_snapshot(suite, "one", 8, "eight");
    suite_restart(suite, SUITE_KILLED);
    cr_assert_str_eq(look(suite, "one", UINT64_MAX, true).state, "eight");
    suite_restart(suite, SUITE_CLOSED);
    struct seen seen = look(suite, "one", UINT64_MAX, true);
    cr_assert(seen.snapshot == 8 && seen.first == 9 && seen.last == 9);
}

static enum error refuse(void *context, const struct store_snapshot *snapshot)
{
    (void)context, (void)snapshot;
    return error_invalid_data;
}

void case_snapshot_visitors_error_stops(struct suite *suite)
{
    struct seen seen = {0};
    struct stream stream = model_stream("one");
    add_events(suite, "one", 9);
    write_snapshot(suite, "one", 8, "eight");
    enum error error = store_read_stream(suite->store,
                                         model_unit(&suite->model, "one"),
                                         &stream,
                                         stream_hash(&stream),
                                         UINT64_MAX,
                                         true,
                                         NULL,
                                         refuse,
                                         see_event,
                                         &seen,
                                         NULL);
    cr_assert(error == error_invalid_data && seen.last == 0);
    suite_check(suite);
}

void case_same_description_twice_does_nothing(struct suite *suite)
{
    for (int i = 0; i < 2; i++)
        cr_assert(store_describe(suite->store, 0, UINT64_MAX - 1, slice_text("bank"), &suite->fault) == error_none);
    suite_check(suite);
}
