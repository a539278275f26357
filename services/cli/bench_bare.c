/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See bench.h: what a bare loop makes of the same rows. It reads the log's rows into memory through SQLite alone, in
 * the order of their times, then inserts them into one new file with the same table and the same settings. */
#include "services/cli/bench.h"

#include "services/common/process.h"

#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS_MAX = 400000, BATCH = 1024 };

struct bench_rows {
    sqlite3_value **values; /* columns of each row, one after another */
    size_t count, capacity;
    int columns;
    char *create;
};

static bool rows_grow(struct bench_rows *rows)
{
    if (rows->count < rows->capacity)
        return true;
    size_t capacity = rows->capacity == 0 ? 65536 : rows->capacity * 2;
    sqlite3_value **values = realloc(rows->values, capacity * (size_t)rows->columns * sizeof *values);
    if (values == NULL)
        return false;
    rows->values = values;
    rows->capacity = capacity;
    return true;
}

static bool rows_take(struct bench_rows *rows, sqlite3_stmt *select)
{
    rows->columns = sqlite3_column_count(select);
    while (sqlite3_step(select) == SQLITE_ROW) {
        if (rows->count == ROWS_MAX)
            break;
        if (!rows_grow(rows))
            return false;
        for (int i = 0; i < rows->columns; i++)
            rows->values[rows->count * (size_t)rows->columns + (size_t)i] =
                sqlite3_value_dup(sqlite3_column_value(select, i));
        rows->count++;
    }
    return true;
}

static char *table_of(sqlite3 *file)
{
    sqlite3_stmt *statement;
    char *text = NULL;
    if (sqlite3_prepare_v2(file, "select sql from sqlite_master where name = 'log'", -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    if (sqlite3_step(statement) == SQLITE_ROW)
        text = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return text;
}

static bool file_count(void *context, const char *path)
{
    static const char count[] = "select count(*) from log where event = 'deposited'";
    sqlite3 *file;
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_open_v2(path, &file, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(file, count, -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *(uint64_t *)context += (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(file);
    return ok;
}

static bool file_read(void *context, const char *path)
{
    struct bench_rows *rows = context;
    sqlite3 *file;
    sqlite3_stmt *select = NULL;
    bool ok = sqlite3_open_v2(path, &file, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    if (ok && rows->create == NULL)
        rows->create = table_of(file);
    ok = ok && rows->create != NULL &&
         sqlite3_prepare_v2(file, "select * from log order by time_us, position", -1, &select, NULL) == SQLITE_OK;
    ok = ok && rows_take(rows, select);
    sqlite3_finalize(select);
    sqlite3_close(file);
    return ok;
}

static int compare_position(const void *a, const void *b)
{
    sqlite3_int64 left = sqlite3_value_int64(**(sqlite3_value * *const *)a);
    sqlite3_int64 right = sqlite3_value_int64(**(sqlite3_value * *const *)b);
    return (left > right) - (left < right);
}

/* Without copies: the values stay where they are until the row is in. */
static void bind(sqlite3_stmt *insert, int column, sqlite3_value *value)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        sqlite3_bind_int64(insert, column, sqlite3_value_int64(value));
        break;
    case SQLITE_TEXT:
        sqlite3_bind_text(
            insert, column, (const char *)sqlite3_value_text(value), sqlite3_value_bytes(value), SQLITE_STATIC);
        break;
    case SQLITE_BLOB:
        sqlite3_bind_blob(insert, column, sqlite3_value_blob(value), sqlite3_value_bytes(value), SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_null(insert, column);
    }
}

static void insert_batch(const struct bench_rows *rows, sqlite3_stmt *insert, sqlite3_value ***order, size_t count)
{
    qsort(order, count, sizeof *order, compare_position); /* as the store does */
    for (size_t i = 0; i < count; i++) {
        for (int column = 0; column < rows->columns; column++)
            bind(insert, column + 1, order[i][column]);
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
}

static sqlite3 *bare_open(const struct bench_rows *rows, const char *path)
{
    static const char settings[] =
        "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000";
    sqlite3 *file;
    if (sqlite3_open(path, &file) != SQLITE_OK || sqlite3_exec(file, settings, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(file, rows->create, NULL, NULL, NULL) != SQLITE_OK) {
        sqlite3_close(file);
        return NULL;
    }
    return file;
}

static sqlite3_stmt *insert_prepare(sqlite3 *file, int columns)
{
    struct buffer text = {0};
    sqlite3_stmt *insert = NULL;
    buffer_append_text(&text, "insert into log values (?");
    for (int i = 1; i < columns; i++)
        buffer_append_text(&text, ", ?");
    buffer_append_text(&text, ")");
    sqlite3_prepare_v2(file, (const char *)text.data, (int)text.size, &insert, NULL);
    buffer_fini(&text);
    return insert;
}

static void insert_all(const struct bench_rows *rows, sqlite3 *file, sqlite3_stmt *insert)
{
    sqlite3_value **order[BATCH];
    for (size_t at = 0; at < rows->count; at += BATCH) {
        size_t count = rows->count - at < BATCH ? rows->count - at : BATCH;
        for (size_t i = 0; i < count; i++)
            order[i] = &rows->values[(at + i) * (size_t)rows->columns];
        sqlite3_exec(file, "begin immediate", NULL, NULL, NULL);
        insert_batch(rows, insert, order, count);
        sqlite3_exec(file, "commit", NULL, NULL, NULL);
    }
}

static void bare_remove(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[320];
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

double bench_rows_insert(const struct bench_rows *rows, const char *data)
{
    char path[300];
    snprintf(path, sizeof path, "%s/bare.db", data);
    bare_remove(path);
    sqlite3 *file = bare_open(rows, path);
    sqlite3_stmt *insert = file == NULL ? NULL : insert_prepare(file, rows->columns);
    uint64_t start_us = clock_monotonic_us();
    if (insert != NULL)
        insert_all(rows, file, insert);
    uint64_t took_us = clock_monotonic_us() - start_us;
    sqlite3_finalize(insert);
    sqlite3_close(file);
    bare_remove(path);
    return insert == NULL ? 0 : (double)rows->count * 1e6 / (double)(took_us + 1);
}

/* ---- the log's files ---- */

static bool each_file(const char *data, bool (*visit)(void *context, const char *path), void *context)
{
    char pattern[300];
    glob_t files = {0};
    snprintf(pattern, sizeof pattern, "%s/log-*.db", data);
    bool ok = glob(pattern, 0, NULL, &files) == 0;
    for (size_t i = 0; ok && i < files.gl_pathc; i++)
        ok = visit(context, files.gl_pathv[i]);
    globfree(&files);
    return ok;
}

void bench_rows_free(struct bench_rows **rows)
{
    if (*rows == NULL)
        return;
    for (size_t i = 0; i < (*rows)->count * (size_t)(*rows)->columns; i++)
        sqlite3_value_free((*rows)->values[i]);
    free((*rows)->values);
    free((*rows)->create);
    free(*rows);
    *rows = NULL;
}

struct bench_rows *bench_rows_read(const char *data)
{
    struct bench_rows *rows = calloc(1, sizeof *rows);
    if (rows != NULL && (!each_file(data, file_read, rows) || rows->count == 0))
        bench_rows_free(&rows);
    return rows;
}

uint64_t bench_rows_count(const struct bench_rows *rows)
{
    return rows->count;
}

uint64_t bench_deposits(const char *data)
{
    uint64_t count = 0;
    return each_file(data, file_count, &count) ? count : 0;
}
