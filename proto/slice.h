/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A view of bytes that somebody else owns. Used wherever a function looks at bytes without keeping them; a slice never
 * outlives the buffer it points into. data may be NULL only when size is 0. */
#ifndef PROTO_SLICE_H
#define PROTO_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *data;
    size_t size; /* bytes */
};

static inline struct slice slice_of(const void *data, size_t size)
{
    return (struct slice){.data = (const uint8_t *)data, .size = size};
}

static inline struct slice slice_text(const char *text)
{
    return slice_of(text, text == NULL ? 0 : strlen(text));
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_text(text));
}

#endif
