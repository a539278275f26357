/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The model. "Earlier" is told by stamps from one counter. */
#include "tests/unit/libactor/runtime/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAILBOX_MAX = 64, TIMERS_MAX = 512 };

enum model_state { COLD, ACTIVATING, ACTIVE, BACKING_OFF };
enum model_row { NO_ROW, RUNNABLE, IDLE };
enum model_wish { NO_WISH, WISH_RESET, WISH_FAIL, WISH_STOP };

struct model_letter {
    bool exists, awaited, suspended, resumed, restarting, busy;
    enum model_state state;
    enum model_wish wish;
    enum model_row row;
    uint64_t stamp; /* since when in the row */
    uint64_t idle_us, due_us, window_us, restarts, bytes;
    struct order mailbox[MAILBOX_MAX];
    uint32_t count;
};

struct model_timer {
    uint64_t start; /* 0: none */
    uint64_t due_us;
    char letter;
    struct order order;
};

struct model {
    struct runtime_config config;
    struct model_letter letters[LETTERS];
    enum activation activations[LETTERS];
    bool vetoes[LETTERS];
    struct model_timer timers[TIMERS_MAX];
    uint64_t names[TIMER_NAMES]; /* starts */
    uint64_t now_us, world_us, stamps, refused_in_a_row;
    struct runtime_stats stats;
    size_t logged;
    char log[LOG_SIZE];
};

static void write_down(struct model *model, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (model->logged > 0)
        model->log[model->logged++] = ' ';
    model->logged += (size_t)vsnprintf(model->log + model->logged, LOG_SIZE - model->logged, format, arguments);
    va_end(arguments);
}

static struct model_letter *find(struct model *model, char letter)
{
    return &model->letters[letter - 'a'];
}

static uint32_t timers_of(const struct model *model, char letter)
{
    uint32_t count = 0;
    for (int i = 0; i < TIMERS_MAX; i++)
        count += model->timers[i].start != 0 && model->timers[i].letter == letter;
    return count;
}

/* ---- messages that end ---- */

static void drop(struct model *model, char letter, const struct order *order, char reason)
{
    model->stats.messages--;
    model->stats.message_bytes -= order->size;
    model->stats.dropped++;
    write_down(model, "%c!%d%c", letter, order->number, reason);
}

/* The actor's newest timer goes first. */
static void drop_timers(struct model *model, char letter, char reason)
{
    while (timers_of(model, letter) > 0) {
        struct model_timer *newest = NULL;
        for (int i = 0; i < TIMERS_MAX; i++) {
            struct model_timer *timer = &model->timers[i];
            if (timer->start != 0 && timer->letter == letter && (newest == NULL || timer->start > newest->start))
                newest = timer;
        }
        newest->start = 0;
        drop(model, letter, &newest->order, reason);
    }
}

static void drop_mailbox(struct model *model, char letter)
{
    struct model_letter *actor = find(model, letter);
    for (uint32_t i = 0; i < actor->count; i++)
        drop(model, letter, &actor->mailbox[i], 's');
    actor->count = 0;
}

static struct order mailbox_first(struct model_letter *actor)
{
    struct order order = actor->mailbox[0];
    memmove(actor->mailbox, actor->mailbox + 1, --actor->count * sizeof order);
    return order;
}

static void forget(struct model *model, char letter, char reason)
{
    struct model_letter *actor = find(model, letter);
    if (actor->state == ACTIVATING || actor->state == ACTIVE) {
        write_down(model, "%c-", letter);
        actor->state = COLD;
    }
    drop_timers(model, letter, reason);
    actor->bytes = 0;
    actor->suspended = false;
}

/* ---- wishes ---- */

static void stop_now(struct model *model, char letter)
{
    struct model_letter *actor = find(model, letter);
    model->stats.stops++;
    actor->restarts = 0;
    drop_timers(model, letter, 's');
    drop_mailbox(model, letter);
}

static void end_and_stop(struct model *model, char letter)
{
    forget(model, letter, 's');
    find(model, letter)->state = COLD;
    find(model, letter)->restarting = false;
    stop_now(model, letter);
}

static void fail_now(struct model *model, char letter)
{
    struct model_letter *actor = find(model, letter);
    if (actor->restarts > 0 && model->now_us >= actor->window_us + model->config.restart_window_us)
        actor->restarts = 0;
    if (actor->restarts == 0)
        actor->window_us = model->now_us;
    if (actor->restarts == model->config.restarts_max) {
        end_and_stop(model, letter);
        return;
    }
    forget(model, letter, 'f');
    uint64_t delay_us = model->config.restart_delay_us << actor->restarts++;
    if (delay_us > model->config.restart_delay_max_us)
        delay_us = model->config.restart_delay_max_us;
    actor->due_us = model->now_us + delay_us;
    actor->stamp = ++model->stamps;
    actor->state = BACKING_OFF;
    model->stats.restarts++;
}

