/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The AsyncAPI document: see document.h. Servers are the bus and the event bus; channels are what travels there;
 * operations are seen from the platform, which receives commands and sends events. */
#include <inttypes.h>
#include <stdio.h>

#include "services/gateway/documents/document.h"
#include "services/gateway/documents/resources.h"
#include "services/gateway/sample.h"

#define EVENTS_DEFAULT "127.0.0.1:7411" /* a broker's event bus may be elsewhere; nobody told the gateway */

static void pointer(struct json_out *json, const char *path)
{
    json_open(json, '{');
    json_key(json, "$ref");
    json_print(json, "#/%s", path);
    json_close(json, '}');
}

static void pointers(struct json_out *json, const char *name, const char *path)
{
    json_key(json, name);
    json_open(json, '[');
    pointer(json, path);
    json_close(json, ']');
}

static void key_print(struct json_out *json, const struct resource_walk *at, const char *kind, struct slice part)
{
    char name[1024];
    snprintf(name, sizeof name, "%.*s.%.*s.%s.%.*s", NAME(at->namespace), NAME(at->name), kind, NAME(part));
    json_key(json, name);
}

static void close_times(struct json_out *json, int times)
{
    while (times-- > 0)
        json_close(json, '}');
}

/* ---- info and servers ---- */

static void info_write(struct document *document)
{
    struct json_out *json = &document->json;
    json_key(json, "info");
    json_open(json, '{');
    json_entries(json, map_field(document->parts, "info"));
    json_pair_text(json, "version", document->facts->version);
    json_close(json, '}');
    json_pair(json, "defaultContentType", "application/msgpack");
}

static void address_write(struct json_out *json, struct slice address, const char *doc)
{
    json_key(json, "variables");
    json_open(json, '{');
    json_key(json, "address");
    json_open(json, '{');
    json_pair_text(json, "default", address);
    json_pair(json, "description", doc);
    json_close(json, '}');
    json_close(json, '}');
}

static void server_write(struct json_out *json, const char *name, struct slice address, const char *doc)
{
    json_key(json, name);
    json_open(json, '{');
    json_pair(json, "host", "{address}");
    json_pair(json, "protocol", "nng");
    json_pair(json, "description", doc);
    address_write(json, address, "HOST:PORT of a broker, as it is reached from where you are.");
    json_close(json, '}');
}

static void http_server_write(struct document *document)
{
    struct json_out *json = &document->json;
    json_key(json, "http");
    json_open(json, '{');
    json_pair(json, "host", "{address}");
    json_pair(json, "protocol", "http");
    json_pair(json, "description", "Streams of server-sent events.");
    address_write(json, document->facts->http, "HOST:PORT of a gateway, as it is reached from where you are.");
    if (document->facts->tokens)
        pointers(json, "security", "components/securitySchemes/token");
    json_close(json, '}');
}

static void servers_write(struct document *document)
{
    struct json_out *json = &document->json;
    const char *token = document->facts->tokens ? " Each frame or request carries a token (tok)." : "";
    char doc[256];
    snprintf(doc, sizeof doc, "The bus: requests and replies, REQ and REP.%s", token);
    json_key(json, "servers");
    json_open(json, '{');
    server_write(json, "bus", document->facts->bus, doc);
    server_write(
        json, "events", slice_text(EVENTS_DEFAULT), "The event bus: PUB and SUB, one topic byte before each map.");
    http_server_write(document);
    json_close(json, '}');
}

/* ---- channels ---- */

static void
channel_open(struct json_out *json, const char *name, const char *address, const char *server, const char *doc)
{
    char path[64];
    json_key(json, name);
    json_open(json, '{');
    if (address != NULL)
        json_pair(json, "address", address);
    json_pair(json, "description", doc);
    snprintf(path, sizeof path, "servers/%s", server);
    pointers(json, "servers", path);
    json_key(json, "messages");
    json_open(json, '{');
}

static void channel_close(struct json_out *json)
{
    json_close(json, '}');
    json_close(json, '}');
}

