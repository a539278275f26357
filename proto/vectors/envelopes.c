/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of requests, replies and frames, and of the bytes on a TCP connection. */
#include "proto/envelope.h"
#include "proto/vectors/vectors.h"

/* 0193f5c5-0000-7abc-8def-0123456789ab: the command of the examples. */
static const struct uuid sample_id = {
    .bytes = {0x01, 0x93, 0xf5, 0xc5, 0, 0, 0x7a, 0xbc, 0x8d, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab}};

/* {"amount":1000} */
static const uint8_t sample_data[] = {0x81, 0xa6, 'a', 'm', 'o', 'u', 'n', 't', 0xcd, 0x03, 0xe8};

static struct request deposit(void)
{
    struct request request = request_of(operation_command);
    request.id = sample_id;
    request.has_id = true;
    request.namespace = slice_text("bank");
    request.command = slice_text("deposit");
    request.resource = slice_text("account");
    request.identifier = slice_text("a1");
    request.data = slice_of(sample_data, sizeof sample_data);
    return request;
}

static struct request about_account(enum operation operation)
{
    struct request request = request_of(operation);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.identifier = slice_text("a1");
    return request;
}

static void request_case(struct buffer *out, const char *name, const struct request *request)
{
    struct buffer message = {0};
    request_encode(&message, request);
    case_message(out, name, "request", buffer_slice(&message));
    buffer_fini(&message);
}

static struct buffer texts(const char *const *items, uint32_t count)
{
    struct buffer out = {0};
    write_array(&out, count);
    for (uint32_t i = 0; i < count; i++)
        write_string(&out, items[i]);
    return out;
}

static void query_case(struct buffer *out)
{
    struct buffer filter = {0}, data = {0}, sort = texts((const char *const[]){"balance.desc", "_id.asc"}, 2);
    struct buffer include = texts((const char *const[]){"owner", "balance"}, 2);
    write_map(&filter, 2);
    write_string(&filter, "owner!has");
    write_string(&filter, "bank");
    write_string(&filter, "balance.gt");
    write_unsigned(&filter, 1000);
    struct query_data query = {.filter = buffer_slice(&filter),
                               .sort = buffer_slice(&sort),
                               .include = buffer_slice(&include),
                               .limit = 50,
                               .page = 2,
                               .total = QUERY_TOTAL_NONE,
                               .at_least = slice_text("1f2e3d4c5b6a7988:244.17")};
    query_encode(&data, &query);
    struct request request = request_of(operation_query);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.data = buffer_slice(&data);
    request_case(out, "query of a read model", &request);
    buffer_fini(&filter);
    buffer_fini(&data);
    buffer_fini(&sort);
    buffer_fini(&include);
}

