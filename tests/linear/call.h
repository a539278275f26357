/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A call: what one client asked of one account, from when to when, and what it was answered. Calls are what histories
 * are made of. */
#ifndef TEST_LINEAR_CALL_H
#define TEST_LINEAR_CALL_H

#include "proto/identity.h"

enum action { ACTION_OPEN, ACTION_DEPOSIT, ACTION_WITHDRAW, ACTION_CLOSE, ACTION_READ, ACTION_COUNT };

enum answer {
    ANSWER_OK,
    ANSWER_REJECTED,
    ANSWER_CONFLICT,
    ANSWER_NOT_FOUND,
    ANSWER_REUSED,
    ANSWER_REFUSED, /* changed nothing, and says nothing of the account: invalid, denied, expired */
    ANSWER_UNKNOWN, /* none, or one after which the command may have run or may yet: deadline, busy, error, ... */
};

#define NEVER INT64_MAX

struct call {
    uint32_t client, account; /* account: which of the history's names */
    uint64_t line;            /* of its file */
    enum action action;
    enum answer answer;
    bool dry_run, has_id, has_expected, has_version, has_balance;
    struct uuid id;
    int64_t amount, expected;
    int64_t version, balance; /* of the answer */
    int64_t start_ns, end_ns; /* of one clock for all clients; end_ns is NEVER when the answer is unknown */
};

/* A command that is run at most once, however often it is sent. */
static inline bool call_is_command(const struct call *call)
{
    return call->action != ACTION_READ && !call->dry_run;
}

/* Does it ask for the same? A command id that comes again with something else is `reused`. */
static inline bool call_asks_same(const struct call *a, const struct call *b)
{
    return a->action == b->action && a->amount == b->amount && a->has_expected == b->has_expected &&
           (!a->has_expected || a->expected == b->expected);
}

const char *action_name(enum action action);
const char *answer_name(enum answer answer);

#endif
