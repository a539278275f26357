/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the log to and from records. */
#include "services/store/row.h"

#include "services/store/checksum.h"

enum column {
    COLUMN_POSITION,
    COLUMN_TIME,
    COLUMN_EPOCH,
    COLUMN_REALM,
    COLUMN_NAMESPACE,
    COLUMN_RESOURCE,
    COLUMN_IDENTIFIER,
    COLUMN_VERSION,
    COLUMN_PREVIOUS,
    COLUMN_EVENT,
    COLUMN_SCHEMA,
    COLUMN_DATA,
    COLUMN_ID,
    COLUMN_COMMAND,
    COLUMN_USER,
    COLUMN_TRACEPARENT,
    COLUMN_STATUS,
    COLUMN_HASH,
    COLUMN_CHECKSUM
};

static void bind_text_or_null(sqlite3_stmt *statement, int place, struct slice text)
{
    if (text.size == 0)
        sqlite3_bind_null(statement, place);
    else
        bind_text(statement, place, text);
}

static void receipt_bind(sqlite3_stmt *statement, const struct store_record *record)
{
    if (record->receipt) {
        sqlite3_bind_int(statement, COLUMN_STATUS + 1, (int)record->status);
        bind_bytes(statement, COLUMN_HASH + 1, slice_of(record->hash, sizeof record->hash));
    } else {
        sqlite3_bind_null(statement, COLUMN_STATUS + 1);
        sqlite3_bind_null(statement, COLUMN_HASH + 1);
    }
}

void row_bind(sqlite3_stmt *statement, const struct store_record *record, uint64_t epoch)
{
    bind_unsigned(statement, COLUMN_POSITION + 1, position_of(record->partition, record->seq));
    sqlite3_bind_int64(statement, COLUMN_TIME + 1, record->time_us);
    bind_unsigned(statement, COLUMN_EPOCH + 1, epoch);
    bind_text(statement, COLUMN_REALM + 1, record->stream.realm);
    bind_text(statement, COLUMN_NAMESPACE + 1, record->stream.namespace);
    bind_text(statement, COLUMN_RESOURCE + 1, record->stream.resource);
    bind_text(statement, COLUMN_IDENTIFIER + 1, record->stream.identifier);
    bind_unsigned(statement, COLUMN_VERSION + 1, record->version);
    bind_unsigned(statement, COLUMN_PREVIOUS + 1, record->previous);
    bind_text_or_null(statement, COLUMN_EVENT + 1, record->event);
    sqlite3_bind_int64(statement, COLUMN_SCHEMA + 1, record->schema);
    bind_bytes(statement, COLUMN_DATA + 1, record->data);
    bind_bytes(statement, COLUMN_ID + 1, slice_of(record->id.bytes, sizeof record->id.bytes));
    bind_text(statement, COLUMN_COMMAND + 1, record->command);
    bind_text(statement, COLUMN_USER + 1, record->user);
    bind_text_or_null(statement, COLUMN_TRACEPARENT + 1, record->traceparent);
    receipt_bind(statement, record);
    bind_unsigned(statement, COLUMN_CHECKSUM + 1, row_checksum(record, epoch));
}

static void stream_read(sqlite3_stmt *statement, struct store_record *out)
{
    out->stream = (struct stream){.realm = column_bytes(statement, COLUMN_REALM),
                                  .namespace = column_bytes(statement, COLUMN_NAMESPACE),
                                  .resource = column_bytes(statement, COLUMN_RESOURCE),
                                  .identifier = column_bytes(statement, COLUMN_IDENTIFIER)};
    out->stream_hash = stream_hash(&out->stream);
}

/* Copies a column that always has so many bytes; false when it has not. */
static bool fixed_read(sqlite3_stmt *statement, int column, void *out, size_t size)
{
    struct slice bytes = column_bytes(statement, column);
    if (bytes.size != size)
        return false;
    memcpy(out, bytes.data, size);
    return true;
}

static void columns_read(sqlite3_stmt *statement, struct store_record *out)
{
    uint64_t position = column_unsigned(statement, COLUMN_POSITION);
    out->partition = position_partition(position);
    out->seq = position_seq(position);
    out->time_us = sqlite3_column_int64(statement, COLUMN_TIME);
    stream_read(statement, out);
    out->version = column_unsigned(statement, COLUMN_VERSION);
    out->previous = column_unsigned(statement, COLUMN_PREVIOUS);
    out->event = column_bytes(statement, COLUMN_EVENT);
    out->schema = (uint32_t)sqlite3_column_int64(statement, COLUMN_SCHEMA);
    out->data = column_bytes(statement, COLUMN_DATA);
    out->command = column_bytes(statement, COLUMN_COMMAND);
    out->user = column_bytes(statement, COLUMN_USER);
    out->traceparent = column_bytes(statement, COLUMN_TRACEPARENT);
    out->receipt = sqlite3_column_type(statement, COLUMN_STATUS) != SQLITE_NULL;
    out->status = (enum status)sqlite3_column_int(statement, COLUMN_STATUS);
}

enum error row_read(const struct connection *connection,
                    sqlite3_stmt *statement,
                    struct store_record *out,
                    struct store_fault *fault)
{
    struct store_record record = {0};
    columns_read(statement, &record);
    bool sound =
        fixed_read(statement, COLUMN_ID, record.id.bytes, sizeof record.id.bytes) &&
        (!record.receipt || fixed_read(statement, COLUMN_HASH, record.hash, sizeof record.hash)) &&
        row_checksum(&record, column_unsigned(statement, COLUMN_EPOCH)) == column_unsigned(statement, COLUMN_CHECKSUM);
    if (!sound)
        return fault_set(fault,
                         error_corrupt,
                         "%s: the record at partition %u seq %llu is damaged: its checksum does not hold",
                         connection->path,
                         record.partition,
                         (unsigned long long)record.seq);
    *out = record;
    return error_none;
}
