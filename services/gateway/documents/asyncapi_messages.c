/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What messages look like, in the AsyncAPI document: the messages themselves and the schemas of what they carry. */
#include <stdio.h>

#include "services/gateway/documents/asyncapi.h"
#include "services/gateway/sample.h"

/* ---- messages ---- */

static void request_example(struct json_out *json, const struct resource_walk *at, const struct part_walk *command)
{
    json_key_open(json, "examples", '[');
    json_open(json, '{');
    json_pair_text(json, "name", command->name);
    json_pair(json, "summary", "As JSON; id is 16 bytes on the wire.");
    json_key_open(json, "payload", '{');
    json_key(json, "v");
    json_integer(json, 1);
    json_pair(json, "t", "req");
    json_key_open(json, "q", '[');
    json_open(json, '{');
    json_pair(json, "id", "AZwUFIQAcACAAAAAAAAAAQ");
    json_pair_text(json, "ns", at->namespace);
    json_pair_text(json, "cmd", command->name);
    json_pair_text(json, "res", at->name);
    json_pair(json, "agg", "example-1");
    json_key_open(json, "data", '{');
    sample_entries(json, map_field(command->part, "schema"), 0);
    json_close_all(json, "}}]}}]");
}

static void request_message(struct json_out *json, const struct resource_walk *at, const struct part_walk *command)
{
    json_key_print(json, "%.*s.%.*s.command.%.*s", PLACE(at), NAME(command->name));
    json_open(json, '{');
    json_pair_text(json, "name", command->name);
    json_pair_text(json, "summary", map_text(command->part, "doc"));
    json_key(json, "payload");
    document_ref(json, "%.*s.%.*s.request.%.*s", PLACE(at), NAME(command->name));
    request_example(json, at, command);
    json_close(json, '}');
}

/* One event in a stream: its data line. */
static void event_message(struct json_out *json, const struct resource_walk *at, const struct part_walk *event)
{
    char name[1024];
    snprintf(name, sizeof name, "%.*s.%.*s.%.*s", PLACE(at), NAME(event->name));
    json_key_open(json, name, '{');
    json_pair(json, "name", name);
    json_pair_text(json, "summary", map_text(event->part, "doc"));
    json_pair(json, "contentType", "application/cloudevents+json");
    json_key(json, "payload");
    document_ref(json, "%.*s.%.*s.cloudevent.%.*s", PLACE(at), NAME(event->name));
    json_close(json, '}');
}

static void records_message(struct json_out *json)
{
    json_key_open(json, "records", '{');
    json_pair(json, "summary", "Committed records, in order within a partition.");
    json_key(json, "payload");
    document_ref(json, "Records");
    json_close(json, '}');
}

void asyncapi_messages(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    while (!document_full(document) && resource_walk_next(&walk)) {
        for (struct part_walk commands = part_walk_of(walk.resource, "commands"); part_walk_next(&commands);)
            request_message(json, &walk, &commands);
        for (struct part_walk events = part_walk_of(walk.resource, "events"); part_walk_next(&events);)
            event_message(json, &walk, &events);
    }
    json_entries(json, map_field(document->parts, "messages"));
    if (asyncapi_has_records(document))
        records_message(json);
}

/* ---- schemas ---- */

/* {"allOf": [{"$ref": base}, {"properties": {, to be closed with }}]} */
static void narrowed_open(struct json_out *json, const char *base)
{
    json_open(json, '{');
    json_key_open(json, "allOf", '[');
    document_ref(json, "%s", base);
    json_open(json, '{');
    json_key_open(json, "properties", '{');
}

static void event_data(struct json_out *json, const struct resource_walk *at, const struct part_walk *event)
{
    json_key(json, "data");
    document_ref(json, "%.*s.%.*s.event.%.*s", PLACE(at), NAME(event->name));
}

static void place_constants(struct json_out *json, const struct resource_walk *at)
{
    document_constant(json, "ns", at->namespace);
    document_constant(json, "res", at->name);
}

