/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The JSON transcoder: what it takes and refuses, where it saw the fault, and what it writes. */
#include "proto/json.h"
#include "proto/reader.h"
#include "proto/status.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void expect_read(struct slice json, const char *expected)
{
    struct buffer out = {0};
    struct json_fault fault = {0};
    uint8_t *copy = exact_copy(json);
    enum error error = json_to_msgpack(slice_of(copy, json.size), &out, &fault);
    free(copy);
    cr_expect_eq(error, error_none, "%.*s: %s at %zu", (int)json.size, json.data, error_name(error), fault.offset);
    cr_expect_str_eq(to_hex(buffer_slice(&out)), to_hex(hex(expected)), "%.*s", (int)json.size, json.data);
    cr_expect_eq(msgpack_check(buffer_slice(&out), NULL), error_none);
    buffer_fini(&out);
}

static void expect_refused(struct slice json, enum error error, size_t offset)
{
    struct buffer out = {0};
    struct json_fault fault = {0};
    uint8_t *copy = exact_copy(json);
    buffer_append_text(&out, "kept");
    enum error got = json_to_msgpack(slice_of(copy, json.size), &out, &fault);
    free(copy);
    cr_expect_eq(got, error, "%.*s: got %s", (int)json.size, json.data, error_name(got));
    cr_expect_eq(fault.error, error);
    cr_expect_eq(fault.offset, offset, "%.*s: at %zu", (int)json.size, json.data, fault.offset);
    cr_expect(slice_is(buffer_slice(&out), "kept"));
    cr_expect_eq(json_to_msgpack(json, &out, NULL), error);
    buffer_fini(&out);
}

static void reads(const char *json, const char *expected)
{
    expect_read(slice_text(json), expected);
}

static void refuses(const char *json, enum error error, size_t offset)
{
    expect_refused(slice_text(json), error, offset);
}

Test(json_read, literals_and_space)
{
    reads("null", "c0");
    reads("true", "c3");
    reads(" \t\r\n false \t\r\n", "c2");
    reads("[]", "90");
    reads("{}", "80");
    reads(" [ ] ", "90");
    reads(" { } ", "80");
    reads("[ null , true ]", "92 c0 c3");
    reads("{ \"a\" : 1 , \"b\" : [ 2 ] }", "82 a161 01 a162 91 02");
}

Test(json_read, integers_that_fit_stay_integers)
{
    reads("0", "00");
    reads("-0", "00");
    reads("127", "7f");
    reads("-1", "ff");
    reads("128", "cc80");
    reads("9223372036854775807", "cf7fffffffffffffff");
    reads("-9223372036854775808", "d38000000000000000");
}

Test(json_read, other_numbers_become_doubles)
{
    reads("9223372036854775808", "cb43e0000000000000");
    reads("-9223372036854775809", "cbc3e0000000000000");
    reads("18446744073709551615", "cb43f0000000000000");
    reads("1.0", "cb3ff0000000000000");
    reads("-0.0", "cb8000000000000000");
    reads("1e0", "cb3ff0000000000000");
    reads("1E+2", "cb4059000000000000");
    reads("1.5e-1", "cb3fc3333333333333");
    reads("0e1", "cb0000000000000000");
    reads("1e-400", "cb0000000000000000");
    reads("123456789012345678901234567890", "cb45f8ee90ff6c373e");
}

Test(json_read, numbers_too_large_are_refused)
{
    refuses("1e400", error_bad_number, 0);
    refuses("[1,-1e309]", error_bad_number, 3);
    char text[401];
    memset(text, '9', 400);
    text[400] = '\0';
    refuses(text, error_bad_number, 0);
}

