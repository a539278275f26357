/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: emit.deposited.: give every field of the event
 * clang: emit.deposited.: give every field of the event */
#define OWN_DECIDE
#include "account.h"
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    return emit(out, deposited, .amount = command->amount);
}
