/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The model's actors between runs: what is sent to them, wished of them, and where they then belong. "Earlier" is told
 * by stamps from one counter. */
#include "tests/unit/libactor/runtime/model_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void model_write(struct model *model, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (model->logged > 0)
        model->log[model->logged++] = ' ';
    model->logged += (size_t)vsnprintf(model->log + model->logged, LOG_SIZE - model->logged, format, arguments);
    va_end(arguments);
}

struct model_letter *letter_find(struct model *model, char letter)
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
    model_write(model, "%c!%d%c", letter, order->number, reason);
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
    struct model_letter *actor = letter_find(model, letter);
    for (uint32_t i = 0; i < actor->count; i++)
        drop(model, letter, &actor->mailbox[i], 's');
    actor->count = 0;
}

static void forget(struct model *model, char letter, char reason)
{
    struct model_letter *actor = letter_find(model, letter);
    if (actor->state == ACTIVATING || actor->state == ACTIVE) {
        model_write(model, "%c-", letter);
        actor->state = COLD;
    }
    drop_timers(model, letter, reason);
    actor->bytes = 0;
    actor->suspended = false;
}

/* ---- wishes ---- */

static void stop_now(struct model *model, char letter)
{
    struct model_letter *actor = letter_find(model, letter);
    model->stats.stops++;
    actor->restarts = 0;
    drop_timers(model, letter, 's');
    drop_mailbox(model, letter);
}

static void end_and_stop(struct model *model, char letter)
{
    forget(model, letter, 's');
    letter_find(model, letter)->state = COLD;
    letter_find(model, letter)->restarting = false;
    stop_now(model, letter);
}

static void fail_now(struct model *model, char letter)
{
    struct model_letter *actor = letter_find(model, letter);
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
    struct model_letter *actor = letter_find(model, letter);
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

void letter_settle(struct model *model, char letter)
{
    struct model_letter *actor = letter_find(model, letter);
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
    struct model_letter *actor = letter_find(model, letter);
    if (!actor->exists)
        return;
    actor->wish = actor->wish > wish ? actor->wish : wish;
    letter_settle(model, letter);
}

/* ---- calls ---- */

static bool has_room(const struct model *model, const struct order *order)
{
    return model->stats.message_bytes + order->size <= model->config.mailbox_bytes;
}

static enum runtime_result refuse(struct model *model, char to, const struct order *order)
{
    model->stats.refused++;
    model_write(model, "%c?%d", to, order->number);
    return RUNTIME_FULL;
}

static void count_in(struct model *model, const struct order *order)
{
    model->stats.messages++;
    model->stats.message_bytes += order->size;
}

void model_advance(struct model *model, uint64_t now_us)
{
    model->now_us = now_us > model->now_us ? now_us : model->now_us;
}

enum runtime_result model_order(struct model *model, char to, struct order order)
{
    struct model_letter *actor = letter_find(model, to);
    model_advance(model, model->world_us);
    if (actor->count >= model->config.mailbox_messages || !has_room(model, &order))
        return refuse(model, to, &order);
    actor->exists = true;
    count_in(model, &order);
    actor->mailbox[actor->count++] = order;
    letter_settle(model, to);
    return RUNTIME_OK;
}

void model_activated(struct model *model, char letter)
{
    letter_find(model, letter)->awaited = false;
    letter_find(model, letter)->state = ACTIVE;
    model->stats.activations++;
    letter_settle(model, letter);
}

void model_failed(struct model *model, char letter)
{
    struct model_letter *actor = letter_find(model, letter);
    if (actor->state != ACTIVATING && actor->state != ACTIVE)
        return;
    actor->awaited = false;
    wish(model, letter, WISH_FAIL);
}

void model_suspend(struct model *model, char letter)
{
    if (!model_exists(model, letter))
        return;
    letter_find(model, letter)->suspended = true;
    letter_find(model, letter)->resumed = false;
    letter_settle(model, letter);
}

void model_resume(struct model *model, char letter)
{
    if (!model_exists(model, letter))
        return;
    letter_find(model, letter)->suspended = false;
    letter_find(model, letter)->resumed = true;
    letter_settle(model, letter);
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
        letter_find(model, letter)->bytes = bytes;
}

void model_start_timer(struct model *model, char letter, uint64_t due_us, struct order order)
{
    if (!model_exists(model, letter))
        return;
    uint32_t held = letter_find(model, letter)->count + timers_of(model, letter);
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
        model_write(model, "=%d", timer->order.number);
        return true;
    }
    return false;
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

uint64_t model_row_count(const struct model *model, enum model_row row)
{
    uint64_t count = 0;
    for (int i = 0; i < LETTERS; i++)
        count += model->letters[i].exists && model->letters[i].row == row;
    return count;
}

struct runtime_stats model_stats(const struct model *model)
{
    struct runtime_stats stats = model->stats;
    stats.runnable = model_row_count(model, RUNNABLE);
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
