/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Forgetting receipts that are older than the retention, by the time of the newest record. Their rows stay in the log;
 * only the way to them goes, a run or some rows at a time. */
#include "services/store/unit.h"

enum { DAY_MS = 86400000 };

/* Is a time older than the retention? */
static bool is_old(const struct unit *unit, uint64_t time_ms)
{
    return time_ms + unit->store->retention_ms < unit_newest_ms(unit);
}

static enum error run_expire(struct unit *unit, uint64_t *expired_ms, bool *more, struct store_fault *fault)
{
    uint64_t run, max_ms;
    bool found;
    enum error error = writing(unit)->oldest_run(unit, &run, &max_ms, &found, fault);
    if (error != error_none || !found || !is_old(unit, max_ms))
        return error;
    error = writing(unit)->delete_run(unit, run, fault);
    if (error == error_none && max_ms + 1 > *expired_ms)
        *expired_ms = max_ms + 1;
    *more = true;
    return error;
}

static enum error others_expire(struct unit *unit, uint64_t *expired_ms, bool *more, struct store_fault *fault)
{
    uint64_t day;
    bool found;
    enum error error = writing(unit)->oldest_day(unit, &day, &found, fault);
    if (error != error_none || !found || !is_old(unit, (day + 1) * DAY_MS))
        return error;
    error = writing(unit)->delete_day(unit, day, fault);
    if (error == error_none && (day + 1) * DAY_MS > *expired_ms)
        *expired_ms = (day + 1) * DAY_MS;
    *more = true;
    return error;
}

enum error receipts_expire(struct unit *unit, uint64_t *expired_ms, bool *more, struct store_fault *fault)
{
    uint64_t expired = unit->marks.expired_ms;
    *more = false;
    enum error error = run_expire(unit, &expired, more, fault);
    if (error == error_none)
        error = others_expire(unit, &expired, more, fault);
    if (error == error_none && expired != unit->marks.expired_ms)
        error = writing(unit)->put_mark(unit, RECEIPT_MARK_EXPIRED, expired, fault);
    if (error == error_none)
        *expired_ms = expired;
    return error;
}
