/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Work frames, their replies, and items. */
#include "proto/envelope.h"
#include "tests/unit/proto/compose.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

static struct work_frame full_frame(void)
{
    return (struct work_frame){
        .token = slice_text("secret"),
        .shard = slice_text("shard-0"),
        .boot = UINT64_MAX,
        .partitions = 256,
        .owned = hex("91 92 00 01"),
        .heads = hex("91 92 00 cd1000"),
        .replies = hex("91 93 07 00 81 a27374 a26f6b"),
        .records = hex("90"),
        .descriptions = hex("91 80"),
        .metrics = slice_text("up 1\n"),
        .alarms = hex("91 a161"),
        .serves = slice_text("query"),
        .leaving = true,
    };
}

Test(work_frame, every_field_round_trips)
{
    struct buffer bytes = {0}, again = {0};
    struct work_frame frame = full_frame(), decoded;
    work_frame_encode(&bytes, &frame);
    cr_assert_eq(work_frame_decode(buffer_slice(&bytes), &decoded, NULL), error_none);
    cr_expect(slice_equal(decoded.token, frame.token));
    cr_expect(slice_equal(decoded.shard, frame.shard));
    cr_expect_eq(decoded.boot, UINT64_MAX);
    cr_expect_eq(decoded.partitions, 256);
    cr_expect(slice_equal(decoded.owned, frame.owned));
    cr_expect(slice_equal(decoded.heads, frame.heads));
    cr_expect(slice_equal(decoded.replies, frame.replies));
    cr_expect(slice_equal(decoded.records, frame.records));
    cr_expect(slice_equal(decoded.descriptions, frame.descriptions));
    cr_expect(slice_equal(decoded.metrics, frame.metrics));
    cr_expect(slice_equal(decoded.alarms, frame.alarms));
    cr_expect(slice_equal(decoded.serves, frame.serves));
    cr_expect(decoded.leaving);
    work_frame_encode(&again, &decoded);
    cr_expect(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
    buffer_fini(&bytes);
    buffer_fini(&again);
}

Test(work_frame, absent_fields_are_not_written)
{
    struct buffer bytes = {0};
    struct work_frame frame = {.shard = slice_text("s"), .boot = 1}, decoded;
    work_frame_encode(&bytes, &frame);
    cr_expect_str_eq(to_hex(buffer_slice(&bytes)),
                     to_hex(hex("84 a176 01 a174 a4776f726b a57368617264 a173 a4626f6f74 01")));
    cr_assert_eq(work_frame_decode(buffer_slice(&bytes), &decoded, NULL), error_none);
    cr_expect_eq(decoded.partitions, 0);
    cr_expect_eq(decoded.owned.size + decoded.replies.size + decoded.metrics.size, 0);
    buffer_fini(&bytes);
}

static void expect_fault(struct slice message, enum error error, const char *field)
{
    struct work_frame frame = {.boot = 4711};
    struct envelope_fault fault = {.field = "none"};
    enum error got = work_frame_decode(message, &frame, &fault);
    cr_expect_eq(got, error, "%s: got %s", to_hex(message), error_name(got));
    cr_expect_str_eq(fault.field, field);
    cr_expect_eq(frame.boot, 4711);
}

Test(work_frame, faults_name_their_field)
{
    static const char *const arrays[] = {"own", "heads", "r", "ev", "desc", "alarms"};
    struct buffer bytes = {0};
    struct work_frame frame = full_frame();
    work_frame_encode(&bytes, &frame);
    struct slice whole = buffer_slice(&bytes);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        expect_fault(map_with(whole, arrays[i], "80"), error_bad_type, arrays[i]);
    }
    expect_fault(map_with(whole, "v", "02"), error_bad_version, "v");
    expect_fault(map_with(whole, "t", "a3726571"), error_out_of_range, "t");
    expect_fault(map_with(whole, "t", "01"), error_bad_type, "t");
    expect_fault(map_with(whole, "tok", "01"), error_bad_type, "tok");
    expect_fault(map_with(whole, "shard", "a0"), error_bad_identifier, "shard");
    expect_fault(map_with(whole, "boot", "ff"), error_out_of_range, "boot");
    expect_fault(map_with(whole, "parts", "cf0000000100000000"), error_out_of_range, "parts");
    expect_fault(map_with(whole, "mx", "c0"), error_bad_type, "mx");
    expect_fault(map_without(whole, "v"), error_missing_field, "v");
    expect_fault(map_without(whole, "t"), error_missing_field, "t");
    expect_fault(map_without(whole, "shard"), error_missing_field, "shard");
    expect_fault(map_without(whole, "boot"), error_missing_field, "boot");
    expect_fault(hex("90"), error_bad_type, "");
    expect_fault(hex("c1"), error_bad_type, "");
    buffer_fini(&bytes);
}

