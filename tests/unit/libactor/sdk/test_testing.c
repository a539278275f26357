/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The testing kit finds what is wrong and says it; here its functions are called without the macros that end a test. */
#include <fluvius/testing.h>

#include <fluvius/domain.h>

DOMAIN(kit, "");
AGGREGATE(counter, "", FIELD(int64, total, .max = 100), OPTIONAL(text, last));
AGGREGATE(second, "", FIELD(int64, total));
COMMAND(counter, count, ("", .creates = true), FIELD(int64, by, .min = 1), OPTIONAL(text, how));
COMMAND(counter, stop, "");
COMMAND(second, begin, ("", .creates = true));
EVENT(counter, counted, ("", .version = 2), FIELD(int64, by), OPTIONAL(text, how));
EVENT(counter, stopped, "");
RECORD(counted_1, "", FIELD(int64, times));
UPCAST(counted, 1, counted_1, counted);

static int64 hidden; /* what no domain may have */

static void upcast_counted_1(const counted_1 *from, counted *to, fluvius_arena *memory)
{
    to->by = from->times * 10;
}

static verdict decide_count(const counter *state, const count *command, decision *out)
{
    if (text_equal(command->how, TEXT("never")))
        return reject(out, "never", "not like that");
    if (text_equal(command->how, TEXT("twice")))
        emit(out, counted, .by = command->by, .how = (text){0});
    if (text_equal(command->how, TEXT("moody")))
        return emit(out, counted, .by = ++hidden, .how = (text){0});
    if (text_equal(command->how, TEXT("badly")))
        return emit(out, counted, .by = 1, .how = {.data = "\xff", .size = 1});
    return emit(out, counted, .by = command->by, .how = command->how);
}

static verdict decide_stop(const counter *state, const stop *command, decision *out)
{
    return state->total == 0 ? no_change(out) : emit(out, stopped);
}

static verdict decide_begin(const second *state, const begin *command, decision *out)
{
    return no_change(out);
}

static void apply_counted(counter *state, const counted *event)
{
    state->total += event->by;
    if (text_equal(event->how, TEXT("forgetfully")))
        state->total += ++hidden;
    state->last = event->how;
}

static void apply_stopped(counter *state, const stopped *event)
{
    state->total = 0;
}

#define WHEN(...) fluvius_testing_when(&fluvius_command_count, &(const count){__VA_ARGS__})
#define EVENTS(...) ((const struct fluvius_testing_event[]){__VA_ARGS__ __VA_OPT__(, ){0}})

static void expect_wrong(const char *said, const char *expected)
{
    cr_assert_not_null(said, "expected: %s", expected);
    cr_expect_not_null(strstr(said, expected), "expected \"%s\" in \"%s\"", expected, said);
}

Test(testing, a_story_that_is_true_passes)
{
    given(event(counted, .by = 5), stored(counted, 1, "{\"times\": 2}"));
    then_state(counter, state->total == 25);
    when(count, .by = 2, .how = TEXT("slowly"));
    then(counted, .by = 2, .how = TEXT("slowly"));
    when(count, .by = 3, .how = TEXT("twice"));
    then_events(event(counted, .by = 3), event(counted, .by = 3, .how = TEXT("twice")));
    when(count, .by = 1, .how = TEXT("never"));
    then_rejected("never");
    when(count, .by = 0);
    then_invalid("/by", "below_minimum");
    when_json(count, "{\"by\": \"x\", \"more\": 1}");
    then_invalid("/by", "expected_integer");
    then_invalid("/more", "unknown_field");
    when(stop);
    then(stopped);
    when(stop);
    then_nothing();
    given();
    when(stop);
    then_not_found();
}

Test(testing, an_event_with_other_data_is_shown)
{
    cr_assert_null(fluvius_testing_given(EVENTS()));
    cr_assert_null(WHEN(.by = 5));
    expect_wrong(fluvius_testing_then(EVENTS(event(counted, .by = 6))),
                 "event 1: expected counted {\"by\":6}, but it is counted {\"by\":5}");
    expect_wrong(fluvius_testing_then(EVENTS(event(stopped))), "expected stopped {}, but it is counted");
}

