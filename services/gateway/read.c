/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads: see read.h. */
#include "services/gateway/read.h"

#include <inttypes.h>

#include "services/gateway/render.h"

void read_submit(struct call *call)
{
    struct request *request = &call->request;
    if (call->url.kind == URL_STATE) {
        request->operation = operation_state;
        request->at_version = call->query.version;
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

static void link_field(struct call *call, uint64_t next)
{
    struct buffer link = {0};
    buffer_append_text(&link, "</");
    percent_encode(&link, call->url.namespace);
    buffer_append_text(&link, ".");
    percent_encode(&link, call->url.resource);
    buffer_append_text(&link, "/");
    percent_encode(&link, call->url.identifier);
    buffer_printf(&link, "/events?after=%" PRIu64 "&limit=%" PRIu32 ">; rel=\"next\"", next, call->query.limit);
    answer_field(&call->answer, "Link", buffer_slice(&link));
    buffer_fini(&link);
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
        link_field(call, next);
}

void read_reply(struct call *call, const struct reply *reply)
{
    if (reply->status != status_ok)
        problem_answer_reply(&call->answer, reply);
    else if (call->url.kind == URL_STATE)
        state_reply(call, reply);
    else
        events_reply(call, reply);
}
