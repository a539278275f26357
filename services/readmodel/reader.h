/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading read models: what query services do with the database. A handle opens it so that nothing can be written,
 * keeps prepared statements, and gives each statement a limited time. It belongs to one thread. Errors and faults as in
 * database.h; error_timed_out when a statement ran into its limit, error_missing_schema while no projector has made the
 * database, error_not_found when a build (or, SQLite, the file) is gone: look at the builds again. */
#ifndef READMODEL_READER_H
#define READMODEL_READER_H

#include "services/readmodel/query.h"

struct row_reader;

struct row_reader_config {
    const char *url;        /* sqlite:DIRECTORY or postgresql://... */
    const char *holder;     /* who reads, for people: "query-0 pid 4711" */
    uint32_t time_limit_ms; /* of one statement; 0: 5,000 */
    uint32_t steps_max; /* SQLite: of one page, in steps of its machine, above which it has taken too long; nor is any
                           lock waited for then. 0: no bound */
};

enum error row_reader_open(struct row_reader **out, const struct row_reader_config *config, struct store_fault *fault);
void row_reader_close(struct row_reader **reader);

/* All builds as they are now; cheap when nothing has changed. *out stays valid until the next call that gives another
 * list (out->change differs), or close. */
enum error row_reader_builds(struct row_reader *reader, const struct builds **out, struct store_fault *fault);

/* The same, but a reader whose looks take a round trip gives what it knows: builds that were there not long ago.
 * Whoever reads by them hears from row_reader_read when they have changed; whoever refuses something because of them
 * looks first. */
enum error row_reader_builds_known(struct row_reader *reader, const struct builds **out, struct store_fault *fault);

/* What is read until row_reader_end is read of one moment, that of the builds, where the database can do so cheaply: on
 * SQLite. Nothing is to be ended when it fails. */
enum error row_reader_begin(struct row_reader *reader, struct store_fault *fault);
void row_reader_end(struct row_reader *reader);

/* The checkpoints of a build: partitions of them, from partition 0; those that are missing are at 0. Their faults are
 * views into memory, which is cleared first. Rows that are read afterwards have at least what these say. */
enum error row_reader_checkpoints(struct row_reader *reader,
                                  uint32_t build,
                                  struct checkpoint *out,
                                  uint32_t partitions,
                                  struct buffer *memory,
                                  struct store_fault *fault);

/* Is there a projector that may write? SQLite: one has the file's lock; PostgreSQL: one has leased a slot. */
enum error row_reader_has_writer(struct row_reader *reader, bool *out, struct store_fault *fault);

/* A page of rows, in order. Zeroed before first use; reused from one to the next. */
struct row_page {
    struct buffer rows; /* a JSON array of objects, without spaces */
    uint32_t count;
    int64_t total;      /* -1: not asked for */
    struct buffer next; /* the cursor behind the last row; empty: that was all */
    bool cut;           /* it ended early, as it would have passed query->bytes; it has one row at least */
    struct buffer last; /* where a row stands in the order: the last of those placed */
    uint32_t placed;    /* how many rows the page has with it, and how many bytes of them */
    size_t placed_bytes;
};
void row_page_fini(struct row_page *page);

/* How far a build is, and was when its rows were read last. Zeroed but for the first three before first use, and when
 * the reader is another. */
struct row_progress {
    uint32_t partitions;
    uint64_t *seqs, *halted; /* as in checkpoints, one a partition */
    uint32_t build;          /* whose they are */
    uint64_t moment;         /* when they were read; another number: they may differ */
};

/* What row_reader_read reads: rows of models[number] of a build. */
struct row_want {
    uint32_t build, number;
    const struct query *query; /* NULL: no rows */
    /* One row by its identifier, of query->realm, with query's include, exclude and deleted; nothing else of query
     * counts, and a page of no rows is no error. NULL: rows that fit query. */
    const struct slice *id;
    struct row_progress *progress; /* NULL: nobody wants to know */
};

/* Rows, and how far the build was before: they have at least what its progress says. All of it in one round trip, and
 * on PostgreSQL of one instant. A row is the audit fields, then its own, less what include and exclude leave out.
 * error_not_found: the build is gone or, with progress, builds have changed since they were given last.
 * error_too_long when query->numbered and its rows are more than query->bytes; progress is right all the same. */
enum error row_reader_read(struct row_reader *reader,
                           const struct row_want *want,
                           struct row_page *out,
                           struct store_fault *fault);

#endif
