/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading from SQLite: one connection that writes nothing. Each statement is a transaction of its own, or each page is
 * (row_reader_begin), so that none is open for long and the write-ahead log can be reset. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "services/readmodel/builds.h"
#include "services/readmodel/functions.h"
#include "services/readmodel/sqlite_reader.h"
#include "services/store/lock.h"
#include "services/store/postgres_link.h"

enum {
    PROGRESS_STEPS = 500,  /* of SQLite's machine between two looks at the clock: some ten microseconds */
    FILE_CHECK_US = 500000 /* so often it is looked whether the file is still that of its name */
};

#define CHECKPOINTS_SQL                                                                                                \
    "SELECT partition, seq, time_us, halted, fault FROM checkpoint WHERE build = ?1 ORDER BY partition"

#define META_SQL                                                                                                       \
    "SELECT (SELECT value FROM meta WHERE key = 'change'), (SELECT value FROM meta WHERE key = 'incarnation'),"        \
    " (SELECT value FROM meta WHERE key = 'log'), (SELECT value FROM meta WHERE key = 'partitions')"

static const char *const fixed_sql[FIXED_COUNT] = {
    [FIXED_META] = META_SQL,
    [FIXED_BUILDS] = "SELECT id, projection, models, fingerprint, incarnation, state FROM build ORDER BY id",
    [FIXED_CHECKPOINTS] = CHECKPOINTS_SQL,
    [FIXED_VERSION] = "PRAGMA data_version",
};

enum error sqlite_reader_fault(struct sqlite_reader *reader, int code, const char *doing, struct store_fault *fault)
{
    if ((code & 0xff) == SQLITE_INTERRUPT)
        return fault_set(fault, error_timed_out, "%s: %s: took too long", reader->connection.path, doing);
    return connection_fault(&reader->connection, code, doing, fault);
}

/* ---- opening ---- */

static bool is_late(void *context)
{
    const struct sqlite_reader *reader = context;
    return clock_boot_us() > reader->deadline_us;
}

static int progress(void *context)
{
    struct sqlite_reader *reader = context;
    reader->steps += PROGRESS_STEPS;
    return (reader->steps_max > 0 && reader->steps > reader->steps_max) || is_late(context);
}

static enum error fixed_prepare(struct sqlite_reader *reader, struct store_fault *fault)
{
    for (int i = 0; i < FIXED_COUNT; i++) {
        int code = sqlite3_prepare_v3(
            reader->connection.db, fixed_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &reader->fixed[i], NULL);
        if ((code & 0xff) == SQLITE_ERROR) /* a file whose maker has not come further */
            return fault_set(fault, error_missing_schema, "%s: has no tables of read models", reader->connection.path);
        if (code != SQLITE_OK)
            return sqlite_reader_fault(reader, code, "preparing", fault);
    }
    return error_none;
}

/* Which file it is is asked first: one that takes its place meanwhile is another one then, and is opened anew. */
static enum error connection_ready(struct sqlite_reader *reader, const char *path, struct store_fault *fault)
{
    struct stat file;
    if (stat(path, &file) == 0) {
        reader->device = file.st_dev;
        reader->inode = file.st_ino;
    }
    enum error error = connection_open(&reader->connection, path, CONNECTION_READ, fault);
    if (error != error_none)
        return error;
    if (reader->steps_max > 0)
        sqlite3_busy_timeout(reader->connection.db, 0);
    sqlite3_progress_handler(reader->connection.db, PROGRESS_STEPS, progress, reader);
    int code = functions_add(reader->connection.db, &reader->stop);
    if (code != SQLITE_OK)
        return sqlite_reader_fault(reader, code, "adding functions", fault);
    error = connection_execute(&reader->connection, "PRAGMA cache_size = -16000", fault);
    return error == error_none ? fixed_prepare(reader, fault) : error;
}

static void sqlite_close(struct row_reader *base)
{
    struct sqlite_reader *reader = sqlite_of(base);
    for (int i = 0; i < FIXED_COUNT; i++)
        sqlite3_finalize(reader->fixed[i]);
    for (int i = 0; i < STATEMENTS_MAX; i++)
        sqlite3_finalize(reader->statements[i].prepared);
    connection_close(&reader->connection);
    free(reader->lock);
    free(reader);
}

