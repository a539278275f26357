/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whose turn it is among requests for what was: new ones, those that have begun, and those that must begin anew. */
#include "services/query/turns.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct turns t;

static void begin(void)
{
    t = (struct turns){0};
}

static void end(void)
{
    turns_fini(&t);
}

TestSuite(turns, .init = begin, .fini = end);

/* Jobs are told apart by when they came. */
static void add(uint64_t came_us)
{
    struct query_job *job = calloc(1, sizeof *job);
    cr_assert_not_null(job);
    job->came_us = came_us;
    turns_add(&t, job);
}

/* The next one has its turn; answered, or else it comes back. */
static uint64_t turn(bool answered)
{
    struct query_job *job = turns_take(&t);
    uint64_t came_us = job == NULL ? 0 : job->came_us;
    if (answered)
        job_free(&job);
    else if (job != NULL)
        turns_back(&t, job);
    return came_us;
}

/* One comes, and its turn does not answer it. */
static void add_long(uint64_t came_us)
{
    add(came_us);
    while (turn(false) != came_us)
        ;
}

Test(turns, new_ones_are_taken_in_order)
{
    for (uint64_t i = 1; i <= 3; i++)
        add(i);
    for (uint64_t i = 1; i <= 3; i++)
        cr_assert_eq(turn(true), i);
    cr_assert_eq(turn(true), 0);
}

Test(turns, long_ones_take_turns_with_each_other)
{
    add_long(1);
    add_long(2);
    uint64_t last = turn(false);
    for (int i = 0; i < 10; i++) {
        uint64_t now = turn(false);
        cr_assert_neq(now, last);
        last = now;
    }
}

Test(turns, a_new_one_waits_for_one_turn_of_a_long_one)
{
    for (uint64_t i = 1; i <= TURNS_BEGUN; i++)
        add_long(i);
    for (uint64_t i = 100; i < 120; i++) {
        add(i);
        if (turn(false) != i)
            cr_assert_eq(turn(true), i);
    }
}

Test(turns, long_ones_get_every_other_turn_however_many_come)
{
    uint32_t turns = 0;
    add_long(1);
    for (uint64_t i = 0; i < 100; i++) {
        add(100 + i);
        add(200 + i);
        struct query_job *job = turns_take(&t);
        turns += job->came_us == 1;
        if (job->came_us == 1)
            turns_back(&t, job);
        else
            job_free(&job);
    }
    cr_assert_geq(turns, 49);
}

Test(turns, no_more_than_so_many_keep_what_they_have_begun)
{
    uint32_t answered = 0;
    for (uint64_t i = 1; i <= 3 * TURNS_BEGUN; i++) {
        add(i);
        turn(false);
        cr_assert_leq(t.begun_count, TURNS_BEGUN);
    }
    while (turn(true) != 0)
        answered++;
    cr_assert_eq(answered, 3 * TURNS_BEGUN, "none is forgotten");
}

Test(turns, who_had_no_room_begins_when_there_is_some)
{
    for (uint64_t i = 1; i <= TURNS_BEGUN + 1; i++)
        add_long(i);
    cr_assert_eq(t.begun_count, TURNS_BEGUN);
    cr_assert_eq(t.later.first->came_us, TURNS_BEGUN + 1);
    cr_assert_neq(turn(true), TURNS_BEGUN + 1, "one that has begun is answered");
    cr_assert_eq(turn(false), TURNS_BEGUN + 1);
    cr_assert_null(t.later.first);
    cr_assert_eq(t.begun_count, TURNS_BEGUN);
}
