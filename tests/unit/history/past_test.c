/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What was, from the log alone: an account is written to a store in memory, and read by who owns nothing of it. */
#include "services/history/past.h"

#include "proto/json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { BEGIN_US = 1700000000 };

struct scene {
    struct store *store;
    struct domain *domain;
    struct journal journal;
    struct past_config config;
    struct aggregate *aggregate; /* the account, as it is */
    uint64_t seqs[4], last;      /* heads of the partitions; of the account's last event */
    uint32_t events;
    struct past *past; /* the last one asked */
    struct request request;
    struct buffer scope;
    uint32_t steps;
};

static struct scene s;

static struct stream account(const char *identifier)
{
    return (struct stream){slice_text("default"), slice_text("bank"), slice_text("account"), slice_text(identifier)};
}

static void event_append(const char *identifier, const struct decided_event *event)
{
    const struct stream stream = account(identifier);
    uint64_t hash = stream_hash(&stream);
    uint32_t partition = stream_partition(hash, 4);
    bool own = strcmp(identifier, "a") == 0;
    struct store_record record = {.partition = partition,
                                  .seq = ++s.seqs[partition],
                                  .previous = own ? s.last : 0,
                                  .version = own ? ++s.events : 1,
                                  .time_us = BEGIN_US + 10 * (int64_t)s.events,
                                  .stream = stream,
                                  .stream_hash = hash,
                                  .event = slice_text(event->name),
                                  .schema = event->schema,
                                  .data = event->data,
                                  .command = slice_text("deed"),
                                  .user = slice_text("ada"),
                                  .receipt = true};
    cr_assert_eq(store_append(s.store, partition % 2, &record, 1, NULL), error_none);
    if (own)
        s.last = record.seq;
}

/* A command on an account, whose events are appended; "a" is kept as it is. */
static void deed(const char *identifier, const char *command, const char *json)
{
    static const uint8_t id[16] = {1};
    struct buffer data = {0};
    struct decision_result result = {0};
    const struct domain_resource *resource = domain_resource(s.domain, slice_text("account"));
    struct aggregate *other = strcmp(identifier, "a") == 0 ? NULL : aggregate_new(resource);
    struct aggregate *aggregate = other == NULL ? s.aggregate : other;
    cr_assert_eq(json_to_msgpack(slice_text(json), &data, NULL), error_none);
    struct decision_input input = {.command = domain_command(resource, slice_text(command)),
                                   .data = buffer_slice(&data),
                                   .id = id,
                                   .user = slice_text("ada"),
                                   .realm = slice_text("default"),
                                   .identifier = slice_text(identifier)};
    aggregate_decide(aggregate, &input, &result);
    cr_assert_eq(result.outcome, DECISION_ACCEPTED, "%s", result.message);
    for (uint32_t i = 0; i < result.count; i++) {
        const struct decided_event *event = &result.events[i];
        event_append(identifier, event);
        struct domain_fault fault;
        cr_assert_eq(aggregate_apply(aggregate, slice_text(event->name), event->schema, event->data, &fault),
                     error_none);
    }
    decision_fini(&result);
    buffer_fini(&data);
    aggregate_free(&other);
}

#define OPEN "{\"holder\":{\"given\":\"Ada\",\"family\":\"King\"}}"

static void deposits(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        deed("a", "deposit", "{\"amount\":1}");
}

/* Version 1 opens, 2 puts 100 in; afterwards version v has 98 + v. */
static void begin(void)
{
    struct store_config config = {
        .url = "memory:", .partitions = 4, .units = 2, .create = true, .holder = "writer", .incarnation = 7};
    struct domain_fault fault;
    const struct store_claim *claim;
    s = (struct scene){0};
    cr_assert_eq(store_open(&s.store, &config, NULL), error_none);
    for (uint32_t unit = 0; unit < 2; unit++)
        cr_assert_eq(store_claim(s.store, unit, &claim, NULL), error_none);
    cr_assert_eq(domain_new(&s.domain, fluvius_module_1(), &fault), error_none);
    journal_open(&s.journal);
    s.config = (struct past_config){.domains = &s.domain, .domain_count = 1, .journal = &s.journal};
    store_info(s.store, &s.config.log);
    s.aggregate = aggregate_new(domain_resource(s.domain, slice_text("account")));
    deed("a", "open", OPEN);
    deed("a", "deposit", "{\"amount\":100}");
}

