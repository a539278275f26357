/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Header fields: what each means, what is ignored and what is refused. */
#include "services/gateway/head.h"

#include <criterion/criterion.h>

static struct head head;
static struct refusal refusal;

static void add(const char *name, const char *value)
{
    head_add(&head, slice_text(name), slice_text(value));
}

static void set(const char *name, const char *value)
{
    head = (struct head){0};
    add(name, value);
}

static void assert_refused(bool passed, enum problem problem, const char *code)
{
    cr_assert_not(passed);
    cr_assert_eq(refusal.problem, problem, "%s", problem_name(refusal.problem));
    cr_assert(code == NULL ? refusal.code == NULL : strcmp(refusal.code, code) == 0, "%s", refusal.code);
}

Test(head, names_have_no_case_and_values_no_margin)
{
    set("cOnTeNt-TyPe", " \tapplication/json  ");
    cr_assert(slice_is(head.values[HEADER_CONTENT_TYPE], "application/json"));
}

Test(head, repeated_field_is_refused)
{
    set("Host", "a");
    cr_assert(head_check(&head, &refusal));
    add("host", "a");
    assert_refused(head_check(&head, &refusal), problem_bad_header, "repeated_header");
}

Test(head, unknown_fields_may_repeat_but_count)
{
    head = (struct head){0};
    for (int i = 0; i < 100; i++)
        add("X-Any", "1");
    cr_assert(head_check(&head, &refusal));
    add("X-Any", "1");
    assert_refused(head_check(&head, &refusal), problem_headers_too_large, NULL);
}

Test(head, bytes_are_bounded)
{
    static char value[12300];
    memset(value, 'x', sizeof value - 1);
    set("X-Any", value);
    assert_refused(head_check(&head, &refusal), problem_headers_too_large, NULL);
}

Test(head, ambiguous_length_is_refused)
{
    set("Content-Length", "3");
    add("Transfer-Encoding", "chunked");
    assert_refused(head_check(&head, &refusal), problem_bad_header, "ambiguous_length");
    set("Content-Length", "3");
    add("Content-Length", "4");
    assert_refused(head_check(&head, &refusal), problem_bad_header, "repeated_header");
    set("Content-Length", "+3");
    assert_refused(head_check(&head, &refusal), problem_bad_header, "bad_content_length");
    set("Transfer-Encoding", "gzip, chunked");
    assert_refused(head_check(&head, &refusal), problem_bad_header, "bad_transfer_encoding");
    set("Transfer-Encoding", "Chunked");
    cr_assert(head_check(&head, &refusal));
}

Test(head, body_must_be_json)
{
    set("Content-Type", "application/json");
    cr_assert(head_body_is_json(&head, 2, &refusal));
    set("Content-Type", "Application/JSON; charset=UTF-8");
    cr_assert(head_body_is_json(&head, 2, &refusal));
    set("Content-Type", "application/json ;charset=\"utf-8\"; x=y");
    cr_assert(head_body_is_json(&head, 2, &refusal));
    set("Content-Type", "text/plain");
    assert_refused(head_body_is_json(&head, 2, &refusal), problem_unsupported_media_type, NULL);
    set("Content-Type", "application/json; charset=latin1");
    assert_refused(head_body_is_json(&head, 2, &refusal), problem_unsupported_media_type, "bad_charset");
}

Test(head, empty_body_needs_no_type)
{
    set("Host", "a");
    cr_assert(head_body_is_json(&head, 0, &refusal));
    assert_refused(head_body_is_json(&head, 1, &refusal), problem_unsupported_media_type, NULL);
}

Test(head, token_is_taken_from_bearer_only)
{
    set("Authorization", "Bearer  abc.def");
    cr_assert(slice_is(head_token(&head), "abc.def"));
    set("Authorization", "bearer abc");
    cr_assert(slice_is(head_token(&head), "abc"));
    set("Authorization", "Basic abc");
    cr_assert_eq(head_token(&head).size, 0);
    set("Authorization", "Bearerabc");
    cr_assert_eq(head_token(&head).size, 0);
    set("Host", "a");
    cr_assert_eq(head_token(&head).size, 0);
}

static bool expected(bool *has, int64_t *version)
{
    return head_expected_version(&head, has, version, &refusal);
}

