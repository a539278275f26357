/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of operations: see openapi.h. */
#include "services/gateway/documents/openapi.h"

void openapi_reference(struct json_out *json, const char *kind, const char *name)
{
    json_open(json, '{');
    json_key(json, "$ref");
    json_print(json, "#/components/%s/%s", kind, name);
    json_close(json, '}');
}

void openapi_parameter_references(struct json_out *json, bool scoped, const char *const *names)
{
    json_key_open(json, "parameters", '[');
    if (scoped)
        openapi_reference(json, "parameters", "Scope");
    for (; *names != NULL; names++)
        openapi_reference(json, "parameters", *names);
    json_close(json, ']');
}

void openapi_headers(struct json_out *json, const char *const *names)
{
    json_key_open(json, "headers", '{');
    for (; *names != NULL; names += 2) {
        json_key(json, names[0]);
        openapi_reference(json, "headers", names[1]);
    }
    json_close(json, '}');
}

void openapi_operation_open(struct json_out *json, const char *method, const struct resource_walk *at)
{
    json_key_open(json, method, '{');
    json_key_open(json, "tags", '[');
    json_print(json, "%.*s.%.*s", PLACE(at));
    json_close(json, ']');
}

void openapi_response_open(struct json_out *json, const char *status, const char *doc)
{
    json_key_open(json, status, '{');
    json_pair(json, "description", doc);
}

void openapi_content_open(struct json_out *json)
{
    json_key_open(json, "content", '{');
    json_key_open(json, "application/json", '{');
}

void openapi_content_close(struct json_out *json)
{
    json_close_all(json, "}}");
}

void openapi_envelope_open(struct json_out *json)
{
    static const char *const names[] = {"data", "status", NULL};
    json_key_open(json, "schema", '{');
    json_pair(json, "type", "object");
    document_required(json, names);
    json_key_open(json, "properties", '{');
    document_constant(json, "status", slice_text("OK"));
    json_key(json, "data");
}

void openapi_envelope_close(struct json_out *json)
{
    json_close_all(json, "}}");
}

void openapi_problems(struct json_out *json, const uint16_t *statuses)
{
    for (; *statuses != 0; statuses++) {
        json_key_print(json, "%u", *statuses);
        json_open(json, '{');
        json_key(json, "$ref");
        json_print(json, "#/components/responses/Problem%u", *statuses);
        json_close(json, '}');
    }
}
