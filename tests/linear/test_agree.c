/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The checker against brute force, on thousands of small histories: good ones, and ones in which something went wrong.
 * FLUVIUS_SEED=N tries others. */
#include <criterion/criterion.h>

#include "tests/linear/linear.h"
#include "tests/linear/reference.h"
#include "tests/linear/simulate.h"

#include <stdio.h>
#include <stdlib.h>

enum { HISTORIES = 10000, CALLS_MOST = 9 };

struct tally {
    uint32_t good, bad;
};

static uint64_t first_seed(void)
{
    const char *text = getenv("FLUVIUS_SEED");
    return text == NULL ? 20260731 : strtoull(text, NULL, 10);
}

/* Small numbers, so that things coincide. */
static struct simulation small_simulation(uint64_t seed, enum sabotage sabotage)
{
    static const uint32_t lost[] = {0, 15, 40}, untold[] = {0, 0, 50, 100}, repeated[] = {0, 30};
    return (struct simulation){.seed = seed,
                               .clients = 2 + (uint32_t)(seed % 4),
                               .accounts = 1,
                               .calls = 2 + (uint32_t)(seed / 4 % (CALLS_MOST - 1)),
                               .lost = lost[seed / 32 % 3],
                               .untold = untold[seed / 96 % 4],
                               .repeated = repeated[seed / 384 % 2],
                               .expected = seed % 3 == 0 ? 25 : 0,
                               .amount_most = 1 + (int64_t)(seed % 3),
                               .delay_most_ns = seed % 2 == 0 ? 20 : 4,
                               .sabotage = sabotage};
}

static void history_show(const struct history *history, uint64_t seed)
{
    fprintf(stderr, "seed %llu:\n", (unsigned long long)seed);
    for (uint32_t i = 0; i < history->count; i++)
        history_write(stderr, history->sorted[i], "account-0");
}

static bool judge(struct linear *linear, const struct history *history, uint64_t seed)
{
    struct linear_result result;
    cr_assert_eq(linear_check(linear, history->sorted, history->count, &result), error_none);
    bool brute = brute_linearizable(history->sorted, history->count);
    if (result.verdict == VERDICT_GAVE_UP || brute != (result.verdict == VERDICT_LINEARIZABLE)) {
        history_show(history, seed);
        cr_assert(false, "brute force says %d, the checker %d", brute, result.verdict);
    }
    return brute;
}

static struct tally compare(enum sabotage sabotage)
{
    struct linear *linear = NULL;
    struct tally tally = {0};
    cr_assert_eq(linear_new(&linear, &(struct linear_limits){0}), error_none);
    for (uint64_t seed = first_seed(); seed < first_seed() + HISTORIES; seed++) {
        struct simulation simulation = small_simulation(seed, sabotage);
        struct history history;
        cr_assert_eq(simulate(&simulation, &history), error_none);
        bool good = judge(linear, &history, seed);
        tally.good += good;
        tally.bad += !good;
        if (sabotage == SABOTAGE_NONE && !good)
            history_show(&history, seed);
        history_fini(&history);
    }
    linear_free(&linear);
    return tally;
}

/* A part of them stays linearizable: nobody saw it, or the moment for it never came. */
static void compare_broken(enum sabotage sabotage, uint32_t bad_least)
{
    struct tally tally = compare(sabotage);
    fprintf(stderr, "sabotage %d: %u of %u refused\n", sabotage, (unsigned)tally.bad, (unsigned)HISTORIES);
    cr_assert(tally.bad >= bad_least, "only %u", (unsigned)tally.bad);
    cr_assert(tally.good >= HISTORIES / 20, "only %u", (unsigned)tally.good);
}

Test(linear_agree, histories_of_linearizable_accounts_pass)
{
    struct tally tally = compare(SABOTAGE_NONE);
    cr_assert_eq(tally.good, (uint32_t)HISTORIES);
}

Test(linear_agree, lost_updates_are_judged_as_by_brute_force)
{
    compare_broken(SABOTAGE_LOST_UPDATE, HISTORIES / 10);
}

Test(linear_agree, stale_reads_are_judged_as_by_brute_force)
{
    compare_broken(SABOTAGE_STALE, HISTORIES / 20);
}

Test(linear_agree, double_applications_are_judged_as_by_brute_force)
{
    compare_broken(SABOTAGE_TWICE, HISTORIES / 10);
}

Test(linear_agree, changes_after_their_answer_are_judged_as_by_brute_force)
{
    compare_broken(SABOTAGE_LATE, HISTORIES / 20);
}

Test(linear_agree, changed_answers_are_judged_as_by_brute_force)
{
    compare_broken(SABOTAGE_ANSWER, HISTORIES / 10);
}

Test(linear_agree, calls_moved_in_time_are_judged_as_by_brute_force)
{
    compare_broken(SABOTAGE_SHIFT, HISTORIES / 20);
}

/* Too long for brute force; what is made as linearizable must pass. */
Test(linear_agree, long_histories_of_linearizable_accounts_pass)
{
    struct linear *linear = NULL;
    cr_assert_eq(linear_new(&linear, &(struct linear_limits){0}), error_none);
    for (uint64_t seed = first_seed(); seed < first_seed() + 60; seed++) {
        struct simulation simulation = small_simulation(seed, SABOTAGE_NONE);
        struct linear_result result;
        struct history history;
        simulation.clients = 2 + (uint32_t)(seed % 63);
        simulation.calls = 1500;
        simulation.lost = seed % 3 == 0 ? 5 : 0;
        simulation.untold = 0;
        simulation.amount_most = 100;
        cr_assert_eq(simulate(&simulation, &history), error_none);
        cr_assert_eq(linear_check(linear, history.sorted, history.count, &result), error_none);
        cr_assert_eq(result.verdict, VERDICT_LINEARIZABLE, "seed %llu", (unsigned long long)seed);
        history_fini(&history);
    }
    linear_free(&linear);
}
