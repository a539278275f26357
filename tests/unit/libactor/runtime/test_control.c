/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is done to an actor from outside, or by another: suspend and resume, reset, stop, visits. */
#include "tests/unit/libactor/runtime/plain.h"
#include "tests/unit/libactor/runtime/world.h"

Test(control, suspended_actor_receives_nothing_until_resumed)
{
    struct world *world = world_new((struct runtime_config){.mailbox_messages = 2});
    world_order(world, 'a', (struct order){.number = 1, .action = DO_SUSPEND});
    world_send(world, 'a', 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1");
    world_send(world, 'a', 3);
    cr_assert_eq(world_send(world, 'a', 4), RUNTIME_FULL);
    world_run(world, 0);
    EXPECT_LOG(world, "a?4");
    runtime_resume(world->runtime, world_find(world, 'a'));
    world_run(world, 0);
    EXPECT_LOG(world, "a2 a3");
    world_free(&world);
}

Test(control, wait_in_receive_suspends)
{
    struct world *world = world_new((struct runtime_config){0});
    world_order(world, 'a', (struct order){.number = 1, .action = DO_WAIT});
    world_send(world, 'a', 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1");
    runtime_resume(world->runtime, world_find(world, 'a'));
    world_run(world, 0);
    EXPECT_LOG(world, "a2");
    world_free(&world);
}

Test(control, resume_before_wait_is_not_lost)
{
    struct world *world = world_new((struct runtime_config){0});
    world_order(world, 'a', (struct order){.number = 1, .action = DO_RESUME_AND_WAIT});
    world_send(world, 'a', 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a2");
    world_free(&world);
}

Test(control, suspended_actor_is_not_activated)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'a', 1);
    runtime_suspend(world->runtime, world_find(world, 'a'));
    world_run(world, 0);
    EXPECT_LOG(world, "");
    runtime_resume(world->runtime, world_find(world, 'a'));
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1");
    world_free(&world);
}

Test(control, another_actor_may_resume)
{
    struct world *world = world_new((struct runtime_config){0});
    world_order(world, 'a', (struct order){.number = 1, .action = DO_WAIT});
    world_send(world, 'a', 2);
    world_order(world, 'b', (struct order){.number = 3, .action = DO_RESUME_TARGET, .target = 'a'});
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 b+ b3 a2");
    world_free(&world);
}

Test(control, reset_passivates_at_once_and_messages_activate_again)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'a', 1);
    world_run(world, 0);
    world_send(world, 'a', 2);
    runtime_reset(world->runtime, world_find(world, 'a'));
    EXPECT_LOG(world, "a+ a1 a-");
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a2");
    world_free(&world);
}

Test(control, reset_of_an_idle_actor_removes_it)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'a', 1);
    world_run(world, 0);
    runtime_reset(world->runtime, world_find(world, 'a'));
    cr_assert_null(world_find(world, 'a'));
    cr_assert_eq(world_stats(world).passivations, 0, "nobody was idle for too long");
    world_free(&world);
}

Test(control, reset_resumes)
{
    struct world *world = world_new((struct runtime_config){0});
    world_order(world, 'a', (struct order){.number = 1, .action = DO_WAIT});
    world_send(world, 'a', 2);
    world_run(world, 0);
    runtime_reset(world->runtime, world_find(world, 'a'));
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a- a+ a2");
    world_free(&world);
}

Test(control, reset_inside_receive_waits_for_its_return)
{
    struct world *world = world_new((struct runtime_config){0});
    world_order(world, 'a', (struct order){.number = 1, .action = DO_RESET_TARGET, .target = 'a'});
    world_send(world, 'a', 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a- a+ a2");
    world_free(&world);
}

Test(control, reset_of_one_that_was_never_activated_changes_nothing)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'a', 1);
    runtime_reset(world->runtime, world_find(world, 'a'));
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1");
    world_free(&world);
}