static void message_entry(struct json_out *json, const char *name)
{
    char path[1100];
    snprintf(path, sizeof path, "components/messages/%s", name);
    json_key(json, name);
    pointer(json, path);
}

static void requests_channel(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    channel_open(json, "requests", NULL, "bus", "Requests of clients, one or more in a frame.");
    while (resource_walk_next(&walk)) {
        struct part_walk commands = part_walk_of(walk.resource, "commands");
        while (part_walk_next(&commands)) {
            char name[1024];
            snprintf(name,
                     sizeof name,
                     "%.*s.%.*s.command.%.*s",
                     NAME(walk.namespace),
                     NAME(walk.name),
                     NAME(commands.name));
            message_entry(json, name);
        }
    }
    channel_close(json);
}

/* ---- streams ---- */

static void event_entries(struct json_out *json, const struct resource_walk *at)
{
    struct part_walk events = part_walk_of(at->resource, "events");
    while (part_walk_next(&events)) {
        char name[1024];
        snprintf(name, sizeof name, "%.*s.%.*s.%.*s", NAME(at->namespace), NAME(at->name), NAME(events.name));
        message_entry(json, name);
    }
}

static void identifier_parameter(struct json_out *json)
{
    json_key(json, "parameters");
    json_open(json, '{');
    json_key(json, "identifier");
    json_open(json, '{');
    json_pair(json, "description", "The aggregate.");
    json_close(json, '}');
    json_close(json, '}');
}

/* One of all events, and one a resource for the events of one aggregate. */
static void stream_channels(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    channel_open(json, "events", "/_events", "http", "Events as they come, in order within each partition.");
    while (resource_walk_next(&walk))
        event_entries(json, &walk);
    channel_close(json);
    for (walk = resource_walk_of(document->facts->descriptions); resource_walk_next(&walk);) {
        char name[1024], address[1100];
        snprintf(name, sizeof name, "%.*s.%.*s", NAME(walk.namespace), NAME(walk.name));
        snprintf(address, sizeof address, "/%s/{identifier}/events", name);
        channel_open(json, name, address, "http", "The events of one aggregate as they come.");
        event_entries(json, &walk);
        json_close(json, '}');
        identifier_parameter(json);
        json_close(json, '}');
    }
}

/* Records carry every realm's data, so with tokens the event bus has heads alone. */
static bool has_records(const struct document *document)
{
    return !document->facts->tokens;
}

static void channels_write(struct document *document)
{
    struct json_out *json = &document->json;
    json_key(json, "channels");
    json_open(json, '{');
    requests_channel(document);
    stream_channels(document);
    channel_open(json, "replies", NULL, "bus", "Their answers, in the same order, on the same connection.");
    message_entry(json, "reply");
    channel_close(json);
    channel_open(
        json, "heads", "h", "events", "How far each partition's log goes. May lose messages: heads come again.");
    message_entry(json, "heads");
    channel_close(json);
    if (has_records(document)) {
        channel_open(json,
                     "records",
                     "r",
                     "events",
                     "Committed records. May lose messages: a gap in seq tells; read the log then.");
        message_entry(json, "records");
        channel_close(json);
    }
    json_close(json, '}');
}

/* ---- operations ---- */

static void operation_open(struct json_out *json, const char *action, const char *channel, const char *doc)
{
    char path[1100];
    snprintf(path, sizeof path, "channels/%s", channel);
    json_open(json, '{');
    json_pair(json, "action", action);
    json_pair(json, "summary", doc);
    json_key(json, "channel");
    pointer(json, path);
}

static void send_write(struct json_out *json, const char *name, const char *doc)
{
    char path[64];
    snprintf(path, sizeof path, "channels/%s/messages/%s", name, name);
    json_key(json, name);
    operation_open(json, "send", name, doc);
    pointers(json, "messages", path);
    json_close(json, '}');
}

