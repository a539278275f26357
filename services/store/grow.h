/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Growing an array by doubling. */
#ifndef STORE_GROW_H
#define STORE_GROW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Makes *items hold at least count items of item_size bytes; false, and nothing changed, when memory is out. */
static inline bool grow(void **items, size_t *capacity, size_t count, size_t item_size)
{
    if (count <= *capacity)
        return true;
    size_t wanted = *capacity < 16 ? 16 : *capacity;
    while (wanted < count)
        wanted *= 2;
    void *grown = wanted > SIZE_MAX / item_size ? NULL : realloc(*items, wanted * item_size);
    if (grown == NULL)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

#endif
