/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The writer on SQLite: opening DIRECTORY/read.db, of which a kernel lock on read.lock gives one process the writing,
 * and transactions. Unlike the log's, its commits do not wait for the disk: see writer.h. */
#include "services/readmodel/sqlite_writer.h"

#include <stdio.h>
#include <stdlib.h>

#include "services/store/lock.h"
#include "services/store/schema.h"

#include "services/readmodel/readmodel-sqlite_schema.h"

static const char *const migrations[] = {SCHEMA_SQL};
enum { FORMAT = sizeof migrations / sizeof migrations[0] };

#define NOW_US "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"

static const char *const statement_texts[SQLITE_WRITER_STATEMENTS] = {
    [SQLITE_WRITER_BEGIN] = "BEGIN IMMEDIATE",
    [SQLITE_WRITER_COMMIT] = "COMMIT",
    [SQLITE_WRITER_ROLLBACK] = "ROLLBACK",
    [SQLITE_WRITER_EPOCH] = "SELECT epoch FROM slot WHERE slot = 0",
    [SQLITE_WRITER_MOVE] = "UPDATE checkpoint SET seq = ?4, time_us = ?5, halted = ?6, fault = ?7"
                           " WHERE build = ?1 AND partition = ?2 AND seq = ?3",
    [SQLITE_WRITER_CHANGE] = "UPDATE meta SET value = value + 1 WHERE key = 'change'",
    [SQLITE_WRITER_BUILDS] = "SELECT id, projection, fingerprint, incarnation, state, models FROM build ORDER BY id",
    [SQLITE_WRITER_META] = "SELECT (SELECT value FROM meta WHERE key = 'incarnation'),"
                           " (SELECT value FROM meta WHERE key = 'change')",
    [SQLITE_WRITER_SAME] = "SELECT 1 FROM build WHERE projection = ?1 AND fingerprint = ?2 AND incarnation = ?3"
                           " AND state <> 2",
    [SQLITE_WRITER_RETIRE_UNFINISHED] =
        "UPDATE build SET state = 2, changed_us = " NOW_US " WHERE projection = ?1 AND state = 0",
    [SQLITE_WRITER_BUILD] = "INSERT INTO build (projection, fingerprint, incarnation, state, models, created_us,"
                            " changed_us) VALUES (?1, ?2, ?3, 0, ?4, " NOW_US ", " NOW_US ")",
    [SQLITE_WRITER_PLACE] =
        "INSERT INTO checkpoint (build, partition, seq, time_us, halted, fault) VALUES (?1, ?2, 0, 0, 0, '')",
    [SQLITE_WRITER_RETIRE] = "UPDATE build SET state = 2, changed_us = " NOW_US " WHERE id = ?1 AND state <> 2",
    [SQLITE_WRITER_BEHIND] = "SELECT 1 FROM build n JOIN build l ON l.projection = n.projection AND l.state = 1"
                             " AND l.incarnation = n.incarnation JOIN checkpoint a ON a.build = n.id"
                             " JOIN checkpoint b ON b.build = l.id AND b.partition = a.partition"
                             " WHERE n.id = ?1 AND a.seq < b.seq LIMIT 1",
    [SQLITE_WRITER_RETIRE_OTHERS] = "UPDATE build SET state = 2, changed_us = " NOW_US
                                    " WHERE state = 1 AND projection = (SELECT projection FROM build WHERE id = ?1)",
    [SQLITE_WRITER_LIVE] = "UPDATE build SET state = 1, changed_us = " NOW_US " WHERE id = ?1 AND state = 0",
    [SQLITE_WRITER_INCARNATION] = "INSERT OR REPLACE INTO meta (key, value) VALUES ('incarnation', ?1)",
    [SQLITE_WRITER_LOG] = "INSERT OR REPLACE INTO meta (key, value) VALUES ('log', ?1), ('partitions', ?2)",
    [SQLITE_WRITER_RETIRED] =
        "SELECT id, models FROM build WHERE state = 2 AND changed_us <= " NOW_US " - ?1 ORDER BY id LIMIT 1",
    [SQLITE_WRITER_FORGET] = "DELETE FROM build WHERE id = ?1",
    [SQLITE_WRITER_FORGET_PLACES] = "DELETE FROM checkpoint WHERE build = ?1",
    [SQLITE_WRITER_CHECKPOINTS] = "SELECT partition, seq, time_us, halted, fault FROM checkpoint WHERE build = ?1",
};

/* ---- transactions ---- */

enum error sqlite_writer_fault(struct sqlite_writer *writer, int code, const char *doing, struct store_fault *fault)
{
    return connection_fault(&writer->connection, code, doing, fault);
}

