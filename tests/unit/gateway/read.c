/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads over HTTP: state, versions, conditions, pages of events. */
#include "services/gateway/read.h"

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
TestSuite(read_over_http, .init = start, .fini = finish);

static void ask(const char *text)
{
    cr_assert_eq(talk_submit(&call, &guard, text, ""), CALL_ASK);
}

static const char *reply(struct reply given)
{
    call_reply(&call, &given);
    return talk_body(&call);
}

static const char *field(const char *name)
{
    return answer_find_field(&call.answer, name);
}

Test(read_over_http, state_becomes_a_request)
{
    ask("GET /bank.account/alice");
    cr_assert_eq(call.request.operation, operation_state);
    cr_assert(slice_is(call.request.namespace, "bank"));
    cr_assert(slice_is(call.request.resource, "account"));
    cr_assert(slice_is(call.request.identifier, "alice"));
    cr_assert_eq(call.request.at_version, -1);
    cr_assert_not(call.request.has_id);
    ask("GET /bank.account/alice?version=3");
    cr_assert_eq(call.request.at_version, 3);
}

Test(read_over_http, a_scope_is_carried)
{
    static const struct {
        const char *text;
        enum operation operation;
    } reads[] = {
        {"GET /bank.account/branch=7/alice?version=3", operation_state},
        {"GET /bank.account/branch=7/alice?at=2026-01-31T12:00:00Z", operation_state},
        {"GET /bank.account/branch=7/alice/events", operation_events},
        {"GET /bank.account/branch=7/alice/changes", operation_changes},
    };
    struct buffer scope = talk_pack("{\"branch\":\"7\"}");
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        ask(reads[i].text);
        cr_expect_eq(call.request.operation, reads[i].operation, "%s", reads[i].text);
        cr_expect(slice_equal(call.request.scope, buffer_slice(&scope)), "%s", reads[i].text);
        cr_expect(slice_is(call.request.identifier, "alice"));
    }
    ask("GET /bank.account/branch=7/alice");
    cr_expect_eq(call.request.operation, operation_query, "what is now is a row");
    ask("GET /bank.account/branch=7/alice?at_least=1f:2.3");
    cr_expect_eq(call.request.operation, operation_query);
    buffer_fini(&scope);
}

Test(read_over_http, state_has_its_identity)
{
    struct buffer data = talk_pack("{\"balance\":12,\"holder\":{\"given\":\"A\"}}");
    ask("GET /bank.account/alice");
    cr_assert_str_eq(
        reply((struct reply){.has_version = true, .version = 2, .data = buffer_slice(&data)}),
        "{\"data\":{\"balance\":12,\"holder\":{\"given\":\"A\"},\"_id\":\"alice\",\"_etag\":\"2\"},\"status\":\"OK\"}");
    cr_assert_str_eq(field("ETag"), "\"2\"");
    buffer_fini(&data);
}

Test(read_over_http, known_version_is_not_sent_again)
{
    ask("GET /bank.account/alice\nIf-None-Match: \"2\"");
    cr_assert_str_eq(reply((struct reply){.has_version = true, .version = 2}), "");
    cr_assert_eq(call.answer.status, 304);
    cr_assert_str_eq(field("ETag"), "\"2\"");
    reply((struct reply){.has_version = true, .version = 3});
    cr_assert_eq(call.answer.status, 200);
}

Test(read_over_http, absent_aggregate_is_a_problem)
{
    ask("GET /bank.account/nobody");
    reply((struct reply){.status = status_not_found, .code = slice_text("unknown_aggregate")});
    assert_refused(&call, 404, "unknown_aggregate");
}

Test(read_over_http, events_become_a_request)
{
    ask("GET /bank.account/alice/events?after=5&limit=10");
    cr_assert_eq(call.request.operation, operation_events);
    cr_assert_eq(call.request.from, 5);
    cr_assert_eq(call.request.limit, 10);
}

static struct buffer page(uint32_t count, int64_t next)
{
    struct buffer out = {0};
    struct buffer data = talk_pack("{\"amount\":1}");
    write_map(&out, 2);
    write_string(&out, "events");
    write_array(&out, count);
    for (uint32_t i = 0; i < count; i++) {
        struct record record = {
            .partition = 3, .seq = 40 + i, .version = i + 1, .time_us = 1700000000000001, .schema = 1};
        record.event = slice_text("deposited");
        record.command = slice_text("deposit");
        record.user = slice_text("anonymous");
        record.data = buffer_slice(&data);
        record_encode(&out, &record);
    }
    write_string(&out, "next");
    if (next >= 0)
        write_integer(&out, next);
    else
        write_nil(&out);
    buffer_fini(&data);
    return out;
}

Test(read_over_http, page_lists_records_and_the_next)
{
    struct buffer data = page(2, 2);
    ask("GET /bank.account/a%20b/events?limit=2");
    const char *body = reply((struct reply){.data = buffer_slice(&data)});
    cr_assert_not_null(
        strstr(body,
               "{\"data\":[{\"version\":1,\"type\":\"deposited\",\"schema\":1,"
               "\"time\":\"2023-11-14T22:13:20.000001Z\",\"data\":{\"amount\":1},\"command\":\"deposit\","
               "\"command_id\":\"00000000-0000-0000-0000-000000000000\",\"user\":\"anonymous\","
               "\"partition\":3,\"seq\":40},{\"version\":2,"),
        "%s",
        body);
    cr_assert_not_null(strstr(body, "],\"meta\":{\"limit\":2,\"next\":2},\"status\":\"OK\"}"), "%s", body);
    cr_assert_str_eq(field("Link"), "</bank.account/a%20b/events?after=2&limit=2>; rel=\"next\"");
    buffer_fini(&data);
}

Test(read_over_http, the_next_page_is_of_the_same_scope)
{
    struct buffer data = page(2, 2);
    ask("GET /bank.account/holder.given=A%20B:branch=7/a/events?limit=2");
    reply((struct reply){.data = buffer_slice(&data)});
    cr_assert_str_eq(field("Link"),
                     "</bank.account/holder.given=A%20B:branch=7/a/events?after=2&limit=2>; rel=\"next\"");
    buffer_fini(&data);
}

Test(read_over_http, last_page_has_no_next)
{
    struct buffer data = page(0, -1);
    ask("GET /bank.account/a/events?after=9");
    cr_assert_str_eq(reply((struct reply){.data = buffer_slice(&data)}),
                     "{\"data\":[],\"meta\":{\"limit\":25,\"next\":null},\"status\":\"OK\"}");
    cr_assert_null(field("Link"));
    buffer_fini(&data);
}

Test(read_over_http, reply_of_another_shape_does_no_harm)
{
    struct buffer data = talk_pack("[1,2]");
    ask("GET /bank.account/a/events");
    cr_assert_str_eq(reply((struct reply){.data = buffer_slice(&data)}),
                     "{\"data\":[],\"meta\":{\"limit\":25,\"next\":null},\"status\":\"OK\"}");
    ask("GET /bank.account/a");
    cr_assert_str_eq(reply((struct reply){.data = buffer_slice(&data)}),
                     "{\"data\":{\"_id\":\"a\"},\"status\":\"OK\"}");
    buffer_fini(&data);
}
