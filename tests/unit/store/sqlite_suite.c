/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The differential suite on SQLite files. */
#include <criterion/criterion.h>

#include "tests/unit/store/sqlite_backend.h"

#define CASE(NAME)                                                                                                     \
    Test(sqlite_store, NAME)                                                                                           \
    {                                                                                                                  \
        suite_run(&sqlite_backend, case_##NAME);                                                                       \
    }
#include "tests/unit/store/suite.def"
