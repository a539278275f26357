/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Builds on SQLite. Requests cannot be rows, because who asks may not write the file: they are files beside it,
 * read.rebuild.NAME, that the writer removes. */
#include "services/readmodel/sqlite_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static enum error
build_take(struct sqlite_writer *writer, sqlite3_stmt *row, struct builds *out, struct store_fault *fault)
{
    const struct build_row values = {.id = (uint32_t)sqlite3_column_int64(row, 0),
                                     .projection = column_bytes(row, 1),
                                     .fingerprint = column_unsigned(row, 2),
                                     .incarnation = column_unsigned(row, 3),
                                     .state = sqlite3_column_int64(row, 4),
                                     .models = column_bytes(row, 5)};
    enum error error = builds_add(out, &values);
    return error == error_none
               ? error_none
               : fault_set(fault, error, "%s: build %u: %s", writer->connection.path, values.id, error_text(error));
}

static enum error meta_take(struct sqlite_writer *writer, struct builds *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = writer->statements[SQLITE_WRITER_META];
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        out->incarnation = column_unsigned(statement, 0);
        out->change = column_unsigned(statement, 1);
    }
    sqlite3_reset(statement);
    return code == SQLITE_ROW ? error_none : sqlite_writer_fault(writer, code, "reading meta", fault);
}

enum error sqlite_builds(struct writer *base, struct builds *out, struct store_fault *fault)
{
    struct sqlite_writer *writer = sqlite_writer_of(base);
    sqlite3_stmt *statement = writer->statements[SQLITE_WRITER_BUILDS];
    struct builds builds = {0};
    int code = SQLITE_DONE;
    enum error error = meta_take(writer, &builds, fault);
    while (error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW)
        error = build_take(writer, statement, &builds, fault);
    sqlite3_reset(statement);
    if (error == error_none && code != SQLITE_DONE)
        error = sqlite_writer_fault(writer, code, "reading the builds", fault);
    if (error == error_none)
        *out = builds;
    else
        builds_fini(&builds);
    return error;
}

/* ---- making one ---- */

static void request_path(const char *directory, struct slice projection, char out[4096])
{
    snprintf(out, 4096, "%s/read.rebuild.%.*s", directory, (int)projection.size, (const char *)projection.data);
}

static bool build_exists(struct sqlite_writer *writer, const struct build_plan *plan)
{
    sqlite3_stmt *statement = writer->statements[SQLITE_WRITER_SAME];
    bind_text(statement, 1, plan->projection);
    bind_unsigned(statement, 2, plan->fingerprint);
    bind_unsigned(statement, 3, plan->incarnation);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_reset(statement);
    return found;
}

static enum error places_make(struct sqlite_writer *writer, uint32_t build, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t partition = 0; partition < writer->partitions && error == error_none; partition++) {
        sqlite3_bind_int64(writer->statements[SQLITE_WRITER_PLACE], 1, build);
        sqlite3_bind_int64(writer->statements[SQLITE_WRITER_PLACE], 2, partition);
        error = sqlite_writer_run(writer, SQLITE_WRITER_PLACE, "making checkpoints", fault);
    }
    return error;
}

static enum error sql_run(struct sqlite_writer *writer, struct store_fault *fault)
{
    buffer_append(&writer->sql, "", 1);
    if (writer->sql.failed)
        return fault_set(fault, error_no_memory, "no memory for SQL");
    return connection_execute(&writer->connection, (const char *)writer->sql.data, fault);
}

static enum error
tables_make(struct sqlite_writer *writer, const struct build_plan *plan, uint32_t build, struct store_fault *fault)
{
    buffer_clear(&writer->sql);
    for (uint32_t i = 0; i < plan->model_count; i++)
        table_create(&writer->sql, DIALECT_SQLITE, build, i, &plan->models[i]);
    return sql_run(writer, fault);
}

