/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The event store: an append-only log of records in dense positions, with receipts, snapshots and a small index of
 * streams. Each backend is one const table of functions (struct store_ops); callers use the store_* wrappers and never
 * know which. One differential suite runs the same cases on every backend.
 *
 * Log first, small index later. An append writes rows by position only. Each event carries the seq of its stream's
 * previous event, so a stream is read backward from its head to the last snapshot. The stream index (stream -> head,
 * version, snapshot) and the runs of receipts are written by the same owner between commits, with the position they
 * cover; what is not covered yet is kept in memory and rebuilt by scanning the log from the covered position when a
 * unit is claimed. Nothing outside a backend may assume that an index is written with, or without, a commit.
 *
 * Units. Partitions belong to ownership units (SQLite: unit = file, partition p in unit p mod units). A process claims
 * a unit before it writes there; claiming raises the unit's epoch, and every write of an owner checks, in its own
 * transaction, that the epoch is still its own (error_fenced otherwise).
 *
 * Threads. For one unit, the functions marked (writer) are called by one thread at a time and those marked (reader) by
 * one thread at a time; a writer and a reader may run at once. Different units are independent.
 *
 * Faults: error_no_space, error_read_only, error_locked, error_corrupt, error_newer_schema, error_unreadable,
 * error_fenced, error_unknown_outcome, error_unreachable, error_login_refused, error_io. After error_io from an append
 * the caller must exit: nothing that was written since the last sync may be acknowledged. fault->text says what and
 * where, for a person. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "proto/error.h"
#include "proto/identity.h"
#include "proto/status.h"

struct store;

struct store_fault {
    char text[256];
};

/* A kind of event: what a module must know to read one. */
struct store_kind {
    struct slice namespace, resource, event;
    uint32_t schema; /* its version */
};

/* Says whether this process can read a kind of event. NULL: any; so for those who only look at the log. Called by every
 * thread that claims, and by the one that beats. */
struct store_readers {
    bool (*reads)(void *context, const struct store_kind *kind);
    void *context;
};

struct store_config {
    const char *url;             /* memory: | sqlite:DIRECTORY | postgresql://... (one or more, separated by spaces) */
    uint32_t partitions;         /* used when the store is created, 0: the backend's own; fixed afterwards */
    uint32_t units;              /* likewise */
    bool create;                 /* make it when it is not there */
    const char *holder;          /* who claims, for error messages: "shard-0 pid 4711" */
    const char *member;          /* the name of this process in the pool; stores without a pool do not use it */
    uint64_t boot;               /* random: tells this process from others of its name */
    uint32_t lease_ms;           /* stores with a pool; 0: 3,000 */
    uint64_t incarnation;        /* used when the store is created: random, names this log for ever */
    uint32_t receipts_in_memory; /* a unit's receipts kept in memory before they spill; 0: 262,144 */
    uint64_t retention_ms;       /* 0: limit_retention_ms */
    size_t look_bytes;           /* what looks at streams keep of logs in memory; 0: 64 MiB */
    struct store_readers readers;
};

struct store_info {
    uint32_t partitions, units;
    uint64_t incarnation;
};

/* One row of the log. Strings are views; the store copies what it keeps. */
struct store_record {
    uint32_t partition;
    uint64_t seq;      /* dense within the partition, from 1 */
    uint64_t previous; /* seq of the stream's previous event; 0 for the first, and for rows without an event */
    uint64_t version;  /* of the aggregate after this record */
    int64_t time_us;
    struct stream stream;
    uint64_t stream_hash;
    struct slice event; /* event type; empty: a decided command without events */
    uint32_t schema;    /* of the event's data */
    struct slice data;  /* event data; without event: the reply's body (a msgpack map) */
    struct uuid id;     /* of the command */
    struct slice command, user, traceparent;
    bool receipt; /* the last row of its command: status and hash are valid */
    enum status status;
    uint8_t hash[16]; /* payload_hash */
};

/* What a receipt says. */
struct store_receipt {
    struct uuid id;
    uint64_t stream_hash;
    uint32_t partition;
    uint64_t seq, version;
    enum status status;
    uint8_t hash[16];
};

/* The receipt that a record with receipt = true is. */
static inline void receipt_from_record(const struct store_record *record, struct store_receipt *out)
{
    *out = (struct store_receipt){.id = record->id,
                                  .stream_hash = record->stream_hash,
                                  .partition = record->partition,
                                  .seq = record->seq,
                                  .version = record->version,
                                  .status = record->status};
    memcpy(out->hash, record->hash, sizeof out->hash);
}

struct store_partition {
    uint32_t partition;
    uint64_t head;   /* last seq, 0 when empty */
    int64_t time_us; /* of the last record */
};

/* What claiming a unit gives its new owner. */
struct store_claim {
    uint32_t unit;
    uint64_t epoch;
    uint32_t count;                     /* partitions of the unit */
    struct store_partition *partitions; /* owned by the store, valid until the unit is released */
};

struct store_snapshot {
    uint64_t version, seq; /* of the last event in it; 0: none */
    int64_t time_us;
    uint64_t fingerprint; /* of the module that wrote it */
    struct slice state;
};

