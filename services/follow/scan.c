/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Looking at records: from the ring where it has them, from the store otherwise. */
#include "services/follow/state.h"

#include "services/store/record.h"

struct look {
    struct follow_core *core;
    struct follower *follower; /* NULL: for the ring */
    uint32_t seen;
};

static void record_see(struct follower *follower, const struct record *record, struct slice raw)
{
    follower->after[record->partition] = record->seq;
    if (!selection_has(&follower->selection, record))
        return;
    if (raw.size > 0)
        buffer_append(&follower->records, raw.data, raw.size);
    else
        record_encode(&follower->records, record);
    follower->count++;
}

static enum error look_visit(void *context, const struct store_record *row)
{
    struct look *look = context;
    struct record record = record_of(row);
    look->seen++;
    look->core->counts.from_store++;
    record_see(look->follower, &record, (struct slice){0});
    if (look->follower->records.failed)
        return error_no_memory;
    return follower_full(look->follower) ? error_full : error_none;
}

static enum error store_scan(struct follow_core *core,
                             struct follower *follower,
                             uint32_t partition,
                             uint32_t *budget,
                             struct store_fault *fault)
{
    struct look look = {.core = core, .follower = follower};
    uint32_t limit = *budget < FOLLOW_READ ? *budget : FOLLOW_READ;
    enum error error = core->config.source->read(
        core->config.source_context, partition, follower->after[partition], limit, look_visit, &look, fault);
    *budget -= look.seen < *budget ? look.seen : *budget;
    if (error == error_none && look.seen == 0) /* the news were wrong: the store knows */
        core->heads[partition] = follower->after[partition];
    return error == error_full ? error_none : error;
}

/* False when the ring does not have the next record. */
static bool ring_scan(struct follow_core *core, struct follower *follower, uint32_t partition, uint32_t *budget)
{
    const struct ring_record *found = ring_find(core->ring, partition, follower->after[partition] + 1);
    if (found == NULL)
        return false;
    for (; found != NULL && *budget > 0 && !follower_full(follower);
         found = ring_find(core->ring, partition, follower->after[partition] + 1)) {
        record_see(follower, &found->record, found->raw);
        core->counts.from_ring++;
        --*budget;
    }
    return true;
}

static bool partition_left(const struct follow_core *core, const struct follower *follower, uint32_t partition)
{
    return follower_reads(follower, partition) && follower->after[partition] < core->heads[partition];
}

enum error
follower_scan(struct follow_core *core, struct follower *follower, uint32_t *budget, struct store_fault *fault)
{
    uint32_t partitions = core->config.log.partitions, idle = 0;
    enum error error = error_none;
    while (error == error_none && *budget > 0 && idle < partitions && !follower_full(follower)) {
        uint32_t partition = follower->next;
        bool left = partition_left(core, follower, partition);
        if (left && !ring_scan(core, follower, partition, budget))
            error = store_scan(core, follower, partition, budget, fault);
        if (left && follower_full(follower)) /* its answer ends within this partition */
            break;
        idle = left ? 0 : idle + 1;
        follower->next = (partition + 1) % partitions;
    }
    return error == error_none && follower->records.failed ? error_no_memory : error;
}

bool follower_at_end(const struct follow_core *core, const struct follower *follower)
{
    for (uint32_t i = 0; i < core->config.log.partitions; i++)
        if (partition_left(core, follower, i))
            return false;
    return true;
}

/* ---- the ring ---- */

static enum error ring_visit(void *context, const struct store_record *row)
{
    struct look *look = context;
    struct record record = record_of(row);
    look->seen++;
    look->core->counts.from_store++;
    return ring_put(look->core->ring, &record) ? error_none : error_no_memory;
}

static enum error
partition_fill(struct follow_core *core, uint32_t partition, uint32_t *budget, struct store_fault *fault)
{
    struct look look = {.core = core};
    uint64_t end = ring_end(core->ring, partition);
    if (core->heads[partition] - end > FOLLOW_RING_GAP) {
        ring_begin(core->ring, partition, core->heads[partition]);
        return error_none;
    }
    enum error error =
        core->config.source->read(core->config.source_context, partition, end, FOLLOW_READ, ring_visit, &look, fault);
    *budget -= look.seen < *budget ? look.seen : *budget;
    if (error == error_none && look.seen == 0)
        core->heads[partition] = end;
    return error;
}

enum error ring_fill(struct follow_core *core, uint32_t *budget, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < core->config.log.partitions && error == error_none; i++)
        while (error == error_none && *budget > 0 && ring_end(core->ring, i) < core->heads[i])
            error = partition_fill(core, i, budget, fault);
    return error;
}

/* ---- by time ---- */

static enum error time_visit(void *context, const struct store_record *row)
{
    *(int64_t *)context = row->time_us;
    return error_full;
}

/* The time of the record after `after`; INT64_MAX when there is none. */
static enum error
time_read(struct follow_core *core, uint32_t partition, uint64_t after, int64_t *out, struct store_fault *fault)
{
    *out = INT64_MAX;
    enum error error =
        core->config.source->read(core->config.source_context, partition, after, 1, time_visit, out, fault);
    return error == error_full ? error_none : error;
}

/* Times never decrease within a partition, so the first of a time or later is found by halving. */
static enum error
partition_seek(struct follow_core *core, struct follower *follower, uint32_t partition, struct store_fault *fault)
{
    uint64_t low = 0, high = core->heads[partition]; /* the place before it is in low..high */
    enum error error = error_none;
    while (low < high && error == error_none) {
        uint64_t middle = low + (high - low) / 2;
        int64_t time_us;
        error = time_read(core, partition, middle, &time_us, fault);
        if (error == error_none && time_us < follower->follow.since_us)
            low = middle + 1;
        else
            high = middle;
    }
    if (error == error_none)
        follower->after[partition] = low;
    return error;
}

enum error follower_seek(struct follow_core *core, struct follower *follower, struct store_fault *fault)
{
    enum error error = error_none;
    uint32_t share = FOLLOW_SEEK_SHARE;
    for (; error == error_none && share > 0 && follower->next < core->config.log.partitions; follower->next++) {
        if (!follower_reads(follower, follower->next))
            continue;
        error = partition_seek(core, follower, follower->next, fault);
        if (error != error_none)
            return error;
        share--;
    }
    if (follower->next == core->config.log.partitions) {
        follower->next = 0;
        follower->state = FOLLOWER_SCANNING;
    }
    return error;
}
