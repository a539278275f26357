/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See explain.h. What is true of a history is true of each part of it up to some time, in which the calls that were
 * still open then count as unanswered; so the first answer that does not fit is found by halving. */
#include "tests/linear/explain.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LINES_MAX = 40, ORDER_LINES = 12 };

struct cut {
    const struct call *const *calls;
    uint32_t count;
    struct call *copies; /* of those that began by the time */
    const struct call **kept, **originals;
    uint32_t kept_count;
};

static void cut_make(struct cut *cut, int64_t until_ns)
{
    cut->kept_count = 0;
    for (uint32_t i = 0; i < cut->count; i++) {
        struct call *copy = &cut->copies[cut->kept_count];
        *copy = *cut->calls[i];
        if (copy->start_ns > until_ns)
            continue;
        if (copy->end_ns > until_ns) {
            copy->end_ns = NEVER;
            copy->answer = ANSWER_UNKNOWN;
            copy->has_version = copy->has_balance = false;
        }
        cut->originals[cut->kept_count] = cut->calls[i];
        cut->kept[cut->kept_count++] = copy;
    }
}

static int compare_ends(const void *left, const void *right)
{
    const struct call *a = *(const struct call *const *)left, *b = *(const struct call *const *)right;
    return (a->end_ns > b->end_ns) - (a->end_ns < b->end_ns);
}

/* The first of the ends by which the history is violated; ends is sorted, and it is by the last. */
static enum error
first_bad(struct linear *linear, struct cut *cut, const struct call **ends, uint32_t count, uint32_t *out)
{
    uint32_t good = 0, bad = count - 1; /* everything before good is good, bad is bad */
    while (good < bad) {
        uint32_t middle = good + (bad - good) / 2;
        struct linear_result result;
        cut_make(cut, ends[middle]->end_ns);
        enum error error = linear_check(linear, cut->kept, cut->kept_count, &result);
        if (error != error_none)
            return error;
        if (result.verdict == VERDICT_VIOLATED)
            bad = middle;
        else
            good = middle + 1;
    }
    *out = bad;
    return error_none;
}

/* ---- words ---- */

static void asked_write(FILE *out, const struct call *call)
{
    int width = fprintf(out,
                        "    client %-3u %s%s",
                        (unsigned)call->client,
                        call->dry_run ? "dry run: " : "",
                        action_name(call->action));
    if (call->action == ACTION_DEPOSIT || call->action == ACTION_WITHDRAW)
        width += fprintf(out, " %" PRId64, call->amount);
    if (call->has_expected)
        width += fprintf(out, " at version %" PRId64, call->expected);
    fprintf(out, "%*s", width < 44 ? 44 - width : 1, "");
}

static void answered_write(FILE *out, const struct call *call)
{
    int width = fprintf(out, "%s", call->answer == ANSWER_UNKNOWN ? "no answer" : answer_name(call->answer));
    if (call->has_version)
        width += fprintf(out, ", version %" PRId64, call->version);
    if (call->has_balance)
        width += fprintf(out, ", balance %" PRId64, call->balance);
    fprintf(out, "%*s", width < 38 ? 38 - width : 1, "");
}

static void call_show(FILE *out, const struct call *call, int64_t zero_ns)
{
    asked_write(out, call);
    answered_write(out, call);
    fprintf(out, "%.6f", (double)(call->start_ns - zero_ns) / 1e6);
    if (call->end_ns == NEVER)
        fputs(" ..", out);
    else
        fprintf(out, " .. %.6f ms", (double)(call->end_ns - zero_ns) / 1e6);
    fprintf(out, call->line > 0 ? "  line %" PRIu64 "\n" : "\n", call->line);
}

