/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * proto/vectors/vectors.json is what this library makes today, and each case of the file holds when it is read back. */
#include "proto/envelope.h"
#include "proto/json.h"
#include "proto/vectors/vectors.h"
#include "tests/unit/proto/files.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* One case: raw is its map, transcoded from JSON. */
struct vector {
    struct slice raw;
    const char *name;
};

static bool has(const struct vector *vector, const char *key)
{
    struct slice value;
    return msgpack_find(vector->raw, key, &value) == error_none;
}

static struct slice field(const struct vector *vector, const char *key)
{
    struct slice value = {0};
    cr_assert_eq(msgpack_find(vector->raw, key, &value), error_none, "%s has no %s", vector->name, key);
    return value;
}

static struct slice text(const struct vector *vector, const char *key)
{
    struct slice out = {0};
    struct reader reader = reader_of(field(vector, key));
    cr_assert_eq(reader_text(&reader, &out), error_none, "%s: %s", vector->name, key);
    return out;
}

static int64_t number(const struct vector *vector, const char *key)
{
    int64_t out = 0;
    struct reader reader = reader_of(field(vector, key));
    cr_assert_eq(reader_integer(&reader, &out), error_none, "%s: %s", vector->name, key);
    return out;
}

/* A field written in hex. */
static struct slice bytes(const struct vector *vector, const char *key)
{
    return hex(text_copy(text(vector, key)));
}

/* The JSON of the bytes is the JSON of the field. */
static void expect_json(const struct vector *vector, struct slice message, const char *key)
{
    struct buffer got = {0}, wanted = {0};
    cr_expect_eq(msgpack_check(message, NULL), error_none, "%s", vector->name);
    cr_expect_eq(msgpack_to_json(message, &got), error_none);
    cr_expect_eq(msgpack_to_json(field(vector, key), &wanted), error_none);
    /* an integer above int64 reads back as a double: the one value that JSON changes */
    if (!slice_is(slice_text(vector->name), "integer above int64")) {
        cr_expect(slice_equal(buffer_slice(&got), buffer_slice(&wanted)), "%s", vector->name);
    }
    buffer_fini(&got);
    buffer_fini(&wanted);
}

static void value_holds(const struct vector *vector)
{
    struct buffer canonical = {0};
    if (has(vector, "json")) {
        expect_json(vector, bytes(vector, "hex"), "json");
    }
    cr_expect_eq(msgpack_check(bytes(vector, "hex"), NULL), error_none, "%s", vector->name);
    cr_expect_eq(msgpack_canonical(bytes(vector, "hex"), &canonical), error_none);
    cr_expect(slice_equal(buffer_slice(&canonical), bytes(vector, "encode")), "%s", vector->name);
    buffer_fini(&canonical);
}

static void invalid_holds(const struct vector *vector)
{
    struct msgpack_fault fault = {0};
    enum error error = msgpack_check(bytes(vector, "hex"), &fault);
    cr_expect_neq(error, error_none, "%s", vector->name);
    cr_expect(slice_is(text(vector, "error"), error_name(error)), "%s", vector->name);
    cr_expect_eq((int64_t)fault.offset, number(vector, "offset"), "%s", vector->name);
}

static void request_holds(const struct vector *vector)
{
    struct request request;
    struct slice message = bytes(vector, "hex");
    expect_json(vector, message, "json");
    cr_expect_eq(request_decode(message, &request, NULL), error_none, "%s", vector->name);
}

static void reply_holds(const struct vector *vector)
{
    struct reply reply;
    struct buffer again = {0};
    struct slice message = bytes(vector, "hex");
    expect_json(vector, message, "json");
    cr_assert_eq(reply_decode(message, &reply), error_none, "%s", vector->name);
    reply_encode(&again, &reply);
    cr_expect(slice_equal(buffer_slice(&again), message), "%s", vector->name);
    buffer_fini(&again);
}

/* Requests, replies, work and its answer: one of the decoders takes it. */
static void frame_holds(const struct vector *vector)
{
    struct request_frame request;
    struct reply_frame reply;
    struct work_frame work;
    struct work_reply answer;
    struct slice message = bytes(vector, "hex");
    expect_json(vector, message, "json");
    if (request_frame_decode(message, &request, NULL) == error_none) {
        cr_expect(!request.work || work_frame_decode(message, &work, NULL) == error_none, "%s", vector->name);
    } else if (work_reply_decode(message, &answer) != error_none) {
        cr_expect_eq(reply_frame_decode(message, &reply), error_none, "%s", vector->name);
    }
}

static uint64_t big_endian(struct slice from, size_t at, size_t size)
{
    uint64_t out = 0;
    for (size_t i = 0; i < size; i++) {
        out = out << 8 | from.data[at + i];
    }
    return out;
}

