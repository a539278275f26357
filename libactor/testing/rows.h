/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows that a story's events make in a projection, and the orders in which they may come. */
#ifndef LIBACTOR_TESTING_ROWS_H
#define LIBACTOR_TESTING_ROWS_H

#include "libactor/testing/story.h"

struct story_row {
    struct buffer key, data; /* data empty: there is none */
};

struct story_rows {
    struct story_row *rows;
    uint32_t count, capacity;
};

/* Projects events in an order: indexes of story.events. NULL, or what is wrong. */
const char *rows_make(const struct domain_projection *projection, const uint16_t *order, struct story_rows *out);
void rows_fini(struct story_rows *rows);
/* NULL when there is none. */
const struct story_row *rows_find(const struct story_rows *rows, struct slice key);

/* How many orders are tried. */
enum { ORDERS = 128 };
/* The order number which of the story's events: each aggregate's in their own order, aggregates in any. 0: as told. */
void order_make(uint32_t which, uint16_t out[STORY_EVENTS_MAX]);

#endif
