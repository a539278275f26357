/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The schedule: fair turns in bounded batches, the budget, the same calls giving the same run. */
#include "tests/unit/libactor/runtime/world.h"

#include <string.h>

Test(schedule, flooded_actor_holds_others_up_for_one_batch)
{
    struct world *world = world_new((struct runtime_config){.batch_messages = 4});
    world_send_many(world, 'a', 1, 10);
    world_send(world, 'b', 11);
    world_send(world, 'c', 12);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a2 a3 b+ b11 c+ c12 a4 a5 a6 a7 a8 a9 a10");
    world_free(&world);
}

Test(schedule, actor_that_sends_to_itself_does_not_starve_others)
{
    struct world *world = world_new((struct runtime_config){.batch_messages = 2});
    world_order(world, 'a', (struct order){.number = 1, .action = DO_SEND, .target = 'a'});
    world_order(world, 'a', (struct order){.number = 2, .action = DO_SEND, .target = 'a'});
    world_send(world, 'b', 3);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 b+ b3 a2 a1001 a1002");
    world_free(&world);
}

Test(schedule, actors_run_in_the_order_they_got_work)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'c', 1);
    world_send(world, 'a', 2);
    world_send(world, 'b', 3);
    world_send(world, 'c', 4);
    world_run(world, 0);
    EXPECT_LOG(world, "c+ c1 c4 a+ a2 b+ b3");
    world_free(&world);
}

Test(schedule, budget_ends_a_run_and_the_next_goes_on)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send_many(world, 'a', 1, 3);
    world_send(world, 'b', 4);
    cr_assert_eq(world_run_some(world, 3), 2);
    EXPECT_LOG(world, "a+ a1 a2");
    cr_assert_eq(runtime_next_us(world->runtime, 77), 77);
    cr_assert_eq(world_run_some(world, 3), 2);
    EXPECT_LOG(world, "b+ b4 a3");
    world_free(&world);
}

Test(schedule, budget_bounds_activations_too)
{
    struct world *world = world_new((struct runtime_config){0});
    for (char letter = 'a'; letter <= 'f'; letter++) {
        world->letters[letter - 'a'].activation = ACTIVATION_WAITS;
        world_send(world, letter, letter);
    }
    cr_assert_eq(world_run_some(world, 4), 0);
    EXPECT_LOG(world, "a+ b+ c+ d+");
    world_free(&world);
}

Test(schedule, no_budget_does_nothing)
{
    struct world *world = world_new((struct runtime_config){.actors_max = 1});
    world_send(world, 'a', 1);
    cr_assert_eq(world_run_some(world, 0), 0);
    EXPECT_LOG(world, "");
    world_free(&world);
}

Test(schedule, idle_runtime_waits_for_a_message)
{
    struct world *world = world_new((struct runtime_config){0});
    cr_assert_eq(runtime_next_us(world->runtime, 5), UINT64_MAX);
    world_send(world, 'a', 1);
    cr_assert_eq(runtime_next_us(world->runtime, 5), 5);
    world_run(world, 0);
    cr_assert_eq(runtime_next_us(world->runtime, 5), UINT64_MAX);
    world_free(&world);
}

static struct world *busy_world(void)
{
    static const enum action actions[] = {DO_NOTHING, DO_SEND, DO_RESUME_TARGET, DO_FAIL, DO_RESET_TARGET, DO_NOTHING};
    struct world *world = world_new((struct runtime_config){.actors_max = 5, .batch_messages = 3});
    uint32_t random = 12345;
    for (int i = 0; i < 500; i++) {
        random = random * 1664525 + 1013904223;
        struct order order = {.number = i, .action = actions[(random >> 24) % 6], .target = (char)('a' + i % 9)};
        world_order(world, (char)('a' + (random >> 16) % 9), order);
        if (i % 7 == 0)
            world_run(world, random >> 20);
    }
    return world;
}

Test(schedule, same_calls_give_the_same_run)
{
    struct world *one = busy_world(), *other = busy_world();
    cr_assert_gt(strlen(one->log), 1000);
    cr_assert_str_eq(one->log, other->log);
    struct runtime_stats a = world_stats(one), b = world_stats(other);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    world_free(&one);
    world_free(&other);
}

Test(schedule, stats_tell_what_is_there)
{
    struct world *world = world_new((struct runtime_config){0});
    world->letters[1].activation = ACTIVATION_WAITS;
    world_send_many(world, 'a', 1, 2);
    world_order(world, 'b', (struct order){.number = 3, .size = 9});
    struct runtime_stats stats = world_stats(world);
    cr_assert(stats.actors == 2 && stats.runnable == 2 && stats.active == 0 && stats.activating == 2);
    world_run(world, 0);
    stats = world_stats(world);
    cr_assert(stats.actors == 2 && stats.runnable == 0 && stats.active == 1 && stats.activating == 1);
    cr_assert(stats.messages == 1 && stats.message_bytes == 9 && stats.delivered == 2 && stats.activations == 1);
    world_free(&world);
}
