/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The part of `fluvius bench query` that needs no platform. */
#ifndef CLI_BENCH_FILTER_H
#define CLI_BENCH_FILTER_H

/* Microseconds of processor time that a KiB of filter costs until its SQL is written; below 0 when it failed. */
double bench_filter_us_a_kib(void);

#endif
