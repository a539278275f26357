/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the bank promises, told as stories. */
#include <fluvius/testing.h>

#include "bank.c"

#define ANN                                                                                                            \
    {                                                                                                                  \
        .given = TEXT("Ann"), .family = TEXT("Lee")                                                                    \
    }
#define OPENED event(opened, .holder = ANN, .currency = currency_EUR)

Test(bank, opens_an_account_in_euros_unless_told_otherwise)
{
    given();
    when_json(open_account, "{\"holder\": {\"given\": \"Ann\", \"family\": \"Lee\"}}");
    then(opened, .holder = ANN, .currency = currency_EUR);
    then_state(account, state->status == account_status_open && state->balance == 0);
}

Test(bank, opens_an_account_in_another_currency)
{
    given();
    when(open_account, .holder = ANN, .currency = currency_CHF);
    then(opened, .holder = ANN, .currency = currency_CHF);
}

Test(bank, an_account_is_opened_once)
{
    given(OPENED);
    when(open_account, .holder = ANN, .currency = currency_EUR);
    then_rejected("already_open");
}

Test(bank, a_holder_has_both_names)
{
    given();
    when_json(open_account, "{\"holder\": {\"given\": \"\"}, \"currency\": \"XXX\"}");
    then_invalid("/holder/given", "too_short");
    then_invalid("/holder/family", "required");
    then_invalid("/currency", "not_in_enum");
}

Test(bank, deposits_add_to_the_balance)
{
    given(OPENED, event(deposited, .amount = 100));
    when(deposit, .amount = 5, .note = TEXT("rent"));
    then(deposited, .amount = 5, .note = TEXT("rent"));
    then_state(account, state->balance == 105);
}

Test(bank, a_deposit_is_at_least_one_minor_unit)
{
    given(OPENED);
    when(deposit, .amount = 0);
    then_invalid("/amount", "below_minimum");
    when(deposit, .amount = -5);
    then_invalid("/amount", "below_minimum");
}

Test(bank, a_balance_never_overflows)
{
    given(OPENED, event(deposited, .amount = INT64_MAX));
    when(deposit, .amount = 1);
    then_rejected("balance_too_large");
    then_state(account, state->balance == INT64_MAX);
}

Test(bank, withdrawals_take_from_the_balance)
{
    given(OPENED, event(deposited, .amount = 100));
    when(withdraw, .amount = 30);
    then(withdrawn, .amount = 30);
    when(withdraw, .amount = 70);
    then(withdrawn, .amount = 70);
    then_state(account, state->balance == 0);
}

Test(bank, an_account_is_never_overdrawn)
{
    given(OPENED, event(deposited, .amount = 100));
    when(withdraw, .amount = 101);
    then_rejected("insufficient_funds");
    then_state(account, state->balance == 100);
}

Test(bank, an_empty_account_can_be_closed_and_then_takes_no_money)
{
    given(OPENED);
    when(close_account);
    then(closed);
    when(deposit, .amount = 5);
    then_rejected("account_closed");
    when(withdraw, .amount = 5);
    then_rejected("account_closed");
    when(open_account, .holder = ANN, .currency = currency_EUR);
    then_rejected("already_open");
}

Test(bank, closing_twice_changes_nothing)
{
    given(OPENED, event(closed));
    when(close_account);
    then_nothing();
}

Test(bank, an_account_with_money_cannot_be_closed)
{
    given(OPENED, event(deposited, .amount = 1));
    when(close_account);
    then_rejected("not_empty");
}

Test(bank, only_open_makes_an_account)
{
    given();
    when(deposit, .amount = 5);
    then_not_found();
}

Test(bank, a_day_counts_what_happened_in_all_accounts)
{
    given_time("2026-03-01T10:00:00Z");
    given(OPENED, event(deposited, .amount = 100), event(withdrawn, .amount = 30));
    given_also("bob", event(opened, .holder = ANN, .currency = currency_CHF), event(deposited, .amount = 500));
    given_time("2026-03-02T00:00:00Z");
    given_also("bob", event(withdrawn, .amount = 500), event(closed));
    then_row(activity,
             "2026-03-01",
             row->opened == 2 && row->deposits == 2 && row->withdrawals == 1 && row->closed == 0 &&
                 row->largest.value == 500 && *map_find(row->opened_by_currency, TEXT("CHF")) == 1);
    then_row(activity, "2026-03-02", row->opened == 0 && row->withdrawals == 1 && row->closed == 1);
    then_row_count(activity, 2);
}