Test(json_read, numbers_follow_the_grammar)
{
    refuses("01", error_trailing_bytes, 1);
    refuses("[01]", error_bad_json, 2);
    refuses("-", error_truncated, 1);
    refuses("-a", error_bad_json, 1);
    refuses("+1", error_bad_json, 0);
    refuses(".5", error_bad_json, 0);
    refuses("1.", error_truncated, 2);
    refuses("1.e5", error_bad_json, 2);
    refuses("1e", error_truncated, 2);
    refuses("1e+", error_truncated, 3);
    refuses("1ex", error_bad_json, 2);
    refuses("0x10", error_trailing_bytes, 1);
    refuses("NaN", error_bad_json, 0);
    refuses("Infinity", error_bad_json, 0);
    refuses("-Infinity", error_bad_json, 1);
    refuses("1_000", error_trailing_bytes, 1);
    refuses("--1", error_bad_json, 1);
}

Test(json_read, strings_are_copied)
{
    reads("\"\"", "a0");
    reads("\"abc\"", "a3616263");
    reads("\"é€😀\"", "a9c3a9e282acf09f9880");
    reads("\"\x7f\"", "a17f");
    reads("\"0123456789abcdef0123456789abcdef\"",
          "d920 3031323334353637383961626364656630313233343536373839616263646566");
}

Test(json_read, escapes_are_taken_out)
{
    reads("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a8 225c2f080c0a0d09");
    reads("\"\\u0041\\u00e9\\u20AC\"", "a6 41c3a9e282ac");
    reads("\"a\\u0000b\"", "a3 610062");
    reads("\"\\ud83d\\ude00\"", "a4 f09f9880");
    reads("\"\\uD800\\uDC00\"", "a4 f0908080");
    reads("\"\\uDBFF\\uDFFF\"", "a4 f48fbfbf");
    reads("\"\\ud7ff\\ue000\\uffff\"", "a9 ed9fbfee8080efbfbf");
    reads("\"\\u007f\\u0080\\u07ff\\u0800\"", "a8 7fc280dfbfe0a080");
    reads("{\"\\u0061\":1}", "81 a161 01");
}

Test(json_read, long_escaped_strings_get_the_right_head)
{
    static const uint32_t sizes[] = {31, 32, 255, 256, 65535, 65536};
    static char text[65536 + 16];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buffer out = {0}, expected = {0};
        memset(text, 'x', sizeof text);
        memcpy(text, "\"\\n", 3);
        text[sizes[i] + 2] = '"';
        cr_expect_eq(json_to_msgpack(slice_of(text, sizes[i] + 3), &out, NULL), error_none);
        text[2] = '\n';
        write_text(&expected, slice_of(text + 2, sizes[i]));
        cr_expect(slice_equal(buffer_slice(&out), buffer_slice(&expected)), "%u bytes", sizes[i]);
        buffer_fini(&out);
        buffer_fini(&expected);
    }
}

Test(json_read, half_surrogates_are_refused)
{
    refuses("\"\\ud83d\"", error_bad_utf8, 1);
    refuses("\"a\\ude00\"", error_bad_utf8, 2);
    refuses("\"\\ud83dx\"", error_bad_utf8, 1);
    refuses("\"\\ud83d\\n\"", error_bad_utf8, 1);
    refuses("\"\\ud83d\\ud83d\"", error_bad_utf8, 1);
    refuses("\"\\ud83d\\u0041\"", error_bad_utf8, 1);
    refuses("\"\\ude00\\ud83d\"", error_bad_utf8, 1);
    refuses("\"\\ude00\\ude00\"", error_bad_utf8, 1);
    refuses("\"\\ud83d\\ude0\"", error_bad_utf8, 1);
}

Test(json_read, escapes_that_are_none_are_refused)
{
    refuses("\"\\x41\"", error_bad_json, 1);
    refuses("\"\\u12\"", error_bad_json, 1);
    refuses("\"\\u12g4\"", error_bad_json, 1);
    refuses("\"ab\\'\"", error_bad_json, 3);
    refuses("\"\\U0041\"", error_bad_json, 1);
}

