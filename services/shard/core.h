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
 * everything that was decided on top of it (actors, receipts, waiting jobs: answered unavailable), and claims anew.
 *
 * In a pool the store says who is there and who owns what (INPUT_POOL), and pool.c says from that who is to own what:
 *
 *   unowned --meant for us, nobody's--> claiming --> owned --meant for another--> draining --all answered--> releasing
 *      ^                                                                                                       |
 *      +-------------------------------------------------------------------------------------------------------+
 *
 * A unit that drains takes no more items and finishes those it has. A lease covers all units of the process: nothing
 * that depends on state is answered at an instant at or after its end. Units keep what they know meanwhile; they go on
 * when a beat shows that nobody has taken them (same epoch), and are lost otherwise. */
#ifndef SHARD_CORE_H
#define SHARD_CORE_H

#include "services/common/journal.h"
#include "services/common/outgoing.h"
#include "services/shard/batch.h"
#include "services/shard/fetch.h"
#include "services/shard/pool.h"
#include "services/shard/receipts.h"

struct instant {
    int64_t wall_us;       /* since 1970 UTC: times of events */
    uint64_t monotonic_us; /* deadlines, timers and leases: CLOCK_BOOTTIME, as it goes on while the machine sleeps */
};

struct shard_config {
    struct store_info log;
    const uint32_t *units; /* the ones to own; none in a pool */
    uint32_t unit_count;
    bool pool;         /* which units to own comes with INPUT_POOL */
    uint32_t lease_ms; /* pool: how long a beat holds */
    uint32_t handoffs; /* pool: units that are handed over at once, each until it has been taken */
    struct domain *const *domains;
    uint32_t domain_count;
    struct journal *journal;
    uint32_t links;           /* brokers */
    uint32_t snapshot_events; /* an aggregate's snapshot is taken after so many events */
    uint64_t actors_max, actor_bytes_max, idle_us;
    uint32_t commits;       /* units that commit at once: fewer make larger batches */
    uint32_t batch_records; /* a batch is closed to new commands at this size until the one before is committed */
    uint32_t loads;         /* aggregates that are loaded at once; more wait here. 0: no bound */
};

/* What a claim brought; made by the writer's thread. */
struct claimed {
    uint32_t unit;
    enum error error;
    struct store_fault fault;
    uint64_t epoch, expired_ms, took_us;
    uint32_t count;
    struct store_partition *partitions; /* owned */
    struct receipts receipts;           /* owned */
};
void claimed_free(struct claimed **claimed);

/* What a beat brought, or that it failed. */
struct pool_view {
    const struct store_pool *pool; /* NULL: it failed */
    enum error error;
    uint64_t asked_us;       /* before it was sent, monotonic */
    uint64_t lease_until_us; /* as the store says after this beat; goes with this view, never ahead of it */
};

enum input_kind {
    INPUT_ITEM = 1,  /* a broker's item */
    INPUT_CLAIMED,   /* the step takes it */
    INPUT_COMMITTED, /* likewise */
    INPUT_FETCHED,   /* likewise */
    INPUT_RELEASED,  /* a unit was given back */
    INPUT_POOL,
    INPUT_TURN, /* all inputs that were there are in: run the actors, close the batches */
    INPUT_STOP, /* take no more items; finish what is there */
};

struct input {
    enum input_kind kind;
    uint32_t link;     /* ITEM */
    struct slice item; /* ITEM */
    bool subscribed;   /* TURN: somebody listens to records */
    uint32_t unit;     /* RELEASED */
    union {
        const struct pool_view *view;
        struct claimed *claimed;
        struct batch *batch;
        struct fetch *fetch;
    };
};

/* Filled by steps, emptied by who carries them out. */
struct effects {
    struct outgoing *outgoing; /* one a link */
    struct batch *commits, **commits_last;
    struct fetch *fetches, **fetches_last;
    uint64_t claims;       /* bit u: claim unit u */
    uint64_t releases;     /* bit u: give unit u back, and tell when that is done */
    struct buffer records; /* committed, for the event bus */
    uint32_t record_count;
    bool owned_changed, heads_changed;
    bool beat; /* have a look at the pool soon: units have changed hands */
};

struct shard_counters {
    uint64_t by_status[status_count];
    uint64_t events, commits, committed_records, loads, repeated, crashed;
    uint64_t handoffs, handoff_us; /* planned ones that are done; how long the last took, from its first refusal */
    uint64_t lost;                 /* units that went to another owner unplanned */
    uint64_t store_faults;         /* commits, claims and beats that the store did not do */
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
/* Units that this process has, those included that it is handing over. */
uint32_t shard_units(const struct shard *shard);
/* Does it have all units that it can have for now? False before the first view of a pool. */
bool shard_settled(const struct shard *shard);
/* Are units of the pool not where they belong? */
bool shard_moving(const struct shard *shard);
struct shard_pool_stats {
    uint32_t members;
    uint64_t lease_until_us; /* monotonic; UINT64_MAX without a pool */
    uint64_t loads_waiting;
    uint32_t unreadable; /* units that it cannot read */
};
void shard_pool_stats(const struct shard *shard, struct shard_pool_stats *out);
/* Requests that were taken in, by unit of the log, since the start. */
void shard_unit_requests(const struct shard *shard, uint64_t *out);
void shard_runtime_stats(const struct shard *shard, struct runtime_stats *out);
/* Append msgpack arrays: [[partition, epoch]...], [[partition, committed seq]...], [text...]. */
void shard_owned(const struct shard *shard, struct buffer *out);
void shard_heads(const struct shard *shard, struct buffer *out);
void shard_alarms(const struct shard *shard, struct buffer *out);

enum error effects_init(struct effects *effects, uint32_t links);
void effects_fini(struct effects *effects, uint32_t links);

#endif
