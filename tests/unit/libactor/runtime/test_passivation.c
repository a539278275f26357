/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Passivation of idle actors: by count, bytes and time, least recently used first, and those that refuse. */
#include "tests/unit/libactor/runtime/plain.h"
#include "tests/unit/libactor/runtime/world.h"

static void use(struct world *world, char letter)
{
    world_send(world, letter, letter);
    world_run(world, 1);
}

static void use_all(struct world *world, char first, char last)
{
    for (char letter = first; letter <= last; letter++)
        use(world, letter);
    world_clear_log(world);
}

Test(passivation, least_recently_used_goes_first)
{
    struct world *world = world_new((struct runtime_config){.actors_max = 3});
    use_all(world, 'a', 'c');
    use(world, 'a');
    use(world, 'd');
    EXPECT_LOG(world, "a97 d+ d100 b-");
    cr_assert_null(world_find(world, 'b'));
    cr_assert_eq(world_stats(world).passivations, 1);
    world_free(&world);
}

Test(passivation, message_brings_an_actor_back)
{
    struct world *world = world_new((struct runtime_config){.actors_max = 1});
    use_all(world, 'a', 'b');
    use(world, 'a');
    EXPECT_LOG(world, "a+ a97 b-");
    world_free(&world);
}

Test(passivation, bytes_are_bounded)
{
    struct world *world = world_new((struct runtime_config){.bytes_max = 100});
    use_all(world, 'a', 'c');
    for (char letter = 'a'; letter <= 'c'; letter++)
        actor_set_bytes(world->runtime, world_find(world, letter), 50);
    cr_assert_eq(world_stats(world).actor_bytes, 150);
    cr_assert_eq(runtime_next_us(world->runtime, 9), 9);
    world_run(world, 0);
    EXPECT_LOG(world, "a-");
    actor_set_bytes(world->runtime, world_find(world, 'b'), 10);
    cr_assert_eq(world_stats(world).actor_bytes, 60);
    world_free(&world);
}

Test(passivation, bytes_are_forgotten_with_the_state)
{
    struct world *world = world_new((struct runtime_config){0});
    use(world, 'a');
    actor_set_bytes(world->runtime, world_find(world, 'a'), 50);
    world_order(world, 'a', (struct order){.number = 1, .action = DO_FAIL});
    world_run(world, 1);
    cr_assert_eq(world_stats(world).actor_bytes, 0);
    world_free(&world);
}

Test(passivation, actors_idle_too_long_go)
{
    struct world *world = world_new((struct runtime_config){.idle_us = 100});
    use(world, 'a');
    world->now_us += 50;
    use(world, 'b');
    world_clear_log(world);
    cr_assert_eq(runtime_next_us(world->runtime, world->now_us), 101);
    world_run(world, 49);
    EXPECT_LOG(world, "a-");
    world_run(world, 50);
    EXPECT_LOG(world, "");
    world_run(world, 1);
    EXPECT_LOG(world, "b-");
    cr_assert_eq(world_stats(world).actors, 0);
    world_free(&world);
}

Test(passivation, use_starts_idleness_anew)
{
    struct world *world = world_new((struct runtime_config){.idle_us = 100});
    use(world, 'a');
    world->now_us += 98;
    use(world, 'a');
    world_run(world, 99);
    EXPECT_LOG(world, "a+ a97 a97");
    world_run(world, 1);
    EXPECT_LOG(world, "a-");
    world_free(&world);
}

Test(passivation, busy_suspended_and_activating_actors_stay)
{
    struct world *world = world_new((struct runtime_config){.actors_max = 1, .idle_us = 10});
    world->letters[0].activation = ACTIVATION_WAITS;
    use(world, 'a');
    world_order(world, 'b', (struct order){.number = 1, .action = DO_WAIT});
    world_run(world, 1);
    world_order(world, 'c', (struct order){.number = 2, .action = DO_FAIL});
    world_run(world, 1);
    world_clear_log(world);
    world_run(world, 100);
    EXPECT_LOG(world, "");
    cr_assert_eq(world_stats(world).actors, 3);
    world_free(&world);
}

