/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A committed record as readers of the log see it, and the frames in which the event bus sends records and heads. */
#include "proto/envelope.h"
#include "proto/fields.h"

static uint32_t record_size(const struct record *record)
{
    uint32_t entries = 11; /* the required fields */
    entries += record->event.size > 0;
    entries += record->schema > 0;
    entries += record->data.size > 0;
    entries += record->traceparent.size > 0;
    entries += record->has_status;
    return entries;
}

static void put_name(struct buffer *out, const struct field_key *key, struct slice text)
{
    put_key(out, key);
    write_text(out, text);
}

void record_encode(struct buffer *out, const struct record *record)
{
    write_map(out, record_size(record));
    put_unsigned(out, KEY(record, partition), record->partition);
    put_unsigned(out, KEY(record, seq), record->seq);
    put_key(out, KEY(record, time_us));
    write_integer(out, record->time_us);
    put_name(out, KEY(record, realm), record->stream.realm);
    put_name(out, KEY(record, namespace), record->stream.namespace);
    put_name(out, KEY(record, resource), record->stream.resource);
    put_name(out, KEY(record, identifier), record->stream.identifier);
    put_unsigned(out, KEY(record, version), record->version);
    put_text(out, KEY(record, event), record->event);
    if (record->schema > 0) {
        put_unsigned(out, KEY(record, schema), record->schema);
    }
    put_raw(out, KEY(record, data), record->data);
    put_uuid(out, KEY(record, id), &record->id);
    put_name(out, KEY(record, command), record->command);
    put_name(out, KEY(record, user), record->user);
    put_text(out, KEY(record, traceparent), record->traceparent);
    if (record->has_status) {
        put_text(out, KEY(record, status), slice_text(status_name(record->status)));
    }
}

static enum error record_take(struct record *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(record, partition):
        return take_u32(reader, &out->partition);
    case AT(record, seq):
        return take_u64(reader, &out->seq);
    case AT(record, time_us):
        return reader_integer(reader, &out->time_us);
    case AT(record, realm):
        return reader_text(reader, &out->stream.realm);
    case AT(record, namespace):
        return reader_text(reader, &out->stream.namespace);
    case AT(record, resource):
        return reader_text(reader, &out->stream.resource);
    case AT(record, identifier):
        return reader_text(reader, &out->stream.identifier);
    case AT(record, version):
        return take_u64(reader, &out->version);
    case AT(record, event):
        return reader_text(reader, &out->event);
    case AT(record, schema):
        return take_u32(reader, &out->schema);
    case AT(record, data):
        return take_map(reader, &out->data);
    case AT(record, id):
        return take_uuid(reader, &out->id);
    case AT(record, command):
        return reader_text(reader, &out->command);
    case AT(record, user):
        return reader_text(reader, &out->user);
    case AT(record, traceparent):
        return reader_text(reader, &out->traceparent);
    default:
        out->has_status = true;
        return take_status(reader, &out->status);
    }
}

enum error record_decode(struct slice value, struct record *out)
{
    const uint32_t required = BIT(record, partition) | BIT(record, seq) | BIT(record, time_us) | BIT(record, realm) |
                              BIT(record, namespace) | BIT(record, resource) | BIT(record, identifier) |
                              BIT(record, version) | BIT(record, id) | BIT(record, command) | BIT(record, user);
    struct record record = {0};
    struct fields fields;
    int field;
    enum error error = fields_begin(&fields, value, &record_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END) {
        error = record_take(&record, field, &fields.reader);
    }
    error = error != error_none ? error : fields.error;
    if (error == error_none && fields_missing(&fields, required) != FIELDS_END) {
        error = error_missing_field;
    }
    if (error == error_none) {
        *out = record;
    }
    return error;
}

static enum error event_frame_take(struct event_frame *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(event_frame, version):
        return take_version(reader);
    case AT(event_frame, heads):
        return take_array(reader, &out->heads);
    default:
        return take_array(reader, &out->records);
    }
}

enum error event_frame_decode(struct slice message, struct event_frame *out)
{
    struct event_frame frame = {0};
    struct fields fields;
    int field;
    if (message.size == 0) {
        return error_truncated;
    }
    if (message.data[0] != EVENT_TOPIC_HEADS && message.data[0] != EVENT_TOPIC_RECORDS) {
        return error_bad_type;
    }
    uint32_t required = message.data[0] == EVENT_TOPIC_HEADS ? BIT(event_frame, heads) : BIT(event_frame, records);
    struct slice map = slice_of(message.data + 1, message.size - 1);
    enum error error = msgpack_check(map, NULL);
    error = error != error_none ? error : message_version(map);
    error = error != error_none ? error : fields_begin(&fields, map, &event_frame_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END) {
        error = event_frame_take(&frame, field, &fields.reader);
    }
    if (error == error_none && fields_missing(&fields, required) != FIELDS_END) {
        error = error_missing_field;
    }
    if (error == error_none) {
        *out = frame;
    }
    return error;
}

void event_frame_encode(struct buffer *out, char topic, struct slice items)
{
    buffer_append(out, &topic, 1);
    write_map(out, 2);
    put_unsigned(out, KEY(event_frame, version), PROTOCOL_VERSION);
    put_raw(out, topic == EVENT_TOPIC_HEADS ? KEY(event_frame, heads) : KEY(event_frame, records), items);
}