static void end(void)
{
    past_free(&s.past);
    buffer_fini(&s.scope);
    aggregate_free(&s.aggregate);
    domain_free(&s.domain);
    store_close(&s.store);
}

TestSuite(history, .init = begin, .fini = end);

static const struct reply *call(const struct request *request)
{
    past_free(&s.past);
    s.request = *request;
    s.past = past_new(&s.config, &s.request, slice_text("default"));
    cr_assert_not_null(s.past);
    for (s.steps = 1; !past_step(s.past, s.store); s.steps++)
        ;
    return past_reply(s.past);
}

struct asked {
    enum operation operation;
    const char *identifier, *resource, *namespace;
    int64_t version, at_us, partition; /* version 0: none */
    uint64_t from;
    uint32_t limit;
    const char *scope; /* JSON; NULL: none */
};

static const struct reply *ask_for(const struct asked *asked)
{
    struct request request = request_of(asked->operation);
    request.namespace = slice_text(asked->namespace == NULL ? "bank" : asked->namespace);
    request.resource = slice_text(asked->resource == NULL ? "account" : asked->resource);
    request.identifier = slice_text(asked->identifier == NULL ? "a" : asked->identifier);
    request.at_version = asked->version == 0 ? -1 : asked->version;
    request.at_time_us = asked->at_us;
    request.partition = asked->partition;
    request.from = asked->from;
    request.limit = asked->limit == 0 ? 25 : asked->limit;
    buffer_clear(&s.scope);
    cr_assert(asked->scope == NULL || json_to_msgpack(slice_text(asked->scope), &s.scope, NULL) == error_none);
    request.scope = buffer_slice(&s.scope);
    return call(&request);
}
#define ask(...) ask_for(&(struct asked){__VA_ARGS__})

static void refused(const struct reply *reply, enum status status, const char *code)
{
    cr_assert_eq(reply->status, status, "%.*s", (int)reply->code.size, (const char *)reply->code.data);
    cr_assert(slice_is(reply->code, code), "%.*s", (int)reply->code.size, (const char *)reply->code.data);
}

static struct slice field(struct slice map, const char *key)
{
    struct slice raw;
    cr_assert_eq(msgpack_find(map, key, &raw), error_none, "%s", key);
    return raw;
}

static int64_t integer_at(struct slice map, const char *key)
{
    int64_t number;
    struct reader reader = reader_of(field(map, key));
    cr_assert_eq(reader_integer(&reader, &number), error_none, "%s", key);
    return number;
}

/* 0 on the last page. */
static uint64_t next_of(const struct reply *reply)
{
    return field(reply->data, "next").data[0] == 0xc0 ? 0 : (uint64_t)integer_at(reply->data, "next");
}

/* ---- states ---- */

Test(history, the_state_at_every_version_is_what_it_was)
{
    deposits(40);
    for (int64_t version = 2; version <= 42; version++) {
        const struct reply *reply = ask(.operation = operation_state, .version = version);
        cr_assert_eq(reply->status, status_ok);
        cr_assert_eq(reply->version, (uint64_t)version);
        cr_assert_eq(integer_at(reply->data, "balance"), 98 + version);
    }
    refused(ask(.operation = operation_state, .version = 43), status_not_found, "unknown_version");
    refused(ask(.operation = operation_state, .version = 1, .identifier = "z"), status_not_found, "unknown_aggregate");
}

