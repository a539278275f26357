/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Commands over HTTP: what goes to the bus, and what its answers become. */
#include "services/gateway/command.h"

#include <stdio.h>

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
TestSuite(command, .init = start, .fini = finish);

#define JSON "\nContent-Type: application/json"
#define UUID "0192d0a0-1c7b-7000-8000-0123456789ab"

static enum call_next submit(const char *text, const char *body)
{
    return talk_submit(&call, &guard, text, body);
}

Test(command, becomes_a_request)
{
    struct buffer data = talk_pack("{\"amount\":5}");
    cr_assert_eq(submit("POST /bank:deposit/account/alice" JSON, " {\"amount\": 5} "), CALL_ASK);
    const struct request *request = &call.request;
    cr_assert_eq(request->operation, operation_command);
    cr_assert(slice_is(request->namespace, "bank"));
    cr_assert(slice_is(request->command, "deposit"));
    cr_assert(slice_is(request->resource, "account"));
    cr_assert(slice_is(request->identifier, "alice"));
    cr_assert(slice_equal(request->data, buffer_slice(&data)));
    cr_assert_not(request->has_expected);
    cr_assert_not(request->dry_run);
    cr_assert_eq(request->deadline_ms, limit_deadline_ms);
    cr_assert_eq(request->at_version, -1);
    cr_assert_eq(request->partition, -1);
    buffer_fini(&data);
}

Test(command, a_scope_is_carried)
{
    struct buffer scope = talk_pack("{\"holder.given\":\"Ada L\",\"branch\":\"7\"}");
    cr_assert_eq(submit("POST /bank:deposit/holder.given=Ada+L:branch=7/account/alice" JSON, "{\"amount\":5}"),
                 CALL_ASK);
    cr_assert(slice_equal(call.request.scope, buffer_slice(&scope)));
    cr_assert(slice_is(call.request.identifier, "alice"));
    cr_assert_eq(submit("POST /bank:deposit/account/alice" JSON, "{\"amount\":5}"), CALL_ASK);
    cr_assert_eq(call.request.scope.size, 0, "that of the request before");
    buffer_fini(&scope);
}

Test(command, conditions_and_options_are_carried)
{
    submit("POST /bank:deposit/account/a?dry_run=1" JSON "\nIf-Match: \"3\"\nFluvius-Timeout: 700", "{}");
    cr_assert(call.request.dry_run);
    cr_assert(call.request.has_expected);
    cr_assert_eq(call.request.expected, 3);
    cr_assert_eq(call.request.deadline_ms, 700);
    submit("POST /bank:open/account/a" JSON "\nIf-None-Match: *", "{}");
    cr_assert(call.request.has_expected);
    cr_assert_eq(call.request.expected, 0);
}

Test(command, new_leaves_the_identifier_out)
{
    cr_assert_eq(submit("POST /bank:open/account/:new" JSON, "{}"), CALL_ASK);
    cr_assert_eq(call.request.identifier.size, 0);
}

Test(command, id_is_fresh_without_a_key)
{
    submit("POST /bank:close/account/a", "");
    cr_assert(call.request.has_id);
    cr_assert_eq(call.request.id.bytes[0], 1);
}

Test(command, id_is_the_key_when_that_is_a_uuid)
{
    char text[UUID_TEXT_SIZE];
    submit("POST /bank:close/account/a\nIdempotency-Key: " UUID, "");
    uuid_format(&call.request.id, text);
    cr_assert_str_eq(text, UUID);
}

Test(command, id_is_the_hash_of_another_key)
{
    struct uuid id = uuid_for_key(slice_text("default"), slice_text("anonymous"), slice_text("order 7"));
    submit("POST /bank:close/account/a\nIdempotency-Key: \"order 7\"", "");
    cr_assert_arr_eq(call.request.id.bytes, id.bytes, 16);
}

Test(command, empty_body_is_an_empty_object)
{
    static const char *const bodies[] = {"", " \r\n\t"};
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(submit("POST /bank:close/account/a" JSON, bodies[i]), CALL_ASK);
        cr_assert_eq(call.request.data.size, 1);
        cr_assert_eq(call.request.data.data[0], 0x80);
    }
}

Test(command, other_media_types_are_refused)
{
    cr_assert_eq(submit("POST /bank:deposit/account/a\nContent-Type: text/plain", "{}"), CALL_REFUSED);
    assert_refused(&call, 415, "unsupported_media_type");
    submit("POST /bank:deposit/account/a", "{}");
    assert_refused(&call, 415, "unsupported_media_type");
    submit("POST /bank:deposit/account/a\nContent-Type: application/x-www-form-urlencoded", "a=b");
    assert_refused(&call, 415, "unsupported_media_type");
}

static void assert_unparsable(const char *body, const char *code)
{
    char member[64];
    cr_assert_eq(submit("POST /bank:deposit/account/a" JSON, body), CALL_REFUSED, "%s", body);
    cr_assert_eq(call.answer.status, 400, "%s: %d", body, call.answer.status);
    snprintf(member, sizeof member, "\"errcode\":\"%s\"", code);
    cr_assert(talk_says(&call, member), "%s: %s", body, talk_body(&call));
    cr_assert(talk_says(&call, "urn:fluvius:problem:unparsable"));
}

