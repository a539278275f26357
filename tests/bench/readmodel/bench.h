/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the benches of read models share. */
#ifndef BENCH_READMODEL_BENCH_H
#define BENCH_READMODEL_BENCH_H

#include <time.h>

#include "services/readmodel/writer.h"

/* Microseconds: of the wall's clock, and of this process's processor time. */
static inline double clock_us(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}
static inline double now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}
static inline double cpu_us(void)
{
    return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

/* Ends the program when something failed. */
void bench_check(enum error error, const struct store_fault *fault);
/* Beats, and makes a live build of one model, of log 77; its number. */
uint32_t bench_build(struct writer *writer, const struct model *model);

struct page_cost {
    double ours_us, bare_us; /* a page, by the wall's clock */
};
/* Makes a read model of so many rows there and reads the same pages both ways, turn by turn. Ends the program when it
 * fails. */
struct page_cost page_measure(const char *url, unsigned rows, unsigned pages);

#endif