static void request_cases(struct buffer *out)
{
    struct request command = deposit(), state = about_account(operation_state), log = request_of(operation_log);
    request_case(out, "deposit", &command);
    command.identifier = (struct slice){0};
    command.command = slice_text("open");
    command.data = request_of(operation_command).data;
    request_case(out, "open with a new identifier", &command);
    command = deposit();
    command.has_expected = true;
    command.expected = 3;
    command.deadline_ms = 2500;
    command.dry_run = true;
    command.traceparent = slice_text("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    command.token = slice_text("secret");
    request_case(out, "deposit with everything", &command);
    request_case(out, "state", &state);
    state.at_version = 2;
    request_case(out, "state at a version", &state);
    struct request events = about_account(operation_events);
    events.from = 25;
    request_case(out, "events, second page", &events);
    struct buffer scope = {0};
    write_map(&scope, 2);
    write_string(&scope, "holder.given");
    write_string(&scope, "Ada");
    write_string(&scope, "_realm");
    write_string(&scope, "default");
    events.scope = buffer_slice(&scope);
    request_case(out, "events, in a scope", &events);
    command = deposit();
    command.scope = buffer_slice(&scope);
    request_case(out, "deposit in a scope", &command);
    buffer_fini(&scope);
    struct request past = about_account(operation_state), changes = about_account(operation_changes);
    past.at_time_us = 1769860800000000;
    request_case(out, "state at a time", &past);
    changes.from = 2;
    changes.at_version = 5;
    changes.limit = 10;
    request_case(out, "changes between versions", &changes);
    log.partition = 244;
    log.limit = 1000;
    request_case(out, "log of a partition", &log);
    query_case(out);
    struct request describe = request_of(operation_describe), health = request_of(operation_health);
    request_case(out, "describe", &describe);
    request_case(out, "health", &health);
}

static struct reply accepted(void)
{
    return (struct reply){
        .status = status_ok,
        .id = sample_id,
        .has_id = true,
        .has_version = true,
        .version = 4,
        .position = slice_text("1f2e3d4c5b6a7988:244.17"),
    };
}

static void reply_case(struct buffer *out, const char *name, const struct reply *reply)
{
    struct buffer message = {0};
    reply_encode(&message, reply);
    case_message(out, name, "reply", buffer_slice(&message));
    buffer_fini(&message);
}

static void fault_reply_case(struct buffer *out)
{
    static const struct fault faults[] = {
        {.path = {(const uint8_t *)"/amount", 7},
         .code = {(const uint8_t *)"below_minimum", 13},
         .message = {(const uint8_t *)"must be at least 1", 18}},
        {.path = {(const uint8_t *)"/colour", 7},
         .code = {(const uint8_t *)"unknown_field", 13},
         .message = {(const uint8_t *)"is not a field of deposit", 25}},
    };
    struct buffer array = {0};
    write_array(&array, 2);
    fault_encode(&array, &faults[0]);
    fault_encode(&array, &faults[1]);
    struct reply reply = {.status = status_invalid,
                          .id = sample_id,
                          .has_id = true,
                          .code = slice_text("invalid_data"),
                          .message = slice_text("2 faults in the data"),
                          .faults = buffer_slice(&array)};
    reply_case(out, "invalid data", &reply);
    buffer_fini(&array);
}

static void page_reply_case(struct buffer *out)
{
    struct buffer data = {0};
    struct query_page page = {.rows = slice_text("[{\"_id\":\"a1\",\"balance\":1000}]"),
                              .limit = 1,
                              .page = 1,
                              .has_total = true,
                              .has_pages = true,
                              .total = 3,
                              .pages = 3,
                              .next = slice_text("kQI")};
    query_page_encode(&data, &page);
    struct reply reply = {
        .status = status_ok, .position = slice_text("1f2e3d4c5b6a7988:244.17"), .data = buffer_slice(&data)};
    reply_case(out, "page of a query", &reply);
    buffer_fini(&data);
}

static void reply_cases(struct buffer *out)
{
    page_reply_case(out);
    struct reply reply = accepted();
    reply_case(out, "accepted", &reply);
    reply.identifier = slice_text("5cd1c2af-2bd6-84e7-94de-bdf26f1ce57d");
    reply_case(out, "accepted, with the identifier that was made", &reply);
    reply = (struct reply){.status = status_rejected,
                           .id = sample_id,
                           .has_id = true,
                           .has_version = true,
                           .version = 4,
                           .position = slice_text("1f2e3d4c5b6a7988:244.18"),
                           .code = slice_text("overdraft"),
                           .message = slice_text("the balance is 5.00 EUR")};
    reply_case(out, "rejected", &reply);
    fault_reply_case(out);
    reply = (struct reply){
        .status = status_busy, .id = sample_id, .has_id = true, .code = slice_text("mailbox_full"), .retry_ms = 100};
    reply_case(out, "busy", &reply);
    reply = (struct reply){
        .status = status_ok, .has_version = true, .version = 4, .data = slice_of(sample_data, sizeof sample_data)};
    reply_case(out, "state shown", &reply);
}

static void client_frame_cases(struct buffer *out)
{
    struct buffer message = {0};
    struct request first = deposit(), second = about_account(operation_state);
    request_frame_begin(&message, 65536, slice_text("secret"), 2);
    request_encode(&message, &first);
    request_encode(&message, &second);
    case_message(out, "two requests with a token and a max", "frame", buffer_slice(&message));
    buffer_clear(&message);
    reply_frame_fault(&message, status_invalid, "bad_version", "a protocol version that is not spoken here");
    case_message(out, "fault of a whole frame", "frame", buffer_slice(&message));
    buffer_fini(&message);
}

static struct record sample_record(void)
{
    return (struct record){
        .partition = 244,
        .schema = 1,
        .seq = 17,
        .version = 4,
        .time_us = 1735000000000000,
        .stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text("a1")},
        .event = slice_text("deposited"),
        .data = slice_of(sample_data, sizeof sample_data),
        .command = slice_text("deposit"),
        .user = slice_text("anonymous"),
        .id = sample_id,
        .has_status = true,
        .status = status_ok,
    };
}

static void work_frame_case(struct buffer *out)
{
    struct buffer message = {0}, owned = {0}, replies = {0}, records = {0};
    struct record record = sample_record();
    struct reply reply = accepted();
    write_array(&owned, 1);
    write_array(&owned, 2);
    write_unsigned(&owned, 244);
    write_unsigned(&owned, 1);
    write_array(&replies, 1);
    write_array(&replies, 3);
    write_unsigned(&replies, 9);
    write_unsigned(&replies, status_ok);
    reply_encode(&replies, &reply);
    write_array(&records, 1);
    record_encode(&records, &record);
    struct work_frame frame = {.shard = slice_text("shard-0"),
                               .boot = 4711,
                               .partitions = 256,
                               .owned = buffer_slice(&owned),
                               .replies = buffer_slice(&replies),
                               .records = buffer_slice(&records)};
    work_frame_encode(&message, &frame);
    case_message(out, "work frame of a shard", "frame", buffer_slice(&message));
    buffer_fini(&message);
    buffer_fini(&owned);
    buffer_fini(&replies);
    buffer_fini(&records);
}