Test(history, the_state_at_a_time_is_that_after_the_last_event_until_then)
{
    deposits(10);
    for (int64_t version = 2; version <= 12; version++) {
        int64_t time_us = BEGIN_US + 10 * version;
        cr_assert_eq(ask(.operation = operation_state, .at_us = time_us)->version, (uint64_t)version);
        cr_assert_eq(ask(.operation = operation_state, .at_us = time_us - 1)->version, (uint64_t)version - 1);
    }
    cr_assert_eq(ask(.operation = operation_state, .at_us = INT64_MAX)->version, 12);
    refused(ask(.operation = operation_state, .at_us = BEGIN_US), status_not_found, "unknown_aggregate");
}

Test(history, a_long_stream_is_folded_in_steps)
{
    deposits(9000);
    cr_assert_eq(integer_at(ask(.operation = operation_state, .version = 9002)->data, "balance"), 9100);
    cr_assert_eq(s.steps, 3);
    cr_assert_eq(integer_at(ask(.operation = operation_state, .version = 4096)->data, "balance"), 98 + 4096);
    cr_assert_eq(s.steps, 1);
    cr_assert_eq(ask(.operation = operation_state, .at_us = BEGIN_US + 10 * 8000)->version, 8000);
    cr_assert_eq(s.steps, 2);
}

Test(history, what_is_appended_between_two_steps_is_seen)
{
    deposits(4095);
    struct request request = request_of(operation_state);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.identifier = slice_text("a");
    struct past *past = past_new(&s.config, &request, slice_text("default"));
    cr_assert_not(past_step(past, s.store));
    deposits(5);
    cr_assert(past_step(past, s.store));
    cr_assert_eq(past_reply(past)->version, 4102);
    past_free(&past);
}

/* ---- snapshots ---- */

/* The account's snapshot as it is now; a state that is not NULL is what is written instead. */
static void snapshot_write(uint64_t fingerprint, struct slice *state)
{
    const struct stream stream = account("a");
    uint64_t hash = stream_hash(&stream);
    struct buffer own = {0};
    bool more;
    cr_assert_eq(aggregate_encode(s.aggregate, &own), error_none);
    struct store_snapshot_write write = {.partition = stream_partition(hash, 4), .stream = stream, .stream_hash = hash};
    write.snapshot = (struct store_snapshot){.version = s.events,
                                             .seq = s.last,
                                             .time_us = BEGIN_US + 10 * (int64_t)s.events,
                                             .fingerprint = fingerprint,
                                             .state = state == NULL ? buffer_slice(&own) : *state};
    cr_assert_eq(store_maintain(s.store, write.partition % 2, &write, 1, 0, &more, NULL), error_none);
    buffer_fini(&own);
}

static void state_is(const struct reply *reply, int64_t version, uint32_t steps)
{
    cr_assert_eq(reply->status, status_ok);
    cr_assert_eq(reply->version, (uint64_t)version);
    cr_assert_eq(integer_at(reply->data, "balance"), 98 + version);
    cr_assert_eq(s.steps, steps, "%u steps", s.steps);
}

Test(history, a_state_is_folded_from_the_snapshot_when_that_is_not_later)
{
    deposits(8998);
    snapshot_write(domain_fingerprint(s.domain), NULL); /* at 9000 */
    deposits(1000);
    state_is(ask(.operation = operation_state, .version = 9500), 9500, 1);
    state_is(ask(.operation = operation_state, .version = 9000), 9000, 1);
    state_is(ask(.operation = operation_state, .version = 8999), 8999, 3);
    state_is(ask(.operation = operation_state, .at_us = BEGIN_US + 10 * 9500), 9500, 1);
    state_is(ask(.operation = operation_state, .at_us = BEGIN_US + 10 * 9000), 9000, 1);
    state_is(ask(.operation = operation_state, .at_us = BEGIN_US + 10 * 9000 - 1), 8999, 3);
    refused(ask(.operation = operation_state, .version = 10001), status_not_found, "unknown_version");
}

