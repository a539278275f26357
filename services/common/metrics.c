/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Counting, and the Prometheus text format (prometheus.io/docs/instrumenting/exposition_formats). Relaxed atomics are
 * enough: each number stands for itself and nothing is published through it. */
#include "services/common/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

void metric_add(struct metric *metric, int64_t amount)
{
    atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

/* The first bucket whose bound is at least microseconds. */
static int bucket_of(int64_t microseconds)
{
    return microseconds <= 1 ? 0 : 64 - __builtin_clzll((unsigned long long)microseconds - 1);
}

void metric_observe_us(struct metric *metric, int64_t microseconds)
{
    int64_t value = microseconds < 0 ? 0 : microseconds;
    int bucket = bucket_of(value);

    if (bucket < METRIC_BUCKETS) {
        atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&metric->sum, value, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->value, 1, memory_order_relaxed);
}

static int64_t value_of(const _Atomic int64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static const char *kind_name(enum metric_kind kind)
{
    return kind == METRIC_COUNTER ? "counter" : kind == METRIC_GAUGE ? "gauge" : "histogram";
}

/* Appends one sample's name and labels: its own, the extra ones and, for a bucket, its bound. */
static void
name_append(struct buffer *out, const struct metric *metric, const char *suffix, const char *extra, const char *bound)
{
    const char *labels[] = {metric->labels, extra, bound};
    const char *separator = "{";

    buffer_printf(out, "%s%s", metric->name, suffix);
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (labels[i] != NULL && labels[i][0] != '\0') {
            buffer_printf(out, "%s%s", separator, labels[i]);
            separator = ",";
        }
    }
    buffer_append_text(out, separator[0] == ',' ? "} " : " ");
}

static void histogram_append(struct buffer *out, const struct metric *metric, const char *extra)
{
    int64_t below = 0, count = value_of(&metric->value);
    char bound[32];

    for (int i = 0; i < METRIC_BUCKETS; i++) {
        uint64_t limit_us = UINT64_C(1) << i;

        below += value_of(&metric->buckets[i]);
        snprintf(bound, sizeof bound, "le=\"%" PRIu64 ".%06" PRIu64 "\"", limit_us / 1000000, limit_us % 1000000);
        name_append(out, metric, "_bucket", extra, bound);
        buffer_printf(out, "%" PRId64 "\n", below);
    }
    /* An observation may be half counted; buckets must never exceed the count. */
    count = count < below ? below : count;
    name_append(out, metric, "_bucket", extra, "le=\"+Inf\"");
    buffer_printf(out, "%" PRId64 "\n", count);
    name_append(out, metric, "_sum", extra, NULL);
    buffer_printf(
        out, "%" PRId64 ".%06" PRId64 "\n", value_of(&metric->sum) / 1000000, value_of(&metric->sum) % 1000000);
    name_append(out, metric, "_count", extra, NULL);
    buffer_printf(out, "%" PRId64 "\n", count);
}

void metrics_print(const struct metric *metrics, size_t count, const char *extra, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct metric *metric = &metrics[i];

        if (i == 0 || strcmp(metrics[i - 1].name, metric->name) != 0) {
            buffer_printf(out, "# HELP %s %s\n", metric->name, metric->help);
            buffer_printf(out, "# TYPE %s %s\n", metric->name, kind_name(metric->kind));
        }
        if (metric->kind == METRIC_HISTOGRAM_US) {
            histogram_append(out, metric, extra);
        } else {
            name_append(out, metric, "", extra, NULL);
            buffer_printf(out, "%" PRId64 "\n", value_of(&metric->value));
        }
    }
}
