/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The AsyncAPI document as a whole: see document.h. Servers are the bus and the event bus; channels are what travels
 * there; operations are seen from the platform, which receives commands and sends events. */
#include "services/gateway/documents/asyncapi.h"

#include <stdarg.h>
#include <stdio.h>

#include "services/gateway/documents/resources.h"

#define EVENTS_DEFAULT "127.0.0.1:7411" /* a broker's event bus may be elsewhere; nobody told the gateway */

void asyncapi_pointer(struct json_out *json, const char *format, ...)
{
    char path[2200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    json_open(json, '{');
    json_key(json, "$ref");
    json_print(json, "#/%s", path);
    json_close(json, '}');
}

void asyncapi_only_pointer(struct json_out *json, const char *name, const char *path)
{
    json_key_open(json, name, '[');
    asyncapi_pointer(json, "%s", path);
    json_close(json, ']');
}

static void info_write(struct document *document)
{
    struct json_out *json = &document->json;
    json_key_open(json, "info", '{');
    json_entries(json, map_field(document->parts, "info"));
    json_pair_text(json, "version", document->facts->version);
    json_close(json, '}');
    json_pair(json, "defaultContentType", "application/msgpack");
}

/* ---- servers ---- */

static void server_open(struct json_out *json, const char *name, const char *protocol, const char *doc)
{
    json_key_open(json, name, '{');
    json_pair(json, "host", "{address}");
    json_pair(json, "protocol", protocol);
    json_pair(json, "description", doc);
}

static void address_write(struct json_out *json, struct slice address, const char *doc)
{
    json_key_open(json, "variables", '{');
    json_key_open(json, "address", '{');
    json_pair_text(json, "default", address);
    json_pair(json, "description", doc);
    json_close_all(json, "}}");
}

static void bus_write(struct json_out *json, const char *name, struct slice address, const char *doc)
{
    server_open(json, name, "nng", doc);
    address_write(json, address, "HOST:PORT of a broker, as it is reached from where you are.");
    json_close(json, '}');
}

static void http_write(struct document *document)
{
    struct json_out *json = &document->json;
    server_open(json, "http", "http", "Streams of server-sent events.");
    address_write(json, document->facts->http, "HOST:PORT of a gateway, as it is reached from where you are.");
    if (document->facts->tokens)
        asyncapi_only_pointer(json, "security", "components/securitySchemes/token");
    json_close(json, '}');
}

static void servers_write(struct document *document)
{
    struct json_out *json = &document->json;
    const char *token = document->facts->tokens ? " Each frame or request carries a token (tok)." : "";
    char doc[256];
    snprintf(doc, sizeof doc, "The bus: requests and replies, REQ and REP.%s", token);
    bus_write(json, "bus", document->facts->bus, doc);
    bus_write(
        json, "events", slice_text(EVENTS_DEFAULT), "The event bus: PUB and SUB, one topic byte before each map.");
    http_write(document);
}

/* ---- the whole ---- */

static void components_write(struct document *document)
{
    struct json_out *json = &document->json;
    document_part(document, "messages", asyncapi_messages);
    if (document->facts->tokens) {
        json_key_open(json, "securitySchemes", '{');
        json_key_open(json, "token", '{');
        json_pair(json, "type", "http");
        json_pair(json, "scheme", "bearer");
        json_close_all(json, "}}");
    }
    document_part(document, "schemas", asyncapi_schemas);
}

bool asyncapi_write(struct buffer *out, const struct document_facts *facts)
{
    struct document document;
    if (!document_begin(&document, out, facts, resource_asyncapi()))
        return false;
    json_open(&document.json, '{');
    json_pair(&document.json, "asyncapi", "3.1.0");
    info_write(&document);
    document_part(&document, "servers", servers_write);
    document_part(&document, "channels", asyncapi_channels);
    document_part(&document, "operations", asyncapi_operations);
    document_part(&document, "components", components_write);
    json_close(&document.json, '}');
    return document_end(&document);
}
