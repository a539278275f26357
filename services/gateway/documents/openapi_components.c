/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Components of the OpenAPI document. Names of schemas:
 *
 *     NS.RESOURCE                  its state
 *     NS.RESOURCE.item             the state as GET shows it, with _id and _etag
 *     NS.RESOURCE.command.NAME     a command's data
 *     NS.RESOURCE.event.NAME       an event's data
 *     NS.RESOURCE.event            type, schema and data of any of its events
 *     NS.RESOURCE.record           the same as it is kept
 *     NS.RESOURCE.dry_run          what a command would do
 *     NS.NAME.row                  what a query shows of a resource, or of a hand-written projection
 *
 * Names without a dot are the platform's own: openapi.json. */
#include "services/gateway/documents/openapi.h"

#include "services/gateway/problem.h"

/* ---- schemas ---- */

static void parts_write(struct document *document, const struct resource_walk *at, const char *key, const char *kind)
{
    struct json_out *json = &document->json;
    struct part_walk walk = part_walk_of(at->resource, key);
    while (part_walk_next(&walk)) {
        json_key_print(json, "%.*s.%.*s.%s.%.*s", PLACE(at), kind, NAME(walk.name));
        document_schema(json, map_field(walk.part, "schema"), SCHEMA_DATA);
    }
}

static void key_of(struct json_out *json, const struct resource_walk *at, const char *kind)
{
    json_key_print(json, "%.*s.%.*s%s", PLACE(at), kind);
}

static void states_write(struct document *document, const struct resource_walk *at)
{
    struct slice schema = map_field(at->resource, "schema");
    key_of(&document->json, at, "");
    document_schema(&document->json, schema, SCHEMA_STATE);
    key_of(&document->json, at, ".item");
    document_schema(&document->json, schema, SCHEMA_ITEM);
}

/* One event of the present shape. */
static void event_write(struct json_out *json, const struct resource_walk *at, const struct part_walk *event)
{
    static const char *const names[] = {"type", "schema", "data", NULL};
    json_open(json, '{');
    json_pair_text(json, "title", event->name);
    json_pair_text(json, "description", map_text(event->part, "doc"));
    json_pair(json, "type", "object");
    document_required(json, names);
    json_key_open(json, "properties", '{');
    document_constant(json, "type", event->name);
    document_constant_integer(json, "schema", map_integer(event->part, "version", 1));
    json_key(json, "data");
    document_ref(json, "%.*s.%.*s.event.%.*s", PLACE(at), NAME(event->name));
    json_close_all(json, "}}");
}

static void events_write(struct document *document, const struct resource_walk *at)
{
    struct json_out *json = &document->json;
    struct part_walk walk = part_walk_of(at->resource, "events");
    if (!part_walk_next(&walk))
        return;
    key_of(json, at, ".event");
    json_open(json, '{');
    json_key_open(json, "oneOf", '[');
    do
        event_write(json, at, &walk);
    while (part_walk_next(&walk));
    json_close_all(json, "]}");
}

/* What was kept before the event got its present shape. */
static void older_write(struct json_out *json, const struct part_walk *event)
{
    json_open(json, '{');
    json_key(json, "title");
    json_print(json, "%.*s in an older shape", NAME(event->name));
    json_key_open(json, "properties", '{');
    document_constant(json, "type", event->name);
    json_key_open(json, "schema", '{');
    json_key(json, "maximum");
    json_integer(json, map_integer(event->part, "version", 1) - 1);
    json_close_all(json, "}}}");
}

static bool has_older(const struct resource_walk *at)
{
    struct part_walk walk = part_walk_of(at->resource, "events");
    while (part_walk_next(&walk)) {
        if (map_integer(walk.part, "version", 1) > 1)
            return true;
    }
    return false;
}

/* One of the events as they are, or as they were. */
static void record_shapes(struct json_out *json, const struct resource_walk *at)
{
    struct part_walk walk = part_walk_of(at->resource, "events");
    json_open(json, '{');
    json_key_open(json, "oneOf", '[');
    document_ref(json, "%.*s.%.*s.event", PLACE(at));
    while (part_walk_next(&walk)) {
        if (map_integer(walk.part, "version", 1) > 1)
            older_write(json, &walk);
    }
    json_close_all(json, "]}");
}

