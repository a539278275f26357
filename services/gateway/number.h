/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whole decimal numbers in URLs and header fields: digits only, no sign, no space. */
#ifndef GATEWAY_NUMBER_H
#define GATEWAY_NUMBER_H

#include "proto/slice.h"

static inline bool number_parse(struct slice text, uint64_t *out)
{
    uint64_t value = 0;
    if (text.size == 0 || text.size > 20)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text.data[i] - '0', &value))
            return false;
    }
    *out = value;
    return true;
}

#endif
