/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The moments of the inbox that are too short to be met by chance: a push or a wake just before the receiver says that
 * it will wait, and just after; and a write to its descriptor that comes late. The inbox is compiled into this test
 * with a hook around that very store. */
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

static void moment(int place);
static ssize_t write_or_not(int descriptor, const void *bytes, size_t size);

#undef atomic_store
#define atomic_store(PLACE, VALUE) (moment(0), atomic_store_explicit(PLACE, VALUE, memory_order_seq_cst), moment(1))
#define write write_or_not
#define ppoll(...) (moment(2), (ppoll)(__VA_ARGS__))

#include "services/common/inbox.c"
#undef write

#include <criterion/criterion.h>

#define FOREVER_US (20 * UINT64_C(1000000)) /* a take that waits so long has slept over something */

static struct {
    struct inbox *inbox;
    struct inbox_node node;
    int place; /* 0: before the store, 1: after it, 2: before sleeping */
    void (*happen)(void);
    bool late; /* a sender is just before its write */
} hook;

static void moment(int place)
{
    void (*happen)(void) = hook.happen;

    if (happen != NULL && place == hook.place) {
        hook.happen = NULL;
        happen();
    }
}

static ssize_t write_or_not(int descriptor, const void *bytes, size_t size)
{
    return hook.late ? (ssize_t)size : write(descriptor, bytes, size);
}

static void push(void)
{
    inbox_push(hook.inbox, &hook.node);
}

static void wake(void)
{
    inbox_wake(hook.inbox);
}

static void happens(void (*what)(void), int place)
{
    uint64_t before_us = clock_monotonic_us();
    struct inbox_node *taken;

    hook.inbox = inbox_new();
    hook.place = place;
    hook.happen = what;
    taken = inbox_take(hook.inbox, FOREVER_US);
    cr_assert_eq(taken, what == wake ? NULL : &hook.node);
    cr_assert_lt(clock_monotonic_us() - before_us, FOREVER_US, "slept over");
    cr_assert_null(inbox_take(hook.inbox, 0));
    inbox_free(&hook.inbox);
}

Test(inbox_moments, a_push_just_before_arming_is_taken)
{
    happens(push, 0);
}

Test(inbox_moments, a_push_just_after_arming_is_taken)
{
    happens(push, 1);
}

Test(inbox_moments, a_wake_just_before_arming_ends_the_take)
{
    happens(wake, 0);
}

Test(inbox_moments, a_wake_just_after_arming_ends_the_take)
{
    happens(wake, 1);
}

/* The write of a sender whose node was taken long ago comes now; the next push comes at the next sleep. */
static void write_comes_late(void)
{
    uint64_t one = 1;

    cr_assert_eq(write(inbox_descriptor(hook.inbox), &one, sizeof one), (ssize_t)sizeof one);
    hook.happen = push;
}

Test(inbox_moments, a_late_write_does_not_end_the_take)
{
    struct inbox_node early = {0};

    hook.inbox = inbox_new();
    cr_assert_null(inbox_take(hook.inbox, 0));
    hook.late = true;
    inbox_push(hook.inbox, &early);
    hook.late = false;
    cr_assert_eq(inbox_take(hook.inbox, 0), &early);
    hook.place = 2;
    hook.happen = write_comes_late;
    cr_assert_eq(inbox_take(hook.inbox, FOREVER_US), &hook.node, "it came back empty-handed");
    inbox_free(&hook.inbox);
}
