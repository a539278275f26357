/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which records a selection has, by who caused them and when; and that a request keeps that on its way. */
#include "services/follow/select.h"

#include <criterion/criterion.h>

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"

static struct record deposited(void)
{
    return (struct record){.time_us = 1000,
                           .stream = {.realm = slice_text("acme"),
                                      .namespace = slice_text("bank"),
                                      .resource = slice_text("account"),
                                      .identifier = slice_text("a")},
                           .event = slice_text("deposited"),
                           .id = {{7}},
                           .user = slice_text("ann"),
                           .traceparent = slice_text("00-" TRACE "-00f067aa0ba902b7-01")};
}

/* Through bytes, as a request comes. */
static bool has(const struct follow *follow, const struct record *record)
{
    struct buffer data = {0};
    struct follow read;
    struct slice bad;
    follow_encode(&data, follow);
    cr_assert_eq(follow_decode(buffer_slice(&data), &read, &bad), error_none);
    struct selection selection = selection_of(&read, slice_text("acme"));
    bool found = selection_has(&selection, record);
    buffer_fini(&data);
    return found;
}

Test(select, by_user_command_trace_and_time)
{
    struct record record = deposited();
    cr_assert(has(&(struct follow){0}, &record));
    cr_assert(has(&(struct follow){.user = slice_text("ann")}, &record));
    cr_assert_not(has(&(struct follow){.user = slice_text("an")}, &record));
    cr_assert(has(&(struct follow){.has_id = true, .id = {{7}}}, &record));
    cr_assert_not(has(&(struct follow){.has_id = true, .id = {{8}}}, &record));
    cr_assert(has(&(struct follow){.trace = slice_text(TRACE)}, &record));
    cr_assert_not(has(&(struct follow){.trace = slice_text("4bf92f3577b34da6a3ce929d0e0e4737")}, &record));
    cr_assert(has(&(struct follow){.until_us = 1001}, &record));
    cr_assert_not(has(&(struct follow){.until_us = 1000}, &record));
}

Test(select, a_record_without_a_trace_is_of_no_trace)
{
    struct record record = deposited();
    record.traceparent = slice_text("");
    cr_assert_not(has(&(struct follow){.trace = slice_text(TRACE)}, &record));
    record.traceparent = slice_text("00-4bf9");
    cr_assert_not(has(&(struct follow){.trace = slice_text(TRACE)}, &record));
}

Test(select, another_realm_is_never_shown)
{
    struct record record = deposited();
    record.stream.realm = slice_text("other");
    cr_assert_not(has(&(struct follow){.user = slice_text("ann")}, &record));
    cr_assert_not(has(&(struct follow){.has_id = true, .id = {{7}}}, &record));
}

Test(select, commands_without_events_only_when_asked_for)
{
    struct record record = deposited();
    record.event = slice_text("");
    cr_assert_not(has(&(struct follow){.user = slice_text("ann")}, &record));
    cr_assert(has(&(struct follow){.user = slice_text("ann"), .receipts = true}, &record));
}
