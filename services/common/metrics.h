/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Metrics as one table a service, printed in the Prometheus text format (version 0.0.4). Values are plain 64-bit
 * numbers changed with metric_add and metric_set from any thread; readers may see one a moment before another. */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "proto/writer.h"

enum metric_kind { METRIC_COUNTER = 1, METRIC_GAUGE, METRIC_HISTOGRAM_US };

#define METRIC_BUCKETS 22 /* bucket i: at most 2^i us, so 1 us to about 2 s; what is above is only counted */

struct metric {
    const char *name, *help; /* "fluvius_commands_total"; a histogram is printed in seconds: "fluvius_commit_seconds" */
    const char *labels;      /* "status=\"ok\"" or NULL; metrics of one name stand together in the table */
    enum metric_kind kind;
    _Atomic int64_t value;                   /* counter, gauge; histogram: count */
    _Atomic int64_t sum;                     /* histogram, in us */
    _Atomic int64_t buckets[METRIC_BUCKETS]; /* histogram; each observation stands in one */
};

void metric_add(struct metric *metric, int64_t amount);
void metric_set(struct metric *metric, int64_t value);
void metric_observe_us(struct metric *metric, int64_t microseconds);
/* Appends count metrics; extra labels ("service=\"shard\",shard=\"0\"") are put on each; may be NULL. */
void metrics_print(const struct metric *metrics, size_t count, const char *extra, struct buffer *out);

#endif
