/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The moments of the inbox that are too short to be met by chance: a push or a wake just before the receiver says that
 * it will wait, and just after. The inbox is compiled into this test with a hook around that very store. */
#include <stdatomic.h>

static void moment(int place);

#undef atomic_store
#define atomic_store(PLACE, VALUE) (moment(0), atomic_store_explicit(PLACE, VALUE, memory_order_seq_cst), moment(1))

#include "services/common/inbox.c"

#include <criterion/criterion.h>

#define FOREVER_US (20 * UINT64_C(1000000)) /* a take that waits so long has slept over something */

static struct {
    struct inbox *inbox;
    struct inbox_node node;
    int place;          /* 0: before the store, 1: after it */
    bool pending, wake; /* wake, or push */
} hook;

static void moment(int place)
{
    if (!hook.pending || place != hook.place) {
        return;
    }
    hook.pending = false;
    if (hook.wake) {
        inbox_wake(hook.inbox);
    } else {
        inbox_push(hook.inbox, &hook.node);
    }
}

static void happens(bool wake, int place)
{
    uint64_t before_us = clock_monotonic_us();
    struct inbox_node *taken;

    hook.inbox = inbox_new();
    hook.place = place;
    hook.wake = wake;
    hook.pending = true;
    taken = inbox_take(hook.inbox, FOREVER_US);
    cr_assert_eq(taken, wake ? NULL : &hook.node);
    cr_assert_lt(clock_monotonic_us() - before_us, FOREVER_US, "slept over");
    cr_assert_null(inbox_take(hook.inbox, 0));
    inbox_free(&hook.inbox);
}

Test(inbox_moments, a_push_just_before_arming_is_taken)
{
    happens(false, 0);
}

Test(inbox_moments, a_push_just_after_arming_is_taken)
{
    happens(false, 1);
}

Test(inbox_moments, a_wake_just_before_arming_ends_the_take)
{
    happens(true, 0);
}

Test(inbox_moments, a_wake_just_after_arming_ends_the_take)
{
    happens(true, 1);
}