static void fulfil(struct model *model, char letter)
{
    struct model_letter *actor = find(model, letter);
    if (actor->awaited) {
        if (actor->wish == WISH_STOP)
            stop_now(model, letter);
        actor->wish = WISH_RESET;
        return;
    }
    if (actor->wish == WISH_STOP)
        end_and_stop(model, letter);
    else if (actor->wish == WISH_FAIL)
        fail_now(model, letter);
    else
        forget(model, letter, 'f');
    actor->wish = NO_WISH;
}

static enum model_row row_of(const struct model_letter *actor)
{
    if (actor->suspended || actor->state == ACTIVATING || actor->state == BACKING_OFF)
        return NO_ROW;
    if (actor->count > 0 || actor->restarting)
        return RUNNABLE;
    return actor->state == ACTIVE ? IDLE : NO_ROW;
}

static void settle(struct model *model, char letter)
{
    struct model_letter *actor = find(model, letter);
    if (actor->busy)
        return;
    if (actor->wish != NO_WISH)
        fulfil(model, letter);
    enum model_row row = row_of(actor);
    if (row != actor->row) {
        actor->stamp = ++model->stamps;
        actor->idle_us = model->now_us;
    }
    actor->row = row;
    if (actor->state == COLD && actor->count == 0 && !actor->restarting)
        *actor = (struct model_letter){.exists = false};
}

static void wish(struct model *model, char letter, enum model_wish wish)
{
    struct model_letter *actor = find(model, letter);
    if (!actor->exists)
        return;
    actor->wish = actor->wish > wish ? actor->wish : wish;
    settle(model, letter);
}

/* ---- calls ---- */

static bool has_room(const struct model *model, const struct order *order)
{
    return model->stats.message_bytes + order->size <= model->config.mailbox_bytes;
}

static enum runtime_result refuse(struct model *model, char to, const struct order *order)
{
    model->stats.refused++;
    write_down(model, "%c?%d", to, order->number);
    return RUNTIME_FULL;
}

static void count_in(struct model *model, const struct order *order)
{
    model->stats.messages++;
    model->stats.message_bytes += order->size;
}

static void advance(struct model *model, uint64_t now_us)
{
    model->now_us = now_us > model->now_us ? now_us : model->now_us;
}

enum runtime_result model_order(struct model *model, char to, struct order order)
{
    struct model_letter *actor = find(model, to);
    advance(model, model->world_us);
    if (actor->count >= model->config.mailbox_messages || !has_room(model, &order))
        return refuse(model, to, &order);
    actor->exists = true;
    count_in(model, &order);
    actor->mailbox[actor->count++] = order;
    settle(model, to);
    return RUNTIME_OK;
}

static void activated(struct model *model, char letter)
{
    find(model, letter)->awaited = false;
    find(model, letter)->state = ACTIVE;
    model->stats.activations++;
    settle(model, letter);
}

void model_activated(struct model *model, char letter)
{
    activated(model, letter);
}

void model_failed(struct model *model, char letter)
{
    struct model_letter *actor = find(model, letter);
    if (actor->state != ACTIVATING && actor->state != ACTIVE)
        return;
    actor->awaited = false;
    wish(model, letter, WISH_FAIL);
}

void model_suspend(struct model *model, char letter)
{
    if (!model_exists(model, letter))
        return;
    find(model, letter)->suspended = true;
    find(model, letter)->resumed = false;
    settle(model, letter);
}

void model_resume(struct model *model, char letter)
{
    if (!model_exists(model, letter))
        return;
    find(model, letter)->suspended = false;
    find(model, letter)->resumed = true;
    settle(model, letter);
}

void model_reset(struct model *model, char letter)
{
    wish(model, letter, WISH_RESET);
}

void model_stop(struct model *model, char letter)
{
    wish(model, letter, WISH_STOP);
}

void model_set_bytes(struct model *model, char letter, uint64_t bytes)
{
    if (model_exists(model, letter))
        find(model, letter)->bytes = bytes;
}

void model_start_timer(struct model *model, char letter, uint64_t due_us, struct order order)
{
    if (!model_exists(model, letter))
        return;
    uint32_t held = find(model, letter)->count + timers_of(model, letter);
    if (held >= 2 * model->config.mailbox_messages || !has_room(model, &order)) {
        refuse(model, letter, &order);
        return;
    }
    count_in(model, &order);
    struct model_timer *timer = model->timers;
    while (timer->start != 0)
        cr_assert_lt(++timer, model->timers + TIMERS_MAX);
    *timer = (struct model_timer){.start = ++model->stamps, .due_us = due_us, .letter = letter, .order = order};
    model->names[order.number % TIMER_NAMES] = timer->start;
}

