/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Frames of requests and replies. */
#include "proto/envelope.h"
#include "tests/unit/proto/compose.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

static void expect_fault(struct slice message, enum error error, const char *field)
{
    struct request_frame frame = {.count = 4711};
    struct envelope_fault fault = {.field = "none"};
    enum error got = request_frame_decode(message, &frame, &fault);
    cr_expect_eq(got, error, "%s: got %s", to_hex(message), error_name(got));
    cr_expect_eq(fault.error, error);
    cr_expect_str_eq(fault.field, field, "%s: got %s", to_hex(message), fault.field);
    cr_expect_eq(frame.count, 4711);
    cr_expect_eq(request_frame_decode(message, &frame, NULL), error);
}

#define EXPECT_FAULT(ERROR, FIELD, ...)                                                                                \
    expect_fault(compose_map((const char *const[]){__VA_ARGS__, NULL}), ERROR, FIELD)

#define V "v", "01"
#define T "t", "a3 726571"
#define Q "q", "91 80"

Test(request_frame, head_and_requests_round_trip)
{
    struct buffer message = {0};
    struct request_frame frame;
    struct slice first, second;
    request_frame_begin(&message, 65536, slice_text("secret"), 2);
    write_raw(&message, hex("81 a161 01"));
    write_raw(&message, hex("80"));
    cr_assert_eq(request_frame_decode(buffer_slice(&message), &frame, NULL), error_none);
    cr_expect_not(frame.work);
    cr_expect_eq(frame.max_bytes, 65536);
    cr_expect(slice_is(frame.token, "secret"));
    cr_expect_eq(frame.count, 2);
    cr_expect_eq(reader_raw(&frame.requests, &first), error_none);
    cr_expect_eq(reader_raw(&frame.requests, &second), error_none);
    cr_expect_str_eq(to_hex(first), "81a16101");
    cr_expect_str_eq(to_hex(second), "80");
    cr_expect(reader_done(&frame.requests));
    buffer_fini(&message);
}

Test(request_frame, what_is_absent_takes_its_default)
{
    struct buffer message = {0};
    struct request_frame frame;
    request_frame_begin(&message, 0, (struct slice){0}, 1);
    write_map(&message, 0);
    cr_expect_str_eq(to_hex(buffer_slice(&message)), to_hex(hex("83 a176 01 a174 a3726571 a171 91 80")));
    cr_assert_eq(request_frame_decode(buffer_slice(&message), &frame, NULL), error_none);
    cr_expect_eq(frame.max_bytes, limit_frame_bytes);
    cr_expect_eq(frame.token.size, 0);
    buffer_fini(&message);
}

Test(request_frame, requests_end_where_their_array_ends)
{
    struct request_frame frame;
    struct slice message = compose_map((const char *const[]){V, "q", "91 80", T, "more", "c0", NULL}), first;
    cr_assert_eq(request_frame_decode(message, &frame, NULL), error_none);
    cr_expect_eq(reader_raw(&frame.requests, &first), error_none);
    cr_expect(reader_done(&frame.requests));
}

Test(request_frame, work_is_left_to_its_own_decoder)
{
    struct request_frame frame;
    struct slice message = compose_map((const char *const[]){V, "t", "a4 776f726b", "q", "07", NULL});
    cr_assert_eq(request_frame_decode(message, &frame, NULL), error_none);
    cr_expect(frame.work);
}

Test(request_frame, other_protocol_versions_are_refused_before_anything_else)
{
    EXPECT_FAULT(error_bad_version, "v", "q", "07", "t", "c0", "v", "02");
    EXPECT_FAULT(error_bad_version, "v", "v", "00", T, Q);
    EXPECT_FAULT(error_bad_version, "v", "v", "a1 31", T, Q);
    EXPECT_FAULT(error_bad_version, "v", "v", "cb 3ff0000000000000", T, Q);
    EXPECT_FAULT(error_missing_field, "v", T, Q);
}

Test(request_frame, faults_name_their_field)
{
    EXPECT_FAULT(error_missing_field, "t", V, Q);
    EXPECT_FAULT(error_missing_field, "q", V, T);
    EXPECT_FAULT(error_out_of_range, "t", V, "t", "a3 726570", Q);
    EXPECT_FAULT(error_bad_type, "t", V, "t", "01", Q);
    EXPECT_FAULT(error_bad_type, "tok", V, T, "tok", "01", Q);
    EXPECT_FAULT(error_bad_type, "q", V, T, "q", "80");
    EXPECT_FAULT(error_out_of_range, "q", V, T, "q", "90");
    EXPECT_FAULT(error_bad_type, "max", V, T, "max", "a0", Q);
    EXPECT_FAULT(error_out_of_range, "max", V, T, "max", "cd 03ff", Q);
    EXPECT_FAULT(error_out_of_range, "max", V, T, "max", "ff", Q);
}

