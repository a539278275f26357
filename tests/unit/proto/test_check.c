/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The judge of untrusted msgpack: what it takes, what it refuses and where, and that size bombs cost nothing. */
#include "proto/reader.h"
#include "proto/status.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void expect_check(struct slice message, enum error error, size_t offset)
{
    uint8_t *copy = exact_copy(message);
    struct msgpack_fault fault = {0};
    enum error got = msgpack_check(slice_of(copy, message.size), &fault);
    free(copy);
    cr_expect_eq(got, error, "%.40s: got %s", to_hex(message), error_name(got));
    cr_expect_eq(fault.error, error);
    cr_expect_eq(fault.offset, offset, "%.40s: %s at %zu", to_hex(message), error_name(got), fault.offset);
}

static void expect_good(const char *text)
{
    expect_check(hex(text), error_none, 0);
}

static void expect_bad(const char *text, enum error error, size_t offset)
{
    expect_check(hex(text), error, offset);
}

Test(check, takes_every_kind_of_value)
{
    static const char *const good[] = {
        "c0",
        "c2",
        "c3",
        "00",
        "7f",
        "e0",
        "ff",
        "cc ff",
        "cd ff ff",
        "ce ff ff ff ff",
        "cf ff ff ff ff ff ff ff ff",
        "d0 80",
        "d1 80 00",
        "d2 80 00 00 00",
        "d3 80 00 00 00 00 00 00 00",
        "ca 3f 80 00 00",
        "cb 3f f0 00 00 00 00 00 00",
        "a0",
        "a1 61",
        "d9 01 61",
        "da 00 01 61",
        "db 00 00 00 01 61",
        "c4 01 ff",
        "c5 00 01 ff",
        "c6 00 00 00 01 ff",
        "90",
        "91 c0",
        "dc 00 01 c0",
        "dd 00 00 00 01 c0",
        "80",
        "81 a1 61 c0",
        "de 00 01 a1 61 c0",
        "df 00 00 00 01 a1 61 c0",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        expect_good(good[i]);
    }
}

Test(check, fault_may_be_null)
{
    cr_expect_eq(msgpack_check(hex("c1"), NULL), error_bad_type);
    cr_expect_eq(msgpack_check(hex("c0"), NULL), error_none);
}

Test(check, refuses_nothing_at_all)
{
    expect_bad("", error_truncated, 0);
    cr_expect_eq(msgpack_check((struct slice){0}, NULL), error_truncated);
}

Test(check, refuses_trailing_bytes)
{
    expect_bad("c0 c0", error_trailing_bytes, 1);
    expect_bad("81 a1 61 01 00", error_trailing_bytes, 4);
    expect_bad("80 c1", error_trailing_bytes, 1);
}

Test(check, refuses_the_reserved_byte_and_extension_types)
{
    static const char *const bad[] = {
        "c1",
        "c7 01 05 00",
        "c8 00 01 05 00",
        "c9 00 00 00 01 05 00",
        "d4 05 00",
        "d5 05 00 00",
        "d6 ff 00 00 00 00",
        "d7 ff 00 00 00 00 00 00 00 00",
        "d8 05 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_bad(bad[i], error_bad_type, 0);
    }
    expect_bad("92 00 c1", error_bad_type, 2);
}

Test(check, refuses_a_message_cut_at_any_byte)
{
    struct slice whole =
        hex("86 a1 61 93 01 cc 80 cd 01 00 a1 62 d9 03 78 79 7a a1 63 c5 00 02 00 ff a1 64 cb 3f f0 00 00 "
            "00 00 00 00 a1 65 de 00 01 a1 78 c0 a1 66 dd 00 00 00 02 d3 80 00 00 00 00 00 00 00 c3");
    expect_check(whole, error_none, 0);
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *copy = exact_copy(slice_of(whole.data, size));
        cr_expect_eq(msgpack_check(slice_of(copy, size), NULL), error_truncated, "cut to %zu", size);
        free(copy);
    }
}

