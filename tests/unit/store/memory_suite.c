/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The differential suite on the memory backend. It has nothing that outlives a process, so a restart of it is a new
 * claim of every unit. */
#include <criterion/criterion.h>

#include "tests/unit/store/suite.h"

static void memory_prepare(struct suite *suite)
{
    suite->config.url = "memory:";
}

static void memory_restart(struct suite *suite, enum suite_restart how)
{
    (void)how;
    for (uint32_t unit = 0; unit < suite->config.units; unit++)
        store_release(suite->store, unit);
}

static void memory_clean(struct suite *suite)
{
    (void)suite;
}

static const struct suite_backend memory_backend = {
    .prepare = memory_prepare, .restart = memory_restart, .clean = memory_clean};

#define CASE(NAME)                                                                                                     \
    Test(memory_store, NAME)                                                                                           \
    {                                                                                                                  \
        suite_run(&memory_backend, case_##NAME);                                                                       \
    }
#include "tests/unit/store/suite.def"
