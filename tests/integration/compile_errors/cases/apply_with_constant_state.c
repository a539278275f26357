/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: conflicting types for .apply_asked.
 * clang: conflicting types for 'apply_asked' */
#include "account.h"
EVENT(account, asked, "Asked.");
static void apply_asked(const account *state, const asked *event)
{
}
