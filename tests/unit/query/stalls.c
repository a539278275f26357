/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which read models stand still: in virtual time, one look a second. */
#include "services/query/stalls.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { PARTITIONS = 3, BANK = 7, SHOP = 8, NEXT = 9, SECOND_US = 1000000 };

static struct stalls *stalls;
static uint64_t now_us;
static struct store_partition heads[PARTITIONS];
static struct checkpoint bank[PARTITIONS], shop[PARTITIONS], next[PARTITIONS];
static bool held, with_shop;
static const char *successor; /* of which projection another build is made, NULL: none */

static void begin(void)
{
    stalls = stalls_new(PARTITIONS, 10000);
    cr_assert_not_null(stalls);
    now_us = 5000 * (uint64_t)SECOND_US;
    memset(heads, 0, sizeof heads);
    memset(bank, 0, sizeof bank);
    memset(shop, 0, sizeof shop);
    memset(next, 0, sizeof next);
    successor = NULL;
    held = true;
    with_shop = false;
}

static void end(void)
{
    stalls_free(&stalls);
}

TestSuite(stalls, .init = begin, .fini = end);

static void look(void)
{
    const struct build builds[] = {{.id = BANK, .projection = slice_text("bank"), .state = BUILD_LIVE},
                                   {.id = SHOP, .projection = slice_text("shop.sales"), .state = BUILD_LIVE}};
    stalls_begin(stalls, now_us);
    stalls_look(stalls, &builds[0], bank, heads);
    if (with_shop)
        stalls_look(stalls, &builds[1], shop, heads);
    if (successor != NULL)
        stalls_look(stalls,
                    &(struct build){.id = NEXT, .projection = slice_text(successor), .state = BUILD_BUILDING},
                    next,
                    heads);
    stalls_end(stalls, held);
}

static void pass(uint32_t seconds)
{
    for (; seconds > 0; seconds--) {
        now_us += SECOND_US;
        look();
    }
}

/* The alarms, with a line's end behind each. */
static const char *said(void)
{
    static char text[2000];
    struct buffer out = {0};
    struct slice alarm;
    uint32_t count = stalls_alarms(stalls, &out);
    struct reader reader = reader_of(buffer_slice(&out));
    size_t size = 0;
    for (; count > 0; count--) {
        cr_assert_eq(reader_text(&reader, &alarm), error_none);
        size += (size_t)snprintf(text + size, sizeof text - size, "%.*s\n", (int)alarm.size, (const char *)alarm.data);
    }
    text[size] = 0;
    cr_assert(reader_done(&reader));
    buffer_fini(&out);
    return text;
}

#define STILL "projection bank stands still though the log goes on: see fluvius lag\n"
#define ALONE "no projector holds the read models: they stay as they are\n"

Test(stalls, a_partition_that_does_not_move_though_the_log_does_is_told)
{
    heads[1].head = 5;
    look();
    pass(9);
    cr_assert_str_eq(said(), "");
    pass(1);
    cr_assert_str_eq(said(), STILL);
    cr_assert(stalls->builds[0].changed && stalls->builds[0].still && stalls->builds[0].stalled == 1);
    heads[1].head = 50; /* the log goes on: it is still the same */
    pass(1);
    cr_assert_str_eq(said(), STILL);
    cr_assert_not(stalls->builds[0].changed);
    cr_assert_eq(stalls_count(stalls), 1);
}

Test(stalls, one_step_is_enough_to_end_it)
{
    heads[1].head = 500;
    look();
    pass(20);
    bank[1].seq = 1;
    pass(1);
    cr_assert_str_eq(said(), "");
    cr_assert(stalls->builds[0].changed);
    pass(9);
    cr_assert_str_eq(said(), "");
    pass(1);
    cr_assert_str_eq(said(), STILL);
}

Test(stalls, what_has_all_of_the_log_does_not_stand_still)
{
    heads[0].head = bank[0].seq = 9;
    look();
    pass(100);
    cr_assert_str_eq(said(), "");
    heads[0].head = 10; /* the time begins now */
    pass(10);
    cr_assert_str_eq(said(), "");
    pass(1);
    cr_assert_str_eq(said(), STILL);
}

