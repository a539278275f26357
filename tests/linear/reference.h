/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The account once more, for judging the checker: receipts kept as receipts, nothing shared with account.c, nothing
 * clever. And the checker by brute force that goes with it. */
#ifndef TEST_LINEAR_REFERENCE_H
#define TEST_LINEAR_REFERENCE_H

#include "tests/linear/call.h"

struct receipt {
    struct call decided;
};

/* Zeroed but for receipts: an account that does not exist. */
struct reference {
    bool exists, closed;
    int64_t balance, version;
    struct receipt *receipts; /* the caller's; room for every command that will run */
    uint32_t receipt_count;
};

/* Runs what the call asks for, and fills in what it is answered: answer, version, balance. */
void reference_run(struct reference *reference, struct call *call);

enum { BRUTE_MOST = 16 };

/* Tries every order of at most BRUTE_MOST calls that keeps to real time, with and without those that are not answered.
 */
bool brute_linearizable(const struct call *const *calls, uint32_t count);

#endif
