/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A unit as backends with tables have it: what its owner keeps in memory, and everything about logs, streams, snapshots
 * and receipts that does not depend on how a database is spoken to. A backend gives tables of functions that put
 * rows into its tables and find them there (struct unit_writing, unit_claiming, unit_reading), embeds struct unit in
 * its own, and struct unit_store in its store.
 *
 *   unit.c       what belongs to a claim in memory
 *   batch.c      what an append checks, prepares and notes in memory
 *   tail.c       the stream index: its tail in memory, its table
 *   maintain.c   what is done between commits, a slice at a time
 *   snapshots.c  writing snapshots
 *   kinds.c      which kinds of events there are
 *   receipts.c   receipts: writing runs; expire.c forgets them, find.c finds one, recent.c gives the newest
 *   recover.c    what a claim rebuilds by scanning the log
 *   read.c       reading logs and streams; chain.c goes backward along a stream; look.c finds its end without the claim
 *   checksum.c   the checksums of rows and snapshots */
#ifndef STORE_UNIT_H
#define STORE_UNIT_H

#include <pthread.h>

#include "services/store/backend.h"
#include "services/store/kinds.h"
#include "services/store/receipt_set.h"
#include "services/store/sort.h"
#include "services/store/stream_map.h"

/* How much may gather before maintenance is due. At twice as much an append does the maintenance itself. */
#define LOOK_BYTES (64u << 20)
#define LOOK_BACK 16384
struct unit_limits {
    uint32_t streams;   /* streams in the tail */
    uint32_t rows;      /* rows that a claim would have to scan for the stream index */
    uint32_t receipts;  /* receipts in no run */
    size_t look_bytes;  /* what looks at streams of others' units keep in memory */
    uint32_t look_back; /* how far such a look goes back from a stream's end to the first event that it gives */
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
    uint64_t late_ms;    /* the newest version 7 id's time in the table of other receipts */
    uint64_t expired_ms; /* receipts of older ids are gone */
};
enum receipt_mark { RECEIPT_MARK_LATE, RECEIPT_MARK_EXPIRED };

/* How far a run's ids may be behind the newest id of the runs before it. */
#define RECEIPT_BEHIND_MS 900000
/* The pages of a run are numbered from run << RECEIPT_PAGE_BITS. */
#define RECEIPT_PAGE_BITS 20

#define CHAIN_SPAN 4096
#define CHAINS 32

/* A stream that was read: where every CHAIN_SPAN-th version is, so that reading on need not begin at its head. */
struct chain {
    uint64_t used; /* when, in turns; 0: never */
    uint64_t hash;
    uint8_t *key;
    size_t key_size, key_capacity;
    uint64_t *marks; /* i: seq of version i * CHAIN_SPAN; 0: not known */
    size_t mark_count, mark_capacity;
};

/* Those that were read last. */
struct chains {
    struct chain items[CHAINS];
    uint64_t uses;
    uint64_t positions[CHAIN_SPAN]; /* of one span's versions, while it is given */
};

/* A partition as who does not own it has seen it: look.c. */
struct seen {
    bool known;
    uint64_t covered, to, asked; /* the map has the streams of the records from covered to `to`; asked: where `to` was
                                    when covered was read */
    struct stream_map map;
};

struct partition_head {
    uint64_t head;
    int64_t time_us;
};

/* A partition as a new owner finds it: its end, and how far the tables cover it. */
struct partition_found {
    struct partition_head head;
    bool covered; /* the table says something of it */
    uint64_t streams, receipts;
};

struct unit_store;

struct unit {
    struct unit_store *store;
    uint32_t number;
    uint32_t count;        /* of its partitions: number + i * units is the i-th */
    char *name;            /* for faults: its file, or its server and number */
    struct chains *chains; /* the reading thread's; NULL: it has read no stream */
    /* the writing thread's */
    struct store_claim *claim; /* NULL: not claimed */
    struct partition_head *heads;
    struct sort_item *order, *order_scratch; /* append's: the batch by position */
    size_t order_capacity;
    struct receipt_marks marks;
    struct kind_set kinds; /* of events that are in the log */
    bool expire;           /* there may be receipts older than the retention */
    /* both threads', under the mutex; only the writing thread changes them, so it may read without */
    pthread_mutex_t mutex;
    bool claimed;
    struct tail tail;
    struct receipt_set pending; /* receipts that are in no table yet */
};

