/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: incompatible types when assigning to type .int64_optional. from type .int64.
 * clang: assigning to 'int64_optional' .* from incompatible type 'const int64 */
#define OWN_APPLY
#include "account.h"
static void apply_deposited(account *state, const deposited *event)
{
    state->limit = event->amount;
}