Test(check, size_bombs_are_refused_at_their_head)
{
    expect_bad("dd ff 00 00 00", error_truncated, 0);
    expect_bad("dd ff ff ff ff", error_truncated, 0);
    expect_bad("dc ff ff 00", error_truncated, 0);
    expect_bad("df ff 00 00 00", error_too_long, 0);
    expect_bad("de 03 e8 a1 61 00", error_truncated, 0);
    expect_bad("db ff ff ff ff 61", error_truncated, 0);
    expect_bad("c6 ff ff ff ff 61", error_truncated, 0);
    expect_bad("91 91 dd 00 00 00 02 c0", error_truncated, 2);
}

/* `depth` arrays of one item around nil. */
static struct slice nested(uint32_t depth, uint8_t head)
{
    static uint8_t bytes[256];
    size_t size = 0;
    for (uint32_t i = 0; i < depth; i++) {
        bytes[size++] = head;
        if (head == 0x81) {
            bytes[size++] = 0xa0;
        }
    }
    bytes[size++] = 0xc0;
    return slice_of(bytes, size);
}

Test(check, takes_32_levels_and_refuses_33)
{
    expect_check(nested(32, 0x91), error_none, 0);
    expect_check(nested(33, 0x91), error_too_deep, 32);
    expect_check(nested(32, 0x81), error_none, 0);
    expect_check(nested(33, 0x81), error_too_deep, 64);
    expect_check(nested(100, 0x91), error_too_deep, 32);
}

Test(check, empty_containers_count_as_levels)
{
    struct slice bytes = nested(33, 0x91);
    uint8_t copy[40];
    memcpy(copy, bytes.data, 33);
    copy[32] = 0x90;
    expect_check(slice_of(copy, 33), error_too_deep, 32);
    copy[31] = 0x90;
    expect_check(slice_of(copy, 32), error_none, 0);
}

Test(check, levels_are_free_again_after_they_close)
{
    struct buffer buffer = {0};
    write_array(&buffer, 100);
    for (int i = 0; i < 100; i++) {
        write_raw(&buffer, nested(31, 0x81));
    }
    expect_check(buffer_slice(&buffer), error_none, 0);
    buffer_fini(&buffer);
}

Test(check, refuses_text_that_is_not_utf8)
{
    expect_bad("a1 80", error_bad_utf8, 1);          /* a continuation alone */
    expect_bad("a1 ff", error_bad_utf8, 1);          /* never in UTF-8 */
    expect_bad("a2 c0 80", error_bad_utf8, 1);       /* overlong NUL */
    expect_bad("a2 c1 bf", error_bad_utf8, 1);       /* overlong 0x7f */
    expect_bad("a3 e0 9f bf", error_bad_utf8, 1);    /* overlong U+07FF */
    expect_bad("a4 f0 8f bf bf", error_bad_utf8, 1); /* overlong U+FFFF */
    expect_bad("a3 ed a0 80", error_bad_utf8, 1);    /* surrogate U+D800 */
    expect_bad("a3 ed bf bf", error_bad_utf8, 1);    /* surrogate U+DFFF */
    expect_bad("a4 f4 90 80 80", error_bad_utf8, 1); /* U+110000 */
    expect_bad("a4 f5 80 80 80", error_bad_utf8, 1); /* beyond */
    expect_bad("a3 61 c3 28", error_bad_utf8, 2);    /* a bad continuation */
    expect_bad("a2 61 c3", error_bad_utf8, 2);       /* cut inside a character */
    expect_bad("a3 61 e2 82", error_bad_utf8, 2);
    expect_bad("aa 61 61 61 61 61 61 61 61 61 80", error_bad_utf8, 10);
    expect_bad("81 a1 ff c0", error_bad_utf8, 2); /* in a key */
    expect_bad("a4 e2 82 ac 80", error_bad_utf8, 4);
}

