/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How decisions end: accepted, rejected, too large, or the domain at fault; and what they can ask for. */
#include "bench.h"
#include <stdio.h>

#include "shop.h"

static struct bench bench;

static void open_bench(void)
{
    bench = bench_open("cart");
}

static void close_bench(void)
{
    bench_close(&bench);
}

TestSuite(decide, .init = open_bench, .fini = close_bench);

static void act_with(const char *what, const char *with)
{
    char json[400];
    snprintf(json, sizeof json, "{'deed':'%s','with':'%s'}", what, with);
    bench_decide(&bench, "act", json);
}

static void expect_broken(const char *what, const char *message)
{
    act_with(what, "");
    cr_expect_eq(bench.result.outcome, DECISION_BROKEN, "%s", what);
    cr_expect_eq(bench.result.count, 0);
    cr_expect_str_eq(bench.result.code, "domain_error");
    cr_expect_not_null(strstr(bench.result.message, message), "%s: %s", what, bench.result.message);
}

Test(decide, accepts_without_events)
{
    act_with("nothing", "");
    cr_expect_eq(bench.result.outcome, DECISION_ACCEPTED);
    cr_expect_eq(bench.result.count, 0);
}

Test(decide, gives_events_in_the_order_they_were_emitted)
{
    act_with("two_notes", "second");
    cr_assert_eq(bench.result.count, 2);
    cr_expect_str_eq(bench.result.events[0].name, "noted");
    cr_expect_eq(bench.result.events[0].schema, 1);
    cr_expect_str_eq(bench_text(&bench, bench.result.events[0].data), "{'note':'first'}");
    cr_expect_str_eq(bench_text(&bench, bench.result.events[1].data), "{'note':'second'}");
}

Test(decide, does_not_change_the_aggregate)
{
    act_with("note", "x");
    cr_expect_eq(aggregate_version(bench.aggregate), 0);
    cr_expect_null(strstr(bench_state(&bench), "note"));
    bench_apply_all(&bench);
    cr_expect_eq(aggregate_version(bench.aggregate), 1);
}

Test(decide, a_rejection_has_code_and_message_and_loses_its_events)
{
    act_with("reject_only", "that");
    cr_expect_eq(bench.result.outcome, DECISION_REJECTED);
    cr_expect_str_eq(bench.result.code, "no_way");
    cr_expect_str_eq(bench.result.message, "that is refused");
    cr_expect_eq(bench.result.count, 0);
    act_with("reject_quietly", "");
    cr_expect_str_eq(bench.result.code, "quiet");
    cr_expect_str_eq(bench.result.message, "");
}

Test(decide, nothing_is_left_of_an_earlier_decision)
{
    act_with("reject_only", "that");
    act_with("note", "x");
    cr_expect_eq(bench.result.outcome, DECISION_ACCEPTED);
    cr_expect_str_eq(bench.result.code, "");
    cr_expect_str_eq(bench.result.message, "");
    bench_decide(&bench, "act", "{}");
    cr_expect_eq(bench.result.outcome, DECISION_INVALID);
    cr_expect_eq(bench.result.count, 0);
    act_with("note", "x");
    cr_expect_eq(bench.result.faults.count, 0);
}

Test(decide, a_bad_event_is_the_domains_fault)
{
    expect_broken("bad_event", "bad event line_added: /line/count must be at least 1");
    expect_broken("bad_enum", "bad event measured: /deed is none of the values");
    expect_broken("bad_text", "bad event tagged: /tag is not UTF-8");
    expect_broken("bad_number", "bad event measured: /ratio is no finite number");
    expect_broken("foreign_event", "poked is no event of cart");
    cr_expect_eq(bench.result.faults.count, 0);
}

Test(decide, a_bad_rejection_is_the_domains_fault)
{
    expect_broken("reject_badly", "not a name");
    expect_broken("reject_float", "other conversions than are allowed: %f");
    expect_broken("bad_print", "other conversions than are allowed: %g");
    expect_broken("accept_after_reject", "not returned");
    expect_broken("no_reason", "without a reason");
    act_with("note", "and then all is well");
    cr_expect_eq(bench.result.outcome, DECISION_ACCEPTED);
}