static void order_show(FILE *out, const struct cut *cut, const struct linear_result *result)
{
    static const char *const lives[] = {"does not exist", "is open", "is closed"};
    uint32_t first = result->order_count > ORDER_LINES ? result->order_count - ORDER_LINES : 0;
    fprintf(out,
            "  an order that fits every answer before has %u calls; after it the account %s, version %" PRId64
            ", balance %" PRId64 "%s\n",
            (unsigned)result->order_count,
            lives[result->account.life],
            result->account.version,
            result->account.balance,
            first > 0 ? "; its end:" : ":");
    for (uint32_t i = first; i < result->order_count; i++)
        call_show(out, cut->originals[result->order[i] - cut->copies], cut->calls[0]->start_ns);
}

/* A repetition is where what it repeats is. */
static bool stands_for(const struct call *one, const struct call *other)
{
    return one == other || (one->has_id && other->has_id && call_is_command(one) && call_is_command(other) &&
                            one->answer != ANSWER_REUSED && other->answer != ANSWER_REUSED &&
                            memcmp(&one->id, &other->id, sizeof one->id) == 0 && call_asks_same(one, other));
}

static bool is_in(const struct linear_result *result, const struct call *call)
{
    for (uint32_t i = 0; i < result->order_count; i++)
        if (stands_for(result->order[i], call))
            return true;
    return false;
}

static void rest_show(FILE *out, const struct cut *cut, const struct linear_result *result)
{
    uint32_t shown = 0;
    for (uint32_t i = 0; i < cut->kept_count; i++) {
        if (cut->kept[i]->answer == ANSWER_REFUSED || is_in(result, cut->kept[i]))
            continue;
        if (shown++ == 0)
            fputs("  not in it, as they were not answered yet:\n", out);
        if (shown <= LINES_MAX)
            call_show(out, cut->originals[i], cut->calls[0]->start_ns);
    }
    if (shown > LINES_MAX)
        fprintf(out, "    and %u more\n", (unsigned)(shown - LINES_MAX));
}

/* last is the first answer that does not fit. */
static enum error cut_show(FILE *out, struct linear *linear, struct cut *cut, const struct call *last)
{
    struct linear_result with, without;
    cut_make(cut, last->end_ns);
    enum error error = linear_check(linear, cut->kept, cut->kept_count, &with);
    if (error != error_none)
        return error;
    cut_make(cut, last->end_ns - 1);
    error = linear_check(linear, cut->kept, cut->kept_count, &without);
    if (error != error_none)
        return error;
    fputs("  no order fits from this answer on", out);
    fprintf(out, with.reason != NULL ? " (%s):\n" : ":\n", with.reason);
    call_show(out, last, cut->calls[0]->start_ns);
    if (without.verdict != VERDICT_LINEARIZABLE)
        return error_none;
    order_show(out, cut, &without);
    rest_show(out, cut, &without);
    return error_none;
}

static enum error cut_explain(FILE *out, struct linear *linear, struct cut *cut, const struct call **ends)
{
    uint32_t answered = 0, bad;
    for (uint32_t i = 0; i < cut->count; i++)
        if (cut->calls[i]->end_ns != NEVER)
            ends[answered++] = cut->calls[i];
    qsort(ends, answered, sizeof *ends, compare_ends);
    enum error error = first_bad(linear, cut, ends, answered, &bad);
    return error == error_none ? cut_show(out, linear, cut, ends[bad]) : error;
}

enum error
explain(FILE *out, struct linear *linear, const char *account, const struct call *const *calls, uint32_t count)
{
    struct cut cut = {.calls = calls,
                      .count = count,
                      .copies = malloc((count + 1) * sizeof *cut.copies),
                      .kept = malloc((count + 1) * sizeof *cut.kept),
                      .originals = malloc((count + 1) * sizeof *cut.originals)};
    const struct call **ends = malloc((count + 1) * sizeof *ends);
    enum error error = error_no_memory;
    if (cut.copies != NULL && cut.kept != NULL && cut.originals != NULL && ends != NULL) {
        fprintf(out, "%s is not linearizable (%u calls)\n", account, (unsigned)count);
        error = cut_explain(out, linear, &cut, ends);
    }
    free(ends);
    free(cut.originals);
    free(cut.kept);
    free(cut.copies);
    return error;
}
