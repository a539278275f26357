/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: fluvius_event_options. has no member named .creates
 * clang: field designator 'creates' does not refer to any field in type 'const fluvius_event_options' */
#include "account.h"
EVENT(account, asked, ("Asked.", .creates = true));
static void apply_asked(account *state, const asked *event)
{
}
