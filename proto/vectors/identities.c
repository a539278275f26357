/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of the formulas: UUIDs, the hash of a stream, the hash of a payload, positions. */
#include "proto/identity.h"
#include "proto/json.h"
#include "proto/vectors/vectors.h"

#include <inttypes.h>
#include <stdio.h>

static void uuid_case(struct buffer *out, const char *name, const char *formula, const struct uuid *uuid)
{
    char text[UUID_TEXT_SIZE];
    uuid_format(uuid, text);
    case_begin(out, name, "uuid");
    case_text(out, "formula", slice_text(formula));
    case_hex(out, "hex", slice_of(uuid->bytes, sizeof uuid->bytes));
    case_text(out, "text", slice_text(text));
}

static void version_7_case(struct buffer *out, const char *name, uint64_t unix_ms, const uint8_t random[10])
{
    struct uuid uuid = uuid_v7(unix_ms, random);
    uuid_case(out, name, "v7", &uuid);
    case_number(out, "unix_ms", (int64_t)unix_ms);
    case_hex(out, "random", slice_of(random, 10));
    case_end(out);
}

static void key_case(struct buffer *out, const char *name, const char *realm, const char *user, const char *key)
{
    struct uuid uuid = uuid_for_key(slice_text(realm), slice_text(user), slice_text(key));
    uuid_case(out, name, "key", &uuid);
    case_text(out, "realm", slice_text(realm));
    case_text(out, "user", slice_text(user));
    case_text(out, "key", slice_text(key));
    case_end(out);
}

static void new_case(struct buffer *out, const char *name, const char *realm, const char *user, const char *command)
{
    struct uuid id = {0}, made = {0};
    char text[UUID_TEXT_SIZE];
    uuid_parse(slice_text(command), &id);
    identifier_for_new(slice_text(realm), slice_text(user), &id, text);
    uuid_parse(slice_text(text), &made);
    uuid_case(out, name, "new", &made);
    case_text(out, "realm", slice_text(realm));
    case_text(out, "user", slice_text(user));
    case_text(out, "command", slice_text(command));
    case_end(out);
}

static void uuid_cases(struct buffer *out)
{
    static const uint8_t mixed[10] = {0x1a, 0xbc, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab};
    static const uint8_t ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    version_7_case(out, "version 7", UINT64_C(1735000000000), mixed);
    version_7_case(out, "version 7 of the largest time", (UINT64_C(1) << 48) - 1, ones);
    new_case(out, "identifier for :new", "default", "anonymous", "0193f5c5-0000-7abc-8def-0123456789ab");
    new_case(out, "identifier for :new, other realm", "shop", "ada", "0193f5c5-0000-7abc-8def-0123456789ab");
    key_case(out, "command id for an Idempotency-Key", "default", "anonymous", "order-1");
    key_case(out,
             "command id for a long Idempotency-Key",
             "shop",
             "ada",
             "a key that is longer than the sixteen bytes of a UUID: é€😀");
}

static void stream_case(struct buffer *out, const char *name, const struct stream *stream, uint32_t partitions)
{
    uint64_t hash = stream_hash(stream);
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(hash >> (56 - 8 * i));
    }
    case_begin(out, name, "stream");
    case_text(out, "realm", stream->realm);
    case_text(out, "namespace", stream->namespace);
    case_text(out, "resource", stream->resource);
    case_text(out, "identifier", stream->identifier);
    case_hex(out, "hex", slice_of(bytes, sizeof bytes));
    case_number(out, "partitions", partitions);
    case_number(out, "partition", stream_partition(hash, partitions));
    case_end(out);
}

