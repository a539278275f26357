/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Queries in the OpenAPI document: list.NS.NAME, and find.NS.NAME with the filter in the path; item.NS.NAME for what
 * has no aggregate that could answer; scoped-list.NS.NAME and scoped-item.NS.NAME for all. */
#include "services/gateway/documents/openapi.h"

static const uint16_t list_problems[] = {400, 401, 403, 404, 414, 421, 422, 429, 431, 500, 503, 504, 0};
static const char *const list_headers[] = {"ETag", "DocumentTag", "Link", "Link", "Fluvius-Position", "Position", NULL};

/* ---- paths ---- */

static void path_open(struct json_out *json, const struct resource_walk *at, const char *kind, const char *behind)
{
    json_key_print(json, "/%.*s.%.*s/%s", PLACE(at), behind);
    json_open(json, '{');
    openapi_operation_open(json, "get", at);
    json_key(json, "operationId");
    json_print(json, "%s.%.*s.%.*s", kind, PLACE(at));
}

static void row_reference(struct json_out *json, const struct resource_walk *at)
{
    document_ref(json, "%.*s.%.*s.row", PLACE(at));
}

static void unchanged(struct json_out *json)
{
    openapi_response_open(json, "304", "It is what you have.");
    openapi_headers(json, list_headers);
    json_close(json, '}');
    openapi_problems(json, list_problems);
}

static void list_responses(struct json_out *json, const struct resource_walk *at)
{
    json_key_open(json, "responses", '{');
    openapi_response_open(json, "200", "A page of rows.");
    openapi_headers(json, list_headers);
    openapi_content_open(json);
    openapi_envelope_open(json);
    json_open(json, '{');
    json_pair(json, "type", "array");
    json_key(json, "items");
    row_reference(json, at);
    json_close(json, '}');
    json_key(json, "meta");
    document_ref(json, "ListMeta");
    openapi_envelope_close(json);
    openapi_content_close(json);
    json_close(json, '}');
    unchanged(json);
    json_close(json, '}');
}

static const char *const list_names[] = {"PathQuery",
                                         "Query",
                                         "Sort",
                                         "Include",
                                         "Exclude",
                                         "PageLimit",
                                         "Page",
                                         "Cursor",
                                         "Text",
                                         "Total",
                                         "Deleted",
                                         "AtLeast",
                                         "AtLeastField",
                                         "IfNoneMatchDocument",
                                         "Timeout",
                                         "Prefer",
                                         "Traceparent",
                                         NULL};

static void list_write(struct json_out *json, const struct resource_walk *at, bool scoped)
{
    path_open(json, at, scoped ? "scoped-list" : "list", scoped ? "{scope}/" : "");
    json_key(json, "summary");
    json_print(json, "Rows of %.*s%s: filtered, sorted, a page at a time", NAME(at->name), scoped ? " in a scope" : "");
    if (scoped)
        json_pair(json, "description", "A path query may follow the scope.");
    openapi_parameter_references(json, scoped, list_names + 1);
    list_responses(json, at);
    json_close_all(json, "}}");
}

static void find_write(struct json_out *json, const struct resource_walk *at)
{
    path_open(json, at, "find", "~{path_query}/");
    json_key(json, "summary");
    json_print(json, "Rows of %.*s, with the filter in the path", NAME(at->name));
    openapi_parameter_references(json, false, list_names);
    list_responses(json, at);
    json_close_all(json, "}}");
}

static const char *const item_names[] = {"Version",
                                         "At",
                                         "Identifier",
                                         "Include",
                                         "Exclude",
                                         "Deleted",
                                         "AtLeast",
                                         "AtLeastField",
                                         "IfNoneMatchDocument",
                                         "Timeout",
                                         "Prefer",
                                         "Traceparent",
                                         NULL};

/* Of an aggregate also what was, which is no row but a state. */
static void item_schema(struct json_out *json, const struct resource_walk *at, bool past)
{
    openapi_envelope_open(json);
    if (past) {
        json_open(json, '{');
        json_key_open(json, "anyOf", '[');
    }
    row_reference(json, at);
    if (past) {
        document_ref(json, "%.*s.%.*s.item", PLACE(at));
        json_close_all(json, "]}");
    }
    openapi_envelope_close(json);
}

static void item_write(struct json_out *json, const struct resource_walk *at, bool scoped, bool past)
{
    path_open(json, at, scoped ? "scoped-item" : "item", scoped ? "{scope}/{identifier}" : "{identifier}");
    json_key(json, "summary");
    json_print(json, "One row of %.*s%s", NAME(at->name), scoped ? " in a scope" : "");
    json_pair_text(json, "description", map_text(at->resource, "doc"));
    openapi_parameter_references(json, scoped, past ? item_names : item_names + 2);
    json_key_open(json, "responses", '{');
    openapi_response_open(json, "200", past ? "The row; with version or at, the state as it was." : "The row.");
    openapi_headers(json, list_headers);
    openapi_content_open(json);
    item_schema(json, at, past);
    openapi_content_close(json);
    json_close(json, '}');
    unchanged(json);
    json_close_all(json, "}}}");
}

void openapi_list_paths(struct document *document)
{
    struct resource_walk resources = resource_walk_of(document->facts->descriptions);
    struct resource_walk projections = projection_walk_of(document->facts->descriptions);
    while (!document_full(document) && resource_walk_next(&resources)) {
        list_write(&document->json, &resources, false);
        find_write(&document->json, &resources);
        list_write(&document->json, &resources, true);
        item_write(&document->json, &resources, true, true);
    }
    while (!document_full(document) && resource_walk_next(&projections)) {
        list_write(&document->json, &projections, false);
        find_write(&document->json, &projections);
        list_write(&document->json, &projections, true);
        item_write(&document->json, &projections, false, false);
        item_write(&document->json, &projections, true, false);
    }
}

/* ---- schemas ---- */

static void row_write(struct json_out *json, const struct resource_walk *at)
{
    json_key_print(json, "%.*s.%.*s.row", PLACE(at));
    json_open(json, '{');
    json_pair(json, "description", "A row of the read model; include and exclude leave fields out.");
    json_key_open(json, "allOf", '[');
    document_ref(json, "Audit");
    document_schema(json, map_field(at->resource, "schema"), SCHEMA_ROW);
    json_close(json, ']');
    json_key(json, "unevaluatedProperties");
    json_bool(json, false);
    json_close(json, '}');
}

void openapi_row_schemas(struct document *document)
{
    struct resource_walk resources = resource_walk_of(document->facts->descriptions);
    struct resource_walk projections = projection_walk_of(document->facts->descriptions);
    while (!document_full(document) && resource_walk_next(&resources))
        row_write(&document->json, &resources);
    while (!document_full(document) && resource_walk_next(&projections))
        row_write(&document->json, &projections);
}