Test(stalls, what_moves_elsewhere_does_not_excuse_a_partition)
{
    heads[0].head = heads[2].head = 1000;
    look();
    for (uint64_t i = 1; i <= 10; i++) {
        bank[0].seq = i;
        pass(1);
    }
    cr_assert_str_eq(said(), STILL);
}

Test(stalls, what_halts_is_told_as_that)
{
    heads[2].head = 50;
    bank[2] = (struct checkpoint){.seq = 4, .halted = 5};
    look();
    pass(30);
    cr_assert_str_eq(said(), "projection bank is halted in partition 2: see fluvius lag\n");
    cr_assert_eq(stalls_count(stalls), 0);
    bank[2].halted = 0;
    pass(1);
    cr_assert_str_eq(said(), "");
}

Test(stalls, time_in_which_nobody_looked_does_not_count)
{
    heads[0].head = 5;
    look();
    now_us += 3600 * (uint64_t)SECOND_US;
    look();
    cr_assert_str_eq(said(), "");
    pass(7); /* two seconds were counted */
    cr_assert_str_eq(said(), "");
    pass(1);
    cr_assert_str_eq(said(), STILL);
}

Test(stalls, a_build_that_is_no_more_is_forgotten)
{
    heads[0].head = bank[0].seq = 5;
    with_shop = true;
    look();
    pass(10);
    cr_assert_str_eq(said(), "projection shop.sales stands still though the log goes on: see fluvius lag\n");
    with_shop = false;
    pass(1);
    cr_assert_str_eq(said(), "");
    with_shop = true; /* the id may be another's */
    pass(10);
    cr_assert_str_eq(said(), "");
}

/* Its successor reads a record a second. */
static void build_on(uint32_t seconds)
{
    for (; seconds > 0; seconds--) {
        next[0].seq++;
        pass(1);
    }
}

Test(stalls, one_may_stand_still_while_its_successor_is_built)
{
    heads[0].head = heads[1].head = 1000;
    successor = "bank";
    look();
    build_on(30);
    cr_assert_str_eq(said(), "");
    cr_assert_eq(stalls_count(stalls), 0);
    pass(9); /* it stands still too */
    cr_assert_str_eq(said(), "");
    pass(1);
    cr_assert_str_eq(said(), STILL);
    cr_assert(stalls->builds[0].changed);
    cr_assert_eq(stalls_count(stalls), 1, "what is being built answers nobody");
    build_on(1);
    cr_assert_str_eq(said(), "");
    cr_assert(stalls->builds[0].changed);
    held = false;
    pass(10);
    cr_assert_eq(stalls_count(stalls), 1, "also when nobody holds it");
}

Test(stalls, a_successor_that_is_whole_and_does_not_go_live_excuses_nothing)
{
    heads[0].head = 5;
    next[0].seq = 5;
    successor = "bank";
    look();
    pass(10);
    cr_assert_str_eq(said(), STILL);
}

Test(stalls, the_successor_of_another_excuses_nothing)
{
    heads[0].head = 1000;
    successor = "shop.sales";
    look();
    build_on(10);
    cr_assert_str_eq(said(), STILL);
}

Test(stalls, read_models_that_no_projector_holds_are_told_also_while_the_log_rests)
{
    look();
    held = false;
    pass(9);
    cr_assert_str_eq(said(), "");
    pass(1);
    cr_assert_str_eq(said(), ALONE);
    cr_assert(stalls->alone_changed);
    cr_assert_eq(stalls_count(stalls), 1);
    held = true;
    pass(1);
    cr_assert_str_eq(said(), "");
    cr_assert(stalls->alone_changed);
    cr_assert_eq(stalls_count(stalls), 0);
}

Test(stalls, where_there_is_no_read_model_nobody_is_missed)
{
    for (int i = 0; i < 30; i++) {
        now_us += SECOND_US;
        stalls_begin(stalls, now_us);
        stalls_end(stalls, false);
    }
    cr_assert_str_eq(said(), "");
}

Test(stalls, there_is_a_bound_on_builds)
{
    for (uint32_t id = 1; id <= STALLS_BUILDS_MAX + 5; id++)
        stalls_look(stalls, &(struct build){.id = id, .projection = slice_text("p")}, bank, heads);
    cr_assert_eq(stalls->count, STALLS_BUILDS_MAX);
}
