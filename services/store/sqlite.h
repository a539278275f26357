/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the SQLite backend share. A unit is one log file with one writer's connection and one reader's.
 *
 *   sqlite.c     the table of operations; opening, closing, claiming, releasing
 *   lock.c       the kernel lock that proves that only one process writes a file
 *   files.c      making the files of a new store, checking those of an old one
 *   schema.c     migrations
 *   append.c     appending, and the fenced transaction that all writing uses
 *   maintain.c   what is done between commits, a slice at a time; checkpoints
 *   index.c      the stream index: its tail in memory, its table on disk
 *   snapshots.c  snapshots: writing them, and their checksum
 *   receipts.c   receipts: writing runs; expire.c forgets them, find.c finds one, recent.c gives the newest
 *   recover.c    what a claim rebuilds by scanning the log
 *   read.c       reading logs and streams; chain.c goes backward along a stream
 *   row.c        rows and their checksum; connection.c connections and result codes */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <pthread.h>

#include "services/store/connection.h"
#include "services/store/receipt_set.h"
#include "services/store/sort.h"
#include "services/store/stream_map.h"

/* How much may gather before maintenance is due. At twice as much an append does the maintenance itself. */
struct sqlite_limits {
    uint32_t streams;   /* streams in the tail */
    uint32_t rows;      /* rows that a claim would have to scan for the stream index */
    uint32_t receipts;  /* receipts in no run */
    uint32_t wal_pages; /* pages in the write-ahead log since the last checkpoint */
};

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
    WRITER_RECORD,
    WRITER_OLDEST_RUN,
    WRITER_DELETE_PAGES,
    WRITER_DELETE_RUN,
    WRITER_OLDEST_DAY,
    WRITER_DELETE_OTHERS,
    WRITER_MODULE,
    WRITER_STATEMENTS
};

enum reader_statement {
    READER_BEGIN,
    READER_END,
    READER_LOG,
    READER_RECORD,
    READER_PREVIOUS,
    READER_STREAM,
    READER_SNAPSHOT,
    READER_RUNS,
    READER_PAGE,
    READER_DAY,
    READER_OTHER,
    READER_STATEMENTS
};

/* The streams that the stream table does not know yet, or not their newest heads. Appends go into the active map; while
 * the other one, frozen, is being written its streams come from there. */
struct tail {
    struct stream_map maps[2];
    unsigned active;                         /* which of the two */
    bool frozen;                             /* the other is being written */
    struct sort_item *order, *order_scratch; /* the frozen map's entries by hash */
    size_t order_capacity;
    size_t written;         /* of the frozen map's entries */
    uint64_t *frozen_heads; /* by the unit's partitions: what the table covers when they are all written */
    size_t rows;            /* appended since the last freezing */
};

/* Where the receipt tables end. */
struct receipt_marks {
    uint64_t next_run;
    uint64_t max_ms;     /* the newest id's time in any run */
    uint64_t late_ms;    /* the newest version 7 id's time in receipt_other */
    uint64_t expired_ms; /* receipts of older ids are gone */
};

/* How far a run's ids may be behind the newest id of the runs before it. */
#define RECEIPT_BEHIND_MS 900000

/* The stream that was read last: where every CHAIN_SPAN-th version is, so that reading on need not begin at its head.
 */
struct chain {
    uint64_t hash;
    uint8_t *key;
    size_t key_size, key_capacity;
    uint64_t *marks; /* i: seq of version i * CHAIN_SPAN; 0: not known */
    size_t mark_count, mark_capacity;
    uint64_t *seqs; /* of one span's versions */
};
#define CHAIN_SPAN 4096

struct reader {
    struct connection connection; /* opened when it is first needed */
    sqlite3_stmt *statements[READER_STATEMENTS];
    struct chain chain;
};

struct partition_head {
    uint64_t head;
    int64_t time_us;
};

struct sqlite_store;

