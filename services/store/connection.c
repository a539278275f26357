/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connections to log files: opening them with settings under which a commit is durable, and translating result codes.
 */
#include "services/store/connection.h"

#include <errno.h>
#include <stdlib.h>

#include "services/store/gather_vfs.h"

static enum error error_of_system(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
        return error_read_only;
    case ENOSPC:
    case EDQUOT:
        return error_no_space;
    case ENOENT:
        return error_not_found;
    default:
        return error_io;
    }
}

/* A write past the quota is reported as a failed write, and growing the shared-memory file on a full disk has its own
 * code; both mean that there is no space and that nothing was committed. */
static enum error error_of_io(int code, int number)
{
    if (code == SQLITE_IOERR_SHMSIZE || (code == SQLITE_IOERR_WRITE && number == EDQUOT))
        return error_no_space;
    if (code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS)
        return error_corrupt;
    return code == SQLITE_IOERR_NOMEM ? error_no_memory : error_io;
}

static enum error error_of_code(int code, int number)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return error_no_memory;
    case SQLITE_FULL:
        return error_no_space;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return error_read_only;
    case SQLITE_CANTOPEN:
        return error_of_system(number);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR: /* a table or column is not there */
        return error_corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return error_locked;
    case SQLITE_IOERR:
        return error_of_io(code, number);
    default:
        return error_io;
    }
}

enum error connection_fault(const struct connection *connection, int code, const char *doing, struct store_fault *fault)
{
    int number = sqlite3_system_errno(connection->db);
    const char *text =
        code == sqlite3_extended_errcode(connection->db) ? sqlite3_errmsg(connection->db) : sqlite3_errstr(code);
    return fault_set(fault, error_of_code(code, number), "%s: %s: %s (%d)", connection->path, doing, text, code);
}

enum error connection_execute(struct connection *connection, const char *sql, struct store_fault *fault)
{
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? error_none : connection_fault(connection, code, "setting up", fault);
}

enum error connection_prepare(
    struct connection *connection, const char *const *sql, sqlite3_stmt **out, size_t count, struct store_fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        int code = sqlite3_prepare_v3(connection->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &out[i], NULL);
        if (code != SQLITE_OK)
            return connection_fault(connection, code, "preparing", fault);
    }
    return error_none;
}

int statement_run(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

void bind_bytes(sqlite3_stmt *statement, int place, struct slice bytes)
{
    sqlite3_bind_blob64(statement, place, bytes.size == 0 ? "" : (const void *)bytes.data, bytes.size, SQLITE_STATIC);
}

void bind_text(sqlite3_stmt *statement, int place, struct slice text)
{
    const char *data = text.size == 0 ? "" : (const char *)text.data;
    sqlite3_bind_text64(statement, place, data, text.size, SQLITE_STATIC, SQLITE_UTF8);
}

struct slice column_bytes(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    return slice_of(data, data == NULL ? 0 : (size_t)sqlite3_column_bytes(statement, column));
}

/* Reads a setting back: what was asked for is not always what one gets. */
static bool setting_is(struct connection *connection, const char *pragma, const char *wanted)
{
    sqlite3_stmt *statement = NULL;
    bool same = sqlite3_prepare_v2(connection->db, pragma, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW &&
                strcmp((const char *)sqlite3_column_text(statement, 0), wanted) == 0;
    sqlite3_finalize(statement);
    return same;
}

static enum error settings_write(struct connection *connection, struct store_fault *fault)
{
    enum error error = connection_execute(connection,
                                          "PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF;"
                                          "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -4000",
                                          fault);
    if (error != error_none)
        return error;
    if (!setting_is(connection, "PRAGMA journal_mode = WAL", "wal"))
        return fault_set(fault, error_unsafe_settings, "%s: cannot use a write-ahead log here", connection->path);
    if (!setting_is(connection, "PRAGMA synchronous", "2"))
        return fault_set(fault, error_unsafe_settings, "%s: synchronous is not FULL", connection->path);
    return error_none;
}

static enum error settings_apply(struct connection *connection, enum connection_kind kind, struct store_fault *fault)
{
    sqlite3_extended_result_codes(connection->db, 1);
    sqlite3_busy_timeout(connection->db, CONNECTION_BUSY_MS);
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, kind != CONNECTION_CREATE, NULL);
    if (kind == CONNECTION_READ)
        return connection_execute(connection, "PRAGMA query_only = 1; PRAGMA cell_size_check = 1", fault);
    if (sqlite3_db_readonly(connection->db, "main") == 1)
        return fault_set(fault, error_read_only, "%s: cannot be written", connection->path);
    return settings_write(connection, fault);
}

enum error
connection_open(struct connection *out, const char *path, enum connection_kind kind, struct store_fault *fault)
{
    struct connection connection = {.path = strdup(path)};
    if (connection.path == NULL)
        return fault_set(fault, error_no_memory, "no memory for %s", path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (kind == CONNECTION_CREATE ? SQLITE_OPEN_CREATE : 0);
    const char *vfs = kind == CONNECTION_WRITE && gather_vfs_register() ? GATHER_VFS : NULL;
    int code = sqlite3_open_v2(path, &connection.db, flags, vfs);
    enum error error = code == SQLITE_OK ? settings_apply(&connection, kind, fault)
                                         : connection_fault(&connection, code, "opening", fault);
    if (error == error_none)
        *out = connection;
    else
        connection_close(&connection);
    return error;
}

void connection_close(struct connection *connection)
{
    sqlite3_stmt *statement;
    /* When nothing of ours is left, what virtual tables have prepared is theirs to finalize, which closing does. */
    if (sqlite3_close(connection->db) != SQLITE_OK) {
        while ((statement = sqlite3_next_stmt(connection->db, NULL)) != NULL)
            sqlite3_finalize(statement);
        sqlite3_close(connection->db);
    }
    free(connection->path);
    *connection = (struct connection){0};
}
