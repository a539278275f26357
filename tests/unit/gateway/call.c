/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What happens to every request: the order of the checks, methods, credentials, preflights. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/gateway/talk.h"

static struct call call;
static struct guard guard;

static void start(void)
{
    guard = talk_guard();
}
static void finish(void)
{
    call_fini(&call);
}
TestSuite(call, .init = start, .fini = finish);

Test(call, unknown_path_is_not_found)
{
    cr_assert_eq(talk_open(&call, &guard, "GET /nowhere"), CALL_REFUSED);
    assert_refused(&call, 404, "unknown_path");
}

Test(call, host_is_checked_before_the_path)
{
    cr_assert_eq(talk_open(&call, &guard, "GET /nowhere\nHost: evil.example"), CALL_REFUSED);
    assert_refused(&call, 421, "bad_host");
}

Test(call, absolute_target_is_checked_in_place_of_host)
{
    cr_assert_eq(talk_open(&call, &guard, "GET http://evil.example/livez"), CALL_BODY);
    cr_assert_eq(talk_open(&call, &guard, "GET http://evil.example/_meta"), CALL_REFUSED);
    assert_refused(&call, 421, "bad_host");
    cr_assert_eq(talk_open(&call, &guard, "GET http://localhost:8080/_meta\nHost: evil.example"), CALL_BODY);
}

Test(call, origin_is_checked_before_the_path)
{
    cr_assert_eq(talk_open(&call, &guard, "GET /nowhere\nOrigin: https://evil.example"), CALL_REFUSED);
    assert_refused(&call, 403, "bad_origin");
}

Test(call, probes_come_by_any_host)
{
    cr_assert_eq(talk_open(&call, &guard, "GET /livez\nHost: 10.2.3.4:8080"), CALL_BODY);
    cr_assert_eq(talk_open(&call, &guard, "GET /readyz\nHost: pod"), CALL_BODY);
    cr_assert_eq(talk_open(&call, &guard, "GET /metrics\nHost: pod"), CALL_REFUSED);
}

Test(call, bad_url_is_told_by_name)
{
    cr_assert_eq(talk_open(&call, &guard, "GET /bank.account/a%00b"), CALL_REFUSED);
    assert_refused(&call, 400, "bad_identifier");
    cr_assert_eq(talk_open(&call, &guard, "GET /_events/branch=1"), CALL_REFUSED);
    assert_refused(&call, 400, "scope_not_supported");
    cr_assert_eq(talk_open(&call, &guard, "POST /bank:deposit/branch=1:/account/a"), CALL_REFUSED);
    assert_refused(&call, 400, "bad_scope");
}

Test(call, lost_end_of_a_target_is_refused)
{
    talk_open(&call, &guard, "POST /bank:close/account/a");
    call_reset(&call);
    call.method = METHOD_GET;
    call.target_broken = true;
    head_add(&call.head, slice_text("Host"), slice_text("localhost"));
    memcpy(call.target, "/bank.account/a", call.target_size = 15);
    cr_assert_eq(call_open(&call, &guard), CALL_REFUSED);
    assert_refused(&call, 400, "bad_character");
}

Test(call, target_over_the_limit_is_refused)
{
    call_reset(&call);
    call.method = METHOD_GET;
    head_add(&call.head, slice_text("Host"), slice_text("localhost"));
    call.target_size = URL_MAX + 1;
    cr_assert_eq(call_open(&call, &guard), CALL_REFUSED);
    assert_refused(&call, 414, "url_too_long");
}

Test(call, ambiguous_message_closes_the_connection)
{
    talk_open(&call, &guard, "POST /bank:close/account/a\nContent-Length: 1\nTransfer-Encoding: chunked");
    assert_refused(&call, 400, "ambiguous_length");
    cr_assert(call.close);
    talk_open(&call, &guard, "GET /nowhere");
    cr_assert_not(call.close);
}

Test(call, wrong_method_is_told_the_right_ones)
{
    cr_assert_eq(talk_open(&call, &guard, "GET /bank:deposit/account/a"), CALL_REFUSED);
    assert_refused(&call, 405, "method_not_allowed");
    cr_assert_str_eq(answer_find_field(&call.answer, "Allow"), "POST, OPTIONS");
    talk_open(&call, &guard, "DELETE /bank.account/a");
    assert_refused(&call, 405, "method_not_allowed");
    cr_assert_str_eq(answer_find_field(&call.answer, "Allow"), "GET, HEAD, OPTIONS");
    talk_open(&call, &guard, "get /bank.account/a");
    assert_refused(&call, 405, "method_not_allowed");
    cr_assert_eq(talk_open(&call, &guard, "HEAD /bank.account/a"), CALL_BODY);
}

Test(call, options_tell_the_methods)
{
    cr_assert_eq(talk_open(&call, &guard, "OPTIONS /bank.account/a"), CALL_REFUSED);
    cr_assert_eq(call.answer.status, 204);
    cr_assert_str_eq(answer_find_field(&call.answer, "Allow"), "GET, HEAD, OPTIONS");
    cr_assert_null(answer_find_field(&call.answer, "Access-Control-Allow-Methods"));
}

