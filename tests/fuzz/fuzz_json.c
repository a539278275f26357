/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON text: what is accepted is a message that the strict reader accepts, in the shortest form, and it survives going
 * to JSON and back byte for byte. What is refused leaves the output as it was. */
#include "proto/identity.h"
#include "proto/json.h"
#include "proto/reader.h"
#include "tests/fuzz/fuzz.h"

static void accepted_text_round_trips(struct slice message)
{
    struct buffer json = {0}, back = {0}, again = {0};
    DEMAND(msgpack_check(message, NULL) == error_none);
    DEMAND(msgpack_to_json(message, &json) == error_none);
    DEMAND(json_to_msgpack(buffer_slice(&json), &back, NULL) == error_none);
    DEMAND(slice_equal(message, buffer_slice(&back)));
    DEMAND(msgpack_to_json(buffer_slice(&back), &again) == error_none);
    DEMAND(slice_equal(buffer_slice(&json), buffer_slice(&again)));
    buffer_clear(&again);
    DEMAND(msgpack_canonical(message, &again) == error_none && again.size == message.size); /* every head is shortest */
    buffer_fini(&json);
    buffer_fini(&back);
    buffer_fini(&again);
}

static void any_bytes_can_be_quoted(struct slice text)
{
    struct buffer json = {0}, back = {0};
    json_quote(&json, text);
    DEMAND(json_to_msgpack(buffer_slice(&json), &back, NULL) == error_none);
    buffer_fini(&json);
    buffer_fini(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct buffer out = {0};
    struct json_fault fault = {0};
    buffer_append_text(&out, "kept");
    enum error error = json_to_msgpack(text, &out, &fault);
    DEMAND(fault.error == error && fault.offset <= size);
    DEMAND(memcmp(out.data, "kept", 4) == 0);
    if (error == error_none) {
        accepted_text_round_trips(slice_of(out.data + 4, out.size - 4));
    } else {
        DEMAND(out.size == 4 && !out.failed);
    }
    any_bytes_can_be_quoted(text);
    buffer_fini(&out);
    return 0;
}
