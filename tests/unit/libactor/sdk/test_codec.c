/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values of every kind and shape go in, come out in their one canonical form, and survive encode and restore. */
#include "bench.h"

#include "zoo.h"

#define ONE                                                                                                            \
    "{'flag':true,'number':-5,'ratio':0.5,'price':'12.50','words':'h\\u00e9','blob':'AQID',"                           \
    "'key':'00112233-4455-6677-8899-aabbccddeeff','moment':'2026-07-31T12:00:00.000001Z','day':'2024-02-29',"          \
    "'paint':'light-blue','spot':{'x':1,'y':2,'label':'here'}}"

static void expect_event(struct bench *bench, const char *command, const char *json, const char *event)
{
    bench_decide(bench, command, json);
    cr_assert_eq(bench->result.outcome,
                 DECISION_ACCEPTED,
                 "%s: %s at %s",
                 json,
                 bench->result.faults.items[0].code,
                 bench->result.faults.items[0].path);
    cr_expect_str_eq(bench_text(bench, bench->result.events[0].data), event);
}

Test(codec, every_kind_comes_out_as_it_went_in)
{
    struct bench bench = bench_open("big-cage");
    expect_event(&bench,
                 "set-one",
                 ONE,
                 "{'flag':true,'number':-5,'ratio':0.5,'price':'12.50','words':'h\xc3\xa9','blob':'AQID',"
                 "'key':'00112233-4455-6677-8899-aabbccddeeff','moment':'2026-07-31T12:00:00.000001Z',"
                 "'day':'2024-02-29','paint':'light-blue','spot':{'x':1,'y':2,'label':'here'}}");
    bench_close(&bench);
}

Test(codec, other_forms_of_a_value_become_the_canonical_one)
{
    struct bench bench = bench_open("big-cage");
    expect_event(&bench, "set_maybe", "{'number':'-9223372036854775808'}", "{'number':-9223372036854775808}");
    expect_event(&bench, "set_maybe", "{'number':7.0}", "{'number':7}");
    expect_event(&bench, "set_maybe", "{'ratio':3}", "{'ratio':3.0}");
    expect_event(&bench, "set_maybe", "{'price':3}", "{'price':'3.00'}");
    expect_event(&bench, "set_maybe", "{'price':'-0.5000'}", "{'price':'-0.50'}");
    expect_event(&bench, "set_maybe", "{'blob':'_-8='}", "{'blob':'_-8'}");
    expect_event(&bench, "set_maybe", "{'blob':'/+8='}", "{'blob':'_-8'}");
    expect_event(&bench,
                 "set_maybe",
                 "{'key':'00112233-4455-6677-8899-AABBCCDDEEFF'}",
                 "{'key':'00112233-4455-6677-8899-aabbccddeeff'}");
    expect_event(
        &bench, "set_maybe", "{'moment':'2026-07-31t14:30:00.5+02:30'}", "{'moment':'2026-07-31T12:00:00.500000Z'}");
    expect_event(&bench, "set_maybe", "{'words':null,'spot':{'x':1,'y':null}}", "{'spot':{'x':1}}");
    bench_close(&bench);
}

