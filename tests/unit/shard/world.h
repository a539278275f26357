/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A shard's core with the memory store around it, on one thread and in virtual time: sends go in, effects are carried
 * out when the test says so, replies are kept by key. The domain is the bank example. */
#ifndef TESTS_SHARD_WORLD_H
#define TESTS_SHARD_WORLD_H

#include "services/shard/core.h"

#define REPLIES_MAX 4096

struct kept_reply {
    bool there;
    struct buffer bytes; /* the reply map */
    struct reply reply;  /* views into it */
};

#define WORLD_MEMBERS 3

/* The pool as the store would tell it. */
struct world_pool {
    uint32_t member_count;
    struct store_member members[WORLD_MEMBERS];
    uint64_t alive_until_us[WORLD_MEMBERS]; /* leases, as the store counts them */
    struct store_owner owners[2];           /* by unit; claims and releases of the shards are put in */
};

struct world {
    struct shard *shard;
    struct world_pool *pool; /* of the first one, with its store and its domain */
    struct world *first;     /* itself, or the one whose store and pool it shares */
    uint32_t self;           /* member */
    uint64_t epochs[2];      /* at which it claimed its units */
    struct shard_config config;
    struct effects effects;
    struct store *store;
    struct domain *domain;
    struct journal journal;
    struct instant now;
    uint64_t keys;
    bool hold_commits, hold_fetches; /* what is held is carried out by the next settle without the flag */
    bool hold_releases;              /* likewise */
    bool hold_results;               /* commits and fetches are done, but the core does not hear of it yet */
    struct batch *committed;         /* those */
    struct fetch *fetched;
    enum error fail_commit; /* the next commit fails with it */
    enum error fail_claim;  /* likewise the next claim */
    uint32_t claims;        /* that were tried */
    struct kept_reply replies[REPLIES_MAX];
    uint32_t commits;
};

struct send {
    const char *command, *account, *data; /* data: JSON; account NULL: a :new */
    const char *scope;                    /* JSON; NULL: none */
    const char *group;                    /* instead of an account: a consumer group */
    const struct uuid *id;                /* NULL: a new one */
    int64_t expected;                     /* with has_expected */
    bool has_expected, dry_run;
    enum operation operation;
    int64_t at_version; /* 0: now */
    int64_t at_time_us; /* 0: now */
    uint32_t deadline_ms;
    uint64_t from;
    uint32_t limit;
};

struct world *world_new(void);
/* One whose units come from a pool: it owns none until a view says so. */
struct world *world_new_pooled(void);
/* A beat brings the pool as it is, and a lease for so long from now. */
void world_beat(struct world *world, uint64_t lease_ms);
/* Likewise, of a beat that began so long ago. */
void world_beat_late(struct world *world, uint64_t lease_ms, uint64_t ago_ms);
void world_beat_fails(struct world *world, enum error error);
uint32_t world_unit(const char *account);
/* Partitions that the shard says are its own. */
uint32_t world_owned(struct world *world);
/* Another shard of the same pool, store and domain; freed before the first. */
struct world *world_new_member(struct world *first, uint32_t self);
void world_free(struct world *world);
/* The process dies and a new one starts on the same store: all memory is gone. */
void world_restart(struct world *world);
/* Hands one item in; gives the key under which its reply will be. */
uint64_t world_send_raw(struct world *world, const struct send *send);
#define world_send(WORLD, ...) world_send_raw(WORLD, &(struct send){__VA_ARGS__})
/* Runs turns and effects until nothing is left to do but what is held. */
void world_settle(struct world *world);
void world_advance(struct world *world, uint64_t ms);
/* The reply to a key, or NULL while there is none. */
const struct reply *world_reply(struct world *world, uint64_t key);
/* Sends, settles, gives the reply. */
#define world_call(WORLD, ...) world_reply_after(WORLD, &(struct send){__VA_ARGS__})
const struct reply *world_reply_after(struct world *world, const struct send *send);
struct uuid world_id(struct world *world);
/* Opens an account and puts money in. */
void world_open(struct world *world, const char *account, int64_t balance);
int64_t world_balance(struct world *world, const char *account);
bool text_is(struct slice text, const char *expected);

#endif
