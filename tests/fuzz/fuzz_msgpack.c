/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The strict reader: what it accepts is judged again by a slow and simple reader written here; then it must walk,
 * become canonical, become JSON, and come back. What it refuses must still be safe to walk. */
#include "proto/identity.h"
#include "proto/json.h"
#include "proto/reader.h"
#include "proto/status.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

/* ---- the simple reader ---- */

static void judge_value(struct reader *reader, int depth);

static void judge_map(struct reader *reader, uint32_t count, int depth)
{
    struct slice *keys = calloc(count + 1, sizeof *keys);
    DEMAND(keys != NULL && count <= limit_map_entries);
    for (uint32_t i = 0; i < count; i++) {
        DEMAND(reader_text(reader, &keys[i]) == error_none);
        for (uint32_t k = 0; k < i; k++) {
            DEMAND(!slice_equal(keys[i], keys[k]));
        }
        judge_value(reader, depth);
    }
    free(keys);
}

/* Decodes characters one by one, as the definition of UTF-8 says. */
static void judge_text(struct slice text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < text.size;) {
        uint8_t lead = text.data[i++];
        size_t more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : 4;
        DEMAND(more < 4 && text.size - i >= more);
        uint32_t character = more == 0 ? lead : lead & (0x3fu >> more);
        for (size_t k = 0; k < more; k++) {
            DEMAND(text.data[i] >> 6 == 2);
            character = character << 6 | (text.data[i++] & 0x3f);
        }
        DEMAND(character >= least[more] && character <= 0x10ffff && (character < 0xd800 || character > 0xdfff));
    }
}

static void judge_value(struct reader *reader, int depth)
{
    struct msgpack_value value;
    DEMAND(reader_next(reader, &value) == error_none);
    switch (value.kind) {
    case MSGPACK_KIND_TEXT:
        judge_text(value.bytes);
        break;
    case MSGPACK_KIND_DOUBLE:
        DEMAND(isfinite(value.number));
        break;
    case MSGPACK_KIND_ARRAY:
        DEMAND(depth < limit_nesting);
        for (uint32_t i = 0; i < value.count; i++) {
            judge_value(reader, depth + 1);
        }
        break;
    case MSGPACK_KIND_MAP:
        DEMAND(depth < limit_nesting);
        judge_map(reader, value.count, depth + 1);
        break;
    default:
        break;
    }
}

/* ---- promises ---- */

static void walk(struct slice message, bool good)
{
    struct reader reader = reader_of(message);
    struct msgpack_value value;
    while (reader_next(&reader, &value) == error_none) {
    }
    DEMAND(!good || reader_done(&reader));
    reader = reader_of(message);
    DEMAND((reader_skip(&reader) == error_none && reader_done(&reader)) || !good);
}

static void canonical_is_stable(struct slice message)
{
    struct buffer once = {0}, twice = {0};
    DEMAND(msgpack_canonical(message, &once) == error_none);
    DEMAND(msgpack_check(buffer_slice(&once), NULL) == error_none);
    DEMAND(msgpack_canonical(buffer_slice(&once), &twice) == error_none);
    DEMAND(slice_equal(buffer_slice(&once), buffer_slice(&twice)));
    buffer_fini(&once);
    buffer_fini(&twice);
}

static void json_is_stable(struct slice message)
{
    struct buffer json = {0}, back = {0};
    DEMAND(msgpack_to_json(message, &json) == error_none);
    DEMAND(json_to_msgpack(buffer_slice(&json), &back, NULL) == error_none);
    DEMAND(msgpack_check(buffer_slice(&back), NULL) == error_none);
    buffer_fini(&json);
    buffer_fini(&back);
}

/* Bytes that the check refused: the functions may take them or not, but leave the output when they do not. */
static void refused_bytes_are_safe(struct slice message)
{
    struct buffer out = {0};
    DEMAND(msgpack_canonical(message, &out) == error_none || out.size == 0);
    buffer_clear(&out);
    DEMAND(msgpack_to_json(message, &out) == error_none || out.size == 0);
    buffer_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice message = slice_of(data, size), value;
    struct msgpack_fault fault = {0};
    enum error error = msgpack_check(message, &fault);
    DEMAND(fault.error == error && fault.offset <= size);
    walk(message, error == error_none);
    msgpack_find(message, "a", &value);
    if (error != error_none) {
        refused_bytes_are_safe(message);
        return 0;
    }
    struct reader reader = reader_of(message);
    judge_value(&reader, 0);
    DEMAND(reader_done(&reader));
    canonical_is_stable(message);
    json_is_stable(message);
    return 0;
}
