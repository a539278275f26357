/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Appending a batch of records in one transaction that also checks the epoch. */
#include <assert.h>
#include <stdatomic.h>

#include "services/store/row.h"
#include "services/store/sqlite.h"

void sqlite_rollback(struct unit *unit)
{
    struct sqlite_unit *file = sqlite_unit_of(unit);
    if (sqlite3_get_autocommit(file->writer.db) == 0)
        statement_run(file->statements[WRITER_ROLLBACK]);
}

enum error unit_fault(struct unit *unit, int code, const char *doing, struct store_fault *fault)
{
    enum error error = connection_fault(&sqlite_unit_of(unit)->writer, code, doing, fault);
    if (error == error_io)
        atomic_store_explicit(&sqlite_store_of(unit)->failed, true, memory_order_relaxed);
    return error;
}

static enum error fence_check(struct unit *unit, struct store_fault *fault)
{
    sqlite3_stmt *statement = sqlite_unit_of(unit)->statements[WRITER_EPOCH];
    enum error error = error_none;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        error = unit_fault(unit, code, "checking the epoch", fault);
    else if (column_unsigned(statement, 0) != unit->claim->epoch)
        error = fault_set(fault,
                          error_fenced,
                          "%s: unit %u is at epoch %llu, ours was %llu",
                          unit->name,
                          unit->number,
                          (unsigned long long)column_unsigned(statement, 0),
                          (unsigned long long)unit->claim->epoch);
    sqlite3_reset(statement);
    return error;
}

enum error sqlite_begin(struct unit *unit, struct store_fault *fault)
{
    enum error error = store_check(unit, fault);
    if (error != error_none)
        return error;
    int code = statement_run(sqlite_unit_of(unit)->statements[WRITER_BEGIN]);
    if (code != SQLITE_OK)
        return unit_fault(unit, code, "beginning", fault);
    error = fence_check(unit, fault);
    if (error != error_none)
        sqlite_rollback(unit);
    return error;
}

enum error sqlite_commit(struct unit *unit, struct store_fault *fault)
{
    int code = statement_run(sqlite_unit_of(unit)->statements[WRITER_COMMIT]);
    if (code == SQLITE_OK)
        return error_none;
    enum error error = unit_fault(unit, code, "committing", fault);
    sqlite_rollback(unit);
    return error;
}

static enum error
batch_insert(struct unit *unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    sqlite3_stmt *statement = sqlite_unit_of(unit)->statements[WRITER_INSERT];
    for (size_t i = 0; i < count; i++) {
        row_bind(statement, &records[unit->order[i].item], unit->claim->epoch);
        int code = statement_run(statement);
        if (code != SQLITE_OK)
            return unit_fault(unit, code, "appending", fault);
    }
    return error_none;
}

static enum error
batch_commit(struct unit *unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    bool more_kinds = kinds_new(unit, records, count);
    enum error error = sqlite_begin(unit, fault);
    if (error != error_none)
        return error;
    if (more_kinds)
        error = kinds_write(unit, records, count, fault);
    if (error == error_none)
        error = batch_insert(unit, records, count, fault);
    if (error != error_none) {
        sqlite_rollback(unit);
        return error;
    }
    error = sqlite_commit(unit, fault);
    if (error == error_none && more_kinds)
        kinds_note(unit, records, count);
    return error;
}

enum error sqlite_append(
    struct store *store, uint32_t number, const struct store_record *records, size_t count, struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    assert(unit->claim != NULL && count <= UINT32_MAX);
    enum error error = store_check(unit, fault);
    if (error == error_none)
        error = sqlite_maintain_overdue(unit, fault);
    if (error != error_none || count == 0)
        return error;
    error = batch_prepare(unit, records, count, fault);
    if (error == error_none)
        error = batch_commit(unit, records, count, fault);
    if (error == error_none)
        batch_note(unit, records, count);
    return error;
}
