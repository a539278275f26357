/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Forgetting receipts that are older than the retention, by the time of the newest record. Their rows stay in the log;
 * only the way to them goes, a run or some rows at a time. */
#include "services/store/sqlite.h"

enum { DAY_MS = 86400000 };

/* Reads one row of two numbers; *found is false when there is none. */
static enum error
oldest_read(struct unit *unit, enum writer_statement which, uint64_t out[2], bool *found, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[which];
    enum error error = error_none;
    int code = sqlite3_step(statement);
    *found = code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    if (*found) {
        out[0] = column_unsigned(statement, 0);
        out[1] = column_unsigned(statement, 1);
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        error = unit_fault(unit, code, "looking for old receipts", fault);
    }
    sqlite3_reset(statement);
    return error;
}

static enum error
delete_run(struct unit *unit, enum writer_statement which, uint64_t first, uint64_t last, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[which];
    bind_unsigned(statement, 1, first);
    bind_unsigned(statement, 2, last);
    int code = statement_run(statement);
    return code == SQLITE_OK ? error_none : unit_fault(unit, code, "deleting old receipts", fault);
}

/* Is a time older than the retention? */
static bool is_old(const struct unit *unit, uint64_t time_ms)
{
    return time_ms + unit->store->retention_ms < unit_newest_ms(unit);
}

static enum error run_expire(struct unit *unit, uint64_t *expired_ms, bool *more, struct store_fault *fault)
{
    uint64_t run[2]; /* number, max_ms */
    bool found;
    enum error error = oldest_read(unit, WRITER_OLDEST_RUN, run, &found, fault);
    if (error != error_none || !found || !is_old(unit, run[1]))
        return error;
    error = delete_run(unit, WRITER_DELETE_PAGES, run[0] << 20, ((run[0] + 1) << 20) - 1, fault);
    if (error == error_none)
        error = delete_run(unit, WRITER_DELETE_RUN, run[0], run[0], fault);
    if (error == error_none && run[1] + 1 > *expired_ms)
        *expired_ms = run[1] + 1;
    *more = true;
    return error;
}

static enum error others_expire(struct unit *unit, uint64_t *expired_ms, bool *more, struct store_fault *fault)
{
    uint64_t day[2];
    bool found;
    enum error error = oldest_read(unit, WRITER_OLDEST_DAY, day, &found, fault);
    if (error != error_none || !found || !is_old(unit, (day[0] + 1) * DAY_MS))
        return error;
    error = delete_run(unit, WRITER_DELETE_OTHERS, day[0], day[0], fault);
    if (error == error_none && (day[0] + 1) * DAY_MS > *expired_ms)
        *expired_ms = (day[0] + 1) * DAY_MS;
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
        error = meta_put(&unit->writer, "receipts_expired_ms", expired, fault);
    if (error == error_none)
        *expired_ms = expired;
    return error;
}
