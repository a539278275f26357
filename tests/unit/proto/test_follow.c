/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data of follow requests and replies. */
#include "proto/envelope.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

Test(follow, a_whole_request_round_trips)
{
    struct follow follow = {.from = slice_text("1f:2.3"),
                            .has_since = true,
                            .since_us = -5,
                            .platform = true,
                            .every_realm = true,
                            .receipts = true,
                            .partitions = hex("92 00 07"),
                            .types = hex("91 a161"),
                            .namespace = slice_text("bank"),
                            .resource = slice_text("account"),
                            .identifier = slice_text("a1"),
                            .limit = 10,
                            .bytes = 4096,
                            .wait_ms = 1000};
    struct follow back;
    struct slice field;
    struct buffer out = {0};
    follow_encode(&out, &follow);
    cr_assert_eq(msgpack_check(buffer_slice(&out), NULL), error_none);
    cr_assert_eq(follow_decode(buffer_slice(&out), &back, &field), error_none);
    cr_expect(slice_equal(back.from, follow.from) && slice_equal(back.partitions, follow.partitions));
    cr_expect(slice_equal(back.types, follow.types) && slice_is(back.namespace, "bank"));
    cr_expect(slice_is(back.resource, "account") && slice_is(back.identifier, "a1"));
    cr_expect(back.has_since && back.since_us == -5 && back.platform && back.every_realm && back.receipts);
    cr_expect(back.limit == 10 && back.bytes == 4096 && back.wait_ms == 1000);
    buffer_fini(&out);
}

Test(follow, what_is_left_out_is_at_its_default)
{
    struct follow follow;
    struct slice field;
    cr_assert_eq(follow_decode(hex("80"), &follow, &field), error_none);
    cr_expect(follow.limit == limit_page_limit && follow.bytes == limit_follow_bytes && follow.wait_ms == 0);
    cr_expect(follow.from.size == 0 && !follow.has_since && !follow.platform && !follow.receipts);
    struct buffer out = {0};
    follow_encode(&out, &follow);
    cr_expect_str_eq(to_hex(buffer_slice(&out)), "80");
    buffer_fini(&out);
}

Test(follow, what_is_above_a_limit_is_the_limit)
{
    struct follow follow;
    struct slice field;
    cr_assert_eq(follow_decode(hex("83 a16e cd4e20 a56279746573 ce7fffffff a477616974 ce7fffffff"), &follow, &field),
                 error_none);
    cr_expect(follow.limit == limit_page_limit && follow.bytes == limit_follow_bytes &&
              follow.wait_ms == limit_follow_ms);
}

Test(follow, faults_name_their_field_and_leave_the_output)
{
    static const struct {
        const char *message, *field;
        enum error error;
    } cases[] = {
        {"81 a466726f6d 01", "from", error_bad_type},
        {"81 a573696e6365 a0", "since", error_bad_type},
        {"81 a57061727473 91 ff", "parts", error_out_of_range},
        {"81 a57061727473 80", "parts", error_bad_type},
        {"81 a57479706573 91 01", "types", error_bad_type},
        {"81 a16e 00", "n", error_out_of_range},
        {"81 a477616974 ff", "wait", error_out_of_range},
        {"81 a36f776e 01", "own", error_bad_type},
        {"82 a26e73 a162 a474797065 a161", "type", error_unknown_field},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct follow follow = {.limit = 77};
        struct slice field = {0};
        cr_expect_eq(follow_decode(hex(cases[i].message), &follow, &field), cases[i].error, "%s", cases[i].message);
        cr_expect(slice_is(field, cases[i].field), "%s", cases[i].message);
        cr_expect_eq(follow.limit, 77);
    }
}

Test(followed, round_trips)
{
    struct followed followed = {.records = hex("91 80"), .partitions = 16, .more = true}, back;
    struct buffer out = {0};
    followed_encode(&out, &followed);
    cr_assert_eq(followed_decode(buffer_slice(&out), &back), error_none);
    cr_expect_str_eq(to_hex(back.records), "9180");
    cr_expect(back.partitions == 16 && back.more);
    cr_expect_eq(followed_decode(hex("81 a57061727473 10"), &back), error_missing_field);
    buffer_fini(&out);
}
