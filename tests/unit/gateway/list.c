/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lists over HTTP: parameters, path query and scope become one query; pages become bodies, links and tags. */
#include "services/gateway/list.h"

#include <stdio.h>

#include "proto/json.h"
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
TestSuite(list_over_http, .init = start, .fini = finish);

/* The data of the request that this becomes, as JSON. */
static const char *asked(const char *text)
{
    static struct buffer json;
    cr_assert_eq(talk_submit(&call, &guard, text, ""), CALL_ASK, "%s: %s", text, talk_body(&call));
    cr_assert_eq(call.request.operation, operation_query);
    cr_assert(slice_is(call.request.namespace, "bank"));
    cr_assert(slice_is(call.request.resource, "account"));
    buffer_clear(&json);
    cr_assert_eq(msgpack_to_json(call.request.data, &json), error_none);
    buffer_append(&json, "", 1);
    return (const char *)json.data;
}

Test(list_over_http, a_list_without_more_asks_for_everything)
{
    cr_assert_str_eq(asked("GET /bank.account/"), "{}");
    cr_assert_str_eq(asked("GET /bank.account"), "{}");
}

Test(list_over_http, parameters_go_on_as_they_are)
{
    cr_assert_str_eq(asked("GET /bank.account/?limit=10&page=2&sort=balance.desc,_id.asc&include=owner&total=false"),
                     "{\"sort\":\"balance.desc,_id.asc\",\"include\":\"owner\",\"limit\":\"10\",\"page\":\"2\","
                     "\"total\":\"false\"}");
    cr_assert_str_eq(asked("GET /bank.account/?text=two+words&exclude=note&deleted=true&cursor=abc"),
                     "{\"exclude\":\"note\",\"cursor\":\"abc\",\"text\":\"two words\",\"deleted\":\"true\"}");
}

Test(list_over_http, query_is_json)
{
    cr_assert_str_eq(asked("GET /bank.account/?query=%7B%22owner.has%22%3A%22a%2Bb+c%22%7D"),
                     "{\"query\":{\"owner.has\":\"a+b c\"}}");
}

Test(list_over_http, path_query_is_json_to_url)
{
    cr_assert_str_eq(asked("GET /bank.account/~owner.eq:Keynes%20J,balance.gt:10/"),
                     "{\"query\":{\"owner.eq\":\"Keynes J\",\"balance.gt\":10}}");
}

Test(list_over_http, scope_is_a_map_of_texts)
{
    cr_assert_str_eq(asked("GET /bank.account/branch=7/"), "{\"scope\":{\"branch\":\"7\"}}");
    cr_assert_str_eq(asked("GET /bank.account/branch=7:desk=a%2Fb+c/"),
                     "{\"scope\":{\"branch\":\"7\",\"desk\":\"a/b c\"}}");
    cr_assert_str_eq(asked("GET /bank.account/owner.given=a%3Db%3Ac:note=/"),
                     "{\"scope\":{\"owner.given\":\"a=b:c\",\"note\":\"\"}}");
    cr_assert_str_eq(asked("GET /bank.account/branch=a=b/"), "{\"scope\":{\"branch\":\"a=b\"}}");
}

Test(list_over_http, all_three_hold_together)
{
    cr_assert_str_eq(asked("GET /bank.account/branch=7/~owner:x/?query=%7B%22a%22%3A1%7D"),
                     "{\"query\":{\".and\":[{\"a\":1},{\"owner\":\"x\"}]},\"scope\":{\"branch\":\"7\"}}");
}

Test(list_over_http, a_row_in_a_scope_is_looked_for_in_it)
{
    cr_assert_str_eq(asked("GET /bank.account/branch=7/a1"),
                     "{\"query\":{\"_id.eq\":\"a1\"},\"scope\":{\"branch\":\"7\"}}");
    cr_assert_eq(call.url.kind, URL_ITEM);
}

Test(list_over_http, an_identifier_with_an_equals_sign_is_one_without_a_slash_behind)
{
    cr_assert_eq(talk_submit(&call, &guard, "GET /bank.account/a=b", ""), CALL_ASK);
    cr_assert_eq(call.url.kind, URL_STATE);
    cr_assert(slice_is(call.url.identifier, "a=b"));
}

Test(list_over_http, positions_of_parameter_and_header_are_joined)
{
    cr_assert_str_eq(asked("GET /bank.account/?at_least=1f:2.3"), "{\"at_least\":\"1f:2.3\"}");
    cr_assert_str_eq(asked("GET /bank.account/\nFluvius-Position: 1f:2.3"), "{\"at_least\":\"1f:2.3\"}");
    cr_assert_str_eq(asked("GET /bank.account/?at_least=1f:2.3\nFluvius-Position: 1f:4.5"),
                     "{\"at_least\":\"1f:2.3,1f:4.5\"}");
}

