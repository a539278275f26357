/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data of queries and of their replies. */
#include "proto/envelope.h"
#include "tests/unit/proto/compose.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(query, only_what_is_there_is_written)
{
    struct buffer bytes = {0};
    query_encode(&bytes, &(struct query_data){.limit = 50});
    cr_expect_str_eq(to_hex(buffer_slice(&bytes)), to_hex(hex("81 a5 6c696d6974 32")));
    buffer_clear(&bytes);
    query_encode(&bytes, &(struct query_data){.total = QUERY_TOTAL_NONE, .identifier = slice_text("a1")});
    cr_expect_str_eq(to_hex(buffer_slice(&bytes)), to_hex(hex("82 a5 746f74616c c2 a2 6964 a2 6131")));
    buffer_clear(&bytes);
    query_encode(&bytes, &(struct query_data){.total = QUERY_TOTAL_COUNTED});
    cr_expect_str_eq(to_hex(buffer_slice(&bytes)), to_hex(hex("81 a5 746f74616c c3")));
    buffer_clear(&bytes);
    query_encode(&bytes, &(struct query_data){.filter = hex("81 a161 01"), .at_least = slice_text("1:2.3")});
    cr_expect_str_eq(to_hex(buffer_slice(&bytes)),
                     to_hex(hex("82 a5 7175657279 81 a161 01 a8 61745f6c65617374 a5 313a322e33")));
    buffer_fini(&bytes);
}

Test(page, every_field_round_trips)
{
    struct buffer bytes = {0}, again = {0};
    struct query_page page = {.rows = slice_text("[{}]"),
                              .limit = 25,
                              .page = 2,
                              .has_total = true,
                              .has_pages = true,
                              .total = 51,
                              .pages = 3,
                              .next = slice_text("n")},
                      decoded;
    query_page_encode(&bytes, &page);
    cr_assert_eq(query_page_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect(slice_equal(decoded.rows, page.rows));
    cr_expect_eq(decoded.limit, 25);
    cr_expect_eq(decoded.page, 2);
    cr_expect(decoded.has_total && decoded.has_pages);
    cr_expect_eq(decoded.total, 51);
    cr_expect_eq(decoded.pages, 3);
    cr_expect(slice_equal(decoded.next, page.next));
    query_page_encode(&again, &decoded);
    cr_expect(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
    cr_expect_eq(query_page_decode(hex("81 a4 726f7773 a2 5b5d"), &decoded), error_missing_field);
    buffer_fini(&bytes);
    buffer_fini(&again);
}

Test(page, rows_are_a_json_array)
{
    static const char *const faults[] = {"90", "a1 5b", "a2 7b7d", "a2 7b5d", "a2 5b20", "a0"};
    struct query_page decoded;
    char text[64];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        snprintf(text, sizeof text, "82 a4 726f7773 %s a5 6c696d6974 05", faults[i]);
        cr_expect_neq(query_page_decode(hex(text), &decoded), error_none, "%s", text);
    }
    cr_expect_eq(query_page_decode(hex("82 a4 726f7773 a2 5b5d a5 6c696d6974 05"), &decoded), error_none);
}
