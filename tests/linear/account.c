/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See account.h. */
#include "tests/linear/account.h"

const char *action_name(enum action action)
{
    static const char *const names[] = {"open", "deposit", "withdraw", "close", "read"};
    return names[action];
}

const char *answer_name(enum answer answer)
{
    static const char *const names[] = {
        "ok", "rejected", "conflict", "not_found", "reused", "invalid, denied or expired", "unknown"};
    return names[answer];
}

static enum answer open_run(struct account *account)
{
    if (account->life != ACCOUNT_NONE)
        return ANSWER_REJECTED;
    account->life = ACCOUNT_OPEN;
    account->version++;
    return ANSWER_OK;
}

static enum answer move_run(struct account *account, enum action action, int64_t amount)
{
    int64_t balance;
    if (amount < 1)
        return ANSWER_REFUSED;
    if (account->life != ACCOUNT_OPEN)
        return ANSWER_REJECTED;
    if (action == ACTION_WITHDRAW && amount > account->balance)
        return ANSWER_REJECTED;
    if (__builtin_add_overflow(account->balance, action == ACTION_WITHDRAW ? -amount : amount, &balance))
        return ANSWER_REJECTED;
    account->balance = balance;
    account->version++;
    return ANSWER_OK;
}

static enum answer close_run(struct account *account)
{
    if (account->life == ACCOUNT_CLOSED)
        return ANSWER_OK;
    if (account->balance != 0)
        return ANSWER_REJECTED;
    account->life = ACCOUNT_CLOSED;
    account->version++;
    return ANSWER_OK;
}

enum answer account_run(const struct account *before, const struct call *call, struct account *after)
{
    *after = *before;
    if (call->has_expected && call->expected != before->version)
        return ANSWER_CONFLICT;
    if (before->version == 0 && call->action != ACTION_OPEN)
        return ANSWER_NOT_FOUND;
    switch (call->action) {
    case ACTION_OPEN:
        return open_run(after);
    case ACTION_CLOSE:
        return close_run(after);
    case ACTION_DEPOSIT:
    case ACTION_WITHDRAW:
        return move_run(after, call->action, call->amount);
    default:
        return ANSWER_OK;
    }
}

bool account_answers(const struct account *before, const struct call *call, struct account *after)
{
    return account_run(before, call, after) == call->answer &&
           (!call->has_version || call->version == after->version) &&
           (!call->has_balance || call->balance == after->balance);
}
