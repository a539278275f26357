/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which pages a projector plans, told as stories. */
#include <criterion/criterion.h>

#include "services/projector/core.h"

enum { PARTITIONS = 4 };

static struct core *core;
static struct core_plan plan;

static void begin(void)
{
    cr_assert(core_new(&core, PARTITIONS) == error_none);
}

static void end(void)
{
    core_free(&core);
}

TestSuite(core, .init = begin, .fini = end);

static uint32_t build(bool asked, uint64_t seq)
{
    struct checkpoint checkpoints[PARTITIONS] = {0};
    uint32_t place = UINT32_MAX;
    for (uint32_t i = 0; i < PARTITIONS; i++)
        checkpoints[i].seq = seq;
    cr_assert(core_build_add(core, &place) == error_none);
    core_build_ask(core, place, asked);
    core_build_put(core, place, checkpoints, 0);
    core_own(core, place, 1, 1);
    return place;
}

static void heads(uint64_t seq)
{
    for (uint32_t i = 0; i < PARTITIONS; i++)
        core_head(core, i, seq);
}

static void planned(uint64_t now_us)
{
    core_plan(core, now_us, &plan);
}

/* The page of a partition that begins after a seq. */
static const struct core_page *page_of(uint32_t partition, uint64_t after)
{
    for (uint32_t i = 0; i < plan.page_count; i++)
        if (plan.pages[i].partition == partition && plan.pages[i].after == after)
            return &plan.pages[i];
    return NULL;
}

static void moved_all(uint64_t seq, uint32_t place)
{
    for (uint32_t i = 0; i < PARTITIONS; i++)
        core_moved(core, place, i, seq, 0);
}

Test(core, nothing_is_planned_at_the_end_of_the_log)
{
    build(true, 7);
    heads(7);
    planned(0);
    cr_assert(plan.page_count == 0);
}

Test(core, partitions_of_others_are_left_alone)
{
    uint32_t place = build(true, 0);
    heads(5);
    core_own(core, place, 4, 0x5);
    planned(0);
    cr_assert(plan.page_count == 2 && page_of(0, 0) != NULL && page_of(2, 0) != NULL);
}

Test(core, builds_that_stand_together_share_a_page)
{
    build(true, 3);
    build(true, 3);
    build(false, 3);
    heads(10);
    planned(0);
    cr_assert(plan.page_count == PARTITIONS);
    cr_assert(page_of(1, 3)->count == 3 && page_of(1, 3)->limit == 7);
}

Test(core, a_page_ends_where_another_build_stands)
{
    build(true, 3);
    build(true, 8);
    heads(10);
    planned(0);
    cr_assert(page_of(0, 3)->limit == 5 && page_of(0, 3)->count == 1);
}

Test(core, what_catches_up_does_so_beside_the_asked)
{
    build(true, 1000000);
    build(false, 0);
    heads(1000100);
    planned(0);
    cr_assert(page_of(0, 1000000)->limit == 100);
    cr_assert(page_of(0, 0)->count == 1 && page_of(0, 0)->limit >= CORE_PAGE_RECORDS);
}

Test(core, however_much_is_asked_for_a_quarter_of_the_turn_is_left_for_what_catches_up)
{
    uint32_t behind = 0;
    build(true, 1000000);
    build(false, 0);
    heads(2000000);
    planned(0);
    for (uint32_t i = 0; i < plan.page_count; i++)
        if (plan.pages[i].after == 0)
            behind += plan.pages[i].limit;
    cr_assert(behind >= CORE_TURN_RECORDS / 4, "%u", behind);
}

Test(core, the_asked_wait_for_what_has_nearly_caught_up)
{
    build(true, 1000);
    uint32_t newer = build(false, 900);
    heads(1010);
    planned(0);
    cr_assert(plan.page_count == PARTITIONS && page_of(0, 900)->limit == 100);
    moved_all(1000, newer);
    planned(0);
    cr_assert(plan.page_count == PARTITIONS && page_of(0, 1000)->count == 2);
}

Test(core, a_partition_with_much_does_not_keep_others_waiting)
{
    build(true, 0);
    core_head(core, 0, 10000000);
    core_head(core, 3, 50);
    planned(0);
    cr_assert(page_of(3, 0) != NULL && page_of(3, 0)->limit == 50);
    cr_assert(page_of(0, 0)->limit == CORE_TURN_RECORDS / 2 && plan.more);
}

Test(core, a_halt_is_of_one_build_and_partition)
{
    uint32_t first = build(true, 3), second = build(true, 3);
    heads(10);
    core_halt(core, first, 1, 4, 0);
    planned(1);
    cr_assert(page_of(1, 3)->count == 1 && plan.members[page_of(1, 3)->first] == second);
    cr_assert(page_of(0, 3)->count == 2);
    cr_assert(core_halts(core, first) == 1 && core_halts(core, second) == 0 && core_halted(core, first, 1) == 4);
}

Test(core, a_halted_record_is_tried_alone_after_a_time_that_doubles)
{
    uint32_t place = build(true, 3);
    heads(10);
    for (uint32_t i = 1; i < PARTITIONS; i++)
        core_moved(core, place, i, 10, 0);
    uint64_t now_us = 0, wait_us = CORE_RETRY_FIRST_US;
    for (int i = 0; i < 10; i++) {
        core_halt(core, place, 0, 4, now_us);
        planned(now_us + wait_us - 1);
        cr_assert(plan.page_count == 0);
        now_us += wait_us;
        planned(now_us);
        cr_assert(plan.page_count == 1 && plan.pages[0].limit == 1);
        wait_us = 2 * wait_us < CORE_RETRY_LAST_US ? 2 * wait_us : CORE_RETRY_LAST_US;
    }
    core_moved(core, place, 0, 4, 0);
    planned(now_us);
    cr_assert(plan.pages[0].limit == 6 && core_halts(core, place) == 0);
}

