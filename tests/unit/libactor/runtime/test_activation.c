/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Activation, at once and later: messages wait meanwhile and then arrive in order. */
#include "tests/unit/libactor/runtime/world.h"

static struct world *waiting_world(void)
{
    struct world *world = world_new((struct runtime_config){.mailbox_messages = 3});
    world->letters[0].activation = ACTIVATION_WAITS;
    world_send(world, 'a', 1);
    world_run(world, 0);
    EXPECT_LOG(world, "a+");
    return world;
}

Test(activation, messages_wait_for_it_and_arrive_in_order)
{
    struct world *world = waiting_world();
    world_send_many(world, 'a', 2, 3);
    world_run(world, 0);
    EXPECT_LOG(world, "");
    world_activated(world, 'a');
    EXPECT_LOG(world, "");
    world_run(world, 0);
    EXPECT_LOG(world, "a1 a2 a3");
    world_free(&world);
}

Test(activation, mailbox_is_bounded_meanwhile)
{
    struct world *world = waiting_world();
    world_send_many(world, 'a', 2, 3);
    cr_assert_eq(world_send(world, 'a', 4), RUNTIME_FULL);
    world_free(&world);
}

Test(activation, others_go_on_meanwhile)
{
    struct world *world = waiting_world();
    world_send(world, 'b', 2);
    world_run(world, 0);
    EXPECT_LOG(world, "b+ b2");
    world_free(&world);
}

Test(activation, may_end_inside_activate)
{
    struct world *world = world_new((struct runtime_config){0});
    world->letters[0].activation = ACTIVATION_OK_AT_ONCE;
    world_send(world, 'a', 1);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1");
    cr_assert_eq(world_stats(world).activations, 1);
    world_free(&world);
}

Test(activation, told_twice_counts_once)
{
    struct world *world = world_new((struct runtime_config){0});
    world->letters[0].activation = ACTIVATION_OK_TWICE;
    world_send(world, 'a', 1);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1");
    cr_assert_eq(world_stats(world).activations, 1);
    world_free(&world);
}

Test(activation, failure_inside_activate_backs_off)
{
    struct world *world = world_new((struct runtime_config){.restart_delay_us = 10});
    world->letters[0].activation = ACTIVATION_FAILS_AT_ONCE;
    world_send(world, 'a', 1);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a-");
    world->letters[0].activation = ACTIVATION_OK;
    world_run(world, 10);
    EXPECT_LOG(world, "a+ a1");
    world_free(&world);
}

Test(activation, failure_later_backs_off_and_keeps_the_messages)
{
    struct world *world = waiting_world();
    world_failed(world, 'a');
    EXPECT_LOG(world, "a-");
    world->letters[0].activation = ACTIVATION_OK;
    world_send(world, 'a', 2);
    world_run(world, 10 * 1000);
    EXPECT_LOG(world, "a+ a1 a2");
    world_free(&world);
}

Test(activation, stop_in_it_drops_the_messages)
{
    struct world *world = world_new((struct runtime_config){0});
    world->letters[0].activation = ACTIVATION_STOPS;
    world_send_many(world, 'a', 1, 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a- a!1s a!2s");
    cr_assert_null(world_find(world, 'a'));
    world_free(&world);
}

Test(activation, reset_meanwhile_activates_anew_when_it_ends)
{
    struct world *world = waiting_world();
    runtime_reset(world->runtime, world_find(world, 'a'));
    EXPECT_LOG(world, "");
    world_activated(world, 'a');
    EXPECT_LOG(world, "a-");
    world->letters[0].activation = ACTIVATION_OK;
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1");
    world_free(&world);
}

Test(activation, stop_meanwhile_drops_at_once_and_keeps_the_actor_until_it_ends)
{
    struct world *world = waiting_world();
    struct actor *actor = world_find(world, 'a');
    runtime_stop(world->runtime, actor);
    EXPECT_LOG(world, "a!1s");
    cr_assert_eq(world_find(world, 'a'), actor);
    world_activated(world, 'a');
    EXPECT_LOG(world, "a-");
    cr_assert_null(world_find(world, 'a'));
    world_free(&world);
}

Test(activation, messages_after_a_stop_meanwhile_make_the_actor_anew)
{
    struct world *world = waiting_world();
    runtime_stop(world->runtime, world_find(world, 'a'));
    world_send(world, 'a', 2);
    world->letters[0].activation = ACTIVATION_OK;
    world_activated(world, 'a');
    world_run(world, 0);
    EXPECT_LOG(world, "a!1s a- a+ a2");
    world_free(&world);
}

Test(activation, stop_inside_activate_that_waits_drops_the_messages)
{
    struct world *world = world_new((struct runtime_config){0});
    world->letters[0].activation = ACTIVATION_STOPPED_WAITS;
    world_send(world, 'a', 1);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a!1s");
    world_activated(world, 'a');
    EXPECT_LOG(world, "a-");
    world_free(&world);
}

Test(activation, runtime_free_passivates_one_that_waits)
{
    struct world *world = waiting_world();
    runtime_free(&world->runtime);
    EXPECT_LOG(world, "a- a!1c");
    world_free(&world);
}
