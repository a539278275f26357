/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Calls from within passivate and drop, to the actor they are called for. One actor, named "x"; its message goes round.
 */
#include "tests/unit/libactor/runtime/plain.h"

#include <criterion/criterion.h>

struct within {
    struct runtime *runtime;
    struct runtime_message message;
    struct runtime_timer timer;
    enum runtime_result received; /* what receive returns */
    enum runtime_result result;   /* of the call from within */
    int activations, receives, passivations, drops, cancelled;
};

static enum runtime_result within_activate(void *context, struct actor *actor)
{
    (void)actor;
    ((struct within *)context)->activations++;
    return RUNTIME_OK;
}

static enum runtime_result within_receive(void *context, struct actor *actor, struct runtime_message *message)
{
    struct within *within = context;
    (void)actor, (void)message;
    within->receives++;
    return within->received;
}

static void send_x(struct within *within)
{
    within->result = runtime_send(within->runtime, "x", 1, 1, &within->message, 0);
}

static struct actor *find_x(const struct within *within)
{
    return runtime_find(within->runtime, "x", 1, 1);
}

static void open_world(struct within *within, const struct runtime_behavior *behavior)
{
    *within = (struct within){0};
    within->runtime = runtime_new(&(struct runtime_config){.behavior = behavior, .context = within, .idle_us = 100});
    send_x(within);
}

/* ---- drop ---- */

static void drop_and_send(void *context, struct actor *actor, struct runtime_message *message, enum runtime_drop reason)
{
    struct within *within = context;
    (void)actor, (void)message, (void)reason;
    within->drops++;
    send_x(within);
}

static const struct runtime_behavior sending_when_dropped = {
    .activate = within_activate, .receive = within_receive, .passivate = plain_passivate, .drop = drop_and_send};

Test(within, message_sent_by_drop_makes_the_actor_anew)
{
    struct within within;
    open_world(&within, &sending_when_dropped);
    runtime_stop(within.runtime, find_x(&within));
    cr_assert_eq(within.drops, 1);
    cr_assert_eq(runtime_run(within.runtime, 0, 10), 1);
    cr_assert(within.activations == 1 && within.receives == 1);
    runtime_free(&within.runtime);
}

Test(within, message_sent_by_drop_is_refused_when_the_runtime_ends)
{
    struct within within;
    open_world(&within, &sending_when_dropped);
    runtime_free(&within.runtime);
    cr_assert_eq(within.drops, 1);
    cr_assert_eq(within.result, RUNTIME_FULL);
}

static void
drop_and_start_timer(void *context, struct actor *actor, struct runtime_message *message, enum runtime_drop reason)
{
    struct within *within = context;
    (void)reason;
    within->drops++;
    within->result = runtime_timer_start(within->runtime, actor, 50, message, &within->timer);
}

static const struct runtime_behavior timing_when_dropped = {
    .activate = within_activate, .receive = within_receive, .passivate = plain_passivate, .drop = drop_and_start_timer};

Test(within, timer_started_by_drop_brings_the_actor_back)
{
    struct within within;
    open_world(&within, &timing_when_dropped);
    runtime_stop(within.runtime, find_x(&within));
    cr_assert_eq(runtime_run(within.runtime, 49, 10), 0);
    cr_assert_eq(within.activations, 0);
    cr_assert_eq(runtime_run(within.runtime, 50, 10), 1);
    cr_assert(within.activations == 1 && within.receives == 1);
    runtime_free(&within.runtime);
}

Test(within, cancelling_the_last_reason_to_be_frees_the_actor)
{
    struct within within;
    open_world(&within, &timing_when_dropped);
    runtime_stop(within.runtime, find_x(&within));
    cr_assert_not_null(find_x(&within));
    cr_assert_eq(runtime_timer_cancel(within.runtime, &within.timer), &within.message);
    cr_assert_null(find_x(&within));
    runtime_free(&within.runtime);
}

/* ---- passivate ---- */

static void passivate_and_send(void *context, struct actor *actor)
{
    struct within *within = context;
    (void)actor;
    if (within->passivations++ == 0)
        send_x(within);
}

static const struct runtime_behavior sending_when_passivated = {
    .activate = within_activate, .receive = within_receive, .passivate = passivate_and_send, .drop = plain_drop};

Test(within, message_sent_by_passivate_activates_again)
{
    struct within within;
    open_world(&within, &sending_when_passivated);
    runtime_run(within.runtime, 0, 10);
    runtime_run(within.runtime, 100, 10);
    cr_assert_eq(within.passivations, 1);
    cr_assert_eq(runtime_run(within.runtime, 100, 10), 1);
    cr_assert(within.activations == 2 && within.receives == 2);
    runtime_free(&within.runtime);
}

static void passivate_and_cancel(void *context, struct actor *actor)
{
    struct within *within = context;
    (void)actor;
    within->cancelled += runtime_timer_cancel(within->runtime, &within->timer) == &within->message;
}

static const struct runtime_behavior cancelling_when_passivated = {
    .activate = within_activate, .receive = within_receive, .passivate = passivate_and_cancel, .drop = drop_and_send};

Test(within, passivate_may_take_its_timers_back)
{
    struct within within;
    open_world(&within, &cancelling_when_passivated);
    runtime_run(within.runtime, 0, 10);
    runtime_timer_start(within.runtime, find_x(&within), 500, &within.message, &within.timer);
    runtime_run(within.runtime, 100, 10);
    cr_assert(within.cancelled == 1 && within.drops == 0);
    cr_assert_null(find_x(&within));
    runtime_free(&within.runtime);
}

Test(within, stop_from_receive_drops_what_passivate_sends)
{
    struct within within;
    open_world(&within, &sending_when_passivated);
    within.received = RUNTIME_STOP;
    runtime_run(within.runtime, 0, 10);
    cr_assert(within.passivations == 1 && within.result == RUNTIME_OK);
    cr_assert_null(find_x(&within));
    runtime_free(&within.runtime);
}
