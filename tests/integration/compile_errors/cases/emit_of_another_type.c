/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: incompatible types when initializing type .long int. using type .text.
 * clang: initializing 'int64' .* with an expression of incompatible type 'const text_optional' */
#define OWN_DECIDE
#include "account.h"
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    return emit(out, deposited, .amount = command->note, .note = command->note);
}
