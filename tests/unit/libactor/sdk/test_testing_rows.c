/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The testing kit makes the rows of projections and finds handlers that do not commute, or depend on more than they are
 * given; here its functions are called without the macros that end a test. */
#include <fluvius/testing.h>

#include <fluvius/domain.h>

DOMAIN(kit, "");
AGGREGATE(meter, "", FIELD(int64, total));
COMMAND(meter, measure, ("", .creates = true), FIELD(int64, value));
EVENT(meter, measured, "", FIELD(int64, value));

static verdict decide_measure(const meter *state, const measure *command, decision *out)
{
    return emit(out, measured, .value = command->value);
}

static void apply_measured(meter *state, const measured *event)
{
    state->total += event->value;
}

/* One row a meter. */
PROJECTION(
    readings, "", FIELD(int64, count), FIELD(int64, total, .max = 1000), FIELD(text, user), FIELD(timestamp, at));
PROJECT(readings, measured);
static void project_readings_measured(readings_rows *rows, const measured *event)
{
    readings *row = row_change(rows);
    row->count++;
    row->total += event->value;
    row->user = rows->user;
    row->at = rows->time;
}

/* Commutes. */
PROJECTION(sums, ("", .global = true), FIELD(int64, total), OPTIONAL(int64, most));
PROJECT(sums, measured);
static void project_sums_measured(sums_rows *rows, const measured *event)
{
    sums *row = row_change(rows, TEXT("all"));
    row_add(row, total, event->value);
    row_max(row, most, event->value);
}

/* Does not: the last one wins. */
PROJECTION(latest, ("", .global = true), FIELD(int64, value));
PROJECT(latest, measured);
static void project_latest_measured(latest_rows *rows, const measured *event)
{
    row_change(rows, TEXT("all"))->value = event->value;
}

/* Does not: deletes what others made. */
PROJECTION(seen, ("", .global = true), FIELD(int64, value));
PROJECT(seen, measured);
static void project_seen_measured(seen_rows *rows, const measured *event)
{
    if (event->value > 0)
        row_change(rows, TEXT("all"))->value = 1;
    else
        row_delete(rows, TEXT("all"));
}

static int64 hidden; /* what no domain may have */

PROJECTION(moody, "", FIELD(int64, value));
PROJECT(moody, measured);
static void project_moody_measured(moody_rows *rows, const measured *event)
{
    row_change(rows)->value = ++hidden;
}

#define PROJECT_ALL(P) fluvius_testing_project(&fluvius_projection_##P)

static void expect_wrong(const char *said, const char *expected)
{
    cr_assert_not_null(said, "expected: %s", expected);
    cr_expect_not_null(strstr(said, expected), "expected \"%s\" in \"%s\"", expected, said);
}

Test(testing_rows, rows_are_those_of_given_and_decided_events)
{
    given_time("2026-02-01T00:00:00Z");
    given(event(measured, .value = 5));
    given_also("b", event(measured, .value = 7), event(measured, .value = 8));
    given_user("bob");
    given_time("2026-02-02T00:00:00Z");
    when(measure, .value = 6);
    then_row(readings,
             "test",
             row->count == 2 && row->total == 11 && text_equal(row->user, TEXT("bob")) &&
                 row->at.microseconds == INT64_C(1769990400000000));
    then_row(readings, "b", row->count == 2 && row->total == 15 && text_equal(row->user, TEXT("tester")));
    then_no_row(readings, "c");
    then_row_count(readings, 2);
    then_row(sums, "all", row->total == 26 && row->most.value == 8);
    given();
    then_row_count(readings, 0);
    cr_expect_null(fluvius_testing_row("test"));
    cr_expect_str_eq(fluvius_testing_rows_text(NULL), "none");
}

Test(testing_rows, handlers_that_do_not_commute_are_found)
{
    given(event(measured, .value = 1));
    cr_expect_null(PROJECT_ALL(latest), "one aggregate has one order");
    given_also("b", event(measured, .value = 2));
    expect_wrong(PROJECT_ALL(latest),
                 "rows of latest differ when aggregates come in another order: the handlers do not "
                 "commute; all is {\"value\":2}, and {\"value\":1}");
    cr_expect_null(PROJECT_ALL(sums));
    given(event(measured, .value = 1), event(measured, .value = 2));
    given_also("b", event(measured, .value = 0));
    expect_wrong(PROJECT_ALL(seen), "all is not there, and {\"value\":1}");
}

/* As told, and one aggregate after the other from either end, the last value is 3. */
Test(testing_rows, aggregates_are_mixed_by_chance_too)
{
    given(event(measured, .value = 3), event(measured, .value = 3));
    given_also("b", event(measured, .value = 1));
    given_also("c", event(measured, .value = 3));
    expect_wrong(PROJECT_ALL(latest), "all is {\"value\":3}, and {\"value\":1}");
}

Test(testing_rows, handlers_that_depend_on_more_than_they_are_given_are_found)
{
    given(event(measured, .value = 1));
    expect_wrong(PROJECT_ALL(moody), "rows of moody differ when they are made again");
}

Test(testing_rows, rows_that_break_their_limits_are_found)
{
    given(event(measured, .value = 1001));
    expect_wrong(PROJECT_ALL(readings), "the row test of readings breaks its own limits: /total must be at most 1000");
}

Test(testing_rows, faults_of_handlers_are_told)
{
    given(event(measured, .value = INT64_MAX));
    given_also("b", event(measured, .value = 1));
    expect_wrong(PROJECT_ALL(sums), "the projection sums: event measured: row_add beyond what an int64 can hold");
}

Test(testing_rows, another_aggregate_needs_another_name)
{
    static const measured value = {.value = 1};
    const struct fluvius_testing_event events[] = {{.entry = &fluvius_event_measured, .value = &value}, {0}};
    expect_wrong(fluvius_testing_also("test", events), "test is the story's own aggregate");
}
