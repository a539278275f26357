/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of operations: see openapi.h. */
#include <stdio.h>

#include "services/gateway/documents/openapi.h"

void openapi_reference(struct json_out *json, const char *kind, const char *name)
{
    json_open(json, '{');
    json_key(json, "$ref");
    json_print(json, "#/components/%s/%s", kind, name);
    json_close(json, '}');
}

void openapi_parameter_references(struct json_out *json, const char *const *names)
{
    json_key(json, "parameters");
    json_open(json, '[');
    for (; *names != NULL; names++)
        openapi_reference(json, "parameters", *names);
    json_close(json, ']');
}

void openapi_headers(struct json_out *json, const char *const *names)
{
    json_key(json, "headers");
    json_open(json, '{');
    for (; *names != NULL; names += 2) {
        json_key(json, names[0]);
        openapi_reference(json, "headers", names[1]);
    }
    json_close(json, '}');
}

void openapi_operation_open(struct json_out *json, const char *method, const struct resource_walk *at)
{
    json_key(json, method);
    json_open(json, '{');
    json_key(json, "tags");
    json_open(json, '[');
    json_print(json, "%.*s.%.*s", NAME(at->namespace), NAME(at->name));
    json_close(json, ']');
}

void openapi_response_open(struct json_out *json, const char *status, const char *doc)
{
    json_key(json, status);
    json_open(json, '{');
    json_pair(json, "description", doc);
}

void openapi_content_open(struct json_out *json)
{
    json_key(json, "content");
    json_open(json, '{');
    json_key(json, "application/json");
    json_open(json, '{');
}

void openapi_content_close(struct json_out *json)
{
    json_close(json, '}');
    json_close(json, '}');
}

void openapi_close(struct json_out *json, int times)
{
    while (times-- > 0)
        json_close(json, '}');
}

void openapi_envelope_open(struct json_out *json)
{
    json_key(json, "schema");
    json_open(json, '{');
    json_pair(json, "type", "object");
    json_key(json, "required");
    json_open(json, '[');
    json_string(json, "data");
    json_string(json, "status");
    json_close(json, ']');
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, "status");
    json_open(json, '{');
    json_pair(json, "const", "OK");
    json_close(json, '}');
    json_key(json, "data");
}

void openapi_envelope_close(struct json_out *json)
{
    openapi_close(json, 2);
}

void openapi_problems(struct json_out *json, const uint16_t *statuses)
{
    for (; *statuses != 0; statuses++) {
        char text[8];
        snprintf(text, sizeof text, "%u", *statuses);
        json_key(json, text);
        json_open(json, '{');
        json_key(json, "$ref");
        json_print(json, "#/components/responses/Problem%u", *statuses);
        json_close(json, '}');
    }
}
