/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What travels where, in the AsyncAPI document: channels with their messages, and who sends on them. */
#include <stdio.h>

#include "services/gateway/documents/asyncapi.h"

/* ---- channels ---- */

static void
channel_open(struct json_out *json, const char *name, const char *address, const char *server, const char *doc)
{
    char path[64];
    snprintf(path, sizeof path, "servers/%s", server);
    json_key_open(json, name, '{');
    if (address != NULL)
        json_pair(json, "address", address);
    json_pair(json, "description", doc);
    asyncapi_only_pointer(json, "servers", path);
    json_key_open(json, "messages", '{');
}

static void message_entry(struct json_out *json, const char *name)
{
    json_key(json, name);
    asyncapi_pointer(json, "components/messages/%s", name);
}

/* With one kind of message, which has the channel's name or another. */
static void simple_channel(struct json_out *json,
                           const char *name,
                           const char *message,
                           const char *address,
                           const char *server,
                           const char *doc)
{
    channel_open(json, name, address, server, doc);
    message_entry(json, message);
    json_close_all(json, "}}");
}

static void requests_channel(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    channel_open(json, "requests", NULL, "bus", "Requests of clients, one or more in a frame.");
    while (resource_walk_next(&walk)) {
        for (struct part_walk commands = part_walk_of(walk.resource, "commands"); part_walk_next(&commands);) {
            char name[1024];
            snprintf(name, sizeof name, "%.*s.%.*s.command.%.*s", PLACE(&walk), NAME(commands.name));
            message_entry(json, name);
        }
    }
    json_close_all(json, "}}");
}

static void event_entries(struct json_out *json, const struct resource_walk *at)
{
    for (struct part_walk events = part_walk_of(at->resource, "events"); part_walk_next(&events);) {
        char name[1024];
        snprintf(name, sizeof name, "%.*s.%.*s.%.*s", PLACE(at), NAME(events.name));
        message_entry(json, name);
    }
}

enum { CHANNEL_NAME_SIZE = 1024 };

static void stream_name(const struct resource_walk *at, bool scoped, char out[CHANNEL_NAME_SIZE])
{
    snprintf(out, CHANNEL_NAME_SIZE, "%.*s.%.*s%s", PLACE(at), scoped ? ".scoped" : "");
}

static void stream_parameter(struct json_out *json, const char *name, const char *doc)
{
    json_key_open(json, name, '{');
    json_pair(json, "description", doc);
    json_close(json, '}');
}

/* Of the events of one aggregate. */
static void stream_channel(struct json_out *json, const struct resource_walk *at, bool scoped)
{
    char name[CHANNEL_NAME_SIZE], address[CHANNEL_NAME_SIZE];
    stream_name(at, scoped, name);
    snprintf(address, sizeof address, "/%.*s.%.*s/%s{identifier}/events", PLACE(at), scoped ? "{scope}/" : "");
    channel_open(json,
                 name,
                 address,
                 "http",
                 scoped ? "The events of one aggregate as they come, if it is of the scope when the stream begins."
                        : "The events of one aggregate as they come.");
    event_entries(json, at);
    json_close(json, '}');
    json_key_open(json, "parameters", '{');
    if (scoped)
        stream_parameter(json, "scope", "What its fields must be equal to: FIELD=VALUE:FIELD=VALUE.");
    stream_parameter(json, "identifier", "The aggregate.");
    json_close_all(json, "}}");
}

/* One of all events, and two a resource. */
static void stream_channels(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    channel_open(json, "events", "/_events", "http", "Events as they come, in order within each partition.");
    while (resource_walk_next(&walk))
        event_entries(json, &walk);
    json_close_all(json, "}}");
    for (walk = resource_walk_of(document->facts->descriptions); resource_walk_next(&walk);) {
        stream_channel(json, &walk, false);
        stream_channel(json, &walk, true);
    }
}

void asyncapi_channels(struct document *document)
{
    struct json_out *json = &document->json;
    requests_channel(document);
    stream_channels(document);
    simple_channel(json, "replies", "reply", NULL, "bus", "Their answers, in the same order, on the same connection.");
    simple_channel(json,
                   "heads",
                   "heads",
                   "h",
                   "events",
                   "How far each partition's log goes. May lose messages: heads come again.");
    if (asyncapi_has_records(document))
        simple_channel(json,
                       "records",
                       "records",
                       "r",
                       "events",
                       "Committed records, while somebody asks the bus to listen. May lose messages: a gap in seq "
                       "tells; read the log then.");
}

/* ---- operations ---- */

static void operation_open(struct json_out *json, const char *action, const char *channel, struct slice doc)
{
    json_open(json, '{');
    json_pair(json, "action", action);
    json_pair_text(json, "summary", doc);
    json_key(json, "channel");
    asyncapi_pointer(json, "channels/%s", channel);
}

static void send_operation(struct json_out *json, const char *name, const char *doc)
{
    char path[64];
    snprintf(path, sizeof path, "channels/%s/messages/%s", name, name);
    json_key(json, name);
    operation_open(json, "send", name, slice_text(doc));
    asyncapi_only_pointer(json, "messages", path);
    json_close(json, '}');
}

static void command_operation(struct json_out *json, const struct resource_walk *at, const struct part_walk *command)
{
    char name[1024], path[1100];
    snprintf(name, sizeof name, "%.*s.%.*s.command.%.*s", PLACE(at), NAME(command->name));
    snprintf(path, sizeof path, "channels/requests/messages/%s", name);
    json_key(json, name);
    operation_open(json, "receive", "requests", map_text(command->part, "doc"));
    asyncapi_only_pointer(json, "messages", path);
    json_key_open(json, "reply", '{');
    json_key(json, "channel");
    asyncapi_pointer(json, "channels/replies");
    asyncapi_only_pointer(json, "messages", "channels/replies/messages/reply");
    json_close_all(json, "}}");
}

static void event_pointers(struct json_out *json, const char *channel, const struct resource_walk *at)
{
    for (struct part_walk events = part_walk_of(at->resource, "events"); part_walk_next(&events);)
        asyncapi_pointer(json, "channels/%s/messages/%.*s.%.*s.%.*s", channel, PLACE(at), NAME(events.name));
}

static void stream_open(struct json_out *json, const char *channel)
{
    json_key(json, channel);
    operation_open(json, "send", channel, slice_text("Tells events as they come."));
    json_key_open(json, "messages", '[');
}

/* What streams send, with each message that they have. */
static void stream_operations(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    if (resource_walk_next(&walk)) {
        stream_open(json, "events");
        do
            event_pointers(json, "events", &walk);
        while (resource_walk_next(&walk));
        json_close_all(json, "]}");
    }
    walk = resource_walk_of(document->facts->descriptions);
    while (!document_full(document) && resource_walk_next(&walk)) {
        for (int scoped = 0; scoped <= 1; scoped++) {
            char name[CHANNEL_NAME_SIZE];
            stream_name(&walk, scoped == 1, name);
            stream_open(json, name);
            event_pointers(json, name, &walk);
            json_close_all(json, "]}");
        }
    }
}

void asyncapi_operations(struct document *document)
{
    struct json_out *json = &document->json;
    struct resource_walk walk = resource_walk_of(document->facts->descriptions);
    while (!document_full(document) && resource_walk_next(&walk)) {
        struct part_walk commands = part_walk_of(walk.resource, "commands");
        while (part_walk_next(&commands))
            command_operation(json, &walk, &commands);
    }
    stream_operations(document);
    send_operation(json, "heads", "Tells how far each partition's log goes.");
    if (asyncapi_has_records(document))
        send_operation(json, "records", "Tells what was committed.");
}
