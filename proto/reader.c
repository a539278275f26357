/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Walking msgpack bytes one value at a time. It stays inside the bytes whatever they are, but judges only what it walks
 * over; the judge of whole messages is check.c. */
#include "proto/reader.h"

#include "proto/head.h"

enum error reader_next(struct reader *reader, struct msgpack_value *out)
{
    return head_read(reader, out);
}

/* Values still to skip are counted, not stacked, so that depth costs nothing. The count cannot overflow: a head adds
 * less than 2^33 and takes at least a byte. */
enum error reader_skip(struct reader *reader)
{
    struct reader walk = *reader;
    struct msgpack_value value;
    for (uint64_t left = 1; left > 0; left--) {
        enum error error = head_read(&walk, &value);
        if (error != error_none) {
            return error;
        }
        if (value.kind == MSGPACK_KIND_ARRAY) {
            left += value.count;
        } else if (value.kind == MSGPACK_KIND_MAP) {
            left += 2 * (uint64_t)value.count;
        }
    }
    *reader = walk;
    return error_none;
}

enum error reader_raw(struct reader *reader, struct slice *out)
{
    const uint8_t *start = reader->at;
    enum error error = reader_skip(reader);
    if (error == error_none) {
        *out = slice_of(start, (size_t)(reader->at - start));
    }
    return error;
}

/* Reads a head of the wanted kind, or leaves the reader where it was. */
static inline enum error read_kind(struct reader *reader, enum msgpack_kind kind, struct msgpack_value *out)
{
    struct reader walk = *reader;
    enum error error = head_read(&walk, out);
    if (error != error_none) {
        return error;
    }
    if (out->kind != kind) {
        return error_bad_type;
    }
    *reader = walk;
    return error_none;
}

enum error reader_map(struct reader *reader, uint32_t *entries)
{
    struct msgpack_value value;
    enum error error = read_kind(reader, MSGPACK_KIND_MAP, &value);
    if (error == error_none) {
        *entries = value.count;
    }
    return error;
}

enum error reader_array(struct reader *reader, uint32_t *items)
{
    struct msgpack_value value;
    enum error error = read_kind(reader, MSGPACK_KIND_ARRAY, &value);
    if (error == error_none) {
        *items = value.count;
    }
    return error;
}

enum error reader_text(struct reader *reader, struct slice *out)
{
    struct msgpack_value value;
    enum error error = read_kind(reader, MSGPACK_KIND_TEXT, &value);
    if (error == error_none) {
        *out = value.bytes;
    }
    return error;
}

enum error reader_bytes(struct reader *reader, struct slice *out)
{
    struct msgpack_value value;
    enum error error = read_kind(reader, MSGPACK_KIND_BYTES, &value);
    if (error == error_none) {
        *out = value.bytes;
    }
    return error;
}

enum error reader_integer(struct reader *reader, int64_t *out)
{
    struct msgpack_value value;
    enum error error = read_kind(reader, MSGPACK_KIND_INTEGER, &value);
    if (error == error_none) {
        *out = value.integer;
    }
    return error;
}

enum error reader_bool(struct reader *reader, bool *out)
{
    struct msgpack_value value;
    enum error error = read_kind(reader, MSGPACK_KIND_BOOL, &value);
    if (error == error_none) {
        *out = value.boolean;
    }
    return error;
}

enum error msgpack_find(struct slice message, const char *key, struct slice *out)
{
    struct reader reader = reader_of(message);
    struct slice name;
    uint32_t entries;
    enum error error = reader_map(&reader, &entries);
    for (; error == error_none && entries > 0; entries--) {
        error = reader_text(&reader, &name);
        if (error == error_none && slice_is(name, key)) {
            return reader_raw(&reader, out);
        }
        if (error == error_none) {
            error = reader_skip(&reader);
        }
    }
    return error == error_none ? error_not_found : error;
}
