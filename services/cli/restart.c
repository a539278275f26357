/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See restart.h. */
#include "services/cli/restart.h"

#include "services/cli/command.h"

uint64_t restart_delay_us(struct restart *restart, uint64_t alive_us)
{
    uint64_t delay_us;

    if (alive_us >= RESTART_FORGET_US) {
        restart->delay_us = 0;
    }
    delay_us = restart->delay_us;
    restart->delay_us = delay_us == 0 ? RESTART_FIRST_US : delay_us * 2;
    if (restart->delay_us > RESTART_LONGEST_US) {
        restart->delay_us = RESTART_LONGEST_US;
    }
    return delay_us;
}

bool restart_is_useless(int code, bool was_ready)
{
    return code == EXIT_CONFIGURATION || (code == EXIT_USAGE && !was_ready);
}