static enum error row_make(struct sqlite_writer *writer, const struct build_plan *plan, struct store_fault *fault)
{
    sqlite3_stmt **statements = writer->statements;
    bind_text(statements[SQLITE_WRITER_RETIRE_UNFINISHED], 1, plan->projection);
    enum error error = sqlite_writer_run(writer, SQLITE_WRITER_RETIRE_UNFINISHED, "retiring builds", fault);
    if (error != error_none)
        return error;
    buffer_clear(&writer->scratch);
    models_write(&writer->scratch, plan->models, plan->model_count);
    if (writer->scratch.failed)
        return fault_set(fault, error_no_memory, "no memory for a build");
    bind_text(statements[SQLITE_WRITER_BUILD], 1, plan->projection);
    bind_unsigned(statements[SQLITE_WRITER_BUILD], 2, plan->fingerprint);
    bind_unsigned(statements[SQLITE_WRITER_BUILD], 3, plan->incarnation);
    bind_bytes(statements[SQLITE_WRITER_BUILD], 4, buffer_slice(&writer->scratch));
    return sqlite_writer_run(writer, SQLITE_WRITER_BUILD, "making a build", fault);
}

static enum error build_make(struct sqlite_writer *writer, const struct build_plan *plan, struct store_fault *fault)
{
    enum error error = row_make(writer, plan, fault);
    uint32_t build = (uint32_t)sqlite3_last_insert_rowid(writer->connection.db);
    if (error == error_none)
        error = tables_make(writer, plan, build, fault);
    if (error == error_none)
        error = places_make(writer, build, fault);
    return error == error_none ? sqlite_writer_run(writer, SQLITE_WRITER_CHANGE, "making a build", fault) : error;
}

/* When the request cannot be removed it is answered again after the next start, which does no harm. */
enum error sqlite_build(struct writer *base, const struct build_plan *plan, struct store_fault *fault)
{
    struct sqlite_writer *writer = sqlite_writer_of(base);
    char path[4096];
    request_path(writer->directory, plan->projection, path);
    if (plan->anew && access(path, F_OK) != 0)
        return error_none;
    enum error error = sqlite_writer_begin(writer, fault);
    if (error != error_none)
        return error;
    if (plan->anew || !build_exists(writer, plan))
        error = build_make(writer, plan, fault);
    error = sqlite_writer_end(writer, error, fault);
    if (error == error_none && plan->anew)
        unlink(path);
    return error;
}

/* ---- going live, and ending ---- */

/* error_fenced: it cannot be. */
static enum error build_go_live(struct sqlite_writer *writer, uint32_t build, struct store_fault *fault)
{
    sqlite3_stmt *behind = writer->statements[SQLITE_WRITER_BEHIND];
    sqlite3_bind_int64(behind, 1, build);
    int code = sqlite3_step(behind);
    sqlite3_reset(behind);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        return sqlite_writer_fault(writer, code, "comparing builds", fault);
    if (code == SQLITE_ROW)
        return fault_set(fault, error_fenced, "build %u is not as far as the live one", build);
    sqlite3_bind_int64(writer->statements[SQLITE_WRITER_RETIRE_OTHERS], 1, build);
    enum error error = sqlite_writer_run(writer, SQLITE_WRITER_RETIRE_OTHERS, "retiring a build", fault);
    if (error != error_none)
        return error;
    sqlite3_bind_int64(writer->statements[SQLITE_WRITER_LIVE], 1, build);
    error = sqlite_writer_run(writer, SQLITE_WRITER_LIVE, "switching builds", fault);
    if (error == error_none && sqlite3_changes(writer->connection.db) != 1)
        return fault_set(fault, error_fenced, "build %u is no longer being built", build);
    return error;
}

enum error sqlite_live(struct writer *base,
                       const uint32_t *builds,
                       uint32_t count,
                       uint64_t incarnation,
                       bool *done,
                       struct store_fault *fault)
{
    struct sqlite_writer *writer = sqlite_writer_of(base);
    enum error error = sqlite_writer_begin(writer, fault);
    if (error != error_none)
        return error;
    for (uint32_t i = 0; i < count && error == error_none; i++)
        error = build_go_live(writer, builds[i], fault);
    bool not_yet = error == error_fenced;
    bind_unsigned(writer->statements[SQLITE_WRITER_INCARNATION], 1, incarnation);
    if (error == error_none)
        error = sqlite_writer_run(writer, SQLITE_WRITER_INCARNATION, "switching builds", fault);
    if (error == error_none)
        error = sqlite_writer_run(writer, SQLITE_WRITER_CHANGE, "switching builds", fault);
    error = sqlite_writer_end(writer, error, fault);
    if (error == error_none || not_yet)
        *done = error == error_none;
    return not_yet ? error_none : error;
}

