/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Queries: the bytes are a whole request (JSON or msgpack), or one text of it: a sort, words, an include, a cursor, an
 * identifier. judge.h says what is demanded. */
#include "proto/json.h"
#include "proto/reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/judge.h"

/* ---- the bytes as one text of a request ---- */

static void text_is_judged(const char *key, struct slice text)
{
    struct buffer request = {0};
    write_map(&request, 1);
    write_string(&request, key);
    write_text(&request, text);
    if (msgpack_check(buffer_slice(&request), NULL) == error_none) {
        request_is_judged(buffer_slice(&request));
    }
    buffer_fini(&request);
}

static void operand_is_judged(const char *key, struct slice text)
{
    struct buffer request = {0};
    write_map(&request, 1);
    write_string(&request, "query");
    write_map(&request, 1);
    write_string(&request, key);
    write_text(&request, text);
    if (msgpack_check(buffer_slice(&request), NULL) == error_none) {
        request_is_judged(buffer_slice(&request));
    }
    buffer_fini(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"sort", "include", "exclude", "text", "cursor", "limit", "page", "total", "id"};
    static const char *const operands[] = {"name", "name.ilike", "revenue", "opened_at", "owner", "seal", "status"};
    struct slice bytes = slice_of(data, size);
    struct buffer message = {0};
    if (json_to_msgpack(bytes, &message, NULL) == error_none) {
        request_is_judged(buffer_slice(&message));
    } else if (msgpack_check(bytes, NULL) == error_none) {
        request_is_judged(bytes);
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        text_is_judged(keys[i], bytes);
    }
    for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) {
        operand_is_judged(operands[i], bytes);
    }
    buffer_fini(&message);
    return 0;
}
