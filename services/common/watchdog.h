/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ends the process when domain code runs too long: a decision cannot be interrupted from within. The journal, which
 * still says what was running, makes the next process count the attempt. */
#ifndef COMMON_WATCHDOG_H
#define COMMON_WATCHDOG_H

#include "services/common/journal.h"

#define EXIT_DOMAIN_SPINS 75 /* EX_TEMPFAIL: the supervisor starts the process again */

struct watchdog;
enum error watchdog_start(struct watchdog **out, const struct journal *journal, uint32_t decide_ms);
void watchdog_stop(struct watchdog **watchdog);

#endif