enum error sqlite_retire(struct writer *base, uint32_t build, struct store_fault *fault)
{
    struct sqlite_writer *writer = sqlite_writer_of(base);
    enum error error = sqlite_writer_begin(writer, fault);
    if (error != error_none)
        return error;
    sqlite3_bind_int64(writer->statements[SQLITE_WRITER_RETIRE], 1, build);
    error = sqlite_writer_run(writer, SQLITE_WRITER_RETIRE, "retiring a build", fault);
    if (error == error_none && sqlite3_changes(writer->connection.db) > 0)
        error = sqlite_writer_run(writer, SQLITE_WRITER_CHANGE, "retiring a build", fault);
    return sqlite_writer_end(writer, error, fault);
}

/* This writer has the lock: no projector is there. */
enum error sqlite_held(struct writer *base, uint32_t build, bool *out, struct store_fault *fault)
{
    (void)base, (void)build, (void)fault;
    *out = false;
    return error_none;
}

/* The SQL that drops the tables of the oldest retired build; *build is 0 when there is none. */
static enum error
retired_find(struct sqlite_writer *writer, uint64_t retired_us, uint32_t *build, struct store_fault *fault)
{
    sqlite3_stmt *statement = writer->statements[SQLITE_WRITER_RETIRED];
    struct model *models = NULL;
    uint32_t count = 0;
    enum error error = error_none;
    *build = 0;
    bind_unsigned(statement, 1, retired_us);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *build = (uint32_t)sqlite3_column_int64(statement, 0);
        error = models_read(column_bytes(statement, 1), &models, &count);
    }
    sqlite3_reset(statement);
    buffer_clear(&writer->sql);
    for (uint32_t i = 0; i < count; i++)
        table_drop(&writer->sql, DIALECT_SQLITE, *build, i, &models[i]);
    models_free(models, count);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return sqlite_writer_fault(writer, code, "looking for retired builds", fault);
    return error == error_none ? error_none : fault_set(fault, error, "build %u: its models are damaged", *build);
}

static enum error build_drop(struct sqlite_writer *writer, uint32_t build, struct store_fault *fault)
{
    sqlite_tables_forget(writer, build);
    enum error error = sql_run(writer, fault);
    sqlite3_bind_int64(writer->statements[SQLITE_WRITER_FORGET_PLACES], 1, build);
    sqlite3_bind_int64(writer->statements[SQLITE_WRITER_FORGET], 1, build);
    if (error == error_none)
        error = sqlite_writer_run(writer, SQLITE_WRITER_FORGET_PLACES, "dropping a build", fault);
    if (error == error_none)
        error = sqlite_writer_run(writer, SQLITE_WRITER_FORGET, "dropping a build", fault);
    return error == error_none ? sqlite_writer_run(writer, SQLITE_WRITER_CHANGE, "dropping a build", fault) : error;
}

enum error sqlite_drop(struct writer *base, uint64_t retired_us, uint32_t *dropped, struct store_fault *fault)
{
    struct sqlite_writer *writer = sqlite_writer_of(base);
    uint32_t build;
    enum error error = retired_find(writer, retired_us, &build, fault);
    if (error != error_none)
        return error;
    if (build != 0) {
        error = sqlite_writer_begin(writer, fault);
        if (error != error_none)
            return error;
        error = sqlite_writer_end(writer, build_drop(writer, build, fault), fault);
    }
    if (error == error_none)
        *dropped = build != 0;
    return error;
}

/* ---- requests ---- */

enum error sqlite_request(const char *url, struct slice projection, struct store_fault *fault)
{
    char path[4096];
    const char *directory = url + strlen("sqlite:");
    snprintf(path, sizeof path, "%s/read.db", directory);
    if (access(path, F_OK) != 0)
        return fault_set(fault, error_not_found, "%s: %s", path, strerror(errno));
    request_path(directory, projection, path);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0)
        return fault_set(fault, error_io, "%s: %s", path, strerror(errno));
    close(file);
    return error_none;
}

enum error sqlite_requested(struct writer *base, struct slice projection, bool *out, struct store_fault *fault)
{
    char path[4096];
    (void)fault;
    request_path(sqlite_writer_of(base)->directory, projection, path);
    *out = access(path, F_OK) == 0;
    return error_none;
}
