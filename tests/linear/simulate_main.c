/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * linear_simulate: writes a made-up history, to measure linear_check with and to look at.
 *
 *   linear_simulate [SEED [CALLS [ACCOUNTS [CLIENTS [LOST [UNTOLD [SABOTAGE]]]]]]]
 *   LOST and UNTOLD: percent of calls without answer, and of answers without version; SABOTAGE: 0 to 6, see simulate.h
 */
#include "tests/linear/simulate.h"

#include <stdlib.h>

static uint32_t number(int argc, char **argv, int index, uint32_t fallback)
{
    return index < argc ? (uint32_t)strtoul(argv[index], NULL, 10) : fallback;
}

int main(int argc, char **argv)
{
    struct simulation simulation = {.seed = number(argc, argv, 1, 1),
                                    .calls = number(argc, argv, 2, 1000000),
                                    .accounts = number(argc, argv, 3, 10000),
                                    .clients = number(argc, argv, 4, 64),
                                    .lost = number(argc, argv, 5, 1),
                                    .untold = number(argc, argv, 6, 0),
                                    .sabotage = (enum sabotage)number(argc, argv, 7, 0),
                                    .repeated = 5,
                                    .expected = 10,
                                    .amount_most = 1000,
                                    .delay_most_ns = 1000000};
    struct history history;
    if (simulation.calls == 0 || simulation.accounts == 0 || simulation.clients == 0 ||
        simulate(&simulation, &history) != error_none)
        return 2;
    for (uint32_t i = 0; i < history.count; i++)
        history_write(stdout, &history.calls[i], history.accounts[history.calls[i].account].name);
    history_fini(&history);
    return 0;
}
