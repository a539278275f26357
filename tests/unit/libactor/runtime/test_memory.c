/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory running out, at each allocation in turn: a typed answer, nothing lost, and things go on when there is memory
 * again. The linker routes the allocations of this program here. */
#include "tests/unit/libactor/runtime/plain.h"

#include <criterion/criterion.h>

#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long allocations_left = -1; /* none fails */

static bool allocation_fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

static enum runtime_result count_receive(void *context, struct actor *actor, struct runtime_message *message)
{
    (void)actor, (void)message;
    ++*(uint32_t *)context;
    return RUNTIME_OK;
}

static const struct runtime_behavior counting = {
    .activate = plain_activate, .receive = count_receive, .passivate = plain_passivate, .drop = plain_drop};

static struct runtime *runtime_counting(uint32_t *received)
{
    return runtime_new(&(struct runtime_config){.behavior = &counting, .context = received});
}

Test(memory, runtime_new_fails_cleanly)
{
    uint32_t received = 0;
    for (long i = 0; i < 2; i++) {
        allocations_left = i;
        struct runtime *runtime = runtime_counting(&received);
        allocations_left = -1;
        cr_assert_null(runtime, "allocation %ld", i);
    }
}

Test(memory, send_without_memory_leaves_the_message_to_the_sender)
{
    uint32_t received = 0;
    struct runtime *runtime = runtime_counting(&received);
    struct runtime_message message = {.size = 5};
    allocations_left = 0;
    enum runtime_result result = runtime_send(runtime, "a", 1, 1, &message, 0);
    allocations_left = -1;
    cr_assert_eq(result, RUNTIME_NO_MEMORY);
    cr_assert_null(runtime_find(runtime, "a", 1, 1));
    struct runtime_stats stats;
    runtime_stats(runtime, &stats);
    cr_assert(stats.refused == 1 && stats.messages == 0 && stats.message_bytes == 0 && stats.actors == 0);
    cr_assert_eq(runtime_send(runtime, "a", 1, 1, &message, 0), RUNTIME_OK);
    cr_assert_eq(runtime_run(runtime, 0, 10), 1);
    runtime_free(&runtime);
}

Test(memory, table_that_cannot_grow_still_takes_and_finds_actors)
{
    enum { ACTORS = 200 };
    uint32_t received = 0;
    struct runtime_message messages[ACTORS] = {0};
    struct runtime *runtime = runtime_counting(&received);
    for (uint32_t i = 0; i < ACTORS; i++) {
        allocations_left = 1; /* the actor itself */
        cr_assert_eq(runtime_send(runtime, &i, sizeof i, i, &messages[i], 0), RUNTIME_OK);
        allocations_left = -1;
    }
    for (uint32_t i = 0; i < ACTORS; i++)
        cr_assert_not_null(runtime_find(runtime, &i, sizeof i, i));
    cr_assert_eq(runtime_run(runtime, 0, UINT64_MAX), ACTORS);
    runtime_free(&runtime);
}

Test(memory, timer_without_memory_leaves_the_message_to_the_caller)
{
    uint32_t received = 0;
    struct runtime *runtime = runtime_counting(&received);
    struct runtime_message first = {0}, timed = {0};
    runtime_send(runtime, "a", 1, 1, &first, 0);
    runtime_run(runtime, 0, 10);
    struct actor *actor = runtime_find(runtime, "a", 1, 1);
    struct runtime_timer timer = {.slot = 9, .generation = 9};
    for (long i = 0; i < 2; i++) {
        allocations_left = i;
        enum runtime_result result = runtime_timer_start(runtime, actor, 5, &timed, &timer);
        allocations_left = -1;
        cr_assert_eq(result, RUNTIME_NO_MEMORY);
        cr_assert(timer.slot == 9 && timer.generation == 9);
        cr_assert_eq(runtime_next_us(runtime, 0), UINT64_MAX);
    }
    cr_assert_eq(runtime_timer_start(runtime, actor, 5, &timed, NULL), RUNTIME_OK);
    cr_assert_eq(runtime_run(runtime, 5, 10), 1);
    runtime_free(&runtime);
}
