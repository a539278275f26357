/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Makes histories: clients with random delays call accounts that are linearizable because each call runs at one moment
 * between its start and its end. On request one thing goes wrong. The same settings make the same history. */
#ifndef TEST_LINEAR_SIMULATE_H
#define TEST_LINEAR_SIMULATE_H

#include "tests/linear/history.h"

enum sabotage {
    SABOTAGE_NONE,
    SABOTAGE_LOST_UPDATE, /* a change that was acknowledged is undone */
    SABOTAGE_STALE,       /* an answer shows the account before its last change */
    SABOTAGE_TWICE,       /* a command changes the account twice */
    SABOTAGE_LATE,        /* a change comes after its answer */
    SABOTAGE_ANSWER,      /* an answer is changed on its way */
    SABOTAGE_SHIFT,       /* a call is said to have been at another time */
    SABOTAGE_COUNT,
};

/* Shares are in percent. */
struct simulation {
    uint64_t seed;
    uint32_t clients, accounts, calls;
    uint32_t lost, repeated, expected, untold; /* untold: answers that do not tell their version */
    int64_t amount_most, delay_most_ns;
    enum sabotage sabotage;
};

enum error simulate(const struct simulation *simulation, struct history *out);

#endif