static void stream_cases(struct buffer *out)
{
    static char longest[256];
    memset(longest, 'x', sizeof longest);
    struct stream stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text("a1")};
    stream_case(out, "stream", &stream, 256);
    stream_case(out, "stream over 4 partitions", &stream, 4);
    stream.identifier = slice_text("é€😀");
    stream_case(out, "stream with an identifier beyond ASCII", &stream, 256);
    stream.identifier = slice_of(longest, sizeof longest);
    stream_case(out, "stream with the longest identifier", &stream, 256);
    stream = (struct stream){slice_text("ab"), slice_text("c"), slice_text("d"), slice_text("e")};
    stream_case(out, "stream whose parts could run together", &stream, 256);
    stream = (struct stream){slice_text("a"), slice_text("bc"), slice_text("d"), slice_text("e")};
    stream_case(out, "stream whose parts do not run together", &stream, 256);
}

struct payload {
    const char *name, *identifier, *data;
    const int64_t *expected;
    const char *scope;
};

static void payload_case(struct buffer *out, const struct payload *payload)
{
    struct stream stream = {
        slice_text("default"), slice_text("bank"), slice_text("account"), slice_text(payload->identifier)};
    struct buffer data = {0}, scope = {0}, canonical = {0};
    uint8_t hash[16] = {0};
    if (json_to_msgpack(slice_text(payload->data), &data, NULL) != error_none ||
        (payload->scope != NULL && json_to_msgpack(slice_text(payload->scope), &scope, NULL) != error_none) ||
        payload_hash(&stream,
                     slice_text("deposit"),
                     payload->expected,
                     buffer_slice(&data),
                     buffer_slice(&scope),
                     &canonical,
                     hash) != error_none) {
        out->failed = true;
    }
    case_begin(out, payload->name, "payload_hash");
    case_text(out, "namespace", stream.namespace);
    case_text(out, "command", slice_text("deposit"));
    case_text(out, "resource", stream.resource);
    case_text(out, "identifier", stream.identifier);
    if (payload->expected != NULL) {
        case_number(out, "expected", *payload->expected);
    }
    case_json(out, "data", buffer_slice(&data));
    if (payload->scope != NULL) {
        case_json(out, "scope", buffer_slice(&scope));
    }
    case_hex(out, "canonical", buffer_slice(&canonical));
    case_hex(out, "hex", slice_of(hash, sizeof hash));
    case_end(out);
    buffer_fini(&data);
    buffer_fini(&scope);
    buffer_fini(&canonical);
}

static void payload_cases(struct buffer *out)
{
    static const int64_t zero = 0, three = 3;
    static const struct payload payloads[] = {
        {"payload", "a1", "{\"amount\":1000,\"note\":\"hi\"}", NULL, NULL},
        {"payload with its keys in another order", "a1", "{\"note\":\"hi\",\"amount\":1000}", NULL, NULL},
        {"payload that expects version 3", "a1", "{\"amount\":1000,\"note\":\"hi\"}", &three, NULL},
        {"payload that expects nothing to be there", "a1", "{}", &zero, NULL},
        {"payload for a new aggregate", "", "{\"z\":[{\"b\":1.5,\"a\":null}],\"aa\":true,\"a\":-1}", NULL, NULL},
        {"payload in a scope", "a1", "{\"amount\":1000,\"note\":\"hi\"}", NULL, "{\"note\":\"hi\",\"branch\":\"7\"}"},
    };
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        payload_case(out, &payloads[i]);
    }
}

static void position_case(struct buffer *out, const char *name, uint64_t incarnation, uint32_t partition, uint64_t seq)
{
    struct buffer text = {0};
    char hex[24];
    snprintf(hex, sizeof hex, "%" PRIx64, incarnation);
    position_format(incarnation, partition, seq, &text);
    case_begin(out, name, "position");
    case_text(out, "incarnation", slice_text(hex));
    case_number(out, "partition", partition);
    case_number(out, "seq", (int64_t)seq);
    case_text(out, "text", buffer_slice(&text));
    case_end(out);
    buffer_fini(&text);
}

void identity_cases(struct buffer *out)
{
    uuid_cases(out);
    stream_cases(out);
    payload_cases(out);
    position_case(out, "position", UINT64_C(0x1f2e3d4c5b6a7988), 244, 17);
    position_case(out, "position with the largest numbers", UINT64_MAX, UINT32_MAX, INT64_MAX);
}
