/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: conflicting types for .decide_ask.
 * clang: conflicting types for 'decide_ask' */
#include "account.h"
COMMAND(account, ask, "Ask.");
static verdict decide_ask(const account *state, const deposit *command, decision *out)
{
    return no_change(out);
}
