/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See bench_histogram.h. */
#include "services/cli/bench_histogram.h"

static uint32_t bucket_of(uint64_t value)
{
    if (value < 32)
        return (uint32_t)value;
    uint32_t power = 63u - (uint32_t)__builtin_clzll(value);
    uint32_t bucket = (power - 4) * 32 + (uint32_t)((value >> (power - 5)) & 31);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t bucket_top(uint32_t bucket)
{
    if (bucket < 32)
        return bucket;
    uint32_t power = bucket / 32 + 4;
    return ((32ull + bucket % 32 + 1) << (power - 5)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t microseconds)
{
    histogram->counts[bucket_of(microseconds)]++;
    histogram->total++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->counts[i] += from->counts[i];
    into->total += from->total;
}

uint64_t histogram_at(const struct histogram *histogram, double share)
{
    uint64_t rank = (uint64_t)((double)histogram->total * share), seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > rank)
            return bucket_top(i);
    }
    return histogram->total == 0 ? 0 : bucket_top(HISTOGRAM_BUCKETS - 1);
}
