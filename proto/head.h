/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading one msgpack head, shared by the check and by the reader; both are hot, so it is inline. Private to proto. */
#ifndef PROTO_HEAD_H
#define PROTO_HEAD_H

#include "proto/reader.h"

/* What the bytes 0xc0 to 0xdf announce. */
enum head_class {
    HEAD_REFUSED, /* reserved 0xc1 and the extension types */
    HEAD_NIL,
    HEAD_FALSE,
    HEAD_TRUE,
    HEAD_UNSIGNED,
    HEAD_SIGNED,
    HEAD_FLOAT,
    HEAD_TEXT,
    HEAD_BYTES,
    HEAD_ARRAY,
    HEAD_MAP,
};

struct head {
    uint8_t class;
    uint8_t width; /* bytes of the number or length that follow it */
};

static const struct head head_table[32] = {
    [0x00] = {HEAD_NIL, 0},      [0x02] = {HEAD_FALSE, 0},    [0x03] = {HEAD_TRUE, 0},     [0x04] = {HEAD_BYTES, 1},
    [0x05] = {HEAD_BYTES, 2},    [0x06] = {HEAD_BYTES, 4},    [0x0a] = {HEAD_FLOAT, 4},    [0x0b] = {HEAD_FLOAT, 8},
    [0x0c] = {HEAD_UNSIGNED, 1}, [0x0d] = {HEAD_UNSIGNED, 2}, [0x0e] = {HEAD_UNSIGNED, 4}, [0x0f] = {HEAD_UNSIGNED, 8},
    [0x10] = {HEAD_SIGNED, 1},   [0x11] = {HEAD_SIGNED, 2},   [0x12] = {HEAD_SIGNED, 4},   [0x13] = {HEAD_SIGNED, 8},
    [0x19] = {HEAD_TEXT, 1},     [0x1a] = {HEAD_TEXT, 2},     [0x1b] = {HEAD_TEXT, 4},     [0x1c] = {HEAD_ARRAY, 2},
    [0x1d] = {HEAD_ARRAY, 4},    [0x1e] = {HEAD_MAP, 2},      [0x1f] = {HEAD_MAP, 4},
};

/* A big-endian number of 0, 1, 2, 4 or 8 bytes. */
static inline uint64_t head_number(const uint8_t *at, unsigned width)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (width) {
    case 0:
        return 0;
    case 1:
        return at[0];
    case 2:
        memcpy(&two, at, sizeof two);
        return __builtin_bswap16(two);
    case 4:
        memcpy(&four, at, sizeof four);
        return __builtin_bswap32(four);
    default:
        memcpy(&eight, at, sizeof eight);
        return __builtin_bswap64(eight);
    }
}

static inline int64_t head_signed(uint64_t number, unsigned width)
{
    unsigned shift = 64 - 8 * width;
    return (int64_t)(number << shift) >> shift;
}

static inline double head_float(uint64_t number, unsigned width)
{
    double wide;
    float narrow;
    uint32_t bits = (uint32_t)number;
    if (width == sizeof wide) {
        memcpy(&wide, &number, sizeof wide);
        return wide;
    }
    memcpy(&narrow, &bits, sizeof narrow);
    return narrow;
}

static inline enum error
head_bytes(struct reader *reader, const uint8_t *at, uint64_t size, enum msgpack_kind kind, struct msgpack_value *out)
{
    if (size > (uint64_t)(reader->end - at)) {
        return error_truncated;
    }
    out->kind = kind;
    out->bytes = slice_of(at, (size_t)size);
    reader->at = at + size;
    return error_none;
}

static inline enum error head_tagged(struct reader *reader, struct msgpack_value *out)
{
    struct head head = head_table[reader->at[0] - 0xc0];
    const uint8_t *at = reader->at + 1;
    if (head.class == HEAD_REFUSED) {
        return error_bad_type;
    }
    if (head.width > reader->end - at) {
        return error_truncated;
    }
    uint64_t number = head_number(at, head.width);
    at += head.width;
    switch (head.class) {
    case HEAD_TEXT:
        return head_bytes(reader, at, number, MSGPACK_KIND_TEXT, out);
    case HEAD_BYTES:
        return head_bytes(reader, at, number, MSGPACK_KIND_BYTES, out);
    case HEAD_NIL:
        out->kind = MSGPACK_KIND_NIL;
        break;
    case HEAD_FALSE:
    case HEAD_TRUE:
        out->kind = MSGPACK_KIND_BOOL;
        out->boolean = head.class == HEAD_TRUE;
        break;
    case HEAD_UNSIGNED:
        out->kind = number > INT64_MAX ? MSGPACK_KIND_BIG : MSGPACK_KIND_INTEGER;
        out->big = number; /* the same bits as .integer when it fits */
        break;
    case HEAD_SIGNED:
        out->kind = MSGPACK_KIND_INTEGER;
        out->integer = head_signed(number, head.width);
        break;
    case HEAD_FLOAT:
        out->kind = MSGPACK_KIND_DOUBLE;
        out->number = head_float(number, head.width);
        break;
    default:
        out->kind = head.class == HEAD_MAP ? MSGPACK_KIND_MAP : MSGPACK_KIND_ARRAY;
        out->count = (uint32_t)number;
        break;
    }
    reader->at = at;
    return error_none;
}

/* reader_next, inline. */
static inline enum error head_read(struct reader *reader, struct msgpack_value *out)
{
    if (reader->at == reader->end) {
        return error_truncated;
    }
    uint8_t byte = reader->at[0];
    if (byte >= 0xa0 && byte <= 0xbf) {
        return head_bytes(reader, reader->at + 1, byte & 0x1f, MSGPACK_KIND_TEXT, out);
    }
    if (byte >= 0xc0 && byte <= 0xdf) {
        return head_tagged(reader, out);
    }
    reader->at++;
    if (byte < 0x80 || byte >= 0xe0) {
        out->kind = MSGPACK_KIND_INTEGER;
        out->integer = (int8_t)byte;
    } else {
        out->kind = byte < 0x90 ? MSGPACK_KIND_MAP : MSGPACK_KIND_ARRAY;
        out->count = byte & 0x0f;
    }
    return error_none;
}

#endif
