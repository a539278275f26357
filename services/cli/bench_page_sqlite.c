/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See bench_page.h. */
#include "services/cli/bench_page.h"

#include "proto/writer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct bare_sqlite {
    struct bare bare; /* first */
    sqlite3 *database;
    sqlite3_stmt *pages[BARES];
};

static bool sqlite_page(struct bare *bare, enum bare_kind kind)
{
    sqlite3_stmt *page = ((struct bare_sqlite *)bare)->pages[kind];
    int columns = sqlite3_column_count(page);
    int64_t rows = 0;
    sqlite3_bind_int64(page, 1, bare->limit);
    while (sqlite3_step(page) == SQLITE_ROW) {
        for (int column = 0; column < columns; column++) {
            sqlite3_column_blob(page, column);
            bare->bytes += (uint64_t)sqlite3_column_bytes(page, column);
        }
        rows++;
    }
    sqlite3_reset(page);
    return rows == bare->limit;
}

static void sqlite_close(struct bare *bare)
{
    struct bare_sqlite *sqlite = (struct bare_sqlite *)bare;
    for (int kind = 0; kind < BARES; kind++)
        sqlite3_finalize(sqlite->pages[kind]);
    sqlite3_close(sqlite->database);
    free(sqlite);
}

/* The first column of the first row; 0: there is none. */
static int64_t number_of(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static bool pages_prepare(struct bare_sqlite *sqlite)
{
    char table[40], fields[120];
    struct buffer sql = {0};
    bool good = true;
    int64_t build = number_of(sqlite->database, "SELECT id FROM build WHERE projection = 'bank' AND state = 1");
    snprintf(table, sizeof table, "m%lld_0", (long long)build);
    snprintf(fields, sizeof fields, "SELECT count(*) FROM pragma_table_info('%s') WHERE name GLOB 'c[0-9]*'", table);
    int count = (int)number_of(sqlite->database, fields);
    for (int kind = 0; good && kind < BARES; kind++) {
        buffer_clear(&sql);
        bare_select(&sql, (enum bare_kind)kind, table, count, "?");
        good = !sql.failed &&
               sqlite3_prepare_v2(
                   sqlite->database, (const char *)sql.data, (int)sql.size, &sqlite->pages[kind], NULL) == SQLITE_OK;
    }
    buffer_fini(&sql);
    return good;
}

bool bare_sqlite_open(struct bare **out, const char *data, int64_t limit)
{
    static const struct bare_database database = {sqlite_page, sqlite_close};
    char path[300];
    struct bare_sqlite *sqlite = calloc(1, sizeof *sqlite);
    if (sqlite == NULL)
        return false;
    snprintf(path, sizeof path, "%s/read.db", data);
    sqlite->bare = (struct bare){.database = &database, .limit = limit};
    *out = &sqlite->bare;
    return sqlite3_open_v2(path, &sqlite->database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK && pages_prepare(sqlite);
}
