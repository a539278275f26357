/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the OpenAPI document; document.h has the whole. Each writes entries of the object that is open. */
#ifndef GATEWAY_DOCUMENTS_OPENAPI_H
#define GATEWAY_DOCUMENTS_OPENAPI_H

#include "services/gateway/documents/document.h"

/* Under "paths": what the domains have. */
void openapi_resource_paths(struct document *document);
/* Under "paths": what is there without any domain. */
void openapi_fixed_paths(struct document *document);
/* Under "paths" and "schemas": lists, and rows of what only read models have. */
void openapi_list_paths(struct document *document);
void openapi_row_schemas(struct document *document);
/* Under "components". */
void openapi_schemas(struct document *document);
void openapi_parameters(struct document *document);
void openapi_responses(struct document *document);

/* ---- pieces of operations ---- */

/* {"$ref": "#/components/KIND/NAME"} */
void openapi_reference(struct json_out *json, const char *kind, const char *name);
/* "parameters": references to them, Scope before the others where there is one; names end with NULL. */
void openapi_parameter_references(struct json_out *json, bool scoped, const char *const *names);
/* "headers": name, component, name, component, ... NULL */
void openapi_headers(struct json_out *json, const char *const *names);
/* Opens METHOD and writes the tag. */
void openapi_operation_open(struct json_out *json, const char *method, const struct resource_walk *at);
/* Opens a response and writes what it means. */
void openapi_response_open(struct json_out *json, const char *status, const char *doc);
/* Open and close "content" of application/json. */
void openapi_content_open(struct json_out *json);
void openapi_content_close(struct json_out *json);
/* "schema": an object with data, whose schema the caller writes (and may write more properties), and status. */
void openapi_envelope_open(struct json_out *json);
void openapi_envelope_close(struct json_out *json);

/* Under "responses": references to the problems of these HTTP statuses, which end with 0. */
void openapi_problems(struct json_out *json, const uint16_t *statuses);

#endif
