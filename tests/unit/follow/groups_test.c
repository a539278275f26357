/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * When consumer groups are said to be silent. */
#include "services/follow/groups.h"

#include "proto/json.h"
#include "tests/unit/follow/log.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SECOND UINT64_C(1000000)

static struct group_watch *watch;

static void begin(void)
{
    log_begin(4);
    struct store_info log = {.partitions = PARTITIONS, .units = 1, .incarnation = INCARNATION};
    watch = group_watch_new(&log, log_source(), NULL);
}

static void end(void)
{
    group_watch_free(&watch);
    log_end();
}

TestSuite(groups, .init = begin, .fini = end);

/* One group whose checkpoint in partition 0 is this, at a time of both clocks. */
static void look(const char *select, int checkpoint, bool halted, uint64_t now_us)
{
    char json[512];
    struct buffer row = {0};
    struct json_fault fault;
    snprintf(json,
             sizeof json,
             "{\"_id\":\"g\",\"_realm\":\"default\",\"exists\":true,\"silence_ms\":10000,\"select\":%s,"
             "\"partitions\":[{\"checkpoint\":%d,\"halted\":%s}]}",
             select,
             checkpoint,
             halted ? "true" : "false");
    cr_assert_eq(json_to_msgpack(slice_text(json), &row, &fault), error_none);
    group_watch_begin(watch);
    group_watch_look(watch, buffer_slice(&row), 1, (int64_t)now_us, now_us);
    group_watch_end(watch);
    buffer_fini(&row);
}

static const char *alarm(void)
{
    static char text[256];
    struct buffer out = {0};
    struct slice said = {0};
    text[0] = 0;
    if (group_watch_alarms(watch, &out) > 0) {
        struct reader reader = reader_of(buffer_slice(&out));
        cr_assert_eq(reader_text(&reader, &said), error_none);
        snprintf(text, sizeof text, "%.*s", (int)said.size, said.data);
    }
    buffer_fini(&out);
    return text;
}

#define SILENT "consumer group g of realm default is silent: records wait and nothing is acknowledged"

Test(groups, one_with_nothing_to_do_is_never_silent)
{
    for (uint64_t second = 1; second < 100; second++)
        look("{}", 0, false, second * SECOND);
    cr_expect_str_eq(alarm(), "");
}

Test(groups, one_whose_records_wait_for_too_long_is_silent_until_it_acknowledges)
{
    add(0, "bank.account/a", "opened", SECOND);
    look("{}", 0, false, 2 * SECOND);
    look("{}", 0, false, 12 * SECOND);
    cr_expect_str_eq(alarm(), "");
    look("{}", 0, false, 13 * SECOND);
    cr_expect_str_eq(alarm(), SILENT);
    look("{}", 1, false, 14 * SECOND);
    cr_expect_str_eq(alarm(), "");
}

Test(groups, one_that_moves_is_not_silent_however_far_it_is_behind)
{
    for (uint32_t i = 0; i < 100; i++)
        add(0, "bank.account/a", "deposited", SECOND);
    for (int i = 0; i < 50; i++)
        look("{}", i, false, (uint64_t)(i + 1) * 9 * SECOND);
    cr_expect_str_eq(alarm(), "");
}

Test(groups, what_it_does_not_select_does_not_wait_for_it)
{
    for (uint32_t i = 0; i < 10000; i++)
        add(0, "bank.account/a", "deposited", SECOND);
    add(0, "fluvius.group/g", "joined", SECOND);
    for (uint64_t second = 2; second < 60; second++)
        look("{\"types\":[\"opened\"]}", 0, false, second * SECOND);
    cr_expect_str_eq(alarm(), "");
    cr_expect_leq(rows_taken(), 10001, "each record is looked at once");
    add(0, "bank.account/a", "opened", 50 * SECOND);
    look("{\"types\":[\"opened\"]}", 0, false, 61 * SECOND);
    cr_expect_str_eq(alarm(), SILENT);
}

Test(groups, one_that_halts_says_where)
{
    look("{}", 0, true, SECOND);
    cr_expect_str_eq(alarm(),
                     "consumer group g of realm default halts in 1 partitions, 0 first: its dead letters are full");
}

Test(groups, one_that_was_removed_is_forgotten)
{
    look("{}", 0, true, SECOND);
    group_watch_begin(watch);
    group_watch_end(watch);
    cr_expect_str_eq(alarm(), "");
    cr_expect_eq(group_watch_count(watch), 0);
}

Test(groups, a_look_that_is_given_up_forgets_nothing)
{
    look("{}", 0, true, SECOND);
    group_watch_begin(watch);
    cr_expect_eq(group_watch_count(watch), 1);
    look("{}", 0, true, 2 * SECOND);
    cr_expect_eq(group_watch_count(watch), 1);
}

Test(groups, a_partition_that_is_written_to_all_the_time_does_not_hide_the_others)
{
    add(1, "bank.account/b", "opened", SECOND);
    for (uint64_t second = 2; second < 15; second++) {
        for (uint32_t i = 0; i < 4200; i++)
            add(0, "bank.account/a", "deposited", second * SECOND);
        look("{\"types\":[\"opened\"]}", 0, false, second * SECOND);
    }
    cr_expect_str_eq(alarm(), SILENT);
}

/* That many groups are watched; of one more it is said that nobody looks. */
Test(groups, more_than_can_be_watched_are_an_alarm)
{
    enum { MANY = 4097 };
    struct buffer rows = {0};
    struct json_fault fault;
    for (int i = 0; i < MANY; i++) {
        char json[128];
        snprintf(json, sizeof json, "{\"_id\":\"g%d\",\"_realm\":\"default\",\"exists\":true}", i);
        cr_assert_eq(json_to_msgpack(slice_text(json), &rows, &fault), error_none);
    }
    for (int round = 0; round < 2; round++) {
        group_watch_begin(watch);
        group_watch_look(watch, buffer_slice(&rows), MANY - round, SECOND, SECOND);
        group_watch_end(watch);
        cr_expect_eq(group_watch_count(watch), 4096);
        cr_expect_str_eq(alarm(),
                         round == 0 ? "more than 4096 consumer groups: what becomes of the others is not watched" : "");
    }
    buffer_fini(&rows);
}
