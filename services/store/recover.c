/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a new owner needs in memory: the heads of its partitions, and, by scanning the log from the positions that the
 * tables cover, the streams and receipts that are in no table yet. */
#include "services/store/row.h"
#include "services/store/sqlite.h"

static enum error head_load(struct unit *unit, uint32_t place, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_LAST];
    uint32_t partition = unit_partition(unit, place);
    struct store_record record;
    enum error error = error_none;
    bind_unsigned(statement, 1, position_of(partition, 0));
    bind_unsigned(statement, 2, position_of(partition, POSITION_SEQ_MAX));
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        error = row_read(&unit->writer, statement, &record, fault);
    else if (code != SQLITE_DONE)
        error = unit_fault(unit, code, "looking for the head", fault);
    if (code == SQLITE_ROW && error == error_none)
        unit->heads[place] = (struct partition_head){.head = record.seq, .time_us = record.time_us};
    sqlite3_reset(statement);
    return error;
}

/* How far the tables cover a partition. */
struct cover {
    uint64_t streams, receipts;
};

static enum error cover_load(struct unit *unit, uint32_t place, struct cover *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_COVERED];
    bind_unsigned(statement, 1, unit_partition(unit, place));
    int code = sqlite3_step(statement);
    struct cover cover = {column_unsigned(statement, 0), column_unsigned(statement, 1)};
    sqlite3_reset(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return unit_fault(unit, code, "reading what is covered", fault);
    uint64_t head = unit->heads[place].head;
    if (code == SQLITE_DONE || cover.streams > head || cover.receipts > head)
        return fault_set(fault,
                         error_corrupt,
                         "%s: partition %u ends at seq %llu, before what its index covers",
                         unit->path,
                         unit_partition(unit, place),
                         (unsigned long long)head);
    *out = cover;
    return error_none;
}

static enum error record_recover(struct unit *unit, const struct store_record *record, const struct cover *cover)
{
    if (record->seq > cover->streams) {
        if (record->event.size != 0 && tail_reserve(unit, 1, stream_key_size(&record->stream)) != error_none)
            return error_no_memory;
        tail_put(unit, record);
    }
    if (record->seq > cover->receipts && record->receipt) {
        struct receipt_entry entry =
            receipt_entry_of(&record->id, record->stream_hash, position_of(record->partition, record->seq));
        if (receipt_set_reserve(&unit->pending, 1) != error_none)
            return error_no_memory;
        receipt_set_put(&unit->pending, &entry);
    }
    return error_none;
}

static enum error row_recover(
    struct unit *unit, sqlite3_stmt *statement, uint64_t seq, const struct cover *cover, struct store_fault *fault)
{
    struct store_record record;
    enum error error = row_read(&unit->writer, statement, &record, fault);
    if (error != error_none)
        return error;
    if (record.seq != seq)
        return fault_set(fault,
                         error_corrupt,
                         "%s: partition %u has no record at seq %llu",
                         unit->path,
                         record.partition,
                         (unsigned long long)seq);
    return record_recover(unit, &record, cover) == error_none
               ? error_none
               : fault_set(fault, error_no_memory, "%s: no memory for its tail", unit->path);
}

static enum error scan(struct unit *unit, uint32_t place, const struct cover *cover, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_SCAN];
    uint32_t partition = unit_partition(unit, place);
    uint64_t seq = cover->streams < cover->receipts ? cover->streams : cover->receipts;
    enum error error = error_none;
    int code = SQLITE_DONE;
    bind_unsigned(statement, 1, position_of(partition, seq));
    bind_unsigned(statement, 2, position_of(partition, POSITION_SEQ_MAX));
    while (error == error_none && (code = sqlite3_step(statement)) == SQLITE_ROW)
        error = row_recover(unit, statement, ++seq, cover, fault);
    sqlite3_reset(statement);
    if (error == error_none && code != SQLITE_DONE)
        error = unit_fault(unit, code, "scanning the log", fault);
    return error;
}

static enum error marks_load(struct unit *unit, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_LAST_RUN];
    struct receipt_marks marks = {.next_run = 1};
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        marks.next_run = column_unsigned(statement, 0) + 1;
        marks.max_ms = column_unsigned(statement, 1);
    }
    sqlite3_reset(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return unit_fault(unit, code, "looking for the last run of receipts", fault);
    enum error error = meta_get(&unit->writer, "receipts_late_ms", &marks.late_ms, fault);
    if (error == error_none)
        error = meta_get(&unit->writer, "receipts_expired_ms", &marks.expired_ms, fault);
    if (error == error_none)
        unit->marks = marks;
    return error;
}

enum error unit_recover(struct unit *unit, struct store_fault *fault)
{
    enum error error = marks_load(unit, fault);
    for (uint32_t place = 0; place < unit->count && error == error_none; place++) {
        struct cover cover;
        error = head_load(unit, place, fault);
        if (error == error_none)
            error = cover_load(unit, place, &cover, fault);
        if (error == error_none)
            error = scan(unit, place, &cover, fault);
    }
    unit->expire = true;
    return error;
}