Test(core, pages_end_before_a_record_that_failed)
{
    uint32_t place = build(true, 3);
    heads(10);
    core_bound(core, place, 0, 6);
    planned(0);
    cr_assert(page_of(0, 3)->limit == 3 && page_of(1, 3)->limit == 7);
    core_moved(core, place, 0, 6, 0);
    planned(0);
    cr_assert(page_of(0, 6)->limit == 4);
}

Test(core, careful_turns_have_one_page_for_one_build)
{
    build(true, 3);
    build(true, 3);
    heads(10);
    core_careful(core, 2);
    for (int i = 0; i < 2; i++) {
        planned(0);
        cr_assert(plan.page_count == 1 && plan.pages[0].count == 1);
    }
    planned(0);
    cr_assert(!core_is_careful(core) && plan.page_count == PARTITIONS);
}

Test(core, a_build_has_caught_up_when_it_stands_nowhere_behind)
{
    uint32_t live = build(true, 10), newer = build(false, 10);
    heads(12);
    core_goals_set(core);
    cr_assert(core_caught_up(core, newer, live) && !core_caught_up(core, newer, UINT32_MAX));
    core_moved(core, live, 2, 11, 0);
    cr_assert(!core_caught_up(core, newer, live));
    core_own(core, live, 4, 0xb);
    core_own(core, newer, 4, 0xb);
    cr_assert(core_caught_up(core, newer, live)); /* the rest is another projector's to say */
    cr_assert(core_lag(core, live) == 6);
}

Test(core, places_are_given_again)
{
    uint32_t first = build(true, 1);
    build(true, 2);
    core_build_remove(core, first);
    heads(5);
    planned(0);
    cr_assert(page_of(0, 2)->count == 1 && page_of(0, 1) == NULL);
    cr_assert(build(true, 3) == first);
}

Test(core, a_build_without_a_live_one_has_caught_up_when_it_is_where_the_log_was)
{
    uint32_t first = build(true, 10);
    heads(10);
    cr_assert(!core_caught_up(core, first, UINT32_MAX)); /* nobody has looked yet */
    core_goals_set(core);
    heads(12);
    cr_assert(core_caught_up(core, first, UINT32_MAX) && core_goal(core, 3) == 10);
    core_goals_set(core);
    cr_assert(!core_caught_up(core, first, UINT32_MAX));
}

Test(core, each_build_has_partitions_of_its_own)
{
    uint32_t first = build(true, 3), second = build(true, 3);
    heads(10);
    core_own(core, first, 4, 0x3);
    core_own(core, second, 4, 0x6);
    planned(0);
    cr_assert(plan.page_count == 3);
    cr_assert(page_of(0, 3)->count == 1 && page_of(1, 3)->count == 2 && page_of(2, 3)->count == 1);
    cr_assert(core_owns(core, first, 0) && !core_owns(core, second, 0) && core_held(core, second) == 0x6);
}

/* ---- bytes of a turn ---- */

/* Reads the pages of a plan whose records have so many bytes each; gives what the turn holds, and how many were read.
 */
static uint64_t turn_read(uint64_t record_bytes, uint64_t turn_bytes, uint32_t *pages)
{
    uint64_t used = 0;
    *pages = 0;
    for (uint32_t i = 0; i < plan.page_count; i++) {
        uint64_t most = core_page_bytes(&plan, i, used, turn_bytes);
        *pages += most > 0;
        for (uint32_t record = 0; record < plan.pages[i].limit && most > 0; record++) {
            used += record_bytes;
            if (used >= most)
                break;
        }
    }
    return used;
}

Test(core, a_turn_holds_no_more_than_its_bytes_and_one_record)
{
    uint32_t pages;
    build(true, 0);
    heads(100000);
    planned(0);
    cr_assert(turn_read(1000, 100000, &pages) <= 101000 && pages == PARTITIONS);
    cr_assert(turn_read(70000, 100000, &pages) == 140000 && pages == 2);
    cr_assert(turn_read(200000, 100000, &pages) == 200000 && pages == 1);
}

Test(core, pages_share_what_those_before_them_left)
{
    build(true, 0);
    heads(10);
    core_head(core, 3, 100000);
    planned(0);
    cr_assert(plan.page_count == PARTITIONS && plan.pages[3].partition == 3);
    cr_assert(core_page_bytes(&plan, 0, 0, 4000) == 1000);
    cr_assert(core_page_bytes(&plan, 3, 30, 4000) == 4000);
}

Test(core, what_catches_up_has_a_quarter_of_the_bytes)
{
    uint32_t pages;
    build(true, 1000000);
    build(false, 0);
    heads(1000010);
    planned(0);
    cr_assert(plan.asked_count == PARTITIONS && plan.page_count == 2 * PARTITIONS);
    cr_assert(core_page_bytes(&plan, 0, 0, 8000) == 1500);
    cr_assert(core_page_bytes(&plan, 3, 6000, 8000) == 0 && core_page_bytes(&plan, 4, 6000, 8000) == 6500);
    turn_read(7000, 8000, &pages);
    cr_assert(pages == 2); /* one of each */
}
