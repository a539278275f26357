/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Paths of the OpenAPI document. Operation ids are KIND.NS.RESOURCE, for commands KIND.NS.RESOURCE.COMMAND: unique, as
 * no name has a dot, and the same as long as the domain names the thing so. */
#include "services/gateway/documents/openapi.h"

#include <stdio.h>

#include "services/gateway/sample.h"

#define IDENTIFIER "example-1" /* as in openapi.json */

static const uint16_t command_problems[] = {
    400, 401, 403, 404, 410, 412, 413, 414, 415, 421, 422, 428, 429, 431, 500, 503, 504, 0};
static const uint16_t read_problems[] = {400, 401, 403, 404, 414, 421, 429, 431, 500, 503, 504, 0};
static const uint16_t scoped_problems[] = {400, 401, 403, 404, 414, 421, 422, 429, 431, 500, 503, 504, 0};
static const uint16_t fixed_problems[] = {400, 401, 403, 414, 421, 429, 431, 500, 503, 504, 0};
static const uint16_t open_problems[] = {400, 403, 414, 421, 429, 431, 500, 503, 0};

static void write_identity(struct json_out *json)
{
    json_pair(json, "_id", IDENTIFIER);
    json_pair(json, "_etag", "1");
}

/* ---- commands ---- */

struct command_place {
    const struct resource_walk *at;
    const struct part_walk *command;
    bool fresh; /* :new */
    bool scoped;
};

static void command_path(struct json_out *json, const struct command_place *place)
{
    json_key_print(json,
                   "/%.*s:%.*s/%s%.*s/%s",
                   NAME(place->at->namespace),
                   NAME(place->command->name),
                   place->scoped ? "{scope}/" : "",
                   NAME(place->at->name),
                   place->fresh ? ":new" : "{identifier}");
}

static void command_title(struct json_out *json, const struct command_place *place)
{
    struct slice doc = map_text(place->command->part, "doc");
    json_key(json, "operationId");
    json_print(json,
               "%s%s.%.*s.%.*s.%.*s",
               place->scoped ? "scoped-" : "",
               place->fresh ? "create" : "command",
               PLACE(place->at),
               NAME(place->command->name));
    if (doc.size == 0)
        doc = place->command->name;
    json_key(json, "summary");
    json_print(json, "%.*s%s%s", NAME(doc), place->fresh ? " (new)" : "", place->scoped ? " (in a scope)" : "");
    if (place->scoped && place->fresh)
        json_pair(json, "description", "On a new aggregate, which must come out of the scope: else out_of_scope.");
    else if (place->scoped)
        json_pair(json, "description", "Only if the aggregate is of the scope when the command is decided: else 404.");
    else if (place->fresh)
        json_pair(json, "description", "On a new aggregate, whose identifier is made here.");
    else if (map_true(place->command->part, "creates"))
        json_pair(json, "description", "May create the aggregate.");
}

static void command_parameters(struct json_out *json, const struct command_place *place)
{
    static const char *const names[] = {
        "Identifier", "DryRun", "IdempotencyKey", "IfMatch", "IfNew", "Timeout", "Prefer", "Traceparent", NULL};
    openapi_parameter_references(json, place->scoped, place->fresh ? names + 1 : names);
}

static void command_body(struct json_out *json, const struct command_place *place)
{
    struct slice schema = map_field(place->command->part, "schema");
    bool needed = map_field(schema, "required").size > 1;
    json_key_open(json, "requestBody", '{');
    json_key(json, "required");
    json_bool(json, needed);
    openapi_content_open(json);
    json_key(json, "schema");
    document_ref(json, "%.*s.%.*s.command.%.*s", PLACE(place->at), NAME(place->command->name));
    json_key_open(json, "example", '{');
    sample_entries(json, schema, 0);
    json_close(json, '}');
    openapi_content_close(json);
    json_close(json, '}');
}

static void command_content(struct json_out *json, const struct command_place *place)
{
    openapi_content_open(json);
    json_key_open(json, "schema", '{');
    json_key_open(json, "anyOf", '[');
    document_ref(json, "Done");
    document_ref(json, "%.*s.%.*s.dry_run", PLACE(place->at));
    json_close_all(json, "]}");
    json_key_open(json, "example", '{');
    json_key_open(json, "data", '{');
    write_identity(json);
    json_close(json, '}');
    json_pair(json, "status", "OK");
    json_close(json, '}');
    openapi_content_close(json);
}

static void command_responses(struct json_out *json, const struct command_place *place)
{
    static const char *const fields[] = {"Location",
                                         "Location",
                                         "ETag",
                                         "ETag",
                                         "Fluvius-Position",
                                         "Position",
                                         "Fluvius-Command",
                                         "Command",
                                         "Idempotency-Key",
                                         "IdempotencyKey",
                                         NULL};
    json_key_open(json, "responses", '{');
    openapi_response_open(json, "200", "The command is durable; or, of a dry run, what it would do.");
    openapi_headers(json, place->fresh ? fields : fields + 2);
    command_content(json, place);
    json_close(json, '}');
    openapi_problems(json, command_problems);
    json_close(json, '}');
}