Test(check, takes_the_edges_of_utf8)
{
    expect_good("a1 00");
    expect_good("a1 7f");
    expect_good("a2 c2 80");
    expect_good("a2 df bf");
    expect_good("a3 e0 a0 80");
    expect_good("a3 ed 9f bf");
    expect_good("a3 ee 80 80");
    expect_good("a3 ef bf bf");
    expect_good("a4 f0 90 80 80");
    expect_good("a4 f4 8f bf bf");
}

Test(check, bytes_need_not_be_text)
{
    expect_good("c4 04 ff c0 80 00");
}

Test(check, refuses_numbers_that_are_not_finite)
{
    expect_bad("ca 7f c0 00 00", error_bad_number, 0); /* NaN */
    expect_bad("ca 7f 80 00 00", error_bad_number, 0); /* infinity */
    expect_bad("ca ff 80 00 00", error_bad_number, 0);
    expect_bad("cb 7f f8 00 00 00 00 00 00", error_bad_number, 0);
    expect_bad("cb 7f f0 00 00 00 00 00 00", error_bad_number, 0);
    expect_bad("91 cb ff f0 00 00 00 00 00 00", error_bad_number, 1);
    expect_good("cb 7f ef ff ff ff ff ff ff");
    expect_good("cb 00 00 00 00 00 00 00 01");
}

Test(check, map_keys_must_be_text)
{
    expect_bad("81 01 c0", error_bad_type, 1);
    expect_bad("81 c4 01 61 c0", error_bad_type, 1);
    expect_bad("81 80 c0", error_bad_type, 1);
    expect_bad("82 a1 61 c0 c0 c0", error_bad_type, 4);
}

Test(check, refuses_a_key_that_stands_twice)
{
    expect_bad("82 a1 61 01 a1 61 02", error_duplicate_key, 4);
    expect_bad("82 a0 01 a0 02", error_duplicate_key, 3);
    expect_bad("82 a1 61 01 d9 01 61 02", error_duplicate_key, 4); /* the same key in a longer form */
    expect_bad("83 a1 61 01 a1 62 81 a1 61 c0 a1 61 02", error_duplicate_key, 10);
    expect_bad("82 a9 61 62 63 64 65 66 67 68 69 01 a9 61 62 63 64 65 66 67 68 69 02", error_duplicate_key, 12);
}

Test(check, the_same_key_in_different_maps_is_fine)
{
    expect_good("92 81 a1 61 01 81 a1 61 02");
    expect_good("81 a1 61 81 a1 61 81 a1 61 c0");
    expect_good("82 a1 61 81 a1 62 01 a1 62 02");
}

Test(check, keys_that_only_look_alike_are_fine)
{
    expect_good("84 a0 00 a1 00 00 a2 00 00 00 a3 00 00 00 00");
    expect_good("82 a8 61 62 63 64 65 66 67 68 01 a8 61 62 63 64 65 66 67 69 02");
    expect_good("82 ab 61 62 63 64 65 66 67 68 69 6a 6b 01 ab 61 62 63 64 58 66 67 68 69 6a 6b 02");
}

/* A map of count keys "k0".. whose last key is `last`. */
static void write_keys(struct buffer *out, uint32_t count, uint32_t last)
{
    write_map(out, count);
    for (uint32_t i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i + 1 < count ? i : last);
        write_string(out, key);
        write_nil(out);
    }
}

Test(check, finds_a_duplicate_wherever_it_stands_in_a_large_map)
{
    for (uint32_t count = 30; count <= 1024; count += count < 40 ? 1 : 164) {
        for (uint32_t twin = 0; twin + 1 < count; twin += 1 + twin / 8) {
            struct buffer buffer = {0};
            write_keys(&buffer, count, twin);
            cr_expect_eq(msgpack_check(buffer_slice(&buffer), NULL), error_duplicate_key, "%u of %u", twin, count);
            buffer_fini(&buffer);
        }
    }
}

