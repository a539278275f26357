/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: expected .
 * clang: expected */
#define OWN_DECIDE
#include "account.h"
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    const char *note = "rent";
    return emit(out, deposited, .amount = command->amount, .note = TEXT(note));
}