Test(json_read, control_characters_must_be_escaped)
{
    refuses("\"a\nb\"", error_bad_json, 2);
    refuses("\"\t\"", error_bad_json, 1);
    refuses("\"\x1f\"", error_bad_json, 1);
    refuses("\"0123456789\x01\"", error_bad_json, 11);
    expect_refused(slice_of("\"a\0b\"", 5), error_bad_json, 2);
    expect_refused(slice_of("\0", 1), error_bad_json, 0);
}

Test(json_read, text_must_be_utf8)
{
    refuses("\"\xff\"", error_bad_utf8, 1);
    refuses("\"abc\xc0\x80\"", error_bad_utf8, 4);
    refuses("\"\xed\xa0\x80\"", error_bad_utf8, 1);
    refuses("\"\xf4\x90\x80\x80\"", error_bad_utf8, 1);
    refuses("\"\xc3\\u00a9\"", error_bad_utf8, 1);
    refuses("\"\\n\xe2\x82\"", error_bad_utf8, 3);
    refuses("{\"\xff\":1}", error_bad_utf8, 2);
    refuses("\xef\xbb\xbf{}", error_bad_json, 0); /* no byte order mark */
}

Test(json_read, structure_follows_the_grammar)
{
    refuses("[1,]", error_bad_json, 3);
    refuses("[,1]", error_bad_json, 1);
    refuses("[1 2]", error_bad_json, 3);
    refuses("[1}", error_bad_json, 2);
    refuses("{\"a\":1]", error_bad_json, 6);
    refuses("{\"a\":1,}", error_bad_json, 7);
    refuses("{\"a\" 1}", error_bad_json, 5);
    refuses("{\"a\":}", error_bad_json, 5);
    refuses("{a:1}", error_bad_json, 1);
    refuses("{1:1}", error_bad_json, 1);
    refuses("{\"a\":1 \"b\":2}", error_bad_json, 7);
    refuses("{,}", error_bad_json, 1);
    refuses("]", error_bad_json, 0);
    refuses("'a'", error_bad_json, 0);
    refuses("nul", error_truncated, 3);
    refuses("nulL", error_bad_json, 3);
    refuses("True", error_bad_json, 0);
    refuses("[true false]", error_bad_json, 6);
    refuses("/* */ 1", error_bad_json, 0);
}

Test(json_read, nothing_may_follow)
{
    refuses("1 2", error_trailing_bytes, 2);
    refuses("{} x", error_trailing_bytes, 3);
    refuses("[]]", error_trailing_bytes, 2);
    refuses("\"a\"\"b\"", error_trailing_bytes, 3);
    expect_refused(slice_of("1\0", 2), error_trailing_bytes, 1);
}

Test(json_read, text_cut_at_any_byte_is_refused)
{
    static const char whole[] = " {\"a\\u00e9\": [1, -2.5e+3, true, null, \"x\\n\"], \"b\": {\"c\": false, \"d\": []}}";
    struct buffer out = {0};
    cr_assert_eq(json_to_msgpack(slice_text(whole), &out, NULL), error_none);
    buffer_fini(&out);
    for (size_t size = 0; size + 1 < sizeof whole; size++) {
        uint8_t *copy = exact_copy(slice_of(whole, size));
        struct json_fault fault;
        cr_expect_eq(json_to_msgpack(slice_of(copy, size), &out, &fault), error_truncated, "cut to %zu", size);
        cr_expect_eq(fault.offset, size);
        free(copy);
    }
    cr_expect_eq(json_to_msgpack((struct slice){0}, &out, NULL), error_truncated);
    buffer_fini(&out);
}

Test(json_read, duplicate_keys_are_refused)
{
    refuses("{\"a\":1,\"a\":2}", error_duplicate_key, 7);
    refuses("{\"a\":1,\"\\u0061\":2}", error_duplicate_key, 7);
    refuses("{\"x\":{\"a\":1,\"b\":{},\"a\":2}}", error_duplicate_key, 19);
    reads("{\"a\":{\"a\":{\"a\":1}}}", "81 a161 81 a161 81 a161 01");
    reads("[{\"a\":1},{\"a\":1}]", "92 81 a161 01 81 a161 01");
}

