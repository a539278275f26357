/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SQLite files under the suite, and a way to them that is not the store's. */
#ifndef TEST_STORE_SQLITE_BACKEND_H
#define TEST_STORE_SQLITE_BACKEND_H

#include <sqlite3.h>

#include "tests/unit/store/suite.h"

extern const struct suite_backend sqlite_backend;

/* A connection of our own to a unit's file, running SQL on it, and the first number of its first row. */
sqlite3 *raw_open(const struct suite *suite, uint32_t unit);
void raw_execute(const struct suite *suite, uint32_t unit, const char *sql);
int64_t raw_number(const struct suite *suite, uint32_t unit, const char *sql);

#endif
