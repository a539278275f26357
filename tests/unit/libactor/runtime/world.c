/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The behaviour of actors that do what they are told. */
#include "tests/unit/libactor/runtime/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct note {
    struct runtime_message message;
    struct order order;
};

struct letter_state {
    void *owned;
    int received;
};

/* ---- the log ---- */

static void write_down(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *at = world->log + world->logged;
    size_t left = LOG_SIZE - world->logged;
    int size = snprintf(at, left, "%s", world->logged == 0 ? "" : " ");
    size += vsnprintf(at + size, left - (size_t)size, format, arguments);
    va_end(arguments);
    cr_assert_lt((size_t)size, left, "the log is full");
    world->logged += (size_t)size;
}

void world_clear_log(struct world *world)
{
    world->logged = 0;
    world->log[0] = '\0';
}

/* ---- letters ---- */

static char letter_of(const struct actor *actor)
{
    size_t size;
    const char *key = actor_key(actor, &size);
    cr_assert_eq(size, 1);
    return *key;
}

static uint64_t hash_of(char letter)
{
    return (uint64_t)letter % 4;
}

struct actor *world_find(struct world *world, char letter)
{
    return runtime_find(world->runtime, &letter, 1, hash_of(letter));
}

/* ---- messages ---- */

static struct note *note_new(struct order order)
{
    struct note *note = malloc(sizeof *note);
    cr_assert_not_null(note);
    *note = (struct note){.message.size = order.size, .order = order};
    return note;
}

static enum runtime_result note_accepted(struct world *world, char to, struct note *note, enum runtime_result result)
{
    world->sent++;
    if (result != RUNTIME_OK) {
        world->refused++;
        write_down(world, "%c?%d", to, note->order.number);
        free(note);
    }
    return result;
}

enum runtime_result world_order(struct world *world, char to, struct order order)
{
    struct note *note = note_new(order);
    enum runtime_result result = runtime_send(world->runtime, &to, 1, hash_of(to), &note->message, world->now_us);
    return note_accepted(world, to, note, result);
}

enum runtime_result world_send(struct world *world, char to, int number)
{
    return world_order(world, to, (struct order){.number = number});
}

void world_send_many(struct world *world, char to, int first, int last)
{
    for (int number = first; number <= last; number++)
        cr_assert_eq(world_send(world, to, number), RUNTIME_OK);
}

static enum runtime_result start_timer(struct world *world, char letter, uint64_t after_us, struct order order)
{
    struct actor *actor = world_find(world, letter);
    if (actor == NULL)
        return RUNTIME_OK;
    struct note *note = note_new(order);
    struct runtime_timer *name = &world->timers[order.number % TIMER_NAMES];
    uint64_t due_us = world->now_us + after_us;
    return note_accepted(world, letter, note, runtime_timer_start(world->runtime, actor, due_us, &note->message, name));
}

enum runtime_result world_start_timer(struct world *world, char letter, uint64_t after_us, int number)
{
    return start_timer(world, letter, after_us, (struct order){.number = number});
}

bool world_cancel_timer(struct world *world, int number)
{
    struct runtime_timer *name = &world->timers[number % TIMER_NAMES];
    struct note *note = (struct note *)runtime_timer_cancel(world->runtime, name);
    cr_assert(name->slot == 0 && name->generation == 0);
    if (note == NULL)
        return false;
    world->cancelled++;
    write_down(world, "=%d", note->order.number);
    free(note);
    return true;
}

/* ---- the behaviour ---- */

static enum runtime_result letter_activate(void *context, struct actor *actor)
{
    struct world *world = context;
    struct letter_state *state = actor_state(actor);
    char letter = letter_of(actor);
    cr_assert(state->owned == NULL && state->received == 0, "the state is not zeroed");
    state->owned = malloc(1);
    world->states++;
    write_down(world, "%c+", letter);
    switch (world->letters[letter - 'a'].activation) {
    case ACTIVATION_FAILS:
        return RUNTIME_FAIL;
    case ACTIVATION_STOPS:
        return RUNTIME_STOP;
    case ACTIVATION_OK_AT_ONCE:
        runtime_activated(world->runtime, actor);
        return RUNTIME_WAIT;
    case ACTIVATION_OK_TWICE:
        runtime_activated(world->runtime, actor);
        return RUNTIME_OK;
    case ACTIVATION_FAILS_AT_ONCE:
        runtime_failed(world->runtime, actor);
        return RUNTIME_WAIT;
    case ACTIVATION_STOPPED_WAITS:
        runtime_stop(world->runtime, actor);
        /* fallthrough */
    case ACTIVATION_WAITS:
        world->letters[letter - 'a'].waiting = actor;
        return RUNTIME_WAIT;
    default:
        return RUNTIME_OK;
    }
}

