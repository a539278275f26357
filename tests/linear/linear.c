/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See linear.h. The search:
 *
 *     arrive: nothing required is left -> linearizable
 *             a call fits that changes nothing -> take it, arrive
 *     walk:   the next start in the list, the answered ones first; it fits and was not visited with this set -> take
 * it, arrive an end comes first -> give the last call back and walk on behind it; none left -> violated */
#include "tests/linear/linear.h"

#include "tests/linear/items.h"
#include "tests/linear/visited.h"

#include <stdlib.h>

enum { STEPS = 20 * 1000 * 1000, STATES = 1000 * 1000 };
#define STEPS_ALL UINT64_C(2000000000)

/* A start or an end; entry 0 is the list's head. */
struct entry {
    int64_t time_ns;
    uint32_t item, next, previous;
    uint32_t end; /* of a start: its end, 0 when it has none; of an end: 0 */
    bool is_start;
};

/* A call that was taken, and what to go back to. */
struct taken {
    uint32_t entry;
    bool only; /* nothing else need be tried there */
    struct account before;
};

struct linear {
    struct linear_limits limits;
    uint64_t steps_all;
    struct visited visited;
    const struct call **order; /* the longest so far */
    uint32_t order_capacity;
};

struct search {
    struct linear *linear;
    struct linear_result *result;
    struct items items;
    struct entry *entries;
    struct taken *taken;
    uint32_t depth, left; /* left: required items that are not in */
    uint32_t longest_left;
    bool *in;
    uint32_t *waiting; /* by version: required items not in that fit at the latest with it */
    struct account account;
    struct set_hash hash;
    uint64_t steps, steps_most;
};

/* ---- the list ---- */

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    if (a->is_start != b->is_start) /* who begins as another ends is beside it, not after it */
        return a->is_start ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

static uint32_t entries_fill(struct search *search)
{
    uint32_t count = 1;
    search->entries[0] = (struct entry){.time_ns = INT64_MIN, .is_start = true};
    for (uint32_t i = 0; i < search->items.count; i++) {
        const struct item *item = &search->items.list[i];
        search->entries[count++] = (struct entry){.time_ns = item->start_ns, .item = i, .is_start = true};
        if (item->required)
            search->entries[count++] = (struct entry){.time_ns = item->end_ns, .item = i};
    }
    return count;
}

/* starts has room for each item. */
static void entries_make(struct search *search, uint32_t *starts)
{
    uint32_t count = entries_fill(search);
    qsort(search->entries + 1, count - 1, sizeof *search->entries, compare_entries);
    for (uint32_t i = 0; i < count; i++) {
        struct entry *entry = &search->entries[i];
        entry->previous = i == 0 ? count - 1 : i - 1;
        entry->next = i + 1 < count ? i + 1 : 0;
        if (i > 0 && entry->is_start)
            starts[entry->item] = i;
        else if (i > 0)
            search->entries[starts[entry->item]].end = i;
    }
}

static void entry_lift(struct entry *entries, uint32_t at)
{
    entries[entries[at].previous].next = entries[at].next;
    entries[entries[at].next].previous = entries[at].previous;
}

static void entry_lower(struct entry *entries, uint32_t at)
{
    entries[entries[at].previous].next = at;
    entries[entries[at].next].previous = at;
}

/* ---- what fits ---- */

/* Has a command with this one's id run that asked for something else? */
static bool rival_ran(const struct search *search, uint32_t index)
{
    const struct item *list = search->items.list;
    for (uint32_t i = list[index].rival; i != index; i = list[i].rival)
        if (search->in[i] && list[i].call->answer != ANSWER_REUSED && !call_asks_same(list[i].call, list[index].call))
            return true;
    return false;
}

/* Can the item come next? *after is the account as it leaves it. */
static bool item_fits(struct search *search, uint32_t index, struct account *after)
{
    const struct item *item = &search->items.list[index];
    search->steps++;
    *after = search->account;
    if (rival_ran(search, index) != (item->call->answer == ANSWER_REUSED))
        return false;
    if (item->call->answer == ANSWER_REUSED)
        return true;
    if (!item->required) {
        enum answer answer = account_run(&search->account, item->call, after);
        return answer != ANSWER_NOT_FOUND && answer != ANSWER_REFUSED;
    }
    bool fits = account_answers(&search->account, item->call, after);
    if (item->call->dry_run)
        *after = search->account;
    return fits;
}