static void command_operation(struct json_out *json, const struct resource_walk *at, const struct part_walk *command)
{
    char path[1100], doc[256];
    struct slice said = map_text(command->part, "doc");
    snprintf(doc, sizeof doc, "%.*s", NAME(said));
    snprintf(path,
             sizeof path,
             "channels/requests/messages/%.*s.%.*s.command.%.*s",
             NAME(at->namespace),
             NAME(at->name),
             NAME(command->name));
    key_print(json, at, "command", command->name);
    operation_open(json, "receive", "requests", doc);
    pointers(json, "messages", path);
    json_key(json, "reply");
    json_open(json, '{');
    json_key(json, "channel");
    pointer(json, "channels/replies");
    pointers(json, "messages", "channels/replies/messages/reply");
    json_close(json, '}');
    json_close(json, '}');
}

/* What a stream sends, with each message that it has. */
static void stream_operation(struct json_out *json, const char *channel, struct resource_walk *walk, bool alone)
{
    json_key(json, channel);
    operation_open(json, "send", channel, "Tells events as they come.");
    json_key(json, "messages");
    json_open(json, '[');
    do {
        struct part_walk events = part_walk_of(walk->resource, "events");
        while (part_walk_next(&events)) {
            char path[2200];
            snprintf(path,
                     sizeof path,
                     "channels/%s/messages/%.*s.%.*s.%.*s",
                     channel,
                     NAME(walk->namespace),
                     NAME(walk->name),
                     NAME(events.name));
            pointer(json, path);
        }
    } while (!alone && resource_walk_next(walk));
    json_close(json, ']');
    json_close(json, '}');
}

static void stream_operations(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    if (resource_walk_next(&walk))
        stream_operation(json, "events", &walk, false);
    walk = resource_walk_of(document->facts->descriptions);
    while (!document_full(document) && resource_walk_next(&walk)) {
        char name[1024];
        snprintf(name, sizeof name, "%.*s.%.*s", NAME(walk.namespace), NAME(walk.name));
        stream_operation(json, name, &walk, true);
    }
}

static void operations_write(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    json_key(json, "operations");
    json_open(json, '{');
    while (!document_full(document) && resource_walk_next(&walk)) {
        struct part_walk commands = part_walk_of(walk.resource, "commands");
        while (part_walk_next(&commands))
            command_operation(json, &walk, &commands);
    }
    stream_operations(document);
    send_write(json, "heads", "Tells how far each partition's log goes.");
    if (has_records(document))
        send_write(json, "records", "Tells what was committed.");
    json_close(json, '}');
}

/* ---- messages ---- */

static void constant(struct json_out *json, const char *name, struct slice text)
{
    json_key(json, name);
    json_open(json, '{');
    json_pair_text(json, "const", text);
    json_close(json, '}');
}

static void places(struct json_out *json, const struct resource_walk *at)
{
    constant(json, "ns", at->namespace);
    constant(json, "res", at->name);
}

static void request_example(struct json_out *json, const struct resource_walk *at, const struct part_walk *command)
{
    json_key(json, "examples");
    json_open(json, '[');
    json_open(json, '{');
    json_pair_text(json, "name", command->name);
    json_pair(json, "summary", "As JSON; id is 16 bytes on the wire.");
    json_key(json, "payload");
    json_open(json, '{');
    json_key(json, "v");
    json_integer(json, 1);
    json_pair(json, "t", "req");
    json_key(json, "q");
    json_open(json, '[');
    json_open(json, '{');
    json_pair(json, "id", "AZwUFIQAcACAAAAAAAAAAQ");
    json_pair_text(json, "ns", at->namespace);
    json_pair_text(json, "cmd", command->name);
    json_pair_text(json, "res", at->name);
    json_pair(json, "agg", "example-1");
    json_key(json, "data");
    json_open(json, '{');
    sample_entries(json, map_field(command->part, "schema"), 0);
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, ']');
}

static void request_message(struct json_out *json, const struct resource_walk *at, const struct part_walk *command)
{
    key_print(json, at, "command", command->name);
    json_open(json, '{');
    json_pair_text(json, "name", command->name);
    json_pair_text(json, "summary", map_text(command->part, "doc"));
    json_key(json, "payload");
    document_ref(json, "%.*s.%.*s.request.%.*s", NAME(at->namespace), NAME(at->name), NAME(command->name));
    request_example(json, at, command);
    json_close(json, '}');
}

