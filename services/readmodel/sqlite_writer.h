/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the writer on SQLite share. */
#ifndef READMODEL_SQLITE_WRITER_H
#define READMODEL_SQLITE_WRITER_H

#include "services/readmodel/writer_backend.h"
#include "services/store/connection.h"

enum writer_statement {
    SQLITE_WRITER_BEGIN,
    SQLITE_WRITER_COMMIT,
    SQLITE_WRITER_ROLLBACK,
    SQLITE_WRITER_EPOCH,
    SQLITE_WRITER_MOVE,
    SQLITE_WRITER_CHANGE,
    SQLITE_WRITER_BUILDS,
    SQLITE_WRITER_META,
    SQLITE_WRITER_SAME,
    SQLITE_WRITER_RETIRE_UNFINISHED,
    SQLITE_WRITER_BUILD,
    SQLITE_WRITER_PLACE,
    SQLITE_WRITER_BEHIND,
    SQLITE_WRITER_RETIRE_OTHERS,
    SQLITE_WRITER_RETIRE,
    SQLITE_WRITER_LIVE,
    SQLITE_WRITER_INCARNATION,
    SQLITE_WRITER_LOG,
    SQLITE_WRITER_RETIRED,
    SQLITE_WRITER_FORGET,
    SQLITE_WRITER_FORGET_PLACES,
    SQLITE_WRITER_CHECKPOINTS,
    SQLITE_WRITER_STATEMENTS
};

/* Statements of one table, made when they are first wanted. */
struct sqlite_table {
    uint32_t build, number;
    sqlite3_stmt *put, *load;
};

struct sqlite_writer {
    struct writer base;
    struct connection connection;
    char *directory;
    int lock;
    uint64_t epoch;
    uint32_t partitions;
    sqlite3_stmt *statements[SQLITE_WRITER_STATEMENTS];
    struct sqlite_table *tables;
    size_t table_count, table_capacity;
    struct buffer sql, scratch;
    struct value values[TABLE_COLUMNS_MAX];
};

static inline struct sqlite_writer *sqlite_writer_of(struct writer *writer)
{
    return (struct sqlite_writer *)writer;
}

/* ---- sqlite_writer.c ---- */
enum error sqlite_writer_fault(struct sqlite_writer *writer, int code, const char *doing, struct store_fault *fault);
enum error sqlite_writer_run(struct sqlite_writer *writer,
                             enum writer_statement statement,
                             const char *doing,
                             struct store_fault *fault);
/* Begins, having made sure that the file is still this writer's; end commits, or rolls back when error says so, and
 * returns error or why the commit failed. */
enum error sqlite_writer_begin(struct sqlite_writer *writer, struct store_fault *fault);
enum error sqlite_writer_end(struct sqlite_writer *writer, enum error error, struct store_fault *fault);

/* ---- sqlite_builds.c ---- */
enum error sqlite_builds(struct writer *writer, struct builds *out, struct store_fault *fault);
enum error sqlite_build(struct writer *writer, const struct build_plan *plan, struct store_fault *fault);
enum error sqlite_retire(struct writer *writer, uint32_t build, struct store_fault *fault);
enum error sqlite_held(struct writer *writer, uint32_t build, bool *out, struct store_fault *fault);
enum error sqlite_live(struct writer *writer,
                       const uint32_t *builds,
                       uint32_t count,
                       uint64_t incarnation,
                       bool *done,
                       struct store_fault *fault);
enum error sqlite_drop(struct writer *writer, uint64_t retired_us, uint32_t *dropped, struct store_fault *fault);
enum error sqlite_request(const char *url, struct slice projection, struct store_fault *fault);
enum error sqlite_requested(struct writer *writer, struct slice projection, bool *out, struct store_fault *fault);

/* ---- sqlite_rows.c ---- */
enum error sqlite_checkpoints(
    struct writer *writer, uint32_t build, struct checkpoint *out, struct buffer *memory, struct store_fault *fault);
enum error sqlite_load(struct writer *writer,
                       uint32_t build,
                       uint32_t number,
                       const struct row_key *keys,
                       size_t count,
                       row_visit visit,
                       void *context,
                       struct store_fault *fault);
enum error sqlite_commit_batch(struct writer *writer, const struct row_batch *batch, struct store_fault *fault);
/* Finalizes the statements of a build's tables, which can then be dropped. */
void sqlite_tables_forget(struct sqlite_writer *writer, uint32_t build);

#endif
