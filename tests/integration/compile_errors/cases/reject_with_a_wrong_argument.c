/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: format .%d. expects argument of type .int.
 * clang: format specifies type 'int' but the argument has type 'int64' */
#define OWN_DECIDE
#include "account.h"
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    return reject(out, "too_much", "the balance is %d", state->balance);
}