Test(passivation, refusal_is_respected_and_the_next_one_goes)
{
    struct world *world = world_new((struct runtime_config){.actors_max = 2});
    world->letters[0].vetoes = true;
    use_all(world, 'a', 'b');
    use(world, 'c');
    EXPECT_LOG(world, "c+ c99 b-");
    use(world, 'd');
    EXPECT_LOG(world, "d+ d100 c-");
    world->letters[0].vetoes = false;
    use(world, 'e');
    EXPECT_LOG(world, "e+ e101 a-");
    world_free(&world);
}

static uint64_t times_asked(const struct world *world)
{
    uint64_t asked = 0;
    for (int i = 0; i < LETTERS; i++)
        asked += world->letters[i].asked;
    return asked;
}

Test(passivation, those_that_refuse_are_asked_once_a_run_and_give_no_rush)
{
    struct world *world = world_new((struct runtime_config){.actors_max = 1});
    for (int i = 0; i < 5; i++)
        world->letters[i].vetoes = true;
    use_all(world, 'a', 'e');
    uint64_t before = times_asked(world);
    world_run(world, 0);
    cr_assert_eq(times_asked(world) - before, 5);
    cr_assert_eq(runtime_next_us(world->runtime, world->now_us), UINT64_MAX);
    world->letters[3].vetoes = false;
    world_run(world, 0);
    EXPECT_LOG(world, "d-");
    world_free(&world);
}

Test(passivation, those_that_refuse_by_time_are_asked_again_after_that_time)
{
    struct world *world = world_new((struct runtime_config){.idle_us = 100});
    world->letters[0].vetoes = true;
    use(world, 'a');
    world_run(world, 100);
    cr_assert_eq(world->letters[0].asked, 1);
    cr_assert_eq(runtime_next_us(world->runtime, world->now_us), world->now_us + 100);
    world_free(&world);
}

/* ---- more actors than letters ---- */

struct crowd {
    uint64_t asked, passivated;
};

static bool crowd_may_passivate(void *context, const struct actor *actor)
{
    size_t size;
    ((struct crowd *)context)->asked++;
    return *(const uint32_t *)actor_key(actor, &size) >= 900; /* the last hundred */
}

static void crowd_passivate(void *context, struct actor *actor)
{
    (void)actor;
    ((struct crowd *)context)->passivated++;
}

static const struct runtime_behavior crowd_behavior = {.activate = plain_activate,
                                                       .receive = plain_receive,
                                                       .may_passivate = crowd_may_passivate,
                                                       .passivate = crowd_passivate,
                                                       .drop = plain_drop};

Test(passivation, row_of_refusals_is_worked_off_a_few_each_run)
{
    struct crowd crowd = {0};
    struct runtime_config config = {.behavior = &crowd_behavior, .context = &crowd, .actors_max = 950};
    struct runtime *runtime = runtime_new(&config);
    static struct runtime_message messages[1000];
    for (uint32_t i = 0; i < 1000; i++)
        runtime_send(runtime, &i, sizeof i, i, &messages[i], 0);
    runtime_run(runtime, 0, UINT64_MAX);
    cr_assert_eq(crowd.asked, 64);
    int runs = 1;
    while (crowd.passivated == 0) {
        cr_assert_eq(runtime_next_us(runtime, 5), 5, "there are some left to ask");
        uint64_t before = crowd.asked;
        runtime_run(runtime, 0, UINT64_MAX);
        cr_assert_leq(crowd.asked - before, 64 + 50);
        runs++;
    }
    cr_assert_eq(runs, 900 / 64 + 1);
    cr_assert_eq(crowd.passivated, 50);
    cr_assert_eq(runtime_next_us(runtime, 5), UINT64_MAX);
    runtime_free(&runtime);
}

Test(passivation, budget_bounds_it)
{
    struct world *world = world_new((struct runtime_config){.idle_us = 10});
    use_all(world, 'a', 'f');
    world->now_us += 100;
    world_run_some(world, 4);
    EXPECT_LOG(world, "a- b- c- d-");
    cr_assert_eq(runtime_next_us(world->runtime, world->now_us), world->now_us);
    world_run_some(world, 4);
    EXPECT_LOG(world, "e- f-");
    world_free(&world);
}
