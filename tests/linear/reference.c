/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See reference.h. */
#include "tests/linear/reference.h"

#include <assert.h>

static void say(struct call *call, enum answer answer, const struct reference *reference)
{
    call->answer = answer;
    call->has_version = true;
    call->version = reference->version;
}

static void show_balance(struct call *call, int64_t balance)
{
    call->has_balance = true;
    call->balance = balance;
}

static void run_read(const struct reference *reference, struct call *call)
{
    if (!reference->exists) {
        call->answer = ANSWER_NOT_FOUND;
        return;
    }
    say(call, ANSWER_OK, reference);
    show_balance(call, reference->balance);
}

static bool rule_refuses(const struct reference *reference, const struct call *call)
{
    bool open = reference->exists && !reference->closed;
    if (call->action == ACTION_OPEN)
        return reference->exists;
    if (call->action == ACTION_DEPOSIT)
        return !open || reference->balance > INT64_MAX - call->amount;
    if (call->action == ACTION_WITHDRAW)
        return !open || reference->balance < call->amount;
    return !reference->closed && reference->balance != 0;
}

static void change(struct reference *reference, const struct call *call)
{
    if (call->action == ACTION_OPEN)
        reference->exists = true;
    else if (call->action == ACTION_DEPOSIT)
        reference->balance += call->amount;
    else if (call->action == ACTION_WITHDRAW)
        reference->balance -= call->amount;
    else if (reference->closed)
        return;
    else
        reference->closed = true;
    reference->version++;
}

static void run_command(struct reference *reference, struct call *call)
{
    bool moves = call->action == ACTION_DEPOSIT || call->action == ACTION_WITHDRAW;
    if (call->has_expected && call->expected != reference->version) {
        say(call, ANSWER_CONFLICT, reference);
    } else if (!reference->exists && call->action != ACTION_OPEN) {
        call->answer = ANSWER_NOT_FOUND;
    } else if (moves && call->amount < 1) {
        call->answer = ANSWER_REFUSED;
    } else if (rule_refuses(reference, call)) {
        say(call, ANSWER_REJECTED, reference);
    } else {
        change(reference, call);
        say(call, ANSWER_OK, reference);
    }
}

static void run_dry(const struct reference *reference, struct call *call)
{
    struct reference copy = *reference;
    run_command(&copy, call);
    if (call->answer == ANSWER_OK)
        show_balance(call, copy.balance);
}

static bool receipt_answers(const struct reference *reference, struct call *call)
{
    for (uint32_t i = 0; call->has_id && i < reference->receipt_count; i++) {
        const struct call *decided = &reference->receipts[i].decided;
        if (memcmp(&decided->id, &call->id, sizeof call->id) != 0)
            continue;
        call->answer = call_asks_same(decided, call) ? decided->answer : ANSWER_REUSED;
        call->has_version = call->answer != ANSWER_REUSED;
        call->version = decided->version;
        return true;
    }
    return false;
}

void reference_run(struct reference *reference, struct call *call)
{
    call->has_version = call->has_balance = false;
    if (call->action == ACTION_READ) {
        run_read(reference, call);
    } else if (call->dry_run) {
        run_dry(reference, call);
    } else if (!receipt_answers(reference, call)) {
        run_command(reference, call);
        bool decided = call->answer == ANSWER_OK || call->answer == ANSWER_REJECTED || call->answer == ANSWER_CONFLICT;
        if (decided && call->has_id)
            reference->receipts[reference->receipt_count++].decided = *call;
    }
}

/* ---- brute force ---- */

struct brute {
    const struct call *const *calls;
    uint32_t count;
    bool placed[BRUTE_MOST];
};

static bool must_wait(const struct brute *brute, uint32_t index)
{
    for (uint32_t i = 0; i < brute->count; i++)
        if (!brute->placed[i] && brute->calls[i]->end_ns < brute->calls[index]->start_ns)
            return true;
    return false;
}

static bool all_answers_placed(const struct brute *brute)
{
    for (uint32_t i = 0; i < brute->count; i++)
        if (!brute->placed[i] && brute->calls[i]->answer != ANSWER_UNKNOWN)
            return false;
    return true;
}

static bool answer_equal(const struct call *seen, const struct call *run)
{
    if (seen->answer == ANSWER_UNKNOWN || seen->answer == ANSWER_REFUSED)
        return true;
    return seen->answer == run->answer && (!seen->has_version || (run->has_version && seen->version == run->version)) &&
           (!seen->has_balance || (run->has_balance && seen->balance == run->balance));
}

static bool brute_place(struct brute *brute, const struct reference *before)
{
    if (all_answers_placed(brute))
        return true;
    for (uint32_t i = 0; i < brute->count; i++) {
        if (brute->placed[i] || must_wait(brute, i))
            continue;
        struct reference after = *before;
        struct call run = *brute->calls[i];
        if (run.answer != ANSWER_REFUSED)
            reference_run(&after, &run);
        if (!answer_equal(brute->calls[i], &run))
            continue;
        brute->placed[i] = true;
        if (brute_place(brute, &after))
            return true;
        brute->placed[i] = false;
    }
    return false;
}

bool brute_linearizable(const struct call *const *calls, uint32_t count)
{
    struct receipt receipts[BRUTE_MOST];
    struct reference start = {.receipts = receipts};
    struct brute brute = {.calls = calls, .count = count};
    assert(count <= BRUTE_MOST);
    return brute_place(&brute, &start);
}
