/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Msgpack maps put together from keys and hex values, for tests of decoders. */
#ifndef TESTS_UNIT_PROTO_COMPOSE_H
#define TESTS_UNIT_PROTO_COMPOSE_H

#include "proto/slice.h"

/* A map of {key, value in hex, key, value, ..., NULL}; lives until the test's process ends. */
struct slice compose_map(const char *const *entries);

/* The map without the entry of that key, or with that entry's value replaced by value (hex). */
struct slice map_without(struct slice map, const char *key);
struct slice map_with(struct slice map, const char *key, const char *value);

#endif