/* Nobody waits for the version that the item would end. */
static bool version_may_end(const struct search *search, const struct item *item)
{
    int64_t version = search->account.version;
    return search->waiting[version] == (item->required && item->latest == version);
}

/* Is it worth trying? An unanswered call that changes nothing matters only to others of its id. */
static bool item_helps(const struct search *search, uint32_t index, const struct account *after)
{
    const struct item *item = &search->items.list[index];
    if (item->twin != NO_ITEM && !search->in[item->twin])
        return false;
    if (account_equal(after, &search->account))
        return item->required || item->rival != index;
    return version_may_end(search, item);
}

/* ---- taking and giving back ---- */

static void waiting_count(struct search *search, const struct item *item, int by)
{
    if (!item->required)
        return;
    search->left += (uint32_t)by;
    if (item->latest != ANY_VERSION)
        search->waiting[item->latest] += (uint32_t)by;
}

static void take(struct search *search, uint32_t at, const struct account *after, bool only)
{
    const struct entry *entry = &search->entries[at];
    search->taken[search->depth++] = (struct taken){.entry = at, .only = only, .before = search->account};
    search->account = *after;
    search->in[entry->item] = true;
    set_hash_toggle(&search->hash, entry->item);
    waiting_count(search, &search->items.list[entry->item], -1);
    entry_lift(search->entries, at);
    if (entry->end != 0)
        entry_lift(search->entries, entry->end);
}

static struct taken give_back(struct search *search)
{
    struct taken taken = search->taken[--search->depth];
    const struct entry *entry = &search->entries[taken.entry];
    if (entry->end != 0)
        entry_lower(search->entries, entry->end);
    entry_lower(search->entries, taken.entry);
    waiting_count(search, &search->items.list[entry->item], 1);
    set_hash_toggle(&search->hash, entry->item);
    search->in[entry->item] = false;
    search->account = taken.before;
    return taken;
}

/* Keeps the order so far if it answers more than any before. */
static void order_keep(struct search *search)
{
    if (search->left >= search->longest_left)
        return;
    search->longest_left = search->left;
    for (uint32_t i = 0; i < search->depth; i++)
        search->linear->order[i] = search->items.list[search->entries[search->taken[i].entry].item].call;
    search->result->order = search->linear->order;
    search->result->order_count = search->depth;
    search->result->account = search->account;
}

/* ---- the search ---- */

/* Where a walk is: first among the required ones, then, since they are needed only where something is missing, among
 * those that are not. */
struct place {
    uint32_t at;
    bool required;
};

static struct place first_place(const struct search *search, bool required)
{
    return (struct place){.at = search->entries[0].next, .required = required};
}

/* Takes a required item that fits now and changes nothing. */
static bool take_settled(struct search *search)
{
    struct account after;
    for (uint32_t at = search->entries[0].next; at != 0 && search->entries[at].is_start;
         at = search->entries[at].next) {
        uint32_t item = search->entries[at].item;
        if (search->items.list[item].required && item_fits(search, item, &after) &&
            account_equal(&after, &search->account)) {
            take(search, at, &after, true);
            return true;
        }
    }
    return false;
}

/* Takes the first item from the place on that fits, helps and leads to a new place: VISIT_FIRST. */
static enum visit take_next(struct search *search, struct place place)
{
    struct account after;
    for (uint32_t at = place.at; at != 0 && search->entries[at].is_start; at = search->entries[at].next) {
        uint32_t item = search->entries[at].item;
        if (search->items.list[item].required != place.required || !item_fits(search, item, &after) ||
            !item_helps(search, item, &after))
            continue;
        struct set_hash hash = search->hash;
        set_hash_toggle(&hash, item);
        enum visit visit = visited_add(&search->linear->visited, hash, &after);
        if (visit == VISIT_FIRST)
            take(search, at, &after, false);
        if (visit != VISIT_AGAIN)
            return visit;
    }
    return place.required ? take_next(search, first_place(search, false)) : VISIT_AGAIN;
}

