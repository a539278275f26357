/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Followers: requests that read the log from a position on, and wait at its end. Without clock, socket and thread: the
 * log comes through a table of functions, time as a parameter, answers leave through a callback.
 *
 *              at the end, nothing found
 *     SEEKING -> SCANNING <----------> WAITING          a head that moves wakes those who read its partition
 *                   |  found, or full     |  its time is up
 *                   +------> answered <---+
 *
 * SEEKING looks for the first record of a time. Scans are shared out in small pieces, so that one who is far behind
 * does not hold up the others. Followers at the end share one look at the store, by the ring; who falls behind it reads
 * the store alone (it detaches), however slow it is, and holds nothing in memory between its requests.
 *
 * Invariant: for each partition, all records up to a follower's place were looked at, in order. */
#ifndef FOLLOW_CORE_H
#define FOLLOW_CORE_H

#include "services/common/worker.h"
#include "services/follow/select.h"
#include "services/store/store.h"

/* Where the log is read. As store_read_log and store_read_heads. */
struct follow_source {
    enum error (*read)(void *context,
                       uint32_t partition,
                       uint64_t after,
                       uint32_t limit,
                       store_visit visit,
                       void *visit_context,
                       struct store_fault *fault);
    enum error (*heads)(void *context, struct store_partition *out, struct store_fault *fault);
};

struct follow_config {
    struct store_info log;
    const struct follow_source *source;
    void *source_context;
    uint32_t followers_max;
    size_t ring_bytes;
    uint32_t quiet_ms; /* how often the store is asked for its heads while nobody tells of news */
    /* reply: a view valid during the call. */
    void (*answer)(void *context, const struct worker_place *place, const struct reply *reply);
    void *context;
};

struct follow_counts {
    uint32_t followers, waiting;
    size_t ring_bytes;
    uint64_t answers, from_ring, from_store, refused; /* records looked at; requests */
};

struct follow_core;

/* NULL when memory is out. */
struct follow_core *follow_core_new(const struct follow_config *config);
/* Those who still wait are forgotten. */
void follow_core_free(struct follow_core **core);

/* One request: item is a view. What cannot be taken is answered at once. */
void follow_take(struct follow_core *core, const struct worker_place *place, const struct item *item, uint64_t now_us);
/* News, which may be wrong or late: a partition has records up to this one. */
void follow_news(struct follow_core *core, uint32_t partition, uint64_t seq);
/* Somebody tells of news now: the store need not be asked so often. */
void follow_told(struct follow_core *core, uint64_t now_us);
/* Does some work; true when there is more to do at once. */
bool follow_turn(struct follow_core *core, uint64_t now_us);
/* When the next turn is due though nothing comes; UINT64_MAX: never. */
uint64_t follow_due_us(const struct follow_core *core);
void follow_counts(const struct follow_core *core, struct follow_counts *out);

#endif
