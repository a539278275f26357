/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Hosts and origins: whose names this server answers to and which pages may call it. */
#include "services/gateway/guard.h"

#include "tests/unit/gateway/talk.h"

static struct refusal refusal;

static bool host(const struct guard *guard, const char *text)
{
    return guard_host(guard, slice_text(text), true, true, &refusal);
}

Test(guard, own_names_are_answered_to_with_any_port)
{
    static const char *const own[] = {
        "localhost", "LocalHost:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "10.0.0.7:80"};
    struct guard guard = talk_guard();
    guard.address = slice_text("10.0.0.7");
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        cr_assert(host(&guard, own[i]), "%s", own[i]);
}

Test(guard, foreign_names_are_misdirected)
{
    static const char *const foreign[] = {
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "10.0.0.8"};
    struct guard guard = talk_guard();
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        cr_assert_not(host(&guard, foreign[i]), "%s", foreign[i]);
        cr_assert_eq(refusal.problem, problem_misdirected);
    }
}

Test(guard, allowed_hosts_are_answered_to)
{
    char *names[] = {"api.example", "[fd00::7]:443"};
    struct guard guard = talk_guard();
    guard.hosts = (struct setting_list){names, 2};
    cr_assert(host(&guard, "API.example:8443"));
    cr_assert(host(&guard, "[fd00::7]"));
    cr_assert_not(host(&guard, "api.example.evil"));
}

Test(guard, impossible_hosts_are_bad)
{
    static const char *const bad[] = {"", ":80", "localhost:port", "localhost:99999", "[::1", "[::1]x", "::1"};
    struct guard guard = talk_guard();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(host(&guard, bad[i]), "%s", bad[i]);
        cr_assert_eq(refusal.problem, problem_bad_header, "%s", bad[i]);
    }
}

Test(guard, host_is_required_from_1_1)
{
    struct guard guard = talk_guard();
    cr_assert(guard_host(&guard, (struct slice){0}, false, false, &refusal));
    cr_assert_not(guard_host(&guard, (struct slice){0}, false, true, &refusal));
    cr_assert_str_eq(refusal.code, "missing_host");
}

static struct head head_with_origin(const char *origin)
{
    struct head head = {0};
    head_add(&head, slice_text("Origin"), slice_text(origin));
    return head;
}

Test(guard, origins_are_refused_unless_listed)
{
    char *names[] = {"https://app.example"};
    struct guard guard = talk_guard();
    struct head none = {0}, evil = head_with_origin("https://evil.example"), null = head_with_origin("null"),
                app = head_with_origin("https://app.example");
    cr_assert(guard_origin(&guard, &none, &refusal));
    cr_assert_not(guard_origin(&guard, &app, &refusal));
    cr_assert_eq(refusal.problem, problem_forbidden_origin);
    guard.origins = (struct setting_list){names, 1};
    cr_assert(guard_origin(&guard, &app, &refusal));
    cr_assert_not(guard_origin(&guard, &evil, &refusal));
    cr_assert_not(guard_origin(&guard, &null, &refusal));
}

Test(guard, pages_of_the_server_itself_may_call_it)
{
    struct guard guard = talk_guard();
    struct head own = head_with_origin("http://localhost:8080"), other = head_with_origin("http://localhost:3000");
    head_add(&own, slice_text("Host"), slice_text("LOCALHOST:8080"));
    head_add(&other, slice_text("Host"), slice_text("localhost:8080"));
    cr_assert(guard_origin(&guard, &own, &refusal));
    cr_assert_not(guard_origin(&guard, &other, &refusal));
}

Test(guard, listed_origin_may_read_the_answer)
{
    char *names[] = {"https://app.example"};
    struct guard guard = talk_guard();
    struct answer answer = {0};
    struct head head = head_with_origin("https://app.example"), none = {0};
    guard.origins = (struct setting_list){names, 1};
    guard_origin_fields(&guard, &head, &answer);
    cr_assert_str_eq(answer_find_field(&answer, "Access-Control-Allow-Origin"), "https://app.example");
    cr_assert_str_eq(answer_find_field(&answer, "Vary"), "Origin");
    answer_begin(&answer, 200, MEDIA_JSON);
    guard_origin_fields(&guard, &none, &answer);
    cr_assert_null(answer_find_field(&answer, "Access-Control-Allow-Origin"));
    answer_fini(&answer);
}