Test(history, a_snapshot_of_another_module_is_not_used)
{
    struct buffer other = {0};
    cr_assert_eq(aggregate_encode(s.aggregate, &other), error_none); /* the state of version 2 */
    struct slice wrong = buffer_slice(&other);
    deposits(98);
    snapshot_write(domain_fingerprint(s.domain) + 1, &wrong); /* at 100 */
    deposits(10);
    state_is(ask(.operation = operation_state, .version = 105), 105, 1);
    buffer_fini(&other);
}

Test(history, a_snapshot_that_cannot_be_read_is_none)
{
    struct slice wrong = slice_text("no state");
    deposits(98);
    snapshot_write(domain_fingerprint(s.domain), &wrong);
    deposits(10);
    state_is(ask(.operation = operation_state, .version = 105), 105, 1);
}

/* A clock that goes on by a millisecond each time it is looked at. */
static uint64_t now_us(void)
{
    static uint64_t now;
    return now += 1000;
}

Test(history, a_step_ends_when_its_time_is_over_and_the_next_goes_on)
{
    s.config.now_us = now_us;
    deposits(998);
    state_is(ask(.operation = operation_state, .version = 1000), 1000, 1000 / (16 * (TURN_US / 1000)) + 1);
    s.config.now_us = NULL;
    state_is(ask(.operation = operation_state, .version = 1000), 1000, 1);
}

/* ---- scopes ---- */

/* Version v has a balance of 98 + v. */
Test(history, a_state_is_of_a_scope_by_what_it_was)
{
    deposits(3);
    cr_assert_eq(ask(.operation = operation_state, .version = 4, .scope = "{\"balance\":\"102\"}")->version, 4);
    cr_assert_eq(ask(.operation = operation_state, .at_us = BEGIN_US + 40, .scope = "{\"balance\":\"102\"}")->version,
                 4);
    refused(ask(.operation = operation_state, .version = 4, .scope = "{\"balance\":\"103\"}"),
            status_not_found,
            "unknown_aggregate");
    refused(ask(.operation = operation_state, .at_us = BEGIN_US + 40, .scope = "{\"balance\":\"103\"}"),
            status_not_found,
            "unknown_aggregate");
}

Test(history, events_and_changes_are_of_a_scope_by_what_their_aggregate_is)
{
    static const enum operation operations[] = {operation_events, operation_changes};
    deposits(5000);
    for (size_t i = 0; i < 2; i++) {
        const struct reply *reply =
            ask(.operation = operations[i], .from = 1, .limit = 2, .scope = "{\"balance\":\"5100\"}");
        cr_assert_eq(reply->status, status_ok);
        cr_assert_eq(next_of(reply), 3);
        cr_assert_eq(s.steps, 2, "as many as the state takes");
        refused(ask(.operation = operations[i], .version = 4, .scope = "{\"balance\":\"102\"}"),
                status_not_found,
                "unknown_aggregate");
        refused(ask(.operation = operations[i], .identifier = "nobody", .scope = "{}"),
                status_not_found,
                "unknown_aggregate");
    }
}

Test(history, what_no_scope_can_say_is_told_by_field)
{
    static const enum operation operations[] = {operation_state, operation_events, operation_changes};
    for (size_t i = 0; i < 3; i++) {
        struct fault fault;
        uint32_t count;
        const struct reply *reply = ask(.operation = operations[i], .version = 1, .scope = "{\"branch\":\"7\"}");
        refused(reply, status_invalid, "invalid_scope");
        struct reader reader = reader_of(reply->faults);
        cr_assert(reader_array(&reader, &count) == error_none && count == 1);
        cr_assert_eq(fault_decode(&reader, &fault), error_none);
        cr_assert(slice_is(fault.path, "/scope/branch"));
    }
}

/* ---- changes ---- */

