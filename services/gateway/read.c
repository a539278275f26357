/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads: see read.h. */
#include "services/gateway/read.h"

#include <inttypes.h>
#include <stdio.h>

#include "proto/json.h"
#include "services/gateway/render.h"

void read_submit(struct call *call)
{
    struct request *request = &call->request;
    if (call->url.kind == URL_STATE) {
        request->operation = operation_state;
        request->at_version = call->query.version;
        request->at_time_us = call->query.at_us;
        return;
    }
    if (call->url.kind == URL_CHANGES) {
        request->operation = operation_changes;
        request->from = call->query.after;
        request->at_version = call->query.to;
        request->limit = call->query.limit;
        return;
    }
    request->operation = operation_events;
    request->from = call->query.after;
    request->limit = call->query.limit;
}

/* A version that was asked for by number never changes, so it is shown whole; only the present state is compared. */
static void state_reply(struct call *call, const struct reply *reply)
{
    bool compared = call->head.seen[HEADER_IF_NONE_MATCH] && reply->has_version;
    if (compared && head_none_match(&call->head, reply->version)) {
        answer_begin(&call->answer, 304, MEDIA_NONE);
        answer_field_version(&call->answer, reply->version);
        return;
    }
    answer_begin(&call->answer, 200, MEDIA_JSON);
    struct buffer *out = &call->answer.body;
    buffer_append_text(out, "{\"data\":{");
    bool first = render_entries(out, reply->data, true);
    render_identity(out, first, call->url.identifier, reply->has_version, reply->version);
    buffer_append_text(out, "},\"status\":\"OK\"}");
    if (reply->has_version)
        answer_field_version(&call->answer, reply->version);
}

/* Behind the aggregate's own address; more: parameters that stay. */
static void link_field(struct call *call, const char *what, uint64_t next, const char *more)
{
    struct buffer link = {0};
    buffer_append_text(&link, "</");
    percent_encode(&link, call->url.namespace);
    buffer_append_text(&link, ".");
    percent_encode(&link, call->url.resource);
    buffer_append_text(&link, "/");
    if (call->url.scope.size > 0) {
        buffer_append(&link, call->url.scope.data, call->url.scope.size);
        buffer_append_text(&link, "/");
    }
    percent_encode(&link, call->url.identifier);
    buffer_printf(&link, "/%s%" PRIu64 "&limit=%" PRIu32 "%s>; rel=\"next\"", what, next, call->query.limit, more);
    answer_field(&call->answer, "Link", buffer_slice(&link));
    buffer_fini(&link);
}

static void array_render(struct buffer *out,
                         struct slice map,
                         const char *key,
                         void (*render)(struct buffer *out, struct slice item))
{
    struct slice raw;
    uint32_t count = 0;
    buffer_append_text(out, "[");
    if (msgpack_find(map, key, &raw) == 0) {
        struct reader reader = reader_of(raw);
        struct slice item;
        if (reader_array(&reader, &count) == 0)
            for (uint32_t i = 0; i < count && reader_raw(&reader, &item) == 0; i++) {
                buffer_append_text(out, i > 0 ? "," : "");
                render(out, item);
            }
    }
    buffer_append_text(out, "]");
}

static void records_render(struct buffer *out, struct slice events)
{
    struct reader reader = reader_of(events);
    uint32_t count = 0;
    if (reader_array(&reader, &count) != 0)
        return;
    for (uint32_t i = 0; i < count; i++) {
        struct slice raw;
        struct record record;
        if (reader_raw(&reader, &raw) != 0 || record_decode(raw, &record) != 0)
            return;
        if (i > 0)
            buffer_append(out, ",", 1);
        render_record(out, &record);
    }
}

/* Where the next page starts; false on the last one. */
static bool page_next(struct slice data, uint64_t *out)
{
    struct slice raw;
    int64_t next;
    if (msgpack_find(data, "next", &raw) != 0)
        return false;
    struct reader reader = reader_of(raw);
    if (reader_integer(&reader, &next) != 0)
        return false;
    *out = (uint64_t)next;
    return true;
}

static void events_reply(struct call *call, const struct reply *reply)
{
    struct slice events = {0};
    uint64_t next = 0;
    bool more = page_next(reply->data, &next);
    answer_begin(&call->answer, 200, MEDIA_JSON);
    struct buffer *out = &call->answer.body;
    buffer_append_text(out, "{\"data\":[");
    if (msgpack_find(reply->data, "events", &events) == 0)
        records_render(out, events);
    buffer_printf(out, "],\"meta\":{\"limit\":%" PRIu32 ",\"next\":", call->query.limit);
    if (more)
        buffer_printf(out, "%" PRIu64, next);
    else
        buffer_append_text(out, "null");
    buffer_append_text(out, "},\"status\":\"OK\"}");
    if (more)
        link_field(call, "events?after=", next, "");
}

static void change_render(struct buffer *out, struct slice change)
{
    static const char *const members[] = {"at", "from", "to"};
    bool first = true;
    buffer_append_text(out, "{");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        struct slice raw;
        if (msgpack_find(change, members[i], &raw) != 0)
            continue;
        buffer_printf(out, "%s\"%s\":", first ? "" : ",", members[i]);
        msgpack_to_json(raw, out);
        first = false;
    }
    buffer_append_text(out, "}");
}

static void event_render(struct buffer *out, struct slice item)
{
    struct slice raw;
    struct record record;
    buffer_append_text(out, "{\"event\":");
    if (msgpack_find(item, "event", &raw) == 0 && record_decode(raw, &record) == 0)
        render_record(out, &record);
    buffer_append_text(out, ",\"changes\":");
    array_render(out, item, "changes", change_render);
    buffer_append_text(out, "}");
}

void read_changes_render(struct buffer *out, struct slice data)
{
    buffer_append_text(out, "\"changes\":");
    array_render(out, data, "changes", change_render);
    buffer_append_text(out, ",\"events\":");
    array_render(out, data, "events", event_render);
}

static void changes_reply(struct call *call, const struct reply *reply)
{
    uint64_t next = 0;
    bool more = page_next(reply->data, &next);
    answer_begin(&call->answer, 200, MEDIA_JSON);
    struct buffer *out = &call->answer.body;
    buffer_printf(out, "{\"data\":{\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",", call->query.after, reply->version);
    read_changes_render(out, reply->data);
    buffer_printf(out, "},\"meta\":{\"limit\":%" PRIu32 ",\"next\":", call->query.limit);
    if (more)
        buffer_printf(out, "%" PRIu64, next);
    else
        buffer_append_text(out, "null");
    buffer_append_text(out, "},\"status\":\"OK\"}");
    char to[32] = "";
    if (call->query.to >= 0)
        snprintf(to, sizeof to, "&to=%" PRId64, call->query.to);
    if (more)
        link_field(call, "changes?from=", next, to);
}

void read_reply(struct call *call, const struct reply *reply)
{
    if (reply->status != status_ok)
        problem_answer_reply(&call->answer, reply);
    else if (call->url.kind == URL_STATE)
        state_reply(call, reply);
    else if (call->url.kind == URL_CHANGES)
        changes_reply(call, reply);
    else
        events_reply(call, reply);
}
