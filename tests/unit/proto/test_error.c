/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Errors, statuses and operations: names, texts, numbers. */
#include "proto/error.h"
#include "proto/status.h"

#include <criterion/criterion.h>

Test(error, every_error_has_a_name_and_a_text)
{
    for (int error = 0; error < error_count; error++) {
        cr_expect_neq(error_name((enum error)error)[0], '\0');
        cr_expect_neq(error_text((enum error)error)[0], '\0');
    }
}

Test(error, name_is_that_of_the_list)
{
    cr_expect_str_eq(error_name(error_none), "none");
    cr_expect_str_eq(error_name(error_bad_utf8), "bad_utf8");
    cr_expect_str_eq(error_name(error_usage), "usage");
    cr_expect_str_eq(error_text(error_trailing_bytes), "bytes follow the end of the message");
}

Test(error, number_that_is_none_still_has_a_text)
{
    cr_expect_str_eq(error_name(error_count), "unknown");
    cr_expect_str_eq(error_name((enum error) - 1), "unknown");
    cr_expect_neq(error_text((enum error)4711)[0], '\0');
}

Test(status, every_status_is_found_by_its_name)
{
    for (int status = 0; status < status_count; status++) {
        enum status found = status_count;
        cr_expect(status_find(slice_text(status_name((enum status)status)), &found));
        cr_expect_eq((int)found, status);
    }
}

Test(status, unknown_name_is_not_found)
{
    enum status found = status_busy;
    cr_expect_not(status_find(slice_text("okay"), &found));
    cr_expect_not(status_find(slice_text("o"), &found));
    cr_expect_not(status_find(slice_text(""), &found));
    cr_expect_eq(found, status_busy);
}

/* The table that users rely on; written out, so that a slip in the list is seen. */
Test(status, http_and_exit_codes_are_those_promised)
{
    static const int promised[][3] = {
        {status_ok, 200, 0},
        {status_rejected, 422, 3},
        {status_invalid, 422, 4},
        {status_not_found, 404, 5},
        {status_denied, 403, 6},
        {status_conflict, 412, 7},
        {status_reused, 422, 8},
        {status_expired, 410, 9},
        {status_deadline, 504, 10},
        {status_busy, 429, 11},
        {status_moved, 503, 12},
        {status_unavailable, 503, 12},
        {status_error, 500, 13},
    };
    cr_assert_eq(sizeof promised / sizeof *promised, status_count);
    for (size_t i = 0; i < status_count; i++) {
        enum status status = (enum status)promised[i][0];
        cr_expect_eq(status_http(status), promised[i][1], "%s", status_name(status));
        cr_expect_eq(status_exit(status), promised[i][2], "%s", status_name(status));
    }
}

Test(status, number_that_is_none_counts_as_error)
{
    cr_expect_eq(status_http(status_count), 500);
    cr_expect_eq(status_exit((enum status) - 1), 13);
    cr_expect_str_eq(status_name(status_count), "unknown");
}

Test(operation, every_operation_is_found_by_its_name)
{
    for (int operation = 0; operation < operation_count; operation++) {
        enum operation found = operation_count;
        cr_expect(operation_find(slice_text(operation_name((enum operation)operation)), &found));
        cr_expect_eq((int)found, operation);
    }
    enum operation found = operation_log;
    cr_expect_not(operation_find(slice_text("Command"), &found));
    cr_expect_eq(found, operation_log);
    cr_expect_str_eq(operation_name(operation_count), "unknown");
}
