/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * States: lists and maps change as they should, nothing dangles, memory stays near what the state needs, and what
 * cannot be applied changes nothing. */
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

TestSuite(aggregate, .init = open_bench, .fini = close_bench);

static enum error apply(const char *event, const char *json)
{
    struct domain_fault fault = {{0}};
    return aggregate_apply(bench.aggregate, slice_text(event), 1, bench_data(&bench, json), &fault);
}

/* Expects a part of the state's text. */
static void expect_part(const char *part)
{
    const char *state = bench_state(&bench);
    cr_expect_not_null(strstr(state, part), "%s in %s", part, state);
}

Test(aggregate, lists_are_appended_to_changed_and_shortened)
{
    cr_assert_eq(apply("line_added", "{'line':{'sku':'a','count':1}}"), 0);
    cr_assert_eq(apply("line_added", "{'line':{'sku':'b','count':2}}"), 0);
    cr_assert_eq(apply("line_added", "{'line':{'sku':'c','count':3}}"), 0);
    cr_assert_eq(apply("line_changed", "{'place':1,'line':{'sku':'B','count':9}}"), 0);
    expect_part("'lines':[{'sku':'a','count':1},{'sku':'B','count':9},{'sku':'c','count':3}]");
    cr_assert_eq(apply("line_removed", "{'place':0}"), 0);
    expect_part("'lines':[{'sku':'B','count':9},{'sku':'c','count':3}]");
    cr_assert_eq(apply("line_removed", "{'place':1}"), 0);
    cr_assert_eq(apply("line_removed", "{'place':0}"), 0);
    expect_part("'lines':[]");
    cr_assert_eq(apply("line_added", "{'line':{'sku':'d','count':4}}"), 0);
    expect_part("'lines':[{'sku':'d','count':4}]");
}

Test(aggregate, maps_stay_sorted_and_keys_are_replaced)
{
    cr_assert_eq(apply("priced", "{'key':'m','price':1}"), 0);
    cr_assert_eq(apply("priced", "{'key':'a','price':2}"), 0);
    cr_assert_eq(apply("priced", "{'key':'z','price':3}"), 0);
    cr_assert_eq(apply("priced", "{'key':'m','price':4}"), 0);
    expect_part("'prices':{'a':2,'m':4,'z':3}");
    cr_assert_eq(apply("unpriced", "{'key':'a'}"), 0);
    cr_assert_eq(apply("unpriced", "{'key':'nothing'}"), 0);
    expect_part("'prices':{'m':4,'z':3}");
}

Test(aggregate, a_list_that_was_shared_does_not_see_later_changes)
{
    for (int round = 0; round < 6; round++)
        cr_assert_eq(apply("tagged", "{'tag':'a'}"), 0);
    cr_assert_eq(apply("tags_kept", "{}"), 0);
    cr_assert_eq(apply("tagged", "{'tag':'b'}"), 0);
    expect_part("'tags':['a','a','a','a','a','a','b'],'old_tags':['a','a','a','a','a','a']");
    cr_assert_eq(apply("tags_kept", "{}"), 0);
    cr_assert_eq(apply("tagged", "{'tag':'c'}"), 0);
    expect_part("'a','b','c'],'old_tags':['a','a','a','a','a','a','b']");
}

/* With any number of items before: some are then in room that has grown, some were compacted just now. */
Test(aggregate, two_lists_that_share_items_grow_apart)
{
    for (int before = 0; before < 40; before++) {
        aggregate_free(&bench.aggregate);
        bench.aggregate = aggregate_new(bench.resource);
        for (int i = 0; i < before; i++)
            cr_assert_eq(apply("tagged", "{'tag':'a'}"), 0);
        cr_assert_eq(apply("tags_kept", "{}"), 0);
        cr_assert_eq(apply("tagged", "{'tag':'b'}"), 0);
        cr_assert_eq(apply("old_tagged", "{'tag':'c'}"), 0);
        cr_assert_eq(apply("tagged", "{'tag':'d'}"), 0);
        cr_assert_eq(apply("old_tagged", "{'tag':'e'}"), 0);
        expect_part("'b','d'],'old_tags':[");
        expect_part("'c','e'],'prices'");
    }
}

Test(aggregate, what_cannot_be_applied_changes_nothing)
{
    char before[2000];
    struct domain_fault fault;
    cr_assert_eq(apply("line_added", "{'line':{'sku':'a','count':1}}"), 0);
    cr_assert_eq(apply("noted", "{'note':'kept'}"), 0);
    strcpy(before, bench_state(&bench));
    cr_expect_eq(apply("line_removed", "{'place':1}"), error_invalid_data);
    cr_expect_eq(apply("line_removed", "{'place':-1}"), error_invalid_data);
    cr_expect_eq(apply("line_changed", "{'place':5,'line':{'sku':'b','count':1}}"), error_invalid_data);
    cr_expect_eq(apply("noted", "{'note':5}"), error_invalid_data);
    cr_expect_eq(apply("noted", "{'note':'x','more':1}"), error_invalid_data);
    cr_expect_eq(apply("line_added", "{}"), error_invalid_data);
    cr_expect_eq(apply("filled", "{'items':100000000,'with':'x'}"), error_no_memory);
    cr_expect_eq(apply("unheard_of", "{}"), error_unknown_event);
    cr_expect_eq(aggregate_apply(bench.aggregate, slice_text("noted"), 2, bench_data(&bench, "{}"), &fault),
                 error_unknown_event);
    cr_expect_str_eq(fault.text, "event noted has versions 1 to 1, not 2");
    cr_expect_eq(aggregate_apply(bench.aggregate, slice_text("noted"), 0, bench_data(&bench, "{}"), &fault),
                 error_unknown_event);
    cr_expect_eq(
        aggregate_apply(bench.aggregate, slice_text("line_removed"), 1, bench_data(&bench, "{'place':7}"), &fault),
        error_invalid_data);
    cr_expect_str_eq(fault.text, "event line_removed: remove_at beyond the end of a list");
    cr_expect_eq(aggregate_apply(bench.aggregate, slice_text("line_added"), 1, bench_data(&bench, "{}"), &fault),
                 error_invalid_data);
    cr_expect_str_eq(fault.text, "event line_added of version 1: /line is required");
    cr_expect_str_eq(bench_state(&bench), before);
    cr_expect_eq(aggregate_version(bench.aggregate), 2);
}