/* {"k0":0,"k1":1,...} whose last key is k<last>. */
static void write_object(struct buffer *out, uint32_t count, uint32_t last)
{
    for (uint32_t i = 0; i < count; i++) {
        buffer_printf(out, "%s\"k%u\":%u", i == 0 ? "{" : ",", i + 1 < count ? i : last, i);
    }
    buffer_append_text(out, "}");
}

Test(json_read, large_objects_are_read_and_their_duplicates_found)
{
    static const uint32_t counts[] = {15, 16, 17, 31, 32, 33, 34, 100, 1000, 1024};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct buffer json = {0}, out = {0}, back = {0};
        write_object(&json, counts[i], counts[i] - 1);
        cr_expect_eq(json_to_msgpack(buffer_slice(&json), &out, NULL), error_none, "%u", counts[i]);
        cr_expect_eq(msgpack_check(buffer_slice(&out), NULL), error_none);
        cr_expect_eq(msgpack_to_json(buffer_slice(&out), &back), error_none);
        cr_expect(slice_equal(buffer_slice(&back), buffer_slice(&json)));
        buffer_clear(&json);
        write_object(&json, counts[i], counts[i] / 2);
        cr_expect_eq(json_to_msgpack(buffer_slice(&json), &out, NULL), error_duplicate_key, "%u", counts[i]);
        buffer_fini(&json);
        buffer_fini(&out);
        buffer_fini(&back);
    }
}

Test(json_read, object_of_1025_members_is_refused)
{
    struct buffer json = {0}, out = {0};
    write_object(&json, limit_map_entries + 1, limit_map_entries);
    cr_expect_eq(json_to_msgpack(buffer_slice(&json), &out, NULL), error_too_long);
    buffer_fini(&json);
    buffer_fini(&out);
}

Test(json_read, heads_grow_with_their_contents)
{
    static const uint32_t counts[] = {15, 16, 65535, 65536};
    static const char *const heads[] = {"9f", "dc0010", "dcffff", "dd00010000"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct buffer json = {0}, out = {0};
        buffer_append_text(&json, "[[7,[]],");
        for (uint32_t k = 2; k < counts[i]; k++) {
            buffer_append_text(&json, "1,");
        }
        buffer_append_text(&json, "{\"a\":[8]}]");
        cr_expect_eq(json_to_msgpack(buffer_slice(&json), &out, NULL), error_none);
        cr_expect_eq(msgpack_check(buffer_slice(&out), NULL), error_none);
        size_t head = strlen(heads[i]) / 2;
        cr_expect_str_eq(to_hex(slice_of(out.data, head)), heads[i]);
        cr_expect_str_eq(to_hex(slice_of(out.data + head, 4)), "92079001");
        cr_expect_str_eq(to_hex(slice_of(out.data + out.size - 5, 5)), "81a1619108");
        buffer_fini(&json);
        buffer_fini(&out);
    }
}

static void write_nested(struct buffer *json, uint32_t depth)
{
    buffer_clear(json);
    for (uint32_t i = 0; i < depth; i++) {
        buffer_append_text(json, i % 2 == 0 ? "[" : "{\"a\":");
    }
    buffer_append_text(json, "1");
    for (uint32_t i = depth; i > 0; i--) {
        buffer_append_text(json, i % 2 == 1 ? "]" : "}");
    }
}

Test(json_read, takes_32_levels_and_refuses_33)
{
    struct buffer json = {0}, out = {0};
    write_nested(&json, 32);
    cr_expect_eq(json_to_msgpack(buffer_slice(&json), &out, NULL), error_none);
    write_nested(&json, 33);
    expect_refused(buffer_slice(&json), error_too_deep, 16 * 6);
    write_nested(&json, 100000);
    expect_refused(buffer_slice(&json), error_too_deep, 16 * 6);
    buffer_fini(&json);
    buffer_fini(&out);
}