Test(codec, a_uuid_also_travels_as_sixteen_bytes)
{
    struct bench bench = bench_open("big-cage");
    struct buffer data = {0};
    write_map(&data, 1);
    write_string(&data, "key");
    write_bytes(&data, slice_of("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16));
    bench_decide_raw(&bench, "set_maybe", buffer_slice(&data));
    cr_assert_eq(bench.result.outcome, DECISION_ACCEPTED);
    cr_expect_str_eq(bench_text(&bench, bench.result.events[0].data), "{'key':'00010203-0405-0607-0809-0a0b0c0d0e0f'}");
    buffer_fini(&data);
    bench_close(&bench);
}

Test(codec, empty_is_not_absent)
{
    struct bench bench = bench_open("big-cage");
    bench_run(&bench, "set_maybe", "{'words':'','blob':''}");
    const char *state = bench_state(&bench);
    cr_expect_not_null(strstr(state, "'words':'','blob':''"), "%s", state);
    bench_run(&bench, "set_maybe", "{}");
    state = bench_state(&bench);
    cr_expect_null(strstr(state, "'words'"), "%s", state);
    bench_close(&bench);
}

Test(codec, fields_keep_their_order_whatever_order_they_come_in)
{
    struct bench bench = bench_open("big-cage");
    expect_event(&bench,
                 "set_maybe",
                 "{'spot':{'label':'a','x':9},'day':'2026-01-01','flag':false}",
                 "{'flag':false,'day':'2026-01-01','spot':{'x':9,'label':'a'}}");
    bench_close(&bench);
}

#define LISTS                                                                                                          \
    "{'flags':[true,false],'numbers':[1,-1,9223372036854775807],'ratios':[0.1,-2.0],'prices':['1.500'],"               \
    "'tags':['a','','c'],'blobs':['AA',''],'keys':['00112233-4455-6677-8899-aabbccddeeff'],"                           \
    "'moments':['1969-12-31T23:59:59.999999Z'],'days':['0001-01-01','9999-12-31'],'paints':['red','light-blue'],"      \
    "'spots':[{'x':1},{'x':2,'y':3}]}"
#define MAPS                                                                                                           \
    "{'flag_of':{'a':true},'number_of':{'a':1,'b':2},'ratio_of':{'x':1.5},'price_of':{'y':'-0.5'},"                    \
    "'words_of':{'k':'v'},'blob_of':{'b':'AQ'},'key_of':{'k':'00112233-4455-6677-8899-aabbccddeeff'},"                 \
    "'moment_of':{'m':'2026-01-01T00:00:00.000000Z'},'day_of':{'d':'2026-01-01'},'paint_of':{'p':'red'},"              \
    "'spot_of':{'s':{'x':1}}}"

Test(codec, lists_and_maps_of_every_kind_come_out_as_they_went_in)
{
    struct bench bench = bench_open("big-cage");
    expect_event(&bench, "set_lists", LISTS, LISTS);
    expect_event(&bench, "set_maps", MAPS, MAPS);
    bench_close(&bench);
}

Test(codec, maps_are_sorted_bytewise)
{
    struct bench bench = bench_open("big-cage");
    expect_event(&bench,
                 "set_maps",
                 "{'number_of':{'b':2,'\\u00e9':3,'ab':4,'a':1,'Z':0}}",
                 "{'flag_of':{},'number_of':{'Z':0,'a':1,'ab':4,'b':2,'\xc3\xa9':3},'ratio_of':{},'price_of':{},"
                 "'words_of':{},'blob_of':{},'key_of':{},'moment_of':{},'day_of':{},'paint_of':{},'spot_of':{}}");
    bench_close(&bench);
}

Test(codec, empty_lists_are_kept)
{
    struct bench bench = bench_open("big-cage");
    expect_event(&bench,
                 "set_lists",
                 "{}",
                 "{'flags':[],'numbers':[],'ratios':[],'prices':[],'tags':[],'blobs':[],'keys':[],'moments':[],"
                 "'days':[],'paints':[],'spots':[]}");
    bench_close(&bench);
}

Test(codec, events_are_the_bytes_that_are_promised)
{
    struct bench bench = bench_open("big-cage");
    bench_decide(&bench, "set_maybe", "{'number':200,'ratio':1,'words':'a'}");
    struct slice data = bench.result.events[0].data;
    static const char expected[] = "\x83\xa6number\xcc\xc8\xa5ratio\xcb\x3f\xf0\0\0\0\0\0\0\xa5words\xa1"
                                   "a";
    cr_assert_eq(data.size, sizeof expected - 1);
    cr_assert_arr_eq(data.data, expected, sizeof expected - 1);
    bench_close(&bench);
}

Test(codec, a_restored_state_encodes_to_the_same_bytes)
{
    struct bench bench = bench_open("big-cage");
    struct buffer first = {0}, second = {0};
    bench_run(&bench, "set-one", ONE);
    bench_run(&bench, "set_lists", LISTS);
    bench_run(&bench, "set_maps", MAPS);
    cr_assert_eq(aggregate_encode(bench.aggregate, &first), 0);
    struct aggregate *copy = aggregate_new(bench.resource);
    cr_assert_eq(aggregate_restore(copy, buffer_slice(&first), 3), 0);
    cr_assert_eq(aggregate_version(copy), 3);
    cr_assert_eq(aggregate_encode(copy, &second), 0);
    cr_assert(slice_equal(buffer_slice(&first), buffer_slice(&second)));
    aggregate_free(&copy);
    buffer_fini(&first);
    buffer_fini(&second);
    bench_close(&bench);
}

Test(codec, a_state_of_another_shape_is_refused_and_changes_nothing)
{
    struct bench bench = bench_open("big-cage");
    bench_run(&bench, "set_maybe", "{'words':'before'}");
    char before[4000];
    strcpy(before, bench_state(&bench));
    cr_expect_eq(aggregate_restore(bench.aggregate, bench_data(&bench, "{'steps':1,'strange':2}"), 9),
                 error_invalid_data);
    cr_expect_eq(aggregate_restore(bench.aggregate, bench_data(&bench, "{'number':'x'}"), 9), error_invalid_data);
    cr_expect_eq(aggregate_restore(bench.aggregate, bench_data(&bench, "[]"), 9), error_invalid_data);
    cr_expect_eq(aggregate_restore(bench.aggregate, slice_of("\x81\xa1", 2), 9), error_invalid_data);
    cr_expect_eq(aggregate_restore(bench.aggregate, slice_of(NULL, 0), 9), error_invalid_data);
    cr_expect_str_eq(bench_state(&bench), before);
    cr_expect_eq(aggregate_version(bench.aggregate), 1);
    bench_close(&bench);
}
