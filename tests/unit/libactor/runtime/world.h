/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A runtime whose actors are letters and do as each message orders, and which writes down what they see:
 *
 *     a+    activate        a-    passivate       a1    receive of message 1
 *     a!1s  drop of message 1 (s: stopped, c: closed, f: forgotten)
 *     a?1   message 1 was refused                 a=1   the timer with message 1 was cancelled
 *
 * Messages and states are on the heap, so a sanitizer sees what is lost. A quarter of the letters share each hash. */
#ifndef TESTS_RUNTIME_WORLD_H
#define TESTS_RUNTIME_WORLD_H

#include <fluvius/runtime.h>

#include <criterion/criterion.h>

enum action {
    DO_NOTHING,
    DO_FAIL,
    DO_STOP,
    DO_WAIT,
    DO_RESUME_AND_WAIT,
    DO_SUSPEND,
    /* to the target: */
    DO_SEND,
    DO_RESUME_TARGET,
    DO_RESET_TARGET,
    DO_STOP_TARGET,
    DO_STOP_AND_RESET_TARGET,
    DO_START_TIMER,
    DO_SET_BYTES,
    ACTIONS,
};

struct order {
    int number;
    enum action action;
    char target;
    uint32_t size;
    uint32_t amount; /* START_TIMER: microseconds; SET_BYTES: bytes */
};

/* What activate does. AT_ONCE: the call comes from within. */
enum activation {
    ACTIVATION_OK,
    ACTIVATION_WAITS,
    ACTIVATION_FAILS,
    ACTIVATION_STOPS,
    ACTIVATION_OK_AT_ONCE,
    ACTIVATION_OK_TWICE,
    ACTIVATION_FAILS_AT_ONCE,
    ACTIVATION_STOPPED_WAITS,
    ACTIVATIONS,
};

enum { LETTERS = 26, LOG_SIZE = 1 << 16, TIMER_NAMES = 64 };

struct world {
    struct runtime *runtime;
    uint64_t now_us;
    struct {
        enum activation activation;
        bool vetoes;
        struct actor *waiting; /* for runtime_activated */
        uint64_t asked;        /* times, whether it may be passivated */
    } letters[LETTERS];
    struct runtime_timer timers[TIMER_NAMES]; /* by number */
    uint64_t sent, refused, received, dropped, cancelled;
    int64_t states; /* made and not freed */
    size_t logged;
    char log[LOG_SIZE];
};

/* config without behavior and context. */
struct world *world_new(struct runtime_config config);
/* Frees the runtime and checks that every message and state came back. */
void world_free(struct world **world);

enum runtime_result world_order(struct world *world, char to, struct order order);
enum runtime_result world_send(struct world *world, char to, int number);
void world_send_many(struct world *world, char to, int first, int last);
/* Lets time pass and runs. */
uint64_t world_run(struct world *world, uint64_t after_us);
uint64_t world_run_some(struct world *world, uint64_t budget);
struct actor *world_find(struct world *world, char letter);
void world_activated(struct world *world, char letter);
void world_failed(struct world *world, char letter);
enum runtime_result world_start_timer(struct world *world, char letter, uint64_t after_us, int number);
bool world_cancel_timer(struct world *world, int number);
struct runtime_stats world_stats(struct world *world);

/* What was written down since the last time. */
#define EXPECT_LOG(WORLD, TEXT)                                                                                        \
    do {                                                                                                               \
        cr_assert_str_eq((WORLD)->log, (TEXT), "log is \"%s\", should be \"%s\"", (WORLD)->log, (TEXT));               \
        world_clear_log(WORLD);                                                                                        \
    } while (0)
void world_clear_log(struct world *world);

#endif
