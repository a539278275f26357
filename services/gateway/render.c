/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of JSON: see render.h. */
#include "services/gateway/render.h"

#include <inttypes.h>
#include <time.h>

#include "proto/json.h"

bool render_entries(struct buffer *out, struct slice map, bool first)
{
    struct reader reader = reader_of(map);
    uint32_t entries = 0;
    if (map.size == 0 || reader_map(&reader, &entries) != 0)
        return first;
    for (uint32_t i = 0; i < entries; i++) {
        struct slice key, value;
        if (reader_text(&reader, &key) != 0 || reader_raw(&reader, &value) != 0)
            return first;
        if (!first)
            buffer_append(out, ",", 1);
        json_quote(out, key);
        buffer_append(out, ":", 1);
        if (msgpack_to_json(value, out) != 0)
            buffer_append_text(out, "null");
        first = false;
    }
    return first;
}

void render_identity(struct buffer *out, bool first, struct slice identifier, bool has_version, uint64_t version)
{
    if (identifier.size > 0) {
        buffer_append_text(out, first ? "\"_id\":" : ",\"_id\":");
        json_quote(out, identifier);
        first = false;
    }
    if (has_version)
        buffer_printf(out, "%s\"_etag\":\"%" PRIu64 "\"", first ? "" : ",", version);
}

void render_time(struct buffer *out, int64_t time_us)
{
    time_t seconds = (time_t)(time_us / 1000000);
    long micros = (long)(time_us % 1000000);
    struct tm parts;
    if (micros < 0) {
        micros += 1000000;
        seconds--;
    }
    gmtime_r(&seconds, &parts);
    buffer_printf(out,
                  "\"%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ\"",
                  parts.tm_year + 1900,
                  parts.tm_mon + 1,
                  parts.tm_mday,
                  parts.tm_hour,
                  parts.tm_min,
                  parts.tm_sec,
                  micros);
}

static void member_text(struct buffer *out, const char *name, struct slice text)
{
    if (text.size == 0)
        return;
    buffer_printf(out, ",\"%s\":", name);
    json_quote(out, text);
}

void render_record(struct buffer *out, const struct record *record)
{
    char id[UUID_TEXT_SIZE];
    uuid_format(&record->id, id);
    buffer_printf(out, "{\"version\":%" PRIu64, record->version);
    member_text(out, "type", record->event);
    if (record->event.size > 0)
        buffer_printf(out, ",\"schema\":%" PRIu32, record->schema);
    buffer_append_text(out, ",\"time\":");
    render_time(out, record->time_us);
    if (record->data.size > 0) {
        buffer_append_text(out, ",\"data\":");
        if (msgpack_to_json(record->data, out) != 0)
            buffer_append_text(out, "null");
    }
    member_text(out, "command", record->command);
    member_text(out, "command_id", slice_text(id));
    member_text(out, "user", record->user);
    member_text(out, "traceparent", record->traceparent);
    buffer_printf(out, ",\"partition\":%" PRIu32 ",\"seq\":%" PRIu64 "}", record->partition, record->seq);
}
