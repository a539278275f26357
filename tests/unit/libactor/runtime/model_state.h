/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The model's own state, and what its two files share. */
#ifndef TESTS_RUNTIME_MODEL_STATE_H
#define TESTS_RUNTIME_MODEL_STATE_H

#include "tests/unit/libactor/runtime/model.h"

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

void model_write(struct model *model, const char *format, ...);
void model_advance(struct model *model, uint64_t now_us);
uint64_t model_row_count(const struct model *model, enum model_row row);
struct model_letter *letter_find(struct model *model, char letter);
/* Fulfils its wish if it can be, and puts it into its row. */
void letter_settle(struct model *model, char letter);

#endif
