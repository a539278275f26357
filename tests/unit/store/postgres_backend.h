/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL under the suite: a database for each case (its name in suite->directory) on the test program's server,
 * and a way to it that is not the store's. */
#ifndef TEST_STORE_POSTGRES_BACKEND_H
#define TEST_STORE_POSTGRES_BACKEND_H

#include "tests/lib/postgres_server.h"
#include "tests/lib/program_server.h"
#include "tests/unit/store/suite.h"

extern const struct suite_backend postgres_backend;

/* Runs SQL in a database; the number in the first column of its first row, 0 when there is none. */
int64_t postgres_number(const char *database, const char *sql);
void postgres_sql(const char *database, const char *sql, ...) __attribute__((format(printf, 2, 3)));
/* Takes a store away as a process that was killed leaves it: connections cut, nothing released. */
void postgres_abandon(struct store **store);
/* Ends the lease of a process, as time would. */
void postgres_expire(const char *database, uint64_t boot);
/* A beat that says nothing but that the process is alive. */
enum error postgres_beat_once(struct store *store, struct store_fault *fault);

#endif
