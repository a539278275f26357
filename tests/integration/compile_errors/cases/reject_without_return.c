/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: ignoring return value of .reject. declared with attribute .warn_unused_result.
 * clang: ignoring return value of function declared with 'warn_unused_result' attribute */
#define OWN_DECIDE
#include "account.h"
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    if (command->amount > 100)
        reject(out, "too_much", "that is too much");
    return emit(out, deposited, .amount = command->amount, .note = command->note);
}
