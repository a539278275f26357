/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Walking values: kinds, limits of numbers, and that a failing read moves nothing. */
#include "proto/reader.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

static struct msgpack_value next(const char *bytes)
{
    struct reader reader = reader_of(hex(bytes));
    struct msgpack_value value = {0};
    cr_assert_eq(reader_next(&reader, &value), error_none, "%s", bytes);
    return value;
}

Test(reader, tells_every_kind)
{
    cr_expect_eq(next("c0").kind, MSGPACK_KIND_NIL);
    cr_expect(next("c3").boolean);
    cr_expect_not(next("c2").boolean);
    cr_expect_eq(next("c2").kind, MSGPACK_KIND_BOOL);
    cr_expect_eq(next("a1 61").kind, MSGPACK_KIND_TEXT);
    cr_expect(slice_is(next("a2 61 62").bytes, "ab"));
    cr_expect_eq(next("c4 02 61 62").kind, MSGPACK_KIND_BYTES);
    cr_expect_eq(next("92 00 00").kind, MSGPACK_KIND_ARRAY);
    cr_expect_eq(next("92 00 00").count, 2);
    cr_expect_eq(next("df 00 01 00 00").count, 65536);
    cr_expect_eq(next("8f").kind, MSGPACK_KIND_MAP);
    cr_expect_eq(next("8f").count, 15);
}

