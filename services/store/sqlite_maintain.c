/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Maintenance of a file: that of its unit, and checkpoints. */
#include <assert.h>

#include "services/store/sqlite.h"

enum {
    OVERDUE_WAL_TIMES = 4,
    WAL_LARGE_PAGES = 65536 /* 256 MiB: readers kept the write-ahead log from starting over */
};

static bool checkpoint_due(const struct unit *unit, uint32_t times)
{
    const struct sqlite_unit *file = sqlite_unit_of(unit);
    return file->wal_pages - file->wal_checkpointed >= sqlite_store_of(unit)->wal_pages * times;
}

/* A passive checkpoint waits for nobody: what readers still need of the write-ahead log stays there. When it has grown
 * large that way, one that starts it over is tried, and given up at once if a reader is in the way. */
static enum error checkpoint_run(struct unit *unit, struct store_fault *fault)
{
    struct sqlite_unit *file = sqlite_unit_of(unit);
    int mode = file->wal_pages >= WAL_LARGE_PAGES ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    sqlite3_busy_timeout(file->writer.db, 0);
    int code = sqlite3_wal_checkpoint_v2(file->writer.db, "main", mode, NULL, NULL);
    sqlite3_busy_timeout(file->writer.db, CONNECTION_BUSY_MS);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
        return unit_fault(unit, code, "checkpointing", fault);
    file->wal_checkpointed = file->wal_pages;
    return error_none;
}

void checkpoint_finish(struct unit *unit)
{
    sqlite3_wal_checkpoint_v2(sqlite_unit_of(unit)->writer.db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

enum error sqlite_maintain(struct store *store,
                           uint32_t number,
                           const struct store_snapshot_write *snapshots,
                           size_t count,
                           uint32_t budget_ms,
                           bool *more,
                           struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    bool left = false;
    assert(unit->claim != NULL);
    enum error error = store_check(unit, fault);
    if (error == error_none)
        error = unit_maintain(unit, snapshots, count, budget_ms, &left, fault);
    if (error == error_none && checkpoint_due(unit, 1))
        error = checkpoint_run(unit, fault);
    if (error == error_none)
        *more = left;
    return error;
}

enum error sqlite_maintain_overdue(struct unit *unit, struct store_fault *fault)
{
    enum error error = unit_maintain_overdue(unit, fault);
    if (error == error_none && checkpoint_due(unit, OVERDUE_WAL_TIMES))
        error = checkpoint_run(unit, fault);
    return error;
}