struct unit {
    struct sqlite_store *store;
    uint32_t number;
    uint32_t count; /* of its partitions: number + i * units is the i-th */
    char *path, *lock_path;
    struct reader reader; /* the reading thread's */
    /* the writing thread's */
    int lock; /* -1: not claimed */
    struct connection writer;
    sqlite3_stmt *statements[WRITER_STATEMENTS];
    struct store_claim *claim;
    struct partition_head *heads;
    struct sort_item *order, *order_scratch; /* append's: the batch by position */
    size_t order_capacity;
    uint32_t wal_pages, wal_checkpointed; /* in the write-ahead log; there at the last checkpoint */
    struct receipt_marks marks;
    bool expire; /* there may be receipts older than the retention */
    /* both threads', under the mutex; only the writing thread changes them, so it may read without */
    pthread_mutex_t mutex;
    bool claimed;
    struct tail tail;
    struct receipt_set pending; /* receipts that are in no table yet */
};

struct sqlite_store {
    struct store base;
    char *directory, *holder;
    struct store_info info;
    uint64_t receipts_in_memory, retention_ms;
    struct sqlite_limits limits;
    /* Set once, after a write or sync failed; a thread that sees it late fails on the same disk itself, so relaxed
     * ordering is enough. */
    _Atomic bool failed;
    struct unit *units;
};

struct sqlite_store *sqlite_of(const struct store *store);
static inline struct unit *unit_of(const struct store *store, uint32_t number)
{
    return &sqlite_of(store)->units[number];
}
static inline uint32_t unit_place(const struct unit *unit, uint32_t partition)
{
    return partition / unit->store->info.units;
}
static inline uint32_t unit_partition(const struct unit *unit, uint32_t place)
{
    return unit->number + place * unit->store->info.units;
}
/* error_io, with a text, once the store has failed. */
enum error store_check(const struct sqlite_store *store, struct store_fault *fault);

/* ---- lock.c ---- */
/* Takes the lock and writes the holder's name into it; error_locked names the holder of a lock that is taken. */
enum error lock_take(const char *path, const char *holder, int *out, struct store_fault *fault);
void lock_give(int *lock);
/* Waits for a lock that is held for moments only. */
enum error lock_wait(const char *path, int *out, struct store_fault *fault);

/* ---- files.c ---- */
enum error
files_open(const char *directory, const struct store_config *config, struct store_info *out, struct store_fault *fault);
/* Freed with free(); NULL when memory is out. */
char *file_path(const char *directory, const char *name, uint32_t unit, const char *suffix);

/* ---- schema.c ---- */
extern const char *const schema_migrations[];
extern const uint32_t schema_format; /* how many there are: the format that this program writes */
/* Brings a file from its format to that of the last migration. */
enum error schema_migrate(struct connection *connection,
                          const char *const *migrations,
                          uint32_t count,
                          uint32_t from,
                          struct store_fault *fault);
/* error_newer_schema when the file's format is above count; error_corrupt when it has none. */
enum error schema_check(struct connection *connection, uint32_t count, uint32_t *format, struct store_fault *fault);
enum error meta_get(struct connection *connection, const char *key, uint64_t *out, struct store_fault *fault);
enum error meta_put(struct connection *connection, const char *key, uint64_t value, struct store_fault *fault);

/* ---- append.c ---- */
/* Begins a transaction and checks the epoch; error_fenced, and no transaction, when it is no longer the unit's own. */
enum error unit_begin(struct unit *unit, struct store_fault *fault);
enum error unit_commit(struct unit *unit, struct store_fault *fault);
/* Ends the transaction without it, if there is one. */
void unit_rollback(struct unit *unit);
/* Describes a result code of the writer's connection; the store has failed after error_io. */
enum error unit_fault(struct unit *unit, int code, const char *doing, struct store_fault *fault);
enum error sqlite_append(
    struct store *store, uint32_t unit, const struct store_record *records, size_t count, struct store_fault *fault);

/* ---- recover.c ---- */
enum error unit_recover(struct unit *unit, struct store_fault *fault);

/* ---- maintain.c ---- */
enum error sqlite_maintain(struct store *store,
                           uint32_t unit,
                           const struct store_snapshot_write *snapshots,
                           size_t count,
                           uint32_t budget_ms,
                           bool *more,
                           struct store_fault *fault);
/* Maintenance for an append that finds twice as much gathered as is due. */
enum error maintain_overdue(struct unit *unit, struct store_fault *fault);
/* Everything that is left, for an owner that leaves; the next one then has nothing to scan. */
void maintain_finish(struct unit *unit);
/* Monotonic microseconds. */
bool clock_passed(uint64_t deadline_us);
/* Copies all of the write-ahead log into the file and empties it, if no reader is in the way. */
void checkpoint_finish(struct unit *unit);