static bool has_events(const struct resource_walk *at)
{
    struct part_walk walk = part_walk_of(at->resource, "events");
    return part_walk_next(&walk);
}

static void record_write(struct document *document, const struct resource_walk *at)
{
    struct json_out *json = &document->json;
    key_of(json, at, ".record");
    json_open(json, '{');
    json_key_open(json, "allOf", '[');
    document_ref(json, "Record");
    if (has_older(at))
        record_shapes(json, at);
    else if (has_events(at))
        document_ref(json, "%.*s.%.*s.event", PLACE(at));
    json_close_all(json, "]}");
}

static void list_of(struct json_out *json, const char *name, const char *prefix, const struct resource_walk *at)
{
    json_key_open(json, name, '{');
    json_pair(json, "type", "array");
    json_key(json, "items");
    if (at == NULL)
        document_ref(json, "%s", prefix);
    else
        document_ref(json, "%.*s.%.*s.event", PLACE(at));
    json_close(json, '}');
}

static void dry_run_data_write(struct json_out *json, const struct resource_walk *at)
{
    static const char *const names[] = {"events", "state", "changes", NULL};
    json_key_open(json, "data", '{');
    json_pair(json, "type", "object");
    document_required(json, names);
    json_key_open(json, "properties", '{');
    list_of(json, "events", "Record", has_events(at) ? at : NULL);
    json_key(json, "state");
    document_ref(json, "%.*s.%.*s", PLACE(at));
    list_of(json, "changes", "Change", NULL);
    json_key(json, "_etag");
    document_ref(json, "Etag");
    json_close_all(json, "}}");
}

static void dry_run_write(struct document *document, const struct resource_walk *at)
{
    static const char *const names[] = {"data", "status", NULL};
    struct json_out *json = &document->json;
    key_of(json, at, ".dry_run");
    json_open(json, '{');
    json_pair(json, "type", "object");
    json_pair(json, "description", "What the command would do.");
    document_required(json, names);
    json_key_open(json, "properties", '{');
    dry_run_data_write(json, at);
    document_constant(json, "status", slice_text("OK"));
    json_close_all(json, "}}");
}

void openapi_schemas(struct document *document)
{
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    while (!document_full(document) && resource_walk_next(&walk)) {
        states_write(document, &walk);
        parts_write(document, &walk, "commands", "command");
        parts_write(document, &walk, "events", "event");
        events_write(document, &walk);
        record_write(document, &walk);
        dry_run_write(document, &walk);
    }
    openapi_row_schemas(document);
    json_entries(&document->json, map_field(document->parts, "schemas"));
}

/* ---- parameters ---- */

static void namespaces_write(struct json_out *json, struct slice descriptions)
{
    struct walk walk = walk_of(descriptions);
    struct slice domain;
    if (walk.left == 0)
        return;
    json_key_open(json, "enum", '[');
    while (walk_next(&walk, &domain))
        json_text(json, map_text(domain, "namespace"));
    json_close(json, ']');
}

/* A path's parameter, whose schema is text, one of the namespaces where they are given. */
static void path_parameter(struct json_out *json,
                           const char *component,
                           const char *name,
                           struct slice example,
                           const struct slice *descriptions)
{
    json_key_open(json, component, '{');
    json_pair(json, "name", name);
    json_pair(json, "in", "path");
    json_key(json, "required");
    json_bool(json, true);
    json_pair_text(json, "example", example);
    json_key_open(json, "schema", '{');
    json_pair(json, "type", "string");
    if (descriptions != NULL)
        namespaces_write(json, *descriptions);
    json_close_all(json, "}}");
}

/* The first command that there is, as an example with its place; false when there is none. */
static bool first_command(struct resource_walk *walk, struct slice *command)
{
    while (resource_walk_next(walk)) {
        struct part_walk commands = part_walk_of(walk->resource, "commands");
        if (part_walk_next(&commands)) {
            *command = commands.name;
            return true;
        }
    }
    return false;
}

