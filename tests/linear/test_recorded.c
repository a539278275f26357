/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A history of the real platform: four clients with two calls in flight each on two accounts, both shards killed on the
 * way, cut off while calls were open. It passes as it is, and not with any one answer changed. */
#include <criterion/criterion.h>

#include "tests/linear/history.h"
#include "tests/linear/linear.h"

#include <stdlib.h>

enum { CHANGES_LEAST = 1500 };

struct record {
    struct history history;
    struct linear *linear;
    int64_t begin_ns, open_ns, end_ns; /* open_ns: when the first call began that was not answered */
    uint32_t tried;
};

static void record_open(struct record *record)
{
    struct history_fault fault;
    FILE *file = fopen(RECORDED, "r");
    *record = (struct record){.begin_ns = INT64_MAX, .open_ns = INT64_MAX};
    cr_assert_not_null(file);
    cr_assert_eq(history_read(&record->history, file, &fault), error_none, "line %u", (unsigned)fault.line);
    fclose(file);
    cr_assert_eq(history_sort(&record->history), error_none);
    cr_assert_eq(linear_new(&record->linear, &(struct linear_limits){0}), error_none);
    for (uint32_t i = 0; i < record->history.count; i++) {
        const struct call *call = &record->history.calls[i];
        record->begin_ns = call->start_ns < record->begin_ns ? call->start_ns : record->begin_ns;
        if (call->answer == ANSWER_UNKNOWN && call->start_ns < record->open_ns)
            record->open_ns = call->start_ns;
        else if (call->answer != ANSWER_UNKNOWN && call->end_ns > record->end_ns)
            record->end_ns = call->end_ns;
    }
}

static void record_close(struct record *record)
{
    linear_free(&record->linear);
    history_fini(&record->history);
}

static enum verdict account_judge(struct record *record, const struct history_account *account)
{
    struct linear_result result;
    cr_assert_eq(linear_check(record->linear, record->history.sorted + account->first, account->count, &result),
                 error_none);
    return result.verdict;
}

static void change_try(struct record *record, struct call *call, struct call changed, const char *what)
{
    struct call kept = *call;
    *call = changed;
    record->tried++;
    cr_assert_eq(account_judge(record, &record->history.accounts[call->account]),
                 VERDICT_VIOLATED,
                 "line %u: %s",
                 (unsigned)call->line,
                 what);
    *call = kept;
}

static void numbers_change(struct record *record, struct call *call)
{
    struct call changed = *call;
    changed.version = call->version + 1;
    change_try(record, call, changed, "version + 1");
    changed.version = call->version - 1;
    change_try(record, call, changed, "version - 1");
    changed = *call;
    changed.balance++;
    if (call->has_balance)
        change_try(record, call, changed, "balance + 1");
}

static void answer_change(struct record *record, struct call *call)
{
    struct call changed = *call;
    changed.answer = call->answer == ANSWER_OK ? ANSWER_REJECTED : ANSWER_OK;
    changed.has_balance = false;
    change_try(record, call, changed, "the answer");
}

static void time_change(struct record *record, struct call *call)
{
    struct call changed = *call;
    changed.start_ns = changed.end_ns = record->begin_ns - 1;
    change_try(record, call, changed, "before all others");
    changed.start_ns = changed.end_ns = record->end_ns + 1;
    change_try(record, call, changed, "after all others");
}

/* A change that others saw, or a look at what only was there for a time. */
static bool is_firm(const struct record *record, const struct call *call)
{
    return call->end_ns < record->open_ns && (call->answer == ANSWER_OK || call->answer == ANSWER_CONFLICT) &&
           call->version > 1;
}

static uint32_t repetitions(const struct record *record, const struct call *call)
{
    uint32_t count = 0;
    for (uint32_t i = 0; call->has_id && i < record->history.count; i++)
        count += memcmp(&record->history.calls[i].id, &call->id, sizeof call->id) == 0;
    return count;
}

Test(linear_recorded, a_history_of_the_platform_is_linearizable)
{
    struct record record;
    record_open(&record);
    for (uint32_t i = 0; i < record.history.account_count; i++)
        cr_assert_eq(account_judge(&record, &record.history.accounts[i]), VERDICT_LINEARIZABLE);
    record_close(&record);
}

Test(linear_recorded, with_one_answer_changed_it_is_refused)
{
    struct record record;
    record_open(&record);
    for (uint32_t i = 0; i < record.history.count; i++) {
        struct call *call = &record.history.calls[i];
        if (!is_firm(&record, call))
            continue;
        if (call->answer == ANSWER_OK)
            numbers_change(&record, call);
        answer_change(&record, call);
        if (repetitions(&record, call) <= 1) /* of several, another stands for it */
            time_change(&record, call);
    }
    fprintf(stderr, "%u changes tried\n", (unsigned)record.tried);
    cr_assert(record.tried >= CHANGES_LEAST, "%u", (unsigned)record.tried);
    record_close(&record);
}