bool model_cancel_timer(struct model *model, int number)
{
    uint64_t start = model->names[number % TIMER_NAMES];
    model->names[number % TIMER_NAMES] = 0;
    for (int i = 0; start != 0 && i < TIMERS_MAX; i++) {
        struct model_timer *timer = &model->timers[i];
        if (timer->start != start)
            continue;
        timer->start = 0;
        model->stats.messages--;
        model->stats.message_bytes -= timer->order.size;
        write_down(model, "=%d", timer->order.number);
        return true;
    }
    return false;
}

/* ---- a turn ---- */

static void ask(struct model_letter *actor, enum model_wish wish)
{
    actor->wish = actor->wish > wish ? actor->wish : wish;
    actor->awaited = false;
}

static void activate(struct model *model, char letter)
{
    struct model_letter *actor = find(model, letter);
    actor->restarting = false;
    actor->state = ACTIVATING;
    write_down(model, "%c+", letter);
    switch (model->activations[letter - 'a']) {
    case ACTIVATION_FAILS:
    case ACTIVATION_FAILS_AT_ONCE:
        ask(actor, WISH_FAIL);
        return;
    case ACTIVATION_STOPS:
        ask(actor, WISH_STOP);
        return;
    case ACTIVATION_STOPPED_WAITS:
        ask(actor, WISH_STOP);
        actor->awaited = true;
        return;
    case ACTIVATION_WAITS:
        actor->awaited = true;
        return;
    default:
        activated(model, letter);
    }
}

static void obey(struct model *model, char letter, struct order order)
{
    struct model_letter *actor = find(model, letter);
    struct order made = {.number = order.number + 1000, .size = order.size};
    if (order.action == DO_FAIL)
        ask(actor, WISH_FAIL);
    else if (order.action == DO_STOP)
        ask(actor, WISH_STOP);
    else if (order.action == DO_WAIT || order.action == DO_SUSPEND)
        actor->suspended = true;
    else if (order.action == DO_SEND)
        model_order(model, order.target, made);
    else if (order.action == DO_RESUME_TARGET)
        model_resume(model, order.target);
    else if (order.action == DO_RESET_TARGET)
        model_reset(model, order.target);
    else if (order.action == DO_STOP_TARGET)
        model_stop(model, order.target);
    else if (order.action == DO_START_TIMER)
        model_start_timer(model, order.target, model->world_us + order.amount, made);
    else if (order.action == DO_SET_BYTES)
        model_set_bytes(model, order.target, order.amount);
}

static void receive(struct model *model, char letter)
{
    struct order order = mailbox_first(find(model, letter));
    model->stats.messages--;
    model->stats.message_bytes -= order.size;
    model->stats.delivered++;
    write_down(model, "%c%d", letter, order.number);
    obey(model, letter, order);
}

static bool receives(const struct model_letter *actor)
{
    return actor->state == ACTIVE && !actor->suspended && actor->wish == NO_WISH && actor->count > 0;
}

static uint64_t turn(struct model *model, char letter, uint64_t limit)
{
    struct model_letter *actor = find(model, letter);
    uint64_t spent = 0;
    actor->busy = true;
    actor->row = NO_ROW;
    if (actor->state == COLD) {
        activate(model, letter);
        spent++;
    }
    for (; spent < limit && receives(actor); spent++)
        receive(model, letter);
    actor->busy = false;
    settle(model, letter);
    return spent;
}

/* ---- a run ---- */

/* The one that has been in the row longest; 0 when nobody is. */
static char row_first(const struct model *model, enum model_row row)
{
    char first = 0;
    for (char letter = 'a'; letter <= 'z'; letter++) {
        const struct model_letter *actor = &model->letters[letter - 'a'];
        if (actor->exists && actor->row == row && (first == 0 || actor->stamp < model->letters[first - 'a'].stamp))
            first = letter;
    }
    return first;
}

static uint64_t row_count(const struct model *model, enum model_row row)
{
    uint64_t count = 0;
    for (int i = 0; i < LETTERS; i++)
        count += model->letters[i].exists && model->letters[i].row == row;
    return count;
}

static const struct model_timer *timer_first(const struct model *model)
{
    const struct model_timer *first = NULL;
    for (const struct model_timer *timer = model->timers; timer < model->timers + TIMERS_MAX; timer++)
        if (timer->start != 0 && (first == NULL || timer->due_us < first->due_us ||
                                  (timer->due_us == first->due_us && timer->start < first->start)))
            first = timer;
    return first;
}

static void fire_timers(struct model *model, uint64_t budget)
{
    for (; budget > 0; budget--) {
        struct model_timer *timer = (struct model_timer *)timer_first(model);
        if (timer == NULL || timer->due_us > model->now_us)
            return;
        struct model_letter *actor = find(model, timer->letter);
        actor->mailbox[actor->count++] = timer->order;
        timer->start = 0;
        settle(model, timer->letter);
    }
}

