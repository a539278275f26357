/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Radix sort, a byte at a time from the lowest; bytes that are the same in all keys are passed over. */
#include "services/store/sort.h"

#include <string.h>

#include "services/store/grow.h"

enum { DIGITS = 256 };

bool sort_reserve(struct sort_item **items, struct sort_item **scratch, size_t *capacity, size_t count)
{
    size_t grown = *capacity; /* the capacity is what both have */
    return grow((void **)items, &grown, count, sizeof **items) &&
           grow((void **)scratch, capacity, count, sizeof **scratch);
}

/* Fills starts with the place of each digit's first item; false when all keys have the same digit. */
static bool digit_starts(const struct sort_item *items, size_t count, unsigned shift, size_t starts[DIGITS])
{
    size_t counts[DIGITS] = {0};
    for (size_t i = 0; i < count; i++)
        counts[items[i].key >> shift & 0xff]++;
    if (counts[items[0].key >> shift & 0xff] == count)
        return false;
    size_t start = 0;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        starts[digit] = start;
        start += counts[digit];
    }
    return true;
}

void sort_items(struct sort_item *items, struct sort_item *scratch, size_t count)
{
    struct sort_item *from = items, *to = scratch;
    for (unsigned shift = 0; count > 1 && shift < 64; shift += 8) {
        size_t starts[DIGITS];
        if (!digit_starts(from, count, shift, starts))
            continue;
        for (size_t i = 0; i < count; i++)
            to[starts[from[i].key >> shift & 0xff]++] = from[i];
        struct sort_item *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof items[0]);
}
