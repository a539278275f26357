/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data of queries and of their replies: every field, defaults and caps, and that nothing unknown is passed over. */
#include "proto/envelope.h"
#include "tests/unit/proto/compose.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>
#include <stdio.h>

static enum error decode(const char *bytes, struct row_query *out, char field[32])
{
    struct slice fault = {0};
    enum error error = row_query_decode(hex(bytes), out, &fault);
    snprintf(field, 32, "%.*s", (int)fault.size, fault.size > 0 ? (const char *)fault.data : "");
    return error;
}

Test(query, every_field_round_trips)
{
    struct buffer bytes = {0}, again = {0};
    struct slice fault;
    struct row_query query = {.filter = hex("81 a161 01"),
                              .sort = hex("91 a5612e617363"),
                              .include = hex("91 a161"),
                              .exclude = hex("91 a162"),
                              .limit = 50,
                              .page = 3,
                              .cursor = slice_text("c"),
                              .text = slice_text("words"),
                              .no_total = true,
                              .deleted = true,
                              .at_least = slice_text("1:2.3"),
                              .identifier = slice_text("a1")},
                     decoded;
    row_query_encode(&bytes, &query);
    cr_assert_eq(row_query_decode(buffer_slice(&bytes), &decoded, &fault), error_none);
    cr_expect(slice_equal(decoded.filter, query.filter));
    cr_expect(slice_equal(decoded.sort, query.sort));
    cr_expect(slice_equal(decoded.include, query.include));
    cr_expect(slice_equal(decoded.exclude, query.exclude));
    cr_expect_eq(decoded.limit, 50);
    cr_expect_eq(decoded.page, 3);
    cr_expect(slice_equal(decoded.cursor, query.cursor));
    cr_expect(slice_equal(decoded.text, query.text));
    cr_expect(decoded.has_text && decoded.has_identifier && decoded.no_total && decoded.deleted);
    cr_expect(slice_equal(decoded.at_least, query.at_least));
    cr_expect(slice_equal(decoded.identifier, query.identifier));
    row_query_encode(&again, &decoded);
    cr_expect(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
    buffer_fini(&bytes);
    buffer_fini(&again);
}

Test(query, defaults_stand_where_nothing_is_said)
{
    struct row_query query;
    char field[32];
    cr_assert_eq(decode("80", &query, field), error_none);
    cr_expect_eq(query.limit, limit_page_default);
    cr_expect_eq(query.page + query.filter.size + query.sort.size, 0);
    cr_expect_not(query.no_total || query.deleted || query.has_text || query.has_identifier);
}

Test(query, limit_is_enforced)
{
    struct row_query query;
    char field[32];
    cr_assert_eq(decode("81 a5 6c696d6974 cd 03e9", &query, field), error_none);
    cr_expect_eq(query.limit, limit_page_limit);
    cr_expect_eq(decode("81 a5 6c696d6974 00", &query, field), error_out_of_range);
    cr_expect_str_eq(field, "limit");
}

Test(query, faults_name_their_field)
{
    struct row_query query;
    char field[32];
    cr_expect_eq(decode("81 a4 70616765 00", &query, field), error_out_of_range);
    cr_expect_str_eq(field, "page");
    cr_expect_eq(decode("81 a4 736f7274 91 01", &query, field), error_bad_type);
    cr_expect_str_eq(field, "sort");
    cr_expect_eq(decode("81 a5 7175657279 90", &query, field), error_bad_type);
    cr_expect_str_eq(field, "query");
    cr_expect_eq(decode("81 a2 6964 a0", &query, field), error_bad_identifier);
    cr_expect_str_eq(field, "id");
}

Test(query, what_is_not_known_is_refused_by_name)
{
    struct row_query query;
    char field[32];
    cr_expect_eq(decode("82 a4 70616765 01 a5 736f727473 90", &query, field), error_unknown_field);
    cr_expect_str_eq(field, "sorts");
}

Test(page, every_field_round_trips)
{
    struct buffer bytes = {0}, again = {0};
    struct row_page page = {.rows = hex("91 80"),
                            .limit = 25,
                            .page = 2,
                            .has_total = true,
                            .total = 51,
                            .pages = 3,
                            .next = slice_text("n")},
                    decoded;
    row_page_encode(&bytes, &page);
    cr_assert_eq(row_page_decode(buffer_slice(&bytes), &decoded), error_none);
    cr_expect(slice_equal(decoded.rows, page.rows));
    cr_expect_eq(decoded.limit, 25);
    cr_expect_eq(decoded.page, 2);
    cr_expect(decoded.has_total);
    cr_expect_eq(decoded.total, 51);
    cr_expect_eq(decoded.pages, 3);
    cr_expect(slice_equal(decoded.next, page.next));
    row_page_encode(&again, &decoded);
    cr_expect(slice_equal(buffer_slice(&bytes), buffer_slice(&again)));
    cr_expect_eq(row_page_decode(hex("81 a4 726f7773 90"), &decoded), error_missing_field);
    buffer_fini(&bytes);
    buffer_fini(&again);
}
