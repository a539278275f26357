/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The one strict, bounded reader of msgpack bytes that come from outside. It allocates nothing and reads each length
 * before it believes it. Format: the msgpack specification (github.com/msgpack/msgpack, spec.md).
 *
 * Untrusted bytes are checked whole, once, with msgpack_check; after that a reader walks them and can still fail, but
 * only where the shape is not what the caller wants. Not thread-safe per reader; readers are independent. */
#ifndef PROTO_READER_H
#define PROTO_READER_H

#include "proto/error.h"
#include "proto/slice.h"

enum msgpack_kind {
    MSGPACK_KIND_NIL = 1,
    MSGPACK_KIND_BOOL,
    MSGPACK_KIND_INTEGER, /* fits int64_t */
    MSGPACK_KIND_BIG,     /* unsigned above INT64_MAX */
    MSGPACK_KIND_DOUBLE,  /* float 32 and 64 */
    MSGPACK_KIND_TEXT,
    MSGPACK_KIND_BYTES,
    MSGPACK_KIND_ARRAY, /* count items follow */
    MSGPACK_KIND_MAP,   /* count keys and values follow */
};

struct msgpack_value {
    enum msgpack_kind kind;
    union {
        bool boolean;
        int64_t integer;
        uint64_t big;
        double number;
        struct slice bytes; /* TEXT and BYTES: a view into the message */
        uint32_t count;     /* ARRAY and MAP */
    };
};

struct reader {
    const uint8_t *at, *end;
};

struct msgpack_fault {
    enum error error;
    size_t offset; /* of the byte where the fault was seen */
};

/* Checks that message is exactly one value: nested at most limit_nesting deep, lengths within the bytes left, nothing
 * after it, text in UTF-8, map keys text and none twice in a map, at most limit_map_entries entries in a map, no
 * extension types, no reserved byte, no NaN or infinity. fault may be NULL. Time is linear in the message's size. */
enum error msgpack_check(struct slice message, struct msgpack_fault *fault);

static inline struct reader reader_of(struct slice message)
{
    return (struct reader){.at = message.data, .end = message.data == NULL ? NULL : message.data + message.size};
}

static inline bool reader_done(const struct reader *reader)
{
    return reader->at == reader->end;
}

/* Reads one value's head; text and bytes are consumed whole, of arrays and maps only the head. On failure
 * (error_truncated, error_bad_type) the reader does not move. */
enum error reader_next(struct reader *reader, struct msgpack_value *out);

/* Skips one whole value, or returns its bytes. */
enum error reader_skip(struct reader *reader);
enum error reader_raw(struct reader *reader, struct slice *out);

/* Reads a value that must be of one kind; error_bad_type otherwise. An integer must fit int64_t. */
enum error reader_map(struct reader *reader, uint32_t *entries);
enum error reader_array(struct reader *reader, uint32_t *items);
enum error reader_text(struct reader *reader, struct slice *out);
enum error reader_bytes(struct reader *reader, struct slice *out);
enum error reader_integer(struct reader *reader, int64_t *out);
enum error reader_bool(struct reader *reader, bool *out);

/* Finds key in message, which must be a map; *out is the raw value. error_not_found when it is absent. */
enum error msgpack_find(struct slice message, const char *key, struct slice *out);

#endif
