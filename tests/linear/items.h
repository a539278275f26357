/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One account's calls as the search wants them: items, each of which takes effect at most once.
 *
 * Receipts make the repetitions of a command one item. The first of them that runs decides, the others get its answer
 * and change nothing; so together they are as one call that begins with the earliest of them and ends with the earliest
 * answer. (If one ran at t, each answered one ended at t or later, and could get its answer then.) Repetitions whose
 * answers differ contradict each other in any order.
 *
 * Calls that are not answered are items too, which may be left out. Those that would show nothing (reads, dry runs) and
 * answers that say nothing are no items at all. */
#ifndef TEST_LINEAR_ITEMS_H
#define TEST_LINEAR_ITEMS_H

#include "tests/linear/call.h"

#include "proto/error.h"

#define NO_ITEM UINT32_MAX
#define ANY_VERSION (-1)

struct item {
    const struct call *call; /* of several, the first whose answer tells most */
    int64_t start_ns, end_ns;
    uint32_t repetitions;
    bool required;  /* somebody knows its answer */
    int64_t latest; /* the highest version before it with which its answer fits; ANY_VERSION when it tells none */
    uint32_t rival; /* the next one of the same command id, in a ring; itself when it is alone */
    uint32_t twin;  /* of those not required: one that asks the same and began before; NO_ITEM */
};

struct items {
    struct item *list;
    uint32_t count, required;
    const char *contradiction; /* why no order can fit; NULL */
};

/* Zero *items, or fini it first. It points to the calls. */
enum error items_make(struct items *items, const struct call *const *calls, uint32_t count);
void items_fini(struct items *items);

#endif