static void stop_and_reset(struct world *world, struct actor *target, char letter)
{
    runtime_stop(world->runtime, target);
    if (world_find(world, letter) != NULL)
        runtime_reset(world->runtime, target);
}

static void do_to_target(struct world *world, const struct order *order)
{
    struct actor *target = world_find(world, order->target);
    if (target == NULL)
        return;
    if (order->action == DO_RESUME_TARGET)
        runtime_resume(world->runtime, target);
    else if (order->action == DO_RESET_TARGET)
        runtime_reset(world->runtime, target);
    else if (order->action == DO_STOP_TARGET)
        runtime_stop(world->runtime, target);
    else if (order->action == DO_STOP_AND_RESET_TARGET)
        stop_and_reset(world, target, order->target);
    else if (order->action == DO_SET_BYTES)
        actor_set_bytes(world->runtime, target, order->amount);
}

static enum runtime_result obey(struct world *world, struct actor *actor, const struct order *order)
{
    struct order made = {.number = order->number + 1000, .size = order->size};
    switch (order->action) {
    case DO_FAIL:
        return RUNTIME_FAIL;
    case DO_STOP:
        return RUNTIME_STOP;
    case DO_WAIT:
        return RUNTIME_WAIT;
    case DO_RESUME_AND_WAIT:
        runtime_resume(world->runtime, actor);
        return RUNTIME_WAIT;
    case DO_SUSPEND:
        runtime_suspend(world->runtime, actor);
        return RUNTIME_OK;
    case DO_SEND:
        world_order(world, order->target, made);
        return RUNTIME_OK;
    case DO_START_TIMER:
        start_timer(world, order->target, order->amount, made);
        return RUNTIME_OK;
    default:
        do_to_target(world, order);
        return RUNTIME_OK;
    }
}

static enum runtime_result letter_receive(void *context, struct actor *actor, struct runtime_message *message)
{
    struct world *world = context;
    struct order order = ((struct note *)message)->order;
    struct letter_state *state = actor_state(actor);
    cr_assert_not_null(state->owned);
    free(message);
    world->received++;
    state->received++;
    write_down(world, "%c%d", letter_of(actor), order.number);
    return obey(world, actor, &order);
}

static bool letter_may_passivate(void *context, const struct actor *actor)
{
    struct world *world = context;
    world->letters[letter_of(actor) - 'a'].asked++;
    return !world->letters[letter_of(actor) - 'a'].vetoes;
}

static void letter_passivate(void *context, struct actor *actor)
{
    struct world *world = context;
    struct letter_state *state = actor_state(actor);
    cr_assert_not_null(state->owned);
    free(state->owned);
    world->states--;
    world->letters[letter_of(actor) - 'a'].waiting = NULL;
    write_down(world, "%c-", letter_of(actor));
}

static void letter_drop(void *context, struct actor *actor, struct runtime_message *message, enum runtime_drop reason)
{
    struct world *world = context;
    struct note *note = (struct note *)message;
    world->dropped++;
    write_down(world, "%c!%d%c", letter_of(actor), note->order.number, "?scf"[reason]);
    free(note);
}

static const struct runtime_behavior letter_behavior = {
    .state_size = sizeof(struct letter_state),
    .activate = letter_activate,
    .receive = letter_receive,
    .may_passivate = letter_may_passivate,
    .passivate = letter_passivate,
    .drop = letter_drop,
};

/* ---- the world ---- */

struct world *world_new(struct runtime_config config)
{
    struct world *world = calloc(1, sizeof *world);
    cr_assert_not_null(world);
    config.behavior = &letter_behavior;
    config.context = world;
    world->runtime = runtime_new(&config);
    cr_assert_not_null(world->runtime);
    return world;
}

void world_free(struct world **world)
{
    struct world *w = *world;
    runtime_free(&w->runtime);
    cr_assert_null(w->runtime);
    cr_assert_eq(w->sent, w->refused + w->received + w->dropped + w->cancelled, "messages were lost");
    cr_assert_eq(w->states, 0, "states were lost");
    free(w);
    *world = NULL;
}

uint64_t world_run(struct world *world, uint64_t after_us)
{
    world->now_us += after_us;
    return world_run_some(world, 1000);
}

uint64_t world_run_some(struct world *world, uint64_t budget)
{
    return runtime_run(world->runtime, world->now_us, budget);
}

void world_activated(struct world *world, char letter)
{
    struct actor *actor = world->letters[letter - 'a'].waiting;
    world->letters[letter - 'a'].waiting = NULL;
    runtime_activated(world->runtime, actor);
}

void world_failed(struct world *world, char letter)
{
    struct actor *actor = world->letters[letter - 'a'].waiting;
    world->letters[letter - 'a'].waiting = NULL;
    runtime_failed(world->runtime, actor);
}

struct runtime_stats world_stats(struct world *world)
{
    struct runtime_stats stats;
    runtime_stats(world->runtime, &stats);
    return stats;
}
