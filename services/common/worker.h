/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a service that is no shard says to the brokers of its list: its metrics and alarms, and, when it serves what
 * brokers hand out, its wish for work and its replies. What they tell it: work, and how far partitions have come. It
 * works inside the main loop of the process, whose wait ends when something comes:
 *
 *   for each node of inbox_take: worker_mail(worker, node) or the loop's own kinds
 *   worker_turn(worker, ...) at the end of each turn, which must come every 50 ms at least
 *
 * One thread. Work of a broker that is lost is forgotten there and sent to another process; its replies are dropped. */
#ifndef COMMON_WORKER_H
#define COMMON_WORKER_H

#include "proto/envelope.h"
#include "proto/tls.h"
#include "services/common/process.h"

struct worker;

/* Kinds of the inbox's nodes that are the worker's: the owner's are numbered below. */
enum { WORKER_MAIL_WORK = 1000, WORKER_MAIL_LINK };

/* Where a reply goes. */
struct worker_place {
    uint32_t link;
    uint64_t session, key; /* session: of the connection that brought it */
};

struct worker_config {
    const char *urls;          /* of brokers, separated by commas */
    struct tls *tls;           /* for tls+tcp:// URLs; NULL: none */
    const char *token;         /* of the service; may be NULL */
    const char *name, *serves; /* the name is unique among all processes; SERVES_... */
    struct inbox *inbox;
    uint32_t jobs_max; /* no work is asked for while so many jobs are open; 0: it takes none */
    /* One request: a view that is valid during the call. item->deadline_ms counts from now. */
    void (*take)(void *context, const struct worker_place *place, const struct item *item);
    /* Heads, as one of the brokers tells them when they move, and now and then all: a raw array of [partition, seq],
     * valid during the call. Only a wake-up: they may be late, or never come. May be NULL. */
    void (*heads)(void *context, struct slice heads);
    /* Four times a second: metrics in the Prometheus text format; alarms one after another as texts, whose number is
     * returned. */
    void (*metrics)(void *context, struct buffer *out);
    uint32_t (*alarms)(void *context, struct buffer *out);
    void *context;
};

/* Copies what it is given but tls, which is held. error_bad_address, error_no_memory. */
enum error worker_open(struct worker **out, const struct worker_config *config);
void worker_close(struct worker **worker);

/* Takes and frees a node of its kinds; false: it is not one of them. */
bool worker_mail(struct worker *worker, struct inbox_node *node, uint64_t now_us);
/* The reply to a request that was taken. */
void worker_reply(struct worker *worker, const struct worker_place *place, const struct reply *reply);
/* Likewise, one that is encoded already. */
void worker_reply_raw(struct worker *worker, const struct worker_place *place, enum status status, struct slice reply);
/* Sends what there is to send. jobs: requests taken and not answered; stopping: no more work is asked for. */
void worker_turn(struct worker *worker, uint32_t jobs, bool stopping, uint64_t now_us);
/* The process ends as it was told to: brokers hear that, and do not miss it. Turns that come after it send nothing. */
void worker_leave(struct worker *worker, uint64_t now_us);
/* Replies that are not sent yet; after worker_leave: brokers that have not heard it, for a second at most. */
bool worker_busy(const struct worker *worker);

#endif
