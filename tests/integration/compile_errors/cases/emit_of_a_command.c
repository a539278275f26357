/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: .fluvius_event_deposit. undeclared
 * clang: use of undeclared identifier 'fluvius_event_deposit' */
#define OWN_DECIDE
#include "account.h"
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    return emit(out, deposit, .amount = command->amount, .note = command->note);
}
