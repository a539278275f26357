/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The differential suite on PostgreSQL. */
#include <criterion/criterion.h>

#include "tests/unit/store/postgres_backend.h"

#define CASE(NAME)                                                                                                     \
    Test(postgres_store, NAME)                                                                                         \
    {                                                                                                                  \
        suite_run(&postgres_backend, case_##NAME);                                                                     \
    }
#include "tests/unit/store/suite.def"
