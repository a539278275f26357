/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A bank's accounts: opened once, money in and out, never below zero, closed when empty. */
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
          FIELD(account_status, status));

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
        OPTIONAL(text, note, "Shown on the statement.", .max_length = 140));
EVENT(account, deposited, "Money came in.", FIELD(int64, amount), OPTIONAL(text, note));

static verdict decide_deposit(const account *state, const deposit *command, decision *out)
{
    int64 balance;
    if (state->status != account_status_open)
        return reject(out, "account_closed", "the account is closed");
    if (!checked_add(state->balance, command->amount, &balance))
        return reject(out, "balance_too_large", "the account cannot hold that much");
    return emit(out, deposited, .amount = command->amount, .note = command->note);
}

static void apply_deposited(account *state, const deposited *event)
{
    state->balance += event->amount;
}

/* ---- withdraw ---- */

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

/* ---- a table for queries ---- */

PROJECTION(activity,
           ("What happened in all accounts on each day (UTC).", .global = true),
           FIELD(date, day),
           FIELD(int64, opened, "Accounts that were opened."),
           MAP(int64, opened_by_currency),
           FIELD(int64, closed, "Accounts that were closed."),
           FIELD(int64, deposits, "How many."),
           FIELD(int64, withdrawals, "How many."),
           OPTIONAL(int64, largest, "The largest sum that came in or went out, in minor units."));
PROJECT(activity, opened);
PROJECT(activity, deposited);
PROJECT(activity, withdrawn);
PROJECT(activity, closed);

static activity *today(activity_rows *rows)
{
    activity *row = row_change(rows, key_of(rows, timestamp_date(rows->time)));
    row->day = timestamp_date(rows->time);
    return row;
}

static void project_activity_opened(activity_rows *rows, const opened *event)
{
    activity *row = today(rows);
    row_add(row, opened, 1);
    row_add_at(row, opened_by_currency, key_of_enum(rows, currency, event->currency), 1);
}

static void project_activity_deposited(activity_rows *rows, const deposited *event)
{
    activity *row = today(rows);
    row_add(row, deposits, 1);
    row_max(row, largest, event->amount);
}

static void project_activity_withdrawn(activity_rows *rows, const withdrawn *event)
{
    activity *row = today(rows);
    row_add(row, withdrawals, 1);
    row_max(row, largest, event->amount);
}

static void project_activity_closed(activity_rows *rows, const closed *event)
{
    row_add(today(rows), closed, 1);
}