Test(json_read, running_out_of_memory_is_an_error_and_leaves_the_output)
{
    struct buffer json = {0}, out = {0};
    buffer_append_text(&json, "[");
    for (int i = 0; i < 100; i++) {
        buffer_append_text(&json, "{\"key\":\"some text\\nwith an escape\"},");
    }
    buffer_append_text(&json, "1.5]");
    buffer_append_text(&out, "kept");
    for (int calls = 0; calls < 4; calls++) {
        fail_allocation_after(calls);
        enum error error = json_to_msgpack(buffer_slice(&json), &out, NULL);
        fail_allocation_after(-1);
        cr_expect_eq(error, error_no_memory, "after %d calls", calls);
        cr_expect(slice_is(buffer_slice(&out), "kept"));
        cr_expect_not(out.failed);
        buffer_fini(&out);
        buffer_append_text(&out, "kept");
    }
    buffer_fini(&json);
    buffer_fini(&out);
}

static void expect_written(const char *value, const char *expected)
{
    struct buffer out = {0};
    cr_expect_eq(msgpack_to_json(hex(value), &out), error_none, "%s", value);
    cr_expect(slice_is(buffer_slice(&out), expected), "%s: %.*s", value, (int)out.size, out.data);
    buffer_fini(&out);
}

Test(json_write, every_kind_of_value)
{
    expect_written("c0", "null");
    expect_written("c3", "true");
    expect_written("c2", "false");
    expect_written("00", "0");
    expect_written("ff", "-1");
    expect_written("cf7fffffffffffffff", "9223372036854775807");
    expect_written("d38000000000000000", "-9223372036854775808");
    expect_written("cfffffffffffffffff", "18446744073709551615");
    expect_written("cb3ff8000000000000", "1.5");
    expect_written("cb4000000000000000", "2.0");
    expect_written("cb8000000000000000", "-0.0");
    expect_written("ca3f000000", "0.5");
    expect_written("a161", "\"a\"");
    expect_written("90", "[]");
    expect_written("80", "{}");
    expect_written("93 01 92 02 03 80", "[1,[2,3],{}]");
    expect_written("83 a161 01 a162 92 c0 81 a163 90 a164 c3", "{\"a\":1,\"b\":[null,{\"c\":[]}],\"d\":true}");
}

Test(json_write, bytes_are_base64url_without_padding)
{
    expect_written("c400", "\"\"");
    expect_written("c40166", "\"Zg\"");
    expect_written("c402666f", "\"Zm8\"");
    expect_written("c403666f6f", "\"Zm9v\"");
    expect_written("c404666f6f62", "\"Zm9vYg\"");
    expect_written("c403fbffbf", "\"-_-_\"");
    expect_written("c403000000", "\"AAAA\"");
}