Test(work_frame, is_told_from_requests_by_its_type)
{
    struct buffer bytes = {0};
    struct work_frame frame = full_frame();
    struct request_frame request;
    work_frame_encode(&bytes, &frame);
    cr_assert_eq(request_frame_decode(buffer_slice(&bytes), &request, NULL), error_none);
    cr_expect(request.work);
    buffer_fini(&bytes);
}

Test(work_reply, head_and_items_round_trip)
{
    for (int flags = 0; flags < 8; flags++) {
        struct buffer bytes = {0};
        struct slice item, heads = (flags & 4) != 0 ? hex("91 92 00 cd1000") : (struct slice){0};
        struct work_reply reply = {.number = (uint64_t)flags * 7,
                                   .subscribed = (flags & 1) != 0,
                                   .unknown = (flags & 2) != 0,
                                   .heads = heads,
                                   .count = 2};
        work_reply_begin(&bytes, &reply);
        write_map(&bytes, 0);
        write_raw(&bytes, hex("81 a161 c0"));
        cr_assert_eq(work_reply_decode(buffer_slice(&bytes), &reply), error_none);
        cr_expect_eq(reply.subscribed, (flags & 1) != 0);
        cr_expect_eq(reply.unknown, (flags & 2) != 0);
        cr_expect_eq(reply.number, (uint64_t)flags * 7);
        cr_expect(slice_equal(reply.heads, heads));
        cr_expect_eq(reply.count, 2);
        cr_expect_eq(reader_raw(&reply.items, &item), error_none);
        cr_expect_eq(reader_raw(&reply.items, &item), error_none);
        cr_expect_str_eq(to_hex(item), "81a161c0");
        cr_expect(reader_done(&reply.items));
        buffer_fini(&bytes);
    }
}

Test(work_reply, faults_are_errors_and_leave_the_output)
{
    static const struct {
        const char *message;
        enum error error;
    } cases[] = {
        {"81 a176 01", error_missing_field},
        {"82 a176 01 a177 80", error_bad_type},
        {"82 a176 02 a177 90", error_bad_version},
        {"81 a177 90", error_missing_field},
        {"83 a176 01 a177 90 a3737562 01", error_bad_type},
        {"83 a176 01 a177 90 a377686f c0", error_bad_type},
        {"83 a176 01 a177 90 a56865616473 80", error_bad_type},
        {"90", error_bad_type},
        {"82 a176 01", error_truncated},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct work_reply reply = {.count = 4711};
        cr_expect_eq(work_reply_decode(hex(cases[i].message), &reply), cases[i].error, "%s", cases[i].message);
        cr_expect_eq(reply.count, 4711);
    }
}

Test(pairs, are_two_natural_numbers_and_nothing_else)
{
    static const char *const others[] = {"91 01", "93 01 02 03", "92 01 ff", "92 a161 02", "01", ""};
    uint64_t first = 1, second = 2;
    struct reader reader = reader_of(hex("92 cd1000 07"));
    cr_assert(pair_read(&reader, &first, &second));
    cr_expect_eq(first, 4096);
    cr_expect_eq(second, 7);
    cr_expect(reader_done(&reader));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        reader = reader_of(hex(others[i]));
        cr_expect_not(pair_read(&reader, &first, &second), "%s", others[i]);
        cr_expect_eq(first, 4096);
        cr_expect_eq(second, 7);
    }
}

static struct item full_item(void)
{
    return (struct item){
        .key = UINT64_MAX,
        .partition = UINT32_MAX,
        .deadline_ms = 10000,
        .realm = slice_text("default"),
        .user = slice_text("anonymous"),
        .roles = hex("92 a161 a162"),
        .identifier = slice_text("a1"),
        .request = hex("81 a2 6f70 a6 6865616c7468"),
    };
}

