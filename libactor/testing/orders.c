/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Orders in which events of several aggregates may be projected: as told, one aggregate after the other, forwards and
 * backwards, and by chance, always the same. */
#include "libactor/testing/rows.h"

/* The next event of a stream after those taken, or UINT32_MAX. */
static uint32_t next_of(uint32_t stream, uint32_t from)
{
    for (uint32_t i = from; i < story.count; i++)
        if (story.events[i].stream == stream)
            return i;
    return UINT32_MAX;
}

static uint32_t order_as_told(uint16_t *out)
{
    for (uint32_t i = 0; i < story.count; i++)
        out[i] = (uint16_t)i;
    return story.count;
}

static uint32_t order_by_stream(bool backwards, uint16_t *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < story.stream_count; i++) {
        uint32_t stream = backwards ? story.stream_count - 1 - i : i;
        for (uint32_t at = next_of(stream, 0); at != UINT32_MAX; at = next_of(stream, at + 1))
            out[count++] = (uint16_t)at;
    }
    return count;
}

/* SplitMix64 (Steele, Lea, Flood, 2014). */
static uint64_t chance_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* At each step any of the streams that have events left. */
static uint32_t order_by_chance(uint64_t seed, uint16_t *out)
{
    uint32_t next[STORY_STREAMS_MAX], count = 0;
    for (uint32_t i = 0; i < story.stream_count; i++)
        next[i] = next_of(i, 0);
    while (count < story.count) {
        uint32_t stream = (uint32_t)(chance_next(&seed) % story.stream_count);
        if (next[stream] == UINT32_MAX)
            continue;
        out[count++] = (uint16_t)next[stream];
        next[stream] = next_of(stream, next[stream] + 1);
    }
    return count;
}

void order_make(uint32_t which, uint16_t out[STORY_EVENTS_MAX])
{
    if (which == 0)
        order_as_told(out);
    else if (which <= 2)
        order_by_stream(which == 2, out);
    else
        order_by_chance(which, out);
}
