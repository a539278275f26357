/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The side of shards and other services in the conversation with brokers. Each work frame that goes out carries
 * replies, heads and news, and grants the broker one frame of work in return; one is kept with every broker while the
 * process can take more. Runs on the main loop's thread; what nng's threads hear comes back through the inbox. Services
 * other than shards use worker.h, which is simpler. */
#ifndef COMMON_BROKERS_H
#define COMMON_BROKERS_H

#include "proto/tls.h"
#include "proto/writer.h"
#include "services/common/order.h"
#include "services/common/outgoing.h"

struct brokers;

struct brokers_config {
    const char *urls; /* separated by commas */
    struct tls *tls;  /* for tls+tcp:// URLs; NULL: none */
    const char *token, *name;
    const char *serves; /* NULL: a shard */
    uint64_t boot;
    uint32_t partitions; /* 0: says nothing of them */
    struct inbox *inbox;
    int work_kind, link_kind;  /* of the struct work_mail that it puts there */
    struct slice descriptions; /* raw array, may be empty; copied */
    uint32_t jobs_max;         /* no work is asked for while so many jobs are in the process */
};

enum error brokers_open(struct brokers **out, const struct brokers_config *config);
/* Waits for the links to end. */
void brokers_close(struct brokers **brokers);
uint32_t brokers_count(const char *urls);

/* News that goes out with the next frames, to every broker. Raw msgpack arrays; text for metrics. */
struct brokers_news {
    struct slice owned, heads, alarms, metrics, records; /* empty: nothing new */
};
/* Sends what there is to send: all of outgoing (emptied; what cannot go yet is kept), news, grants. */
void brokers_flush(
    struct brokers *brokers, struct outgoing *outgoing, const struct brokers_news *news, uint32_t jobs, bool stopping);
/* Tells every broker that this process ends as it was told to; nothing is to be sent after that. */
void brokers_leave(struct brokers *brokers);
/* Frames that a broker has not answered yet. */
bool brokers_unanswered(const struct brokers *brokers);
void brokers_link_changed(struct brokers *brokers, const struct work_mail *mail);
/* Takes a frame of work, owns it, and gives the frames that are due now, in order, chained by `later`; the caller frees
 * them. Each has its items and heads. */
struct work_mail *brokers_work(struct brokers *brokers, struct work_mail *mail, uint64_t now_us);
/* Frames of that broker that waited too long for those before them. */
struct work_mail *brokers_late_work(struct brokers *brokers, uint32_t link, uint64_t now_us);
bool brokers_subscribed(const struct brokers *brokers);
/* Does a broker want to hear everything again? */
bool brokers_want_all(const struct brokers *brokers);
/* Replies that are not sent yet, or not known to have arrived. */
bool brokers_busy(const struct brokers *brokers, const struct outgoing *outgoing);

#endif
