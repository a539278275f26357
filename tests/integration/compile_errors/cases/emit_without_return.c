/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: (control reaches end of non-void function|no return statement in function returning non-void)
 * clang: non-void function does not return a value */
#define OWN_DECIDE
#include "account.h"
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    emit(out, deposited, .amount = command->amount, .note = command->note);
}