static enum error
sqlite_open(struct row_reader **out, const struct row_reader_config *config, struct store_fault *fault)
{
    struct sqlite_reader *reader = calloc(1, sizeof *reader);
    const char *directory = config->url + strlen("sqlite:");
    char *path = NULL, *lock = NULL;
    if (reader == NULL || asprintf(&lock, "%s/read.lock", directory) < 0 ||
        asprintf(&path, "%s/read.db", directory) < 0) {
        free(lock);
        free(reader);
        return fault_set(fault, error_no_memory, "no memory for a reader");
    }
    reader->lock = lock;
    reader->base = (struct row_reader){.ops = &row_reader_sqlite,
                                       .time_limit_ms = config->time_limit_ms ? config->time_limit_ms : TIME_LIMIT_MS,
                                       .target = {.dialect = DIALECT_SQLITE}};
    reader->stop = (struct match_stop){.is_due = is_late, .context = reader};
    reader->deadline_us = UINT64_MAX;
    reader->steps_max = config->steps_max;
    enum error error = connection_ready(reader, path, fault);
    free(path);
    if (error == error_none)
        *out = &reader->base;
    else
        sqlite_close(&reader->base);
    return error;
}

/* ---- builds and checkpoints ---- */

void sqlite_reader_time(struct sqlite_reader *reader)
{
    reader->deadline_us = clock_boot_us() + (uint64_t)reader->base.time_limit_ms * 1000;
    reader->steps = 0;
}

/* The file of that name may be another one since, or gone: who made read models anew has removed it. */
static enum error file_check(struct sqlite_reader *reader, struct store_fault *fault)
{
    struct stat file;
    uint64_t now_us = clock_boot_us();
    if (now_us - reader->checked_us < FILE_CHECK_US)
        return error_none;
    if (stat(reader->connection.path, &file) != 0 || file.st_dev != reader->device || file.st_ino != reader->inode)
        return fault_set(fault, error_not_found, "%s: is gone", reader->connection.path);
    reader->checked_us = now_us;
    return error_none;
}

static void sqlite_end(struct row_reader *base)
{
    struct sqlite_reader *reader = sqlite_of(base);
    sqlite3_reset(reader->fixed[FIXED_VERSION]);
    reader->held = false;
}

/* A statement that has a row to give keeps its transaction open, and others join it. */
static enum error sqlite_begin(struct row_reader *base, struct store_fault *fault)
{
    struct sqlite_reader *reader = sqlite_of(base);
    enum error error = file_check(reader, fault);
    if (error != error_none)
        return error;
    sqlite_reader_time(reader);
    int code = sqlite3_step(reader->fixed[FIXED_VERSION]);
    reader->held = code == SQLITE_ROW;
    if (reader->held)
        reader->version_now = sqlite3_column_int64(reader->fixed[FIXED_VERSION], 0);
    else
        sqlite_end(base);
    return reader->held ? error_none : sqlite_reader_fault(reader, code, "beginning to read", fault);
}

static enum error meta_read(struct sqlite_reader *reader, struct builds *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = reader->fixed[FIXED_META];
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        out->change = column_unsigned(statement, 0);
        out->incarnation = column_unsigned(statement, 1);
        out->log = column_unsigned(statement, 2);
        out->partitions = (uint32_t)column_unsigned(statement, 3);
    }
    sqlite3_reset(statement);
    return code == SQLITE_ROW ? error_none : sqlite_reader_fault(reader, code, "reading builds", fault);
}

static enum error builds_load(struct sqlite_reader *reader, struct builds *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = reader->fixed[FIXED_BUILDS];
    enum error error = error_none;
    int code;
    while (error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct build_row row = {.id = (uint32_t)sqlite3_column_int64(statement, 0),
                                .projection = column_bytes(statement, 1),
                                .models = column_bytes(statement, 2),
                                .fingerprint = column_unsigned(statement, 3),
                                .incarnation = column_unsigned(statement, 4),
                                .state = sqlite3_column_int64(statement, 5)};
        error = builds_add(out, &row);
        if (error != error_none)
            fault_set(fault, error, "%s: build %u cannot be read", reader->connection.path, row.id);
    }
    sqlite3_reset(statement);
    if (error == error_none && code != SQLITE_DONE)
        error = sqlite_reader_fault(reader, code, "reading builds", fault);
    return error;
}