/* ---- the pool: processes that share one log and take its units in turns ---- */

#define STORE_NAME_MAX 64

struct store_member {
    char name[STORE_NAME_MAX];
    uint64_t boot;
    uint64_t load; /* commands a second, as it says of itself */
    bool leaving;  /* gives its units up and takes none */
    uint64_t
        unreadable; /* bit u: it cannot read the events of unit u, so it is not to have it; of the first 64 units */
};

struct store_owner {
    int32_t member; /* place in members; -1: nobody, or nobody whose lease still runs */
    uint64_t epoch;
    uint64_t load; /* commands a second on this unit, as its owner said last */
};

/* Who is there and who owns what, by the store's own clock; the same for all who look at the same time. */
struct store_pool {
    uint32_t member_count, self;  /* self: place of this process in members */
    struct store_member *members; /* alive, by name, then boot */
    uint32_t unit_count;
    struct store_owner *units; /* by number */
    char unreadable[256];      /* which kind of event this process cannot read, for people; empty: it can read all */
};

/* What a process says with a beat. */
struct store_beat {
    uint64_t load;
    const uint64_t *unit_loads; /* one a unit of the log; those not owned are not looked at */
    bool leaving;
};

/* The base of a stream as the index knows it. */
struct store_head {
    uint64_t head, version; /* 0, 0: the stream does not exist */
};

/* Returns 0 to go on, another error to stop with that error. The record's slices are valid only during the call. */
typedef enum error (*store_visit)(void *context, const struct store_record *record);

/* What somebody wants to see of a stream that he need not own. */
struct store_look {
    const struct stream *stream;
    uint64_t stream_hash;
    uint64_t after_version;
    uint32_t limit; /* events */
    /* Is asked for the newest snapshot when it is newer than after_version, before the first event; true: it is taken,
     * and events begin after it. NULL: events alone. */
    bool (*take)(void *context, const struct store_snapshot *snapshot);
    store_visit visit;
    void *context;
};

struct store_snapshot_write {
    uint32_t partition;
    struct stream stream;
    uint64_t stream_hash;
    struct store_snapshot snapshot;
};

