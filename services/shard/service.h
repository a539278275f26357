/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The shard process around its core: what it opens, in which order, and the loop that feeds steps and carries out their
 * effects (effects.c). */
#ifndef SHARD_SERVICE_H
#define SHARD_SERVICE_H

#include "services/common/brokers.h"
#include "services/common/metrics.h"
#include "services/common/watchdog.h"
#include "services/shard/pool_thread.h"
#include "services/shard/settings.h"
#include "services/shard/unit_thread.h"

#define DOMAINS_MAX 64

struct service {
    struct shard_settings settings;
    struct inbox *inbox;
    struct domain *domains[DOMAINS_MAX + 1]; /* the platform's own comes last */
    uint32_t domain_count;
    struct journal *journal;
    struct watchdog *watchdog;
    struct store *store;
    struct store_info log;
    uint64_t boot;                               /* random: tells this process from others of its name */
    uint32_t units[POOL_UNITS_MAX], unit_count;  /* that it may own; in a pool all */
    struct unit_thread *writers[POOL_UNITS_MAX]; /* by unit; NULL where it may not */
    struct read_thread *reader;
    struct pool_thread *pool; /* NULL: the store has none */
    struct shard *shard;
    struct effects effects;
    struct tls *tls;
    struct brokers *brokers;
    uint32_t links;
    /* what was last told, and when, monotonic */
    uint64_t heads_us, news_us;
    bool owned_pending, heads_pending, ready;
    bool draining; /* no more work is asked for */
    struct buffer owned, heads, alarms, metrics, descriptions;
};

/* One turn of the loop: takes mail, steps, carries out. Waits up to its next due time for mail. */
void service_turn(struct service *service);
/* effects.c: carries out what the steps of this turn asked for. */
void effects_run(struct service *service, uint64_t now_us);
/* metrics.c: appends the shard's metrics in the Prometheus text format. */
void shard_metrics(const struct service *service, struct buffer *out);
void shard_metrics_commit(uint64_t took_us, uint32_t records);
void shard_metrics_claim(uint64_t took_us);
void shard_metrics_handoff(uint64_t took_us);

#endif
