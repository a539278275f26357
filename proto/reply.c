/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Replies, and the faults in them. */
#include "proto/envelope.h"
#include "proto/fields.h"
#include "proto/utf8.h"

static enum error reply_take(struct reply *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(reply, status):
        return take_status(reader, &out->status);
    case AT(reply, id):
        out->has_id = true;
        return take_uuid(reader, &out->id);
    case AT(reply, version):
        out->has_version = true;
        return take_u64(reader, &out->version);
    case AT(reply, position):
        return reader_text(reader, &out->position);
    case AT(reply, identifier):
        return reader_text(reader, &out->identifier);
    case AT(reply, code):
        return reader_text(reader, &out->code);
    case AT(reply, message):
        return reader_text(reader, &out->message);
    case AT(reply, faults):
        return take_array(reader, &out->faults);
    case AT(reply, retry_ms):
        return take_u32(reader, &out->retry_ms);
    default:
        return reader_raw(reader, &out->data);
    }
}

enum error reply_decode(struct slice value, struct reply *out)
{
    struct reply reply = {0};
    struct fields fields;
    int field;
    enum error error = fields_begin(&fields, value, &reply_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END) {
        error = reply_take(&reply, field, &fields.reader);
    }
    error = error != error_none ? error : fields.error;
    if (error == error_none && fields_missing(&fields, BIT(reply, status)) != FIELDS_END) {
        error = error_missing_field;
    }
    if (error == error_none) {
        *out = reply;
    }
    return error;
}

static uint32_t reply_size(const struct reply *reply)
{
    uint32_t entries = 1;
    entries += reply->has_id;
    entries += reply->has_version;
    entries += reply->position.size > 0;
    entries += reply->identifier.size > 0;
    entries += reply->code.size > 0;
    entries += utf8_whole(reply->message).size > 0;
    entries += reply->faults.size > 0;
    entries += reply->retry_ms > 0;
    return entries;
}

/* All but the data, in a map of so many entries. */
static void reply_put(struct buffer *out, const struct reply *reply, uint32_t entries)
{
    write_map(out, entries);
    put_text(out, KEY(reply, status), slice_text(status_name(reply->status)));
    if (reply->has_id) {
        put_uuid(out, KEY(reply, id), &reply->id);
    }
    if (reply->has_version) {
        put_unsigned(out, KEY(reply, version), reply->version);
    }
    put_text(out, KEY(reply, position), reply->position);
    put_text(out, KEY(reply, identifier), reply->identifier);
    put_text(out, KEY(reply, code), reply->code);
    put_text(out, KEY(reply, message), utf8_whole(reply->message));
    put_raw(out, KEY(reply, faults), reply->faults);
    if (reply->retry_ms > 0) {
        put_unsigned(out, KEY(reply, retry_ms), reply->retry_ms);
    }
}

void reply_encode(struct buffer *out, const struct reply *reply)
{
    reply_put(out, reply, reply_size(reply) + (reply->data.size > 0));
    put_raw(out, KEY(reply, data), reply->data);
}

void reply_begin(struct buffer *out, const struct reply *reply)
{
    reply_put(out, reply, reply_size(reply) + 1);
    put_key(out, KEY(reply, data));
}

static enum error fault_take(struct fault *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(fault, path):
        return reader_text(reader, &out->path);
    case AT(fault, code):
        return reader_text(reader, &out->code);
    default:
        return reader_text(reader, &out->message);
    }
}

enum error fault_decode(struct reader *faults, struct fault *out)
{
    const uint32_t required = BIT(fault, path) | BIT(fault, code) | BIT(fault, message);
    struct reader walk = *faults;
    struct fault fault = {0};
    struct fields fields;
    struct slice value;
    int field;
    enum error error = reader_raw(&walk, &value);
    error = error != error_none ? error : fields_begin(&fields, value, &fault_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END) {
        error = fault_take(&fault, field, &fields.reader);
    }
    error = error != error_none ? error : fields.error;
    if (error == error_none && fields_missing(&fields, required) != FIELDS_END) {
        error = error_missing_field;
    }
    if (error == error_none) {
        *faults = walk;
        *out = fault;
    }
    return error;
}

/* Texts for people may have been cut to fit; one that is no UTF-8 would make its whole frame unreadable, and with it
 * what others asked. All three are required, so an empty path (the data as a whole) is written too. */
void fault_encode(struct buffer *out, const struct fault *fault)
{
    write_map(out, 3);
    put_key(out, KEY(fault, path));
    write_text(out, utf8_whole(fault->path));
    put_key(out, KEY(fault, code));
    write_text(out, fault->code);
    put_key(out, KEY(fault, message));
    write_text(out, utf8_whole(fault->message));
}
