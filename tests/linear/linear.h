/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Is what clients saw of one account linearizable: is there an order of the calls, in which each lies between its start
 * and its end, that explains every answer? A call that was not answered may have run or not, at any time from its start
 * on. The definition is Herlihy's and Wing's (Linearizability: A Correctness Condition for Concurrent Objects, TOPLAS
 * 12(3), 1990). Each account is judged by itself, as their theorem of locality allows.
 *
 * The algorithm is Wing's and Gong's search (Testing and Verifying Concurrent Objects, J. Parallel and Distributed
 * Computing 17, 1993): from the calls that may come first, take one that fits, go on, and come back when none does. It
 * remembers where it has been (which calls are in, and the state), as Lowe does (Testing for Linearizability,
 * Concurrency and Computation: Practice and Experience 29(4), 2017), and walks Lowe's list of starts and ends, from
 * which calls are lifted (shown well by Horn and Kroening: Faster Linearizability Checking via P-Compositionality,
 * FORTE 2015). Three cuts are its own, and lose no order that fits:
 *   - a call that fits now and changes nothing is taken at once: it can be moved to here in any order that fits
 *   - the account does not leave a version while an answer waits that fits only there or before. Versions of answers
 * are used for this cut and are compared with the model's; no order is taken from them
 *   - of unanswered calls that ask the same, the earlier stands for the later
 *
 * The history must begin before the account was opened, with every call that could have changed it. Finding out is hard
 * in general (Gibbons and Korach, Testing Shared Memories, 1997), so steps and memory are limited. */
#ifndef TEST_LINEAR_LINEAR_H
#define TEST_LINEAR_LINEAR_H

#include "tests/linear/account.h"

#include "proto/error.h"

struct linear_limits {
    uint64_t steps;     /* looks at a call, for one account; 0: 20 million */
    uint64_t steps_all; /* for all accounts together; 0: 2 billion */
    uint32_t states;    /* remembered at a time, about 100 bytes each; 0: a million */
};

enum verdict { VERDICT_LINEARIZABLE, VERDICT_VIOLATED, VERDICT_GAVE_UP };

struct linear_result {
    enum verdict verdict;
    const char *reason; /* beyond "no order fits"; NULL */
    uint64_t steps;
    /* The longest order that was found, in which no answer is wrong, and the account after it; valid until the next
     * check. When linearizable it has every answer. */
    const struct call *const *order;
    uint32_t order_count;
    struct account account;
};

struct linear; /* a checker: its limits, and memory that one check leaves to the next */

enum error linear_new(struct linear **out, const struct linear_limits *limits);
void linear_free(struct linear **linear);
/* Judges one account's calls, in any order. error_no_memory. */
enum error
linear_check(struct linear *linear, const struct call *const *calls, uint32_t count, struct linear_result *out);

#endif
