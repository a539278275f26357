/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Messages to /mcp: what goes to the bus, and what its answers become, without bus and HTTP. */
#include "services/gateway/mcp.h"

#include <stdio.h>

#include "services/gateway/description.h"
#include "services/gateway/mcp_listen.h"
#include "services/gateway/mcp_version.h"
#include "tests/unit/gateway/talk.h"

static struct call call;
static struct guard guard;
static struct mcp_server server;
static struct buffer described;
static const struct mcp_moment moment = {.now_s = 1000, .fresh = {{7}}};

static void start(void)
{
    guard = talk_guard();
    described =
        talk_pack("[{\"namespace\":\"bank\",\"doc\":\"Money.\",\"resources\":[{\"name\":\"account\",\"doc\":\"An "
                  "account.\",\"schema\":{\"type\":\"object\"},\"commands\":[{\"name\":\"open\",\"creates\":true,"
                  "\"schema\":{\"type\":\"object\",\"required\":[\"a\"]}},{\"name\":\"deposit\"}]}]}]");
    cr_assert_eq(mcp_index_build(&server.index, buffer_slice(&described)), 0);
}

static void finish(void)
{
    call_fini(&call);
    mcp_index_fini(&server.index);
    buffer_fini(&described);
}
TestSuite(mcp, .init = start, .fini = finish);

static enum call_next submit(const char *head, const char *body)
{
    char text[1024];
    snprintf(text, sizeof text, "POST /mcp\nContent-Type: application/json%s", head);
    cr_assert_eq(talk_submit(&call, &guard, text, body), CALL_LOCAL);
    return mcp_submit(&server, &call, slice_text(body), &moment);
}

static enum call_next use(const char *tool, const char *arguments)
{
    char body[1024];
    snprintf(body,
             sizeof body,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",\"arguments\":%s}}",
             tool,
             arguments);
    return submit("", body);
}

Test(mcp, a_command_becomes_a_request)
{
    struct buffer data = talk_pack("{\"amount\":5}");
    cr_assert_eq(use("bank_deposit",
                     "{\"identifier\":\"a\",\"data\":{\"amount\":5},\"expected_version\":3,\"dry_run\":true,"
                     "\"idempotency_key\":\"0192d0a0-1c7b-7000-8000-0123456789ab\"}"),
                 CALL_ASK);
    const struct request *request = &call.request;
    cr_assert_eq(request->operation, operation_command);
    cr_assert(slice_is(request->namespace, "bank") && slice_is(request->resource, "account"));
    cr_assert(slice_is(request->command, "deposit") && slice_is(request->identifier, "a"));
    cr_assert(slice_equal(request->data, buffer_slice(&data)));
    cr_assert(request->has_expected && request->expected == 3 && request->dry_run);
    cr_assert(request->has_id && request->id.bytes[0] == 0x01 && request->id.bytes[1] == 0x92);
    buffer_fini(&data);
}

Test(mcp, without_a_key_the_command_has_no_id_yet)
{
    cr_assert_eq(use("bank_open", "{\"data\":{}}"), CALL_ASK);
    cr_assert_not(call.request.has_id);
    cr_assert_eq(call.request.identifier.size, 0);
    cr_assert_not(call.request.dry_run);
}

Test(mcp, reads_become_requests)
{
    cr_assert_eq(use("bank_account_get", "{\"identifier\":\"a\",\"version\":2}"), CALL_ASK);
    cr_assert_eq(call.request.operation, operation_state);
    cr_assert_eq(call.request.at_version, 2);
    cr_assert_eq(use("bank_account_events", "{\"identifier\":\"a\",\"after\":4,\"limit\":9}"), CALL_ASK);
    cr_assert_eq(call.request.operation, operation_events);
    cr_assert_eq(call.request.from, 4);
    cr_assert_eq(call.request.limit, 9);
    cr_assert_eq(use("bank_account_get", "{\"identifier\":\"a\",\"at\":\"1970-01-01T00:00:02Z\"}"), CALL_ASK);
    cr_assert_eq(call.request.at_time_us, 2000000);
    cr_assert_eq(call.request.at_version, -1);
    cr_assert_eq(use("bank_account_changes", "{\"identifier\":\"a\",\"from\":2,\"to\":5}"), CALL_ASK);
    cr_assert_eq(call.request.operation, operation_changes);
    cr_assert(call.request.from == 2 && call.request.at_version == 5 && call.request.limit == limit_page_default);
}