/* One page: each event's changes lead from one balance to the next; gives the next page's from. */
static uint64_t changes_check(const struct reply *page, uint64_t from, uint32_t *shown)
{
    cr_assert_eq(page->status, status_ok);
    cr_assert_eq(integer_at(page->data, "from"), (int64_t)from);
    struct reader reader = reader_of(field(page->data, "events"));
    cr_assert_eq(reader_array(&reader, shown), error_none);
    cr_assert_eq(integer_at(page->data, "to"), (int64_t)(from + *shown));
    for (uint32_t i = 0; i < *shown; i++) {
        struct record record;
        struct slice raw, change;
        uint32_t count;
        cr_assert_eq(reader_raw(&reader, &raw), error_none);
        cr_assert_eq(record_decode(field(raw, "event"), &record), error_none);
        cr_assert_eq(record.version, from + i + 1);
        struct reader list = reader_of(field(raw, "changes"));
        cr_assert(reader_array(&list, &count) == error_none && reader_raw(&list, &change) == error_none);
        if (record.version > 2) {
            cr_assert_eq(count, 1);
            cr_assert_eq(integer_at(change, "from"), (int64_t)record.version + 97);
            cr_assert_eq(integer_at(change, "to"), (int64_t)record.version + 98);
        }
    }
    return next_of(page);
}

Test(history, changes_lead_from_version_to_version_in_pages)
{
    uint32_t shown = 0, total = 0;
    uint64_t from = 0;
    deposits(40);
    do {
        from = changes_check(ask(.operation = operation_changes, .from = from, .limit = 7), from, &shown);
        total += shown;
    } while (from != 0);
    cr_assert_eq(total, 42);
    changes_check(ask(.operation = operation_changes, .from = 10, .version = 20), 10, &shown);
    cr_assert_eq(shown, 10);
    cr_assert_eq(changes_check(ask(.operation = operation_changes, .from = 42), 42, &shown), 0);
    cr_assert_eq(shown, 0);
    cr_assert_eq(changes_check(ask(.operation = operation_changes, .from = 35, .limit = 7), 35, &shown), 0);
    cr_assert_eq(shown, 7);
}

Test(history, changes_from_a_version_not_before_the_snapshot_begin_there)
{
    uint32_t shown;
    deposits(8998);
    snapshot_write(domain_fingerprint(s.domain), NULL); /* at 9000 */
    deposits(1000);
    for (uint64_t from = 8999; from <= 9001; from++) {
        changes_check(ask(.operation = operation_changes, .from = from, .version = 9020), from, &shown);
        cr_assert_eq(shown, 9020 - from);
        cr_assert_eq(s.steps, from < 9000 ? 3 : 1, "from %u: %u steps", (unsigned)from, s.steps);
    }
    const struct reply *page = ask(.operation = operation_changes, .from = 9000, .version = 9000);
    cr_assert_eq(changes_check(page, 9000, &shown), 9000 - 9000);
    cr_assert_eq(shown, 0);
}

Test(history, the_whole_difference_stands_beside_that_of_each_event)
{
    deposits(10);
    const struct reply *page = ask(.operation = operation_changes, .from = 2, .version = 7);
    struct reader list = reader_of(field(page->data, "changes"));
    struct slice change;
    uint32_t count;
    cr_assert(reader_array(&list, &count) == error_none && reader_raw(&list, &change) == error_none);
    cr_assert_eq(count, 1);
    cr_assert_eq(integer_at(change, "from"), 100);
    cr_assert_eq(integer_at(change, "to"), 105);
}

Test(history, changes_between_versions_that_are_not_there_are_refused_by_name)
{
    refused(ask(.operation = operation_changes, .version = 9), status_not_found, "unknown_version");
    refused(ask(.operation = operation_changes, .from = 3), status_not_found, "unknown_version");
    refused(ask(.operation = operation_changes, .from = 2, .version = 1), status_invalid, "bad_version");
    refused(ask(.operation = operation_changes, .identifier = "nobody"), status_not_found, "unknown_aggregate");
}

/* ---- events and records ---- */

