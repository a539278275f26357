/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the SQLite backend share. A unit is one log file with one writer's connection and one reader's;
 * unit.h has what does not depend on SQLite.
 *
 *   sqlite.c           the table of operations; opening, closing, claiming, releasing
 *   lock.c             the kernel lock that proves that only one process writes a file
 *   files.c            making the files of a new store, checking those of an old one
 *   schema.c           migrations
 *   sqlite_append.c    appending, and the fenced transaction that all writing uses
 *   sqlite_maintain.c  maintenance and checkpoints
 *   sqlite_write.c     the writer's rows; sqlite_claim.c what a new owner reads
 *   sqlite_read.c      the reader's connection and rows; sqlite_find.c its way to a receipt
 *   row.c              rows of the log; connection.c connections and result codes */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "services/store/connection.h"
#include "services/store/lock.h"
#include "services/store/schema.h"
#include "services/store/unit.h"

enum writer_statement {
    WRITER_BEGIN,
    WRITER_COMMIT,
    WRITER_ROLLBACK,
    WRITER_EPOCH,
    WRITER_CLAIM,
    WRITER_INSERT,
    WRITER_LAST,
    WRITER_SCAN,
    WRITER_LAST_RUN,
    WRITER_COVERED,
    WRITER_COVER_STREAMS,
    WRITER_COVER_RECEIPTS,
    WRITER_STREAM,
    WRITER_SNAPSHOT,
    WRITER_RUN,
    WRITER_PAGE,
    WRITER_OTHER,
    WRITER_RUNS,
    WRITER_PAGES,
    WRITER_OLDEST_RUN,
    WRITER_DELETE_PAGES,
    WRITER_DELETE_RUN,
    WRITER_OLDEST_DAY,
    WRITER_DELETE_OTHERS,
    WRITER_MODULE,
    WRITER_KIND,
    WRITER_KINDS,
    WRITER_STATEMENTS
};

enum reader_statement {
    READER_BEGIN,
    READER_END,
    READER_LOG,
    READER_RECORD,
    READER_HEAD,
    READER_PREVIOUS,
    READER_STREAM,
    READER_COVERED,
    READER_SNAPSHOT,
    READER_RUNS,
    READER_PAGE,
    READER_DAY,
    READER_OTHER,
    READER_STATEMENTS
};

struct reader {
    struct connection connection; /* opened when it is first needed */
    sqlite3_stmt *statements[READER_STATEMENTS];
};

struct sqlite_unit {
    struct unit base;
    char *lock_path;
    struct reader reader; /* the reading thread's */
    /* the writing thread's */
    int lock; /* -1: not claimed */
    struct connection writer;
    sqlite3_stmt *statements[WRITER_STATEMENTS];
    uint32_t wal_pages, wal_checkpointed; /* in the write-ahead log; there at the last checkpoint */
};

struct sqlite_store {
    struct unit_store base;
    char *directory, *holder;
    uint32_t wal_pages; /* so many more in the write-ahead log make a checkpoint due */
    /* Set once, after a write or sync failed; a thread that sees it late fails on the same disk itself, so relaxed
     * ordering is enough. */
    _Atomic bool failed;
};

struct sqlite_store *sqlite_of(const struct store *store);
static inline struct sqlite_unit *sqlite_unit_of(const struct unit *unit)
{
    return (struct sqlite_unit *)unit;
}
static inline struct sqlite_store *sqlite_store_of(const struct unit *unit)
{
    return (struct sqlite_store *)unit->store;
}
/* error_io, with a text, once the store has failed. */
enum error store_check(const struct unit *unit, struct store_fault *fault);

/* ---- files.c ---- */
enum error
files_open(const char *directory, const struct store_config *config, struct store_info *out, struct store_fault *fault);
/* Freed with free(); NULL when memory is out. */
char *file_path(const char *directory, const char *name, uint32_t unit, const char *suffix);

/* ---- schema.c ---- */
extern const char *const schema_migrations[];
extern const uint32_t schema_format; /* how many there are: the format that this program writes */

/* ---- sqlite_append.c ---- */
/* Begins a transaction and checks the epoch; error_fenced, and no transaction, when it is no longer the unit's own. */
enum error sqlite_begin(struct unit *unit, struct store_fault *fault);
enum error sqlite_commit(struct unit *unit, struct store_fault *fault);
/* Ends the transaction without it, if there is one. */
void sqlite_rollback(struct unit *unit);
/* Describes a result code of the writer's connection; the store has failed after error_io. */
enum error unit_fault(struct unit *unit, int code, const char *doing, struct store_fault *fault);
enum error sqlite_append(
    struct store *store, uint32_t unit, const struct store_record *records, size_t count, struct store_fault *fault);

/* ---- sqlite_maintain.c ---- */
enum error sqlite_maintain(struct store *store,
                           uint32_t unit,
                           const struct store_snapshot_write *snapshots,
                           size_t count,
                           uint32_t budget_ms,
                           bool *more,
                           struct store_fault *fault);
enum error sqlite_maintain_overdue(struct unit *unit, struct store_fault *fault);
/* Copies all of the write-ahead log into the file and empties it, if no reader is in the way. */
void checkpoint_finish(struct unit *unit);

/* ---- sqlite_read.c ---- */
void reader_close(struct reader *reader);
enum error reader_fault(struct unit *unit, int code, const char *doing, struct store_fault *fault);

extern const struct unit_writing sqlite_writing;   /* sqlite_write.c */
extern const struct unit_claiming sqlite_claiming; /* sqlite_claim.c */
extern const struct unit_reading sqlite_reading;   /* sqlite_read.c */

/* ---- sqlite_find.c ---- */
enum error sqlite_read_heads(struct store *store, struct store_partition *out, struct store_fault *fault);
enum error sqlite_find_receipt(struct unit *unit, struct wanted *wanted, struct store_fault *fault);

#endif