static void expect_fault(const char *tool, const char *arguments, const char *fault)
{
    cr_expect_eq(use(tool, arguments), CALL_REFUSED);
    cr_expect(talk_says(&call, fault), "%s %s: %s", tool, arguments, talk_body(&call));
}

Test(mcp, what_reads_cannot_mean_is_told_by_argument)
{
    expect_fault(
        "bank_account_get", "{\"identifier\":\"a\",\"at\":\"yesterday\"}", "\"at\":\"/at\",\"code\":\"bad_time\"");
    expect_fault("bank_account_get", "{\"identifier\":\"a\",\"at\":3}", "\"code\":\"bad_time\"");
    expect_fault("bank_account_events", "{\"identifier\":\"a\",\"at\":\"1970-01-01T00:00:02Z\"}", "\"unknown_field\"");
    expect_fault("bank_account_changes", "{\"identifier\":\"a\",\"to\":0}", "\"at\":\"/to\",\"code\":\"out_of_range\"");
    expect_fault("bank_account_changes", "{\"from\":1}", "\"at\":\"/identifier\",\"code\":\"required\"");
}

Test(mcp, an_audit_is_a_search_of_the_domains_log)
{
    struct follow follow;
    struct slice field;
    cr_assert_eq(use("bank_audit",
                     "{\"user\":\"ann\",\"resource\":\"account\",\"types\":[\"opened\"],\"since\":"
                     "\"1970-01-01T00:00:02Z\",\"until\":\"1970-01-01T00:00:03Z\",\"from\":\"1f:0.3\",\"limit\":7}"),
                 CALL_ASK);
    cr_assert_eq(call.request.operation, operation_follow);
    cr_assert_eq(follow_decode(call.request.data, &follow, &field), error_none);
    cr_assert(slice_is(follow.namespace, "bank") && slice_is(follow.resource, "account"));
    cr_assert(slice_is(follow.user, "ann") && slice_is(follow.from, "1f:0.3"));
    cr_assert(follow.has_since && follow.since_us == 2000000 && follow.until_us == 3000000);
    cr_assert(follow.limit == 7 && follow.wait_ms == 0 && !follow.platform && follow.types.size > 0);
    expect_fault("bank_audit", "{\"usr\":\"ann\"}", "\"at\":\"/usr\",\"code\":\"unknown_field\"");
    expect_fault("bank_audit", "{\"user\":3}", "\"at\":\"/user\",\"code\":\"expected_text\"");
    expect_fault("bank_audit", "{\"since\":\"now\"}", "\"at\":\"/since\",\"code\":\"bad_time\"");
    expect_fault("bank_audit", "{\"command_id\":\"7\"}", "\"at\":\"/command_id\",\"code\":\"bad_uuid\"");
    expect_fault("bank_audit", "{\"limit\":0}", "\"at\":\"/limit\",\"code\":\"out_of_range\"");
}

Test(mcp, a_query_goes_on_as_it_is)
{
    struct buffer data = talk_pack("{\"query\":{\"balance.gt\":3},\"limit\":2}");
    cr_assert_eq(use("bank_account_query", "{\"query\":{\"balance.gt\":3},\"limit\":2}"), CALL_ASK);
    cr_assert_eq(call.request.operation, operation_query);
    cr_assert(slice_is(call.request.resource, "account"));
    cr_assert(slice_equal(call.request.data, buffer_slice(&data)));
    buffer_fini(&data);
}

