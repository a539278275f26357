/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: assignment of (read-only|member)
 * clang: (read-only|const) */
#define OWN_APPLY
#include "account.h"
static void apply_deposited(account *state, const deposited *event)
{
    state->tags.items[0] = event->note;
}
