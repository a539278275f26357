/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events of older versions are led to the present shape, step by step; fields with fallbacks need no step at all. */
#include "bench.h"

#include <fluvius/domain.h>

DOMAIN(post, "Addresses over the years.");
RECORD(address, "", FIELD(text, street), FIELD(text, town));
AGGREGATE(parcel, "", LIST(address, route), OPTIONAL(text, kind), FIELD(int64, weight));

COMMAND(parcel, send, ("", .creates = true), FIELD(address, to));
EVENT(parcel, routed, ("", .version = 3), LIST(address, stops), FIELD(text, kind, .fallback = "plain"));
EVENT(parcel, weighed, "", FIELD(int64, weight), FIELD(int64, scale, .fallback = "7"));

/* version 1: one line of text; version 2: several; version 3: addresses */
RECORD(routed_1, "", FIELD(text, stop));
RECORD(routed_2, "", LIST(text, stops), OPTIONAL(text, note));
UPCAST(routed, 1, routed_1, routed_2);
UPCAST(routed, 2, routed_2, routed);

static void upcast_routed_1(const routed_1 *from, routed_2 *to, fluvius_arena *memory)
{
    text *stops = allocate(memory, text, 1);
    stops[0] = from->stop;
    to->stops = (text_list){.items = stops, .count = 1};
}

static void upcast_routed_2(const routed_2 *from, routed *to, fluvius_arena *memory)
{
    address *stops = allocate(memory, address, from->stops.count);
    for (uint32_t i = 0; i < from->stops.count; i++)
        stops[i] = (address){.street = from->stops.items[i], .town = TEXT("unknown")};
    if (text_equal(from->note, TEXT("explode")))
        allocate(memory, address, SIZE_MAX / 2);
    to->stops = (address_list){.items = stops, .count = from->stops.count};
    to->kind = text_equal(from->note, TEXT("forget")) ? (text){0} : TEXT("old");
}

static verdict decide_send(const parcel *state, const send *command, decision *out)
{
    const address stops[] = {command->to, command->to};
    return emit(out, routed, .stops = {.items = stops, .count = 2}, .kind = TEXT("new"));
}

static void apply_routed(parcel *state, const routed *event)
{
    state->route = event->stops;
    state->kind = event->kind;
}

static void apply_weighed(parcel *state, const weighed *event)
{
    state->weight = event->weight * event->scale;
}

static struct bench bench;

static void open_bench(void)
{
    bench = bench_open("parcel");
}

static void close_bench(void)
{
    bench_close(&bench);
}

TestSuite(upcast, .init = open_bench, .fini = close_bench);

static enum error apply(const char *event, uint32_t version, const char *json, struct domain_fault *fault)
{
    return aggregate_apply(bench.aggregate, slice_text(event), version, bench_data(&bench, json), fault);
}

Test(upcast, events_are_emitted_in_the_present_version)
{
    bench_run(&bench, "send", "{'to':{'street':'High St','town':'Ely'}}");
    cr_expect_eq(bench.result.events[0].schema, 3);
    cr_expect_str_eq(bench_state(&bench),
                     "{'route':[{'street':'High St','town':'Ely'},{'street':'High St','town':'Ely'}],'kind':'new',"
                     "'weight':0}");
}

Test(upcast, a_first_version_goes_through_every_step)
{
    struct domain_fault fault;
    cr_assert_eq(apply("routed", 1, "{'stop':'Mill Lane'}", &fault), 0, "%s", fault.text);
    cr_expect_str_eq(bench_state(&bench),
                     "{'route':[{'street':'Mill Lane','town':'unknown'}],'kind':'old','weight':0}");
}

Test(upcast, a_second_version_goes_through_the_last_step)
{
    struct domain_fault fault;
    cr_assert_eq(apply("routed", 2, "{'stops':['a','b']}", &fault), 0, "%s", fault.text);
    cr_expect_str_eq(bench_state(&bench),
                     "{'route':[{'street':'a','town':'unknown'},{'street':'b','town':'unknown'}],'kind':'old',"
                     "'weight':0}");
}

Test(upcast, a_present_version_goes_through_none)
{
    struct domain_fault fault;
    cr_assert_eq(apply("routed", 3, "{'stops':[]}", &fault), 0, "%s", fault.text);
    cr_expect_str_eq(bench_state(&bench), "{'route':[],'kind':'plain','weight':0}");
}

Test(upcast, a_field_with_a_fallback_may_be_added_without_a_version)
{
    struct domain_fault fault;
    cr_assert_eq(apply("weighed", 1, "{'weight':6}", &fault), 0);
    cr_expect_str_eq(bench_state(&bench), "{'route':[],'weight':42}");
}

Test(upcast, faults_name_the_version_and_change_nothing)
{
    struct domain_fault fault;
    cr_expect_eq(apply("routed", 1, "{'stops':['a']}", &fault), error_invalid_data);
    cr_expect_str_eq(fault.text, "event routed of version 1: /stops is not known here");
    cr_expect_eq(apply("routed", 4, "{}", &fault), error_unknown_event);
    cr_expect_str_eq(fault.text, "event routed has versions 1 to 3, not 4");
    cr_expect_eq(apply("routed", 2, "{'stops':[],'note':'forget'}", &fault), error_invalid_data);
    cr_expect_str_eq(fault.text, "event routed of version 3: /kind is required");
    cr_expect_eq(apply("routed", 2, "{'stops':[],'note':'explode'}", &fault), error_no_memory);
    cr_expect_eq(aggregate_version(bench.aggregate), 0);
}