Test(aggregate, limits_that_were_tightened_do_not_hold_for_the_past)
{
    cr_expect_eq(apply("line_added", "{'line':{'sku':'a','count':-7}}"), 0);
    expect_part("'count':-7");
}

Test(aggregate, a_map_holds_1024_entries_and_no_more)
{
    char json[60];
    for (int i = 0; i <= 1024; i++) {
        snprintf(json, sizeof json, "{'key':'k%d','price':%d}", i, i);
        cr_assert_eq(apply("priced", json), i < 1024 ? 0 : error_invalid_data);
    }
    cr_expect_eq(apply("priced", "{'key':'k5','price':0}"), 0);
}

Test(aggregate, a_state_that_cannot_be_written_says_so)
{
    struct buffer out = {0};
    cr_assert_eq(apply("noted", "{'note':'x'}"), 0);
    cr_assert_eq(apply("divided", "{}"), 0);
    write_nil(&out);
    cr_expect_eq(aggregate_encode(bench.aggregate, &out), error_invalid_data);
    cr_expect_eq(out.size, 1);
    for (int i = 0; i < 1000; i++) /* and it lives on, only without compaction */
        cr_assert_eq(apply("noted", "{'note':'a note that is long enough to be garbage'}"), 0);
    buffer_fini(&out);
}

Test(aggregate, memory_stays_near_what_the_state_needs)
{
    size_t most = 0;
    for (int i = 0; i < 20000; i++) {
        char json[100];
        snprintf(json, sizeof json, "{'note':'note %d of those that replace each other'}", i);
        cr_assert_eq(apply("noted", json), 0);
        if (aggregate_bytes(bench.aggregate) > most)
            most = aggregate_bytes(bench.aggregate);
    }
    expect_part("'note':'note 19999 of those that replace each other'");
    cr_expect_lt(most, 1400, "%zu", most);
}

Test(aggregate, what_is_kept_survives_compaction)
{
    char expected[600] = "'tags':[";
    for (int i = 0; i < 30; i++) {
        char json[60];
        snprintf(json, sizeof json, "{'tag':'tag-%d'}", i);
        cr_assert_eq(apply("tagged", json), 0);
        snprintf(expected + strlen(expected), 20, "%s'tag-%d'", i > 0 ? "," : "", i);
        for (int j = 0; j < 30; j++)
            cr_assert_eq(apply("noted", "{'note':'garbage that makes the arena grow until it is compacted'}"), 0);
    }
    strcat(expected, "]");
    expect_part(expected);
}

Test(aggregate, a_long_list_is_appended_to_in_linear_memory)
{
    for (int i = 0; i < 20000; i++)
        cr_assert_eq(apply("tagged", "{'tag':'x'}"), 0);
    /* 16 bytes an item and one of text; compaction holds it below twice that and some */
    cr_expect_lt(aggregate_bytes(bench.aggregate), 20000 * 17 * 3);
    cr_expect_eq(aggregate_version(bench.aggregate), 20000);
}

Test(aggregate, replay_and_restore_lead_to_the_same_bytes)
{
    static const char *const events[][2] = {{"line_added", "{'line':{'sku':'a','count':1}}"},
                                            {"tagged", "{'tag':'red'}"},
                                            {"priced", "{'key':'b','price':2}"},
                                            {"priced", "{'key':'a','price':1}"},
                                            {"tags_kept", "{}"},
                                            {"line_added", "{'line':{'sku':'b','count':2}}"},
                                            {"line_removed", "{'place':0}"},
                                            {"noted", "{'note':'done'}"}};
    struct buffer live = {0}, restored = {0};
    struct aggregate *copy = aggregate_new(bench.resource);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct domain_fault fault;
        cr_assert_eq(apply(events[i][0], events[i][1]), 0);
        /* the copy goes through a snapshot after each event */
        struct slice data = bench_data(&bench, events[i][1]);
        cr_assert_eq(aggregate_apply(copy, slice_text(events[i][0]), 1, data, &fault), 0);
        buffer_clear(&restored);
        cr_assert_eq(aggregate_encode(copy, &restored), 0);
        cr_assert_eq(aggregate_restore(copy, buffer_slice(&restored), i + 1), 0);
    }
    cr_assert_eq(aggregate_encode(bench.aggregate, &live), 0);
    cr_expect(slice_equal(buffer_slice(&live), buffer_slice(&restored)));
    aggregate_free(&copy);
    buffer_fini(&live);
    buffer_fini(&restored);
}

Test(aggregate, an_empty_state_owns_no_memory)
{
    struct buffer state = {0};
    size_t before = aggregate_bytes(bench.aggregate);
    cr_assert_eq(aggregate_encode(bench.aggregate, &state), 0);
    cr_assert_eq(aggregate_restore(bench.aggregate, buffer_slice(&state), 1), 0);
    cr_expect_eq(aggregate_bytes(bench.aggregate), before);
    buffer_fini(&state);
}

Test(aggregate, free_is_safe_twice)
{
    aggregate_free(&bench.aggregate);
    cr_expect_null(bench.aggregate);
    aggregate_free(&bench.aggregate);
}