Test(item, every_field_round_trips)
{
    struct buffer bytes = {0}, again = {0};
    struct item item = full_item(), decoded;
    item_encode(&bytes, &item);
    cr_assert_eq(msgpack_check(buffer_slice(&bytes), NULL), error_none);
    cr_assert_eq(item_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect_eq(decoded.key, UINT64_MAX);
    cr_expect_eq(decoded.partition, UINT32_MAX);
    cr_expect_eq(decoded.deadline_ms, 10000);
    cr_expect(slice_equal(decoded.realm, item.realm));
    cr_expect(slice_equal(decoded.user, item.user));
    cr_expect(slice_equal(decoded.roles, item.roles));
    cr_expect(slice_equal(decoded.identifier, item.identifier));
    cr_expect(slice_equal(decoded.request, item.request));
    item_encode(&again, &decoded);
    cr_expect(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
    buffer_fini(&bytes);
    buffer_fini(&again);
}

Test(item, roles_and_identifier_may_be_absent)
{
    struct buffer bytes = {0};
    struct item item = full_item(), decoded;
    item.roles = item.identifier = (struct slice){0};
    item_encode(&bytes, &item);
    cr_assert_eq(item_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect_eq(decoded.roles.size + decoded.identifier.size, 0);
    buffer_fini(&bytes);
}

Test(item, faults_are_errors_and_leave_the_output)
{
    static const char *const required[] = {"k", "p", "realm", "user", "q", "ms"};
    static const struct {
        const char *key, *value;
        enum error error;
    } cases[] = {
        {"k", "ff", error_out_of_range},
        {"p", "cf0000000100000000", error_out_of_range},
        {"realm", "01", error_bad_type},
        {"user", "c0", error_bad_type},
        {"roles", "80", error_bad_type},
        {"agg", "a0", error_bad_identifier},
        {"q", "90", error_bad_type},
        {"ms", "ff", error_out_of_range},
    };
    struct buffer bytes = {0};
    struct item item = full_item();
    item_encode(&bytes, &item);
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        struct item decoded = {.key = 4711};
        cr_expect_eq(item_decode(map_without(buffer_slice(&bytes), required[i]), &decoded), error_missing_field);
        cr_expect_eq(decoded.key, 4711);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice map = map_with(buffer_slice(&bytes), cases[i].key, cases[i].value);
        cr_expect_eq(item_decode(map, &item), cases[i].error, "%s", cases[i].key);
    }
    buffer_fini(&bytes);
}

static struct record full_record(void)
{
    return (struct record){
        .partition = 7,
        .schema = 2,
        .seq = 42,
        .version = 3,
        .time_us = -1,
        .stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text("a1")},
        .event = slice_text("deposited"),
        .data = hex("81 a6 616d6f756e74 05"),
        .command = slice_text("deposit"),
        .user = slice_text("anonymous"),
        .traceparent = slice_text("00"),
        .id = {.bytes = {1, 2, 3}},
        .has_status = true,
        .status = status_ok,
    };
}

Test(record, every_field_round_trips)
{
    struct buffer bytes = {0}, again = {0};
    struct record record = full_record(), decoded;
    record_encode(&bytes, &record);
    cr_assert_eq(msgpack_check(buffer_slice(&bytes), NULL), error_none);
    cr_assert_eq(record_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect_eq(decoded.partition, 7);
    cr_expect_eq(decoded.seq, 42);
    cr_expect_eq(decoded.time_us, -1);
    cr_expect_eq(decoded.version, 3);
    cr_expect_eq(decoded.schema, 2);
    cr_expect(slice_equal(decoded.stream.realm, record.stream.realm));
    cr_expect(slice_equal(decoded.stream.namespace, record.stream.namespace));
    cr_expect(slice_equal(decoded.stream.resource, record.stream.resource));
    cr_expect(slice_equal(decoded.stream.identifier, record.stream.identifier));
    cr_expect(slice_equal(decoded.event, record.event));
    cr_expect(slice_equal(decoded.data, record.data));
    cr_expect(slice_equal(decoded.command, record.command));
    cr_expect(slice_equal(decoded.user, record.user));
    cr_expect(slice_equal(decoded.traceparent, record.traceparent));
    cr_expect_eq(memcmp(decoded.id.bytes, record.id.bytes, 16), 0);
    cr_expect(decoded.has_status);
    cr_expect_eq(decoded.status, status_ok);
    record_encode(&again, &decoded);
    cr_expect(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
    buffer_fini(&bytes);
    buffer_fini(&again);
}

Test(record, without_event_and_status_round_trips)
{
    struct buffer bytes = {0};
    struct record record = full_record(), decoded;
    record.event = record.data = record.traceparent = (struct slice){0};
    record.schema = 0;
    record.has_status = false;
    record_encode(&bytes, &record);
    cr_assert_eq(record_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect_eq(decoded.event.size + decoded.data.size + decoded.schema, 0);
    cr_expect_not(decoded.has_status);
    buffer_fini(&bytes);
}

Test(record, faults_are_errors_and_leave_the_output)
{
    static const char *const required[] = {"p", "seq", "time", "realm", "ns", "res", "agg", "ver", "id", "cmd", "user"};
    struct buffer bytes = {0};
    struct record record = full_record();
    record_encode(&bytes, &record);
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        struct record decoded = {.seq = 4711};
        cr_expect_eq(record_decode(map_without(buffer_slice(&bytes), required[i]), &decoded), error_missing_field);
        cr_expect_eq(record_decode(map_with(buffer_slice(&bytes), required[i], "c0"), &decoded), error_bad_type);
        cr_expect_eq(decoded.seq, 4711);
    }
    cr_expect_eq(record_decode(map_with(buffer_slice(&bytes), "data", "90"), &record), error_bad_type);
    cr_expect_eq(record_decode(map_with(buffer_slice(&bytes), "st", "a0"), &record), error_out_of_range);
    cr_expect_eq(record_decode(map_with(buffer_slice(&bytes), "type", "c0"), &record), error_bad_type);
    buffer_fini(&bytes);
}
