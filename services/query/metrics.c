/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The query service's metrics. */
#include "services/query/service.h"

#include "services/common/metrics.h"

#include <stdatomic.h>
#include <stdio.h>

static struct metric query_time = {.name = "fluvius_query_seconds",
                                   .help = "time of a query in the query process, waiting included",
                                   .kind = METRIC_HISTOGRAM_US};
static struct metric history_time = {.name = "fluvius_history_seconds",
                                     .help = "time of a read of what was in the query process",
                                     .kind = METRIC_HISTOGRAM_US};
static struct metric query_rows = {.name = "fluvius_query_rows_total", .help = "rows given", .kind = METRIC_COUNTER};
static struct metric query_waits = {
    .name = "fluvius_query_waits_total", .help = "times that a query waited for its position", .kind = METRIC_COUNTER};
static _Atomic int64_t by_status[status_count];

/* Relaxed everywhere: counters that nobody orders by. */
void metrics_count(const struct query_job *job, uint64_t took_us)
{
    atomic_fetch_add_explicit(&by_status[job->reply.status], 1, memory_order_relaxed);
    metric_observe_us(job->kind == JOB_HISTORY ? &history_time : &query_time, (int64_t)took_us);
    metric_add(&query_rows, job->rows);
}

void metrics_waited(void)
{
    metric_add(&query_waits, 1);
}

static void print_statuses(const char *extra, struct buffer *out)
{
    struct metric metrics[status_count] = {0};
    char labels[status_count][32];
    for (int i = 0; i < status_count; i++) {
        snprintf(labels[i], sizeof labels[i], "status=\"%s\"", status_name(i));
        metrics[i].name = "fluvius_queries_total";
        metrics[i].help = "queries and reads of what was answered, by status";
        metrics[i].labels = labels[i];
        metrics[i].kind = METRIC_COUNTER;
        metrics[i].value = atomic_load_explicit(&by_status[i], memory_order_relaxed);
    }
    metrics_print(metrics, status_count, extra, out);
}

static void print_gauge(const char *name, const char *help, uint64_t value, const char *extra, struct buffer *out)
{
    struct metric metric = {.name = name, .help = help, .kind = METRIC_GAUGE, .value = (int64_t)value};
    metrics_print(&metric, 1, extra, out);
}

void service_metrics(void *context, struct buffer *out)
{
    const struct service *service = context;
    char extra[128];
    snprintf(extra, sizeof extra, "service=\"query\",query=\"%.64s\"", service->settings.name);
    print_statuses(extra, out);
    metrics_print(&query_time, 1, extra, out);
    metrics_print(&history_time, 1, extra, out);
    metrics_print(&query_rows, 1, extra, out);
    metrics_print(&query_waits, 1, extra, out);
    print_gauge("fluvius_query_jobs", "queries in the query process", service->jobs, extra, out);
    print_gauge("fluvius_query_waiting", "queries that wait for a position", service->waiting.count, extra, out);
    struct watch_counts watched;
    watch_counts(service->watch, &watched);
    print_gauge("fluvius_groups", "consumer groups", watched.groups, extra, out);
    print_gauge(
        "fluvius_groups_stalled", "those that are silent or halt, each reason", watched.groups_stalled, extra, out);
    print_gauge("fluvius_projections_stalled",
                "live read models that stand still though the log goes on, or that no projector holds",
                watched.projections_stalled,
                extra,
                out);
    follow_thread_metrics(service->follow, extra, out);
}