Test(call, preflight_of_a_listed_origin_is_answered)
{
    char *names[] = {"https://app.example"};
    guard.origins = (struct setting_list){names, 1};
    talk_open(&call,
              &guard,
              "OPTIONS /bank:deposit/account/a\nOrigin: https://app.example\nAccess-Control-Request-Method: POST");
    call_finish(&call, &guard);
    cr_assert_eq(call.answer.status, 204);
    cr_assert_not_null(strstr(answer_find_field(&call.answer, "Access-Control-Allow-Methods"), "POST"));
    cr_assert_not_null(strstr(answer_find_field(&call.answer, "Access-Control-Allow-Headers"), "Idempotency-Key"));
    cr_assert_str_eq(answer_find_field(&call.answer, "Access-Control-Allow-Origin"), "https://app.example");
}

Test(call, preflight_of_another_origin_is_refused)
{
    talk_open(&call,
              &guard,
              "OPTIONS /bank:deposit/account/a\nOrigin: https://evil.example\nAccess-Control-Request-Method: POST");
    assert_refused(&call, 403, "bad_origin");
    cr_assert_null(answer_find_field(&call.answer, "Access-Control-Allow-Origin"));
}

Test(call, unknown_parameter_is_refused)
{
    talk_open(&call, &guard, "POST /bank:deposit/account/a?dry_rum=1");
    assert_refused(&call, 400, "unknown_parameter");
}

Test(call, bad_timeout_is_refused)
{
    cr_assert_eq(talk_submit(&call, &guard, "GET /bank.account/a\nFluvius-Timeout: soon", ""), CALL_REFUSED);
    assert_refused(&call, 400, "bad_timeout");
}

Test(call, every_answer_has_the_same_last_fields)
{
    static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    char text[160];
    snprintf(text, sizeof text, "GET /bank.account/a\ntraceparent: %s", trace);
    cr_assert_eq(talk_submit(&call, &guard, text, ""), CALL_ASK);
    cr_assert(slice_is(call.request.traceparent, trace));
    call_reply(&call, &(struct reply){.status = status_not_found, .position = slice_text("1f:3.4")});
    call_finish(&call, &guard);
    cr_assert_str_eq(answer_find_field(&call.answer, "Cache-Control"), "no-store");
    cr_assert_str_eq(answer_find_field(&call.answer, "X-Content-Type-Options"), "nosniff");
    cr_assert_str_eq(answer_find_field(&call.answer, "traceparent"), trace);
    cr_assert_str_eq(answer_find_field(&call.answer, "Fluvius-Position"), "1f:3.4");
}

Test(call, answer_that_memory_ran_out_for_is_an_error)
{
    talk_submit(&call, &guard, "GET /bank.account/a", "");
    call_reply(&call, &(struct reply){.status = status_ok});
    call.answer.body.failed = true;
    call_finish(&call, &guard);
    cr_assert_eq(call.answer.status, 500);
    cr_assert_eq(call.answer.body.size, 0);
}

/* ---- with a token file ---- */

static char path[] = "/tmp/fluvius-gateway-XXXXXX";

static void start_guarded(void)
{
    static const char text[] = "s3cret alice acme admin\n";
    static struct tokens *tokens;
    char fault[TOKENS_FAULT_SIZE] = "";
    int file = mkstemp(path);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    cr_assert_eq(tokens_load(&tokens, path, fault), 0, "%s", fault);
    unlink(path);
    guard = talk_guard();
    guard.tokens = tokens;
}
TestSuite(guarded_call, .init = start_guarded, .fini = finish);

Test(guarded_call, without_token_is_asked_for_one)
{
    cr_assert_eq(talk_open(&call, &guard, "GET /bank.account/a"), CALL_REFUSED);
    assert_refused(&call, 401, "no_token");
    cr_assert_not_null(answer_find_field(&call.answer, "WWW-Authenticate"));
    talk_open(&call, &guard, "GET /metrics");
    assert_refused(&call, 401, "no_token");
    talk_open(&call, &guard, "GET /_meta");
    assert_refused(&call, 401, "no_token");
}

Test(guarded_call, unknown_token_is_refused_and_not_repeated)
{
    talk_open(&call, &guard, "GET /bank.account/a\nAuthorization: Bearer wr0ng");
    assert_refused(&call, 401, "bad_token");
    cr_assert_not(talk_says(&call, "wr0ng"));
    talk_open(&call, &guard, "GET /bank.account/a\nAuthorization: Basic s3cret");
    assert_refused(&call, 401, "no_token");
}

Test(guarded_call, known_token_goes_on_to_the_bus)
{
    cr_assert_eq(talk_submit(&call, &guard, "GET /bank.account/a\nAuthorization: Bearer s3cret", ""), CALL_ASK);
    cr_assert(slice_is(call.request.token, "s3cret"));
    cr_assert_str_eq(call.principal.user, "alice");
    cr_assert_str_eq(call.principal.realm, "acme");
}

Test(guarded_call, probes_need_no_token)
{
    cr_assert_eq(talk_open(&call, &guard, "GET /livez"), CALL_BODY);
    cr_assert_eq(talk_open(&call, &guard, "GET /readyz"), CALL_BODY);
}

Test(guarded_call, preflight_needs_no_token)
{
    cr_assert_eq(talk_open(&call, &guard, "OPTIONS /bank:deposit/account/a"), CALL_REFUSED);
    cr_assert_eq(call.answer.status, 204);
}

Test(guarded_call, key_is_hashed_with_user_and_realm)
{
    struct uuid id = uuid_for_key(slice_text("acme"), slice_text("alice"), slice_text("k1"));
    talk_submit(&call, &guard, "POST /bank:close/account/a\nAuthorization: Bearer s3cret\nIdempotency-Key: k1", "");
    cr_assert_arr_eq(call.request.id.bytes, id.bytes, 16);
}
