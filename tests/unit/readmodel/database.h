/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A read model's database for a test, on SQLite or PostgreSQL, filled without projectors. */
#ifndef TEST_READMODEL_DATABASE_H
#define TEST_READMODEL_DATABASE_H

#include <libpq-fe.h>
#include <sqlite3.h>

#include "services/readmodel/reader.h"
#include "services/readmodel/table.h"

struct database {
    enum dialect dialect;
    char directory[64], url[160];
    sqlite3 *sqlite;
    PGconn *postgres;
    struct row_reader *reader; /* opened by database_open */
    struct store_fault fault;
};

/* Makes an empty one. */
void database_make(struct database *database, enum dialect dialect);
void database_clean(struct database *database);
/* Opens a reader; fails the test unless that works. */
void database_open(struct database *database, uint32_t time_limit_ms);
void database_sql(struct database *database, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes a build with this one model, and puts rows into its table, all of them in one transaction. */
void database_build(struct database *database, uint32_t build, const struct model *model, enum build_state state);
void database_put(
    struct database *database, uint32_t build, const struct model *model, const struct row *rows, size_t count);
/* Rows of models[0] of a build, and one row by its identifier. */
enum error database_select(struct database *database, uint32_t build, const struct query *query, struct row_page *out);
enum error database_item(struct database *database, const struct query *query, struct slice id, struct row_page *out);

#endif
