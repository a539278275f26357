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
/* Under "components". */
void openapi_schemas(struct document *document);
void openapi_parameters(struct document *document);
void openapi_responses(struct document *document);

/* Under "responses": references to the problems of these HTTP statuses, which end with 0. */
void openapi_problems(struct json_out *json, const uint16_t *statuses);

#endif