/* What is looked for among receipts, as entries are compared. */
struct wanted {
    struct receipt_entry entry;
    uint64_t time_ms;
    bool timed; /* a version 7 id */
    bool found;
    uint64_t position;
};

/* A stream's row in the stream table and its snapshot, as far as they are there; state is valid until read_end. */
struct looked {
    struct store_head head;
    bool snapshot;
    struct store_snapshot kept;
    uint64_t checksum;
};

/* One event of a chain: where it is and what it says of itself; version 0 when it is not there. */
typedef enum error (*chain_step)(void *context, uint64_t seq, uint64_t version, uint64_t previous);

/* What a backend does with its tables, in three tables of functions. Functions that fail say so in fault. Records are
 * given with their checksum proved; one that is asked for by its position and is not there is given as a zeroed one. */

/* The writing thread's. Between begin and commit everything is of one transaction, in which the epoch is checked. Rows
 * that were put may be sent not before settle or commit, and their errors may come then. */
struct unit_writing {
    enum error (*begin)(struct unit *unit, struct store_fault *fault);
    enum error (*settle)(struct unit *unit, struct store_fault *fault);
    enum error (*commit)(struct unit *unit, struct store_fault *fault); /* when it fails, it has rolled back */
    void (*rollback)(struct unit *unit);                                /* of what was begun, if anything was */
    enum error (*put_stream)(struct unit *unit,
                             const struct stream_entry *entry,
                             struct slice key,
                             struct store_fault *fault);
    enum error (*cover_streams)(struct unit *unit, uint32_t partition, uint64_t seq, struct store_fault *fault);
    enum error (*cover_receipts)(struct unit *unit, uint32_t partition, uint64_t seq, struct store_fault *fault);
    enum error (*put_snapshot)(struct unit *unit,
                               const struct store_snapshot_write *write,
                               struct slice key,
                               uint64_t checksum,
                               struct store_fault *fault);
    enum error (*put_run)(struct unit *unit,
                          const struct receipt_marks *marks,
                          uint64_t min_ms,
                          uint64_t count,
                          uint64_t pages,
                          struct store_fault *fault);
    enum error (*put_page)(struct unit *unit, uint64_t number, struct slice page, struct store_fault *fault);
    enum error (*put_other)(struct unit *unit,
                            uint64_t day,
                            const struct receipt_entry *entry,
                            struct store_fault *fault);
    enum error (*put_mark)(struct unit *unit, enum receipt_mark mark, uint64_t value, struct store_fault *fault);
    enum error (*put_module)(struct unit *unit,
                             uint64_t fingerprint,
                             struct slice description,
                             struct store_fault *fault);
    enum error (*put_kind)(struct unit *unit, const struct store_kind *kind, struct store_fault *fault);
    enum error (*oldest_run)(
        struct unit *unit, uint64_t *run, uint64_t *max_ms, bool *found, struct store_fault *fault);
    enum error (*delete_run)(struct unit *unit, uint64_t run, struct store_fault *fault);
    enum error (*oldest_day)(struct unit *unit, uint64_t *day, bool *found, struct store_fault *fault);
    enum error (*delete_day)(struct unit *unit, uint64_t day, struct store_fault *fault); /* some of its rows */
};

/* The writing thread's, reading what a new owner needs. */
struct unit_claiming {
    enum error (*find_partitions)(struct unit *unit, struct partition_found *out, struct store_fault *fault);
    enum error (*find_marks)(struct unit *unit, struct receipt_marks *out, struct store_fault *fault);
    enum error (*find_kinds)(struct unit *unit,
                             enum error (*visit)(void *context, const struct store_kind *kind),
                             void *context,
                             struct store_fault *fault);
    enum error (*scan)(struct unit *unit,
                       uint32_t partition,
                       uint64_t after_seq,
                       store_visit visit,
                       void *context,
                       struct store_fault *fault);
    enum error (*newest_runs)(struct unit *unit,
                              bool (*visit)(void *context, uint64_t run, uint64_t max_ms, uint64_t count),
                              void *context,
                              struct store_fault *fault);
    enum error (*pages)(struct unit *unit,
                        uint64_t run,
                        enum error (*visit)(void *context, struct slice page),
                        void *context,
                        struct store_fault *fault);
};

