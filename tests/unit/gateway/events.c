/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events over HTTP: what is asked for, and how records are written. */
#include "services/gateway/events.h"

#include <stdio.h>

#include "proto/position.h"
#include "tests/unit/gateway/talk.h"

static struct call call;
static struct guard guard;
static struct events_query query;

static void start(void)
{
    guard = talk_guard();
}
static void finish(void)
{
    events_query_fini(&query);
    call_fini(&call);
}
TestSuite(events_over_http, .init = start, .fini = finish);

static bool ask(const char *text)
{
    struct refusal refusal;
    events_query_fini(&query);
    cr_assert_eq(talk_submit(&call, &guard, text, ""), CALL_LOCAL, "%s", talk_body(&call));
    cr_assert_eq(call.url.kind, URL_FOLLOW);
    bool good = events_query_read(&call, &query, &refusal);
    if (!good)
        problem_answer(&call.answer, &refusal);
    return good;
}

Test(events_over_http, a_page_begins_at_the_beginning_and_a_stream_at_the_end)
{
    cr_assert(ask("GET /_events"));
    cr_assert(!query.stream && query.follow.from.size == 0);
    cr_assert(ask("GET /_events\nAccept: text/html, text/event-stream;q=0.9"));
    cr_assert(query.stream && slice_is(query.follow.from, "end"));
}

Test(events_over_http, a_stream_goes_on_after_the_last_event_it_had)
{
    cr_assert(ask("GET /_events?from=begin\nAccept: text/event-stream\nLast-Event-ID: 1f:2.3"));
    cr_assert(slice_is(query.follow.from, "1f:2.3"));
}

Test(events_over_http, parameters_choose_records)
{
    cr_assert(ask("GET /_events?namespace=bank&resource=acc%6Funt&types=opened,closed&partitions=1,7&limit=9&wait_ms=50"
                  "&platform=1"));
    cr_assert(slice_is(query.follow.namespace, "bank") && slice_is(query.follow.resource, "account"));
    cr_assert(slice_equal(query.follow.types,
                          slice_of("\xdc\x00\x02\xa6opened\xa6"
                                   "closed",
                                   17)));
    cr_assert(slice_equal(query.follow.partitions, slice_of("\xdc\x00\x02\x01\x07", 5)));
    cr_assert(query.follow.limit == 9 && query.follow.wait_ms == 50 && query.follow.platform);
}

Test(events_over_http, a_plus_is_a_space_as_in_every_query_string)
{
    cr_assert(ask("GET /_audit?user=grace+hopper&resource=a%2Bb&identifier=c%20d"));
    cr_assert(slice_is(query.follow.user, "grace hopper"));
    cr_assert(slice_is(query.follow.resource, "a+b"));
    cr_assert(slice_is(query.follow.identifier, "c d"));
}

Test(events_over_http, an_aggregates_events_are_a_stream_when_the_client_takes_one)
{
    cr_assert(ask("GET /bank.account/alice/events?from=begin\nAccept: text/event-stream"));
    cr_assert(slice_is(query.follow.identifier, "alice") && slice_is(query.follow.from, "begin"));
    cr_assert_eq(talk_submit(&call, &guard, "GET /bank.account/alice/events", ""), CALL_ASK);
    cr_assert_eq(call.request.operation, operation_events);
}

Test(events_over_http, a_time_is_read_as_in_rfc_3339)
{
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-24T13:17:19.701188Z", INT64_C(1795526239701188)},
        {"2026-11-24t14:17:19%2B01:00", INT64_C(1795526239000000)},
        {"2026-11-24t14:17:19+01:00", INT64_C(1795526239000000)}, /* not encoded */
        {"2026-11-24t12:17:19-01:00", INT64_C(1795526239000000)},
        {"1969-12-31T23:59:59.5Z", -500000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET /_events?since=%s", cases[i].text);
        cr_assert(ask(text), "%s", text);
        cr_assert_eq(query.follow.since_us, cases[i].us, "%s", text);
    }
}

