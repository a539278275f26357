/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Functions that SQL of queries calls in SQLite: fluvius_has, fluvius_like, fluvius_equal, fluvius_contains,
 * fluvius_overlaps. Each takes a column and a parameter. */
#ifndef READMODEL_FUNCTIONS_H
#define READMODEL_FUNCTIONS_H

#include <sqlite3.h>

/* An SQLite result code. */
int functions_add(sqlite3 *db);

#endif
