/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The differential suite on SQLite files. A kill is played by copying the files while the store is open: the copy is
 * what a process that died at that moment would have left. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "services/store/sqlite.h"
#include "tests/unit/store/directory.h"
#include "tests/unit/store/suite.h"

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
    struct sqlite_store *sqlite = sqlite_of(suite->store);
    struct sqlite_limits limits = sqlite->limits;
    uint64_t receipts_in_memory = sqlite->receipts_in_memory;
    char old[sizeof suite->directory];
    strcpy(old, suite->directory);
    if (how == SUITE_KILLED)
        directory_copy(old, suite->directory);
    store_close(&suite->store);
    if (how == SUITE_KILLED)
        directory_remove(old);
    url_set(suite);
    suite_open(suite);
    sqlite_of(suite->store)->limits = limits;
    sqlite_of(suite->store)->receipts_in_memory = receipts_in_memory;
}

static void sqlite_tighten(struct suite *suite)
{
    struct sqlite_store *sqlite = sqlite_of(suite->store);
    sqlite->limits = (struct sqlite_limits){.streams = 70, .rows = 150, .receipts = 40, .wal_pages = 16};
    sqlite->receipts_in_memory = 100;
}

static void sqlite_clean(struct suite *suite)
{
    directory_remove(suite->directory);
}

static const struct suite_backend sqlite_backend = {
    .prepare = sqlite_prepare, .restart = sqlite_restart, .tighten = sqlite_tighten, .clean = sqlite_clean};

#define CASE(NAME)                                                                                                     \
    Test(sqlite_store, NAME)                                                                                           \
    {                                                                                                                  \
        suite_run(&sqlite_backend, case_##NAME);                                                                       \
    }
#include "tests/unit/store/suite.def"