Test(events_over_http, what_cannot_be_meant_is_refused)
{
    static const struct {
        const char *text, *code;
    } cases[] = {
        {"GET /_events?type=opened", "unknown_parameter"},
        {"GET /_events?limit=5&limit=5", "repeated_parameter"},
        {"GET /_events?limit=0", "bad_limit"},
        {"GET /_events?limit=1001", "bad_limit"},
        {"GET /_events?wait_ms=30001", "bad_wait_ms"},
        {"GET /_events?partitions=1,x", "bad_partitions"},
        {"GET /_events?since=yesterday", "bad_since"},
        {"GET /_events?since=2026-13-01T00:00:00Z", "bad_since"},
        {"GET /_events?since=2026-11-24%2014:17:19Z", "bad_since"},
        {"GET /_events?until=2026-11-24T24:17:19Z", "bad_until"},
        {"GET /_events?namespace=%4", "bad_escape"},
        {"GET /bank.account/alice/events?namespace=shop\nAccept: text/event-stream", "unknown_parameter"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char wanted[64];
        cr_assert_not(ask(cases[i].text), "%s", cases[i].text);
        snprintf(wanted, sizeof wanted, "\"errcode\":\"%s\"", cases[i].code);
        cr_assert(talk_says(&call, wanted), "%s: %s", cases[i].text, talk_body(&call));
    }
}

/* ---- writing ---- */

static struct record record_at(uint32_t partition, uint64_t seq)
{
    static const uint8_t data[] = "\x81\xa6"
                                  "amount\x05";
    return (struct record){
        .partition = partition,
        .seq = seq,
        .version = 3,
        .schema = 1,
        .time_us = INT64_C(1795526239701188),
        .stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text("a b")},
        .event = slice_text("deposited"),
        .data = slice_of(data, sizeof data - 1),
        .command = slice_text("deposit"),
        .user = slice_text("ann")};
}

Test(events_over_http, a_record_is_a_cloud_event)
{
    struct buffer out = {0};
    struct record record = record_at(4, 17);
    render_cloud_event(&out, 0x1f, &record);
    buffer_append(&out, "", 1);
    cr_assert_str_eq(
        (const char *)out.data,
        "{\"specversion\":\"1.0\",\"id\":\"1f:4.17\",\"source\":\"/bank.account/a%20b\","
        "\"type\":\"bank.account.deposited\",\"subject\":\"a b\",\"time\":\"2026-11-24T13:17:19.701188Z\","
        "\"streamversion\":3,\"schemaversion\":1,\"partition\":4,\"sequence\":\"00000000000000000017\","
        "\"realm\":\"default\",\"commandname\":\"deposit\",\"commandid\":\"00000000-0000-0000-0000-000000000000\","
        "\"actor\":\"ann\",\"datacontenttype\":\"application/json\",\"data\":{\"amount\":5}}");
    buffer_fini(&out);
}

/* The ids of a stream's events, with spaces between. */
static const char *ids(struct slice text)
{
    static char found[512];
    const char *at = (const char *)text.data, *end = at + text.size;
    found[0] = 0;
    while ((at = memmem(at, (size_t)(end - at), "id: ", 4)) != NULL) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s ", (int)(line - at - 4), at + 4);
        at = line;
    }
    return found;
}

Test(events_over_http, each_event_of_a_stream_has_the_position_behind_it)
{
    struct buffer records = {0}, out = {0};
    const struct record three[] = {record_at(0, 5), record_at(0, 9), record_at(1, 2)};
    uint64_t seqs[3] = {12, 4, 0}; /* where the reply ends */
    write_array(&records, 3);
    for (size_t i = 0; i < 3; i++)
        record_encode(&records, &three[i]);
    render_stream(&out, 0x1f, buffer_slice(&records), seqs, 3); /* 5 1 0, 9 1 0, 9 2 0 */
    cr_expect_str_eq(ids(buffer_slice(&out)), "1f:=AQgAAQ 1f:=AwwDBQ 1f:=AwwBBQ ");
    buffer_fini(&records);
    buffer_fini(&out);
}
