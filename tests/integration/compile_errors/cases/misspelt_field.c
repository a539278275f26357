/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: has no member named .balanse.; did you mean .balance.
 * clang: no member named 'balanse' in 'struct account'; did you mean 'balance' */
#define OWN_APPLY
#include "account.h"
static void apply_deposited(account *state, const deposited *event)
{
    state->balanse += event->amount;
}
