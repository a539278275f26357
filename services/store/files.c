/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The files of a store: DIRECTORY/log-0.db .. log-(units - 1).db. Each is made under another name and renamed when it
 * is whole, log-0.db last, so a directory with a log-0.db has all of them, or has lost some. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/store/sqlite.h"

char *file_path(const char *directory, const char *name, uint32_t unit, const char *suffix)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s-%u%s", directory, name, unit, suffix) < 0 ? NULL : path;
}

static enum error system_fault(const char *path, const char *doing, struct store_fault *fault)
{
    int number = errno;
    enum error error = number == EACCES || number == EPERM || number == EROFS ? error_read_only
                       : number == ENOSPC || number == EDQUOT                 ? error_no_space
                                                                              : error_io;
    return fault_set(fault, error, "%s: %s: %s", path, doing, strerror(number));
}

static enum error directory_make(const char *directory, struct store_fault *fault)
{
    char *path = strdup(directory);
    if (path == NULL)
        return fault_set(fault, error_no_memory, "no memory for %s", directory);
    for (char *at = path + 1; *at != 0; at++)
        if (*at == '/') {
            *at = 0;
            mkdir(path, 0755);
            *at = '/';
        }
    int result = mkdir(path, 0755);
    free(path);
    return result == 0 || errno == EEXIST ? error_none : system_fault(directory, "making the directory", fault);
}

static enum error directory_sync(const char *directory, struct store_fault *fault)
{
    int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return system_fault(directory, "opening", fault);
    enum error error = fsync(file) == 0 ? error_none : system_fault(directory, "syncing", fault);
    close(file);
    return error;
}

static enum error
meta_write(struct connection *connection, const struct store_info *info, uint32_t unit, struct store_fault *fault)
{
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"incarnation", info->incarnation},
                {"partitions", info->partitions},
                {"units", info->units},
                {"unit", unit},
                {"receipts_late_ms", 0},
                {"receipts_expired_ms", 0}};
    enum error error = error_none;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && error == error_none; i++)
        error = meta_put(connection, rows[i].key, rows[i].value, fault);
    return error;
}

static enum error
rows_make(struct connection *connection, const struct store_info *info, uint32_t unit, struct store_fault *fault)
{
    char sql[256];
    snprintf(sql, sizeof sql, "INSERT INTO owner (unit, epoch, holder) VALUES (%u, 0, '')", unit);
    enum error error = connection_execute(connection, sql, fault);
    for (uint32_t partition = unit; partition < info->partitions && error == error_none; partition += info->units) {
        snprintf(sql, sizeof sql, "INSERT INTO covered (partition, streams, receipts) VALUES (%u, 0, 0)", partition);
        error = connection_execute(connection, sql, fault);
    }
    return error;
}

/* A half-made file of an earlier try is of no use to anybody. */
static void leftovers_remove(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char *name;
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (asprintf(&name, "%s%s", path, suffixes[i]) >= 0) {
            unlink(name);
            free(name);
        }
}

