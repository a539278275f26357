/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names of things: UUIDs, streams, partitions, position tokens, and the hash of a command's payload. Pure functions; no
 * clock and no random numbers (both come in as arguments). */
#ifndef PROTO_IDENTITY_H
#define PROTO_IDENTITY_H

#include "proto/error.h"
#include "proto/slice.h"
#include "proto/writer.h"

struct uuid {
    uint8_t bytes[16];
};

#define UUID_TEXT_SIZE 37 /* 36 characters and NUL */
void uuid_format(const struct uuid *uuid, char out[UUID_TEXT_SIZE]);
/* Takes the 36-character form, any case; error_bad_uuid otherwise. */
enum error uuid_parse(struct slice text, struct uuid *out);
/* RFC 9562 version 7: 48 bits of milliseconds since 1970, then 74 random bits taken from random. */
struct uuid uuid_v7(uint64_t unix_ms, const uint8_t random[10]);
/* The time in a version 7 UUID, or false for another version. */
bool uuid_time_ms(const struct uuid *uuid, uint64_t *unix_ms);

/* The identifier of a :new aggregate: the 36-character form of a version 8 UUID. Its 16 bytes are XXH3-128 (seed 0,
 * canonical big-endian) over realm, user and the command id's 16 bytes, each with a 16-bit big-endian length before;
 * then version 8 is put into the high four bits of byte 6 and variant 10 into the high two of byte 8. */
void identifier_for_new(struct slice realm, struct slice user, const struct uuid *command, char out[UUID_TEXT_SIZE]);
/* The command id for an Idempotency-Key that is not a UUID: the same formula over realm, user and key. */
struct uuid uuid_for_key(struct slice realm, struct slice user, struct slice key);

struct stream {
    struct slice realm, namespace, resource, identifier;
};

/* Not empty, at most limit_identifier_bytes, valid UTF-8, no byte below 0x20 and no 0x7f, no '/' (it separates parts of
 * a URL), and not beginning with ':' or '~'. */
bool identifier_valid(struct slice identifier);

/* XXH3-64 (seed 0) over the four parts in order, each with a 16-bit big-endian length before. */
uint64_t stream_hash(const struct stream *stream);
/* Which partition a stream lives in: hash mod partitions. */
static inline uint32_t stream_partition(uint64_t hash, uint32_t partitions)
{
    return (uint32_t)(hash % partitions);
}

/* XXH3-128 over the canonical form of what a command asks for: namespace, command, resource, identifier (empty for a
 * :new), expected version (or nil), data, and scope unless it is empty, as a msgpack array in which map keys are sorted
 * bytewise and integers are shortest. scratch is cleared and used. data and scope must have passed msgpack_check. */
enum error payload_hash(const struct stream *target,
                        struct slice command,
                        const int64_t *expected,
                        struct slice data,
                        struct slice scope,
                        struct buffer *scratch,
                        uint8_t out[16]);
/* Appends value with its maps sorted and its integers shortest. */
enum error msgpack_canonical(struct slice value, struct buffer *out);

/* Position token of one record: "INCARNATION:PARTITION.SEQ", the first in hex; several places join with ",". */
void position_format(uint64_t incarnation, uint32_t partition, uint64_t seq, struct buffer *out);

#endif
