/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain without mistakes, which the cases include and add one to. */
#include <fluvius/domain.h>

DOMAIN(bank, "Accounts.");
ENUM(account_status, "", open, closed);
AGGREGATE(account, "", FIELD(int64, balance), FIELD(account_status, status), OPTIONAL(int64, limit), LIST(text, tags));

COMMAND(account, deposit, ("Put money in.", .creates = true), FIELD(int64, amount, .min = 1), OPTIONAL(text, note));
EVENT(account, deposited, "Money came in.", FIELD(int64, amount), OPTIONAL(text, note));

#ifndef OWN_DECIDE
static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    return emit(out, deposited, .amount = command->amount, .note = command->note);
}
#endif
#ifndef OWN_APPLY
static void apply_deposited(account *state, const deposited *event)
{
    state->balance += event->amount;
}
#endif