static void read_uri(const char *uri, enum call_next wanted)
{
    char body[1024];
    snprintf(body,
             sizeof body,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"%s\"}}",
             uri);
    cr_assert_eq(submit("", body), wanted, "%s: %s", uri, talk_body(&call));
}

Test(mcp, uris_are_split_before_they_are_decoded)
{
    read_uri("fluvius://bank/account/%C3%A9%3Fx", CALL_ASK);
    cr_assert(slice_is(call.request.identifier, "\xc3\xa9?x"));
    read_uri("fluvius://bank/account/a%2Fevents", CALL_REFUSED);
    read_uri("fluvius://bank/account/a/events?after=2&limit=3", CALL_ASK);
    cr_assert_eq(call.request.operation, operation_events);
    cr_assert_eq(call.request.from, 2);
    read_uri("fluvius://bank/account/a?at=1970-01-01T00:00:02Z", CALL_ASK);
    cr_assert_eq(call.request.at_time_us, 2000000);
    read_uri("fluvius://bank/account/a/changes?from=2&to=4", CALL_ASK);
    cr_assert_eq(call.request.operation, operation_changes);
    cr_assert(call.request.from == 2 && call.request.at_version == 4);
    read_uri("fluvius://bank/account/a/changes?after=2", CALL_REFUSED);
    read_uri("fluvius://bank/account?text=a+b", CALL_ASK);
    cr_assert(slice_is(map_text(call.request.data, "text"), "a b"));
    read_uri("fluvius://bank/account?text=a%20b&limit=2", CALL_ASK);
    cr_assert(slice_is(map_text(call.request.data, "text"), "a b"));
    cr_assert(slice_is(map_text(call.request.data, "limit"), "2"));
    read_uri("fluvius://bank/account?text=%ff", CALL_REFUSED);
    read_uri("fluvius://bank/account?limit=1&limit=2", CALL_REFUSED);
    read_uri("fluvius://", CALL_REFUSED);
}

