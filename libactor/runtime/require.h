/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The runtime's assertion: stops the process where a caller broke the contract. It is kept in every build and, unlike
 * assert, imports nothing. */
#ifndef RUNTIME_REQUIRE_H
#define RUNTIME_REQUIRE_H

#include <stdbool.h>

static inline void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

#endif
