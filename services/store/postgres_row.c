/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the log: records to the format of a binary COPY, and binary results to records. A COPY begins with a
 * signature of 19 bytes; a row is the number of its columns in 16 bits, then for each its size in 32 bits, -1 for NULL,
 * and its bytes; a row of -1 columns ends it. All is big-endian. */
#include <assert.h>

#include "services/store/checksum.h"
#include "services/store/grow.h"
#include "services/store/postgres.h"

enum column {
    COLUMN_POSITION,
    COLUMN_TIME,
    COLUMN_EPOCH,
    COLUMN_VERSION,
    COLUMN_PREVIOUS,
    COLUMN_CHECKSUM,
    COLUMN_SCHEMA,
    COLUMN_STATUS,
    COLUMN_ID,
    COLUMN_HASH,
    COLUMN_REALM,
    COLUMN_NAMESPACE,
    COLUMN_RESOURCE,
    COLUMN_IDENTIFIER,
    COLUMN_EVENT,
    COLUMN_COMMAND,
    COLUMN_USER,
    COLUMN_TRACEPARENT,
    COLUMN_DATA,
    COLUMNS
};
_Static_assert(COLUMNS == LOG_COLUMNS_COUNT, "as LOG_COLUMNS says");

/* What a row takes besides its strings: the count, the sizes, seven integers, status, id and hash. */
enum { ROW_FIXED = 2 + 4 * COLUMNS + 7 * 8 + 2 + 16 + 16, COPY_HEAD = 19, COPY_TAIL = 2 };

static const uint8_t copy_head[COPY_HEAD] = "PGCOPY\n\377\r\n";

/* ---- writing ---- */

static uint8_t *size_write(uint8_t *out, uint32_t size)
{
    size = __builtin_bswap32(size);
    memcpy(out, &size, sizeof size);
    return out + sizeof size;
}

static uint8_t *count_write(uint8_t *out, int count)
{
    *out++ = (uint8_t)((unsigned)count >> 8);
    *out++ = (uint8_t)count;
    return out;
}

static uint8_t *number_write(uint8_t *out, uint64_t number)
{
    out = size_write(out, 8);
    store_big_endian(out, number);
    return out + 8;
}

static uint8_t *bytes_write(uint8_t *out, struct slice bytes)
{
    out = size_write(out, (uint32_t)bytes.size);
    if (bytes.size != 0)
        memcpy(out, bytes.data, bytes.size);
    return out + bytes.size;
}

static uint8_t *null_write(uint8_t *out)
{
    return size_write(out, UINT32_MAX);
}

static uint8_t *bytes_or_null_write(uint8_t *out, struct slice bytes)
{
    return bytes.size == 0 ? null_write(out) : bytes_write(out, bytes);
}

static uint8_t *numbers_write(uint8_t *out, const struct store_record *record, uint64_t epoch)
{
    out = number_write(out, position_of(record->partition, record->seq));
    out = number_write(out, (uint64_t)record->time_us);
    out = number_write(out, epoch);
    out = number_write(out, record->version);
    out = number_write(out, record->previous);
    out = number_write(out, row_checksum(record, epoch));
    return number_write(out, record->schema);
}

static uint8_t *status_write(uint8_t *out, const struct store_record *record)
{
    if (!record->receipt)
        return null_write(out);
    return count_write(size_write(out, 2), (int)record->status);
}

static uint8_t *row_write(uint8_t *out, const struct store_record *record, uint64_t epoch)
{
    out = count_write(out, COLUMNS);
    out = numbers_write(out, record, epoch);
    out = status_write(out, record);
    out = bytes_write(out, slice_of(record->id.bytes, sizeof record->id.bytes));
    out = record->receipt ? bytes_write(out, slice_of(record->hash, sizeof record->hash)) : null_write(out);
    out = bytes_write(out, record->stream.realm);
    out = bytes_write(out, record->stream.namespace);
    out = bytes_write(out, record->stream.resource);
    out = bytes_write(out, record->stream.identifier);
    out = bytes_or_null_write(out, record->event);
    out = bytes_write(out, record->command);
    out = bytes_write(out, record->user);
    out = bytes_or_null_write(out, record->traceparent);
    return bytes_write(out, record->data);
}

static size_t row_size(const struct store_record *record)
{
    const struct stream *stream = &record->stream;
    return ROW_FIXED + stream->realm.size + stream->namespace.size + stream->resource.size + stream->identifier.size +
           record->event.size + record->command.size + record->user.size + record->traceparent.size + record->data.size;
}