Test(control, stop_inside_receive_waits_for_its_return)
{
    struct world *world = world_new((struct runtime_config){0});
    world_order(world, 'a', (struct order){.number = 1, .action = DO_STOP_TARGET, .target = 'a'});
    world_send(world, 'a', 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a- a!2s");
    world_free(&world);
}

Test(control, stop_is_not_undone_by_reset)
{
    struct world *world = world_new((struct runtime_config){0});
    world_order(world, 'a', (struct order){.number = 1, .action = DO_STOP_AND_RESET_TARGET, .target = 'a'});
    world_send(world, 'a', 2);
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a- a!2s");
    world_free(&world);
}

Test(control, one_actor_may_stop_another)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'b', 1);
    world_run(world, 0);
    world_order(world, 'a', (struct order){.number = 2, .action = DO_STOP_TARGET, .target = 'b'});
    world_send_many(world, 'b', 3, 4);
    world_run(world, 0);
    EXPECT_LOG(world, "b+ b1 a+ a2 b- b!3s b!4s");
    cr_assert_eq(world_stats(world).stops, 1);
    world_free(&world);
}

Test(control, stop_of_one_that_was_never_activated_drops_its_messages)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'a', 1);
    runtime_stop(world->runtime, world_find(world, 'a'));
    EXPECT_LOG(world, "a!1s");
    cr_assert_null(world_find(world, 'a'));
    world_free(&world);
}

static void reset_or_stop(void *context, struct actor *actor)
{
    struct world *world = context;
    size_t size;
    const char *key = actor_key(actor, &size);
    (*key % 2 == 0 ? runtime_reset : runtime_stop)(world->runtime, actor);
}

Test(control, visitor_may_reset_or_stop_whom_it_visits)
{
    struct world *world = world_new((struct runtime_config){0});
    for (char letter = 'a'; letter <= 'z'; letter++)
        world_send(world, letter, 1);
    world_run(world, 0);
    for (char letter = 'a'; letter <= 'z'; letter += 3)
        world_send(world, letter, 2);
    world_clear_log(world);
    runtime_each(world->runtime, reset_or_stop, world);
    struct runtime_stats stats = world_stats(world);
    cr_assert_eq(stats.stops, 13);
    cr_assert_eq(stats.active, 0);
    cr_assert_eq(stats.actors, stats.messages);
    cr_assert_eq(stats.messages + stats.dropped, 9);
    world_free(&world);
}

/* ---- a visitor that makes actors ---- */

enum { VISITED = 16, MADE_PER_VISIT = 20 };

struct visits {
    struct runtime *runtime;
    uint32_t of[VISITED];
    uint32_t made;
    struct runtime_message messages[VISITED * (1 + MADE_PER_VISIT)];
};

static void send_new(struct visits *visits)
{
    uint32_t key = visits->made++;
    runtime_send(visits->runtime, &key, sizeof key, key, &visits->messages[key], 0);
}

static void visit_and_make(void *context, struct actor *actor)
{
    struct visits *visits = context;
    uint64_t number = actor_hash(actor);
    if (number >= VISITED)
        return;
    visits->of[number]++;
    for (int i = 0; i < MADE_PER_VISIT; i++)
        send_new(visits);
}

Test(control, visitor_may_make_actors_and_still_visits_each_once)
{
    static const struct runtime_behavior plain = {
        .activate = plain_activate, .receive = plain_receive, .passivate = plain_passivate, .drop = plain_drop};
    static struct visits visits;
    visits.runtime = runtime_new(&(struct runtime_config){.behavior = &plain});
    for (int i = 0; i < VISITED; i++)
        send_new(&visits);
    runtime_each(visits.runtime, visit_and_make, &visits);
    for (int i = 0; i < VISITED; i++)
        cr_assert_eq(visits.of[i], 1);
    cr_assert_eq(visits.made, VISITED * (1 + MADE_PER_VISIT));
    cr_assert_eq(runtime_run(visits.runtime, 0, UINT64_MAX), visits.made);
    runtime_free(&visits.runtime);
}

Test(control, time_does_not_go_back)
{
    struct world *world = world_new((struct runtime_config){.idle_us = 10});
    world->now_us = 1000;
    world_send(world, 'a', 1);
    world_run(world, 0);
    world->now_us = 0;
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1");
    world->now_us = 1010;
    world_run(world, 0);
    EXPECT_LOG(world, "a-");
    world_free(&world);
}
