/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Databases of tests. */
#include "tests/unit/readmodel/database.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/readmodel/builds.h"
#include "services/store/backend.h"
#include "tests/lib/program_server.h"
#include "tests/unit/store/directory.h"

/* ---- SQL ---- */

static void sql_run(struct database *database, const char *sql)
{
    if (database->dialect == DIALECT_SQLITE) {
        char *text = NULL;
        cr_assert(sqlite3_exec(database->sqlite, sql, NULL, NULL, &text) == SQLITE_OK, "%s: %s", sql, text);
        return;
    }
    PGresult *result = PQexec(database->postgres, sql);
    ExecStatusType status = PQresultStatus(result);
    cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
}

void database_sql(struct database *database, const char *format, ...)
{
    char sql[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    sql_run(database, sql);
}

static void file_run(struct database *database, const char *path)
{
    struct buffer text = {0};
    uint8_t bytes[4096];
    size_t size;
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL, "%s", path);
    while ((size = fread(bytes, 1, sizeof bytes, file)) > 0)
        buffer_append(&text, bytes, size);
    fclose(file);
    buffer_append(&text, "", 1);
    sql_run(database, (char *)text.data);
    buffer_fini(&text);
}

/* ---- making ---- */

static void sqlite_make(struct database *database)
{
    char path[96];
    directory_make(database->directory);
    snprintf(path, sizeof path, "%s/read.db", database->directory);
    snprintf(database->url, sizeof database->url, "sqlite:%s", database->directory);
    cr_assert(sqlite3_open(path, &database->sqlite) == SQLITE_OK);
    sql_run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    file_run(database, SOURCE_DIRECTORY "/deploy/schema/readmodel-sqlite/001_read.sql");
}

static void postgres_make(struct database *database)
{
    postgres_database_make(database->directory);
    snprintf(database->url,
             sizeof database->url,
             "postgresql://postgres@127.0.0.1:%u/%s",
             postgres_port(),
             database->directory);
    database->postgres = PQconnectdb(database->url);
    cr_assert(PQstatus(database->postgres) == CONNECTION_OK, "%s", PQerrorMessage(database->postgres));
    sql_run(database, "SET synchronous_commit = off; SET client_min_messages = warning");
    file_run(database, SOURCE_DIRECTORY "/deploy/schema/readmodel-postgres/001_read.sql");
}

void database_make(struct database *database, enum dialect dialect)
{
    *database = (struct database){.dialect = dialect};
    if (dialect == DIALECT_SQLITE)
        sqlite_make(database);
    else
        postgres_make(database);
}

void database_open(struct database *database, uint32_t time_limit_ms)
{
    struct row_reader_config config = {.url = database->url, .holder = "test", .time_limit_ms = time_limit_ms};
    enum error error = row_reader_open(&database->reader, &config, &database->fault);
    cr_assert(error == error_none, "open: %s: %s", error_name(error), database->fault.text);
}

void database_clean(struct database *database)
{
    row_reader_close(&database->reader);
    if (database->dialect == DIALECT_SQLITE) {
        sqlite3_close(database->sqlite);
        directory_remove(database->directory);
    } else {
        PQfinish(database->postgres);
        postgres_database_drop(database->directory);
    }
}

/* ---- one statement with parameters ---- */

