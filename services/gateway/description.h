/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Walking the descriptions that the shards publish: an array of msgpack maps, one a domain (docs/DOMAINS.md says what
 * is in them). Everything that is generated from descriptions looks at them through these functions. What is missing or
 * of another shape is empty, never an error: a gateway meets descriptions that are newer than itself. Pure; slices
 * point into the descriptions. */
#ifndef GATEWAY_DESCRIPTION_H
#define GATEWAY_DESCRIPTION_H

#include "proto/reader.h"

/* Over an array, or over the entries of a map. */
struct walk {
    struct reader reader;
    uint32_t left;
};

struct walk walk_of(struct slice array);
/* The next raw item; false at the end. */
bool walk_next(struct walk *walk, struct slice *out);

struct walk walk_of_map(struct slice map);
/* The next key, and its raw value; false at the end. */
bool walk_next_entry(struct walk *walk, struct slice *key, struct slice *value);

/* The raw value of a key; empty when it is not there. */
struct slice map_field(struct slice map, const char *key);
struct slice map_text(struct slice map, const char *key);
bool map_true(struct slice map, const char *key);
/* fallback when it is no integer, or not there. */
int64_t map_integer(struct slice map, const char *key, int64_t fallback);

/* The description of a namespace. */
bool description_find(struct slice descriptions, struct slice namespace, struct slice *out);

/* A letter, then letters, digits, - and _: what domains are held to, and what may stand in URLs and keys as it is. */
bool name_is_plain(struct slice name);

/* Over the resources of all domains whose names are plain. */
struct resource_walk {
    const char *key; /* of the domain's list */
    struct walk domains, resources;
    struct slice domain, resource; /* raw maps */
    struct slice namespace, name;  /* their names */
};

struct resource_walk resource_walk_of(struct slice descriptions);
/* The same over hand-written projections. */
struct resource_walk projection_walk_of(struct slice descriptions);
bool resource_walk_next(struct resource_walk *walk);

/* Over a resource's commands or events (by key) whose names are plain. */
struct part_walk {
    struct walk walk;
    struct slice part, name;
};

struct part_walk part_walk_of(struct slice resource, const char *key);
bool part_walk_next(struct part_walk *walk);

#endif
