/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest records of each partition in memory, read from the store once for all followers that are at the end of the
 * log. What does not fit any more is forgotten, oldest first over all partitions; who still needs it reads the store.
 * No I/O. One thread. */
#ifndef FOLLOW_RING_H
#define FOLLOW_RING_H

#include "proto/envelope.h"

struct ring;

struct ring_record {
    struct ring_record *later; /* put in after it, whatever its partition */
    struct record record;      /* views into raw */
    struct slice raw;          /* as on the wire */
};

/* NULL when memory is out. */
struct ring *ring_new(uint32_t partitions, size_t bytes_max);
void ring_free(struct ring **ring);

/* The seq after which the partition's records go on: ring_put takes the next one. */
uint64_t ring_end(const struct ring *ring, uint32_t partition);
/* Forgets the partition's records; the next one put in is that after seq. */
void ring_begin(struct ring *ring, uint32_t partition, uint64_t seq);
/* Keeps a copy. False when memory is out, or when it is not the partition's next: nothing has changed. */
bool ring_put(struct ring *ring, const struct record *record);
/* NULL when it is not there. Valid until the next ring_put. */
const struct ring_record *ring_find(const struct ring *ring, uint32_t partition, uint64_t seq);
size_t ring_bytes(const struct ring *ring);

#endif