static void command_write(struct json_out *json, const struct command_place *place)
{
    command_path(json, place);
    json_open(json, '{');
    openapi_operation_open(json, "post", place->at);
    command_title(json, place);
    command_parameters(json, place);
    command_body(json, place);
    command_responses(json, place);
    json_close_all(json, "}}");
}

static void commands_write(struct document *document, const struct resource_walk *at)
{
    struct part_walk walk = part_walk_of(at->resource, "commands");
    while (!document_full(document) && part_walk_next(&walk)) {
        for (int scoped = 0; scoped <= 1; scoped++) {
            struct command_place place = {.at = at, .command = &walk, .fresh = true, .scoped = scoped == 1};
            if (map_true(walk.part, "creates"))
                command_write(&document->json, &place);
            place.fresh = false;
            command_write(&document->json, &place);
        }
    }
}

/* ---- states ---- */

static void
read_open(struct json_out *json, const struct resource_walk *at, bool scoped, const char *kind, const char *behind)
{
    json_key_print(json, "/%.*s.%.*s/%s{identifier}%s", PLACE(at), scoped ? "{scope}/" : "", behind);
    json_open(json, '{');
    openapi_operation_open(json, "get", at);
    json_key(json, "operationId");
    json_print(json, "%s%s.%.*s.%.*s", scoped ? "scoped-" : "", kind, PLACE(at));
}

static void state_content(struct json_out *json, const struct resource_walk *at)
{
    openapi_content_open(json);
    openapi_envelope_open(json);
    document_ref(json, "%.*s.%.*s.item", PLACE(at));
    openapi_envelope_close(json);
    json_key_open(json, "example", '{');
    json_key_open(json, "data", '{');
    sample_entries(json, map_field(at->resource, "schema"), 0);
    write_identity(json);
    json_close(json, '}');
    json_pair(json, "status", "OK");
    json_close(json, '}');
    openapi_content_close(json);
}

static void state_write(struct json_out *json, const struct resource_walk *at)
{
    static const char *const names[] = {
        "Identifier", "Version", "At", "IfNoneMatch", "Timeout", "Prefer", "Traceparent", NULL};
    static const char *const fields[] = {"ETag", "ETag", "Fluvius-Position", "Position", NULL};
    read_open(json, at, false, "state", "");
    json_key(json, "summary");
    json_print(json, "The state of one %.*s", NAME(at->name));
    json_pair_text(json, "description", map_text(at->resource, "doc"));
    openapi_parameter_references(json, false, names);
    json_key_open(json, "responses", '{');
    openapi_response_open(json, "200", "The state, as it is or as it was at a version.");
    openapi_headers(json, fields);
    state_content(json, at);
    json_close(json, '}');
    openapi_response_open(json, "304", "It is at one of the versions that you have.");
    openapi_headers(json, fields);
    json_close(json, '}');
    openapi_problems(json, read_problems);
    json_close_all(json, "}}}");
}

/* ---- events ---- */

static void events_schema(struct json_out *json, const struct resource_walk *at)
{
    openapi_envelope_open(json);
    json_open(json, '{');
    json_pair(json, "type", "array");
    json_key(json, "items");
    document_ref(json, "%.*s.%.*s.record", PLACE(at));
    json_close(json, '}');
    json_key(json, "meta");
    document_ref(json, "PageMeta");
    openapi_envelope_close(json);
}

static void event_sample(struct json_out *json, const struct resource_walk *at, const struct part_walk *event)
{
    struct part_walk commands = part_walk_of(at->resource, "commands");
    bool known = part_walk_next(&commands);
    json_open(json, '{');
    json_key(json, "version");
    json_integer(json, 1);
    json_pair_text(json, "type", event->name);
    json_key(json, "schema");
    json_integer(json, map_integer(event->part, "version", 1));
    json_pair(json, "time", "2026-01-31T12:00:00.000000Z");
    json_key(json, "data");
    sample_write(json, map_field(event->part, "schema"), event->name, 0);
    json_pair_text(json, "command", known ? commands.name : slice_text("command"));
    json_pair(json, "command_id", "019c1414-8400-7000-8000-000000000001");
    json_pair(json, "user", "anonymous");
    json_key(json, "partition");
    json_integer(json, 1);
    json_key(json, "seq");
    json_integer(json, 1);
    json_close(json, '}');
}

static void events_example(struct json_out *json, const struct resource_walk *at)
{
    struct part_walk walk = part_walk_of(at->resource, "events");
    json_key_open(json, "example", '{');
    json_key_open(json, "data", '[');
    if (part_walk_next(&walk))
        event_sample(json, at, &walk);
    json_close(json, ']');
    json_key_open(json, "meta", '{');
    json_key(json, "limit");
    json_integer(json, 25);
    json_key(json, "next");
    json_value(json, (struct slice){0});
    json_close(json, '}');
    json_pair(json, "status", "OK");
    json_close(json, '}');
}

