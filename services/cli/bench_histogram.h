/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A histogram of latencies in microseconds, exact to about 3%: 32 buckets to each power of two. Fixed size, so that
 * processes can hand it over a pipe and add theirs up. */
#ifndef CLI_BENCH_HISTOGRAM_H
#define CLI_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 1024

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
};

void histogram_add(struct histogram *histogram, uint64_t microseconds);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The latency that a share (0.5, 0.99) of the observations stayed at or below; 0 when there are none. */
uint64_t histogram_at(const struct histogram *histogram, double share);

#endif