/* Checks that records go on from seen; the new end. */
static uint64_t records_check(struct slice records, uint64_t seen)
{
    struct reader reader = reader_of(records);
    uint32_t count;
    cr_assert_eq(reader_array(&reader, &count), error_none);
    for (uint32_t i = 0; i < count; i++) {
        struct slice raw;
        struct record record;
        cr_assert_eq(reader_raw(&reader, &raw), error_none);
        cr_assert_eq(record_decode(raw, &record), error_none);
        cr_assert_eq(record.version, ++seen);
        cr_assert(slice_is(record.stream.identifier, "a"));
    }
    return seen;
}

Test(history, events_come_in_pages)
{
    uint64_t from = 0, seen = 0;
    uint32_t pages = 0;
    deposits(8);
    for (int i = 0; i < 9; i++) {
        char other[8];
        snprintf(other, sizeof other, "b%d", i);
        deed(other, "open", OPEN);
    }
    do {
        const struct reply *page = ask(.operation = operation_events, .from = from, .limit = 5);
        seen = records_check(field(page->data, "events"), seen);
        from = next_of(page);
        pages++;
    } while (from != 0);
    cr_assert_eq(seen, 10);
    cr_assert_eq(pages, 2); /* the last page is told, though it is full */
    const struct reply *end = ask(.operation = operation_events, .from = 10);
    cr_assert(end->status == status_ok && next_of(end) == 0);
}

Test(history, a_page_of_large_events_is_cut_where_a_frame_ends)
{
    char json[200];
    snprintf(json, sizeof json, "{\"amount\":1,\"note\":\"%0140d\"}", 0);
    for (int i = 0; i < 1500; i++)
        deed("a", "deposit", json);
    uint64_t from = 0, seen = 0;
    do {
        const struct reply *page = ask(.operation = operation_events, .from = from, .limit = 1000);
        cr_assert_lt(page->data.size, limit_frame_bytes / 2);
        seen = records_check(field(page->data, "events"), seen);
        from = next_of(page);
    } while (from != 0);
    cr_assert_eq(seen, 1502);
}

Test(history, a_partitions_records_come_in_pages_with_its_head)
{
    struct stream stream = account("a");
    uint32_t partition = stream_partition(stream_hash(&stream), 4);
    uint64_t from = 0, seen = 0;
    deposits(9);
    do {
        const struct reply *page = ask(.operation = operation_log, .partition = partition, .from = from, .limit = 4);
        cr_assert_eq(integer_at(page->data, "head"), 11);
        seen = records_check(field(page->data, "records"), seen);
        from = next_of(page);
    } while (from != 0);
    cr_assert_eq(seen, 11);
    cr_assert_eq(next_of(ask(.operation = operation_log, .partition = partition, .from = UINT64_C(1) << 60)), 0);
    refused(ask(.operation = operation_log, .partition = 4), status_not_found, "unknown_partition");
}

/* ---- what cannot be answered ---- */

Test(history, what_does_not_exist_is_named)
{
    refused(ask(.operation = operation_events, .identifier = "z"), status_not_found, "unknown_aggregate");
    refused(ask(.operation = operation_events, .resource = "z"), status_not_found, "unknown_resource");
    refused(ask(.operation = operation_state, .version = 1, .resource = "z"), status_not_found, "unknown_resource");
    refused(ask(.operation = operation_changes, .namespace = "z"), status_not_found, "unknown_namespace");
}

Test(history, events_need_no_module_and_states_do)
{
    s.config.domain_count = 0;
    cr_assert_eq(records_check(field(ask(.operation = operation_events)->data, "events"), 0), 2);
    refused(ask(.operation = operation_events, .identifier = "z"), status_not_found, "unknown_aggregate");
    refused(ask(.operation = operation_state, .version = 1), status_not_found, "unknown_namespace");
}

