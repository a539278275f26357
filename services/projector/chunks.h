/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory of a turn: pieces that stay where they are until all of them are given back at once. */
#ifndef PROJECTOR_CHUNKS_H
#define PROJECTOR_CHUNKS_H

#include "proto/slice.h"

struct chunk;
struct chunks {
    struct chunk *first, *current;
    size_t used; /* of the current one */
};

/* Aligned for any pointer or number; NULL when memory is out. */
void *chunks_take(struct chunks *chunks, size_t size);
/* A copy of the bytes; false when memory is out. */
bool chunks_copy(struct chunks *chunks, struct slice bytes, struct slice *out);
/* Forgets everything, keeps the memory. */
void chunks_reset(struct chunks *chunks);
void chunks_fini(struct chunks *chunks);

#endif
