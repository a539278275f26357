/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the checker promises, as short histories of one account. */
#include <criterion/criterion.h>

#include "tests/linear/explain.h"

#include <stdlib.h>

enum { CALLS_MOST = 64 };

/* From, to, then what is not zero. */
#define OK(FROM, TO, ACTION, VERSION, ...)                                                                             \
    {                                                                                                                  \
        .start_ns = (FROM), .end_ns = (TO), .action = ACTION_##ACTION, .has_version = true, .version = (VERSION),      \
        __VA_ARGS__                                                                                                    \
    }
#define ANSWERED(FROM, TO, ACTION, ANSWER, ...)                                                                        \
    {                                                                                                                  \
        .start_ns = (FROM), .end_ns = (TO), .action = ACTION_##ACTION, .answer = ANSWER_##ANSWER, __VA_ARGS__          \
    }
#define LOST(FROM, ACTION, ...)                                                                                        \
    {                                                                                                                  \
        .start_ns = (FROM), .end_ns = NEVER, .action = ACTION_##ACTION, .answer = ANSWER_UNKNOWN, __VA_ARGS__          \
    }
#define BALANCE(VALUE) .has_balance = true, .balance = (VALUE)
#define AT_VERSION(VALUE) .has_version = true, .version = (VALUE)
#define ID(VALUE) .has_id = true, .id = {{VALUE}}
#define EXPECTED(VALUE) .has_expected = true, .expected = (VALUE)
#define NOTHING .amount = 0
#define CHECK(...)                                                                                                     \
    check((const struct call[]){__VA_ARGS__}, sizeof((const struct call[]){__VA_ARGS__}) / sizeof(struct call))

static struct linear_result check_within(const struct call *calls, size_t count, const struct linear_limits *limits)
{
    struct linear *linear = NULL;
    const struct call *list[CALLS_MOST];
    struct linear_result result;
    cr_assert(count <= CALLS_MOST);
    for (size_t i = 0; i < count; i++)
        list[i] = &calls[i];
    cr_assert_eq(linear_new(&linear, limits), error_none);
    cr_assert_eq(linear_check(linear, list, (uint32_t)count, &result), error_none);
    linear_free(&linear);
    return result;
}

static bool check(const struct call *calls, size_t count)
{
    struct linear_result result = check_within(calls, count, &(struct linear_limits){0});
    cr_assert_neq(result.verdict, VERDICT_GAVE_UP);
    return result.verdict == VERDICT_LINEARIZABLE;
}

Test(linear, no_calls_are_linearizable)
{
    cr_assert(check(NULL, 0));
}

Test(linear, calls_one_after_another_must_fit_in_their_order)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, DEPOSIT, 2, .amount = 5), OK(4, 5, READ, 2, BALANCE(5))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, READ, 2, BALANCE(5)), OK(4, 5, DEPOSIT, 2, .amount = 5)));
}

Test(linear, calls_beside_each_other_may_come_in_any_order)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 5, READ, 2, BALANCE(5)), OK(4, 6, DEPOSIT, 2, .amount = 5)));
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 5, READ, 1, BALANCE(0)), OK(4, 6, DEPOSIT, 2, .amount = 5)));
}

Test(linear, who_begins_as_another_ends_is_beside_it)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 4, READ, 2, BALANCE(5)), OK(4, 6, DEPOSIT, 2, .amount = 5)));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 4, READ, 2, BALANCE(5)), OK(5, 6, DEPOSIT, 2, .amount = 5)));
}

Test(linear, a_read_may_not_go_back)
{
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        OK(2, 9, DEPOSIT, 2, .amount = 5),
                        OK(3, 4, READ, 2, BALANCE(5)),
                        OK(5, 6, READ, 1, BALANCE(0))));
}

Test(linear, two_changes_cannot_have_one_version)
{
    cr_assert_not(
        CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 9, DEPOSIT, 2, .amount = 5), OK(2, 9, DEPOSIT, 2, .amount = 5)));
}

Test(linear, versions_are_not_believed)
{
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, DEPOSIT, 3, .amount = 5)));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, DEPOSIT, INT64_MAX, .amount = 5)));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 0, NOTHING)));
    /* in order of versions this would fit, in time it does not */
    cr_assert_not(
        CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, DEPOSIT, 3, .amount = 5), OK(4, 5, DEPOSIT, 2, .amount = 5)));
}

Test(linear, answers_without_versions_are_judged_by_what_they_say)
{
    cr_assert(CHECK(ANSWERED(0, 1, OPEN, OK, NOTHING),
                    ANSWERED(2, 3, DEPOSIT, OK, .amount = 5),
                    ANSWERED(4, 5, READ, OK, BALANCE(5))));
    cr_assert_not(CHECK(ANSWERED(0, 1, OPEN, OK, NOTHING),
                        ANSWERED(2, 3, DEPOSIT, OK, .amount = 5),
                        ANSWERED(4, 5, READ, OK, BALANCE(0))));
}

