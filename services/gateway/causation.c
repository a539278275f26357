/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who caused what: the records of a page as a tree of traces, their commands, and these commands' events. Traces stand
 * in the order of their first record, commands likewise; what has no trace is one of its own for each command. */
#include <inttypes.h>
#include <stdlib.h>

#include "proto/json.h"
#include "services/gateway/events.h"
#include "services/gateway/render.h"

enum { TRACE_AT = 3, TRACE_SIZE = 32, PARENT_AT = 36, PARENT_SIZE = 16 }; /* in a traceparent */

struct causation {
    struct record *records;
    bool *told;
    uint32_t count;
    struct buffer *out;
};

static struct slice trace_of(const struct record *record)
{
    bool has = record->traceparent.size >= PARENT_AT + PARENT_SIZE;
    return has ? slice_of(record->traceparent.data + TRACE_AT, TRACE_SIZE) : (struct slice){0};
}

static bool same_command(const struct record *a, const struct record *b)
{
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes) == 0 &&
           slice_equal(a->stream.identifier, b->stream.identifier) && slice_equal(a->stream.realm, b->stream.realm) &&
           slice_equal(a->stream.resource, b->stream.resource) && slice_equal(a->stream.namespace, b->stream.namespace);
}

static void member(struct buffer *out, const char *name, struct slice text)
{
    buffer_printf(out, ",\"%s\":", name);
    if (text.size > 0)
        json_quote(out, text);
    else
        buffer_append_text(out, "null");
}

static void data_write(struct buffer *out, struct slice data)
{
    if (data.size == 0 || msgpack_to_json(data, out) != 0)
        buffer_append_text(out, "null");
}

static void event_write(struct buffer *out, const struct record *record)
{
    buffer_printf(out, "{\"version\":%" PRIu64, record->version);
    member(out, "type", record->event);
    buffer_append_text(out, ",\"time\":");
    render_time(out, record->time_us);
    buffer_printf(out, ",\"partition\":%" PRIu32 ",\"seq\":%" PRIu64 ",\"data\":", record->partition, record->seq);
    data_write(out, record->data);
    buffer_append_text(out, "}");
}

/* The head of a command: who, what, on what, and what came before it in its trace. */
static void command_begin(struct buffer *out, const struct record *record)
{
    char id[UUID_TEXT_SIZE];
    uuid_format(&record->id, id);
    struct slice parent = {0};
    if (trace_of(record).size > 0)
        parent = slice_of(record->traceparent.data + PARENT_AT, PARENT_SIZE);
    buffer_printf(out, "{\"command_id\":\"%s\"", id);
    member(out, "command", record->command);
    member(out, "user", record->user);
    member(out, "parent", parent);
    member(out, "namespace", record->stream.namespace);
    member(out, "resource", record->stream.resource);
    member(out, "identifier", record->stream.identifier);
    buffer_append_text(out, ",\"time\":");
    render_time(out, record->time_us);
}

static void command_write(struct causation *causation, uint32_t first)
{
    struct buffer *out = causation->out;
    const struct record *head = &causation->records[first], *last = head;
    uint32_t events = 0;
    command_begin(out, head);
    buffer_append_text(out, ",\"events\":[");
    for (uint32_t i = first; i < causation->count; i++) {
        const struct record *record = &causation->records[i];
        if (causation->told[i] || !same_command(record, head))
            continue;
        causation->told[i] = true;
        last = record;
        if (record->event.size == 0)
            continue;
        buffer_append_text(out, events++ > 0 ? "," : "");
        event_write(out, record);
    }
    buffer_append_text(out, "]");
    member(out, "status", last->has_status ? slice_text(status_name(last->status)) : (struct slice){0});
    buffer_append_text(out, ",\"answer\":");
    data_write(out, last->event.size == 0 ? last->data : (struct slice){0});
    buffer_append_text(out, "}");
}

static void trace_write(struct causation *causation, uint32_t first)
{
    struct buffer *out = causation->out;
    struct slice trace = trace_of(&causation->records[first]);
    buffer_append_text(out, "{\"trace\":");
    if (trace.size > 0)
        json_quote(out, trace);
    else
        buffer_append_text(out, "null");
    buffer_append_text(out, ",\"commands\":[");
    command_write(causation, first);
    for (uint32_t i = first + 1; trace.size > 0 && i < causation->count; i++) {
        if (causation->told[i] || !slice_equal(trace_of(&causation->records[i]), trace))
            continue;
        buffer_append_text(out, ",");
        command_write(causation, i);
    }
    buffer_append_text(out, "]}");
}

static void records_read(struct causation *causation, struct reader *reader, uint32_t count)
{
    struct slice raw;
    while (causation->count < count && reader_raw(reader, &raw) == 0 &&
           record_decode(raw, &causation->records[causation->count]) == 0)
        causation->count++;
}

bool render_causation(struct buffer *out, struct slice records)
{
    struct reader reader = reader_of(records);
    struct causation causation = {.out = out};
    uint32_t count = 0;
    if (reader_array(&reader, &count) != 0)
        return false;
    causation.records = calloc(count + 1, sizeof causation.records[0]);
    causation.told = calloc(count + 1, sizeof causation.told[0]);
    bool room = causation.records != NULL && causation.told != NULL;
    if (room)
        records_read(&causation, &reader, count);
    for (uint32_t i = 0; room && i < causation.count; i++) {
        if (causation.told[i])
            continue;
        buffer_append_text(out, i > 0 ? "," : "");
        trace_write(&causation, i);
    }
    free(causation.records);
    free(causation.told);
    return room;
}
