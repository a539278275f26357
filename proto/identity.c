/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * UUIDs, identifiers, the hash of a stream, and position tokens. xxHash is compiled in, so nothing is imported. */
#include "proto/identity.h"

#include "proto/number.h"
#include "proto/status.h"
#include "proto/utf8.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char hex_digits[] = "0123456789abcdef";

/* Is there a dash before this byte of a UUID's text? */
static bool dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(const struct uuid *uuid, char out[UUID_TEXT_SIZE])
{
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (dash_before(i)) {
            *out++ = '-';
        }
        *out++ = hex_digits[uuid->bytes[i] >> 4];
        *out++ = hex_digits[uuid->bytes[i] & 0x0f];
    }
    *out = '\0';
}

/* 0 to 15, or -1. */
static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

enum error uuid_parse(struct slice text, struct uuid *out)
{
    struct uuid uuid;
    const uint8_t *at = text.data;
    if (text.size != UUID_TEXT_SIZE - 1) {
        return error_bad_uuid;
    }
    for (size_t i = 0; i < sizeof uuid.bytes; i++, at += 2) {
        if (dash_before(i) && *at++ != '-') {
            return error_bad_uuid;
        }
        int high = hex_value(at[0]), low = hex_value(at[1]);
        if (high < 0 || low < 0) {
            return error_bad_uuid;
        }
        uuid.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *out = uuid;
    return error_none;
}

static void uuid_stamp(struct uuid *uuid, unsigned version)
{
    uuid->bytes[6] = (uint8_t)(version << 4 | (uuid->bytes[6] & 0x0f));
    uuid->bytes[8] = (uint8_t)(0x80 | (uuid->bytes[8] & 0x3f));
}

struct uuid uuid_v7(uint64_t unix_ms, const uint8_t random[10])
{
    struct uuid uuid;
    for (size_t i = 0; i < 6; i++) {
        uuid.bytes[i] = (uint8_t)(unix_ms >> (8 * (5 - i)));
    }
    memcpy(uuid.bytes + 6, random, 10);
    uuid_stamp(&uuid, 7);
    return uuid;
}

bool uuid_time_ms(const struct uuid *uuid, uint64_t *unix_ms)
{
    if (uuid->bytes[6] >> 4 != 7 || uuid->bytes[8] >> 6 != 2) {
        return false;
    }
    uint64_t ms = 0;
    for (size_t i = 0; i < 6; i++) {
        ms = ms << 8 | uuid->bytes[i];
    }
    *unix_ms = ms;
    return true;
}

static void hash_part(XXH3_state_t *state, struct slice part)
{
    uint8_t size[2] = {(uint8_t)(part.size >> 8), (uint8_t)part.size};
    XXH3_128bits_update(state, size, sizeof size);
    if (part.size > 0) {
        XXH3_128bits_update(state, part.data, part.size);
    }
}

struct uuid uuid_for_key(struct slice realm, struct slice user, struct slice key)
{
    XXH3_state_t state;
    XXH128_canonical_t digest;
    struct uuid uuid;
    XXH3_128bits_reset(&state);
    hash_part(&state, realm);
    hash_part(&state, user);
    hash_part(&state, key);
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(&state));
    memcpy(uuid.bytes, digest.digest, sizeof uuid.bytes);
    uuid_stamp(&uuid, 8);
    return uuid;
}

void identifier_for_new(struct slice realm, struct slice user, const struct uuid *command, char out[UUID_TEXT_SIZE])
{
    struct uuid uuid = uuid_for_key(realm, user, slice_of(command->bytes, sizeof command->bytes));
    uuid_format(&uuid, out);
}

bool identifier_valid(struct slice identifier)
{
    if (identifier.size == 0 || identifier.size > limit_identifier_bytes) {
        return false;
    }
    if (identifier.data[0] == ':' || identifier.data[0] == '~') {
        return false;
    }
    for (size_t i = 0; i < identifier.size; i++) {
        uint8_t byte = identifier.data[i];
        if (byte < 0x20 || byte == 0x7f || byte == '/') {
            return false;
        }
    }
    return utf8_valid_size(identifier) == identifier.size;
}

static uint8_t *put_part(uint8_t *at, struct slice part)
{
    *at++ = (uint8_t)(part.size >> 8);
    *at++ = (uint8_t)part.size;
    if (part.size > 0) {
        memcpy(at, part.data, part.size);
    }
    return at + part.size;
}

/* For parts that no message can carry; they still have a hash. */
static __attribute__((noinline)) uint64_t stream_hash_long(const struct slice *parts, size_t count)
{
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (size_t i = 0; i < count; i++) {
        uint8_t size[2] = {(uint8_t)(parts[i].size >> 8), (uint8_t)parts[i].size};
        XXH3_64bits_update(&state, size, sizeof size);
        XXH3_64bits_update(&state, parts[i].data, parts[i].size);
    }
    return XXH3_64bits_digest(&state);
}

uint64_t stream_hash(const struct stream *stream)
{
    const struct slice parts[4] = {stream->realm, stream->namespace, stream->resource, stream->identifier};
    uint8_t bytes[4 * (2 + limit_identifier_bytes)], *at = bytes;
    for (size_t i = 0; i < 4; i++) {
        if (parts[i].size > limit_identifier_bytes) {
            return stream_hash_long(parts, 4);
        }
        at = put_part(at, parts[i]);
    }
    return XXH3_64bits(bytes, (size_t)(at - bytes));
}

void position_format(uint64_t incarnation, uint32_t partition, uint64_t seq, struct buffer *out)
{
    char text[16 + 1 + 10 + 1 + 20], *end = text + sizeof text;
    char *at = number_before(end, seq, 10);
    *--at = '.';
    at = number_before(at, partition, 10);
    *--at = ':';
    at = number_before(at, incarnation, 16);
    buffer_append(out, at, (size_t)(end - at));
}