Test(head, if_match_is_the_expected_version)
{
    bool has = false;
    int64_t version = 0;
    set("If-Match", "\"42\"");
    cr_assert(expected(&has, &version));
    cr_assert(has);
    cr_assert_eq(version, 42);
    set("If-None-Match", "*");
    cr_assert(expected(&has, &version));
    cr_assert(has);
    cr_assert_eq(version, 0);
    set("Host", "a");
    cr_assert(expected(&has, &version));
    cr_assert_not(has);
}

Test(head, other_conditions_are_refused)
{
    static const char *const tags[] = {
        "W/\"1\"", "*", "1", "\"1", "\"1\", \"2\"", "\"\"", "\"-1\"", "\"x\"", "", "\"9223372036854775808\""};
    bool has;
    int64_t version;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        set("If-Match", tags[i]);
        assert_refused(expected(&has, &version), problem_bad_header, "bad_if_match");
    }
    set("If-None-Match", "\"1\"");
    assert_refused(expected(&has, &version), problem_bad_header, "bad_if_none_match");
    set("If-None-Match", "*");
    add("If-Match", "\"1\"");
    assert_refused(expected(&has, &version), problem_bad_header, "ambiguous_condition");
}

Test(head, none_match_on_reads_takes_lists_and_weak_tags)
{
    set("If-None-Match", "\"1\", W/\"2\",\"abc\"");
    cr_assert(head_none_match(&head, 1));
    cr_assert(head_none_match(&head, 2));
    cr_assert_not(head_none_match(&head, 3));
    set("If-None-Match", "*");
    cr_assert(head_none_match(&head, 3));
}

Test(head, key_may_stand_in_quotes)
{
    struct slice key;
    set("Idempotency-Key", "abc");
    cr_assert(head_idempotency_key(&head, &key, &refusal) && slice_is(key, "abc"));
    set("Idempotency-Key", "\"abc\"");
    cr_assert(head_idempotency_key(&head, &key, &refusal) && slice_is(key, "abc"));
    set("Host", "a");
    cr_assert(head_idempotency_key(&head, &key, &refusal) && key.size == 0);
}

Test(head, key_is_printable_and_bounded)
{
    struct slice key;
    char longer[300];
    memset(longer, 'k', sizeof longer);
    longer[257] = '\0';
    static const char *const keys[] = {"", "\"\"", "a\tb", "a\x01", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        set("Idempotency-Key", keys[i]);
        assert_refused(head_idempotency_key(&head, &key, &refusal), problem_bad_header, "bad_idempotency_key");
    }
    set("Idempotency-Key", longer);
    assert_refused(head_idempotency_key(&head, &key, &refusal), problem_bad_header, "bad_idempotency_key");
    longer[256] = '\0';
    set("Idempotency-Key", longer);
    cr_assert(head_idempotency_key(&head, &key, &refusal));
}

static uint32_t deadline(void)
{
    uint32_t milliseconds = 1;
    cr_assert(head_deadline(&head, &milliseconds, &refusal));
    return milliseconds;
}

Test(head, deadline_comes_from_either_field)
{
    set("Fluvius-Timeout", "250");
    cr_assert_eq(deadline(), 250);
    add("Prefer", "wait=9");
    cr_assert_eq(deadline(), 250);
    set("Prefer", "respond-async, wait=9");
    cr_assert_eq(deadline(), 9000);
    set("Prefer", "wait=abc");
    cr_assert_eq(deadline(), 0);
    set("Host", "a");
    cr_assert_eq(deadline(), 0);
}

Test(head, deadline_is_bounded)
{
    uint32_t milliseconds;
    set("Fluvius-Timeout", "99999999");
    cr_assert_eq(deadline(), limit_deadline_max_ms);
    set("Prefer", "wait=18446744073709551615");
    cr_assert_eq(deadline(), limit_deadline_max_ms);
    set("Fluvius-Timeout", "0");
    assert_refused(head_deadline(&head, &milliseconds, &refusal), problem_bad_header, "bad_timeout");
    set("Fluvius-Timeout", "1s");
    assert_refused(head_deadline(&head, &milliseconds, &refusal), problem_bad_header, "bad_timeout");
}

Test(head, trace_context_is_whole_or_absent)
{
    static const char good[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    static const char *const bad[] = {
        "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "",
    };
    set("traceparent", good);
    cr_assert(slice_is(head_traceparent(&head), good));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set("traceparent", bad[i]);
        cr_assert_eq(head_traceparent(&head).size, 0, "%s", bad[i]);
    }
}
