/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: assignment of member .balance. in read-only object
 * clang: cannot assign to variable 'state' with const-qualified type */
#define OWN_DECIDE
#include "account.h"
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    state->balance += command->amount;
    return no_change(out);
}
