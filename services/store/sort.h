/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sorting many items by a 64-bit number in time that does not depend on their order. */
#ifndef STORE_SORT_H
#define STORE_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sort_item {
    uint64_t key;
    uint64_t item;
};

/* Makes both arrays hold at least count items; false, and nothing lost, when memory is out. */
bool sort_reserve(struct sort_item **items, struct sort_item **scratch, size_t *capacity, size_t count);
/* Ascending by key; equal keys keep their order. scratch has room for count items. */
void sort_items(struct sort_item *items, struct sort_item *scratch, size_t count);

#endif
