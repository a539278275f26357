/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One connection to a log file, and what its result codes mean to callers of the store. A connection is used by one
 * thread at a time. */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include <sqlite3.h>

#include "services/store/backend.h"

/* How long a connection waits for a lock that somebody else holds. */
#define CONNECTION_BUSY_MS 5000

struct connection {
    sqlite3 *db;
    char *path;
};

enum connection_kind {
    CONNECTION_CREATE = 1, /* makes the file */
    CONNECTION_WRITE,      /* durable settings, checked: error_unsafe_settings when they cannot be had */
    CONNECTION_READ        /* refuses to write */
};

/* error_not_found when the file does not exist and is not to be made. */
enum error
connection_open(struct connection *out, const char *path, enum connection_kind kind, struct store_fault *fault);
/* Finalizes all statements and closes. Never checkpoints by itself. Safe on a zeroed connection. Where there are
 * virtual tables (FTS5) the caller has finalized its own statements before: theirs must not be. */
void connection_close(struct connection *connection);

/* Says what a result code means: returns the error and describes it ("log-0.db: appending: disk is full"). */
enum error
connection_fault(const struct connection *connection, int code, const char *doing, struct store_fault *fault);
enum error connection_execute(struct connection *connection, const char *sql, struct store_fault *fault);
enum error connection_prepare(
    struct connection *connection, const char *const *sql, sqlite3_stmt **out, size_t count, struct store_fault *fault);

/* Runs a statement that gives no rows; SQLITE_OK or the code of what went wrong. The statement is ready for the next
 * time. */
int statement_run(sqlite3_stmt *statement);

static inline void bind_unsigned(sqlite3_stmt *statement, int place, uint64_t value)
{
    sqlite3_bind_int64(statement, place, (sqlite3_int64)value);
}
static inline uint64_t column_unsigned(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}
/* Bytes that stay where they are until the statement has run; NULL data is an empty value, not NULL. */
void bind_bytes(sqlite3_stmt *statement, int place, struct slice bytes);
void bind_text(sqlite3_stmt *statement, int place, struct slice text);
struct slice column_bytes(sqlite3_stmt *statement, int column);

#endif
