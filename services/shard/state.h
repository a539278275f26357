/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The core's state and what its files call of each other. Nobody outside the core includes this. */
#ifndef SHARD_STATE_H
#define SHARD_STATE_H

#include "services/shard/core.h"

enum unit_state { UNIT_UNOWNED, UNIT_CLAIMING, UNIT_OWNED, UNIT_DRAINING, UNIT_RELEASING };

struct partition {
    uint64_t assigned;  /* last seq given to a record */
    uint64_t committed; /* last seq that is durable */
    int64_t time_us;    /* of the last record */
};

struct unit {
    uint32_t number;
    enum unit_state state;
    bool wanted; /* it is ours to claim */
    uint64_t epoch, expired_ms;
    uint64_t retry_us;           /* unowned: when to claim again, monotonic */
    uint64_t changed_us;         /* when it was last claimed or given back: views that are older say nothing of it */
    uint64_t away_us;            /* pool: since when it is meant for another; 0: it is not */
    uint64_t drain_us;           /* since when it drains, or drained; 0: it is not handed over */
    uint64_t load;               /* pool: a second, as its last owner said */
    uint64_t requests;           /* taken in */
    uint32_t jobs;               /* of those, not answered */
    enum error trouble;          /* why it is not owned; while owned: why it must be given up */
    struct batch *open;          /* being filled; NULL: nothing to commit */
    struct batch *committing;    /* at the writer */
    uint64_t batches, committed; /* numbers of the newest batch, of the newest committed */
    struct receipts receipts;
};

/* An actor's own state. A zeroed one is not loaded. */
struct entity {
    struct aggregate *aggregate;
    const struct domain_resource *resource;
    uint64_t head;       /* seq of its last event */
    uint64_t batch;      /* number of the last batch that something it showed depends on */
    uint64_t snapshot;   /* version of its last snapshot */
    uint64_t serial;     /* tells a fetch's answer for this actor from one for an actor of the same name before it */
    struct job *held;    /* waits for a receipt from the store */
    const char *failure; /* code: why it cannot be loaded; told to all who ask */
    uint32_t unit, partition;
    bool fetching;
};

/* Jobs a few places before their actors' mailboxes, so that the processor has time to fetch what they will touch. */
enum { APPROACH = 16 };
struct approach {
    struct job *jobs[APPROACH]; /* a ring */
    uint32_t first, count;
};

struct shard {
    struct shard_config config;
    struct approach approach;
    struct unit *units;           /* all of the log, by number */
    struct partition *partitions; /* likewise */
    struct runtime *runtime;
    struct decision_result decision;
    struct buffer scratch;
    struct instant now;
    struct effects *effects; /* of the running step */
    struct shard_counters counters;
    uint64_t serial;
    uint32_t jobs;
    uint32_t committing; /* units whose batch is at the writer */
    uint32_t next_unit;  /* whose turn it is to commit */
    uint32_t loading;    /* loads at the reader */
    uint64_t loads_waiting;
    struct fetch *loads, **loads_last; /* which wait for those */
    uint64_t lease_until_us;
    enum error beat_error; /* why the last beat failed */
    uint32_t members;
    bool stopping, subscribed;
    uint64_t unreadable;      /* pool: units that hold events which no module here reads */
    char unreadable_why[256]; /* the first such kind of event */
    bool joined;              /* a view of the pool has come */
    bool moving;
    bool expired; /* the lease was, at the end of the last turn */
};

extern const struct runtime_behavior entity_behavior;

/* intake.c: an item becomes a job in an actor's mailbox, or is answered. */
void intake_item(struct shard *shard, uint32_t link, struct slice item);
/* Puts the jobs that are on their way into their mailboxes; before anything else happens. */
void intake_finish(struct shard *shard);

/* decide.c: runs the command of a job on a loaded entity; the job is answered or waits. */
enum runtime_result decide_job(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job);
/* Applies what was decided; after an error the aggregate is not to be used any more. */
enum error decide_apply(struct shard *shard, struct aggregate *aggregate, struct domain_fault *fault);
/* Decided without a success: kept as a receipt, unless it was only a rehearsal. */
void decide_refuse(struct shard *shard, struct entity *entity, struct job *job);

