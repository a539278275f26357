/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that serves followers: it has a connection to the store of its own and steps the core (core.h). Requests
 * and news come from the main loop, answers go back to it through its inbox:
 *
 *   take a request of operation follow:  follow_thread_take(thread, place, item)
 *   heads that a broker tells:           follow_thread_heads(thread, heads)
 *   for each node of inbox_take:         follow_thread_mail(thread, node, worker) or the loop's other kinds
 *
 * Requests in it do not count as jobs of the worker: waiting is not work, and their number has a bound of its own. */
#ifndef FOLLOW_THREAD_H
#define FOLLOW_THREAD_H

#include "services/common/worker.h"
#include "services/store/store.h"

struct follow_thread;

enum { FOLLOW_MAIL_ANSWER = 1100 }; /* kind of its nodes in the main loop's inbox */

struct follow_thread_config {
    const char *store;      /* URL */
    struct inbox *inbox;    /* of the main loop */
    uint32_t followers_max; /* 0: 4,096 */
    size_t ring_bytes;      /* 0: 16 MiB */
    uint32_t quiet_ms;      /* how often the store is asked while nobody tells of heads; 0: 200 */
};

/* The store must be there. fault says why it cannot be opened. */
enum error
follow_thread_start(struct follow_thread **out, const struct follow_thread_config *config, struct store_fault *fault);
/* Waiting requests are not answered: their brokers give them to another process. */
void follow_thread_stop(struct follow_thread **thread);

/* Main thread. Copies. */
void follow_thread_take(struct follow_thread *thread, const struct worker_place *place, const struct item *item);
/* Main thread. A raw array of [partition, seq]. */
void follow_thread_heads(struct follow_thread *thread, struct slice heads);
/* Main thread. Takes and frees a node of its kind; false: it is none. */
bool follow_thread_mail(struct inbox_node *node, struct worker *worker);
/* Any thread. Appends metrics in the Prometheus text format; labels as in metrics_print. */
void follow_thread_metrics(struct follow_thread *thread, const char *labels, struct buffer *out);

#endif
