/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a client sends and gets as one message: the frames of requests and of replies. */
#include "proto/envelope.h"
#include "proto/fields.h"

/* "req" or "work". */
static enum error take_type(struct reader *reader, bool *work)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    if (error != error_none) {
        return error;
    }
    *work = slice_is(text, FRAME_WORK);
    return *work || slice_is(text, FRAME_REQUEST) ? error_none : error_out_of_range;
}

static enum error take_max(struct reader *reader, uint32_t *out)
{
    uint64_t bytes;
    enum error error = take_u64(reader, &bytes);
    if (error == error_none && bytes < limit_reply_bytes_min) {
        error = error_out_of_range;
    }
    if (error == error_none) {
        *out = bytes > limit_frame_bytes ? limit_frame_bytes : (uint32_t)bytes;
    }
    return error;
}

/* An array, given as its count and a reader of exactly its items. */
static enum error take_items(struct reader *reader, uint32_t *count, struct reader *items)
{
    struct slice array;
    enum error error = take_array(reader, &array);
    if (error != error_none) {
        return error;
    }
    *items = reader_of(array);
    return reader_array(items, count);
}

static enum error take_requests(struct reader *reader, struct request_frame *out)
{
    enum error error = take_items(reader, &out->count, &out->requests);
    if (error == error_none && out->count == 0) {
        error = error_out_of_range;
    }
    return error == error_none && out->count > limit_batch_requests ? error_too_long : error;
}

static enum error request_frame_take(struct request_frame *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(request_frame, version):
        return take_version(reader);
    case AT(request_frame, type):
        return take_type(reader, &out->work);
    case AT(request_frame, max_bytes):
        return take_max(reader, &out->max_bytes);
    case AT(request_frame, token):
        return reader_text(reader, &out->token);
    default:
        return take_requests(reader, out);
    }
}

static enum error request_frame_read(struct slice message, struct request_frame *out, int *field)
{
    struct request_frame frame = {.max_bytes = limit_frame_bytes};
    struct fields fields;
    enum error error = fields_begin(&fields, message, &request_frame_table);
    while (error == error_none && !frame.work && (*field = fields_next(&fields)) != FIELDS_END) {
        error = request_frame_take(&frame, *field, &fields.reader);
    }
    if (error != error_none || fields.error != error_none) {
        return error != error_none ? error : fields.error;
    }
    uint32_t required = BIT(request_frame, type) | (frame.work ? 0 : BIT(request_frame, requests));
    *field = fields_missing(&fields, required);
    if (*field != FIELDS_END) {
        return error_missing_field;
    }
    if (frame.max_bytes < (frame.count + 1) * limit_reply_bytes_each) {
        *field = AT(request_frame, max_bytes);
        return error_out_of_range;
    }
    *out = frame;
    return error_none;
}

enum error request_frame_decode(struct slice message, struct request_frame *out, struct envelope_fault *fault)
{
    int field = FIELDS_END;
    enum error error = msgpack_check(message, NULL);
    if (error == error_none) {
        error = message_version(message);
        field = error == error_bad_type ? FIELDS_END : AT(request_frame, version);
    }
    if (error == error_none) {
        field = FIELDS_END;
        error = request_frame_read(message, out, &field);
    }
    return error == error_none ? error_none : fault_fill(fault, error, &request_frame_table, field);
}

void request_frame_begin(struct buffer *out, uint32_t max_bytes, struct slice token, uint32_t count)
{
    write_map(out, 3 + (max_bytes > 0) + (token.size > 0));
    put_unsigned(out, KEY(request_frame, version), PROTOCOL_VERSION);
    put_text(out, KEY(request_frame, type), slice_text(FRAME_REQUEST));
    if (max_bytes > 0) {
        put_unsigned(out, KEY(request_frame, max_bytes), max_bytes);
    }
    put_text(out, KEY(request_frame, token), token);
    put_key(out, KEY(request_frame, requests));
    write_array(out, count);
}

static enum error reply_frame_take(struct reply_frame *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(reply_frame, version):
        return take_version(reader);
    case AT(reply_frame, replies):
        return take_items(reader, &out->count, &out->replies);
    case AT(reply_frame, status):
        out->whole = true;
        return take_status(reader, &out->fault.status);
    case AT(reply_frame, code):
        return reader_text(reader, &out->fault.code);
    default:
        return reader_text(reader, &out->fault.message);
    }
}

enum error reply_frame_decode(struct slice message, struct reply_frame *out)
{
    struct reply_frame frame = {0};
    struct fields fields;
    int field;
    enum error error = msgpack_check(message, NULL);
    error = error != error_none ? error : message_version(message);
    error = error != error_none ? error : fields_begin(&fields, message, &reply_frame_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END) {
        error = reply_frame_take(&frame, field, &fields.reader);
    }
    error = error != error_none ? error : fields.error;
    if (error == error_none && !frame.whole && (fields.seen & BIT(reply_frame, replies)) == 0) {
        error = error_missing_field;
    }
    if (error == error_none) {
        *out = frame;
    }
    return error;
}

void reply_frame_begin(struct buffer *out, uint32_t count)
{
    write_map(out, 2);
    put_unsigned(out, KEY(reply_frame, version), PROTOCOL_VERSION);
    put_key(out, KEY(reply_frame, replies));
    write_array(out, count);
}

void reply_frame_fault(struct buffer *out, enum status status, const char *code, const char *message)
{
    write_map(out, 2 + (*code != '\0') + (*message != '\0'));
    put_unsigned(out, KEY(reply_frame, version), PROTOCOL_VERSION);
    put_text(out, KEY(reply_frame, status), slice_text(status_name(status)));
    put_text(out, KEY(reply_frame, code), slice_text(code));
    put_text(out, KEY(reply_frame, message), slice_text(message));
}
