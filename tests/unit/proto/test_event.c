/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Messages of the event bus. */
#include "proto/envelope.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

Test(event_frame, heads_and_records_round_trip)
{
    struct buffer message = {0};
    struct event_frame frame;
    event_frame_encode(&message, EVENT_TOPIC_HEADS, hex("91 92 ccf4 11"));
    cr_expect_eq(message.data[0], 'h');
    cr_assert_eq(event_frame_decode(buffer_slice(&message), &frame), error_none);
    cr_expect_str_eq(to_hex(frame.heads), "9192ccf411");
    cr_expect_eq(frame.records.size, 0);
    buffer_clear(&message);
    event_frame_encode(&message, EVENT_TOPIC_RECORDS, hex("92 80 80"));
    cr_expect_eq(message.data[0], 'r');
    cr_assert_eq(event_frame_decode(buffer_slice(&message), &frame), error_none);
    cr_expect_str_eq(to_hex(frame.records), "928080");
    buffer_fini(&message);
}

Test(event_frame, faults_are_errors_and_leave_the_output)
{
    static const struct {
        const char *message;
        enum error error;
    } cases[] = {
        {"", error_truncated},
        {"68", error_truncated},
        {"78 82 a176 01 a56865616473 90", error_bad_type},
        {"68 82 a176 01 a26576 90", error_missing_field},
        {"72 82 a176 01 a56865616473 90", error_missing_field},
        {"68 82 a176 02 a56865616473 90", error_bad_version},
        {"68 81 a56865616473 90", error_missing_field},
        {"68 82 a176 01 a56865616473 80", error_bad_type},
        {"72 82 a176 01 a26576 a0", error_bad_type},
        {"68 82 a176 01 a56865616473 90 c0", error_trailing_bytes},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event_frame frame = {.heads = slice_text("untouched")};
        cr_expect_eq(event_frame_decode(hex(cases[i].message), &frame), cases[i].error, "%s", cases[i].message);
        cr_expect(slice_is(frame.heads, "untouched"));
    }
}

Test(event_frame, unknown_keys_are_ignored)
{
    struct event_frame frame;
    cr_expect_eq(event_frame_decode(hex("68 83 a176 01 a178 c0 a56865616473 90"), &frame), error_none);
}
