/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Notices that somebody set the machine's time of day back. nng 1.5.2 waits until a time of day wherever it waits for a
 * while: what it began before would then last longer by as much, for hours perhaps. */
#ifndef PROTO_CLOCK_STEP_H
#define PROTO_CLOCK_STEP_H

#include <stdbool.h>
#include <stdint.h>

/* One thread's, zeroed before first use. */
struct clock_step {
    int64_t ahead_us; /* how far the time of day was ahead of a clock that only counts on; 0: not looked at yet */
};

/* Was it set back by a second or more since the last call? The first one says no. Costs as much as reading two clocks:
 * the more often it is called, the surer it is that a clock that was set forward before is noticed too. */
bool clock_set_back(struct clock_step *step);

#endif
