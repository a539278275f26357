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

struct rows {
    sqlite3_value **values; /* columns of each row, one after another */
    size_t count, capacity;
    int columns;
    uint64_t deposits;
    char *create;
};

static bool rows_grow(struct rows *rows)
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

static bool rows_take(struct rows *rows, sqlite3_stmt *select)
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

static uint64_t deposits_of(sqlite3 *file)
{
    sqlite3_stmt *statement;
    uint64_t count = 0;
    if (sqlite3_prepare_v2(file, "select count(*) from log where event = 'deposited'", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        count = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

static bool file_read(struct rows *rows, const char *path)
{
    sqlite3 *file;
    sqlite3_stmt *select = NULL;
    bool ok = sqlite3_open_v2(path, &file, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    if (ok && rows->create == NULL)
        rows->create = table_of(file);
    ok = ok && rows->create != NULL &&
         sqlite3_prepare_v2(file, "select * from log order by time_us, position", -1, &select, NULL) == SQLITE_OK;
    ok = ok && rows_take(rows, select);
    rows->deposits += ok ? deposits_of(file) : 0;
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

static void insert_batch(const struct rows *rows, sqlite3_stmt *insert, sqlite3_value ***order, size_t count)
{
    qsort(order, count, sizeof *order, compare_position); /* as the store does */
    for (size_t i = 0; i < count; i++) {
        for (int column = 0; column < rows->columns; column++)
            bind(insert, column + 1, order[i][column]);
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
}

static sqlite3 *bare_open(const struct rows *rows, const char *path)
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

static bool bare_run(const struct rows *rows, const char *path, double *rows_per_second)
{
    sqlite3 *file = bare_open(rows, path);
    sqlite3_stmt *insert = file == NULL ? NULL : insert_prepare(file, rows->columns);
    if (insert == NULL)
        return false;
    sqlite3_value **order[BATCH];
    uint64_t start_us = clock_monotonic_us();
    for (size_t at = 0; at < rows->count; at += BATCH) {
        size_t count = rows->count - at < BATCH ? rows->count - at : BATCH;
        for (size_t i = 0; i < count; i++)
            order[i] = &rows->values[(at + i) * (size_t)rows->columns];
        sqlite3_exec(file, "begin immediate", NULL, NULL, NULL);
        insert_batch(rows, insert, order, count);
        sqlite3_exec(file, "commit", NULL, NULL, NULL);
    }
    *rows_per_second = (double)rows->count * 1e6 / (double)(clock_monotonic_us() - start_us);
    sqlite3_finalize(insert);
    sqlite3_close(file);
    return true;
}

static void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->count * (size_t)rows->columns; i++)
        sqlite3_value_free(rows->values[i]);
    free(rows->values);
    free(rows->create);
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

bool bench_bare(const char *data, double *rows_per_second, uint64_t *rows_out, uint64_t *deposits)
{
    struct rows rows = {0};
    char pattern[300], path[300];
    glob_t files = {0};
    snprintf(pattern, sizeof pattern, "%s/log-*.db", data);
    snprintf(path, sizeof path, "%s/bare.db", data);
    bare_remove(path);
    bool ok = glob(pattern, 0, NULL, &files) == 0;
    for (size_t i = 0; ok && i < files.gl_pathc; i++)
        ok = file_read(&rows, files.gl_pathv[i]);
    globfree(&files);
    ok = ok && rows.count > 0 && bare_run(&rows, path, rows_per_second);
    *rows_out = rows.count;
    *deposits = rows.deposits;
    rows_free(&rows);
    bare_remove(path);
    return ok;
}