/* The reading thread's. What is read between begin and end sees all that had committed at the begin. */
struct unit_reading {
    enum error (*read_begin)(struct unit *unit, struct store_fault *fault);
    void (*read_end)(struct unit *unit);
    enum error (*read_log)(struct unit *unit,
                           uint32_t partition,
                           uint64_t after_seq,
                           uint32_t limit,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault);
    enum error (*look)(struct unit *unit,
                       uint64_t hash,
                       struct slice key,
                       bool head,
                       bool snapshot,
                       struct looked *out,
                       struct store_fault *fault);
    /* Up to which seq the stream table has the streams of a partition. */
    enum error (*covered)(struct unit *unit, uint32_t partition, uint64_t *out, struct store_fault *fault);
    enum error (*walk)(struct unit *unit,
                       uint32_t partition,
                       uint64_t seq,
                       uint64_t count,
                       chain_step step,
                       void *context,
                       struct store_fault *fault);
    enum error (*records)(struct unit *unit,
                          const uint64_t *positions,
                          size_t count,
                          store_visit visit,
                          void *context,
                          struct store_fault *fault);
    /* Sets found and position of what is wanted, if it is in the tables of receipts. */
    enum error (*find_receipt)(struct unit *unit, struct wanted *wanted, struct store_fault *fault);
};

struct unit_store {
    struct store base;
    const struct unit_writing *writing;
    const struct unit_claiming *claiming;
    const struct unit_reading *reading;
    struct store_info info;
    struct unit_limits limits;
    struct store_readers readers;
    uint64_t receipts_in_memory, retention_ms;
    struct unit **units;
    struct seen *seen; /* by partition, once somebody looks; of the looking thread */
};

static inline struct unit *unit_of(const struct store *store, uint32_t number)
{
    return ((const struct unit_store *)store)->units[number];
}
static inline const struct unit_writing *writing(const struct unit *unit)
{
    return unit->store->writing;
}
static inline const struct unit_claiming *claiming(const struct unit *unit)
{
    return unit->store->claiming;
}
static inline const struct unit_reading *reading(const struct unit *unit)
{
    return unit->store->reading;
}
static inline uint32_t unit_place(const struct unit *unit, uint32_t partition)
{
    return partition / unit->store->info.units;
}
static inline uint32_t unit_partition(const struct unit *unit, uint32_t place)
{
    return unit->number + place * unit->store->info.units;
}

/* ---- unit.c ---- */
/* Sets up a zeroed unit, which takes the name. Freed with unit_fini, which is safe on a zeroed one. */
void unit_init(struct unit *unit, struct unit_store *store, uint32_t number, char *name);
void unit_fini(struct unit *unit);
/* Makes what belongs to a claim, whose epoch the backend sets; unit_leave forgets it. */
enum error unit_enter(struct unit *unit, struct store_fault *fault);
void unit_leave(struct unit *unit);
/* From here on streams and receipts can be read. */
void unit_own(struct unit *unit);
void unit_info(const struct store *store, struct store_info *out);
enum error unit_describe(
    struct store *store, uint32_t unit, uint64_t fingerprint, struct slice description, struct store_fault *fault);

/* ---- batch.c ---- */
/* Makes room for what a batch changes in memory and puts it into the order of positions (unit->order): the partitions
 * of a batch one after the other, so that the pages at the end of each are touched once. Asserts that each partition's
 * seqs go on from its head. After the commit, batch_note does the changes and cannot fail. */
enum error
batch_prepare(struct unit *unit, const struct store_record *records, size_t count, struct store_fault *fault);
void batch_note(struct unit *unit, const struct store_record *records, size_t count);

/* ---- kinds.c ---- */
/* Is there an event of a kind that the unit does not hold yet? */
bool kinds_new(const struct unit *unit, const struct store_record *records, size_t count);
/* Writes those kinds, in a transaction that the caller has begun and that ends before the events are there, or with
 * them. */
