/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Comparing lists and maps, as PostgreSQL's jsonb compares them: numbers by value, maps whatever their order. Values
 * are msgpack with sorted maps. Pure. */
#ifndef READMODEL_JSON_MATCH_H
#define READMODEL_JSON_MATCH_H

#include "services/readmodel/words.h"

/* All of them end with MATCH_STOPPED when stop (may be NULL) says so. */
enum match json_equal(struct slice a, struct slice b, const struct match_stop *stop);
/* A map contains one whose entries it all has, a list one whose items all are among its own; among them are equal
 * single values, and lists and maps that contain the item. */
enum match json_contains(struct slice whole, struct slice part, const struct match_stop *stop);
/* Do two lists have an item in common? */
enum match json_overlaps(struct slice a, struct slice b, const struct match_stop *stop);

#endif