/* Short back-offs first, then those that began earlier. */
static void end_backoffs(struct model *model)
{
    for (;;) {
        struct model_letter *first = NULL;
        for (struct model_letter *actor = model->letters; actor < model->letters + LETTERS; actor++)
            if (actor->state == BACKING_OFF && actor->due_us <= model->now_us &&
                (first == NULL || actor->restarts < first->restarts ||
                 (actor->restarts == first->restarts && actor->stamp < first->stamp)))
                first = actor;
        if (first == NULL)
            return;
        first->state = COLD;
        first->restarting = true;
        settle(model, (char)('a' + (first - model->letters)));
    }
}

static bool is_crowded(const struct model *model)
{
    struct runtime_stats stats = model_stats(model);
    return stats.actors > model->config.actors_max || stats.actor_bytes > model->config.bytes_max;
}

static bool goes(const struct model *model, char letter)
{
    const struct model_letter *actor = &model->letters[letter - 'a'];
    uint64_t idle_us = model->config.idle_us;
    return is_crowded(model) || (idle_us != 0 && model->now_us >= actor->idle_us + idle_us);
}

static void passivate(struct model *model, uint64_t budget)
{
    uint64_t asks = row_count(model, IDLE);
    char letter;
    for (; budget > 0 && asks > 0 && (letter = row_first(model, IDLE)) != 0 && goes(model, letter); budget--) {
        if (model->vetoes[letter - 'a']) {
            find(model, letter)->stamp = ++model->stamps;
            find(model, letter)->idle_us = model->now_us;
            model->refused_in_a_row++;
            asks--;
        } else {
            model->stats.passivations++;
            model->refused_in_a_row = 0;
            model_reset(model, letter);
        }
    }
}

uint64_t model_run(struct model *model, uint64_t now_us, uint64_t budget)
{
    uint64_t before = model->stats.delivered;
    model->world_us = now_us;
    advance(model, now_us);
    fire_timers(model, budget);
    end_backoffs(model);
    char letter;
    for (uint64_t left = budget; left > 0 && (letter = row_first(model, RUNNABLE)) != 0;)
        left -= turn(model, letter, left < model->config.batch_messages ? left : model->config.batch_messages);
    passivate(model, budget);
    return model->stats.delivered - before;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t model_next_us(const struct model *model, uint64_t now_us)
{
    char idle = row_first(model, IDLE);
    bool presses = idle != 0 && is_crowded(model) && model->refused_in_a_row < row_count(model, IDLE);
    if (row_first(model, RUNNABLE) != 0 || presses)
        return now_us;
    uint64_t next_us = timer_first(model) == NULL ? UINT64_MAX : timer_first(model)->due_us;
    for (int i = 0; i < LETTERS; i++)
        if (model->letters[i].state == BACKING_OFF)
            next_us = earlier(next_us, model->letters[i].due_us);
    if (idle != 0 && model->config.idle_us != 0)
        next_us = earlier(next_us, model->letters[idle - 'a'].idle_us + model->config.idle_us);
    return next_us > now_us ? next_us : now_us;
}

/* ---- looking at it ---- */

struct model *model_new(struct runtime_config config)
{
    struct model *model = calloc(1, sizeof *model);
    cr_assert_not_null(model);
    cr_assert_leq(4 * config.mailbox_messages, MAILBOX_MAX);
    model->config = config;
    return model;
}

void model_free(struct model **model)
{
    free(*model);
    *model = NULL;
}

void model_set_activation(struct model *model, char letter, enum activation activation)
{
    model->activations[letter - 'a'] = activation;
}

void model_set_vetoes(struct model *model, char letter, bool vetoes)
{
    model->vetoes[letter - 'a'] = vetoes;
}

bool model_exists(const struct model *model, char letter)
{
    return model->letters[letter - 'a'].exists;
}

bool model_waits(const struct model *model, char letter)
{
    return model->letters[letter - 'a'].awaited;
}

struct runtime_stats model_stats(const struct model *model)
{
    struct runtime_stats stats = model->stats;
    stats.runnable = row_count(model, RUNNABLE);
    for (int i = 0; i < LETTERS; i++) {
        const struct model_letter *actor = &model->letters[i];
        stats.actors += actor->exists;
        stats.active += actor->state == ACTIVE;
        stats.activating += actor->exists && (actor->state == COLD || actor->state == ACTIVATING);
        stats.actor_bytes += actor->bytes;
    }
    return stats;
}

const char *model_log(const struct model *model)
{
    return model->log;
}

void model_clear_log(struct model *model)
{
    model->logged = 0;
    model->log[0] = '\0';
}
