/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See clock_step.h. */
#include "proto/clock_step.h"

#include <time.h>

enum { STEP_US = 1000000 };

static int64_t clock_us(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* CLOCK_BOOTTIME, as both go on while the machine sleeps. */
bool clock_set_back(struct clock_step *step)
{
    int64_t before_us = step->ahead_us;
    step->ahead_us = clock_us(CLOCK_REALTIME) - clock_us(CLOCK_BOOTTIME);
    return before_us != 0 && step->ahead_us <= before_us - STEP_US;
}
