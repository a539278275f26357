/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See items.h. */
#include "tests/linear/items.h"

#include <stdlib.h>

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static bool is_single(const struct call *call)
{
    return !call_is_command(call) || !call->has_id || call->answer == ANSWER_NOT_FOUND;
}

static int compare_asked(const struct call *a, const struct call *b)
{
    int order = compare(a->action, b->action);
    order = order != 0 ? order : compare(a->amount, b->amount);
    order = order != 0 ? order : compare(a->has_expected, b->has_expected);
    return order != 0 || !a->has_expected ? order : compare(a->expected, b->expected);
}

/* Repetitions come together, and those of one id; the answers first, the earliest of them before the others. */
static int compare_calls(const void *left, const void *right)
{
    const struct call *a = *(const struct call *const *)left, *b = *(const struct call *const *)right;
    int order = compare(is_single(a), is_single(b));
    if (order == 0 && !is_single(a)) {
        order = memcmp(&a->id, &b->id, sizeof a->id);
        order = order != 0 ? order : compare(a->answer == ANSWER_REUSED, b->answer == ANSWER_REUSED);
    }
    order = order != 0 ? order : compare_asked(a, b);
    order = order != 0 ? order : compare(a->answer == ANSWER_UNKNOWN, b->answer == ANSWER_UNKNOWN);
    order = order != 0 ? order : compare(a->end_ns, b->end_ns);
    return order != 0 ? order : compare(a->start_ns, b->start_ns);
}

static bool says_nothing(const struct call *call)
{
    return call->answer == ANSWER_REFUSED || (call->answer == ANSWER_UNKNOWN && !call_is_command(call));
}

static bool is_repetition(const struct call *call, const struct call *of)
{
    return !is_single(call) && !is_single(of) && call->answer != ANSWER_REUSED && of->answer != ANSWER_REUSED &&
           memcmp(&call->id, &of->id, sizeof call->id) == 0 && call_asks_same(call, of);
}

static bool same_answer(const struct call *a, const struct call *b)
{
    return a->answer == b->answer && (!a->has_version || !b->has_version || a->version == b->version);
}

/* An event takes the account from one version to the next; other answers show the version that there is. */
static int64_t latest_of(const struct call *call)
{
    if (call->answer == ANSWER_NOT_FOUND)
        return 0;
    if (!call->has_version || call->answer == ANSWER_REUSED || call->answer == ANSWER_UNKNOWN)
        return ANY_VERSION;
    bool event = call->answer == ANSWER_OK && call->action != ACTION_READ && call->action != ACTION_CLOSE;
    return call->version - event;
}

static void item_begin(struct item *item, const struct call *call)
{
    *item = (struct item){.call = call,
                          .start_ns = call->start_ns,
                          .end_ns = call->end_ns,
                          .repetitions = 1,
                          .required = call->answer != ANSWER_UNKNOWN,
                          .latest = latest_of(call),
                          .twin = NO_ITEM};
}

static void item_repeat(struct items *items, struct item *item, const struct call *call)
{
    item->repetitions++;
    item->start_ns = call->start_ns < item->start_ns ? call->start_ns : item->start_ns;
    item->end_ns = call->end_ns < item->end_ns ? call->end_ns : item->end_ns;
    if (call->answer == ANSWER_UNKNOWN)
        return;
    if (!same_answer(item->call, call))
        items->contradiction = "one command has two answers";
    if (!item->call->has_version && call->has_version) {
        item->call = call;
        item->latest = latest_of(call);
    }
}

static void items_gather(struct items *items, const struct call *const *calls, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct item *last = items->count == 0 ? NULL : &items->list[items->count - 1];
        if (says_nothing(calls[i]))
            continue;
        if (last != NULL && is_repetition(calls[i], last->call))
            item_repeat(items, last, calls[i]);
        else
            item_begin(&items->list[items->count++], calls[i]);
    }
}

static int compare_starts(const void *left, const void *right)
{
    const struct item *a = left, *b = right;
    return compare(a->start_ns, b->start_ns);
}

static void rivals_join(struct items *items, uint32_t *order, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        items->list[order[i]].rival = order[i + 1 < end ? i + 1 : first];
}

/* With all items in order of their start, the places of a class are found again by sorting places. */
struct place {
    const struct item *item;
    uint32_t index;
};

static int compare_ids(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order = memcmp(&a->item->call->id, &b->item->call->id, sizeof a->item->call->id);
    return order != 0 ? order : compare(a->index, b->index);
}

static int compare_twins(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order = compare_asked(a->item->call, b->item->call);
    return order != 0 ? order : compare(a->index, b->index);
}

static void rings_make(struct items *items, struct place *places, uint32_t *order)
{
    uint32_t count = 0, first = 0;
    for (uint32_t i = 0; i < items->count; i++)
        if (!is_single(items->list[i].call))
            places[count++] = (struct place){.item = &items->list[i], .index = i};
        else
            items->list[i].rival = i;
    qsort(places, count, sizeof *places, compare_ids);
    for (uint32_t i = 0; i < count; i++) {
        order[i] = places[i].index;
        if (memcmp(&places[i].item->call->id, &places[first].item->call->id, sizeof(struct uuid)) != 0) {
            rivals_join(items, order, first, i);
            first = i;
        }
    }
    rivals_join(items, order, first, count);
}

/* Two that are not answered, ask the same and have no rivals can stand for each other, the earlier one for the later.
 */
static void twins_make(struct items *items, struct place *places)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < items->count; i++)
        if (!items->list[i].required && items->list[i].rival == i)
            places[count++] = (struct place){.item = &items->list[i], .index = i};
    qsort(places, count, sizeof *places, compare_twins);
    for (uint32_t i = 1; i < count; i++)
        if (compare_asked(places[i].item->call, places[i - 1].item->call) == 0)
            items->list[places[i].index].twin = places[i - 1].index;
}

/* A version counts events, and an item makes at most one. */
static void versions_judge(struct items *items)
{
    for (uint32_t i = 0; i < items->count; i++) {
        const struct item *item = &items->list[i];
        items->required += item->required;
        if (item->latest < ANY_VERSION || item->latest > items->count ||
            (item->latest == ANY_VERSION && item->required && item->call->has_version &&
             item->call->answer != ANSWER_REUSED))
            items->contradiction = "an answer has a version that these commands cannot lead to";
    }
}

enum error items_make(struct items *items, const struct call *const *calls, uint32_t count)
{
    size_t room = (size_t)count + 1;
    const struct call **sorted = malloc(room * sizeof *sorted);
    struct place *places = malloc(room * sizeof *places);
    uint32_t *order = malloc(room * sizeof *order);
    *items = (struct items){.list = malloc(room * sizeof *items->list)};
    enum error error = error_no_memory;
    if (sorted != NULL && places != NULL && order != NULL && items->list != NULL) {
        memcpy(sorted, calls, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, compare_calls);
        items_gather(items, sorted, count);
        qsort(items->list, items->count, sizeof *items->list, compare_starts);
        rings_make(items, places, order);
        twins_make(items, places);
        versions_judge(items);
        error = error_none;
    }
    free(order);
    free(places);
    free(sorted);
    return error;
}

void items_fini(struct items *items)
{
    free(items->list);
    *items = (struct items){0};
}