Test(request_frame, max_is_capped_at_the_frame_limit)
{
    struct request_frame frame;
    struct slice message = compose_map((const char *const[]){V, T, "max", "cf ffffffffffffffff", Q, NULL});
    cr_assert_eq(request_frame_decode(message, &frame, NULL), error_none);
    cr_expect_eq(frame.max_bytes, limit_frame_bytes);
    message = compose_map((const char *const[]){V, T, "max", "cd 0400", Q, NULL});
    cr_assert_eq(request_frame_decode(message, &frame, NULL), error_none);
    cr_expect_eq(frame.max_bytes, limit_reply_bytes_min);
}

/* So that the replies fit at least as "reply_too_large": a broker never has to send more than the client takes. */
Test(request_frame, max_must_leave_room_for_every_reply)
{
    struct request_frame frame;
    struct buffer message = {0};
    const uint32_t count = 100, least = (count + 1) * limit_reply_bytes_each;
    for (uint32_t max = least - 1; max <= least; max++) {
        buffer_clear(&message);
        request_frame_begin(&message, max, (struct slice){0}, count);
        for (uint32_t i = 0; i < count; i++) {
            write_map(&message, 0);
        }
        if (max < least) {
            expect_fault(buffer_slice(&message), error_out_of_range, "max");
        } else {
            cr_expect_eq(request_frame_decode(buffer_slice(&message), &frame, NULL), error_none);
        }
    }
    buffer_fini(&message);
}

Test(request_frame, takes_1024_requests_and_refuses_1025)
{
    struct request_frame frame;
    for (uint32_t count = limit_batch_requests; count <= limit_batch_requests + 1; count++) {
        struct buffer message = {0};
        request_frame_begin(&message, 0, (struct slice){0}, count);
        for (uint32_t i = 0; i < count; i++) {
            write_map(&message, 0);
        }
        if (count == limit_batch_requests) {
            cr_expect_eq(request_frame_decode(buffer_slice(&message), &frame, NULL), error_none);
            cr_expect_eq(frame.count, count);
        } else {
            expect_fault(buffer_slice(&message), error_too_long, "q");
        }
        buffer_fini(&message);
    }
}

Test(request_frame, bytes_that_are_no_message_are_at_fault_as_a_whole)
{
    expect_fault(hex(""), error_truncated, "");
    expect_fault(hex("dd ff000000"), error_truncated, "");
    expect_fault(hex("90"), error_bad_type, "");
    expect_fault(hex("c0"), error_bad_type, "");
    expect_fault(hex("82 a176 01 a176 01"), error_duplicate_key, "");
    expect_fault(hex("81 a176 01 00"), error_trailing_bytes, "");
    expect_fault(hex("83 a176 01 a174 a3726571 a171 91 81 a178 a1ff"), error_bad_utf8, "");
}

Test(reply_frame, head_and_replies_round_trip)
{
    struct buffer message = {0};
    struct reply_frame frame;
    struct slice reply;
    reply_frame_begin(&message, 1);
    write_raw(&message, hex("81 a27374 a26f6b"));
    cr_assert_eq(reply_frame_decode(buffer_slice(&message), &frame), error_none);
    cr_expect_not(frame.whole);
    cr_expect_eq(frame.count, 1);
    cr_expect_eq(reader_raw(&frame.replies, &reply), error_none);
    cr_expect_str_eq(to_hex(reply), "81a27374a26f6b");
    cr_expect(reader_done(&frame.replies));
    buffer_fini(&message);
}

Test(reply_frame, fault_of_the_whole_frame_round_trips)
{
    struct buffer message = {0};
    struct reply_frame frame;
    reply_frame_fault(&message, status_invalid, "bad_version", "version 2 is not spoken here");
    cr_assert_eq(reply_frame_decode(buffer_slice(&message), &frame), error_none);
    cr_expect(frame.whole);
    cr_expect_eq(frame.count, 0);
    cr_expect_eq(frame.fault.status, status_invalid);
    cr_expect(slice_is(frame.fault.code, "bad_version"));
    cr_expect(slice_is(frame.fault.message, "version 2 is not spoken here"));
    buffer_clear(&message);
    reply_frame_fault(&message, status_busy, "", "");
    cr_assert_eq(reply_frame_decode(buffer_slice(&message), &frame), error_none);
    cr_expect_eq(frame.fault.status, status_busy);
    buffer_fini(&message);
}

Test(reply_frame, faults_are_errors_and_leave_the_output)
{
    static const struct {
        const char *message;
        enum error error;
    } cases[] = {
        {"", error_truncated},
        {"90", error_bad_type},
        {"80", error_missing_field},
        {"81 a176 01", error_missing_field},
        {"82 a176 02 a172 90", error_bad_version},
        {"82 a176 01 a172 80", error_bad_type},
        {"82 a176 01 a27374 a3626164", error_out_of_range},
        {"82 a176 01 a27374 01", error_bad_type},
        {"83 a176 01 a27374 a26f6b a4636f6465 c0", error_bad_type},
        {"82 a176 01 a172 90 c0", error_trailing_bytes},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reply_frame frame = {.count = 4711};
        cr_expect_eq(reply_frame_decode(hex(cases[i].message), &frame), cases[i].error, "%s", cases[i].message);
        cr_expect_eq(frame.count, 4711);
    }
}
