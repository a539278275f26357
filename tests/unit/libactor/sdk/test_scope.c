/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Scopes: which aggregates are of one, by fields of every kind, and what no scope can say. */
#include "bench.h"

#include "zoo.h"

static struct bench bench;
static struct data_faults faults;

static void open_bench(void)
{
    bench = bench_open("big-cage");
}

static void close_bench(void)
{
    bench_close(&bench);
}

TestSuite(scope, .init = open_bench, .fini = close_bench);

static void fill(void)
{
    bench_run(&bench,
              "set-one",
              "{'flag':true,'number':7,'ratio':0.5,'price':'12.50','words':'true','blob':'AAE','key':"
              "'01234567-89AB-4def-8123-456789abcdef','moment':'2026-01-31T12:00:00Z','day':'2026-01-31','paint':"
              "'light-blue','spot':{'x':1,'label':'here'}}");
}

/* 1: of it, 0: not, -1: faults say why nothing is. */
static int judge(const char *scope)
{
    struct stream stream = {slice_text("home"), slice_text("zoo"), slice_text("big-cage"), slice_text("a-1")};
    bool inside = false;
    enum error error = aggregate_in_scope(bench.aggregate, &stream, bench_data(&bench, scope), &inside, &faults);
    cr_assert(error == error_none || error == error_invalid_data);
    cr_assert_eq(error == error_invalid_data, faults.count > 0);
    return error == error_none ? inside : -1;
}

static void expect_fault(const char *scope, const char *path, const char *code)
{
    cr_expect_eq(judge(scope), -1, "%s", scope);
    cr_expect_eq(faults.count, 1, "%s", scope);
    cr_expect_str_eq(faults.items[0].path, path);
    cr_expect_str_eq(faults.items[0].code, code, "%s: %s", scope, faults.items[0].code);
}

Test(scope, fields_of_every_kind_are_compared_by_value)
{
    static const char *const same[] = {
        "{'flag':'true'}",
        "{'number':'7'}",
        "{'ratio':'0.5'}",
        "{'ratio':'5e-1'}",
        "{'price':'12.5'}",
        "{'words':'true'}",
        "{'blob':'AAE='}",
        "{'key':'01234567-89ab-4def-8123-456789ABCDEF'}",
        "{'moment':'2026-01-31T13:00:00+01:00'}",
        "{'day':'2026-01-31'}",
        "{'paint':'light-blue'}",
        "{'spot.x':'1'}",
        "{'spot.label':'here'}",
    };
    static const char *const other[] = {
        "{'flag':'false'}",
        "{'number':'8'}",
        "{'ratio':'0.25'}",
        "{'price':'12.51'}",
        "{'words':'TRUE'}",
        "{'words':''}",
        "{'blob':'AAI'}",
        "{'blob':''}",
        "{'key':'01234567-89ab-4def-8123-456789abcdee'}",
        "{'moment':'2026-01-31T12:00:00.000001Z'}",
        "{'day':'2026-02-01'}",
        "{'paint':'red'}",
        "{'spot.x':'2'}",
        "{'spot.label':'her'}",
    };
    fill();
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        cr_expect_eq(judge(same[i]), 1, "%s", same[i]);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        cr_expect_eq(judge(other[i]), 0, "%s", other[i]);
}

Test(scope, all_that_it_says_must_hold)
{
    fill();
    cr_expect_eq(judge("{}"), 1);
    cr_expect_eq(judge("{'number':'7','flag':'true'}"), 1);
    cr_expect_eq(judge("{'number':'7','flag':'false'}"), 0);
    cr_expect_eq(judge("{'number':'8','flag':'true'}"), 0);
}

Test(scope, identifier_and_realm_are_the_streams)
{
    fill();
    cr_expect_eq(judge("{'_id':'a-1','_realm':'home'}"), 1);
    cr_expect_eq(judge("{'_id':'a-2'}"), 0);
    cr_expect_eq(judge("{'_realm':'away'}"), 0);
    expect_fault("{'_creator':'ann'}", "/scope/_creator", "unknown_field");
}

Test(scope, what_has_no_value_is_equal_to_none)
{
    bench_run(&bench, "set_maybe", "{}");
    cr_expect_eq(judge("{'number':'0'}"), 0);
    cr_expect_eq(judge("{'flag':'false'}"), 0);
    cr_expect_eq(judge("{'words':''}"), 0);
    cr_expect_eq(judge("{'blob':''}"), 0);
    cr_expect_eq(judge("{'paint':'red'}"), 0);
    cr_expect_eq(judge("{'spot.x':'0'}"), 0);
    cr_expect_eq(judge("{'steps':'1'}"), 1);
}

Test(scope, what_has_no_events_is_of_none)
{
    cr_expect_eq(judge("{'steps':'0'}"), 0);
    cr_expect_eq(judge("{}"), 0);
    expect_fault("{'nothing':'1'}", "/scope/nothing", "unknown_field");
}

Test(scope, faults_name_the_field_whatever_the_state)
{
    fill();
    expect_fault("{'nothing':'1'}", "/scope/nothing", "unknown_field");
    expect_fault("{'spot':'1'}", "/scope/spot", "unknown_field");
    expect_fault("{'spot.z':'1'}", "/scope/spot.z", "unknown_field");
    expect_fault("{'number.x':'1'}", "/scope/number.x", "unknown_field");
    expect_fault("{'spot.x.y':'1'}", "/scope/spot.x.y", "unknown_field");
    expect_fault("{'spots.x':'1'}", "/scope/spots.x", "unknown_field");
    expect_fault("{'':'1'}", "/scope/", "unknown_field");
    expect_fault("{'tags':'a'}", "/scope/tags", "expected_list");
    expect_fault("{'number_of':'a'}", "/scope/number_of", "expected_map");
    expect_fault("{'spots':'a'}", "/scope/spots", "expected_list");
    expect_fault("{'flag':'1'}", "/scope/flag", "expected_boolean");
    expect_fault("{'flag':'[true]'}", "/scope/flag", "expected_boolean");
    expect_fault("{'flag':'true false'}", "/scope/flag", "expected_boolean");
    expect_fault("{'number':'seven'}", "/scope/number", "expected_integer");
    expect_fault("{'number':'9223372036854775808'}", "/scope/number", "above_maximum");
    expect_fault("{'ratio':'much'}", "/scope/ratio", "expected_number");
    expect_fault("{'price':'1.001'}", "/scope/price", "too_many_places");
    expect_fault("{'key':'a'}", "/scope/key", "expected_uuid");
    expect_fault("{'blob':'!'}", "/scope/blob", "expected_bytes");
    expect_fault("{'moment':'noon'}", "/scope/moment", "expected_timestamp");
    expect_fault("{'day':'monday'}", "/scope/day", "expected_date");
    expect_fault("{'paint':'mauve'}", "/scope/paint", "not_in_enum");
    expect_fault("{'number':7}", "/scope/number", "expected_text");
    expect_fault("[]", "/scope", "expected_map");
    cr_expect_eq(judge("{'number':'x','flag':'x','steps':'1'}"), -1);
    cr_expect_eq(faults.count, 2);
}