enum error sqlite_writer_run(struct sqlite_writer *writer,
                             enum writer_statement statement,
                             const char *doing,
                             struct store_fault *fault)
{
    int code = statement_run(writer->statements[statement]);
    return code == SQLITE_OK ? error_none : sqlite_writer_fault(writer, code, doing, fault);
}

static enum error epoch_check(struct sqlite_writer *writer, struct store_fault *fault)
{
    sqlite3_stmt *statement = writer->statements[SQLITE_WRITER_EPOCH];
    int code = sqlite3_step(statement);
    uint64_t epoch = code == SQLITE_ROW ? column_unsigned(statement, 0) : 0;
    sqlite3_reset(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return sqlite_writer_fault(writer, code, "reading the epoch", fault);
    if (epoch == writer->epoch)
        return error_none;
    return fault_set(fault, error_fenced, "%s: another process has written there since", writer->connection.path);
}

enum error sqlite_writer_begin(struct sqlite_writer *writer, struct store_fault *fault)
{
    enum error error = sqlite_writer_run(writer, SQLITE_WRITER_BEGIN, "beginning", fault);
    if (error != error_none)
        return error;
    error = epoch_check(writer, fault);
    return error == error_none ? error_none : sqlite_writer_end(writer, error, fault);
}

enum error sqlite_writer_end(struct sqlite_writer *writer, enum error error, struct store_fault *fault)
{
    if (error == error_none)
        error = sqlite_writer_run(writer, SQLITE_WRITER_COMMIT, "committing", fault);
    if (error != error_none && sqlite3_get_autocommit(writer->connection.db) == 0)
        statement_run(writer->statements[SQLITE_WRITER_ROLLBACK]);
    return error;
}

/* ---- opening ---- */

static enum error tables_make(struct connection *connection, struct store_fault *fault)
{
    sqlite3_stmt *statement = NULL;
    static const char sql[] = "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'";
    uint32_t format = 0;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    bool there = code == SQLITE_ROW && sqlite3_column_int(statement, 0) > 0;
    sqlite3_finalize(statement);
    if (code != SQLITE_ROW)
        return connection_fault(connection, code, "looking for the schema", fault);
    enum error error = there ? schema_check(connection, FORMAT, &format, fault) : error_none;
    return error == error_none ? schema_migrate(connection, migrations, FORMAT, format, fault) : error;
}

/* CONNECTION_CREATE has the log's settings; these replace what differs here. */
static enum error database_open(const char *path, struct connection *out, struct store_fault *fault)
{
    enum error error = connection_open(out, path, CONNECTION_CREATE, fault);
    if (error == error_none)
        error = connection_execute(out,
                                   "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;"
                                   "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -65536",
                                   fault);
    return error == error_none ? tables_make(out, fault) : error;
}

static enum error epoch_raise(struct sqlite_writer *writer, const char *holder, struct store_fault *fault)
{
    sqlite3_stmt *statement = NULL;
    static const char sql[] = "UPDATE slot SET epoch = epoch + 1, holder = ?1 WHERE slot = 0 RETURNING epoch";
    int code = sqlite3_prepare_v2(writer->connection.db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        bind_text(statement, 1, slice_text(holder));
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW) {
        writer->epoch = column_unsigned(statement, 0);
        code = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? error_none : sqlite_writer_fault(writer, code, "taking the file over", fault);
}

/* A database that was just made is of the log whose projector made it. */
static enum error incarnation_put(struct sqlite_writer *writer, uint64_t incarnation, struct store_fault *fault)
{
    sqlite3_stmt *statement = writer->statements[SQLITE_WRITER_META];
    int code = sqlite3_step(statement);
    bool known = code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    sqlite3_reset(statement);
    if (code != SQLITE_ROW)
        return sqlite_writer_fault(writer, code, "reading meta", fault);
    if (known)
        return error_none;
    bind_unsigned(writer->statements[SQLITE_WRITER_INCARNATION], 1, incarnation);
    return sqlite_writer_run(writer, SQLITE_WRITER_INCARNATION, "writing meta", fault);
}

/* Which log it follows from now on, for readers that have none themselves. */
static enum error log_put(struct sqlite_writer *writer, const struct writer_config *config, struct store_fault *fault)
{
    enum error error = sqlite_writer_begin(writer, fault);
    if (error != error_none)
        return error;
    bind_unsigned(writer->statements[SQLITE_WRITER_LOG], 1, config->incarnation);
    bind_unsigned(writer->statements[SQLITE_WRITER_LOG], 2, config->partitions);
    error = sqlite_writer_run(writer, SQLITE_WRITER_LOG, "writing meta", fault);
    if (error == error_none)
        error = sqlite_writer_run(writer, SQLITE_WRITER_CHANGE, "writing meta", fault);
    return sqlite_writer_end(writer, error, fault);
}

static enum error
writer_start(struct sqlite_writer *writer, const struct writer_config *config, struct store_fault *fault)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/read.lock", writer->directory);
    enum error error = lock_take(path, config->holder, &writer->lock, fault);
    snprintf(path, sizeof path, "%s/read.db", writer->directory);
    if (error == error_none)
        error = database_open(path, &writer->connection, fault);
    if (error == error_none)
        error = connection_prepare(
            &writer->connection, statement_texts, writer->statements, SQLITE_WRITER_STATEMENTS, fault);
    if (error == error_none)
        error = epoch_raise(writer, config->holder, fault);
    if (error != error_none || config->incarnation == 0)
        return error;
    error = incarnation_put(writer, config->incarnation, fault);
    return error == error_none ? log_put(writer, config, fault) : error;
}

/* Full text search keeps statements of its own on the connection: all but ours are its to end. */
static void statements_end(struct sqlite_writer *writer)
{
    for (size_t i = 0; i < SQLITE_WRITER_STATEMENTS; i++)
        sqlite3_finalize(writer->statements[i]);
    for (size_t i = 0; i < writer->table_count; i++) {
        sqlite3_finalize(writer->tables[i].put);
        sqlite3_finalize(writer->tables[i].load);
    }
    sqlite3_close(writer->connection.db);
    writer->connection.db = NULL;
}

static void sqlite_writer_close(struct writer **base)
{
    struct sqlite_writer *writer = sqlite_writer_of(*base);
    statements_end(writer);
    connection_close(&writer->connection);
    lock_give(&writer->lock);
    free(writer->tables);
    free(writer->directory);
    buffer_fini(&writer->sql);
    buffer_fini(&writer->scratch);
    free(writer);
    *base = NULL;
}

static enum error sqlite_writer_open(struct writer **out, const struct writer_config *config, struct store_fault *fault)
{
    struct sqlite_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return fault_set(fault, error_no_memory, "no memory for a writer");
    struct writer *base = &writer->base;
    base->ops = &writer_sqlite_ops;
    writer->lock = -1;
    writer->partitions = config->partitions;
    writer->directory = strdup(config->url + strlen("sqlite:"));
    enum error error = writer->directory == NULL ? error_no_memory : writer_start(writer, config, fault);
    if (error == error_none)
        *out = base;
    else
        sqlite_writer_close(&base);
    return error;
}

static enum error sqlite_migrate(const char *url, struct store_fault *fault)
{
    (void)url, (void)fault; /* the one process that may write there does it when it starts */
    return error_none;
}

/* Nobody else can be there: all is this writer's. */
static enum error
sqlite_beat(struct writer *writer, const struct writer_has *has, struct writer_slots *out, struct store_fault *fault)
{
    (void)fault;
    *out = (struct writer_slots){.count = 1, .epoch = sqlite_writer_of(writer)->epoch};
    for (uint32_t i = 0; i < has->build_count; i++)
        out->held[i] = 1;
    return error_none;
}

static enum error sqlite_ranks(struct writer *writer,
                               const struct module_key *modules,
                               uint32_t count,
                               enum module_rank *out,
                               struct store_fault *fault)
{
    (void)writer, (void)modules, (void)fault;
    for (uint32_t i = 0; i < count; i++)
        out[i] = MODULE_NEWEST;
    return error_none;
}

static enum error
sqlite_enter(struct writer *writer, const struct module_key *module, bool latest, bool asked, struct store_fault *fault)
{
    (void)writer, (void)module, (void)latest, (void)asked, (void)fault;
    return error_none;
}

/* SQLite plans by what an index is, not by how much there is. */
static enum error sqlite_analyze(struct writer *writer, uint32_t build, uint32_t number, struct store_fault *fault)
{
    (void)writer, (void)build, (void)number, (void)fault;
    return error_none;
}

const struct writer_ops writer_sqlite_ops = {
    .scheme = "sqlite",
    .open = sqlite_writer_open,
    .close = sqlite_writer_close,
    .migrate = sqlite_migrate,
    .beat = sqlite_beat,
    .ranks = sqlite_ranks,
    .enter = sqlite_enter,
    .builds = sqlite_builds,
    .build = sqlite_build,
    .live = sqlite_live,
    .analyze = sqlite_analyze,
    .retire = sqlite_retire,
    .held = sqlite_held,
    .drop = sqlite_drop,
    .request = sqlite_request,
    .requested = sqlite_requested,
    .checkpoints = sqlite_checkpoints,
    .load = sqlite_load,
    .commit = sqlite_commit_batch,
};
