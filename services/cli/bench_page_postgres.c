/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See bench_page.h. */
#include "services/cli/bench_page.h"

#include "proto/writer.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

struct bare_postgres {
    struct bare bare; /* first */
    PGconn *connection;
    char limit[24];
};

static const char *const names[BARES] = {"text", "columns"};

static bool postgres_page(struct bare *bare, enum bare_kind kind)
{
    struct bare_postgres *postgres = (struct bare_postgres *)bare;
    const char *values[] = {postgres->limit};
    PGresult *result = PQexecPrepared(postgres->connection, names[kind], 1, values, NULL, NULL, 0);
    int rows = PQntuples(result), columns = PQnfields(result);
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++)
            bare->bytes += (uint64_t)PQgetlength(result, row, column);
    PQclear(result);
    return rows == bare->limit;
}

static void postgres_close(struct bare *bare)
{
    struct bare_postgres *postgres = (struct bare_postgres *)bare;
    PQfinish(postgres->connection);
    free(postgres);
}

/* The first column of the first row; 0: there is none. */
static int number_of(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    int number = PQntuples(result) > 0 ? atoi(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    return number;
}

static bool page_prepare(struct bare_postgres *postgres, enum bare_kind kind, const char *table, int fields)
{
    struct buffer sql = {0};
    bare_select(&sql, kind, table, fields, "$1");
    buffer_append(&sql, "", 1);
    PGresult *result =
        sql.failed ? NULL : PQprepare(postgres->connection, names[kind], (const char *)sql.data, 0, NULL);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    buffer_fini(&sql);
    return good;
}

/* As the server itself does a minute after so many rows came. */
static bool table_analyze(struct bare_postgres *postgres, const char *table)
{
    char sql[80];
    snprintf(sql, sizeof sql, "ANALYZE %s", table);
    PGresult *result = PQexec(postgres->connection, sql);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return good;
}

static bool pages_prepare(struct bare_postgres *postgres)
{
    char table[60], fields[200];
    int build =
        number_of(postgres->connection, "SELECT id FROM fluvius_read.build WHERE projection = 'bank' AND state = 1");
    snprintf(table, sizeof table, "fluvius_read.m%d_0", build);
    snprintf(fields,
             sizeof fields,
             "SELECT count(*) FROM pg_attribute WHERE attrelid = '%s'::regclass AND attname ~ '^c[0-9]+$'",
             table);
    int count = number_of(postgres->connection, fields);
    return table_analyze(postgres, table) && page_prepare(postgres, BARE_TEXT, table, count) &&
           page_prepare(postgres, BARE_COLUMNS, table, count);
}

bool bare_postgres_open(struct bare **out, const char *url, int64_t limit)
{
    static const struct bare_database database = {postgres_page, postgres_close};
    struct bare_postgres *postgres = calloc(1, sizeof *postgres);
    if (postgres == NULL)
        return false;
    postgres->bare = (struct bare){.database = &database, .limit = limit};
    snprintf(postgres->limit, sizeof postgres->limit, "%lld", (long long)limit);
    postgres->connection = PQconnectdb(url);
    *out = &postgres->bare;
    return PQstatus(postgres->connection) == CONNECTION_OK && pages_prepare(postgres);
}
