/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the follow core share: see core.h. */
#ifndef FOLLOW_STATE_H
#define FOLLOW_STATE_H

#include "services/follow/core.h"
#include "services/follow/ring.h"

enum {
    FOLLOW_READ = 256,          /* records that one look at the store asks for */
    FOLLOW_TURN_RECORDS = 4096, /* looked at for all followers in one turn, about */
    FOLLOW_SHARE = 1024,        /* and for one follower, before it is another's turn */
    FOLLOW_SEEK_SHARE = 4,      /* partitions in which a follower's time is looked for in one turn */
    FOLLOW_RING_GAP = 8192,     /* a ring that is further behind begins anew at the head */
};

enum follower_state { FOLLOWER_SEEKING = 1, FOLLOWER_SCANNING, FOLLOWER_WAITING };

struct follower {
    enum follower_state state;
    struct worker_place place;
    struct buffer request; /* realm and data: what the selection points into */
    struct follow follow;
    struct selection selection;
    uint64_t due_us, limit_us; /* waits so long at the end; has its answer by then */
    uint32_t next;             /* partition: where scanning or seeking goes on */
    bool whole;                /* reads every partition */
    bool *reads;               /* by partition, unless whole */
    uint64_t *after;
    struct buffer records;
    uint32_t count;
};

struct follow_core {
    struct follow_config config;
    struct follower **followers;
    uint32_t count, turn; /* turn: whose share comes first */
    uint64_t *heads;      /* as far as it is known */
    struct store_partition *looked;
    uint64_t heads_us, news_us; /* when the store was asked, when somebody told */
    bool has_heads, moved;      /* moved: a head did since the last turn */
    size_t gathered;            /* bytes of all followers' records */
    struct ring *ring;
    struct follow_counts counts;
    struct buffer body, position; /* of the answer that is being written */
};

static inline bool follower_reads(const struct follower *follower, uint32_t partition)
{
    return follower->whole || follower->reads[partition];
}

/* Full: what was found fills an answer. */
static inline bool follower_full(const struct follower *follower)
{
    return follower->count >= follower->follow.limit || follower->records.size >= follower->follow.bytes;
}

/* Looks at records, at most *budget, which it takes from. error: of the store. */
enum error
follower_scan(struct follow_core *core, struct follower *follower, uint32_t *budget, struct store_fault *fault);
/* Everything up to the heads was looked at. */
bool follower_at_end(const struct follow_core *core, const struct follower *follower);
/* Goes on looking for the time; SCANNING when it was found in every partition. */
enum error follower_seek(struct follow_core *core, struct follower *follower, struct store_fault *fault);
/* Brings the ring up to the heads. */
enum error ring_fill(struct follow_core *core, uint32_t *budget, struct store_fault *fault);

#endif