Test(json_write, text_is_escaped_where_it_must_be)
{
    expect_written("a8 225c2f080c0a0d09", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    expect_written("a3 00 1f 7f", "\"\\u0000\\u001f\x7f\"");
    expect_written("a9 c3a9e282acf09f9880", "\"é€😀\"");
    expect_written("81 a1 22 a1 0a", "{\"\\\"\":\"\\n\"}");
}

Test(json_write, what_json_cannot_hold_is_an_error_and_leaves_the_output)
{
    static const struct {
        const char *value;
        enum error error;
    } cases[] = {
        {"cb7ff8000000000000", error_bad_number},
        {"91 ca7f800000", error_bad_number},
        {"92 01", error_truncated},
        {"", error_truncated},
        {"81 01 02", error_bad_type},
        {"c1", error_bad_type},
        {"dd ffffffff 01", error_truncated},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = {0};
        buffer_append_text(&out, "kept");
        cr_expect_eq(msgpack_to_json(hex(cases[i].value), &out), cases[i].error, "%s", cases[i].value);
        cr_expect(slice_is(buffer_slice(&out), "kept"));
        buffer_fini(&out);
    }
}

Test(json_write, deeper_than_the_limit_is_an_error)
{
    struct buffer value = {0}, out = {0};
    for (int i = 0; i < 33; i++) {
        write_array(&value, 1);
    }
    write_nil(&value);
    cr_expect_eq(msgpack_to_json(buffer_slice(&value), &out), error_too_deep);
    cr_expect_eq(out.size, 0);
    cr_expect_eq(msgpack_to_json(slice_of(value.data + 1, value.size - 1), &out), error_none);
    buffer_fini(&value);
    buffer_fini(&out);
}

Test(json_write, running_out_of_memory_is_an_error)
{
    struct buffer value = {0}, out = {0};
    write_array(&value, 200);
    for (int i = 0; i < 200; i++) {
        write_string(&value, "text");
    }
    for (int calls = 0; calls < 3; calls++) {
        fail_allocation_after(calls);
        enum error error = msgpack_to_json(buffer_slice(&value), &out);
        fail_allocation_after(-1);
        cr_expect_eq(error, error_no_memory, "after %d calls", calls);
        cr_expect_eq(out.size, 0);
        buffer_fini(&out);
    }
    buffer_fini(&value);
}

Test(json_quote, bytes_that_are_no_text_are_replaced)
{
    struct buffer out = {0};
    json_quote(&out, slice_of("a\xff\xc3(\n", 5));
    cr_expect(slice_is(buffer_slice(&out), "\"a\\ufffd\\ufffd(\\n\""), "%.*s", (int)out.size, out.data);
    buffer_clear(&out);
    json_quote(&out, (struct slice){0});
    cr_expect(slice_is(buffer_slice(&out), "\"\""));
    buffer_fini(&out);
}

/* msgpack -> JSON -> msgpack gives the same bytes: every value that JSON can hold survives. */
Test(json, random_values_round_trip)
{
    struct chance chance = {.state = 3};
    for (int round = 0; round < 2000; round++) {
        struct buffer value = {0}, json = {0}, back = {0}, again = {0};
        struct json_fault fault = {0};
        write_random(&chance, 5, true, &value);
        cr_assert_eq(msgpack_to_json(buffer_slice(&value), &json), error_none);
        enum error error = json_to_msgpack(buffer_slice(&json), &back, &fault);
        cr_assert_eq(error, error_none, "%s at %zu: %.*s", error_name(error), fault.offset, (int)json.size, json.data);
        cr_assert(slice_equal(buffer_slice(&value), buffer_slice(&back)), "seed 3, round %d", round);
        cr_assert_eq(msgpack_to_json(buffer_slice(&back), &again), error_none);
        cr_assert(slice_equal(buffer_slice(&json), buffer_slice(&again)), "seed 3, round %d", round);
        buffer_fini(&value);
        buffer_fini(&json);
        buffer_fini(&back);
        buffer_fini(&again);
    }
}

/* One byte of good JSON changed: taken or refused, but what is taken is sound. */
Test(json, damaged_text_never_gives_a_bad_message)
{
    struct chance chance = {.state = 4};
    for (int round = 0; round < 5000; round++) {
        struct buffer value = {0}, json = {0}, back = {0};
        write_random(&chance, 4, true, &value);
        msgpack_to_json(buffer_slice(&value), &json);
        json.data[chance_below(&chance, (uint32_t)json.size)] = (uint8_t)chance_next(&chance);
        if (json_to_msgpack(buffer_slice(&json), &back, NULL) == error_none) {
            cr_assert_eq(msgpack_check(buffer_slice(&back), NULL), error_none, "seed 4, round %d", round);
        }
        buffer_fini(&value);
        buffer_fini(&json);
        buffer_fini(&back);
    }
}
