/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The places where a search has been: which items were in, as a 128-bit hash of the set, and the account they led to.
 * Two sets share a hash with a chance of 2^-128 a pair; then a good history could be refused, never a bad one pass. */
#ifndef TEST_LINEAR_VISITED_H
#define TEST_LINEAR_VISITED_H

#include "tests/linear/account.h"

struct set_hash {
    uint64_t high, low;
};

/* Puts an item into the set, or takes it out. */
void set_hash_toggle(struct set_hash *hash, uint32_t item);

struct visited {
    struct visited_place *places;
    uint32_t capacity, count, most;
};

enum visit { VISIT_FIRST, VISIT_AGAIN, VISIT_FULL };

/* At most that many places are remembered; memory comes as it is needed. */
void visited_init(struct visited *visited, uint32_t most);
void visited_fini(struct visited *visited);
void visited_clear(struct visited *visited);
/* VISIT_FULL when there are `most` places, or memory is out. */
enum visit visited_add(struct visited *visited, struct set_hash hash, const struct account *account);

#endif
