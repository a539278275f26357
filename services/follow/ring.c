/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest records in memory: see ring.h. Each partition has a circle of pointers whose size is a power of two and
 * doubles when it is full; all records also stand in one list in the order in which they came, which is the order in
 * which they go. */
#include "services/follow/ring.h"

#include <stdlib.h>

#define PLACES_FIRST 16

struct circle {
    struct ring_record **places; /* of seq: places[seq & (size - 1)] */
    uint32_t size;
    uint64_t first, end; /* holds first + 1 to end */
};

struct ring {
    uint32_t partitions;
    struct circle *circles;
    struct ring_record *oldest, *newest;
    size_t bytes, bytes_max;
    struct buffer scratch;
};

struct ring *ring_new(uint32_t partitions, size_t bytes_max)
{
    struct ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL)
        return NULL;
    ring->partitions = partitions;
    ring->bytes_max = bytes_max;
    ring->circles = calloc(partitions, sizeof *ring->circles);
    if (ring->circles == NULL)
        ring_free(&ring);
    return ring;
}

static size_t record_cost(const struct ring_record *record)
{
    return sizeof *record + sizeof record + record->raw.size;
}

/* One that ring_begin has forgotten, or that was put in again, is in no circle any more. */
static void oldest_drop(struct ring *ring)
{
    struct ring_record *record = ring->oldest;
    struct circle *circle = &ring->circles[record->record.partition];
    uint64_t seq = record->record.seq;
    ring->oldest = record->later;
    if (ring->oldest == NULL)
        ring->newest = NULL;
    if (seq > circle->first && seq <= circle->end && circle->places[seq & (circle->size - 1)] == record)
        circle->first = seq;
    ring->bytes -= record_cost(record);
    free(record);
}

void ring_free(struct ring **ring)
{
    if (*ring == NULL)
        return;
    while ((*ring)->oldest != NULL)
        oldest_drop(*ring);
    for (uint32_t i = 0; (*ring)->circles != NULL && i < (*ring)->partitions; i++)
        free((*ring)->circles[i].places);
    buffer_fini(&(*ring)->scratch);
    free((*ring)->circles);
    free(*ring);
    *ring = NULL;
}

uint64_t ring_end(const struct ring *ring, uint32_t partition)
{
    return ring->circles[partition].end;
}

void ring_begin(struct ring *ring, uint32_t partition, uint64_t seq)
{
    ring->circles[partition].first = ring->circles[partition].end = seq;
}

static bool circle_grow(struct circle *circle)
{
    uint32_t size = circle->size == 0 ? PLACES_FIRST : circle->size * 2;
    struct ring_record **places = calloc(size, sizeof *places);
    if (places == NULL)
        return false;
    for (uint64_t seq = circle->first + 1; seq <= circle->end; seq++)
        places[seq & (size - 1)] = circle->places[seq & (circle->size - 1)];
    free(circle->places);
    circle->places = places;
    circle->size = size;
    return true;
}

static struct ring_record *record_copy(struct ring *ring, const struct record *record)
{
    buffer_clear(&ring->scratch);
    record_encode(&ring->scratch, record);
    struct ring_record *copy = ring->scratch.failed ? NULL : malloc(sizeof *copy + ring->scratch.size);
    if (copy == NULL)
        return NULL;
    memcpy(copy + 1, ring->scratch.data, ring->scratch.size);
    copy->later = NULL;
    copy->raw = slice_of(copy + 1, ring->scratch.size);
    if (record_decode(copy->raw, &copy->record) == error_none)
        return copy;
    free(copy);
    return NULL;
}

static void record_append(struct ring *ring, struct ring_record *record)
{
    if (ring->newest != NULL)
        ring->newest->later = record;
    else
        ring->oldest = record;
    ring->newest = record;
    ring->bytes += record_cost(record);
}

bool ring_put(struct ring *ring, const struct record *record)
{
    struct circle *circle = &ring->circles[record->partition];
    if (record->seq != circle->end + 1)
        return false;
    if (circle->end - circle->first == circle->size && !circle_grow(circle))
        return false;
    struct ring_record *copy = record_copy(ring, record);
    if (copy == NULL)
        return false;
    circle->end = record->seq;
    circle->places[circle->end & (circle->size - 1)] = copy;
    record_append(ring, copy);
    while (ring->bytes > ring->bytes_max && ring->oldest != ring->newest)
        oldest_drop(ring);
    return true;
}

const struct ring_record *ring_find(const struct ring *ring, uint32_t partition, uint64_t seq)
{
    const struct circle *circle = &ring->circles[partition];
    return seq > circle->first && seq <= circle->end ? circle->places[seq & (circle->size - 1)] : NULL;
}

size_t ring_bytes(const struct ring *ring)
{
    return ring->bytes;
}
