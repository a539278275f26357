/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The format of a log file: migrations, one a format, and the numbers in its meta table. The migrations' text is in
 * deploy/schema/sqlite and is compiled in. */
#include "services/store/sqlite.h"
#include "services/store/sqlite_schema.h"

const char *const schema_migrations[] = {SCHEMA_SQL};
const uint32_t schema_format = sizeof schema_migrations / sizeof schema_migrations[0];

static enum error meta_prepare(
    struct connection *connection, const char *sql, const char *key, sqlite3_stmt **out, struct store_fault *fault)
{
    int code = sqlite3_prepare_v2(connection->db, sql, -1, out, NULL);
    if (code != SQLITE_OK)
        return connection_fault(connection, code, "not a log of this store", fault);
    bind_text(*out, 1, slice_text(key));
    return error_none;
}

enum error meta_get(struct connection *connection, const char *key, uint64_t *out, struct store_fault *fault)
{
    sqlite3_stmt *statement;
    enum error error = meta_prepare(connection, "SELECT value FROM meta WHERE key = ?1", key, &statement, fault);
    if (error != error_none)
        return error;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out = column_unsigned(statement, 0);
    else if (code == SQLITE_DONE)
        error = fault_set(fault, error_corrupt, "%s: has no %s", connection->path, key);
    else
        error = connection_fault(connection, code, "reading meta", fault);
    sqlite3_finalize(statement);
    return error;
}

enum error meta_put(struct connection *connection, const char *key, uint64_t value, struct store_fault *fault)
{
    sqlite3_stmt *statement;
    enum error error =
        meta_prepare(connection, "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", key, &statement, fault);
    if (error != error_none)
        return error;
    bind_unsigned(statement, 2, value);
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        error = connection_fault(connection, code, "writing meta", fault);
    sqlite3_finalize(statement);
    return error;
}

enum error schema_check(struct connection *connection, uint32_t count, uint32_t *format, struct store_fault *fault)
{
    uint64_t found = 0;
    enum error error = meta_get(connection, "format", &found, fault);
    if (error != error_none)
        return error;
    if (found > count)
        return fault_set(fault,
                         error_newer_schema,
                         "%s: has format %llu, and this program knows those up to %u",
                         connection->path,
                         (unsigned long long)found,
                         count);
    *format = (uint32_t)found;
    return error_none;
}

static enum error
migration_run(struct connection *connection, const char *sql, uint32_t format, struct store_fault *fault)
{
    enum error error = connection_execute(connection, "BEGIN IMMEDIATE", fault);
    if (error == error_none)
        error = connection_execute(connection, sql, fault);
    if (error == error_none)
        error = meta_put(connection, "format", format, fault);
    if (error == error_none)
        error = connection_execute(connection, "COMMIT", fault);
    if (error != error_none && sqlite3_get_autocommit(connection->db) == 0)
        sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
    return error;
}

enum error schema_migrate(struct connection *connection,
                          const char *const *migrations,
                          uint32_t count,
                          uint32_t from,
                          struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t format = from; format < count && error == error_none; format++)
        error = migration_run(connection, migrations[format], format + 1, fault);
    return error;
}