static void events_write(struct json_out *json, const struct resource_walk *at, bool scoped)
{
    static const char *const names[] = {
        "Identifier", "After", "Limit", "From", "LastEventId", "Timeout", "Prefer", "Traceparent", NULL};
    static const char *const fields[] = {"Link", "Link", NULL};
    read_open(json, at, scoped, "events", "/events");
    json_key(json, "summary");
    json_print(json, "The events of one %.*s%s, a page at a time", NAME(at->name), scoped ? " of a scope" : "");
    json_pair(
        json,
        "description",
        "To a client that takes text/event-stream, a stream that goes on for ever, of CloudEvents: after and limit "
        "are of pages, from is of streams.");
    openapi_parameter_references(json, scoped, names);
    json_key_open(json, "responses", '{');
    openapi_response_open(json, "200", "A page of events.");
    openapi_headers(json, fields);
    openapi_content_open(json);
    events_schema(json, at);
    events_example(json, at);
    json_close(json, '}');
    json_key_open(json, "text/event-stream", '{');
    json_key_open(json, "schema", '{');
    json_pair(json, "type", "string");
    json_close(json, '}');
    openapi_content_close(json);
    json_close(json, '}');
    openapi_problems(json, scoped ? scoped_problems : read_problems);
    json_close_all(json, "}}}");
}

/* ---- changes ---- */

static void changes_write(struct json_out *json, const struct resource_walk *at, bool scoped)
{
    static const char *const names[] = {
        "Identifier", "FromVersion", "ToVersion", "Limit", "Timeout", "Prefer", "Traceparent", NULL};
    static const char *const fields[] = {"Link", "Link", NULL};
    read_open(json, at, scoped, "changes", "/changes");
    json_key(json, "summary");
    json_print(json,
               "What the events of one %.*s%s changed, between two versions",
               NAME(at->name),
               scoped ? " of a scope" : "");
    openapi_parameter_references(json, scoped, names);
    json_key_open(json, "responses", '{');
    openapi_response_open(json, "200", "The difference, and that of each event, a page of events at a time.");
    openapi_headers(json, fields);
    openapi_content_open(json);
    openapi_envelope_open(json);
    document_ref(json, "Changes");
    json_key(json, "meta");
    document_ref(json, "PageMeta");
    openapi_envelope_close(json);
    openapi_content_close(json);
    json_close(json, '}');
    openapi_problems(json, scoped ? scoped_problems : read_problems);
    json_close_all(json, "}}}");
}

void openapi_resource_paths(struct document *document)
{
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    while (!document_full(document) && resource_walk_next(&walk)) {
        commands_write(document, &walk);
        state_write(&document->json, &walk);
        for (int scoped = 0; scoped <= 1; scoped++) {
            events_write(&document->json, &walk, scoped == 1);
            changes_write(&document->json, &walk, scoped == 1);
        }
    }
    openapi_list_paths(document);
}

/* ---- what is there without any domain ---- */

/* The responses that the file has, and the problems that it leaves out. */
static void fixed_responses(struct json_out *json, struct slice responses, const uint16_t *problems)
{
    uint16_t missing[sizeof fixed_problems / sizeof *fixed_problems];
    size_t count = 0;
    for (; *problems != 0; problems++) {
        char status[8];
        snprintf(status, sizeof status, "%u", *problems);
        if (map_field(responses, status).size == 0)
            missing[count++] = *problems;
    }
    missing[count] = 0;
    json_open(json, '{');
    json_entries(json, responses);
    openapi_problems(json, missing);
    json_close(json, '}');
}

static void fixed_operation(struct json_out *json, struct slice operation)
{
    bool free = map_field(operation, "security").size > 0;
    struct walk walk = walk_of_map(operation);
    struct slice key, raw;
    json_open(json, '{');
    while (walk_next_entry(&walk, &key, &raw)) {
        json_key_text(json, key);
        if (slice_is(key, "responses"))
            fixed_responses(json, raw, free ? open_problems : fixed_problems);
        else
            json_value(json, raw);
    }
    json_close(json, '}');
}

void openapi_fixed_paths(struct document *document)
{
    struct json_out *json = &document->json;
    struct walk walk = walk_of_map(map_field(document->parts, "paths"));
    struct slice path, item, method, operation;
    while (walk_next_entry(&walk, &path, &item)) {
        json_key_text(json, path);
        json_open(json, '{');
        for (struct walk methods = walk_of_map(item); walk_next_entry(&methods, &method, &operation);) {
            json_key_text(json, method);
            fixed_operation(json, operation);
        }
        json_close(json, '}');
    }
}
