/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's own metrics. */
#ifndef GATEWAY_STATS_H
#define GATEWAY_STATS_H

#include "services/common/metrics.h"

enum stat {
    STAT_REQUESTS_2XX, /* 2xx to 5xx stand in this order */
    STAT_REQUESTS_3XX,
    STAT_REQUESTS_4XX,
    STAT_REQUESTS_5XX,
    STAT_CLOSED_HEADER,
    STAT_CLOSED_BODY,
    STAT_CLOSED_IDLE,
    STAT_CLOSED_WRITE,
    STAT_IN_FLIGHT,
    STAT_CONNECTIONS,
    STAT_BODY_BYTES,
    STAT_ANSWER_BYTES,
    STAT_LATENCY,
    STAT_PASSED,
    STAT_DIRECT,
    STAT_COUNT
};

struct stats {
    struct metric metrics[STAT_COUNT];
};

void stats_init(struct stats *stats);
/* One answer: its HTTP status and the time since the request's header was there. */
void stats_answer(struct stats *stats, int status, uint64_t microseconds);
/* A read: the gateway answered it itself in so much time, or passed it on. */
void stats_read(struct stats *stats, bool answered, uint64_t microseconds);
void stats_print(const struct stats *stats, struct buffer *out);

#endif
