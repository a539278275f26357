/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the projector says of itself: metrics, and alarms for what halts, stalls or cannot be written. */
#include <stdio.h>

#include "services/common/metrics.h"
#include "services/projector/service.h"

enum { RECORDS, EVENTS, ROWS, LOADS, TURNS, LAG, LAG_MS, BUILDING, HALTED, PARTITIONS, STATES, STATE_BYTES, METRICS };

static struct metric metrics[METRICS] = {
    [RECORDS] = {.name = "fluvius_projector_records_total", .kind = METRIC_COUNTER, .help = "records of the log read"},
    [EVENTS] = {.name = "fluvius_projector_events_total",
                .kind = METRIC_COUNTER,
                .help = "events applied, once for each build"},
    [ROWS] = {.name = "fluvius_projector_rows_total", .kind = METRIC_COUNTER, .help = "rows written"},
    [LOADS] = {.name = "fluvius_projector_loads_total",
               .kind = METRIC_COUNTER,
               .help = "states taken from their rows, because they were not in memory"},
    [TURNS] = {.name = "fluvius_projector_turn_seconds",
               .kind = METRIC_HISTOGRAM_US,
               .help = "reading, folding and committing once"},
    [LAG] = {.name = "fluvius_projector_lag_records",
             .kind = METRIC_GAUGE,
             .help = "records that live read models do not have yet"},
    [LAG_MS] = {.name = "fluvius_projector_lag_milliseconds",
                .kind = METRIC_GAUGE,
                .help = "age of the oldest record of the last turn when its rows were committed; 0: nothing is left"},
    [BUILDING] = {.name = "fluvius_projector_building", .kind = METRIC_GAUGE, .help = "builds that are not live yet"},
    [HALTED] = {.name = "fluvius_projector_halted",
                .kind = METRIC_GAUGE,
                .help = "partitions of builds that wait at a record they cannot apply"},
    [PARTITIONS] = {.name = "fluvius_projector_partitions",
                    .kind = METRIC_GAUGE,
                    .help = "partitions that this projector has"},
    [STATES] = {.name = "fluvius_projector_states", .kind = METRIC_GAUGE, .help = "aggregates' states in memory"},
    [STATE_BYTES] = {.name = "fluvius_projector_state_bytes", .kind = METRIC_GAUGE, .help = "what they take"},
};

void report_turn(uint64_t took_us, int64_t oldest_us, uint64_t records)
{
    metric_add(&metrics[RECORDS], (int64_t)records);
    metric_observe_us(&metrics[TURNS], (int64_t)took_us);
    if (oldest_us != INT64_MAX)
        metric_set(&metrics[LAG_MS], (clock_wall_us() - oldest_us) / 1000);
}

void report_idle(void)
{
    metric_set(&metrics[LAG_MS], 0);
}

/* Of any build. */
static bool partition_owned(const struct service *service, uint32_t partition)
{
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        if (service->running[place].id != 0 && core_owns(service->core, place, partition))
            return true;
    return false;
}

static void gauges_set(const struct service *service)
{
    struct fold_stats stats;
    uint64_t lag = 0;
    int64_t building = 0, halted = 0, partitions = 0;
    fold_stats(service->fold, &stats);
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++) {
        const struct running *running = &service->running[place];
        if (running->id == 0)
            continue;
        lag += running->state == BUILD_LIVE ? core_lag(service->core, place) : 0;
        building += running->state == BUILD_BUILDING;
        halted += core_halts(service->core, place);
    }
    for (uint32_t i = 0; i < service->log.partitions; i++)
        partitions += partition_owned(service, i);
    metric_set(&metrics[EVENTS], (int64_t)stats.events);
    metric_set(&metrics[ROWS], (int64_t)stats.rows);
    metric_set(&metrics[LOADS], (int64_t)stats.loads);
    metric_set(&metrics[LAG], (int64_t)lag);
    metric_set(&metrics[BUILDING], building);
    metric_set(&metrics[HALTED], halted);
    metric_set(&metrics[PARTITIONS], partitions);
    metric_set(&metrics[STATES], (int64_t)stats.cached);
    metric_set(&metrics[STATE_BYTES], (int64_t)stats.bytes);
}

void projector_metrics(void *context, struct buffer *out)
{
    const struct service *service = context;
    char labels[160];
    snprintf(labels, sizeof labels, "service=\"projector\",projector=\"%.100s\"", service->settings.name);
    gauges_set(service);
    metrics_print(metrics, METRICS, labels, out);
}

/* ---- alarms ---- */

static void alarm_put(struct buffer *out, uint32_t *count, const char *text)
{
    write_string(out, text);
    ++*count;
}

static void halts_put(const struct service *service, uint32_t place, struct buffer *out, uint32_t *count)
{
    const struct running *running = &service->running[place];
    char text[240];
    if (running->id == 0)
        return;
    for (uint32_t partition = 0; partition < service->log.partitions; partition++) {
        uint64_t seq = core_halted(service->core, place, partition);
        if (seq == 0 || !core_owns(service->core, place, partition))
            continue;
        snprintf(text,
                 sizeof text,
                 "projection %s is halted in partition %u: see fluvius lag",
                 running->projection->name,
                 partition);
        alarm_put(out, count, text);
        return; /* one of its partitions is enough for a person to look */
    }
}

static void orphans_put(const struct service *service, struct buffer *out, uint32_t *count)
{
    char text[240];
    for (uint32_t i = 0; i < service->module_count; i++) {
        const struct module *module = &service->modules[i];
        if (!module->latest || module->rank != MODULE_ORPHANED)
            continue;
        snprintf(text,
                 sizeof text,
                 "module %s was overtaken by one that no projector has: see fluvius rebuild",
                 domain_namespace(module->domain));
        alarm_put(out, count, text);
    }
}

static uint64_t lag_of_all(const struct service *service)
{
    uint64_t lag = 0;
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        if (service->running[place].id != 0 && core_halts(service->core, place) == 0)
            lag += core_lag(service->core, place);
    return lag;
}

uint32_t projector_alarms(void *context, struct buffer *out)
{
    const struct service *service = context;
    uint64_t now_us = clock_monotonic_us();
    uint32_t count = 0;
    char text[400];
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        halts_put(service, place, out, &count);
    orphans_put(service, out, &count);
    if (service->failure[0] != 0) {
        snprintf(text, sizeof text, "projector %s cannot go on: %s", service->settings.name, service->failure);
        alarm_put(out, &count, text);
    }
    if (service->moved_us != 0 && now_us > service->moved_us + STALL_US && lag_of_all(service) > 0) {
        snprintf(text,
                 sizeof text,
                 "projector %s has made no progress for %u s",
                 service->settings.name,
                 (unsigned)((now_us - service->moved_us) / 1000000));
        alarm_put(out, &count, text);
    }
    return count;
}