/* One event in a stream: its data line. */
static void event_message(struct json_out *json, const struct resource_walk *at, const struct part_walk *event)
{
    char name[1024];
    snprintf(name, sizeof name, "%.*s.%.*s.%.*s", NAME(at->namespace), NAME(at->name), NAME(event->name));
    json_key(json, name);
    json_open(json, '{');
    json_pair(json, "name", name);
    json_pair_text(json, "summary", map_text(event->part, "doc"));
    json_pair(json, "contentType", "application/cloudevents+json");
    json_key(json, "payload");
    document_ref(json, "%.*s.%.*s.cloudevent.%.*s", NAME(at->namespace), NAME(at->name), NAME(event->name));
    json_close(json, '}');
}

static void records_message(struct json_out *json)
{
    json_key(json, "records");
    json_open(json, '{');
    json_pair(json, "summary", "Committed records, in order within a partition.");
    json_key(json, "payload");
    document_ref(json, "Records");
    json_close(json, '}');
}

static void messages_write(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    json_key(json, "messages");
    json_open(json, '{');
    while (!document_full(document) && resource_walk_next(&walk)) {
        struct part_walk commands = part_walk_of(walk.resource, "commands");
        while (part_walk_next(&commands))
            request_message(json, &walk, &commands);
        struct part_walk events = part_walk_of(walk.resource, "events");
        while (part_walk_next(&events))
            event_message(json, &walk, &events);
    }
    json_entries(json, map_field(document->parts, "messages"));
    if (has_records(document))
        records_message(json);
    json_close(json, '}');
}

/* ---- schemas ---- */

/* {"allOf": [{"$ref": base}, {"properties": { */
static void narrowed_open(struct json_out *json, const char *base)
{
    json_open(json, '{');
    json_key(json, "allOf");
    json_open(json, '[');
    document_ref(json, "%s", base);
    json_open(json, '{');
    json_key(json, "properties");
    json_open(json, '{');
}

static void narrowed_close(struct json_out *json)
{
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
}

static void request_schema(struct json_out *json, const struct resource_walk *at, const struct part_walk *command)
{
    key_print(json, at, "request", command->name);
    json_open(json, '{');
    json_pair(json, "type", "object");
    json_key(json, "required");
    json_open(json, '[');
    json_string(json, "v");
    json_string(json, "t");
    json_string(json, "q");
    json_close(json, ']');
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, "v");
    json_open(json, '{');
    json_key(json, "const");
    json_integer(json, 1);
    json_close(json, '}');
    constant(json, "t", slice_text("req"));
    json_key(json, "q");
    json_open(json, '{');
    json_pair(json, "type", "array");
    json_key(json, "items");
    narrowed_open(json, "Request");
    places(json, at);
    constant(json, "cmd", command->name);
    json_key(json, "data");
    document_ref(json, "%.*s.%.*s.command.%.*s", NAME(at->namespace), NAME(at->name), NAME(command->name));
    narrowed_close(json);
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, '}');
}

static void record_schema(struct json_out *json, const struct resource_walk *at, const struct part_walk *event)
{
    key_print(json, at, "record", event->name);
    narrowed_open(json, "BusRecord");
    places(json, at);
    constant(json, "type", event->name);
    json_key(json, "schema");
    json_open(json, '{');
    json_key(json, "const");
    json_integer(json, map_integer(event->part, "version", 1));
    json_close(json, '}');
    json_key(json, "data");
    document_ref(json, "%.*s.%.*s.event.%.*s", NAME(at->namespace), NAME(at->name), NAME(event->name));
    narrowed_close(json);
}