Test(command, unparsable_bodies_are_told_apart)
{
    assert_unparsable("{\"a\":1,\"a\":2}", "duplicate_key");
    assert_unparsable("{\"a\":\"\xff\"}", "bad_utf8");
    assert_unparsable("{\"a\":1e999}", "bad_number");
    assert_unparsable("{\"a\":tru}", "bad_json");
    assert_unparsable("{'a':1}", "bad_json");
    assert_unparsable("{\"a\":1", "truncated");
    assert_unparsable("{\"a\":1} x", "trailing_bytes");
}

Test(command, depth_is_bounded)
{
    char body[201];
    memset(body, '[', 200);
    body[200] = '\0';
    assert_unparsable(body, "too_deep");
}

Test(command, body_must_be_an_object)
{
    static const char *const bodies[] = {"[]", "1", "\"x\"", "null", "[{}]"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        cr_assert_eq(submit("POST /bank:deposit/account/a" JSON, bodies[i]), CALL_REFUSED);
        assert_refused(&call, 422, "invalid_data");
        cr_assert(talk_says(&call, "\"errors\":[{\"at\":\"\",\"code\":\"expected_map\""));
    }
}

Test(command, declared_size_over_the_limit_is_refused_before_the_body)
{
    cr_assert_eq(talk_open(&call, &guard, "POST /bank:deposit/account/a\nContent-Length: 1048577"), CALL_REFUSED);
    assert_refused(&call, 413, "too_large");
    cr_assert_eq(talk_open(&call, &guard, "POST /bank:deposit/account/a\nContent-Length: 1048576"), CALL_BODY);
}

Test(command, bad_key_is_refused_before_the_body)
{
    talk_open(&call, &guard, "POST /bank:deposit/account/a\nIdempotency-Key:");
    assert_refused(&call, 400, "bad_idempotency_key");
}

Test(command, bad_condition_is_refused)
{
    submit("POST /bank:deposit/account/a" JSON "\nIf-Match: *", "{}");
    assert_refused(&call, 400, "bad_if_match");
}

/* ---- answers ---- */

static const char *reply(struct reply given)
{
    call_reply(&call, &given);
    return talk_body(&call);
}

static const char *field(const char *name)
{
    return answer_find_field(&call.answer, name);
}

Test(command, success_tells_identifier_and_version)
{
    submit("POST /bank:deposit/account/alice" JSON "\nIdempotency-Key: " UUID, "{}");
    cr_assert_str_eq(reply((struct reply){.has_version = true, .version = 7, .position = slice_text("2a:1.9")}),
                     "{\"data\":{\"_id\":\"alice\",\"_etag\":\"7\"},\"status\":\"OK\"}");
    cr_assert_eq(call.answer.status, 200);
    cr_assert_eq(call.answer.media, MEDIA_JSON);
    cr_assert_str_eq(field("ETag"), "\"7\"");
    cr_assert_str_eq(field("Fluvius-Position"), "2a:1.9");
    cr_assert_str_eq(field("Fluvius-Command"), UUID);
    cr_assert_str_eq(field("Idempotency-Key"), UUID);
    cr_assert_null(field("Location"));
}

Test(command, new_tells_where_it_is)
{
    submit("POST /bank:open/account/:new" JSON, "{}");
    cr_assert_str_eq(reply((struct reply){.has_version = true, .version = 1, .identifier = slice_text("4f 2")}),
                     "{\"data\":{\"_id\":\"4f 2\",\"_etag\":\"1\"},\"status\":\"OK\"}");
    cr_assert_str_eq(field("Location"), "/bank.account/4f%202");
    cr_assert_null(field("Idempotency-Key"));
}

Test(command, dry_run_shows_what_would_be)
{
    struct buffer data = talk_pack("{\"events\":[],\"state\":{\"balance\":5},\"changes\":[]}");
    submit("POST /bank:open/account/:new?dry_run=1" JSON, "{}");
    cr_assert_str_eq(
        reply((struct reply){
            .has_version = true, .version = 1, .identifier = slice_text("4f"), .data = buffer_slice(&data)}),
        "{\"data\":{\"events\":[],\"state\":{\"balance\":5},\"changes\":[],\"_id\":\"4f\",\"_etag\":\"1\"},"
        "\"status\":\"OK\"}");
    cr_assert_null(field("Location"), "nothing is there yet");
    cr_assert_null(field("ETag"));
    buffer_fini(&data);
}

Test(command, refusal_echoes_the_key_too)
{
    submit("POST /bank:withdraw/account/a" JSON "\nIdempotency-Key: k", "{}");
    reply((struct reply){.status = status_rejected, .code = slice_text("insufficient_funds")});
    assert_refused(&call, 422, "insufficient_funds");
    cr_assert_str_eq(field("Idempotency-Key"), "k");
    cr_assert_not_null(field("Fluvius-Command"));
}
