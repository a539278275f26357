/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: .upcast_asked_1. used but never defined
 * clang: function 'upcast_asked_1' has internal linkage but is not defined */
#include "account.h"
EVENT(account, asked, ("Asked.", .version = 2), FIELD(int64, times));
static void apply_asked(account *state, const asked *event)
{
}
RECORD(asked_1, "");
UPCAST(asked, 1, asked_1, asked);