/* if schemaversion is this, then data is that. */
static void
present_shape(struct json_out *json, const struct resource_walk *at, const struct part_walk *event, int64_t version)
{
    json_key(json, "if");
    json_open(json, '{');
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, "schemaversion");
    json_open(json, '{');
    json_key(json, "const");
    json_integer(json, version);
    close_times(json, 3);
    json_key(json, "then");
    json_open(json, '{');
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, "data");
    document_ref(json, "%.*s.%.*s.event.%.*s", NAME(at->namespace), NAME(at->name), NAME(event->name));
    close_times(json, 2);
}

/* data is of the present shape where schemaversion says so; an older event has an older one. */
static void cloudevent_schema(struct json_out *json, const struct resource_walk *at, const struct part_walk *event)
{
    int64_t version = map_integer(event->part, "version", 1);
    key_print(json, at, "cloudevent", event->name);
    narrowed_open(json, "CloudEvent");
    json_key(json, "type");
    json_open(json, '{');
    json_key(json, "const");
    json_print(json, "%.*s.%.*s.%.*s", NAME(at->namespace), NAME(at->name), NAME(event->name));
    json_close(json, '}');
    json_key(json, "schemaversion");
    json_open(json, '{');
    json_key(json, "maximum");
    json_integer(json, version);
    json_close(json, '}');
    if (version == 1) {
        json_key(json, "data");
        document_ref(json, "%.*s.%.*s.event.%.*s", NAME(at->namespace), NAME(at->name), NAME(event->name));
    }
    json_close(json, '}');
    if (version > 1)
        present_shape(json, at, event, version);
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
}

static void resource_schemas(struct document *document, const struct resource_walk *at)
{
    struct json_out *json = &document->json;
    struct part_walk commands = part_walk_of(at->resource, "commands");
    struct part_walk events = part_walk_of(at->resource, "events");
    while (!document_full(document) && part_walk_next(&commands)) {
        key_print(json, at, "command", commands.name);
        document_schema(json, map_field(commands.part, "schema"), SCHEMA_DATA);
        request_schema(json, at, &commands);
    }
    while (!document_full(document) && part_walk_next(&events)) {
        key_print(json, at, "event", events.name);
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
    json_key(json, "Records");
    json_open(json, '{');
    json_pair(json, "type", "object");
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, "v");
    json_open(json, '{');
    json_key(json, "const");
    json_integer(json, 1);
    json_close(json, '}');
    json_key(json, "ev");
    json_open(json, '{');
    json_pair(json, "type", "array");
    json_key(json, "items");
    json_open(json, '{');
    json_key(json, "anyOf");
    json_open(json, '[');
    while (!document_full(document) && resource_walk_next(&walk)) {
        struct part_walk events = part_walk_of(walk.resource, "events");
        while (part_walk_next(&events))
            document_ref(json, "%.*s.%.*s.record.%.*s", NAME(walk.namespace), NAME(walk.name), NAME(events.name));
    }
    document_ref(json, "BusRecord");
    json_close(json, ']');
    for (int i = 0; i < 4; i++)
        json_close(json, '}');
}

static void components_write(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    json_key(json, "components");
    json_open(json, '{');
    messages_write(document);
    if (document->facts->tokens) {
        json_key(json, "securitySchemes");
        json_open(json, '{');
        json_key(json, "token");
        json_open(json, '{');
        json_pair(json, "type", "http");
        json_pair(json, "scheme", "bearer");
        close_times(json, 2);
    }
    json_key(json, "schemas");
    json_open(json, '{');
    while (!document_full(document) && resource_walk_next(&walk))
        resource_schemas(document, &walk);
    if (has_records(document))
        records_schema(document);
    json_entries(json, map_field(document->parts, "schemas"));
    json_close(json, '}');
    json_close(json, '}');
}

bool asyncapi_write(struct buffer *out, const struct document_facts *facts)
{
    struct document document;
    if (!document_begin(&document, out, facts, resource_asyncapi()))
        return false;
    json_open(&document.json, '{');
    json_pair(&document.json, "asyncapi", "3.1.0");
    info_write(&document);
    servers_write(&document);
    channels_write(&document);
    operations_write(&document);
    components_write(&document);
    json_close(&document.json, '}');
    return document_end(&document);
}
