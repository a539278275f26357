/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Failure: back-off that doubles, restarts within a window, the end. */
#include "tests/unit/libactor/runtime/world.h"

static const struct runtime_config quick = {
    .restart_delay_us = 10, .restart_delay_max_us = 35, .restarts_max = 4, .restart_window_us = 1000};

static void fail(struct world *world, int number)
{
    world_order(world, 'a', (struct order){.number = number, .action = DO_FAIL});
}

/* Runs until the actor is activated again; returns how long that took. */
static uint64_t back_off_us(struct world *world)
{
    uint64_t restarts = world_stats(world).activations, begin_us = world->now_us;
    while (world_stats(world).activations == restarts)
        world_run(world, 1);
    return world->now_us - begin_us;
}

Test(supervision, failure_loses_one_message_and_the_state)
{
    struct world *world = world_new(quick);
    fail(world, 1);
    world_send_many(world, 'a', 2, 3);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a-");
    world_run(world, 9);
    EXPECT_LOG(world, "");
    world_run(world, 1);
    EXPECT_LOG(world, "a+ a2 a3");
    cr_assert_eq(world_stats(world).restarts, 1);
    world_free(&world);
}

Test(supervision, actor_without_messages_restarts_too)
{
    struct world *world = world_new(quick);
    fail(world, 1);
    world_run(world, 0);
    cr_assert_eq(runtime_next_us(world->runtime, world->now_us), world->now_us + 10);
    world_run(world, 10);
    EXPECT_LOG(world, "a+ a1 a- a+");
    world_free(&world);
}

Test(supervision, mailbox_is_bounded_while_backing_off)
{
    struct world *world = world_new((struct runtime_config){.mailbox_messages = 1});
    fail(world, 1);
    world_run(world, 0);
    cr_assert_eq(world_send(world, 'a', 2), RUNTIME_OK);
    cr_assert_eq(world_send(world, 'a', 3), RUNTIME_FULL);
    world_free(&world);
}

Test(supervision, back_off_doubles_up_to_its_bound)
{
    struct world *world = world_new(quick);
    uint64_t expected[] = {10, 20, 35, 35};
    for (int i = 0; i < 4; i++) {
        fail(world, i);
        world_run(world, 0);
        cr_assert_eq(back_off_us(world), expected[i]);
    }
    world_free(&world);
}

Test(supervision, one_failure_too_many_stops_the_actor)
{
    struct world *world = world_new(quick);
    for (int i = 0; i < 4; i++) {
        fail(world, i);
        world_run(world, 100);
        world_run(world, 100);
    }
    world_clear_log(world);
    fail(world, 4);
    world_send_many(world, 'a', 5, 6);
    world_run(world, 0);
    EXPECT_LOG(world, "a4 a- a!5s a!6s");
    cr_assert_null(world_find(world, 'a'));
    cr_assert_eq(world_stats(world).stops, 1);
    cr_assert_eq(world_stats(world).dropped, 2);
    world_free(&world);
}

Test(supervision, activation_that_keeps_failing_stops_the_actor)
{
    struct world *world = world_new(quick);
    world->letters[0].activation = ACTIVATION_FAILS;
    world_send(world, 'a', 1);
    for (int i = 0; i < 200; i++)
        world_run(world, 1);
    EXPECT_LOG(world, "a+ a- a+ a- a+ a- a+ a- a+ a- a!1s");
    world_free(&world);
}

Test(supervision, new_window_forgives)
{
    struct world *world = world_new(quick);
    for (int i = 0; i < 20; i++) {
        fail(world, i);
        world_run(world, 0);
        cr_assert_eq(back_off_us(world), i % 4 == 0 ? 10 : i % 4 == 1 ? 20 : 35, "failure %d", i);
        if (i % 4 == 3)
            world_run(world, 1000);
    }
    cr_assert_eq(world_stats(world).stops, 0);
    world_free(&world);
}

Test(supervision, stop_drops_what_waits_and_a_later_message_makes_it_anew)
{
    struct world *world = world_new(quick);
    world_order(world, 'a', (struct order){.number = 1, .action = DO_STOP});
    world_send(world, 'a', 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a- a!2s");
    world_send(world, 'a', 3);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a3");
    world_free(&world);
}

Test(supervision, runtime_failed_fails_an_active_actor)
{
    struct world *world = world_new(quick);
    world_order(world, 'a', (struct order){.number = 1, .action = DO_WAIT});
    world_send(world, 'a', 2);
    world_run(world, 0);
    runtime_failed(world->runtime, world_find(world, 'a'));
    EXPECT_LOG(world, "a+ a1 a-");
    runtime_failed(world->runtime, world_find(world, 'a'));
    world_run(world, 10);
    EXPECT_LOG(world, "a+ a2");
    cr_assert_eq(world_stats(world).restarts, 1, "one that backs off does not fail again");
    world_free(&world);
}

Test(supervision, stop_ends_a_back_off)
{
    struct world *world = world_new(quick);
    fail(world, 1);
    world_send(world, 'a', 2);
    world_run(world, 0);
    runtime_stop(world->runtime, world_find(world, 'a'));
    EXPECT_LOG(world, "a+ a1 a- a!2s");
    cr_assert_null(world_find(world, 'a'));
    cr_assert_eq(runtime_next_us(world->runtime, world->now_us), UINT64_MAX);
    world_free(&world);
}

Test(supervision, reset_does_not_shorten_a_back_off)
{
    struct world *world = world_new(quick);
    fail(world, 1);
    world_run(world, 0);
    runtime_reset(world->runtime, world_find(world, 'a'));
    cr_assert_eq(back_off_us(world), 10);
    world_free(&world);
}

Test(supervision, huge_delays_do_not_wrap)
{
    struct world *world = world_new((struct runtime_config){
        .restart_delay_us = UINT64_MAX / 2 + 2, .restart_delay_max_us = UINT64_MAX, .restart_window_us = UINT64_MAX});
    world->now_us = 1000;
    fail(world, 1);
    world_run(world, 0);
    cr_assert_eq(runtime_next_us(world->runtime, 0), 1000 + UINT64_MAX / 2 + 2);
    world->now_us = UINT64_MAX / 2 + 1002;
    fail(world, 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a- a+ a2 a-");
    cr_assert_eq(runtime_next_us(world->runtime, 0), UINT64_MAX);
    world_free(&world);
}