Test(history, another_realm_sees_nothing)
{
    struct request request = request_of(operation_events);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.identifier = slice_text("a");
    struct past *past = past_new(&s.config, &request, slice_text("other"));
    cr_assert(past_step(past, s.store));
    refused(past_reply(past), status_not_found, "unknown_aggregate");
    past_free(&past);
}

Test(history, an_event_that_the_module_does_not_know_is_an_error_and_not_left_out)
{
    static const uint8_t nothing = 0x80;
    event_append("a", &(struct decided_event){.name = "vanished", .schema = 1, .data = slice_of(&nothing, 1)});
    refused(ask(.operation = operation_state, .version = 3), status_error, "unknown_event");
    cr_assert_eq(ask(.operation = operation_state, .version = 2)->status, status_ok);
    cr_assert_eq(ask(.operation = operation_events)->status, status_ok);
}

Test(history, events_that_crashed_the_domain_three_times_are_not_folded_again)
{
    struct stream stream = account("a");
    for (int i = 0; i < JOURNAL_ATTEMPTS; i++) {
        journal_begin(&s.journal, 0, &journal_load, stream_hash(&stream)); /* and the process is gone */
        journal_open(&s.journal);
        enum status wanted = i + 1 < JOURNAL_ATTEMPTS ? status_ok : status_error;
        cr_assert_eq(ask(.operation = operation_state, .version = 1)->status, wanted);
    }
    refused(ask(.operation = operation_changes), status_error, "domain_crash");
    cr_assert_eq(ask(.operation = operation_events)->status, status_ok);
    deed("b", "open", OPEN);
    cr_assert_eq(ask(.operation = operation_state, .version = 1, .identifier = "b")->status, status_ok);
}

static bool is_suspected_in(const char *identifier, enum operation operation, const char *scope)
{
    struct request request = request_of(operation);
    request.scope = slice_text(scope);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.identifier = slice_text(identifier);
    struct past *past = past_new(&s.config, &request, slice_text("default"));
    bool suspected = past_suspected(past);
    past_free(&past);
    return suspected;
}

static bool is_suspected(const char *identifier)
{
    return is_suspected_in(identifier, operation_state, "");
}

/* Two threads fold when the process crashes: both aggregates are suspected, which has one of them folded alone; the
 * next crashes are then of that one only. */
Test(history, of_two_that_were_folded_during_a_crash_one_is_found_guilty)
{
    struct stream one = account("a"), other = account("b");
    deed("b", "open", OPEN);
    deed("c", "open", OPEN);
    journal_begin(&s.journal, 0, &journal_load, stream_hash(&one));
    journal_begin(&s.journal, 5, &journal_load, stream_hash(&other)); /* and the process is gone */
    journal_open(&s.journal);
    cr_assert(is_suspected("a") && is_suspected("b") && !is_suspected("c"));
    cr_assert(is_suspected_in("a", operation_events, "\x80"), "what is asked for in a scope is folded");
    cr_assert_not(is_suspected_in("a", operation_events, ""));
    for (int i = 1; i < JOURNAL_ATTEMPTS; i++) {
        journal_begin(&s.journal, 5, &journal_load, stream_hash(&other));
        journal_open(&s.journal);
    }
    refused(ask(.operation = operation_state, .identifier = "b"), status_error, "domain_crash");
    cr_assert_eq(ask(.operation = operation_state)->status, status_ok);
    cr_assert_eq(s.journal.alarms, 1);
}

Test(history, each_thread_writes_its_own_lane)
{
    s.config.lane = 3;
    ask(.operation = operation_state, .version = 2);
    cr_assert_eq(s.journal.lanes[3].generation, 4);
    cr_assert_eq(s.journal.lanes[0].generation, 0);
}

Test(history, between_events_the_journal_says_that_nothing_runs)
{
    uint64_t before = s.journal.lanes[0].generation;
    deposits(3);
    ask(.operation = operation_state, .version = 5);
    cr_assert_eq(s.journal.lanes[0].generation, before + 10);
}
