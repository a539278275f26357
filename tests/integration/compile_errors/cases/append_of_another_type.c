/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: invalid initializer
 * clang: initializing .* with an expression of incompatible type 'const int64' */
#define OWN_APPLY
#include "account.h"
static void apply_deposited(account *state, const deposited *event)
{
    append(state, tags, event->amount);
}
