/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Answers: their header fields. */
#include "services/gateway/answer.h"

#include <criterion/criterion.h>

Test(answer, fields_are_walked_in_order)
{
    struct answer answer = {0};
    const char *name, *value;
    size_t at = 0;
    answer_field_text(&answer, "A", "1");
    answer_field_text(&answer, "B", "");
    cr_assert(answer_next_field(&answer, &at, &name, &value));
    cr_assert_str_eq(name, "A");
    cr_assert_str_eq(value, "1");
    cr_assert(answer_next_field(&answer, &at, &name, &value));
    cr_assert_str_eq(name, "B");
    cr_assert_str_eq(value, "");
    cr_assert_not(answer_next_field(&answer, &at, &name, &value));
    answer_fini(&answer);
}

Test(answer, value_that_could_end_the_line_is_left_out)
{
    struct answer answer = {0};
    answer_field_text(&answer, "A", "1\r\nSet-Cookie: x=y");
    answer_field(&answer, "B", slice_of("a\0b", 3));
    cr_assert_null(answer_find_field(&answer, "A"));
    cr_assert_null(answer_find_field(&answer, "B"));
    answer_fini(&answer);
}

Test(answer, version_is_a_strong_tag)
{
    struct answer answer = {0};
    answer_field_version(&answer, UINT64_MAX);
    cr_assert_str_eq(answer_find_field(&answer, "etag"), "\"18446744073709551615\"");
    answer_fini(&answer);
}

static const char *retry(struct answer *answer, uint32_t milliseconds)
{
    answer_begin(answer, 429, MEDIA_NONE);
    answer_field_retry(answer, milliseconds);
    return answer_find_field(answer, "Retry-After");
}

Test(answer, retry_is_in_whole_seconds_from_one)
{
    struct answer answer = {0};
    cr_assert_str_eq(retry(&answer, 0), "1");
    cr_assert_str_eq(retry(&answer, 100), "1");
    cr_assert_str_eq(retry(&answer, 1000), "1");
    cr_assert_str_eq(retry(&answer, 1001), "2");
    cr_assert_str_eq(retry(&answer, UINT32_MAX), "4294968");
    answer_fini(&answer);
}

Test(answer, beginning_forgets)
{
    struct answer answer = {0};
    answer_field_text(&answer, "A", "1");
    buffer_append_text(&answer.body, "x");
    answer_begin(&answer, 204, MEDIA_NONE);
    cr_assert_null(answer_find_field(&answer, "A"));
    cr_assert_eq(answer.body.size, 0);
    cr_assert_null(media_name(answer.media));
    answer_fini(&answer);
}