Test(mcp, replies_become_results)
{
    struct buffer data = talk_pack("{\"balance\":5}");
    cr_assert_eq(use("bank_account_get", "{\"identifier\":\"a\"}"), CALL_ASK);
    mcp_reply(&call,
              &(struct reply){.status = status_ok, .has_version = true, .version = 2, .data = buffer_slice(&data)});
    cr_assert_str_eq(
        talk_body(&call),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{ "
        "\"content\":[{\"type\":\"text\",\"text\":\"{\\\"status\\\":\\\"ok\\\",\\\"identifier\\\":\\\"a\\\","
        "\\\"version\\\":2,\\\"data\\\":{\\\"balance\\\":5}}\"}],\"structuredContent\":{\"status\":\"ok\","
        "\"identifier\":\"a\",\"version\":2,\"data\":{\"balance\":5}},\"isError\":false}}");
    buffer_fini(&data);
}

Test(mcp, trouble_of_the_bus_is_told_with_a_time_to_wait)
{
    cr_assert_eq(use("bank_deposit", "{\"identifier\":\"a\"}"), CALL_ASK);
    mcp_reply(&call,
              &(struct reply){.status = status_busy,
                              .code = slice_text("mailbox_full"),
                              .message = slice_text("too much"),
                              .retry_ms = 250});
    cr_assert_eq(call.answer.status, 200);
    cr_assert(talk_says(&call, "\"isError\":true"));
    cr_assert(talk_says(&call, "\"errcode\":\"mailbox_full\""));
    cr_assert(talk_says(&call, "\"retry_after_ms\":250"));
}

Test(mcp, lists_come_in_pages)
{
    struct buffer json = {0}, many;
    buffer_append_text(&json, "[{\"namespace\":\"n\",\"resources\":[{\"name\":\"r\",\"commands\":[");
    for (int i = 0; i < 120; i++)
        buffer_printf(&json, "%s{\"name\":\"c%03d\"}", i == 0 ? "" : ",", i);
    buffer_append_text(&json, "]}]}]");
    buffer_append(&json, "", 1);
    many = talk_pack((const char *)json.data);
    cr_assert_eq(mcp_index_build(&server.index, buffer_slice(&many)), 0);
    submit("", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
    cr_assert(talk_says(&call, "\"n_c000\"") && talk_says(&call, "\"nextCursor\":\"after:n_c048\""));
    submit("", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":\"after:n_c099\"}}");
    cr_assert(talk_says(&call, "\"n_c100\"") && talk_says(&call, "\"n_r_query\""));
    cr_assert_not(talk_says(&call, "\"n_c099\"") || talk_says(&call, "nextCursor"));
    buffer_fini(&json);
    buffer_fini(&many);
}

Test(mcp, an_unknown_name_asks_for_newer_descriptions)
{
    cr_assert_eq(use("bank_new", "{}"), CALL_REFUSED);
    cr_assert(call.mcp.unknown);
    cr_assert_eq(use("bank_deposit", "{\"identifier\":\"a\"}"), CALL_ASK);
    cr_assert_not(call.mcp.unknown);
}

#define MODERN "\nMCP-Protocol-Version: 2026-07-28\nMcp-Method: subscriptions/listen"
#define META                                                                                                           \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                                           \
    "\"io.modelcontextprotocol/clientCapabilities\":{}}"

static enum call_next listen_to(const char *filter)
{
    char body[8192];
    snprintf(body,
             sizeof body,
             "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"subscriptions/"
             "listen\",\"params\":{\"notifications\":%s," META "}}",
             filter);
    return submit(MODERN, body);
}

static void add_record(struct buffer *out, const char *resource, const char *identifier)
{
    record_encode(out,
                  &(struct record){.seq = 1,
                                   .version = 1,
                                   .stream = {.realm = slice_text("one"),
                                              .namespace = slice_text("bank"),
                                              .resource = slice_text(resource),
                                              .identifier = slice_text(identifier)},
                                   .event = slice_text("opened"),
                                   .command = slice_text("open"),
                                   .user = slice_text("ann")});
}

Test(mcp, a_stream_says_which_of_the_resources_changed)
{
    struct buffer out = {0}, records = {0};
    cr_assert_eq(
        listen_to("{\"resourceSubscriptions\":[\"fluvius://bank/account/a\",\"fluvius://bank/account/b/events\","
                  "\"fluvius://bank/account\",\"test://x\"],\"toolsListChanged\":true}"),
        CALL_LOCAL);
    mcp_listen_begin(&call, &out);
    buffer_append(&out, "", 1);
    cr_assert_str_eq(
        (const char *)out.data,
        "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\","
        "\"params\":{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":\"x\"},\"notifications\":{"
        "\"resourceSubscriptions\":[\"fluvius://bank/account/a\",\"fluvius://bank/account/b/events\"]}}}\n\n");
    write_array(&records, 4);
    add_record(&records, "account", "b");
    add_record(&records, "account", "c");
    add_record(&records, "other", "a");
    add_record(&records, "account", "b");
    buffer_clear(&out);
    mcp_listen_changes(&call, buffer_slice(&records), &out);
    buffer_append(&out, "", 1);
    cr_assert_str_eq((const char *)out.data,
                     "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\","
                     "\"params\":{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":\"x\"},"
                     "\"uri\":\"fluvius://bank/account/b/events\"}}\n\n");
    buffer_fini(&out);
    buffer_fini(&records);
}

static struct follow follow_of(const char *filter)
{
    struct follow follow = {0};
    cr_assert_eq(listen_to(filter), CALL_LOCAL);
    mcp_listen_follow(&call, &follow);
    return follow;
}

Test(mcp, a_stream_reads_no_more_of_the_log_than_it_has_to)
{
    struct follow one = follow_of("{\"resourceSubscriptions\":[\"fluvius://bank/account/a\","
                                  "\"fluvius://bank/account/a/events\"]}");
    cr_assert(slice_is(one.namespace, "bank") && slice_is(one.resource, "account") && slice_is(one.identifier, "a"));
    struct follow two =
        follow_of("{\"resourceSubscriptions\":[\"fluvius://bank/account/a\",\"fluvius://bank/account/b\"]}");
    cr_assert(slice_is(two.namespace, "bank") && slice_is(two.resource, "account") && two.identifier.size == 0);
}

Test(mcp, a_stream_that_would_say_nothing_ends_at_once)
{
    cr_assert_eq(listen_to("{\"promptsListChanged\":true}"), CALL_REFUSED);
    cr_assert_eq(call.answer.media, MEDIA_STREAM);
    cr_assert(talk_says(&call, "\"notifications\":{}}}") && talk_says(&call, "\"resultType\":\"complete\""));
}

Test(mcp, a_stream_that_cannot_begin_is_an_error_of_the_protocol)
{
    cr_assert_eq(listen_to("{\"resourceSubscriptions\":[\"fluvius://bank/account/a\"]}"), CALL_LOCAL);
    mcp_listen_refuse(&call,
                      &(struct reply){.status = status_busy,
                                      .code = slice_text("streams_full"),
                                      .message = slice_text("too many"),
                                      .retry_ms = 250});
    cr_assert_eq(call.answer.media, MEDIA_JSON);
    cr_assert(talk_says(&call, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32603"));
    cr_assert(talk_says(&call, "\"errcode\":\"streams_full\"") && talk_says(&call, "\"retry_after_ms\":250"));
}

Test(mcp, what_is_listened_to_is_bounded)
{
    struct buffer filter = {0};
    buffer_append_text(&filter, "{\"resourceSubscriptions\":[\"x\"");
    for (int i = 0; i < MCP_LISTEN_MAX; i++)
        buffer_append_text(&filter, ",\"x\"");
    buffer_append(&filter, "]}", 3);
    cr_assert_eq(listen_to((const char *)filter.data), CALL_REFUSED);
    cr_assert(talk_says(&call, "-32602"));
    cr_assert_eq(listen_to("{\"resourceSubscriptions\":[3]}"), CALL_REFUSED);
    cr_assert(talk_says(&call, "-32602"));
    cr_assert_eq(listen_to("[]"), CALL_REFUSED);
    cr_assert(talk_says(&call, "-32602"));
    buffer_fini(&filter);
}

Test(mcp, encoded_names_are_compared_decoded)
{
    cr_assert(mcp_name_equal(slice_text("a b"), slice_text("a b")));
    cr_assert_not(mcp_name_equal(slice_text("a"), slice_text("ab")));
    cr_assert(mcp_name_equal(slice_text("=?base64?SGVsbG8=?="), slice_text("Hello")));
    cr_assert(mcp_name_equal(slice_text("=?base64?4piD?="), slice_text("\xe2\x98\x83")));
    cr_assert(mcp_name_equal(slice_text("=?base64?"
                                        "?="),
                             slice_text("")));
    cr_assert_not(mcp_name_equal(slice_text("=?base64?SGVsbG8=?="), slice_text("Hell")));
    cr_assert_not(mcp_name_equal(slice_text("=?base64?SGVsbA==?="), slice_text("Hello")));
    cr_assert_not(mcp_name_equal(slice_text("=?base64?SGVsbG8?="), slice_text("Hello")));
    cr_assert_not(mcp_name_equal(slice_text("=?base64?S=VsbG8=?="), slice_text("Hello")));
    cr_assert_not(mcp_name_equal(slice_text("=?base64?SGVsbG8=?="), slice_text("=?base64?SGVsbG8=?=")));
}