enum error kinds_write(struct unit *unit, const struct store_record *records, size_t count, struct store_fault *fault);
/* After the commit. */
void kinds_note(struct unit *unit, const struct store_record *records, size_t count);
/* Fills the unit's kinds; error_unreadable when there is one that this process cannot read. */
enum error kinds_recover(struct unit *unit, struct store_fault *fault);

/* ---- recover.c ---- */
/* Fills the kinds, the heads, the claim's partitions, the tail, the pending receipts and the marks. */
enum error unit_recover(struct unit *unit, struct store_fault *fault);

/* ---- maintain.c ---- */
enum error unit_maintain(struct unit *unit,
                         const struct store_snapshot_write *snapshots,
                         size_t count,
                         uint32_t budget_ms,
                         bool *more,
                         struct store_fault *fault);
/* Maintenance for an append that finds twice as much gathered as is due. */
enum error unit_maintain_overdue(struct unit *unit, struct store_fault *fault);
/* Everything that is left, for an owner that leaves; the next one then has nothing to scan. */
void unit_maintain_finish(struct unit *unit);
/* Monotonic microseconds. */
bool clock_passed(uint64_t deadline_us);

/* ---- tail.c ---- */
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

/* The entries of a page as it is stored: they, sorted, and their XXH3-64 in 8 bytes, big-endian. error_corrupt when
 * that does not hold. */
enum error page_open(const struct unit *unit,
                     struct slice page,
                     const struct receipt_entry **entries,
                     size_t *count,
                     struct store_fault *fault);

/* ---- expire.c ---- */
/* Deletes a little of what is older than the retention, in a transaction that the caller has begun. *more: there may be
 * more of it. */
enum error receipts_expire(struct unit *unit, uint64_t *expired_ms, bool *more, struct store_fault *fault);

/* ---- recent.c ---- */
enum error unit_recent_receipts(struct store *store,
                                uint32_t unit,
                                void (*visit)(void *context, const struct store_receipt *receipt),
                                void *context,
                                uint64_t *since_ms,
                                uint64_t *expired_ms,
                                struct store_fault *fault);

/* ---- find.c ---- */
/* Looks through a page. *order, which may be NULL, says where to look on: < 0 in pages before it, > 0 in those after, 0
 * nowhere. */
enum error
wanted_search(const struct unit *unit, struct wanted *wanted, struct slice page, int *order, struct store_fault *fault);
enum error unit_find_receipt(struct store *store,
                             uint32_t unit,
                             const struct uuid *id,
                             uint64_t stream_hash,
                             struct store_receipt *out,
                             struct store_fault *fault);

/* A stream as a reader looks at it; the key is made once. */
struct look {
    struct unit *unit;
    const struct stream *stream;
    uint64_t hash;
    struct slice key;
};

/* ---- look.c ---- */
/* Where a stream ends by what is committed, the unit claimed or not, and its snapshot when asked for. Begins a read,
 * which read_end ends, also after an error. */
enum error look_head(const struct look *look, bool snapshot, struct looked *out, struct store_fault *fault);
void looks_fini(struct unit_store *store);
/* What is kept in memory of all partitions. */
size_t looks_bytes(const struct unit_store *store);

/* ---- read.c, chain.c ---- */
/* Gives a stream's events with versions above base up to top, in order, between read_begin and read_end. When they
 * begin more than `back` versions, CHAIN_SPAN at least, before the head or a place that is known, none is given, and a
 * place nearer to them is known afterwards. */
enum error chain_read(const struct look *look,
                      const struct store_head *head,
                      uint64_t base,
                      uint64_t top,
                      uint64_t back,
                      store_visit visit,
                      void *context,
                      struct store_fault *fault);
void chains_free(struct chains **chains);
enum error unit_read_stream(struct store *store,
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
enum error unit_read_events(struct store *store,
                            uint32_t unit,
                            const struct stream *stream,
                            uint64_t stream_hash,
                            uint64_t after_version,
                            uint32_t limit,
                            store_visit visit,
                            void *context,
                            struct store_fault *fault);
enum error unit_look_stream(struct store *store,
                            const struct store_look *wanted,
                            struct store_head *head,
                            struct store_fault *fault);
enum error unit_read_log(struct store *store,
                         uint32_t partition,
                         uint64_t after_seq,
                         uint32_t limit,
                         store_visit visit,
                         void *context,
                         struct store_fault *fault);

#endif
