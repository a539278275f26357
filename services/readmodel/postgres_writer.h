/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the writer on PostgreSQL share. */
#ifndef READMODEL_POSTGRES_WRITER_H
#define READMODEL_POSTGRES_WRITER_H

#include "services/readmodel/postgres_array.h"
#include "services/readmodel/postgres_pipe.h"
#include "services/readmodel/writer_backend.h"

enum { POSTGRES_SLOTS = 16, POSTGRES_MOVE_COLUMNS = 7 };

/* The number that the server has for the type of a table's rows. */
struct row_type {
    uint32_t build, number, type;
};

struct postgres_writer {
    struct writer base;
    struct server_address address;
    struct pg_link link;
    char *holder;
    uint64_t boot, lease_us, incarnation;
    uint32_t partitions;
    uint64_t epoch; /* of the last beat; 0: there was none over this session */
    struct pipe pipe;
    struct row_type *row_types; /* that are known */
    size_t row_type_count, row_type_capacity;
    struct buffer sql, scratch;
    struct buffer arrays[POSTGRES_MOVE_COLUMNS]; /* parameters of a statement */
    struct value values[TABLE_COLUMNS_MAX];
};

static inline struct postgres_writer *postgres_writer_of(struct writer *writer)
{
    return (struct postgres_writer *)writer;
}

/* ---- postgres_writer.c ---- */
/* Opens the session when there is none. */
enum error postgres_ready(struct postgres_writer *writer, struct store_fault *fault);
/* Runs what is in writer->sql; a transaction that fails is rolled back. */
enum error postgres_run(struct postgres_writer *writer, const char *doing, struct store_fault *fault);
/* One statement with text or binary parameters, a binary result. */
enum error postgres_ask(struct postgres_writer *writer,
                        const char *sql,
                        const struct parameters *parameters,
                        PGresult **out,
                        const char *doing,
                        struct store_fault *fault);
void postgres_rollback(struct postgres_writer *writer);
/* A statement that gives a row when the answer is yes. */
enum error postgres_asked(struct postgres_writer *writer,
                          const char *sql,
                          const struct parameters *parameters,
                          bool *out,
                          struct store_fault *fault);

/* Puts the statement in writer->sql into the pipe, with the first so many arrays as its parameters. */
enum error postgres_put(struct postgres_writer *writer, uint32_t arrays, struct store_fault *fault);
/* Ends SQL with a NUL that its size does not count. */
static inline void sql_end(struct buffer *sql)
{
    buffer_append(sql, "", 1);
    sql->size--;
}

/* ---- postgres_share.c ---- */
enum error postgres_writer_beat(struct writer *writer,
                                const struct writer_has *has,
                                struct writer_slots *out,
                                struct store_fault *fault);
/* Gives everything back. */
void postgres_leave(struct postgres_writer *writer);
enum error postgres_ranks(struct writer *writer,
                          const struct module_key *modules,
                          uint32_t count,
                          enum module_rank *out,
                          struct store_fault *fault);
enum error postgres_enter(
    struct writer *writer, const struct module_key *module, bool latest, bool asked, struct store_fault *fault);

/* ---- postgres_builds.c ---- */
#define POSTGRES_CHANGE "UPDATE fluvius_read.meta SET value = value + 1 WHERE key = 'change'"
/* Begins a transaction that alone may change builds. */
enum error postgres_builds_lock(struct postgres_writer *writer, struct store_fault *fault);
enum error postgres_builds(struct writer *writer, struct builds *out, struct store_fault *fault);
enum error postgres_build(struct writer *writer, const struct build_plan *plan, struct store_fault *fault);
enum error postgres_retire(struct writer *writer, uint32_t build, struct store_fault *fault);
enum error postgres_held(struct writer *writer, uint32_t build, bool *out, struct store_fault *fault);
enum error postgres_drop(struct writer *writer, uint64_t retired_us, uint32_t *dropped, struct store_fault *fault);
enum error postgres_requested(struct writer *writer, struct slice projection, bool *out, struct store_fault *fault);

/* ---- postgres_live.c ---- */
enum error postgres_live(struct writer *writer,
                         const uint32_t *builds,
                         uint32_t count,
                         uint64_t incarnation,
                         bool *done,
                         struct store_fault *fault);
enum error postgres_analyze(struct writer *writer, uint32_t build, uint32_t number, struct store_fault *fault);

/* ---- postgres_rows.c ---- */
enum error postgres_checkpoints(
    struct writer *writer, uint32_t build, struct checkpoint *out, struct buffer *memory, struct store_fault *fault);
enum error postgres_load(struct writer *writer,
                         uint32_t build,
                         uint32_t number,
                         const struct row_key *keys,
                         size_t count,
                         row_visit visit,
                         void *context,
                         struct store_fault *fault);

/* ---- postgres_batch.c ---- */
enum error postgres_commit_batch(struct writer *writer, const struct row_batch *batch, struct store_fault *fault);

#endif
