/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a unit's owner does between commits: snapshots, a slice of the stream index, a run of receipts, forgetting old
 * ones, all in one fenced transaction. All of it can be derived again from the log. */
#include <time.h>

#include "services/store/unit.h"

enum {
    OVERDUE_TIMES = 2,    /* so many times what is due makes an append do the work */
    OVERDUE_BUDGET_MS = 5 /* a slice of such work */
};

static uint64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

bool clock_passed(uint64_t deadline_us)
{
    return clock_us() >= deadline_us;
}

/* What one transaction of maintenance did; true in memory once it has committed. */
struct slice_done {
    size_t streams;
    bool receipts;
    struct receipt_marks marks;
    bool more_expire;
};

static enum error slice_write(struct unit *unit,
                              const struct store_snapshot_write *snapshots,
                              size_t count,
                              uint64_t deadline_us,
                              struct slice_done *done,
                              struct store_fault *fault)
{
    enum error error = snapshots_write(unit, snapshots, count, fault);
    done->marks = unit->marks;
    done->receipts = receipts_due(unit, 1);
    if (error == error_none && done->receipts)
        error = receipts_write(unit, &done->marks, fault);
    if (error == error_none && unit->expire)
        error = receipts_expire(unit, &done->marks.expired_ms, &done->more_expire, fault);
    if (error == error_none && unit->tail.frozen)
        error = tail_write(unit, deadline_us, &done->streams, fault);
    return error;
}

static void slice_note(struct unit *unit, const struct slice_done *done)
{
    unit->marks = done->marks;
    unit->expire = done->more_expire;
    if (done->receipts)
        receipts_written(unit, &done->marks);
    if (unit->tail.frozen)
        tail_written(unit, done->streams);
}

static enum error slice_commit(struct unit *unit,
                               const struct store_snapshot_write *snapshots,
                               size_t count,
                               uint64_t deadline_us,
                               struct store_fault *fault)
{
    struct slice_done done = {0};
    enum error error = writing(unit)->begin(unit, fault);
    if (error != error_none)
        return error;
    error = slice_write(unit, snapshots, count, deadline_us, &done, fault);
    if (error != error_none) {
        writing(unit)->rollback(unit);
        return error;
    }
    error = writing(unit)->commit(unit, fault);
    if (error == error_none)
        slice_note(unit, &done);
    return error;
}

static bool slice_due(const struct unit *unit)
{
    return unit->tail.frozen || receipts_due(unit, 1) || unit->expire;
}

static enum error slice_run(struct unit *unit,
                            const struct store_snapshot_write *snapshots,
                            size_t count,
                            uint32_t budget_ms,
                            struct store_fault *fault)
{
    uint64_t deadline_us = clock_us() + (uint64_t)budget_ms * 1000;
    if (!unit->tail.frozen && tail_due(unit, 1) && tail_freeze(unit) != error_none)
        return fault_set(fault, error_no_memory, "%s: no memory for the stream index", unit->name);
    if (count == 0 && !slice_due(unit))
        return error_none;
    return slice_commit(unit, snapshots, count, deadline_us, fault);
}

enum error unit_maintain(struct unit *unit,
                         const struct store_snapshot_write *snapshots,
                         size_t count,
                         uint32_t budget_ms,
                         bool *more,
                         struct store_fault *fault)
{
    enum error error = slice_run(unit, snapshots, count, budget_ms, fault);
    if (error == error_none)
        *more = slice_due(unit) || tail_due(unit, 1);
    return error;
}

enum error unit_maintain_overdue(struct unit *unit, struct store_fault *fault)
{
    enum error error = error_none;
    while (error == error_none && (tail_due(unit, OVERDUE_TIMES) || receipts_due(unit, OVERDUE_TIMES)))
        error = slice_run(unit, NULL, 0, OVERDUE_BUDGET_MS, fault);
    return error;
}

void unit_maintain_finish(struct unit *unit)
{
    enum error error = error_none;
    if (!unit->tail.frozen && unit->tail.rows != 0)
        error = tail_freeze(unit);
    while (error == error_none && unit->tail.frozen)
        error = slice_commit(unit, NULL, 0, UINT64_MAX, NULL);
}
