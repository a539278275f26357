/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The shard's metrics. What the core counts is copied in when they are printed. */
#include "services/shard/service.h"

#include <stdio.h>

static struct metric commit_time = {
    .name = "fluvius_commit_seconds", .help = "time of one group commit, sync included", .kind = METRIC_HISTOGRAM_US};
static struct metric claim_time = {
    .name = "fluvius_claim_seconds", .help = "time to claim a unit and know its receipts", .kind = METRIC_HISTOGRAM_US};
static struct metric handoff_time = {.name = "fluvius_handoff_seconds",
                                     .help = "from the last command taken for a unit to its release to another shard",
                                     .kind = METRIC_HISTOGRAM_US};
static struct metric commit_records = {
    .name = "fluvius_committed_records_total", .help = "records made durable", .kind = METRIC_COUNTER};

void shard_metrics_commit(uint64_t took_us, uint32_t records)
{
    metric_observe_us(&commit_time, (int64_t)took_us);
    metric_add(&commit_records, records);
}

void shard_metrics_claim(uint64_t took_us)
{
    metric_observe_us(&claim_time, (int64_t)took_us);
}

void shard_metrics_handoff(uint64_t took_us)
{
    metric_observe_us(&handoff_time, (int64_t)took_us);
}

static void
print(struct buffer *out, const char *extra, enum metric_kind kind, const char *name, const char *help, uint64_t value)
{
    struct metric metric = {.name = name, .help = help, .kind = kind, .value = (int64_t)value};
    metrics_print(&metric, 1, extra, out);
}

static void print_statuses(const struct shard_counters *counters, const char *extra, struct buffer *out)
{
    struct metric metrics[status_count] = {0};
    char labels[status_count][32];
    for (int i = 0; i < status_count; i++) {
        snprintf(labels[i], sizeof labels[i], "status=\"%s\"", status_name(i));
        metrics[i].name = "fluvius_shard_requests_total";
        metrics[i].help = "requests answered, by status";
        metrics[i].labels = labels[i];
        metrics[i].kind = METRIC_COUNTER;
        metrics[i].value = (int64_t)counters->by_status[i];
    }
    metrics_print(metrics, status_count, extra, out);
}

static void print_lease(uint64_t until_us, const char *extra, struct buffer *out)
{
    uint64_t now_us = clock_monotonic_us();
    buffer_printf(out, "# HELP fluvius_lease_seconds what is left of the lease; +Inf without a pool\n");
    buffer_printf(out, "# TYPE fluvius_lease_seconds gauge\n");
    if (until_us == UINT64_MAX)
        buffer_printf(out, "fluvius_lease_seconds{%s} +Inf\n", extra);
    else
        buffer_printf(out,
                      "fluvius_lease_seconds{%s} %.3f\n",
                      extra,
                      until_us > now_us ? (double)(until_us - now_us) / 1e6 : 0.0);
}

static void print_pool(const struct service *service, const char *extra, struct buffer *out)
{
    const struct shard_counters *counters = shard_counters(service->shard);
    struct shard_pool_stats pool;
    shard_pool_stats(service->shard, &pool);
    print_lease(pool.lease_until_us, extra, out);
    print(out, extra, METRIC_GAUGE, "fluvius_pool_members", "shards in the pool; 0 without one", pool.members);
    print(out, extra, METRIC_GAUGE, "fluvius_units", "units owned", shard_units(service->shard));
    print(out,
          extra,
          METRIC_GAUGE,
          "fluvius_units_unreadable",
          "units with events that no module of this shard reads",
          pool.unreadable);
    print(out, extra, METRIC_COUNTER, "fluvius_handoffs_total", "units handed over as planned", counters->handoffs);
    print(out, extra, METRIC_COUNTER, "fluvius_units_lost_total", "units lost to another owner", counters->lost);
    print(out, extra, METRIC_GAUGE, "fluvius_loads_waiting", "aggregates that wait to be loaded", pool.loads_waiting);
    metrics_print(&claim_time, 1, extra, out);
    metrics_print(&handoff_time, 1, extra, out);
}

void shard_metrics(const struct service *service, struct buffer *out)
{
    const struct shard_counters *counters = shard_counters(service->shard);
    struct runtime_stats stats;
    char extra[128];
    shard_runtime_stats(service->shard, &stats);
    snprintf(extra, sizeof extra, "service=\"shard\",shard=\"%.64s\"", service->settings.name);
    print_statuses(counters, extra, out);
    print_pool(service, extra, out);
    metrics_print(&commit_time, 1, extra, out);
    metrics_print(&commit_records, 1, extra, out);
    print(out,
          extra,
          METRIC_COUNTER,
          "fluvius_store_faults_total",
          "commits, claims and beats that the store did not do",
          counters->store_faults);
    print(out, extra, METRIC_COUNTER, "fluvius_events_total", "events decided", counters->events);
    print(out, extra, METRIC_COUNTER, "fluvius_loads_total", "aggregates loaded", counters->loads);
    print(out, extra, METRIC_COUNTER, "fluvius_repeated_total", "retries answered by a receipt", counters->repeated);
    print(out,
          extra,
          METRIC_COUNTER,
          "fluvius_domain_crashes_total",
          "commands refused after three crashes",
          counters->crashed);
    print(out, extra, METRIC_GAUGE, "fluvius_jobs", "requests in the shard", shard_jobs(service->shard));
    print(out, extra, METRIC_GAUGE, "fluvius_actors", "aggregates in memory", stats.actors);
    print(out, extra, METRIC_GAUGE, "fluvius_actor_bytes", "bytes of their states", stats.actor_bytes);
    print(out, extra, METRIC_GAUGE, "fluvius_mailbox_messages", "requests waiting in mailboxes", stats.messages);
    print(out, extra, METRIC_COUNTER, "fluvius_passivations_total", "aggregates that left memory", stats.passivations);
    print(out, extra, METRIC_COUNTER, "fluvius_actor_restarts_total", "actors that failed", stats.restarts);
}
