/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The sequential model: one account of examples/bank as the platform serves it, one call after another. What a repeated
 * command id means is not here; see items.h. */
#ifndef TEST_LINEAR_ACCOUNT_H
#define TEST_LINEAR_ACCOUNT_H

#include "tests/linear/call.h"

enum account_life { ACCOUNT_NONE, ACCOUNT_OPEN, ACCOUNT_CLOSED };

/* Zeroed: an account that does not exist. */
struct account {
    int64_t balance, version;
    enum account_life life;
};

static inline bool account_equal(const struct account *a, const struct account *b)
{
    return a->balance == b->balance && a->version == b->version && a->life == b->life;
}

/* The answer, and the account as the call leaves it; for a dry run, as the command would leave it. */
enum answer account_run(const struct account *before, const struct call *call, struct account *after);
/* Is the call's answer the one that the model gives it? Numbers that the answer did not tell are not compared. */
bool account_answers(const struct account *before, const struct call *call, struct account *after);

#endif
