/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's own metrics: see stats.h. */
#include "services/gateway/stats.h"

#define REQUESTS(CLASS)                                                                                                \
    {                                                                                                                  \
        .name = "fluvius_http_requests_total", .help = "HTTP requests answered", .labels = "class=\"" CLASS "\"",      \
        .kind = METRIC_COUNTER                                                                                         \
    }
#define CLOSED(REASON)                                                                                                 \
    {                                                                                                                  \
        .name = "fluvius_http_closed_total", .help = "HTTP connections closed for being slow",                         \
        .labels = "waiting=\"" REASON "\"", .kind = METRIC_COUNTER                                                     \
    }
#define GAUGE(NAME, HELP)                                                                                              \
    {                                                                                                                  \
        .name = NAME, .help = HELP, .kind = METRIC_GAUGE                                                               \
    }

static const struct metric stats_table[STAT_COUNT] = {
    [STAT_REQUESTS_2XX] = REQUESTS("2xx"),
    [STAT_REQUESTS_3XX] = REQUESTS("3xx"),
    [STAT_REQUESTS_4XX] = REQUESTS("4xx"),
    [STAT_REQUESTS_5XX] = REQUESTS("5xx"),
    [STAT_CLOSED_HEADER] = CLOSED("header"),
    [STAT_CLOSED_BODY] = CLOSED("body"),
    [STAT_CLOSED_IDLE] = CLOSED("idle"),
    [STAT_CLOSED_WRITE] = CLOSED("write"),
    [STAT_IN_FLIGHT] = GAUGE("fluvius_http_in_flight", "HTTP requests waiting for an answer of the bus"),
    [STAT_CONNECTIONS] = GAUGE("fluvius_http_connections", "open HTTP connections"),
    [STAT_BODY_BYTES] = GAUGE("fluvius_http_body_bytes", "bytes of request bodies held in memory"),
    [STAT_ANSWER_BYTES] = GAUGE("fluvius_http_answer_bytes", "bytes of answers that clients have not taken yet"),
    [STAT_LATENCY] = {.name = "fluvius_http_request_seconds",
                      .help = "from a request's header to its answer",
                      .kind = METRIC_HISTOGRAM_US},
    [STAT_PASSED] = {.name = "fluvius_http_reads_passed_total",
                     .help = "reads that the gateway left to query processes, having looked",
                     .kind = METRIC_COUNTER},
    [STAT_DIRECT] = {.name = "fluvius_http_read_seconds",
                     .help = "time of reads that the gateway answered itself",
                     .kind = METRIC_HISTOGRAM_US},
};

void stats_init(struct stats *stats)
{
    memcpy(stats->metrics, stats_table, sizeof stats_table);
}

void stats_answer(struct stats *stats, int status, uint64_t microseconds)
{
    int class = status / 100;
    if (class >= 2 && class <= 5)
        metric_add(&stats->metrics[STAT_REQUESTS_2XX + class - 2], 1);
    metric_observe_us(&stats->metrics[STAT_LATENCY], (int64_t)microseconds);
}

void stats_read(struct stats *stats, bool answered, uint64_t microseconds)
{
    if (answered)
        metric_observe_us(&stats->metrics[STAT_DIRECT], (int64_t)microseconds);
    else
        metric_add(&stats->metrics[STAT_PASSED], 1);
}

void stats_print(const struct stats *stats, struct buffer *out)
{
    metrics_print(stats->metrics, STAT_COUNT, "service=\"gateway\"", out);
}
