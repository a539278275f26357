/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Finds a key that stands twice in one map, for maps that are open inside one another, in time linear in the bytes of
 * the keys whatever they are, and without allocating. Keys are msgpack texts in one growing message and are named by
 * their offset. Private to proto; both strict readers use it.
 *
 * A map's first keys_few keys are compared by fingerprint; that is nearly every map. A larger map's keys go into a
 * critical-bit tree, which needs no hash and so cannot be made slow by chosen keys. The trees' room is large: a caller
 * first runs without it and starts again with it on error_full. */
#ifndef PROTO_KEYS_H
#define PROTO_KEYS_H

#include "proto/error.h"
#include "proto/status.h"

enum { keys_few = 32 };

/* A leaf is an offset times two plus one, an inner node its index times two. bit grows from the root downward. */
struct key_node {
    uint32_t bit, child[2];
};

struct key_trees {
    struct key_node nodes[limit_nesting * limit_map_entries];
};

struct key_set {
    struct key_trees *trees; /* NULL: no room for large maps yet */
    uint32_t few_top, nodes_top;
    uint64_t prints[limit_nesting * keys_few];
    uint32_t offsets[limit_nesting * keys_few];
};

/* The keys of one open map. */
struct key_map {
    uint32_t few, nodes; /* where its entries in the set begin */
    uint32_t count, root;
};

/* Leaves the arrays as they are: nothing of them is read before it is written. */
void keys_init(struct key_set *set, struct key_trees *trees);
/* Maps close in the reverse order of opening; at most limit_nesting are open. */
void keys_open(struct key_set *set, struct key_map *map);
void keys_close(struct key_set *set, const struct key_map *map);
/* Adds key, a whole msgpack text of message that begins at offset. Its count must be below limit_map_entries.
 * error_duplicate_key, or error_full: start again with trees. */
enum error keys_add(struct key_set *set, struct key_map *map, struct slice message, struct slice key, size_t offset);

/* No message may be longer, or an offset times two would not fit. */
#define KEYS_MESSAGE_MAX (UINT32_MAX / 16)

#endif