Test(check, takes_1024_entries_and_refuses_1025)
{
    struct buffer buffer = {0};
    write_keys(&buffer, limit_map_entries, limit_map_entries - 1);
    expect_check(buffer_slice(&buffer), error_none, 0);
    buffer_clear(&buffer);
    write_keys(&buffer, limit_map_entries + 1, limit_map_entries);
    expect_check(buffer_slice(&buffer), error_too_long, 0);
    buffer_fini(&buffer);
}

/* Keys that are beginnings of each other, with NULs: the hard case for a tree of bits. */
Test(check, large_map_of_keys_that_begin_alike)
{
    static char zeros[400];
    struct buffer buffer = {0};
    write_map(&buffer, 400);
    for (uint32_t i = 0; i < 400; i++) {
        write_text(&buffer, slice_of(zeros, (i * 7) % 400));
        write_nil(&buffer);
    }
    expect_check(buffer_slice(&buffer), error_none, 0);
    buffer.data[1] = 0x01, buffer.data[2] = 0x91; /* 401 entries: one more, a twin of the first */
    write_text(&buffer, slice_of(zeros, 0));
    size_t twin = buffer.size - 1;
    write_nil(&buffer);
    expect_check(buffer_slice(&buffer), error_duplicate_key, twin);
    buffer_fini(&buffer);
}

/* 32 maps inside one another, each with 40 entries before and after the inner one. */
static void write_nested_large(struct buffer *out, uint32_t depth)
{
    write_map(out, 81);
    for (int i = 0; i <= 80; i++) {
        char key[8];
        snprintf(key, sizeof key, "%d", i);
        write_string(out, key);
        if (i == 40 && depth > 1) {
            write_nested_large(out, depth - 1);
        } else {
            write_nil(out);
        }
    }
}

Test(check, large_maps_inside_one_another)
{
    struct buffer buffer = {0};
    write_nested_large(&buffer, 32);
    expect_check(buffer_slice(&buffer), error_none, 0);
    cr_assert_eq(memcmp(buffer.data + buffer.size - 4,
                        "\xa2"
                        "80\xc0",
                        4),
                 0);
    buffer.data[buffer.size - 2] = '1'; /* the outermost map's last key becomes "81"... */
    expect_check(buffer_slice(&buffer), error_none, 0);
    buffer.data[buffer.size - 3] = '1'; /* ... and then "11", which it has */
    expect_check(buffer_slice(&buffer), error_duplicate_key, buffer.size - 4);
    buffer_fini(&buffer);
}

/* Linear time is not measured but would be missed: quadratic work on these megabytes takes minutes. */
Test(check, megabyte_of_large_maps_is_checked, .timeout = 60)
{
    struct buffer buffer = {0};
    uint32_t maps = 0;
    size_t place = write_array_begin(&buffer);
    while (buffer.size < 8 * 1048576) {
        write_keys(&buffer, limit_map_entries, limit_map_entries - 1);
        maps++;
    }
    write_array_end(&buffer, place, maps);
    expect_check(buffer_slice(&buffer), error_none, 0);
    buffer_fini(&buffer);
}

Test(check, million_empty_arrays_are_checked)
{
    struct buffer buffer = {0};
    write_array(&buffer, 1048000);
    for (int i = 0; i < 1048000; i++) {
        write_array(&buffer, 0);
    }
    expect_check(buffer_slice(&buffer), error_none, 0);
    buffer_fini(&buffer);
}

Test(check, random_values_pass_and_their_beginnings_do_not)
{
    struct chance chance = {.state = 42};
    for (int round = 0; round < 300; round++) {
        struct buffer buffer = {0};
        write_random(&chance, 5, false, &buffer);
        expect_check(buffer_slice(&buffer), error_none, 0);
        for (size_t size = 0; size < buffer.size; size += 1 + size / 16) {
            cr_expect_eq(msgpack_check(slice_of(buffer.data, size), NULL), error_truncated, "seed 42, round %d", round);
        }
        buffer_fini(&buffer);
    }
}