Test(list_over_http, faults_of_the_url_are_told_by_name)
{
    static const struct {
        const char *path, *code;
    } faults[] = {
        {"/bank.account/?sorts=a", "unknown_parameter"},
        {"/bank.account/?sort=a&sort=b", "repeated_parameter"},
        {"/bank.account/?query=x", "bad_query"},
        {"/bank.account/?query=%5B1%5D", "bad_query"},
        {"/bank.account/?text=%zz", "bad_escape"},
        {"/bank.account/?text=%ff", "bad_utf8"},
        {"/bank.account/~a/", "bad_path_query"},
        {"/bank.account/~a:(1/", "bad_path_query"},
        {"/bank.account/=x/", "bad_scope"},
        {"/bank.account/a=1:b/", "bad_scope"},
        {"/bank.account/a=1:/", "bad_scope"},
        {"/bank.account/a=1:a=2/", "bad_scope"},
        {"/bank.account/a=%ff/", "bad_scope"},
        {"/bank.account/a=%zz/", "bad_scope"},
        {"/bank.account/a=%ff/x/events", "bad_scope"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char text[200], code[64];
        snprintf(text, sizeof text, "GET %s", faults[i].path);
        snprintf(code, sizeof code, "\"errcode\":\"%s\"", faults[i].code);
        cr_expect_eq(talk_open(&call, &guard, text), CALL_REFUSED, "%s", text);
        cr_expect_eq(call.answer.status, 400, "%s", text);
        cr_expect(talk_says(&call, code), "%s: %s", text, talk_body(&call));
    }
}

Test(list_over_http, only_get_is_allowed)
{
    cr_assert_eq(talk_open(&call, &guard, "POST /bank.account/"), CALL_REFUSED);
    cr_assert_eq(call.answer.status, 405);
}

static void reply_page(struct query_page page, const char *rows)
{
    struct buffer data = {0};
    page.rows = slice_text(rows);
    query_page_encode(&data, &page);
    call_reply(&call, &(struct reply){.position = slice_text("1f:0.9"), .data = buffer_slice(&data)});
    buffer_fini(&data);
}

static const char *field(const char *name)
{
    return answer_find_field(&call.answer, name);
}

Test(list_over_http, a_page_has_rows_and_meta)
{
    asked("GET /bank.account/");
    reply_page(
        (struct query_page){.limit = 25, .page = 1, .has_total = true, .has_pages = true, .total = 1, .pages = 1},
        "[{\"_id\":\"a1\",\"balance\":5}]");
    cr_assert_str_eq(talk_body(&call),
                     "{\"data\":[{\"_id\":\"a1\",\"balance\":5}],\"meta\":{\"limit\":25,\"page\":1,\"total\":1,"
                     "\"pages\":1,\"next\":null},\"status\":\"OK\"}");
    cr_assert_str_eq(field("Fluvius-Position"), "1f:0.9");
}

Test(list_over_http, pages_are_linked)
{
    asked("GET /bank.account/branch=7/~owner:x/?limit=10&page=2&sort=a.asc");
    reply_page((struct query_page){.limit = 10,
                                   .page = 2,
                                   .has_total = true,
                                   .has_pages = true,
                                   .total = 25,
                                   .pages = 3,
                                   .next = slice_text("c/r")},
               "[]");
    cr_assert_str_eq(field("Link"),
                     "</bank.account/branch=7/~owner:x/?limit=10&sort=a.asc&cursor=c%2Fr>; rel=\"next\", "
                     "</bank.account/branch=7/~owner:x/?limit=10&sort=a.asc&page=1>; rel=\"prev\", "
                     "</bank.account/branch=7/~owner:x/?limit=10&sort=a.asc&page=1>; rel=\"first\", "
                     "</bank.account/branch=7/~owner:x/?limit=10&sort=a.asc&page=3>; rel=\"last\"");
}

Test(list_over_http, a_page_that_ended_early_has_a_total_and_no_number)
{
    asked("GET /bank.account/?limit=1000");
    reply_page((struct query_page){.limit = 1000, .has_total = true, .total = 3000, .next = slice_text("c")}, "[]");
    cr_assert_str_eq(talk_body(&call),
                     "{\"data\":[],\"meta\":{\"limit\":1000,\"page\":null,\"total\":3000,\"pages\":null,"
                     "\"next\":\"c\"},\"status\":\"OK\"}");
    cr_assert_str_eq(field("Link"),
                     "</bank.account/?limit=1000&cursor=c>; rel=\"next\", "
                     "</bank.account/?limit=1000&page=1>; rel=\"first\"");
}

/* An aggregate answers by itself; a row of a projection has none. */
Test(list_over_http, a_row_of_a_projection_is_a_query)
{
    static struct projection_name names[] = {{{(const uint8_t *)"bank", 4}, {(const uint8_t *)"account", 7}}};
    const struct projections projections = {.names = names, .count = 1};
    cr_assert_eq(talk_submit(&call, &guard, "GET /bank.account/a1", ""), CALL_ASK);
    cr_assert_eq(call.request.operation, operation_state);
    call.projections = &projections;
    cr_assert_str_eq(asked("GET /bank.account/a1%3A2?include=owner"), "{\"include\":\"owner\",\"id\":\"a1:2\"}");
    call.projections = NULL;
}

Test(list_over_http, what_is_known_is_not_sent_again)
{
    char text[200];
    struct query_page page = {.limit = 25, .page = 1};
    asked("GET /bank.account/");
    reply_page(page, "[{\"_id\":\"a1\"}]");
    snprintf(text, sizeof text, "GET /bank.account/\nIf-None-Match: %s", field("ETag"));
    asked(text);
    reply_page(page, "[{\"_id\":\"a1\"}]");
    cr_assert_eq(call.answer.status, 304);
    cr_assert_eq(call.answer.body.size, 0);
    asked(text);
    reply_page(page, "[{\"_id\":\"a2\"}]");
    cr_assert_eq(call.answer.status, 200);
}

Test(list_over_http, what_cannot_be_answered_is_a_problem)
{
    asked("GET /bank.account/");
    call_reply(&call, &(struct reply){.status = status_unavailable, .code = slice_text("behind"), .retry_ms = 500});
    assert_refused(&call, 503, "behind");
    cr_assert_str_eq(field("Retry-After"), "1");
    asked("GET /bank.account/branch=7/a1");
    reply_page((struct query_page){.limit = 25, .page = 1}, "[]");
    assert_refused(&call, 404, "unknown_row");
}
