/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The OpenAPI document as a whole: see document.h. */
#include "services/gateway/documents/openapi.h"

#include "services/gateway/documents/resources.h"

static void write_info(struct document *document)
{
    struct json_out *json = &document->json;
    json_key_open(json, "info", '{');
    json_entries(json, map_field(document->parts, "info"));
    json_pair_text(json, "version", document->facts->version);
    json_close(json, '}');
    json_pair(json, "jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema");
    json_key_open(json, "servers", '[');
    json_open(json, '{');
    json_pair(json, "url", "/");
    json_pair(json, "description", "Where this document comes from.");
    json_close_all(json, "}]");
}

/* ---- tags: one a resource, grouped by namespace ---- */

static void write_tags_of(struct json_out *json, struct resource_walk walk)
{
    while (resource_walk_next(&walk)) {
        json_open(json, '{');
        json_key(json, "name");
        json_print(json, "%.*s.%.*s", PLACE(&walk));
        json_pair_text(json, "description", map_text(walk.resource, "doc"));
        json_close(json, '}');
    }
}

static void write_tags(struct document *document)
{
    struct json_out *json = &document->json;
    struct walk fixed = walk_of(map_field(document->parts, "tags"));
    struct slice tag;
    json_key_open(json, "tags", '[');
    write_tags_of(json, resource_walk_of(document->facts->descriptions));
    write_tags_of(json, projection_walk_of(document->facts->descriptions));
    while (walk_next(&fixed, &tag))
        json_value(json, tag);
    json_close(json, ']');
}

static void write_names(struct json_out *json, struct resource_walk walk, struct slice namespace)
{
    while (resource_walk_next(&walk)) {
        if (slice_equal(walk.namespace, namespace))
            json_print(json, "%.*s.%.*s", PLACE(&walk));
    }
}

static void write_group(struct json_out *json, struct slice descriptions, struct slice namespace)
{
    json_open(json, '{');
    json_pair_text(json, "name", namespace);
    json_key_open(json, "tags", '[');
    write_names(json, resource_walk_of(descriptions), namespace);
    write_names(json, projection_walk_of(descriptions), namespace);
    json_close_all(json, "]}");
}

static void write_fixed_group(struct json_out *json, struct slice tags)
{
    struct walk walk = walk_of(tags);
    struct slice tag;
    json_open(json, '{');
    json_pair(json, "name", "platform");
    json_key_open(json, "tags", '[');
    while (walk_next(&walk, &tag))
        json_text(json, map_text(tag, "name"));
    json_close_all(json, "]}");
}

static void write_groups(struct document *document)
{
    struct json_out *json = &document->json;
    struct walk walk = walk_of(document->facts->descriptions);
    struct slice domain;
    json_key_open(json, "x-tagGroups", '[');
    while (walk_next(&walk, &domain)) {
        if (name_is_plain(map_text(domain, "namespace")))
            write_group(json, document->facts->descriptions, map_text(domain, "namespace"));
    }
    write_fixed_group(json, map_field(document->parts, "tags"));
    json_close(json, ']');
}

/* ---- security ---- */

static void write_security(struct document *document)
{
    struct json_out *json = &document->json;
    json_key_open(json, "security", '[');
    if (document->facts->tokens) {
        json_open(json, '{');
        json_key_open(json, "token", '[');
        json_close_all(json, "]}");
    }
    json_close(json, ']');
}

static void write_security_scheme(struct document *document)
{
    struct json_out *json = &document->json;
    if (!document->facts->tokens)
        return;
    json_key_open(json, "securitySchemes", '{');
    json_key_open(json, "token", '{');
    json_pair(json, "type", "http");
    json_pair(json, "scheme", "bearer");
    json_pair(json, "description", "A token of the platform's token file. User and realm come from it.");
    json_close_all(json, "}}");
}

/* ---- the whole ---- */

static void write_headers(struct document *document)
{
    json_entries(&document->json, map_field(document->parts, "headers"));
}

static void write_paths(struct document *document)
{
    openapi_resource_paths(document);
    openapi_fixed_paths(document);
}

static void write_components(struct document *document)
{
    document_part(document, "schemas", openapi_schemas);
    document_part(document, "parameters", openapi_parameters);
    document_part(document, "headers", write_headers);
    document_part(document, "responses", openapi_responses);
    write_security_scheme(document);
}

bool openapi_write(struct buffer *out, const struct document_facts *facts)
{
    struct document document;
    if (!document_begin(&document, out, facts, resource_openapi()))
        return false;
    struct json_out *json = &document.json;
    json_open(json, '{');
    json_pair(json, "openapi", "3.1.1");
    write_info(&document);
    write_tags(&document);
    write_groups(&document);
    write_security(&document);
    document_part(&document, "paths", write_paths);
    document_part(&document, "components", write_components);
    json_close(json, '}');
    return document_end(&document);
}