static void sqlite_put(sqlite3 *db, const char *sql, const struct value *values, uint32_t count)
{
    sqlite3_stmt *statement;
    cr_assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    for (uint32_t i = 0; i < count; i++) {
        const struct value *value = &values[i];
        int place = (int)i + 1, size = (int)value->text.size;
        if (value->kind == VALUE_INTEGER)
            sqlite3_bind_int64(statement, place, value->integer);
        else if (value->kind == VALUE_DOUBLE)
            sqlite3_bind_double(statement, place, value->number);
        else if (value->kind == VALUE_TEXT)
            sqlite3_bind_text(statement, place, size ? (char *)value->text.data : "", size, SQLITE_STATIC);
        else if (value->kind == VALUE_BYTES)
            sqlite3_bind_blob(statement, place, value->text.data, size, SQLITE_STATIC);
    }
    cr_assert(sqlite3_step(statement) == SQLITE_DONE, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
}

static void postgres_put(PGconn *connection, const char *sql, const struct value *values, uint32_t count)
{
    const char *bytes[TABLE_COLUMNS_MAX];
    int sizes[TABLE_COLUMNS_MAX], formats[TABLE_COLUMNS_MAX];
    Oid types[TABLE_COLUMNS_MAX];
    uint64_t numbers[TABLE_COLUMNS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        const struct value *value = &values[i];
        uint64_t bits;
        memcpy(&bits, &value->integer, sizeof bits);
        numbers[i] = __builtin_bswap64(bits);
        bool text = value->kind == VALUE_TEXT || value->kind == VALUE_BYTES;
        types[i] = value->kind == VALUE_INTEGER  ? 20
                   : value->kind == VALUE_DOUBLE ? 701
                   : value->kind == VALUE_BYTES  ? 17
                                                 : 25;
        bytes[i] = value->kind == VALUE_NULL ? NULL
                   : !text                   ? (char *)&numbers[i]
                   : value->text.size == 0   ? ""
                                             : (const char *)value->text.data;
        sizes[i] = text ? (int)value->text.size : 8;
        formats[i] = 1;
    }
    PGresult *result = PQexecParams(connection, sql, (int)count, types, bytes, sizes, formats, 1);
    cr_assert(PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
}

static void statement_put(struct database *database, const char *sql, const struct value *values, uint32_t count)
{
    if (database->dialect == DIALECT_SQLITE)
        sqlite_put(database->sqlite, sql, values, count);
    else
        postgres_put(database->postgres, sql, values, count);
}

/* ---- builds and rows ---- */

static const char *schema_of(const struct database *database)
{
    return database->dialect == DIALECT_SQLITE ? "" : "fluvius_read.";
}

void database_build(struct database *database, uint32_t build, const struct model *model, enum build_state state)
{
    struct buffer sql = {0}, models = {0};
    char text[400];
    models_write(&models, model, 1);
    table_create(&sql, database->dialect, build, 0, model);
    buffer_append(&sql, "", 1);
    sql_run(database, (char *)sql.data);
    const struct value values[] = {{.kind = VALUE_INTEGER, .integer = build},
                                   {.kind = VALUE_TEXT, .text = model->namespace},
                                   {.kind = VALUE_INTEGER, .integer = state},
                                   {.kind = VALUE_BYTES, .text = buffer_slice(&models)}};
    bool sqlite = database->dialect == DIALECT_SQLITE;
    snprintf(text,
             sizeof text,
             "INSERT INTO %sbuild (id, projection, fingerprint, incarnation, state, models, created_us, changed_us)%s "
             "VALUES (%s, %s, 7, 77, %s, %s, 0, 0)",
             schema_of(database),
             sqlite ? "" : " OVERRIDING SYSTEM VALUE",
             sqlite ? "?1" : "$1",
             sqlite ? "?2" : "$2",
             sqlite ? "?3" : "$3",
             sqlite ? "?4" : "$4");
    statement_put(database, text, values, 4);
    database_sql(database, "UPDATE %smeta SET value = value + 1 WHERE key = 'change'", schema_of(database));
    buffer_fini(&sql);
    buffer_fini(&models);
}

void database_put(
    struct database *database, uint32_t build, const struct model *model, const struct row *rows, size_t count)
{
    struct buffer sql = {0}, scratch = {0};
    struct value values[TABLE_COLUMNS_MAX];
    table_put(&sql, database->dialect, build, 0, model);
    buffer_append(&sql, "", 1);
    sql_run(database, "BEGIN");
    for (size_t i = 0; i < count; i++) {
        cr_assert(table_values(model, &rows[i], &scratch, values) == error_none);
        statement_put(database, (char *)sql.data, values, table_columns(model));
    }
    sql_run(database, "COMMIT");
    buffer_fini(&sql);
    buffer_fini(&scratch);
}

/* ---- reading ---- */

enum error database_select(struct database *database, uint32_t build, const struct query *query, struct row_page *out)
{
    const struct row_want want = {.build = build, .query = query};
    return row_reader_read(database->reader, &want, out, &database->fault);
}

enum error database_item(struct database *database, const struct query *query, struct slice id, struct row_page *out)
{
    const struct row_want want = {.build = 1, .query = query, .id = &id};
    return row_reader_read(database->reader, &want, out, &database->fault);
}
