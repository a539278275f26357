/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: has no member named .amonut.; did you mean .amount.
 * clang: field designator 'amonut' does not refer to any field in type 'const deposited' */
#define OWN_DECIDE
#include "account.h"
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    return emit(out, deposited, .amonut = command->amount, .note = command->note);
}