Test(testing, events_that_are_missing_or_too_many_are_shown)
{
    cr_assert_null(fluvius_testing_given(EVENTS()));
    cr_assert_null(WHEN(.by = 5, .how = TEXT("twice")));
    expect_wrong(fluvius_testing_then(EVENTS(event(counted, .by = 5))), "an event that was not expected: counted");
    expect_wrong(fluvius_testing_then(
                     EVENTS(event(counted, .by = 5), event(counted, .by = 5, .how = TEXT("twice")), event(stopped))),
                 "expected stopped, but there are only 2 events");
}

Test(testing, another_outcome_is_shown)
{
    cr_assert_null(fluvius_testing_given(EVENTS()));
    expect_wrong(fluvius_testing_then(EVENTS()), "nothing was asked");
    cr_assert_null(WHEN(.by = 5, .how = TEXT("never")));
    expect_wrong(fluvius_testing_then(EVENTS(event(stopped))),
                 "expected an event, but it was rejected: never not like that");
    expect_wrong(fluvius_testing_rejected("always"), "expected a rejection with the code always, but it was rejected");
    cr_assert_null(WHEN(.by = 0));
    expect_wrong(fluvius_testing_rejected("never"), "it was invalid: invalid the data has 1 fault /by below_minimum");
    expect_wrong(fluvius_testing_invalid("/by", "required"), "expected the fault required at /by");
    expect_wrong(fluvius_testing_too_large(), "expected it to be too large");
    expect_wrong(fluvius_testing_not_found(), "expected the aggregate not to exist");
}

Test(testing, a_state_beyond_its_limits_is_found)
{
    cr_assert_null(fluvius_testing_given(EVENTS()));
    expect_wrong(WHEN(.by = 101), "the state breaks its own limits: /total must be at most 100");
}

Test(testing, a_decision_that_depends_on_more_is_found)
{
    cr_assert_null(fluvius_testing_given(EVENTS()));
    expect_wrong(WHEN(.by = 1, .how = TEXT("moody")), "count decides otherwise when it is asked again");
}

Test(testing, an_apply_that_depends_on_more_is_found)
{
    cr_assert_null(fluvius_testing_given(EVENTS()));
    expect_wrong(WHEN(.by = 1, .how = TEXT("forgetfully")), "replaying the events gives another state");
}

Test(testing, a_domain_at_fault_is_found)
{
    cr_assert_null(fluvius_testing_given(EVENTS()));
    expect_wrong(WHEN(.by = 1, .how = TEXT("badly")), "count: the domain made a bad event counted: /how is not UTF-8");
}

Test(testing, stories_that_cannot_be_are_found)
{
    expect_wrong(fluvius_testing_given(EVENTS(event(counted, .by = 1, .how = {.data = "\xff", .size = 1}))),
                 "could never have been emitted: /how is not UTF-8");
    expect_wrong(fluvius_testing_given(EVENTS(stored(counted, 1, "{"))), "is not JSON");
    expect_wrong(fluvius_testing_given(EVENTS(stored(counted, 1, "{\"by\":1}"))), "/by is not known here");
    expect_wrong(fluvius_testing_given(EVENTS(stored(counted, 9, "{}"))), "has versions 1 to 2, not 9");
    cr_assert_null(fluvius_testing_given(EVENTS(event(counted, .by = 1))));
    expect_wrong(fluvius_testing_when(&fluvius_command_begin, &(const begin){}), "this story is about counter");
    expect_wrong(fluvius_testing_when_json(&fluvius_command_count, "{"), "this is not JSON");
    expect_wrong(fluvius_testing_time("noon"), "noon is no time");
    given_time("2026-07-31T12:00:00Z");
    given_user("ann");
}