/* ---- index.c ---- */
/* Room in the active map for so many more streams. */
enum error tail_reserve(struct unit *unit, size_t streams, size_t key_bytes);
/* The mutex is held. */
void tail_put(struct unit *unit, const struct store_record *record);
/* Hints, after tail_reserve and some time before tail_put. */
void tail_prefetch(const struct unit *unit, const struct store_record *record);
void tail_prefetch_entry(const struct unit *unit, const struct store_record *record);
bool tail_find(const struct unit *unit, const struct stream *stream, uint64_t hash, struct store_head *out);
bool tail_due(const struct unit *unit, uint32_t times);
/* Takes all that was appended so far to be written. */
enum error tail_freeze(struct unit *unit);
/* Writes frozen streams, in a transaction that the caller has begun, until the deadline; *written are done. When those
 * are the last, what the table covers is written too. */
enum error tail_write(struct unit *unit, uint64_t deadline_us, size_t *written, struct store_fault *fault);
/* After the commit. */
void tail_written(struct unit *unit, size_t written);
void tail_fini(struct tail *tail);

/* ---- snapshots.c ---- */
uint64_t snapshot_checksum(uint64_t hash, struct slice key, const struct store_snapshot *snapshot);
enum error
snapshots_write(struct unit *unit, const struct store_snapshot_write *writes, size_t count, struct store_fault *fault);

/* ---- receipts.c ---- */
bool receipts_due(const struct unit *unit, uint32_t times);
/* Writes all that is pending, in a transaction that the caller has begun, and says what the marks are after it. */
enum error receipts_write(struct unit *unit, struct receipt_marks *after, struct store_fault *fault);
/* After the commit. */
void receipts_written(struct unit *unit, const struct receipt_marks *after);
/* Milliseconds of the unit's newest record. */
uint64_t unit_newest_ms(const struct unit *unit);

/* ---- expire.c ---- */
/* Deletes a little of what is older than the retention, in a transaction that the caller has begun. *more: there may be
 * more of it. */
enum error receipts_expire(struct unit *unit, uint64_t *expired_ms, bool *more, struct store_fault *fault);

/* ---- recent.c ---- */
enum error sqlite_recent_receipts(struct store *store,
                                  uint32_t unit,
                                  void (*visit)(void *context, const struct store_receipt *receipt),
                                  void *context,
                                  uint64_t *since_ms,
                                  uint64_t *expired_ms,
                                  struct store_fault *fault);

/* ---- find.c ---- */
enum error sqlite_find_receipt(struct store *store,
                               uint32_t unit,
                               const struct uuid *id,
                               uint64_t stream_hash,
                               struct store_receipt *out,
                               struct store_fault *fault);

/* ---- read.c, chain.c ---- */
enum error reader_open(struct unit *unit, struct store_fault *fault);
void reader_close(struct reader *reader);
/* What is read until the end is of one moment; without it each statement takes and gives back the locks of its own. */
enum error read_begin(struct unit *unit, struct store_fault *fault);
void read_end(struct unit *unit);
enum error reader_fault(struct unit *unit, int code, const char *doing, struct store_fault *fault);
/* Gives a stream's events with versions above base up to top, in order. */
enum error chain_read(struct unit *unit,
                      uint32_t partition,
                      const struct stream *stream,
                      uint64_t hash,
                      const struct store_head *head,
                      uint64_t base,
                      uint64_t top,
                      store_visit visit,
                      void *context,
                      struct store_fault *fault);
enum error sqlite_read_stream(struct store *store,
                              uint32_t unit,
                              const struct stream *stream,
                              uint64_t stream_hash,
                              uint64_t to_version,
                              bool use_snapshot,
                              struct store_head *head,
                              enum error (*snapshot)(void *context, const struct store_snapshot *snapshot),
                              store_visit visit,
                              void *context,
                              struct store_fault *fault);
enum error sqlite_read_events(struct store *store,
                              uint32_t unit,
                              const struct stream *stream,
                              uint64_t stream_hash,
                              uint64_t after_version,
                              uint32_t limit,
                              store_visit visit,
                              void *context,
                              struct store_fault *fault);
enum error sqlite_read_log(struct store *store,
                           uint32_t partition,
                           uint64_t after_seq,
                           uint32_t limit,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault);

#endif
