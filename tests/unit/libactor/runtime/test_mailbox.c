/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Mailboxes: order, bounds in count and bytes, who owns a message. */
#include "tests/unit/libactor/runtime/plain.h"
#include "tests/unit/libactor/runtime/world.h"

#include <string.h>

Test(mailbox, messages_of_a_sender_arrive_in_order)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send_many(world, 'a', 1, 3);
    world_send(world, 'b', 4);
    cr_assert_eq(world_run(world, 0), 4);
    EXPECT_LOG(world, "a+ a1 a2 a3 b+ b4");
    world_free(&world);
}

Test(mailbox, nothing_runs_before_runtime_run)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'a', 1);
    EXPECT_LOG(world, "");
    cr_assert_not(actor_active(world_find(world, 'a')));
    world_free(&world);
}

Test(mailbox, full_one_refuses_and_the_sender_keeps_the_message)
{
    struct world *world = world_new((struct runtime_config){.mailbox_messages = 2});
    world_send_many(world, 'a', 1, 2);
    cr_assert_eq(world_send(world, 'a', 3), RUNTIME_FULL);
    cr_assert_eq(world_send(world, 'b', 4), RUNTIME_OK);
    EXPECT_LOG(world, "a?3");
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a2 b+ b4");
    cr_assert_eq(world_send(world, 'a', 5), RUNTIME_OK);
    cr_assert_eq(world_stats(world).refused, 1);
    world_free(&world);
}

Test(mailbox, bytes_are_bounded_over_all_actors)
{
    struct world *world = world_new((struct runtime_config){.mailbox_bytes = 10});
    cr_assert_eq(world_order(world, 'a', (struct order){.number = 1, .size = 6}), RUNTIME_OK);
    cr_assert_eq(world_order(world, 'b', (struct order){.number = 2, .size = 5}), RUNTIME_FULL);
    cr_assert_null(world_find(world, 'b'), "a refused message makes no actor");
    cr_assert_eq(world_order(world, 'b', (struct order){.number = 3, .size = 4}), RUNTIME_OK);
    cr_assert_eq(world_stats(world).message_bytes, 10);
    world_run(world, 0);
    cr_assert_eq(world_stats(world).message_bytes, 0);
    cr_assert_eq(world_order(world, 'b', (struct order){.number = 4, .size = 10}), RUNTIME_OK);
    world_free(&world);
}

Test(mailbox, message_being_received_has_left_its_place)
{
    struct world *world = world_new((struct runtime_config){.mailbox_messages = 1, .mailbox_bytes = 5});
    world_order(world, 'a', (struct order){.number = 1, .size = 5, .action = DO_SEND, .target = 'a'});
    world_run(world, 0);
    EXPECT_LOG(world, "a+ a1 a1001");
    world_free(&world);
}

static const struct runtime_behavior plain_behavior = {.state_size = 24,
                                                       .activate = plain_activate,
                                                       .receive = plain_receive,
                                                       .passivate = plain_passivate,
                                                       .drop = plain_drop};

Test(mailbox, keys_tell_actors_of_one_hash_apart)
{
    struct runtime *runtime = runtime_new(&(struct runtime_config){.behavior = &plain_behavior});
    const char *texts[] = {"", "x", "xy", "xz"};
    struct actor *actors[4];
    struct runtime_message messages[4] = {0};
    for (int i = 0; i < 4; i++) {
        runtime_send(runtime, texts[i], strlen(texts[i]), 7, &messages[i], 0);
        actors[i] = runtime_find(runtime, texts[i], strlen(texts[i]), 7);
        for (int j = 0; j < i; j++)
            cr_assert_neq(actors[i], actors[j]);
    }
    for (int i = 0; i < 4; i++)
        cr_assert_eq(runtime_find(runtime, texts[i], strlen(texts[i]), 7), actors[i]);
    cr_assert_null(runtime_find(runtime, "x", 1, 8));
    runtime_free(&runtime);
}

Test(mailbox, actor_has_its_key_hash_and_aligned_zeroed_state)
{
    struct runtime *runtime = runtime_new(&(struct runtime_config){.behavior = &plain_behavior});
    char key[40], zero[24] = {0};
    struct runtime_message messages[40] = {0};
    memset(key, 'k', sizeof key);
    for (size_t size = 0; size < sizeof key; size++) {
        runtime_send(runtime, key, size, size + 5, &messages[size], 0);
        struct actor *actor = runtime_find(runtime, key, size, size + 5);
        size_t got;
        cr_assert_eq(memcmp(actor_key(actor, &got), key, size), 0);
        cr_assert_eq(got, size);
        cr_assert_eq(actor_hash(actor), size + 5);
        cr_assert_eq((uintptr_t)actor_state(actor) % _Alignof(max_align_t), 0);
        cr_assert_eq(memcmp(actor_state(actor), zero, sizeof zero), 0);
    }
    runtime_free(&runtime);
}

Test(mailbox, runtime_free_drops_what_waits)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'a', 1);
    world_run(world, 0);
    world_send_many(world, 'a', 2, 3);
    world_clear_log(world);
    runtime_free(&world->runtime);
    EXPECT_LOG(world, "a- a!2c a!3c");
    world_free(&world);
}

Test(mailbox, runtime_free_passivates_nobody_who_was_not_activated)
{
    struct world *world = world_new((struct runtime_config){0});
    world_send(world, 'a', 1);
    runtime_free(&world->runtime);
    EXPECT_LOG(world, "a!1c");
    world_free(&world);
}

Test(mailbox, runtime_free_of_nothing_is_safe)
{
    struct runtime *runtime = NULL;
    runtime_free(&runtime);
}

enum { MANY = 50000 };

static enum runtime_result many_receive(void *context, struct actor *actor, struct runtime_message *message)
{
    size_t size;
    uint32_t number;
    memcpy(&number, actor_key(actor, &size), sizeof number);
    struct runtime_message *messages = context;
    cr_assert_eq(message, &messages[number]);
    return RUNTIME_OK;
}

static void count_visit(void *context, struct actor *actor)
{
    (void)actor;
    ++*(uint32_t *)context;
}

/* Hashes of very few different low bits, as the streams of one partition have. */
Test(mailbox, many_actors_are_found_and_visited_once_each)
{
    static struct runtime_message messages[MANY];
    static const struct runtime_behavior behavior = {
        .activate = plain_activate, .receive = many_receive, .passivate = plain_passivate, .drop = plain_drop};
    struct runtime *runtime = runtime_new(&(struct runtime_config){.behavior = &behavior, .context = messages});
    for (uint32_t i = 0; i < MANY; i++)
        cr_assert_eq(runtime_send(runtime, &i, sizeof i, (uint64_t)i << 40, &messages[i], 0), RUNTIME_OK);
    uint32_t visited = 0;
    runtime_each(runtime, count_visit, &visited);
    cr_assert_eq(visited, MANY);
    cr_assert_eq(runtime_run(runtime, 0, UINT64_MAX), MANY);
    for (uint32_t i = 0; i < MANY; i++)
        cr_assert_not_null(runtime_find(runtime, &i, sizeof i, (uint64_t)i << 40));
    runtime_free(&runtime);
}
