/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of proto share: bytes written as hex, a seeded generator of values, and a count-down that makes the
 * allocator fail. */
#ifndef TESTS_UNIT_PROTO_SUPPORT_H
#define TESTS_UNIT_PROTO_SUPPORT_H

#include "proto/reader.h"
#include "proto/writer.h"

/* The bytes of "82 a1 61 01"; spaces are free. They live until the test's process ends. */
struct slice hex(const char *text);
/* The hex of bytes, without spaces; lives as long. */
const char *to_hex(struct slice bytes);
/* text with a NUL behind it; lives as long. */
const char *text_copy(struct slice text);
/* bytes in memory of exactly their size, so that a sanitizer sees a read past the end. Free with free. */
uint8_t *exact_copy(struct slice bytes);

/* A pseudo-random sequence (splitmix64): the same seed, the same values. */
struct chance {
    uint64_t state;
};
uint64_t chance_next(struct chance *chance);
uint32_t chance_below(struct chance *chance, uint32_t limit);

/* Appends a random msgpack value nested at most `depth` deep. json: only what JSON can hold without change (no bytes,
 * no integer above INT64_MAX). */
void write_random(struct chance *chance, uint32_t depth, bool json, struct buffer *out);

/* After `calls` more calls realloc and calloc give NULL; negative: never. */
void fail_allocation_after(int calls);

/* While on, snprintf prints a comma for a decimal point, and strtod stops at a point. */
void use_comma_locale(bool on);

#endif
