/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Replies and their faults. */
#include "proto/envelope.h"
#include "tests/unit/proto/compose.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

static struct reply full_reply(void)
{
    return (struct reply){
        .status = status_rejected,
        .id = uuid_v7(1, (const uint8_t[10]){1, 2, 3}),
        .has_id = true,
        .has_version = true,
        .version = UINT64_MAX,
        .position = slice_text("1f:7.42"),
        .identifier = slice_text("a1"),
        .code = slice_text("overdraft"),
        .message = slice_text("the balance is too low"),
        .faults = hex("90"),
        .retry_ms = UINT32_MAX,
        .data = hex("81 a161 92 01 02"),
    };
}

Test(reply, every_field_round_trips)
{
    struct buffer bytes = {0}, again = {0};
    struct reply reply = full_reply(), decoded;
    reply_encode(&bytes, &reply);
    cr_assert_eq(msgpack_check(buffer_slice(&bytes), NULL), error_none);
    cr_assert_eq(reply_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect_eq(decoded.status, status_rejected);
    cr_expect(decoded.has_id && memcmp(decoded.id.bytes, reply.id.bytes, 16) == 0);
    cr_expect(decoded.has_version);
    cr_expect_eq(decoded.version, UINT64_MAX);
    cr_expect(slice_equal(decoded.position, reply.position));
    cr_expect(slice_equal(decoded.identifier, reply.identifier));
    cr_expect(slice_equal(decoded.code, reply.code));
    cr_expect(slice_equal(decoded.message, reply.message));
    cr_expect(slice_equal(decoded.faults, reply.faults));
    cr_expect_eq(decoded.retry_ms, UINT32_MAX);
    cr_expect(slice_equal(decoded.data, reply.data));
    reply_encode(&again, &decoded);
    cr_expect(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
    buffer_fini(&bytes);
    buffer_fini(&again);
}

Test(reply, absent_fields_are_not_written)
{
    struct buffer bytes = {0};
    struct reply reply = {.status = status_ok}, decoded;
    reply_encode(&bytes, &reply);
    cr_expect_str_eq(to_hex(buffer_slice(&bytes)), to_hex(hex("81 a27374 a26f6b")));
    cr_assert_eq(reply_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect_not(decoded.has_id || decoded.has_version);
    cr_expect_eq(decoded.position.size + decoded.code.size + decoded.data.size + decoded.faults.size, 0);
    buffer_fini(&bytes);
}

Test(reply, version_0_is_written)
{
    struct buffer bytes = {0};
    struct reply reply = {.has_version = true}, decoded;
    reply_encode(&bytes, &reply);
    cr_assert_eq(reply_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect(decoded.has_version);
    buffer_fini(&bytes);
}

Test(reply, data_may_be_any_value)
{
    static const char *const values[] = {"c0", "c2", "05", "a0", "90", "80", "c400"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct reply reply;
        struct slice map = compose_map((const char *const[]){"data", values[i], "st", "a26f6b", NULL});
        cr_assert_eq(reply_decode(map, &reply), error_none);
        cr_expect(slice_equal(reply.data, hex(values[i])));
    }
}

Test(reply, unknown_keys_are_ignored)
{
    struct reply reply;
    struct slice map = compose_map((const char *const[]){"later", "93010203", "st", "a26f6b", "s", "c0", NULL});
    cr_expect_eq(reply_decode(map, &reply), error_none);
}

Test(reply, mistyped_fields_are_errors_and_leave_the_output)
{
    struct buffer bytes = {0};
    struct reply full = full_reply();
    reply_encode(&bytes, &full);
    static const struct {
        const char *key, *value;
        enum error error;
    } cases[] = {
        {"st", "01", error_bad_type},
        {"st", "a3626164", error_out_of_range},
        {"id", "c0", error_bad_type},
        {"id", "c401ff", error_bad_uuid},
        {"ver", "ff", error_out_of_range},
        {"ver", "a0", error_bad_type},
        {"pos", "01", error_bad_type},
        {"agg", "01", error_bad_type},
        {"code", "01", error_bad_type},
        {"msg", "c0", error_bad_type},
        {"errs", "80", error_bad_type},
        {"ms", "ff", error_out_of_range},
        {"ms", "cf0000000100000000", error_out_of_range},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reply reply = {.retry_ms = 4711};
        struct slice map = map_with(buffer_slice(&bytes), cases[i].key, cases[i].value);
        cr_expect_eq(reply_decode(map, &reply), cases[i].error, "%s %s", cases[i].key, cases[i].value);
        cr_expect_eq(reply.retry_ms, 4711);
    }
    struct reply reply;
    cr_expect_eq(reply_decode(map_without(buffer_slice(&bytes), "st"), &reply), error_missing_field);
    cr_expect_eq(reply_decode(hex("90"), &reply), error_bad_type);
    buffer_fini(&bytes);
}

Test(reply, texts_that_were_cut_within_a_character_end_before_it)
{
    struct buffer bytes = {0}, faults = {0};
    struct fault fault = {slice_text("/a/\xc3"), slice_text("unknown_field"), slice_text("no field caf\xc3")}, said;
    struct reply reply = {.status = status_invalid, .code = slice_text("c"), .message = slice_text("caf\xc3")}, decoded;
    write_array(&faults, 1);
    fault_encode(&faults, &fault);
    reply.faults = buffer_slice(&faults);
    reply_encode(&bytes, &reply);
    cr_assert_eq(msgpack_check(buffer_slice(&bytes), NULL), error_none);
    cr_assert_eq(reply_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect(slice_is(decoded.message, "caf"));
    struct reader reader = reader_of(decoded.faults);
    uint32_t count;
    cr_assert_eq(reader_array(&reader, &count), error_none);
    cr_assert_eq(fault_decode(&reader, &said), error_none);
    cr_expect(slice_is(said.path, "/a/") && slice_is(said.message, "no field caf"));
    buffer_clear(&bytes);
    reply_encode(&bytes, &(struct reply){.status = status_invalid, .message = slice_text("\xc3")});
    cr_expect_eq(reply_decode(buffer_slice(&bytes), &decoded), error_none, "nothing of it is left");
    buffer_fini(&bytes);
    buffer_fini(&faults);
}

Test(fault, list_of_faults_round_trips)
{
    struct buffer bytes = {0};
    struct fault first = {slice_text("/amount"), slice_text("below_minimum"), slice_text("must be at least 1")};
    struct fault second = {slice_text(""), slice_text("required"), slice_text("")}, decoded;
    write_array(&bytes, 2);
    fault_encode(&bytes, &first);
    fault_encode(&bytes, &second);
    cr_assert_eq(msgpack_check(buffer_slice(&bytes), NULL), error_none);
    struct reader reader = reader_of(buffer_slice(&bytes));
    uint32_t count;
    cr_assert_eq(reader_array(&reader, &count), error_none);
    cr_assert_eq(fault_decode(&reader, &decoded), error_none);
    cr_expect(slice_is(decoded.path, "/amount"));
    cr_expect(slice_is(decoded.code, "below_minimum"));
    cr_expect(slice_is(decoded.message, "must be at least 1"));
    cr_assert_eq(fault_decode(&reader, &decoded), error_none);
    cr_expect(slice_is(decoded.path, ""));
    cr_expect(slice_is(decoded.code, "required"));
    cr_expect(reader_done(&reader));
    cr_expect_eq(fault_decode(&reader, &decoded), error_truncated);
    buffer_fini(&bytes);
}

Test(fault, each_field_is_required_and_text)
{
    static const char *const keys[] = {"at", "code", "msg"};
    struct slice whole = compose_map((const char *const[]){"at", "a0", "code", "a161", "msg", "a162", NULL});
    for (size_t i = 0; i < 3; i++) {
        struct fault fault = {.code = slice_text("untouched")};
        struct reader reader = reader_of(map_without(whole, keys[i]));
        const uint8_t *at = reader.at;
        cr_expect_eq(fault_decode(&reader, &fault), error_missing_field);
        cr_expect_eq(reader.at, at);
        reader = reader_of(map_with(whole, keys[i], "01"));
        cr_expect_eq(fault_decode(&reader, &fault), error_bad_type);
        cr_expect(slice_is(fault.code, "untouched"));
    }
}
