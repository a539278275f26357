/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: fluvius_command_options. has no member named .creats.; did you mean .creates.
 * clang: field designator 'creats' does not refer to any field in type 'const fluvius_command_options' */
#include "account.h"
COMMAND(account, ask, ("Ask.", .creats = true));
static verdict decide_ask(const account *state, const ask *command, decision *out)
{
    return no_change(out);
}
