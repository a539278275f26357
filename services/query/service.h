/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The query service's process: what its files share. One main thread talks to the brokers and steps the waiting room;
 * readers read rows, history threads what was, the follower thread what comes. */
#ifndef QUERY_SERVICE_H
#define QUERY_SERVICE_H

#include "services/common/watchdog.h"
#include "services/common/worker.h"
#include "services/follow/thread.h"
#include "services/query/history.h"
#include "services/query/readers.h"
#include "services/query/settings.h"
#include "services/query/waiting.h"
#include "services/query/watch.h"

#define DOMAINS_MAX 64

/* The domains as one thread runs them: a domain is for one thread at a time. The platform's own comes last. */
struct domain_set {
    struct domain *domains[DOMAINS_MAX + 1];
    uint32_t count;
};

struct service {
    struct query_settings settings;
    char holder[128];
    struct domain_set domain_sets[HISTORY_THREADS_MAX];
    uint32_t history_threads;
    struct journal *journal, own_journal; /* own_journal: where no file is given */
    struct watchdog *watchdog;
    struct inbox *inbox;
    struct tls *tls;
    struct store_info log;
    struct worker *worker;
    struct readers *readers;
    struct history *history;
    struct follow_thread *follow;
    struct watch *watch;
    struct waiting_room waiting;
    uint32_t jobs;                  /* taken and not answered */
    uint32_t running;               /* of those, at the readers or the history threads */
    uint32_t answered;              /* since the last turn ended */
    struct job_queue fresh, waited; /* for the readers, at the end of this turn; those that have waited go first */
};

/* One turn of the loop: takes mail, hands jobs on, answers. */
void service_turn(struct service *service, bool stopping);
/* The worker's callbacks; context is the service. */
void service_take(void *context, const struct worker_place *place, const struct item *item);
void service_heads(void *context, struct slice heads);
uint32_t service_alarms(void *context, struct buffer *out);
/* metrics.c */
void service_metrics(void *context, struct buffer *out);
void metrics_count(const struct query_job *job, uint64_t took_us);
void metrics_waited(void);

#endif