/* Goes back to where something else can be tried; false when that is nowhere. */
static bool go_back(struct search *search, struct place *out)
{
    struct taken taken = {.only = true};
    order_keep(search);
    while (taken.only) {
        if (search->depth == 0)
            return false;
        taken = give_back(search);
    }
    const struct entry *entry = &search->entries[taken.entry];
    *out = (struct place){.at = entry->next, .required = search->items.list[entry->item].required};
    return true;
}

static enum verdict search_run(struct search *search)
{
    struct place place;
    bool arrived = true;
    while (search->left > 0) {
        if (search->steps > search->steps_most)
            return VERDICT_GAVE_UP;
        if (arrived && take_settled(search))
            continue;
        if (arrived)
            place = first_place(search, true);
        enum visit visit = take_next(search, place);
        if (visit == VISIT_FULL)
            return VERDICT_GAVE_UP;
        arrived = visit == VISIT_FIRST;
        if (!arrived && !go_back(search, &place))
            return VERDICT_VIOLATED;
    }
    return VERDICT_LINEARIZABLE;
}

static enum error order_reserve(struct linear *linear, uint32_t count)
{
    if (count <= linear->order_capacity)
        return error_none;
    const struct call **order = realloc(linear->order, count * sizeof *order);
    if (order == NULL)
        return error_no_memory;
    linear->order = order;
    linear->order_capacity = count;
    return error_none;
}

static enum error search_init(struct search *search)
{
    uint32_t count = search->items.count;
    uint32_t *starts = malloc((count + 1) * sizeof *starts);
    search->entries = malloc((2 * (size_t)count + 1) * sizeof *search->entries);
    search->taken = malloc((count + 1) * sizeof *search->taken);
    search->in = calloc(count + 1, sizeof *search->in);
    search->waiting = calloc((size_t)count + 2, sizeof *search->waiting);
    enum error error = order_reserve(search->linear, count + 1);
    if (starts == NULL || search->entries == NULL || search->taken == NULL || search->in == NULL ||
        search->waiting == NULL)
        error = error_no_memory;
    if (error == error_none) {
        entries_make(search, starts);
        for (uint32_t i = 0; i < count; i++)
            waiting_count(search, &search->items.list[i], 1);
        search->longest_left = search->left + 1;
        visited_clear(&search->linear->visited);
    }
    free(starts);
    return error;
}

static void search_fini(struct search *search)
{
    free(search->waiting);
    free(search->in);
    free(search->taken);
    free(search->entries);
    items_fini(&search->items);
}

static enum error search_all(struct search *search)
{
    struct linear *linear = search->linear;
    uint64_t steps_left = linear->limits.steps_all - linear->steps_all;
    enum error error = search_init(search);
    if (error != error_none)
        return error;
    search->steps_most = steps_left < linear->limits.steps ? steps_left : linear->limits.steps;
    search->result->verdict = steps_left == 0 ? VERDICT_GAVE_UP : search_run(search);
    order_keep(search);
    linear->steps_all += search->steps < steps_left ? search->steps : steps_left;
    search->result->steps = search->steps;
    return error_none;
}

enum error
linear_check(struct linear *linear, const struct call *const *calls, uint32_t count, struct linear_result *out)
{
    struct linear_result result = {.verdict = VERDICT_VIOLATED};
    struct search search = {.linear = linear, .result = &result};
    enum error error = items_make(&search.items, calls, count);
    if (error == error_none && search.items.contradiction != NULL)
        result.reason = search.items.contradiction;
    else if (error == error_none)
        error = search_all(&search);
    search_fini(&search);
    if (error == error_none)
        *out = result;
    return error;
}

/* ---- checkers ---- */

enum error linear_new(struct linear **out, const struct linear_limits *limits)
{
    struct linear *linear = calloc(1, sizeof *linear);
    if (linear == NULL)
        return error_no_memory;
    linear->limits = *limits;
    linear->limits.steps = limits->steps == 0 ? STEPS : limits->steps;
    linear->limits.steps_all = limits->steps_all == 0 ? STEPS_ALL : limits->steps_all;
    linear->limits.states = limits->states == 0 ? STATES : limits->states;
    visited_init(&linear->visited, linear->limits.states);
    *out = linear;
    return error_none;
}

void linear_free(struct linear **linear)
{
    if (*linear == NULL)
        return;
    visited_fini(&(*linear)->visited);
    free((*linear)->order);
    free(*linear);
    *linear = NULL;
}