Test(linear, a_call_without_answer_may_have_run_or_not)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING), LOST(2, DEPOSIT, .amount = 5), OK(4, 5, READ, 1, BALANCE(0))));
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING), LOST(2, DEPOSIT, .amount = 5), OK(4, 5, READ, 2, BALANCE(5))));
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                    LOST(2, DEPOSIT, .amount = 5),
                    OK(4, 5, READ, 1, BALANCE(0)),
                    OK(6, 7, READ, 2, BALANCE(5))));
}

Test(linear, a_call_without_answer_runs_once_and_not_before_it_is_sent)
{
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), LOST(2, DEPOSIT, .amount = 5), OK(4, 5, READ, 3, BALANCE(10))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(4, 5, READ, 2, BALANCE(5)), LOST(6, DEPOSIT, .amount = 5)));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        LOST(2, DEPOSIT, .amount = 5),
                        OK(4, 5, READ, 2, BALANCE(5)),
                        OK(6, 7, READ, 1, BALANCE(0))));
}

Test(linear, the_right_one_of_several_lost_calls_is_found)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                    LOST(2, DEPOSIT, .amount = 5),
                    LOST(2, DEPOSIT, .amount = 7),
                    LOST(3, DEPOSIT, .amount = 7),
                    LOST(3, DEPOSIT, .amount = 9),
                    OK(4, 5, READ, 4, BALANCE(23))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        LOST(2, DEPOSIT, .amount = 5),
                        LOST(2, DEPOSIT, .amount = 7),
                        LOST(3, DEPOSIT, .amount = 7),
                        LOST(3, DEPOSIT, .amount = 9),
                        OK(4, 5, READ, 4, BALANCE(22))));
}

Test(linear, a_repetition_gets_the_first_answer_and_changes_nothing)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                    OK(2, 3, DEPOSIT, 2, .amount = 5, ID(1)),
                    OK(4, 5, DEPOSIT, 3, .amount = 5, ID(2)),
                    OK(6, 7, DEPOSIT, 2, .amount = 5, ID(1)),
                    OK(8, 9, READ, 3, BALANCE(10))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        OK(2, 3, DEPOSIT, 2, .amount = 5, ID(1)),
                        OK(6, 7, DEPOSIT, 3, .amount = 5, ID(1)),
                        OK(8, 9, READ, 3, BALANCE(10))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        OK(2, 3, DEPOSIT, 2, .amount = 5, ID(1)),
                        OK(6, 7, DEPOSIT, 2, .amount = 5, ID(1)),
                        OK(8, 9, READ, 3, BALANCE(10))));
}

Test(linear, a_lost_first_attempt_may_be_the_one_that_ran)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                    LOST(2, DEPOSIT, .amount = 5, ID(1)),
                    OK(3, 4, DEPOSIT, 3, .amount = 7, ID(2)),
                    OK(6, 7, DEPOSIT, 2, .amount = 5, ID(1))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        OK(3, 4, DEPOSIT, 3, .amount = 7, ID(2)),
                        OK(6, 7, DEPOSIT, 2, .amount = 5, ID(1))));
}

Test(linear, an_id_with_another_command_is_reused_only_after_the_first)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                    OK(2, 3, DEPOSIT, 2, .amount = 5, ID(1)),
                    ANSWERED(4, 5, DEPOSIT, REUSED, .amount = 6, ID(1))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        ANSWERED(2, 3, DEPOSIT, REUSED, .amount = 6, ID(1)),
                        OK(4, 5, DEPOSIT, 2, .amount = 5, ID(1))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        OK(2, 3, DEPOSIT, 2, .amount = 5, ID(1)),
                        OK(4, 5, DEPOSIT, 3, .amount = 6, ID(1))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), ANSWERED(2, 3, DEPOSIT, REUSED, .amount = 6, ID(1))));
}

Test(linear, a_lost_rejected_command_can_use_up_its_id)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                    LOST(2, WITHDRAW, .amount = 5, ID(1)),
                    ANSWERED(4, 5, DEPOSIT, REUSED, .amount = 6, ID(1))));
}

/* The same calls in another order: what was remembered is not only which calls are in. */
Test(linear, a_lost_command_may_have_been_rejected_where_another_order_accepts_it)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                    ANSWERED(2, 9, DEPOSIT, OK, .amount = 5),
                    LOST(2, WITHDRAW, .amount = 5, ID(1)),
                    ANSWERED(12, 13, DEPOSIT, REUSED, .amount = 6, ID(1)),
                    ANSWERED(14, 15, READ, OK, BALANCE(5))));
}

Test(linear, conflicts_show_the_version_they_met)
{
    cr_assert(
        CHECK(OK(0, 1, OPEN, 1, NOTHING), ANSWERED(2, 3, DEPOSIT, CONFLICT, .amount = 5, EXPECTED(0), AT_VERSION(1))));
    cr_assert_not(
        CHECK(OK(0, 1, OPEN, 1, NOTHING), ANSWERED(2, 3, DEPOSIT, CONFLICT, .amount = 5, EXPECTED(1), AT_VERSION(1))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, DEPOSIT, 2, .amount = 5, EXPECTED(0))));
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, DEPOSIT, 2, .amount = 5, EXPECTED(1))));
}

