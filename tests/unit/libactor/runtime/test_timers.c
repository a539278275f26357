/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Timers: order, cancelling, what is forgotten with the actor. */
#include "tests/unit/libactor/runtime/world.h"

#include <stdio.h>

static struct world *world_with_a(struct runtime_config config)
{
    struct world *world = world_new(config);
    world_send(world, 'a', 1);
    world_run(world, 0);
    world_clear_log(world);
    return world;
}

Test(timers, fire_in_order_of_due_time_then_of_start)
{
    struct world *world = world_with_a((struct runtime_config){0});
    world_start_timer(world, 'a', 30, 30);
    world_start_timer(world, 'a', 10, 10);
    world_start_timer(world, 'a', 20, 20);
    world_start_timer(world, 'a', 10, 11);
    cr_assert_eq(runtime_next_us(world->runtime, 0), 10);
    world_run(world, 9);
    EXPECT_LOG(world, "");
    world_run(world, 1);
    EXPECT_LOG(world, "a10 a11");
    world_run(world, 100);
    EXPECT_LOG(world, "a20 a30");
    cr_assert_eq(runtime_next_us(world->runtime, 0), UINT64_MAX);
    world_free(&world);
}

Test(timers, many_fire_in_order)
{
    struct world *world = world_with_a((struct runtime_config){0});
    uint32_t random = 7;
    bool cancelled[1000] = {0};
    for (int i = 0; i < 1000; i++) {
        random = random * 1664525 + 1013904223;
        uint64_t after_us = 1 + (random >> 8) % 500;
        cr_assert_eq(world_start_timer(world, 'a', after_us, (int)after_us * 64 + i % 64), RUNTIME_OK);
        if (i % 3 == 0)
            cancelled[i] = world_cancel_timer(world, i % 64);
        cr_assert_eq(cancelled[i], i % 3 == 0);
    }
    world_clear_log(world);
    for (int due = 1; due <= 500; due++) {
        world_run(world, 1);
        const char *at = world->log;
        for (int number, size; sscanf(at, " a%d%n", &number, &size) == 1; at += size)
            cr_assert_eq(number / 64, due);
        world_clear_log(world);
    }
    cr_assert_eq(world->cancelled, 334);
    cr_assert_eq(world->received, 1 + 666);
    world_free(&world);
}

Test(timers, cancelled_one_gives_its_message_back)
{
    struct world *world = world_with_a((struct runtime_config){0});
    world_start_timer(world, 'a', 10, 2);
    cr_assert_eq(world_stats(world).messages, 1);
    cr_assert(world_cancel_timer(world, 2));
    cr_assert_eq(world_stats(world).messages, 0);
    world_run(world, 100);
    EXPECT_LOG(world, "=2");
    world_free(&world);
}

Test(timers, cancelling_one_that_fired_gives_nothing)
{
    struct world *world = world_with_a((struct runtime_config){0});
    world_start_timer(world, 'a', 10, 2);
    struct runtime_timer kept = world->timers[2];
    world_run(world, 10);
    cr_assert_not(world_cancel_timer(world, 2));
    world_start_timer(world, 'a', 10, 3); /* in the same slot */
    cr_assert_eq(world->timers[3].slot, kept.slot);
    cr_assert_null(runtime_timer_cancel(world->runtime, &kept));
    world_run(world, 10);
    EXPECT_LOG(world, "a2 a3");
    world_free(&world);
}

Test(timers, cancelling_none_gives_nothing)
{
    struct world *world = world_with_a((struct runtime_config){0});
    struct runtime_timer none = {0}, wild = {.slot = 1000000, .generation = 3};
    cr_assert_null(runtime_timer_cancel(world->runtime, &none));
    cr_assert_null(runtime_timer_cancel(world->runtime, &wild));
    world_free(&world);
}

Test(timers, one_started_in_receive_comes_later)
{
    struct world *world = world_with_a((struct runtime_config){0});
    world_order(world, 'a', (struct order){.number = 2, .action = DO_START_TIMER, .target = 'a', .amount = 5});
    world_run(world, 0);
    EXPECT_LOG(world, "a2");
    world_run(world, 5);
    EXPECT_LOG(world, "a1002");
    world_free(&world);
}

Test(timers, past_due_time_fires_in_the_next_run)
{
    struct world *world = world_with_a((struct runtime_config){0});
    world->now_us = 100;
    world_run(world, 0);
    world_start_timer(world, 'a', (uint64_t)-50, 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a2");
    world_free(&world);
}

Test(timers, are_forgotten_when_the_actor_is_passivated)
{
    struct world *world = world_with_a((struct runtime_config){.idle_us = 10});
    world_start_timer(world, 'a', 20, 2);
    world_run(world, 10);
    EXPECT_LOG(world, "a- a!2f");
    cr_assert_not(world_cancel_timer(world, 2));
    world_run(world, 100);
    EXPECT_LOG(world, "");
    world_free(&world);
}

Test(timers, are_forgotten_when_the_actor_fails)
{
    struct world *world = world_with_a((struct runtime_config){0});
    world_start_timer(world, 'a', 20, 2);
    world_order(world, 'a', (struct order){.number = 3, .action = DO_FAIL});
    world_run(world, 0);
    EXPECT_LOG(world, "a3 a- a!2f");
    world_free(&world);
}

Test(timers, are_forgotten_when_the_actor_is_stopped)
{
    struct world *world = world_with_a((struct runtime_config){0});
    world_start_timer(world, 'a', 20, 2);
    runtime_stop(world->runtime, world_find(world, 'a'));
    EXPECT_LOG(world, "a- a!2s");
    world_free(&world);
}

Test(timers, are_dropped_when_the_runtime_is_freed)
{
    struct world *world = world_with_a((struct runtime_config){0});
    world_start_timer(world, 'a', 20, 2);
    runtime_free(&world->runtime);
    EXPECT_LOG(world, "a- a!2c");
    world_free(&world);
}

Test(timers, fire_into_a_full_mailbox_and_are_bounded_with_it)
{
    struct world *world = world_with_a((struct runtime_config){.mailbox_messages = 2});
    for (int i = 2; i <= 4; i++)
        cr_assert_eq(world_start_timer(world, 'a', 10, i), RUNTIME_OK);
    world_send(world, 'a', 5);
    cr_assert_eq(world_start_timer(world, 'a', 10, 6), RUNTIME_FULL);
    world_send(world, 'a', 7);
    world_run(world, 10);
    EXPECT_LOG(world, "a?6 a5 a7 a2 a3 a4");
    world_free(&world);
}

Test(timers, bytes_count_from_the_start)
{
    struct world *world = world_with_a((struct runtime_config){.mailbox_bytes = 10});
    struct order order = {.number = 2, .action = DO_START_TIMER, .target = 'a', .amount = 10, .size = 6};
    world_order(world, 'a', order);
    world_run(world, 0);
    cr_assert_eq(world_stats(world).message_bytes, 6);
    cr_assert_eq(world_order(world, 'b', (struct order){.number = 3, .size = 5}), RUNTIME_FULL);
    world_run(world, 10);
    cr_assert_eq(world_stats(world).message_bytes, 0);
    world_free(&world);
}

Test(timers, wait_for_an_actor_that_is_activating)
{
    struct world *world = world_new((struct runtime_config){0});
    world->letters[0].activation = ACTIVATION_WAITS;
    world_send(world, 'a', 1);
    world_run(world, 0);
    world_start_timer(world, 'a', 10, 2);
    world_run(world, 20);
    world_activated(world, 'a');
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a2");
    world_free(&world);
}