enum error
rows_fill(struct postgres_unit *unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    size_t size = COPY_HEAD + COPY_TAIL;
    for (size_t i = 0; i < count; i++)
        size += row_size(&records[i]);
    if (!grow((void **)&unit->rows, &unit->rows_capacity, size, 1))
        return fault_set(fault, error_no_memory, "%s: no memory for a batch", unit->base.name);
    uint8_t *at = unit->rows;
    memcpy(at, copy_head, COPY_HEAD);
    at += COPY_HEAD;
    for (size_t i = 0; i < count; i++)
        at = row_write(at, &records[unit->base.order[i].item], unit->base.claim->epoch);
    at = count_write(at, -1);
    unit->rows_size = (size_t)(at - unit->rows);
    assert(unit->rows_size <= size);
    return error_none;
}

/* ---- reading ---- */

/* Copies a column that always has so many bytes; false when it has not. */
static bool fixed_read(const PGresult *result, int row, int column, void *out, size_t size)
{
    struct slice bytes = result_bytes(result, row, column);
    if (bytes.size != size)
        return false;
    memcpy(out, bytes.data, size);
    return true;
}

static void numbers_read(const PGresult *result, int row, int first, struct store_record *out)
{
    uint64_t position = result_number(result, row, first + COLUMN_POSITION);
    out->partition = position_partition(position);
    out->seq = position_seq(position);
    out->time_us = (int64_t)result_number(result, row, first + COLUMN_TIME);
    out->version = result_number(result, row, first + COLUMN_VERSION);
    out->previous = result_number(result, row, first + COLUMN_PREVIOUS);
    out->schema = (uint32_t)result_number(result, row, first + COLUMN_SCHEMA);
    out->receipt = !PQgetisnull(result, row, first + COLUMN_STATUS);
    out->status = (enum status)result_number(result, row, first + COLUMN_STATUS);
}

static void strings_read(const PGresult *result, int row, int first, struct store_record *out)
{
    out->stream = (struct stream){.realm = result_bytes(result, row, first + COLUMN_REALM),
                                  .namespace = result_bytes(result, row, first + COLUMN_NAMESPACE),
                                  .resource = result_bytes(result, row, first + COLUMN_RESOURCE),
                                  .identifier = result_bytes(result, row, first + COLUMN_IDENTIFIER)};
    out->stream_hash = stream_hash(&out->stream);
    out->event = result_bytes(result, row, first + COLUMN_EVENT);
    out->command = result_bytes(result, row, first + COLUMN_COMMAND);
    out->user = result_bytes(result, row, first + COLUMN_USER);
    out->traceparent = result_bytes(result, row, first + COLUMN_TRACEPARENT);
    out->data = result_bytes(result, row, first + COLUMN_DATA);
}

enum error row_decode(const struct unit *unit,
                      const PGresult *result,
                      int row,
                      int first,
                      struct store_record *out,
                      struct store_fault *fault)
{
    struct store_record record = {0};
    numbers_read(result, row, first, &record);
    strings_read(result, row, first, &record);
    bool sound = fixed_read(result, row, first + COLUMN_ID, record.id.bytes, sizeof record.id.bytes) &&
                 (!record.receipt || fixed_read(result, row, first + COLUMN_HASH, record.hash, sizeof record.hash)) &&
                 row_checksum(&record, result_number(result, row, first + COLUMN_EPOCH)) ==
                     result_number(result, row, first + COLUMN_CHECKSUM);
    if (!sound)
        return fault_set(fault,
                         error_corrupt,
                         "%s: the record at partition %u seq %llu is damaged: its checksum does not hold",
                         unit->name,
                         record.partition,
                         (unsigned long long)record.seq);
    *out = record;
    return error_none;
}

enum error
rows_visit(const struct unit *unit, const PGresult *result, store_visit visit, void *context, struct store_fault *fault)
{
    enum error error = error_none;
    for (int row = 0; row < PQntuples(result) && error == error_none; row++) {
        struct store_record record;
        error = row_decode(unit, result, row, 0, &record, fault);
        if (error == error_none)
            error = visit(context, &record);
    }
    return error;
}

enum error positions_visit(const struct unit *unit,
                           const PGresult *result,
                           const uint64_t *positions,
                           size_t count,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault)
{
    enum error error = error_none;
    for (size_t i = 0, row = 0; i < count && error == error_none; i++) {
        struct store_record record = {0};
        bool there =
            row < (size_t)PQntuples(result) && result_number(result, (int)row, COLUMN_POSITION) == positions[i];
        if (there)
            error = row_decode(unit, result, (int)row++, 0, &record, fault);
        if (error == error_none)
            error = visit(context, &record);
    }
    return error;
}