void openapi_parameters(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    struct slice none = slice_text("none"), command = none;
    bool any = first_command(&walk, &command);
    json_entries(json, map_field(document->parts, "parameters"));
    path_parameter(
        json, "Namespace", "namespace", any ? walk.namespace : none, any ? &document->facts->descriptions : NULL);
    path_parameter(json, "Command", "command", command, NULL);
    path_parameter(json, "ReadModel", "name", any ? walk.name : none, NULL);
}

/* ---- problems ---- */

static void problem_headers(struct json_out *json, struct slice headers)
{
    struct walk walk = walk_of_map(headers);
    struct slice name, raw;
    if (walk.left == 0)
        return;
    json_key_open(json, "headers", '{');
    while (walk_next_entry(&walk, &name, &raw)) {
        struct reader reader = reader_of(raw);
        struct slice component = {0};
        reader_text(&reader, &component);
        json_key_text(json, name);
        json_open(json, '{');
        json_key(json, "$ref");
        json_print(json, "#/components/headers/%.*s", NAME(component));
        json_close(json, '}');
    }
    json_close(json, '}');
}

static void problem_schema(struct json_out *json, int64_t http, struct slice types)
{
    struct walk walk = walk_of_map(types);
    struct slice type, codes;
    json_key_open(json, "schema", '{');
    json_key_open(json, "allOf", '[');
    document_ref(json, "Problem");
    json_open(json, '{');
    json_key_open(json, "properties", '{');
    document_constant_integer(json, "status", http);
    json_key_open(json, "type", '{');
    json_key_open(json, "enum", '[');
    while (walk_next_entry(&walk, &type, &codes))
        json_print(json, "urn:fluvius:problem:%.*s", NAME(type));
    json_close_all(json, "]}}}]}");
}

static void problem_example(struct json_out *json, int64_t http, struct slice type, struct slice code)
{
    const char *title = problem_title(type);
    json_key_print(json, "%.*s.%.*s", NAME(type), NAME(code));
    json_open(json, '{');
    json_key_open(json, "value", '{');
    json_key(json, "type");
    json_print(json, "urn:fluvius:problem:%.*s", NAME(type));
    json_pair(json, "title", title);
    json_key(json, "status");
    json_integer(json, http);
    json_pair_text(json, "errcode", code);
    json_pair(json, "errmesg", title);
    json_key(json, "errdata");
    json_value(json, (struct slice){0});
    json_close_all(json, "}}");
}

static void problem_examples(struct json_out *json, int64_t http, struct slice types)
{
    struct walk walk = walk_of_map(types);
    struct slice type, codes, raw, code;
    json_key_open(json, "examples", '{');
    while (walk_next_entry(&walk, &type, &codes)) {
        for (struct walk words = walk_of(codes); walk_next(&words, &raw);) {
            struct reader reader = reader_of(raw);
            if (reader_text(&reader, &code) == 0)
                problem_example(json, http, type, code);
        }
    }
    json_close(json, '}');
}

static void problem_response(struct json_out *json, struct slice status, struct slice problem)
{
    int64_t http = 0;
    for (size_t i = 0; i < status.size; i++)
        http = http * 10 + status.data[i] - '0';
    json_open(json, '{');
    json_pair_text(json, "description", map_text(problem, "description"));
    problem_headers(json, map_field(problem, "headers"));
    json_key_open(json, "content", '{');
    json_key_open(json, "application/problem+json", '{');
    problem_schema(json, http, map_field(problem, "types"));
    problem_examples(json, http, map_field(problem, "types"));
    json_close_all(json, "}}}");
}

void openapi_responses(struct document *document)
{
    struct json_out *json = &document->json;
    struct walk walk = walk_of_map(map_field(document->parts, "problems"));
    struct slice status, problem;
    while (walk_next_entry(&walk, &status, &problem)) {
        json_key_print(json, "Problem%.*s", NAME(status));
        problem_response(json, status, problem);
    }
}