Test(decide, too_much_is_refused)
{
    act_with("too_many", "");
    cr_expect_eq(bench.result.outcome, DECISION_TOO_LARGE);
    cr_expect_str_eq(bench.result.message, "more than 1024 events");
    act_with("much_memory", "");
    cr_expect_eq(bench.result.outcome, DECISION_TOO_LARGE);
    cr_expect_str_eq(bench.result.code, "too_large");
    act_with("nothing", "");
    cr_expect_eq(bench.result.outcome, DECISION_ACCEPTED);
}

Test(decide, an_event_beyond_its_limit_is_too_large)
{
    struct domain_limits limits = {.event_bytes = 100, .state_bytes = 10000, .events = 10};
    char with[101];
    domain_limit(bench.domain, &limits);
    memset(with, 'x', 100);
    with[92] = '\0'; /* 1 map, 5 key, 2 head */
    act_with("note", with);
    cr_expect_eq(bench.result.outcome, DECISION_ACCEPTED);
    cr_expect_eq(bench.result.events[0].data.size, 100);
    strcat(with, "x");
    act_with("note", with);
    cr_expect_eq(bench.result.outcome, DECISION_TOO_LARGE);
    cr_expect_str_eq(bench.result.message, "the event noted has more than 100 bytes");
}

Test(decide, a_state_beyond_its_limit_is_too_large)
{
    struct domain_limits limits = {.event_bytes = 1000, .state_bytes = 300, .events = 10};
    char with[301];
    domain_limit(bench.domain, &limits);
    memset(with, 'x', 300);
    with[300] = '\0';
    act_with("note", with);
    cr_expect_eq(bench.result.outcome, DECISION_TOO_LARGE);
    cr_expect_str_eq(bench.result.message, "the state would have more than 300 bytes");
    with[200] = '\0';
    for (int i = 0; i < 50; i++) { /* what is replaced does not count, however often */
        act_with("note", with);
        cr_assert_eq(bench.result.outcome, DECISION_ACCEPTED, "%s", bench.result.message);
        bench_apply_all(&bench);
    }
}

Test(decide, events_that_cannot_be_applied_are_the_domains_fault)
{
    struct domain_limits limits = {.event_bytes = 1000, .state_bytes = 1, .events = 10};
    struct domain_fault fault;
    cr_assert_eq(aggregate_apply(bench.aggregate, slice_text("divided"), 1, bench_data(&bench, "{}"), &fault), 0);
    domain_limit(bench.domain, &limits);
    act_with("note", "x");
    cr_expect_eq(bench.result.outcome, DECISION_BROKEN);
}

Test(decide, facts_of_the_command_are_there)
{
    act_with("facts", "");
    cr_expect_str_eq(bench_text(&bench, bench.result.events[0].data), "{'note':'ann home a-1 1000000 0'}");
}

Test(decide, identifiers_follow_from_the_command_alone)
{
    char first[100];
    act_with("ids", "");
    cr_assert_eq(bench.result.outcome, DECISION_ACCEPTED);
    strcpy(first, bench_text(&bench, bench.result.events[0].data));
    cr_expect_not_null(strstr(first, "8 2'"), "version 8, variant 2: %s", first);
    act_with("ids", "");
    cr_expect_str_eq(bench_text(&bench, bench.result.events[0].data), first);
}

Test(decide, one_result_serves_several_aggregates)
{
    const struct domain_resource *resource = domain_resource(bench.domain, slice_text("other"));
    struct aggregate *second = aggregate_new(resource);
    act_with("note", "x");
    struct decision_input input = {.command = domain_command(resource, slice_text("poke")),
                                   .data = bench_data(&bench, "{}")};
    aggregate_decide(second, &input, &bench.result);
    cr_expect_eq(bench.result.outcome, DECISION_ACCEPTED);
    cr_expect_str_eq(bench.result.events[0].name, "poked");
    aggregate_free(&second);
}