/* scope.c: true when the job is answered, as the aggregate is not of its scope or nothing can be. What does not exist
 * yet may be of any scope to a command that creates it: then what it makes is looked at, once it is decided. */
bool scope_refuses(struct shard *shard, struct entity *entity, struct job *job);
bool scope_refuses_new(struct shard *shard, struct entity *entity, struct job *job);

/* receipt.c: true when the job was answered, or waits, by what is known of its id. */
bool receipt_answers(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job);
void receipt_fetched(struct shard *shard, struct fetch *fetch);
void receipt_repeated(struct shard *shard, struct fetch *fetch);

/* places.c: commands of consumer groups, which name places in the log. True when the job waits until its heads are
 * known; true when what was decided names what the log does not have, and the outcome says so. */
bool places_wait(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job);
bool places_refuse(struct shard *shard, struct job *job);
void places_fetched(struct shard *shard, struct fetch *fetch);

/* query.c: the state now, and dry runs' outcomes. */
void query_state(struct shard *shard, struct entity *entity, struct job *job);
void query_dry_run(struct shard *shard, struct entity *entity, struct job *job);

/* entity.c */
void entity_loaded(struct shard *shard, struct fetch *fetch);
uint64_t entity_fingerprint(const struct shard *shard, const struct stream *stream); /* of the module behind it */
struct fetch *entity_fetch(struct shard *shard, enum fetch_kind kind, const struct actor *actor, struct entity *entity);
/* The job gets its turn when the fetch is back; nothing else of the actor does before. */
void entity_hold(struct shard *shard, struct actor *actor, struct entity *entity, struct job *job);
/* The job that waited for the fetch; its actor goes on. NULL: the unit was lost meanwhile, and the job is answered. */
struct job *
entity_release(struct shard *shard, const struct fetch *fetch, struct actor **actor, struct entity **entity);

/* unit.c */
struct unit *unit_of(struct shard *shard, uint32_t number);
struct batch *unit_batch(struct unit *unit); /* the open one; NULL: no memory */
bool unit_full(const struct shard *shard, const struct unit *unit);
void unit_claimed(struct shard *shard, struct claimed *claimed);
void unit_committed(struct shard *shard, struct batch *batch);
void units_turn(struct shard *shard);
/* What was decided in memory cannot be kept: nothing more is decided, and once the writer is back all starts over. */
void unit_give_up(struct unit *unit, enum error trouble);
/* It is ours, and what is decided there can be kept. */
bool unit_ready(const struct unit *unit);
/* May it answer now what depends on its state? */
bool unit_serves(const struct shard *shard, const struct unit *unit);
/* Does it take more items? */
bool unit_takes(const struct shard *shard, const struct unit *unit);
bool lease_valid(const struct shard *shard);
void unit_drain(struct shard *shard, struct unit *unit);
void unit_released(struct shard *shard, struct unit *unit);

/* members.c: a view of the pool */
void pool_seen(struct shard *shard, const struct pool_view *view);

/* loads.c: the bound on loads at the reader */
void load_start(struct shard *shard, struct fetch *fetch);
void load_ended(struct shard *shard);
/* A load whose unit is not ours any more, or not any more in that epoch: its actor is told. */
void load_stale(struct shard *shard, struct fetch *fetch);
void loads_free(struct shard *shard);

/* step.c: was it asked for by an owner that is not the owner any more? */
bool fetch_stale(struct shard *shard, struct fetch *fetch);

/* answer.c: every job ends in one of these. */
void answer_now(struct shard *shard, struct job *job);
/* When batch `number` of the unit is committed; now, if it is. */
void answer_after(struct shard *shard, struct unit *unit, uint64_t number, struct job *job);
void answer_fail(struct shard *shard, struct job *job, enum status status, const char *code, const char *message);
void answer_unit_lost(struct shard *shard, struct job *job, enum error trouble);
void effects_fetch(struct effects *effects, struct fetch *fetch);

#endif