static enum error builds_read(struct sqlite_reader *reader, struct store_fault *fault)
{
    struct builds builds = {0};
    enum error error = meta_read(reader, &builds, fault);
    bool same = reader->base.builds_known && reader->base.builds.change == builds.change;
    if (error == error_none && !same)
        error = builds_load(reader, &builds, fault);
    if (error == error_none && !same) {
        builds_fini(&reader->base.builds);
        reader->base.builds = builds;
        reader->base.builds_known = true;
    } else {
        builds_fini(&builds);
    }
    return error;
}

/* Nothing at all has changed while the file's version has not. */
static enum error sqlite_builds(struct row_reader *base, struct store_fault *fault)
{
    struct sqlite_reader *reader = sqlite_of(base);
    bool own = !reader->held; /* the list, and the change that belongs to it, are of one transaction */
    enum error error = own ? sqlite_begin(base, fault) : error_none;
    if (error != error_none || (base->builds_known && reader->version_now == reader->version))
        goto out;
    error = builds_read(reader, fault);
    if (error == error_none) {
        reader->version = reader->version_now;
        base->moment = ++reader->changes;
    }
out:
    if (own)
        sqlite_end(base);
    return error;
}

static enum error sqlite_checkpoints(struct row_reader *base,
                                     uint32_t build,
                                     struct checkpoint *out,
                                     uint32_t partitions,
                                     struct buffer *memory,
                                     struct store_fault *fault)
{
    struct sqlite_reader *reader = sqlite_of(base);
    sqlite3_stmt *statement = reader->fixed[FIXED_CHECKPOINTS];
    int code;
    sqlite_reader_time(reader);
    sqlite3_bind_int64(statement, 1, build);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        uint64_t partition = column_unsigned(statement, 0);
        if (partition >= partitions)
            continue;
        out[partition] = (struct checkpoint){.seq = column_unsigned(statement, 1),
                                             .time_us = sqlite3_column_int64(statement, 2),
                                             .halted = column_unsigned(statement, 3)};
        checkpoint_fault_put(&out[partition], column_bytes(statement, 4), memory);
    }
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? error_none : sqlite_reader_fault(reader, code, "reading checkpoints", fault);
}

/* Only when it can have moved since the builds were looked at last. */
static enum error
progress_read(struct sqlite_reader *reader, uint32_t build, struct row_progress *progress, struct store_fault *fault)
{
    sqlite3_stmt *statement = reader->fixed[FIXED_CHECKPOINTS];
    uint64_t moment = reader->base.moment;
    int code;
    if (progress_is(progress, build, moment))
        return error_none;
    progress_begin(progress);
    sqlite_reader_time(reader);
    sqlite3_bind_int64(statement, 1, build);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        progress_put(
            progress, column_unsigned(statement, 0), column_unsigned(statement, 1), column_unsigned(statement, 3));
    sqlite3_reset(statement);
    if (code != SQLITE_DONE)
        return sqlite_reader_fault(reader, code, "reading checkpoints", fault);
    progress->build = build;
    progress->moment = moment;
    return error_none;
}

static enum error sqlite_has_writer(struct row_reader *base, bool *out, struct store_fault *fault)
{
    return lock_held(sqlite_of(base)->lock, out, fault);
}

static enum error
sqlite_read(struct row_reader *base, const struct row_want *want, struct row_page *out, struct store_fault *fault)
{
    enum error error = error_none;
    if (want->progress != NULL)
        error = progress_read(sqlite_of(base), want->build, want->progress, fault);
    if (error != error_none || want->query == NULL)
        return error;
    return want->id == NULL ? sqlite_reader_select(base, want->query, out, fault)
                            : sqlite_reader_item(base, want->query, *want->id, out, fault);
}

const struct row_reader_ops row_reader_sqlite = {
    .scheme = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .end = sqlite_end,
    .builds = sqlite_builds,
    .checkpoints = sqlite_checkpoints,
    .has_writer = sqlite_has_writer,
    .read = sqlite_read,
};