static void request_schema(struct json_out *json, const struct resource_walk *at, const struct part_walk *command)
{
    static const char *const required[] = {"v", "t", "q", NULL};
    json_key_print(json, "%.*s.%.*s.request.%.*s", PLACE(at), NAME(command->name));
    json_open(json, '{');
    json_pair(json, "type", "object");
    document_required(json, required);
    json_key_open(json, "properties", '{');
    document_constant_integer(json, "v", 1);
    document_constant(json, "t", slice_text("req"));
    json_key_open(json, "q", '{');
    json_pair(json, "type", "array");
    json_key(json, "items");
    narrowed_open(json, "Request");
    place_constants(json, at);
    document_constant(json, "cmd", command->name);
    json_key(json, "data");
    document_ref(json, "%.*s.%.*s.command.%.*s", PLACE(at), NAME(command->name));
    json_close_all(json, "}}]}}}}");
}

static void record_schema(struct json_out *json, const struct resource_walk *at, const struct part_walk *event)
{
    json_key_print(json, "%.*s.%.*s.record.%.*s", PLACE(at), NAME(event->name));
    narrowed_open(json, "BusRecord");
    place_constants(json, at);
    document_constant(json, "type", event->name);
    document_constant_integer(json, "schema", map_integer(event->part, "version", 1));
    event_data(json, at, event);
    json_close_all(json, "}}]}");
}

/* if schemaversion is this, then data is that. */
static void
present_shape(struct json_out *json, const struct resource_walk *at, const struct part_walk *event, int64_t version)
{
    json_key_open(json, "if", '{');
    json_key_open(json, "properties", '{');
    document_constant_integer(json, "schemaversion", version);
    json_close_all(json, "}}");
    json_key_open(json, "then", '{');
    json_key_open(json, "properties", '{');
    event_data(json, at, event);
    json_close_all(json, "}}");
}

/* data is of the present shape where schemaversion says so; an older event has an older one. */
static void cloudevent_schema(struct json_out *json, const struct resource_walk *at, const struct part_walk *event)
{
    int64_t version = map_integer(event->part, "version", 1);
    json_key_print(json, "%.*s.%.*s.cloudevent.%.*s", PLACE(at), NAME(event->name));
    narrowed_open(json, "CloudEvent");
    json_key_open(json, "type", '{');
    json_key(json, "const");
    json_print(json, "%.*s.%.*s.%.*s", PLACE(at), NAME(event->name));
    json_close(json, '}');
    json_key_open(json, "schemaversion", '{');
    json_key(json, "maximum");
    json_integer(json, version);
    json_close(json, '}');
    if (version == 1)
        event_data(json, at, event);
    json_close(json, '}');
    if (version > 1)
        present_shape(json, at, event, version);
    json_close_all(json, "}]}");
}

static void resource_schemas(struct document *document, const struct resource_walk *at)
{
    struct json_out *json = &document->json;
    struct part_walk commands = part_walk_of(at->resource, "commands");
    struct part_walk events = part_walk_of(at->resource, "events");
    while (!document_full(document) && part_walk_next(&commands)) {
        json_key_print(json, "%.*s.%.*s.command.%.*s", PLACE(at), NAME(commands.name));
        document_schema(json, map_field(commands.part, "schema"), SCHEMA_DATA);
        request_schema(json, at, &commands);
    }
    while (!document_full(document) && part_walk_next(&events)) {
        json_key_print(json, "%.*s.%.*s.event.%.*s", PLACE(at), NAME(events.name));
        document_schema(json, map_field(events.part, "schema"), SCHEMA_DATA);
        record_schema(json, at, &events);
        cloudevent_schema(json, at, &events);
    }
}

/* A frame of the event bus: records of the present shapes, or any other. */
static void records_schema(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    json_key_open(json, "Records", '{');
    json_pair(json, "type", "object");
    json_key_open(json, "properties", '{');
    document_constant_integer(json, "v", 1);
    json_key_open(json, "ev", '{');
    json_pair(json, "type", "array");
    json_key_open(json, "items", '{');
    json_key_open(json, "anyOf", '[');
    while (!document_full(document) && resource_walk_next(&walk)) {
        for (struct part_walk events = part_walk_of(walk.resource, "events"); part_walk_next(&events);)
            document_ref(json, "%.*s.%.*s.record.%.*s", PLACE(&walk), NAME(events.name));
    }
    document_ref(json, "BusRecord");
    json_close_all(json, "]}}}}");
}

void asyncapi_schemas(struct document *document)
{
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    while (!document_full(document) && resource_walk_next(&walk))
        resource_schemas(document, &walk);
    if (asyncapi_has_records(document))
        records_schema(document);
    json_entries(&document->json, map_field(document->parts, "schemas"));
}