static enum error file_fill(const char *path, const struct store_info *info, uint32_t unit, struct store_fault *fault)
{
    struct connection connection = {0};
    leftovers_remove(path);
    enum error error = connection_open(&connection, path, CONNECTION_CREATE, fault);
    if (error == error_none)
        error = schema_migrate(&connection, schema_migrations, schema_format, 0, fault);
    if (error == error_none)
        error = connection_execute(&connection, "BEGIN IMMEDIATE", fault);
    if (error == error_none)
        error = meta_write(&connection, info, unit, fault);
    if (error == error_none)
        error = rows_make(&connection, info, unit, fault);
    if (error == error_none)
        error = connection_execute(&connection, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", fault);
    connection_close(&connection);
    if (error != error_none)
        leftovers_remove(path);
    return error;
}

static enum error
file_make(const char *directory, const struct store_info *info, uint32_t unit, struct store_fault *fault)
{
    char *path = file_path(directory, "log", unit, ".db"), *made = file_path(directory, "log", unit, ".db.new");
    enum error error = error_no_memory;
    if (path != NULL && made != NULL)
        error = file_fill(made, info, unit, fault);
    if (error == error_none)
        leftovers_remove(path);
    if (error == error_none && rename(made, path) != 0)
        error = system_fault(path, "renaming", fault);
    if (error == error_none)
        error = directory_sync(directory, fault);
    free(path);
    free(made);
    return error;
}

static enum error
info_read(struct connection *connection, struct store_info *out, uint32_t *unit, struct store_fault *fault)
{
    uint64_t partitions = 0, units = 0, number = 0, incarnation = 0;
    uint32_t format;
    enum error error = schema_check(connection, schema_format, &format, fault);
    if (error == error_none)
        error = meta_get(connection, "partitions", &partitions, fault);
    if (error == error_none)
        error = meta_get(connection, "units", &units, fault);
    if (error == error_none)
        error = meta_get(connection, "unit", &number, fault);
    if (error == error_none)
        error = meta_get(connection, "incarnation", &incarnation, fault);
    if (error != error_none)
        return error;
    if (partitions == 0 || partitions > STORE_PARTITIONS_MAX || units == 0 || units > partitions || number >= units)
        return fault_set(fault, error_corrupt, "%s: impossible numbers of partitions and units", connection->path);
    *out = (struct store_info){(uint32_t)partitions, (uint32_t)units, incarnation};
    *unit = (uint32_t)number;
    return error_none;
}

static enum error file_read(const char *directory, uint32_t unit, struct store_info *out, struct store_fault *fault)
{
    struct connection connection = {0};
    uint32_t number = 0;
    char *path = file_path(directory, "log", unit, ".db");
    if (path == NULL)
        return fault_set(fault, error_no_memory, "no memory for %s", directory);
    enum error error = connection_open(&connection, path, CONNECTION_READ, fault);
    if (error == error_none)
        error = info_read(&connection, out, &number, fault);
    if (error == error_none && number != unit)
        error = fault_set(fault, error_corrupt, "%s: is the log of unit %u", path, number);
    connection_close(&connection);
    free(path);
    return error;
}

static enum error others_check(const char *directory, const struct store_info *info, struct store_fault *fault)
{
    for (uint32_t unit = 1; unit < info->units; unit++) {
        struct store_info other = {0};
        enum error error = file_read(directory, unit, &other, fault);
        if (error == error_not_found)
            return fault_set(fault, error_corrupt, "%s/log-%u.db is missing", directory, unit);
        if (error != error_none)
            return error;
        if (other.incarnation != info->incarnation || other.partitions != info->partitions ||
            other.units != info->units)
            return fault_set(
                fault, error_corrupt, "%s/log-%u.db and log-0.db are of different stores", directory, unit);
    }
    return error_none;
}

static enum error files_read(const char *directory, struct store_info *out, struct store_fault *fault)
{
    struct store_info info;
    enum error error = file_read(directory, 0, &info, fault);
    if (error == error_none)
        error = others_check(directory, &info, fault);
    if (error == error_none)
        *out = info;
    return error;
}

static enum error records_refuse(const char *path, struct store_fault *fault)
{
    struct connection connection = {0};
    sqlite3_stmt *statement = NULL;
    enum error error = connection_open(&connection, path, CONNECTION_READ, fault);
    if (error == error_none)
        error =
            connection_prepare(&connection, (const char *const[]){"SELECT 1 FROM log LIMIT 1"}, &statement, 1, fault);
    if (error == error_none && sqlite3_step(statement) != SQLITE_DONE)
        error = fault_set(fault, error_corrupt, "%s holds records, but log-0.db is missing", path);
    connection_close(&connection);
    return error;
}

/* Without a log-0.db there is no store yet. What an unfinished try left is empty; anything else is not ours to replace,
 * nor is it to be mixed with a new file: a write-ahead log would be replayed into it. */
static enum error leftover_check(const char *directory, uint32_t unit, struct store_fault *fault)
{
    struct stat status;
    char *path = file_path(directory, "log", unit, ".db"), *wal = file_path(directory, "log", unit, ".db-wal");
    enum error error = error_none;
    if (path == NULL || wal == NULL)
        error = error_no_memory;
    else if (access(path, F_OK) == 0)
        error = records_refuse(path, fault);
    else if (stat(wal, &status) == 0 && status.st_size != 0)
        error = fault_set(fault, error_corrupt, "%s is there, but its log-%u.db is missing", wal, unit);
    free(path);
    free(wal);
    return error;
}

static enum error files_make(const char *directory, const struct store_info *info, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t unit = info->units; unit > 0 && error == error_none; unit--) {
        error = leftover_check(directory, unit - 1, fault);
        if (error == error_none)
            error = file_make(directory, info, unit - 1, fault);
    }
    return error;
}

static enum error files_create(const char *directory,
                               const struct store_config *config,
                               struct store_info *out,
                               struct store_fault *fault)
{
    int lock = -1;
    char *path = NULL;
    enum error error = directory_make(directory, fault);
    if (error == error_none && asprintf(&path, "%s/create.lock", directory) < 0)
        error = error_no_memory;
    if (error == error_none)
        error = lock_wait(path, &lock, fault);
    free(path);
    if (error != error_none)
        return error;
    error = files_read(directory, out, fault); /* another process may have been faster */
    if (error == error_not_found) {
        struct store_info info = {config->partitions, config->units, config->incarnation};
        error = files_make(directory, &info, fault);
        if (error == error_none)
            *out = info;
    }
    lock_give(&lock);
    return error;
}

enum error
files_open(const char *directory, const struct store_config *config, struct store_info *out, struct store_fault *fault)
{
    enum error error = files_read(directory, out, fault);
    if (error != error_not_found)
        return error;
    if (!config->create)
        return fault_set(fault, error_not_found, "%s: no store there", directory);
    return files_create(directory, config, out, fault);
}
