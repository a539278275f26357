/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bank of examples/bank one version later, as a rolling upgrade meets it: deposits say where they came from
 * (version 2 of their event), and accounts can be frozen (an event that the version before does not have). With
 * WITHOUT_WITHDRAWALS it is a module that is not compatible: an event that was written is gone. */
#include <fluvius/domain.h>

DOMAIN(bank, "Accounts that hold money.");

ENUM(currency, "ISO 4217 code.", EUR, USD, GBP, CHF, JPY, SEK, NOK, DKK, PLN, CZK);
ENUM(account_status, "Where the account is in its life.", open, closed);

RECORD(person,
       "Who owns an account.",
       FIELD(text, given, "Given name.", .min_length = 1, .max_length = 100),
       FIELD(text, family, "Family name.", .min_length = 1, .max_length = 100));

AGGREGATE(account,
          "A bank account.",
          FIELD(int64, balance, "In minor units.", .min = 0),
          FIELD(currency, currency),
          FIELD(person, holder),
          FIELD(account_status, status),
          FIELD(bool, frozen));

/* ---- open ---- */

COMMAND(account,
        open_account,
        ("Open an account.", .name = "open", .creates = true),
        FIELD(person, holder),
        FIELD(currency, currency, .fallback = "EUR"));
EVENT(account, opened, "An account was opened.", FIELD(person, holder), FIELD(currency, currency));

static verdict decide_open_account(const account *state, const open_account *command, decision *out)
{
    if (state->status != account_status_unset)
        return reject(out, "already_open", "the account was opened before");
    return emit(out, opened, .holder = command->holder, .currency = command->currency);
}

static void apply_opened(account *state, const opened *event)
{
    state->status = account_status_open;
    state->holder = event->holder;
    state->currency = event->currency;
}

/* ---- deposit ---- */

COMMAND(account,
        deposit,
        "Put money into an account.",
        FIELD(int64, amount, "In minor units.", .min = 1),
        OPTIONAL(text, note, "Shown on the statement.", .max_length = 140),
        OPTIONAL(text, channel, "Where it came from.", .max_length = 20));
RECORD(deposited_1, "Version 1.", FIELD(int64, amount), OPTIONAL(text, note));
EVENT(account,
      deposited,
      ("Money came in.", .version = 2),
      FIELD(int64, amount),
      OPTIONAL(text, note),
      FIELD(text, channel));

static void upcast_deposited_1(const deposited_1 *from, deposited *to, fluvius_arena *arena)
{
    (void)arena;
    to->amount = from->amount;
    to->note = from->note;
    to->channel = TEXT("unknown");
}
UPCAST(deposited, 1, deposited_1, deposited);

static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    int64 balance;
    if (state->status != account_status_open)
        return reject(out, "account_closed", "the account is closed");
    if (!checked_add(state->balance, command->amount, &balance))
        return reject(out, "balance_too_large", "the account cannot hold that much");
    return emit(out,
                deposited,
                .amount = command->amount,
                .note = command->note,
                .channel = command->channel.data == NULL ? TEXT("counter") : command->channel);
}

static void apply_deposited(account *state, const deposited *event)
{
    state->balance += event->amount;
}

/* ---- freeze ---- */

COMMAND(account, freeze, "Freeze an account.");
EVENT(account, frozen, "The account was frozen.");

static verdict decide_freeze(const account *state, const freeze *command, decision *out)
{
    (void)command;
    return state->status == account_status_open ? emit(out, frozen)
                                                : reject(out, "account_closed", "the account is closed");
}

static void apply_frozen(account *state, const frozen *event)
{
    (void)event;
    state->frozen = true;
}

/* ---- withdraw ---- */

#ifndef WITHOUT_WITHDRAWALS

COMMAND(account,
        withdraw,
        "Take money out of an account.",
        FIELD(int64, amount, "In minor units.", .min = 1),
        OPTIONAL(text, note, "Shown on the statement.", .max_length = 140));
EVENT(account, withdrawn, "Money went out.", FIELD(int64, amount), OPTIONAL(text, note));

static verdict decide_withdraw(const account *state, const withdraw *command, decision *out)
{
    if (state->status != account_status_open)
        return reject(out, "account_closed", "the account is closed");
    if (command->amount > state->balance)
        return reject(out, "insufficient_funds", "the balance is %lld", (long long)state->balance);
    return emit(out, withdrawn, .amount = command->amount, .note = command->note);
}

static void apply_withdrawn(account *state, const withdrawn *event)
{
    state->balance -= event->amount;
}

#endif

/* ---- close ---- */

COMMAND(account, close_account, ("Close an empty account.", .name = "close"));
EVENT(account, closed, "The account was closed.");

static verdict decide_close_account(const account *state, const close_account *command, decision *out)
{
    if (state->status == account_status_closed)
        return no_change(out);
    if (state->balance != 0)
        return reject(out, "not_empty", "the balance is %lld", (long long)state->balance);
    return emit(out, closed);
}

static void apply_closed(account *state, const closed *event)
{
    state->status = account_status_closed;
}
