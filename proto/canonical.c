/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The canonical form of a msgpack value, in which equal data are equal bytes, and the hash of a command's payload. The
 * recursion is as deep as the value is nested, at most limit_nesting. */
#include "proto/head.h"
#include "proto/identity.h"
#include "proto/status.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { entries_on_stack = 16 };

struct entry {
    struct slice key;
    struct reader value;
};

static enum error write_canonical(struct reader *reader, uint32_t depth, struct buffer *out);

/* Bytewise; a beginning of a key comes before the key. */
static bool key_before(struct slice a, struct slice b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order < 0 : a.size < b.size;
}

/* Shell's sort with Ciura's gaps: in place, and fast enough for the few entries a map may have. */
static void sort_entries(struct entry *entries, uint32_t count)
{
    static const uint32_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        uint32_t gap = gaps[g];
        for (uint32_t i = gap; i < count; i++) {
            struct entry moving = entries[i];
            uint32_t place = i;
            for (; place >= gap && key_before(moving.key, entries[place - gap].key); place -= gap) {
                entries[place] = entries[place - gap];
            }
            entries[place] = moving;
        }
    }
}

static enum error read_entries(struct reader *reader, struct entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        enum error error = reader_text(reader, &entries[i].key);
        if (error != error_none) {
            return error;
        }
        entries[i].value = *reader;
        error = reader_skip(reader);
        if (error != error_none) {
            return error;
        }
    }
    return error_none;
}

static enum error
write_entries(struct reader *reader, struct entry *entries, uint32_t count, uint32_t depth, struct buffer *out)
{
    enum error error = read_entries(reader, entries, count);
    if (error != error_none) {
        return error;
    }
    sort_entries(entries, count);
    write_map(out, count);
    for (uint32_t i = 0; error == error_none && i < count; i++) {
        write_text(out, entries[i].key);
        error = write_canonical(&entries[i].value, depth, out);
    }
    return error;
}

static __attribute__((noinline)) enum error
write_large_map(struct reader *reader, uint32_t count, uint32_t depth, struct buffer *out)
{
    struct entry *entries = calloc(count, sizeof *entries);
    enum error error = entries == NULL ? error_no_memory : write_entries(reader, entries, count, depth, out);
    free(entries);
    return error;
}

static enum error write_sorted_map(struct reader *reader, uint32_t count, uint32_t depth, struct buffer *out)
{
    struct entry entries[entries_on_stack];
    if (count > (size_t)(reader->end - reader->at)) {
        return error_truncated;
    }
    return count > entries_on_stack ? write_large_map(reader, count, depth, out)
                                    : write_entries(reader, entries, count, depth, out);
}

static enum error write_items(struct reader *reader, uint32_t count, uint32_t depth, struct buffer *out)
{
    enum error error = error_none;
    write_array(out, count);
    for (uint32_t i = 0; error == error_none && i < count; i++) {
        error = write_canonical(reader, depth, out);
    }
    return error;
}

static void write_scalar(const struct msgpack_value *value, struct buffer *out)
{
    switch (value->kind) {
    case MSGPACK_KIND_BOOL:
        write_bool(out, value->boolean);
        break;
    case MSGPACK_KIND_INTEGER:
        write_integer(out, value->integer);
        break;
    case MSGPACK_KIND_BIG:
        write_unsigned(out, value->big);
        break;
    case MSGPACK_KIND_DOUBLE:
        write_double(out, value->number);
        break;
    case MSGPACK_KIND_TEXT:
        write_text(out, value->bytes);
        break;
    case MSGPACK_KIND_BYTES:
        write_bytes(out, value->bytes);
        break;
    default:
        write_nil(out);
        break;
    }
}

static enum error write_canonical(struct reader *reader, uint32_t depth, struct buffer *out)
{
    struct msgpack_value value;
    enum error error = head_read(reader, &value);
    if (error != error_none) {
        return error;
    }
    bool map = value.kind == MSGPACK_KIND_MAP;
    if (!map && value.kind != MSGPACK_KIND_ARRAY) {
        write_scalar(&value, out);
        return error_none;
    }
    if (depth == limit_nesting) {
        return error_too_deep;
    }
    return map ? write_sorted_map(reader, value.count, depth + 1, out)
               : write_items(reader, value.count, depth + 1, out);
}

enum error msgpack_canonical(struct slice value, struct buffer *out)
{
    struct reader reader = reader_of(value);
    size_t size = out->size;
    enum error error = write_canonical(&reader, 0, out);
    if (error == error_none && out->failed) {
        error = error_no_memory;
    }
    if (error != error_none) {
        out->size = size;
    }
    return error;
}

enum error payload_hash(const struct stream *target,
                        struct slice command,
                        const int64_t *expected,
                        struct slice data,
                        struct slice scope,
                        struct buffer *scratch,
                        uint8_t out[16])
{
    buffer_clear(scratch);
    write_array(scratch, scope.size > 0 ? 7 : 6);
    write_text(scratch, target->namespace);
    write_text(scratch, command);
    write_text(scratch, target->resource);
    write_text(scratch, target->identifier);
    if (expected == NULL) {
        write_nil(scratch);
    } else {
        write_integer(scratch, *expected);
    }
    enum error error = msgpack_canonical(data, scratch);
    if (error == error_none && scope.size > 0) {
        error = msgpack_canonical(scope, scratch);
    }
    if (error != error_none) {
        return error;
    }
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits(scratch->data, scratch->size));
    memcpy(out, digest.digest, sizeof digest.digest);
    return error_none;
}
