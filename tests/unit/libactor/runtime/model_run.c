/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A run of the model: who is next, what it does in its turn, who goes for having been idle. */
#include "tests/unit/libactor/runtime/model_state.h"

#include <string.h>

/* ---- a turn ---- */

static void ask(struct model_letter *actor, enum model_wish wish)
{
    actor->wish = actor->wish > wish ? actor->wish : wish;
    actor->awaited = false;
}

static void activate(struct model *model, char letter)
{
    struct model_letter *actor = letter_find(model, letter);
    actor->restarting = false;
    actor->state = ACTIVATING;
    model_write(model, "%c+", letter);
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
        model_activated(model, letter);
    }
}

static void obey(struct model *model, char letter, struct order order)
{
    struct model_letter *actor = letter_find(model, letter);
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
    else if (order.action == DO_STOP_AND_RESET_TARGET) {
        model_stop(model, order.target);
        model_reset(model, order.target);
    } else if (order.action == DO_START_TIMER)
        model_start_timer(model, order.target, model->world_us + order.amount, made);
    else if (order.action == DO_SET_BYTES)
        model_set_bytes(model, order.target, order.amount);
}

static struct order mailbox_first(struct model_letter *actor)
{
    struct order order = actor->mailbox[0];
    memmove(actor->mailbox, actor->mailbox + 1, --actor->count * sizeof order);
    return order;
}

static void receive(struct model *model, char letter)
{
    struct order order = mailbox_first(letter_find(model, letter));
    model->stats.messages--;
    model->stats.message_bytes -= order.size;
    model->stats.delivered++;
    model_write(model, "%c%d", letter, order.number);
    obey(model, letter, order);
}

static bool receives(const struct model_letter *actor)
{
    return actor->state == ACTIVE && !actor->suspended && actor->wish == NO_WISH && actor->count > 0;
}

static uint64_t turn(struct model *model, char letter, uint64_t limit)
{
    struct model_letter *actor = letter_find(model, letter);
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
    letter_settle(model, letter);
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
        struct model_letter *actor = letter_find(model, timer->letter);
        actor->mailbox[actor->count++] = timer->order;
        timer->start = 0;
        letter_settle(model, timer->letter);
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
        letter_settle(model, (char)('a' + (first - model->letters)));
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
    uint64_t asks = model_row_count(model, IDLE);
    char letter;
    for (; budget > 0 && asks > 0 && (letter = row_first(model, IDLE)) != 0 && goes(model, letter); budget--) {
        if (model->vetoes[letter - 'a']) {
            letter_find(model, letter)->stamp = ++model->stamps;
            letter_find(model, letter)->idle_us = model->now_us;
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
    model_advance(model, now_us);
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
    bool presses = idle != 0 && is_crowded(model) && model->refused_in_a_row < model_row_count(model, IDLE);
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
