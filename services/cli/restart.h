/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The restart policy of `fluvius up`, pure: what to do when a service ends. The first restart is immediate, then the
 * delay doubles up to 1 s; a service that stayed up for 5 s starts from the beginning. */
#ifndef CLI_RESTART_H
#define CLI_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define RESTART_FIRST_US 100000
#define RESTART_LONGEST_US 1000000
#define RESTART_FORGET_US 5000000
#define EXIT_CONFIGURATION 78 /* EX_CONFIG of sysexits.h: starting again would not help */

struct restart {
    uint64_t delay_us; /* of the next restart */
};

/* The delay before the next start of a service that ended after alive_us. */
uint64_t restart_delay_us(struct restart *restart, uint64_t alive_us);
/* Ended for a reason that a restart does not mend: bad settings before it was ever ready, or EXIT_CONFIGURATION. code
 * is the exit code, -1 after a signal. */
bool restart_is_useless(int code, bool was_ready);

#endif
