/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See show.h. */
#include "services/cli/show.h"

#include "proto/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* ---- members; each but the first of an object ---- */

static void text_member(struct buffer *out, const char *name, struct slice text)
{
    if (text.size > 0) {
        buffer_printf(out, ",\"%s\":", name);
        json_quote(out, text);
    }
}

static void id_member(struct buffer *out, const char *name, const struct uuid *id)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(id, text);
    text_member(out, name, slice_text(text));
}

void show_value(struct buffer *out, struct slice value)
{
    if (value.size == 0 || msgpack_to_json(value, out) != error_none) {
        buffer_append_text(out, "null");
    }
}

static void value_member(struct buffer *out, const char *name, struct slice value)
{
    if (value.size > 0) {
        buffer_printf(out, ",\"%s\":", name);
        show_value(out, value);
    }
}

static void time_member(struct buffer *out, int64_t time_us)
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm parts;
    char text[32];

    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    buffer_printf(out, ",\"time\":\"%s.%06dZ\"", text, (int)(time_us % 1000000));
}

/* ---- replies ---- */

static void faults_member(struct buffer *out, struct slice faults)
{
    struct reader reader = reader_of(faults);
    uint32_t count = 0;
    struct fault fault;

    if (faults.size == 0 || reader_array(&reader, &count) != error_none) {
        return;
    }
    buffer_append_text(out, ",\"errors\":[");
    for (uint32_t i = 0; i < count && fault_decode(&reader, &fault) == error_none; i++) {
        buffer_append_text(out, i == 0 ? "{\"path\":" : ",{\"path\":");
        json_quote(out, fault.path);
        text_member(out, "code", fault.code);
        text_member(out, "message", fault.message);
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]");
}

void show_reply(struct buffer *out, const struct reply *reply)
{
    buffer_printf(out, "{\"status\":\"%s\"", status_name(reply->status));
    if (reply->has_id) {
        id_member(out, "id", &reply->id);
    }
    if (reply->has_version) {
        buffer_printf(out, ",\"version\":%" PRIu64, reply->version);
    }
    text_member(out, "position", reply->position);
    text_member(out, "identifier", reply->identifier);
    text_member(out, "code", reply->code);
    text_member(out, "message", reply->message);
    faults_member(out, reply->faults);
    if (reply->retry_ms > 0) {
        buffer_printf(out, ",\"retry_ms\":%" PRIu32, reply->retry_ms);
    }
    value_member(out, "data", reply->data);
    buffer_append_text(out, "}");
}

/* ---- records ---- */

static void stream_members(struct buffer *out, const struct stream *stream)
{
    text_member(out, "realm", stream->realm);
    text_member(out, "namespace", stream->namespace);
    text_member(out, "resource", stream->resource);
    text_member(out, "identifier", stream->identifier);
}

void show_record(struct buffer *out, const struct record *record, bool whole)
{
    buffer_printf(out, "{\"version\":%" PRIu64, record->version);
    text_member(out, "type", record->event);
    if (record->event.size > 0) {
        buffer_printf(out, ",\"schema\":%" PRIu32, record->schema);
    }
    time_member(out, record->time_us);
    if (whole) {
        stream_members(out, &record->stream);
    }
    value_member(out, "data", record->data);
    text_member(out, "command", record->command);
    id_member(out, "command_id", &record->id);
    text_member(out, "user", record->user);
    text_member(out, "traceparent", record->traceparent);
    if (record->has_status) {
        text_member(out, "status", slice_text(status_name(record->status)));
    }
    buffer_printf(out, ",\"partition\":%" PRIu32 ",\"seq\":%" PRIu64 "}", record->partition, record->seq);
}

/* ---- lines ---- */

void show_line(const struct buffer *text)
{
    fwrite(text->data, 1, text->size, stdout);
    putchar('\n');
}

int show_whole(const struct reply *reply)
{
    struct buffer line = {0};

    show_reply(&line, reply);
    show_line(&line);
    buffer_fini(&line);
    return status_exit(reply->status);
}
