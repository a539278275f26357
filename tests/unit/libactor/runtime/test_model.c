/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The runtime against the model: thousands of random calls from a seed, and after each the same log, figures and next
 * time. A failure prints the seed and the step; FLUVIUS_SEED=N runs that one alone. */
#include "tests/unit/libactor/runtime/model.h"

#include <stdlib.h>
#include <string.h>

enum { SEEDS = 400, STEPS = 1500, LETTERS_USED = 8 };

struct pair {
    struct world *world;
    struct model *model;
    uint64_t random;
    int number;
};

/* xorshift64* (S. Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled"). */
static uint32_t random_below(struct pair *pair, uint32_t bound)
{
    pair->random ^= pair->random >> 12;
    pair->random ^= pair->random << 25;
    pair->random ^= pair->random >> 27;
    return (uint32_t)(pair->random * UINT64_C(2685821657736338717) >> 32) % bound;
}

static char random_letter(struct pair *pair)
{
    return (char)('a' + random_below(pair, LETTERS_USED));
}

static struct runtime_config random_config(struct pair *pair)
{
    return (struct runtime_config){
        .mailbox_messages = 1 + random_below(pair, 6),
        .mailbox_bytes = 20 + random_below(pair, 60),
        .batch_messages = 1 + random_below(pair, 4),
        .actors_max = 1 + random_below(pair, LETTERS_USED),
        .bytes_max = 10 + random_below(pair, 50),
        .idle_us = random_below(pair, 2) == 0 ? 0 : 1 + random_below(pair, 60),
        .restart_delay_us = 1 + random_below(pair, 20),
        .restart_delay_max_us = 20 + random_below(pair, 50),
        .restarts_max = 1 + random_below(pair, 5),
        .restart_window_us = 1 + random_below(pair, 400),
    };
}

static struct order random_order(struct pair *pair)
{
    return (struct order){
        .number = pair->number++ % 1000,
        .action = random_below(pair, 2) == 0 ? DO_NOTHING : (enum action)random_below(pair, ACTIONS),
        .target = random_letter(pair),
        .size = random_below(pair, 4),
        .amount = random_below(pair, 40),
    };
}

/* ---- steps ---- */

static void step_send(struct pair *pair)
{
    char to = random_letter(pair);
    struct order order = random_order(pair);
    cr_assert_eq(world_order(pair->world, to, order), model_order(pair->model, to, order));
}

static void step_run(struct pair *pair)
{
    uint64_t budget = random_below(pair, 12);
    if (random_below(pair, 2) == 0)
        pair->world->now_us += random_below(pair, 30);
    uint64_t delivered = world_run_some(pair->world, budget);
    cr_assert_eq(delivered, model_run(pair->model, pair->world->now_us, budget));
}

static void step_end_activation(struct pair *pair)
{
    char letter = random_letter(pair);
    if (!model_waits(pair->model, letter))
        return;
    bool fails = random_below(pair, 4) == 0;
    (fails ? world_failed : world_activated)(pair->world, letter);
    (fails ? model_failed : model_activated)(pair->model, letter);
}

static void step_control(struct pair *pair)
{
    static void (*const runtime_calls[])(struct runtime *, struct actor *) = {
        runtime_suspend, runtime_resume, runtime_resume, runtime_reset, runtime_stop};
    static void (*const model_calls[])(struct model *,
                                       char) = {model_suspend, model_resume, model_resume, model_reset, model_stop};
    char letter = random_letter(pair);
    uint32_t call = random_below(pair, 5);
    struct actor *actor = world_find(pair->world, letter);
    cr_assert_eq(actor != NULL, model_exists(pair->model, letter));
    if (actor == NULL)
        return;
    runtime_calls[call](pair->world->runtime, actor);
    model_calls[call](pair->model, letter);
}

static void step_fail(struct pair *pair)
{
    char letter = random_letter(pair);
    struct actor *actor = world_find(pair->world, letter);
    if (actor == NULL || pair->world->letters[letter - 'a'].waiting != NULL)
        return;
    runtime_failed(pair->world->runtime, actor);
    model_failed(pair->model, letter);
}

static void step_timer(struct pair *pair)
{
    char letter = random_letter(pair);
    uint64_t after_us = random_below(pair, 50);
    int number = pair->number++ % 1000;
    world_start_timer(pair->world, letter, after_us, number);
    model_start_timer(pair->model, letter, pair->world->now_us + after_us, (struct order){.number = number});
}

static void step_cancel(struct pair *pair)
{
    int number = (int)random_below(pair, TIMER_NAMES);
    cr_assert_eq(world_cancel_timer(pair->world, number), model_cancel_timer(pair->model, number));
}

static void step_bytes(struct pair *pair)
{
    char letter = random_letter(pair);
    uint64_t bytes = random_below(pair, 40);
    struct actor *actor = world_find(pair->world, letter);
    if (actor != NULL)
        actor_set_bytes(pair->world->runtime, actor, bytes);
    model_set_bytes(pair->model, letter, bytes);
}

static void step_behave(struct pair *pair)
{
    char letter = random_letter(pair);
    bool vetoes = random_below(pair, 3) == 0;
    enum activation activation =
        random_below(pair, 2) == 0 ? ACTIVATION_OK : (enum activation)random_below(pair, ACTIVATIONS);
    pair->world->letters[letter - 'a'].activation = activation;
    pair->world->letters[letter - 'a'].vetoes = vetoes;
    model_set_activation(pair->model, letter, activation);
    model_set_vetoes(pair->model, letter, vetoes);
}

static void step(struct pair *pair)
{
    static void (*const steps[])(struct pair *) = {
        step_send,
        step_send,
        step_send,
        step_send,
        step_send,
        step_send,
        step_run,
        step_run,
        step_run,
        step_run,
        step_run,
        step_timer,
        step_timer,
        step_end_activation,
        step_end_activation,
        step_control,
        step_fail,
        step_cancel,
        step_bytes,
        step_behave,
    };
    steps[random_below(pair, sizeof steps / sizeof *steps)](pair);
}

/* ---- a seed ---- */

static void compare(struct pair *pair, uint64_t seed, int at)
{
    const char *log = model_log(pair->model);
    cr_assert_str_eq(pair->world->log, log, "seed %lu step %d: \"%s\" not \"%s\"", seed, at, pair->world->log, log);
    struct runtime_stats is = world_stats(pair->world), should = model_stats(pair->model);
    cr_assert_eq(memcmp(&is, &should, sizeof is), 0, "seed %lu step %d: figures differ", seed, at);
    uint64_t now_us = pair->world->now_us;
    cr_assert_eq(runtime_next_us(pair->world->runtime, now_us),
                 model_next_us(pair->model, now_us),
                 "seed %lu step %d: next time differs",
                 seed,
                 at);
}

static void run_seed(uint64_t seed)
{
    struct pair pair = {.random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
    struct runtime_config config = random_config(&pair);
    pair.world = world_new(config);
    pair.model = model_new(config);
    for (int at = 0; at < STEPS; at++) {
        step(&pair);
        compare(&pair, seed, at);
        world_clear_log(pair.world);
        model_clear_log(pair.model);
    }
    world_free(&pair.world);
    model_free(&pair.model);
}

Test(model, runtime_does_as_the_model_does)
{
    const char *only = getenv("FLUVIUS_SEED");
    uint64_t first = only == NULL ? 1 : strtoull(only, NULL, 10);
    for (uint64_t seed = first; seed < first + (only == NULL ? SEEDS : 1); seed++)
        run_seed(seed);
}