static void wire_holds(const struct vector *vector)
{
    struct slice wire = bytes(vector, "hex");
    if (has(vector, "protocol")) {
        cr_expect_eq((int64_t)big_endian(wire, 4, 2), number(vector, "protocol"), "%s", vector->name);
        cr_expect_eq(wire.size, 8);
        return;
    }
    struct slice prefix = bytes(vector, "prefix"), message = bytes(vector, "message");
    expect_json(vector, message, "json");
    cr_expect_eq(big_endian(wire, 0, 8), prefix.size + message.size, "%s", vector->name);
    cr_expect_eq(wire.size, 8 + prefix.size + message.size);
    cr_expect(slice_equal(slice_of(wire.data + 8, prefix.size), prefix));
    cr_expect(slice_equal(slice_of(wire.data + 8 + prefix.size, message.size), message));
    struct event_frame event;
    cr_expect(prefix.size == 4 || event_frame_decode(slice_of(wire.data + 8, wire.size - 8), &event) == error_none);
}

static void uuid_holds(const struct vector *vector)
{
    struct uuid uuid = {0}, command;
    char identifier[UUID_TEXT_SIZE];
    struct slice formula = text(vector, "formula");
    if (slice_is(formula, "v7")) {
        uuid = uuid_v7((uint64_t)number(vector, "unix_ms"), bytes(vector, "random").data);
    } else if (slice_is(formula, "key")) {
        uuid = uuid_for_key(text(vector, "realm"), text(vector, "user"), text(vector, "key"));
    } else {
        cr_assert_eq(uuid_parse(text(vector, "command"), &command), error_none);
        identifier_for_new(text(vector, "realm"), text(vector, "user"), &command, identifier);
        cr_assert_eq(uuid_parse(slice_text(identifier), &uuid), error_none);
    }
    uuid_format(&uuid, identifier);
    cr_expect(slice_is(text(vector, "text"), identifier), "%s", vector->name);
    cr_expect(slice_equal(bytes(vector, "hex"), slice_of(uuid.bytes, 16)), "%s", vector->name);
}

static void stream_holds(const struct vector *vector)
{
    struct stream stream = {
        text(vector, "realm"), text(vector, "namespace"), text(vector, "resource"), text(vector, "identifier")};
    uint64_t hash = stream_hash(&stream);
    cr_expect_eq(hash, big_endian(bytes(vector, "hex"), 0, 8), "%s", vector->name);
    cr_expect_eq(stream_partition(hash, (uint32_t)number(vector, "partitions")), number(vector, "partition"));
}

static void payload_hash_holds(const struct vector *vector)
{
    struct stream target = {.namespace = text(vector, "namespace"),
                            .resource = text(vector, "resource"),
                            .identifier = text(vector, "identifier")};
    struct buffer scratch = {0};
    uint8_t hash[16];
    int64_t expected = has(vector, "expected") ? number(vector, "expected") : 0;
    cr_expect_eq(payload_hash(&target,
                              text(vector, "command"),
                              has(vector, "expected") ? &expected : NULL,
                              field(vector, "data"),
                              has(vector, "scope") ? field(vector, "scope") : (struct slice){0},
                              &scratch,
                              hash),
                 error_none);
    cr_expect(slice_equal(buffer_slice(&scratch), bytes(vector, "canonical")), "%s", vector->name);
    cr_expect(slice_equal(slice_of(hash, 16), bytes(vector, "hex")), "%s", vector->name);
    buffer_fini(&scratch);
}

static void position_holds(const struct vector *vector)
{
    struct buffer out = {0};
    uint64_t incarnation = strtoull(text_copy(text(vector, "incarnation")), NULL, 16);
    position_format(incarnation, (uint32_t)number(vector, "partition"), (uint64_t)number(vector, "seq"), &out);
    cr_expect(slice_equal(buffer_slice(&out), text(vector, "text")), "%s", vector->name);
    buffer_fini(&out);
}

static const struct {
    const char *kind;
    void (*holds)(const struct vector *vector);
} kinds[] = {
    {"value", value_holds},
    {"invalid", invalid_holds},
    {"request", request_holds},
    {"reply", reply_holds},
    {"frame", frame_holds},
    {"wire", wire_holds},
    {"uuid", uuid_holds},
    {"stream", stream_holds},
    {"position", position_holds},
    {"payload_hash", payload_hash_holds},
};

static void vector_holds(const struct vector *vector)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (slice_is(text(vector, "kind"), kinds[i].kind)) {
            kinds[i].holds(vector);
            return;
        }
    }
    cr_expect_fail("%s is of no known kind", vector->name);
}

Test(vectors, file_is_what_the_library_makes)
{
    struct buffer file = read_source("proto/vectors/vectors.json"), made = {0};
    vectors_write(&made);
    cr_expect_not(made.failed);
    cr_expect(slice_equal(buffer_slice(&file), buffer_slice(&made)),
              "run: proto_vectors > proto/vectors/vectors.json, and look at what changed");
    buffer_fini(&file);
    buffer_fini(&made);
}

Test(vectors, every_case_holds)
{
    struct buffer file = read_source("proto/vectors/vectors.json"), cases = {0};
    struct vector vector;
    uint32_t count;
    cr_assert_eq(json_to_msgpack(buffer_slice(&file), &cases, NULL), error_none);
    struct reader reader = reader_of(buffer_slice(&cases));
    cr_assert_eq(reader_array(&reader, &count), error_none);
    cr_expect_gt(count, 100);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(reader_raw(&reader, &vector.raw), error_none);
        vector.name = "?";
        vector.name = text_copy(text(&vector, "name"));
        vector_holds(&vector);
    }
    buffer_fini(&file);
    buffer_fini(&cases);
}
