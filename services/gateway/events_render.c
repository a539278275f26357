/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Records as CloudEvents: see events.h. docs/HTTP.md has the mapping. */
#include <inttypes.h>

#include "proto/json.h"
#include "proto/position.h"
#include "services/gateway/events.h"
#include "services/gateway/render.h"

static void member(struct buffer *out, const char *name, struct slice text)
{
    buffer_printf(out, ",\"%s\":", name);
    json_quote(out, text);
}

/* A URI-reference and a dotted name: parts are joined before they are quoted. */
static void member_source(struct buffer *out, const struct stream *stream)
{
    struct buffer text = {0};
    buffer_append_text(&text, "/");
    percent_encode(&text, stream->namespace);
    buffer_append_text(&text, ".");
    percent_encode(&text, stream->resource);
    buffer_append_text(&text, "/");
    percent_encode(&text, stream->identifier);
    member(out, "source", buffer_slice(&text));
    buffer_fini(&text);
}

static void member_type(struct buffer *out, const struct record *record)
{
    struct buffer text = {0};
    buffer_append(&text, record->stream.namespace.data, record->stream.namespace.size);
    buffer_append_text(&text, ".");
    buffer_append(&text, record->stream.resource.data, record->stream.resource.size);
    buffer_append_text(&text, ".");
    buffer_append(&text, record->event.data, record->event.size);
    member(out, "type", buffer_slice(&text));
    buffer_fini(&text);
}

/* Extension attributes: lower case letters and digits alone, as CloudEvents wants. */
static void extensions(struct buffer *out, const struct record *record)
{
    char id[UUID_TEXT_SIZE];
    uuid_format(&record->id, id);
    buffer_printf(out, ",\"streamversion\":%" PRIu64 ",\"schemaversion\":%" PRIu32, record->version, record->schema);
    buffer_printf(out, ",\"partition\":%" PRIu32 ",\"sequence\":\"%020" PRIu64 "\"", record->partition, record->seq);
    member(out, "realm", record->stream.realm);
    member(out, "commandname", record->command);
    member(out, "commandid", slice_text(id));
    member(out, "actor", record->user);
    if (record->traceparent.size > 0)
        member(out, "traceparent", record->traceparent);
}

void render_cloud_event(struct buffer *out, uint64_t incarnation, const struct record *record)
{
    buffer_printf(out,
                  "{\"specversion\":\"1.0\",\"id\":\"%" PRIx64 ":%" PRIu32 ".%" PRIu64 "\"",
                  incarnation,
                  record->partition,
                  record->seq);
    member_source(out, &record->stream);
    member_type(out, record);
    member(out, "subject", record->stream.identifier);
    buffer_append_text(out, ",\"time\":");
    render_time(out, record->time_us);
    extensions(out, record);
    buffer_append_text(out, ",\"datacontenttype\":\"application/json\",\"data\":");
    if (record->data.size == 0 || msgpack_to_json(record->data, out) != 0)
        buffer_append_text(out, "{}");
    buffer_append_text(out, "}");
}

/* Calls once a record; stops at the first that cannot be read. */
static void records_each(struct slice records,
                         void (*visit)(void *context, uint32_t index, const struct record *record),
                         void *context)
{
    struct reader reader = reader_of(records);
    struct slice raw;
    struct record record;
    uint32_t count = 0;
    if (reader_array(&reader, &count) != 0)
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (reader_raw(&reader, &raw) != 0 || record_decode(raw, &record) != 0)
            return;
        visit(context, i, &record);
    }
}

struct rendering {
    struct buffer *out;
    uint64_t incarnation, *seqs;
    uint32_t partitions;
};

static void page_visit(void *context, uint32_t index, const struct record *record)
{
    struct rendering *rendering = context;
    if (index > 0)
        buffer_append(rendering->out, ",", 1);
    render_cloud_event(rendering->out, rendering->incarnation, record);
}

void render_cloud_events(struct buffer *out, uint64_t incarnation, struct slice records)
{
    struct rendering rendering = {.out = out, .incarnation = incarnation};
    records_each(records, page_visit, &rendering);
}

static void stream_visit(void *context, uint32_t index, const struct record *record)
{
    struct rendering *rendering = context;
    (void)index;
    if (record->partition >= rendering->partitions)
        return;
    rendering->seqs[record->partition] = record->seq;
    buffer_append_text(rendering->out, "id: ");
    position_write(rendering->incarnation, rendering->seqs, rendering->partitions, rendering->out);
    buffer_append_text(rendering->out, "\ndata: ");
    render_cloud_event(rendering->out, rendering->incarnation, record);
    buffer_append_text(rendering->out, "\n\n");
}

static void rewind_visit(void *context, uint32_t index, const struct record *record)
{
    struct rendering *rendering = context;
    (void)index;
    if (record->partition < rendering->partitions && record->seq <= rendering->seqs[record->partition])
        rendering->seqs[record->partition] = record->seq - 1;
}

void render_stream(struct buffer *out, uint64_t incarnation, struct slice records, uint64_t *seqs, uint32_t partitions)
{
    struct rendering rendering = {out, incarnation, seqs, partitions};
    records_each(records, rewind_visit, &rendering); /* the first of each partition goes furthest back */
    records_each(records, stream_visit, &rendering);
}
