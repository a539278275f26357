/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every decoder of messages. What one accepts is encoded, decoded and encoded again, and the two encodings are equal.
 */
#include "proto/envelope.h"
#include "tests/fuzz/fuzz.h"

/* Decodes NAME from VALUE; when that works, demands that its encoding decodes and encodes to itself. */
#define FIXED_POINT(NAME, VALUE, DECODE, ENCODE)                                                                       \
    do {                                                                                                               \
        struct NAME decoded;                                                                                           \
        struct buffer once = {0}, twice = {0};                                                                         \
        if (DECODE(VALUE, &decoded) == error_none) {                                                                   \
            ENCODE(&once, &decoded);                                                                                   \
            DEMAND(msgpack_check(buffer_slice(&once), NULL) == error_none);                                            \
            DEMAND(DECODE(buffer_slice(&once), &decoded) == error_none);                                               \
            ENCODE(&twice, &decoded);                                                                                  \
            DEMAND(slice_equal(buffer_slice(&once), buffer_slice(&twice)));                                            \
        }                                                                                                              \
        buffer_fini(&once);                                                                                            \
        buffer_fini(&twice);                                                                                           \
    } while (0)

/* A fault has a field, and the field is known for what it is. */
static void demand_fault(enum error error, const struct envelope_fault *fault)
{
    DEMAND(error == error_none || (fault->error == error && fault->field != NULL && strlen(fault->field) < 8));
}

static enum error decode_request(struct slice value, struct request *out)
{
    struct envelope_fault fault = {0};
    enum error error = request_decode(value, out, &fault);
    demand_fault(error, &fault);
    return error;
}

static enum error decode_work(struct slice value, struct work_frame *out)
{
    struct envelope_fault fault = {0};
    enum error error = work_frame_decode(value, out, &fault);
    demand_fault(error, &fault);
    return error;
}

static void encode_reply(struct buffer *out, const struct reply *reply)
{
    struct reader faults = reader_of(reply->faults);
    struct fault fault;
    uint32_t count = 0;
    if (reply->faults.size > 0) {
        DEMAND(reader_array(&faults, &count) == error_none);
    }
    for (; count > 0 && fault_decode(&faults, &fault) == error_none; count--) {
    }
    reply_encode(out, reply);
}

static void decode_values(struct slice value)
{
    FIXED_POINT(request, value, decode_request, request_encode);
    FIXED_POINT(reply, value, reply_decode, encode_reply);
    FIXED_POINT(item, value, item_decode, item_encode);
    FIXED_POINT(record, value, record_decode, record_encode);
}

/* The values in a frame's array, each with every decoder. */
static void decode_items(struct reader items, uint32_t count)
{
    struct slice value;
    for (; count > 0; count--) {
        DEMAND(reader_raw(&items, &value) == error_none);
        decode_values(value);
    }
    DEMAND(reader_done(&items));
}

static void decode_frames(struct slice message)
{
    struct request_frame request;
    struct reply_frame reply;
    struct work_reply work;
    struct envelope_fault fault = {0};
    enum error error = request_frame_decode(message, &request, &fault);
    demand_fault(error, &fault);
    if (error == error_none && !request.work) {
        decode_items(request.requests, request.count);
    }
    if (reply_frame_decode(message, &reply) == error_none && !reply.whole) {
        decode_items(reply.replies, reply.count);
    }
    if (work_reply_decode(message, &work) == error_none) {
        decode_items(work.items, work.count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice message = slice_of(data, size);
    struct event_frame event;
    decode_frames(message);
    event_frame_decode(message, &event);
    FIXED_POINT(work_frame, message, decode_work, work_frame_encode);
    if (msgpack_check(message, NULL) == error_none) {
        decode_values(message);
    }
    return 0;
}
