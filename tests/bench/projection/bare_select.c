/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How fast SQLite gives the records of a log to a program that does nothing with them: every column of every row.
 *
 *   bare_select FILE...      prints rows and seconds */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Takes a column as a program would; the sum keeps the compiler from leaving it out. */
static uint64_t column_take(sqlite3_stmt *statement, int column)
{
    const uint8_t *bytes;
    if (sqlite3_column_type(statement, column) == SQLITE_INTEGER)
        return (uint64_t)sqlite3_column_int64(statement, column);
    bytes = sqlite3_column_blob(statement, column);
    return bytes == NULL ? 0 : bytes[0] + (uint64_t)sqlite3_column_bytes(statement, column);
}

/* Returns the number of rows; -1 when the file cannot be read. */
static long file_read(const char *path, uint64_t *sum)
{
    sqlite3 *database;
    sqlite3_stmt *statement = NULL;
    long rows = 0;
    int code = sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(database, "SELECT * FROM log ORDER BY position", -1, &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        for (int column = 0; code == SQLITE_ROW && column < sqlite3_column_count(statement); column++)
            *sum += column_take(statement, column);
        rows += code == SQLITE_ROW;
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return code == SQLITE_DONE ? rows : -1;
}

int main(int argc, char **argv)
{
    uint64_t sum = 0;
    long rows = 0;
    double began = seconds_now();
    for (int i = 1; i < argc; i++) {
        long some = file_read(argv[i], &sum);
        if (some < 0) {
            fprintf(stderr, "bare_select: %s cannot be read\n", argv[i]);
            return 1;
        }
        rows += some;
    }
    printf("%ld %.6f\n", rows, seconds_now() - began);
    return sum == 0; /* no log adds up to nothing */
}