static void service_frame_case(struct buffer *out)
{
    struct buffer message = {0};
    struct work_frame frame = {.shard = slice_text("query-0"),
                               .boot = 4712,
                               .metrics = slice_text("# HELP a b\n# TYPE a counter\na 1\n"),
                               .serves = slice_text(SERVES_QUERY)};
    work_frame_encode(&message, &frame);
    case_message(out, "work frame of a query process", "frame", buffer_slice(&message));
    buffer_clear(&message);
    frame.metrics = (struct slice){0};
    frame.leaving = true;
    work_frame_encode(&message, &frame);
    case_message(out, "the last work frame of a query process that is told to end", "frame", buffer_slice(&message));
    buffer_fini(&message);
}

static void work_reply_case(struct buffer *out)
{
    struct buffer message = {0}, request = {0};
    struct request command = deposit();
    request_encode(&request, &command);
    struct item item = {.key = 9,
                        .partition = 244,
                        .deadline_ms = 9998,
                        .realm = slice_text("default"),
                        .user = slice_text("anonymous"),
                        .request = buffer_slice(&request)};
    work_reply_begin(&message, &(struct work_reply){.subscribed = true, .count = 1});
    item_encode(&message, &item);
    case_message(out, "work for a shard", "frame", buffer_slice(&message));
    buffer_fini(&message);
    buffer_fini(&request);
}

static void heads_reply_case(struct buffer *out)
{
    struct buffer message = {0}, heads = {0};
    write_array(&heads, 1);
    write_array(&heads, 2);
    write_unsigned(&heads, 244);
    write_unsigned(&heads, 17);
    work_reply_begin(&message, &(struct work_reply){.heads = buffer_slice(&heads)});
    case_message(out, "a head for a query process", "frame", buffer_slice(&message));
    buffer_fini(&message);
    buffer_fini(&heads);
}

/* A message as SP over TCP carries it: 64 bits of length, the protocol's own bytes, the message. */
static void wire_case(struct buffer *out, const char *name, struct slice prefix, struct slice message)
{
    struct buffer wire = {0};
    uint64_t size = prefix.size + message.size;
    for (int shift = 56; shift >= 0; shift -= 8) {
        buffer_append(&wire, &(uint8_t){(uint8_t)(size >> shift)}, 1);
    }
    buffer_append(&wire, prefix.data, prefix.size);
    buffer_append(&wire, message.data, message.size);
    case_begin(out, name, "wire");
    case_hex(out, "hex", buffer_slice(&wire));
    case_hex(out, "prefix", prefix);
    case_hex(out, "message", message);
    case_json(out, "json", message);
    case_end(out);
    buffer_fini(&wire);
}

static void event_case(struct buffer *out, const char *name, char topic, struct slice items)
{
    struct buffer message = {0};
    event_frame_encode(&message, topic, items);
    wire_case(out, name, slice_of(message.data, 1), slice_of(message.data + 1, message.size - 1));
    buffer_fini(&message);
}

/* What a subscriber of the event bus gets: a topic byte and a map. */
static void event_bus_cases(struct buffer *out)
{
    struct buffer items = {0};
    struct record record = sample_record();
    write_array(&items, 1);
    write_array(&items, 2);
    write_unsigned(&items, 244);
    write_unsigned(&items, 17);
    event_case(out, "heads on the event bus", EVENT_TOPIC_HEADS, buffer_slice(&items));
    buffer_clear(&items);
    write_array(&items, 1);
    record_encode(&items, &record);
    event_case(out, "records on the event bus", EVENT_TOPIC_RECORDS, buffer_slice(&items));
    buffer_fini(&items);
}

static void handshake_case(struct buffer *out, const char *name, uint8_t protocol)
{
    const uint8_t bytes[8] = {0, 'S', 'P', 0, 0, protocol, 0, 0};
    case_begin(out, name, "wire");
    case_hex(out, "hex", slice_of(bytes, sizeof bytes));
    case_number(out, "protocol", protocol);
    case_end(out);
}

/* The request id of the examples. */
static const uint8_t request_id[] = {0x80, 0, 0, 1};

static void conversation_cases(struct buffer *out)
{
    const struct slice prefix = {request_id, sizeof request_id};
    struct buffer message = {0};
    struct request request = deposit();
    struct reply reply = accepted();
    handshake_case(out, "handshake of a client (REQ)", 0x30);
    handshake_case(out, "handshake of a broker (REP)", 0x31);
    handshake_case(out, "handshake of the event bus (PUB)", 0x20);
    handshake_case(out, "handshake of a subscriber (SUB)", 0x21);
    request_frame_begin(&message, 0, (struct slice){0}, 1);
    request_encode(&message, &request);
    wire_case(out, "deposit on the wire", prefix, buffer_slice(&message));
    buffer_clear(&message);
    reply_frame_begin(&message, 1);
    reply_encode(&message, &reply);
    wire_case(out, "its reply on the wire", prefix, buffer_slice(&message));
    buffer_fini(&message);
}

void envelope_cases(struct buffer *out)
{
    request_cases(out);
    reply_cases(out);
    client_frame_cases(out);
    work_frame_case(out);
    service_frame_case(out);
    work_reply_case(out);
    heads_reply_case(out);
    event_bus_cases(out);
    conversation_cases(out);
}
