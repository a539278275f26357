/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SQLite files under the suite. A kill is played by copying the files while the store is open: the copy is what a
 * process that died at that moment would have left. */
#include "tests/unit/store/sqlite_backend.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "services/store/sqlite.h"
#include "tests/unit/store/directory.h"

static void url_set(struct suite *suite)
{
    snprintf(suite->url, sizeof suite->url, "sqlite:%s", suite->directory);
    suite->config.url = suite->url;
}

static void sqlite_prepare(struct suite *suite)
{
    directory_make(suite->directory);
    url_set(suite);
}

static void sqlite_restart(struct suite *suite, enum suite_restart how)
{
    struct sqlite_store before = *sqlite_of(suite->store);
    char old[sizeof suite->directory];
    strcpy(old, suite->directory);
    if (how == SUITE_KILLED)
        directory_copy(old, suite->directory);
    store_close(&suite->store);
    if (how == SUITE_KILLED)
        directory_remove(old);
    url_set(suite);
    suite_open(suite);
    struct sqlite_store *after = sqlite_of(suite->store);
    after->base.limits = before.base.limits;
    after->base.receipts_in_memory = before.base.receipts_in_memory;
    after->wal_pages = before.wal_pages;
}

static void sqlite_tighten(struct suite *suite)
{
    struct sqlite_store *sqlite = sqlite_of(suite->store);
    sqlite->base.limits = (struct unit_limits){.streams = 70, .rows = 150, .receipts = 40};
    sqlite->base.receipts_in_memory = 100;
    sqlite->wal_pages = 16;
}

static void sqlite_clean(struct suite *suite)
{
    directory_remove(suite->directory);
}

const struct suite_backend sqlite_backend = {
    .prepare = sqlite_prepare, .restart = sqlite_restart, .tighten = sqlite_tighten, .clean = sqlite_clean};

sqlite3 *raw_open(const struct suite *suite, uint32_t unit)
{
    sqlite3 *db;
    char path[128];
    snprintf(path, sizeof path, "%s/log-%u.db", suite->directory, unit);
    cr_assert(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    return db;
}

void raw_execute(const struct suite *suite, uint32_t unit, const char *sql)
{
    char *fault = NULL;
    sqlite3 *db = raw_open(suite, unit);
    cr_assert(sqlite3_exec(db, sql, NULL, NULL, &fault) == SQLITE_OK, "%s: %s", sql, fault);
    sqlite3_close(db);
}

int64_t raw_number(const struct suite *suite, uint32_t unit, const char *sql)
{
    sqlite3_stmt *statement;
    sqlite3 *db = raw_open(suite, unit);
    cr_assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    cr_assert(sqlite3_step(statement) == SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(db));
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}