struct store_ops {
    const char *scheme;
    uint32_t partitions, units; /* of a store that is made by a configuration that leaves them open */
    enum error (*open)(struct store **out, const struct store_config *config, struct store_fault *fault);
    void (*close)(struct store **store); /* releases what is claimed */
    void (*info)(const struct store *store, struct store_info *out);
    enum error (*claim)(struct store *store, uint32_t unit, const struct store_claim **out, struct store_fault *fault);
    void (*release)(struct store *store, uint32_t unit);
    enum error (*append)(struct store *store,
                         uint32_t unit,
                         const struct store_record *records,
                         size_t count,
                         struct store_fault *fault);
    enum error (*maintain)(struct store *store,
                           uint32_t unit,
                           const struct store_snapshot_write *snapshots,
                           size_t count,
                           uint32_t budget_ms,
                           bool *more,
                           struct store_fault *fault);
    enum error (*read_stream)(struct store *store,
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
    enum error (*read_events)(struct store *store,
                              uint32_t unit,
                              const struct stream *stream,
                              uint64_t stream_hash,
                              uint64_t after_version,
                              uint32_t limit,
                              store_visit visit,
                              void *context,
                              struct store_fault *fault);
    enum error (*look_stream)(struct store *store,
                              const struct store_look *look,
                              struct store_head *head,
                              struct store_fault *fault);
    enum error (*read_log)(struct store *store,
                           uint32_t partition,
                           uint64_t after_seq,
                           uint32_t limit,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault);
    enum error (*read_heads)(struct store *store, struct store_partition *out, struct store_fault *fault);
    enum error (*find_receipt)(struct store *store,
                               uint32_t unit,
                               const struct uuid *id,
                               uint64_t stream_hash,
                               struct store_receipt *out,
                               struct store_fault *fault);
    enum error (*recent_receipts)(struct store *store,
                                  uint32_t unit,
                                  void (*visit)(void *context, const struct store_receipt *receipt),
                                  void *context,
                                  uint64_t *since_ms,
                                  uint64_t *expired_ms,
                                  struct store_fault *fault);
    enum error (*describe)(
        struct store *store, uint32_t unit, uint64_t fingerprint, struct slice description, struct store_fault *fault);
    /* NULL in stores without a pool: */
    enum error (*beat)(struct store *store,
                       const struct store_beat *beat,
                       struct store_pool **out,
                       struct store_fault *fault);
    uint64_t (*lease_until)(const struct store *store);
};

/* Opens by the URL's scheme; error_bad_settings for one that is not known. Creates when config->create. */
enum error store_open(struct store **out, const struct store_config *config, struct store_fault *fault);
void store_close(struct store **store);
void store_info(const struct store *store, struct store_info *out);

/* (writer) Becomes the owner of a unit, at a raised epoch. error_locked while another process holds it (in a pool:
 * while its lease runs and it has not released the unit). In a pool, wants a beat before; what the owner before still
 * has under way at the store is ended first, so that nothing of it can take effect afterwards. error_unreadable when
 * the unit holds a kind of event that this process cannot read (config.readers). */
enum error store_claim(struct store *store, uint32_t unit, const struct store_claim **out, struct store_fault *fault);
void store_release(struct store *store, uint32_t unit);

/* (writer) Appends records, all or none, durable on return. Each partition's seqs must go on from its head. After
 * error_no_space (or error_no_memory, error_locked) nothing of them is there and the store can be used on. When
 * maintenance has been left undone for long, it does some first, so that memory and restarts stay bounded. */
enum error store_append(
    struct store *store, uint32_t unit, const struct store_record *records, size_t count, struct store_fault *fault);

/* (writer) Between commits: writes snapshots and a slice of the index and of the receipt runs, for about budget_ms.
 * *more says that work is left. Losing any of it is harmless. */
enum error store_maintain(struct store *store,
                          uint32_t unit,
                          const struct store_snapshot_write *snapshots,
                          size_t count,
                          uint32_t budget_ms,
                          bool *more,
                          struct store_fault *fault);

/* (reader) Gives a stream up to to_version (UINT64_MAX: all): its head, the newest usable snapshot (when asked, and if
 * there is one whose checksum holds), then the events after it in order. A checksum that fails on an event is
 * error_corrupt. snapshot and head may be NULL; *head is set when all went well. Streams and receipts are read by the
 * unit's owner only: error_fenced when the unit is not claimed here. */
enum error store_read_stream(struct store *store,
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

/* (reader) A page of a stream's events with versions above after_version, in order. */
enum error store_read_events(struct store *store,
                             uint32_t unit,
                             const struct stream *stream,
                             uint64_t stream_hash,
                             uint64_t after_version,
                             uint32_t limit,
                             store_visit visit,
                             void *context,
                             struct store_fault *fault);

/* (reader of all units: one thread for the whole store) As store_read_events, for who does not own the stream's unit,
 * and beside who does: gives what had committed when the call began, or more. *head, which may be NULL, is set
 * before anything is given, to where the stream ends, 0 and 0 when there is none. What was appended after the
 * position that the stream index covers is scanned once and kept in bounded memory, so that the next look scans only
 * what is newer. A call goes a bounded way back from the stream's end: when the first event is further away, it gives
 * none, though there are some, and the next call goes on from there. */
enum error store_look_stream(struct store *store,
                             const struct store_look *look,
                             struct store_head *head,
                             struct store_fault *fault);

/* (reader) A page of a partition's records (receipts too) with seq above after_seq, in order. */
enum error store_read_log(struct store *store,
                          uint32_t partition,
                          uint64_t after_seq,
                          uint32_t limit,
                          store_visit visit,
                          void *context,
                          struct store_fault *fault);

/* (reader) The head of every partition, as it is committed now; out has place for all of the log's partitions, by
 * number. One look at each server or file, however many partitions there are. */
enum error store_read_heads(struct store *store, struct store_partition *out, struct store_fault *fault);

/* (reader) Looks a receipt up in what was written; error_not_found when there is none. */
enum error store_find_receipt(struct store *store,
                              uint32_t unit,
                              const struct uuid *id,
                              uint64_t stream_hash,
                              struct store_receipt *out,
                              struct store_fault *fault);

/* (writer) After a claim: gives every receipt whose id time is at or above *since_ms, and perhaps some older ones, so
 * that an id with such a time that was not given has never been decided. Ids older than *expired_ms have lost their
 * receipts. Of what is given, id, stream_hash, partition and seq are set; store_find_receipt tells the rest. */
enum error store_recent_receipts(struct store *store,
                                 uint32_t unit,
                                 void (*visit)(void *context, const struct store_receipt *receipt),
                                 void *context,
                                 uint64_t *since_ms,
                                 uint64_t *expired_ms,
                                 struct store_fault *fault);

/* (writer) Keeps a module's description by its fingerprint; the same one again does nothing. */
enum error store_describe(
    struct store *store, uint32_t unit, uint64_t fingerprint, struct slice description, struct store_fault *fault);

/* ---- the pool ---- */

/* True when processes share the log and agree on its units through the store; false: units are given by settings. */
bool store_has_pool(const struct store *store);

/* (pool: one thread, beside writers and readers) Says that this process is alive, which renews the lease under which it
 * owns all its units, and tells who else is. The first beat joins the pool. Fails with error_unreachable when the store
 * cannot be reached: the lease runs on until store_lease_until. *out is freed with store_pool_free. */
enum error
store_beat(struct store *store, const struct store_beat *beat, struct store_pool **out, struct store_fault *fault);
void store_pool_free(struct store_pool **pool);

/* (any thread) Until when nobody else can have taken what this process owns, in microseconds of CLOCK_BOOTTIME: the
 * time before the last beat was sent, plus the lease, less a margin for clocks of different speed. UINT64_MAX without a
 * pool; 0 before the first beat. */
uint64_t store_lease_until(const struct store *store);

extern const struct store_ops store_memory_ops, store_sqlite_ops, store_postgres_ops;

#endif