Test(reader, integers_at_their_limits)
{
    static const struct {
        const char *bytes;
        int64_t value;
    } cases[] = {
        {"00", 0},
        {"7f", 127},
        {"ff", -1},
        {"e0", -32},
        {"cc ff", 255},
        {"cd ff ff", 65535},
        {"ce ff ff ff ff", UINT32_MAX},
        {"cf 7f ff ff ff ff ff ff ff", INT64_MAX},
        {"d0 80", -128},
        {"d0 7f", 127},
        {"d1 80 00", -32768},
        {"d2 80 00 00 00", INT32_MIN},
        {"d3 80 00 00 00 00 00 00 00", INT64_MIN},
        {"d3 7f ff ff ff ff ff ff ff", INT64_MAX},
        {"cf 00 00 00 00 00 00 00 05", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct msgpack_value value = next(cases[i].bytes);
        cr_expect_eq(value.kind, MSGPACK_KIND_INTEGER, "%s", cases[i].bytes);
        cr_expect_eq(value.integer, cases[i].value, "%s", cases[i].bytes);
    }
}

Test(reader, integer_above_int64_is_big)
{
    cr_expect_eq(next("cf 80 00 00 00 00 00 00 00").kind, MSGPACK_KIND_BIG);
    cr_expect_eq(next("cf ff ff ff ff ff ff ff ff").big, UINT64_MAX);
    struct reader reader = reader_of(hex("cf 80 00 00 00 00 00 00 00"));
    int64_t out = 7;
    cr_expect_eq(reader_integer(&reader, &out), error_bad_type);
    cr_expect_eq(out, 7);
}

Test(reader, floats_of_both_widths)
{
    cr_expect_eq(next("ca 3f c0 00 00").kind, MSGPACK_KIND_DOUBLE);
    cr_expect_eq(next("ca 3f c0 00 00").number, 1.5);
    cr_expect_eq(next("cb bf f8 00 00 00 00 00 00").number, -1.5);
}

Test(reader, failing_read_does_not_move_and_leaves_the_output)
{
    struct reader reader = reader_of(hex("a3 61 62"));
    const uint8_t *at = reader.at;
    struct slice text = slice_text("untouched");
    struct msgpack_value value;
    uint32_t count = 9;
    bool truth = true;
    cr_expect_eq(reader_text(&reader, &text), error_truncated);
    cr_expect_eq(reader_next(&reader, &value), error_truncated);
    cr_expect_eq(reader_skip(&reader), error_truncated);
    cr_expect_eq(reader_raw(&reader, &text), error_truncated);
    reader = reader_of(hex("07"));
    at = reader.at;
    cr_expect_eq(reader_text(&reader, &text), error_bad_type);
    cr_expect_eq(reader_bytes(&reader, &text), error_bad_type);
    cr_expect_eq(reader_map(&reader, &count), error_bad_type);
    cr_expect_eq(reader_array(&reader, &count), error_bad_type);
    cr_expect_eq(reader_bool(&reader, &truth), error_bad_type);
    cr_expect_eq(reader.at, at);
    cr_expect(slice_is(text, "untouched"));
    cr_expect_eq(count, 9);
    cr_expect(truth);
}

Test(reader, typed_reads_give_values_in_order)
{
    struct reader reader = reader_of(hex("82 a1 61 c3 a1 62 92 2a c4 01 ff"));
    uint32_t count;
    struct slice text;
    bool truth;
    int64_t integer;
    cr_expect_eq(reader_map(&reader, &count), error_none);
    cr_expect_eq(count, 2);
    cr_expect_eq(reader_text(&reader, &text), error_none);
    cr_expect(slice_is(text, "a"));
    cr_expect_eq(reader_bool(&reader, &truth), error_none);
    cr_expect(truth);
    cr_expect_eq(reader_skip(&reader), error_none);
    cr_expect_eq(reader_array(&reader, &count), error_none);
    cr_expect_eq(reader_integer(&reader, &integer), error_none);
    cr_expect_eq(integer, 42);
    cr_expect_not(reader_done(&reader));
    cr_expect_eq(reader_bytes(&reader, &text), error_none);
    cr_expect(slice_equal(text, hex("ff")));
    cr_expect(reader_done(&reader));
}

Test(reader, raw_gives_a_whole_nested_value)
{
    struct reader reader = reader_of(hex("92 81 a1 61 92 01 91 02 03"));
    uint32_t count;
    struct slice raw;
    cr_assert_eq(reader_array(&reader, &count), error_none);
    cr_expect_eq(reader_raw(&reader, &raw), error_none);
    cr_expect_str_eq(to_hex(raw),
                     "81a1619201910"
                     "2");
    cr_expect_eq(reader_raw(&reader, &raw), error_none);
    cr_expect_str_eq(to_hex(raw), "03");
    cr_expect(reader_done(&reader));
}

Test(reader, skip_survives_bombs_and_cut_values)
{
    static const char *const bad[] = {
        "dd ff ff ff ff", "df ff ff ff ff 00", "92 dd ff ff ff ff df ff ff ff ff", "93 00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reader reader = reader_of(hex(bad[i]));
        cr_expect_eq(reader_skip(&reader), error_truncated, "%s", bad[i]);
    }
    struct reader reader = reader_of(hex("91 c1"));
    cr_expect_eq(reader_skip(&reader), error_bad_type);
}

Test(reader, skip_of_a_deep_value_takes_no_stack)
{
    struct buffer buffer = {0};
    for (int i = 0; i < 1000000; i++) {
        write_array(&buffer, 1);
    }
    write_nil(&buffer);
    struct reader reader = reader_of(buffer_slice(&buffer));
    cr_expect_eq(reader_skip(&reader), error_none);
    cr_expect(reader_done(&reader));
    buffer_fini(&buffer);
}

Test(reader, empty_message)
{
    struct reader reader = reader_of((struct slice){0});
    struct msgpack_value value;
    cr_expect(reader_done(&reader));
    cr_expect_eq(reader_next(&reader, &value), error_truncated);
}

Test(find, gives_the_raw_value_of_a_key)
{
    struct slice map = hex("83 a1 61 92 01 02 a2 61 61 03 a0 c0"), out;
    cr_expect_eq(msgpack_find(map, "a", &out), error_none);
    cr_expect_str_eq(to_hex(out), "920102");
    cr_expect_eq(msgpack_find(map, "aa", &out), error_none);
    cr_expect_str_eq(to_hex(out), "03");
    cr_expect_eq(msgpack_find(map, "", &out), error_none);
    cr_expect_str_eq(to_hex(out), "c0");
}

Test(find, absent_key_and_other_kinds)
{
    struct slice out = slice_text("untouched");
    cr_expect_eq(msgpack_find(hex("81 a1 61 01"), "b", &out), error_not_found);
    cr_expect_eq(msgpack_find(hex("80"), "b", &out), error_not_found);
    cr_expect_eq(msgpack_find(hex("91 a1 62"), "b", &out), error_bad_type);
    cr_expect_eq(msgpack_find(hex("82 a1 61 01"), "b", &out), error_truncated);
    cr_expect(slice_is(out, "untouched"));
}