Test(linear, rejections_must_have_had_a_reason)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING), ANSWERED(2, 3, WITHDRAW, REJECTED, .amount = 5, AT_VERSION(1))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        OK(2, 3, DEPOSIT, 2, .amount = 5),
                        ANSWERED(4, 5, WITHDRAW, REJECTED, .amount = 5, AT_VERSION(2))));
}

Test(linear, dry_runs_show_what_would_be_and_change_nothing)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                    OK(2, 3, DEPOSIT, 2, .amount = 5, .dry_run = true, BALANCE(5)),
                    OK(4, 5, READ, 1, BALANCE(0))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING),
                        OK(2, 3, DEPOSIT, 2, .amount = 5, .dry_run = true, BALANCE(5)),
                        OK(4, 5, READ, 2, BALANCE(5))));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, DEPOSIT, 2, .amount = 5, .dry_run = true, BALANCE(6))));
}

Test(linear, what_is_not_found_was_not_there)
{
    cr_assert(CHECK(ANSWERED(0, 1, READ, NOT_FOUND, NOTHING), OK(2, 3, OPEN, 1, NOTHING)));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), ANSWERED(2, 3, READ, NOT_FOUND, NOTHING)));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), ANSWERED(2, 3, DEPOSIT, NOT_FOUND, .amount = 5)));
}

Test(linear, a_closed_account_is_closed_again_without_an_event)
{
    cr_assert(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, CLOSE, 2, NOTHING), OK(4, 5, CLOSE, 2, NOTHING)));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, CLOSE, 2, NOTHING), OK(4, 5, CLOSE, 3, NOTHING)));
    cr_assert_not(CHECK(OK(0, 1, OPEN, 1, NOTHING), OK(2, 3, CLOSE, 2, NOTHING), OK(4, 5, DEPOSIT, 3, .amount = 5)));
}

/* Each of 40 lost deposits doubles the number of balances, and the one that was read is none of them. */
Test(linear, a_history_that_is_too_hard_is_given_up_at_the_limits)
{
    struct call calls[42] = {OK(0, 1, OPEN, 1, NOTHING), ANSWERED(2, 3, READ, OK, BALANCE(-1))};
    for (int i = 2; i < 42; i++)
        calls[i] = (struct call)LOST(1, DEPOSIT, .amount = INT64_C(1) << (i - 2));
    cr_assert_eq(check_within(calls, 42, &(struct linear_limits){.steps = 100000}).verdict, VERDICT_GAVE_UP);
    cr_assert_eq(check_within(calls, 42, &(struct linear_limits){.states = 1000}).verdict, VERDICT_GAVE_UP);
    struct linear_result result = check_within(calls, 42, &(struct linear_limits){.steps_all = 100000});
    cr_assert_eq(result.verdict, VERDICT_GAVE_UP);
    cr_assert(result.steps < 101000);
}

Test(linear, what_one_account_used_up_is_missing_for_the_next)
{
    struct linear *linear = NULL;
    struct linear_result result;
    const struct call open = OK(0, 1, OPEN, 1, NOTHING), *list[] = {&open};
    cr_assert_eq(linear_new(&linear, &(struct linear_limits){.steps_all = 1}), error_none);
    cr_assert_eq(linear_check(linear, list, 1, &result), error_none);
    cr_assert_eq(linear_check(linear, list, 1, &result), error_none);
    cr_assert_eq(result.verdict, VERDICT_GAVE_UP);
    linear_free(&linear);
}

Test(linear, an_explanation_names_the_first_answer_that_does_not_fit)
{
    const struct call calls[] = {OK(1000000, 2000000, OPEN, 1, .line = 1),
                                 OK(3000000, 4000000, DEPOSIT, 2, .amount = 5, .line = 2),
                                 OK(5000000, 6000000, READ, 1, BALANCE(0), .line = 3),
                                 OK(7000000, 8000000, DEPOSIT, 9, .amount = 9, .line = 4)};
    const struct call *list[] = {&calls[0], &calls[1], &calls[2], &calls[3]};
    struct linear *linear = NULL;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(linear_new(&linear, &(struct linear_limits){0}), error_none);
    cr_assert_eq(explain(out, linear, "kim", list, 4), error_none);
    fclose(out);
    cr_assert_str_eq(text,
                     "kim is not linearizable (4 calls)\n"
                     "  no order fits from this answer on:\n"
                     "    client 0   read                         ok, version 1, balance 0              "
                     "4.000000 .. 5.000000 ms  line 3\n"
                     "  an order that fits every answer before has 2 calls; after it the account is open, version 2, "
                     "balance 5:\n"
                     "    client 0   open                         ok, version 1                         "
                     "0.000000 .. 1.000000 ms  line 1\n"
                     "    client 0   deposit 5                    ok, version 2                         "
                     "2.000000 .. 3.000000 ms  line 2\n"
                     "  not in it, as they were not answered yet:\n"
                     "    client 0   read                         ok, version 1, balance 0              "
                     "4.000000 .. 5.000000 ms  line 3\n",
                     "%s",
                     text);
    free(text);
    linear_free(&linear);
}
