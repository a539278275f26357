/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The buffer and the writer: exact bytes, growth, and running out of memory. */
#include "proto/writer.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

static void expect_bytes(struct buffer *buffer, const char *expected)
{
    cr_expect_str_eq(to_hex(buffer_slice(buffer)), to_hex(hex(expected)));
    buffer_fini(buffer);
}

Test(writer, integers_take_the_shortest_form)
{
    static const struct {
        int64_t value;
        const char *bytes;
    } cases[] = {
        {0, "00"},
        {127, "7f"},
        {128, "cc 80"},
        {255, "cc ff"},
        {256, "cd 01 00"},
        {65535, "cd ff ff"},
        {65536, "ce 00 01 00 00"},
        {UINT32_MAX, "ce ff ff ff ff"},
        {INT64_C(4294967296), "cf 00 00 00 01 00 00 00 00"},
        {INT64_MAX, "cf 7f ff ff ff ff ff ff ff"},
        {-1, "ff"},
        {-32, "e0"},
        {-33, "d0 df"},
        {-128, "d0 80"},
        {-129, "d1 ff 7f"},
        {-32768, "d1 80 00"},
        {-32769, "d2 ff ff 7f ff"},
        {INT32_MIN, "d2 80 00 00 00"},
        {INT64_C(-2147483649), "d3 ff ff ff ff 7f ff ff ff"},
        {INT64_MIN, "d3 80 00 00 00 00 00 00 00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer buffer = {0};
        write_integer(&buffer, cases[i].value);
        expect_bytes(&buffer, cases[i].bytes);
    }
}

Test(writer, unsigned_reaches_the_largest_64_bit_number)
{
    struct buffer buffer = {0};
    write_unsigned(&buffer, UINT64_MAX);
    write_unsigned(&buffer, 5);
    expect_bytes(&buffer, "cf ff ff ff ff ff ff ff ff 05");
}

Test(writer, doubles_are_always_64_bits_wide)
{
    struct buffer buffer = {0};
    write_double(&buffer, 1.5);
    write_double(&buffer, -0.0);
    expect_bytes(&buffer, "cb 3f f8 00 00 00 00 00 00 cb 80 00 00 00 00 00 00 00");
}

Test(writer, plain_values_and_containers)
{
    struct buffer buffer = {0};
    write_map(&buffer, 2);
    write_string(&buffer, "a");
    write_nil(&buffer);
    write_string(&buffer, "b");
    write_array(&buffer, 3);
    write_bool(&buffer, true);
    write_bool(&buffer, false);
    write_bytes(&buffer, slice_of("\x00\xff", 2));
    write_raw(&buffer, hex("c3"));
    expect_bytes(&buffer, "82 a1 61 c0 a1 62 93 c3 c2 c4 02 00 ff c3");
}

Test(writer, empty_text_bytes_and_raw_are_taken)
{
    struct buffer buffer = {0};
    write_text(&buffer, (struct slice){0});
    write_bytes(&buffer, (struct slice){0});
    write_raw(&buffer, (struct slice){0});
    write_text_head(&buffer, 3);
    expect_bytes(&buffer, "a0 c4 00 a3");
}

Test(writer, text_heads_grow_with_the_text)
{
    static const size_t sizes[] = {31, 32, 255, 256, 65535, 65536};
    static const char *const heads[] = {"bf", "d920", "d9ff", "da0100", "daffff", "db00010000"};
    static char text[65536];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buffer buffer = {0};
        write_text(&buffer, slice_of(text, sizes[i]));
        size_t head = buffer.size - sizes[i];
        cr_expect_str_eq(to_hex(slice_of(buffer.data, head)), heads[i]);
        buffer_fini(&buffer);
    }
}

Test(writer, count_of_an_open_map_or_array_is_filled_in)
{
    struct buffer buffer = {0};
    size_t map = write_map_begin(&buffer);
    write_string(&buffer, "k");
    size_t array = write_array_begin(&buffer);
    write_integer(&buffer, 7);
    write_array_end(&buffer, array, 1);
    write_map_end(&buffer, map, 1);
    expect_bytes(&buffer, "de 00 01 a1 6b dc 00 01 07");
}

Test(buffer, clear_keeps_the_memory_and_fini_is_safe_twice)
{
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "hello");
    uint8_t *data = buffer.data;
    buffer_clear(&buffer);
    cr_expect_eq(buffer.size, 0);
    buffer_append_text(&buffer, "again");
    cr_expect_eq(buffer.data, data);
    buffer_fini(&buffer);
    buffer_fini(&buffer);
    cr_expect_null(buffer.data);
}

Test(buffer, printf_appends_without_the_closing_nul)
{
    struct buffer buffer = {0};
    buffer_printf(&buffer, "%s=%d", "n", 42);
    buffer_printf(&buffer, "%s", "");
    buffer_append_text(&buffer, "!");
    cr_expect(slice_is(buffer_slice(&buffer), "n=42!"));
    buffer_fini(&buffer);
}

Test(buffer, grows_over_many_appends_and_keeps_what_it_has)
{
    struct buffer buffer = {0};
    for (int i = 0; i < 100000; i++) {
        buffer_append(&buffer, &(uint8_t){(uint8_t)i}, 1);
    }
    cr_assert_eq(buffer.size, 100000);
    for (int i = 0; i < 100000; i++) {
        cr_assert_eq(buffer.data[i], (uint8_t)i);
    }
    buffer_fini(&buffer);
}

Test(buffer, stays_failed_after_memory_ran_out_until_it_is_cleared)
{
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "kept");
    fail_allocation_after(0);
    cr_expect_not(buffer_reserve(&buffer, 10000));
    fail_allocation_after(-1);
    cr_expect(buffer.failed);
    buffer_append_text(&buffer, "dropped");
    buffer_printf(&buffer, "%d", 1);
    write_map_end(&buffer, write_map_begin(&buffer), 0);
    cr_expect(slice_is(buffer_slice(&buffer), "kept"));
    buffer_clear(&buffer);
    buffer_append_text(&buffer, "new");
    cr_expect(slice_is(buffer_slice(&buffer), "new"));
    buffer_fini(&buffer);
}

Test(buffer, size_that_no_memory_can_hold_fails)
{
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "x");
    cr_expect_not(buffer_reserve(&buffer, SIZE_MAX));
    cr_expect(buffer.failed);
    buffer_fini(&buffer);
}
