/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Walking the msgpack data of replies: arrays and maps whose shape is ours. What is missing reads as empty. */
#ifndef CLI_WALK_H
#define CLI_WALK_H

#include "proto/reader.h"

/* The items of an array, one after the other. */
struct walk {
    struct reader reader;
    uint32_t left;
};

struct walk walk_of(struct slice array);
bool walk_next(struct walk *walk, struct slice *out);

/* The raw value of a key; empty when it is not there. */
struct slice field_raw(struct slice map, const char *key);
struct slice field_text(struct slice map, const char *key);
/* False when it is absent, nil or no integer. */
bool field_integer(struct slice map, const char *key, int64_t *out);

#endif
