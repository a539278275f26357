/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * linear_check: reads histories and says for each aggregate whether it is linearizable. All files are one history, of
 * one clock. Exit code 0: all are; 1: one is not; 2: a history that cannot be read; 3: gave up on one, at the limits.
 */
#include "tests/linear/explain.h"
#include "tests/linear/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_VIOLATED = 1, EXIT_UNREADABLE = 2, EXIT_GAVE_UP = 3, CALLS_MOST = 16 * 1000 * 1000, LINES_MOST = 10 };

struct options {
    struct linear_limits limits;
    uint32_t calls;
    bool each;
};

struct tally {
    uint32_t good, bad, unknown;
    uint64_t steps;
    const struct history_account *smallest; /* of the bad ones */
};

static int usage(void)
{
    fputs("usage: linear_check [-a] [-n STEPS] [-N STEPS] [-m STATES] [-c CALLS] FILE...   (- is standard input)\n"
          "  -a  a line for every aggregate, not only for ten that are not linearizable\n"
          "  -n  steps for one aggregate (20,000,000); -N for all together (2,000,000,000)\n"
          "  -m  states remembered, 100 bytes each (1,000,000); -c calls read, about 150 bytes each (16,000,000)\n",
          stderr);
    return EXIT_UNREADABLE;
}

static bool options_read(int argc, char **argv, struct options *out)
{
    int option;
    *out = (struct options){.calls = CALLS_MOST};
    while ((option = getopt(argc, argv, "an:N:m:c:")) != -1) {
        if (option == 'a')
            out->each = true;
        else if (option == 'n')
            out->limits.steps = strtoull(optarg, NULL, 10);
        else if (option == 'N')
            out->limits.steps_all = strtoull(optarg, NULL, 10);
        else if (option == 'm')
            out->limits.states = (uint32_t)strtoul(optarg, NULL, 10);
        else if (option == 'c')
            out->calls = (uint32_t)strtoul(optarg, NULL, 10);
        else
            return false;
    }
    return optind < argc;
}

static int file_read(struct history *history, const char *path)
{
    struct history_fault fault = {.key = ""};
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    enum error error = file == NULL ? error_io : history_read(history, file, &fault);
    if (file != NULL && file != stdin)
        fclose(file);
    if (error == error_none)
        return 0;
    fprintf(stderr, "%s: line %" PRIu64 ": %s: %s\n", path, fault.line, fault.key, error_text(error));
    return error == error_full || error == error_no_memory ? EXIT_GAVE_UP : EXIT_UNREADABLE;
}

static void
verdict_count(struct tally *tally, const struct history_account *account, const struct linear_result *result)
{
    tally->steps += result->steps;
    tally->good += result->verdict == VERDICT_LINEARIZABLE;
    tally->unknown += result->verdict == VERDICT_GAVE_UP;
    tally->bad += result->verdict == VERDICT_VIOLATED;
    if (result->verdict == VERDICT_VIOLATED && (tally->smallest == NULL || account->count < tally->smallest->count))
        tally->smallest = account;
}

/* A few of those that are not linearizable are enough to show. */
static void verdict_show(const struct tally *tally,
                         const struct history_account *account,
                         const struct linear_result *result,
                         bool each)
{
    static const char *const words[] = {"linearizable", "NOT LINEARIZABLE", "gave up"};
    uint32_t noted = tally->bad + tally->unknown;
    if (!each && (result->verdict == VERDICT_LINEARIZABLE || noted > LINES_MOST))
        return;
    printf("%s: %s, %u calls, %" PRIu64 " steps\n",
           account->name,
           words[result->verdict],
           (unsigned)account->count,
           result->steps);
    if (!each && noted == LINES_MOST)
        puts("... (-a shows all)");
}

static enum error
accounts_check(const struct history *history, struct linear *linear, const struct options *options, struct tally *tally)
{
    for (uint32_t i = 0; i < history->account_count; i++) {
        const struct history_account *account = &history->accounts[i];
        struct linear_result result;
        enum error error = linear_check(linear, history->sorted + account->first, account->count, &result);
        if (error != error_none)
            return error;
        verdict_count(tally, account, &result);
        verdict_show(tally, account, &result, options->each);
    }
    return error_none;
}

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static enum error
smallest_explain(const struct history *history, const struct options *options, const struct tally *tally)
{
    struct linear *linear = NULL;
    enum error error = tally->smallest == NULL ? error_none : linear_new(&linear, &options->limits);
    if (linear != NULL)
        error = explain(
            stdout, linear, tally->smallest->name, history->sorted + tally->smallest->first, tally->smallest->count);
    linear_free(&linear);
    return error;
}

static int history_judge(struct history *history, const struct options *options)
{
    struct linear *linear = NULL;
    struct tally tally = {0};
    double start = seconds();
    enum error error = history_sort(history);
    if (error == error_none)
        error = linear_new(&linear, &options->limits);
    if (error == error_none)
        error = accounts_check(history, linear, options, &tally);
    linear_free(&linear);
    if (error == error_none)
        error = smallest_explain(history, options, &tally);
    printf("%u aggregates, %u calls: %u linearizable, %u not, %u given up; %" PRIu64 " steps, %.2f s\n",
           (unsigned)history->account_count,
           (unsigned)history->count,
           (unsigned)tally.good,
           (unsigned)tally.bad,
           (unsigned)tally.unknown,
           tally.steps,
           seconds() - start);
    if (tally.bad > 0)
        return EXIT_VIOLATED;
    return tally.unknown > 0 || error != error_none ? EXIT_GAVE_UP : 0;
}

int main(int argc, char **argv)
{
    struct options options;
    int code = 0;
    if (!options_read(argc, argv, &options))
        return usage();
    struct history history = {.most = options.calls};
    double start = seconds();
    for (int i = optind; i < argc && code == 0; i++)
        code = file_read(&history, argv[i]);
    if (code == 0 && history.count == 0) {
        fputs("no calls: nothing was checked\n", stderr);
        code = EXIT_UNREADABLE;
    }
    if (code == 0) {
        fprintf(stderr, "read in %.2f s\n", seconds() - start);
        code = history_judge(&history, &options);
    }
    history_fini(&history);
    return code;
}
