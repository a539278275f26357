/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The shard's core: shard_step(state, input, now) -> effects. It decides commands on aggregates that are actors, groups
 * what they emit into commits, and holds every answer back until what it says is durable. It has no clock, no socket,
 * no thread, no random number; the same inputs give the same effects. effects.c carries the effects out.
 *
 *   item ---> intake ---> mailbox ---> entity: load? receipt? decide ---> batch ---> COMMIT effect
 *                                                                                     |
 *   replies, heads, records for the event bus <--- committed <---- writer thread <----+
 *
 * A unit: unowned -> claiming -> owned -> (a commit failed) -> unowned, and so on. When a commit fails the unit forgets
 * everything that was decided on top of it (actors, receipts, waiting jobs: answered unavailable), and claims anew. */
#ifndef SHARD_CORE_H
#define SHARD_CORE_H

#include "services/shard/batch.h"
#include "services/shard/fetch.h"
#include "services/shard/journal.h"
#include "services/shard/receipts.h"

struct instant {
    int64_t wall_us;       /* since 1970 UTC: times of events */
    uint64_t monotonic_us; /* deadlines and timers */
};

struct shard_config {
    struct store_info log;
    const uint32_t *units; /* the ones to own */
    uint32_t unit_count;
    struct domain *const *domains;
    uint32_t domain_count;
    struct journal *journal;
    uint32_t links;           /* brokers */
    uint32_t snapshot_events; /* an aggregate's snapshot is taken after so many events */
    uint64_t actors_max, actor_bytes_max, idle_us;
    uint32_t commits;       /* units that commit at once: fewer make larger batches */
    uint32_t batch_records; /* a batch is closed to new commands at this size until the one before is committed */
};

/* What a claim brought; made by the writer's thread. */
struct claimed {
    uint32_t unit;
    enum error error;
    struct store_fault fault;
    uint64_t epoch, expired_ms;
    uint32_t count;
    struct store_partition *partitions; /* owned */
    struct receipts receipts;           /* owned */
};
void claimed_free(struct claimed **claimed);

enum input_kind {
    INPUT_ITEM = 1,  /* a broker's item */
    INPUT_CLAIMED,   /* the step takes it */
    INPUT_COMMITTED, /* likewise */
    INPUT_FETCHED,   /* likewise */
    INPUT_TURN,      /* all inputs that were there are in: run the actors, close the batches */
    INPUT_STOP,      /* take no more items; finish what is there */
};

struct input {
    enum input_kind kind;
    uint32_t link;     /* ITEM */
    struct slice item; /* ITEM */
    bool subscribed;   /* TURN: somebody listens to records */
    union {
        struct claimed *claimed;
        struct batch *batch;
        struct fetch *fetch;
    };
};

struct outgoing {
    struct buffer replies; /* [key, status, reply] one after another */
    uint32_t count;
};

/* Filled by steps, emptied by who carries them out. */
struct effects {
    struct outgoing *outgoing; /* one a link */
    struct batch *commits, **commits_last;
    struct fetch *fetches, **fetches_last;
    uint64_t claims;       /* bit u: claim unit u */
    struct buffer records; /* committed, for the event bus */
    uint32_t record_count;
    bool owned_changed, heads_changed;
};

struct shard_counters {
    uint64_t by_status[status_count];
    uint64_t events, commits, committed_records, loads, repeated, crashed;
};

struct shard;
enum error shard_new(struct shard **out, const struct shard_config *config);
void shard_free(struct shard **shard);
void shard_step(struct shard *shard, const struct input *input, struct instant now, struct effects *effects);
/* When a turn is next due, monotonic; UINT64_MAX: when something happens. */
uint64_t shard_next_us(const struct shard *shard, uint64_t now_us);

/* Jobs that are not answered yet. */
uint32_t shard_jobs(const struct shard *shard);
const struct shard_counters *shard_counters(const struct shard *shard);
void shard_runtime_stats(const struct shard *shard, struct runtime_stats *out);
/* Append msgpack arrays: [[partition, epoch]...], [[partition, committed seq]...], [text...]. */
void shard_owned(const struct shard *shard, struct buffer *out);
void shard_heads(const struct shard *shard, struct buffer *out);
void shard_alarms(const struct shard *shard, struct buffer *out);

enum error effects_init(struct effects *effects, uint32_t links);
void effects_fini(struct effects *effects, uint32_t links);

#endif
