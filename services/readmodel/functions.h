/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Functions that SQL of queries calls in SQLite: fluvius_has, fluvius_like, fluvius_equal, fluvius_contains,
 * fluvius_overlaps. Each takes a column and a parameter. */
#ifndef READMODEL_FUNCTIONS_H
#define READMODEL_FUNCTIONS_H

#include <sqlite3.h>

#include "services/readmodel/words.h"

/* stop outlives db: when it is due, functions end their statement as if it were interrupted. An SQLite result code. */
int functions_add(sqlite3 *db, const struct match_stop *stop);

#endif
