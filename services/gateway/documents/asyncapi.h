/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the AsyncAPI document; document.h has the whole. Each writes entries of the object that is open. Names:
 *
 *     messages   NS.RESOURCE.command.NAME      a request with that command
 *                NS.RESOURCE.NAME              an event in a stream
 *     schemas    NS.RESOURCE.command.NAME      a command's data
 *                NS.RESOURCE.request.NAME      a frame with that command
 *                NS.RESOURCE.event.NAME        an event's data
 *                NS.RESOURCE.record.NAME       the event as the event bus has it
 *                NS.RESOURCE.cloudevent.NAME   the event as a stream has it
 *
 * Names without a dot are the platform's own: asyncapi.json. */
#ifndef GATEWAY_DOCUMENTS_ASYNCAPI_H
#define GATEWAY_DOCUMENTS_ASYNCAPI_H

#include "services/gateway/documents/document.h"

/* Under "channels" and "operations". */
void asyncapi_channels(struct document *document);
void asyncapi_operations(struct document *document);
/* Under "components", "messages" and "schemas". */
void asyncapi_messages(struct document *document);
void asyncapi_schemas(struct document *document);

/* Records carry every realm's data, so with tokens the event bus has heads alone. */
static inline bool asyncapi_has_records(const struct document *document)
{
    return !document->facts->tokens;
}

/* {"$ref": "#/PATH"}, PATH made by printf. */
void asyncapi_pointer(struct json_out *json, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same as the only item of an array, under a name. */
void asyncapi_only_pointer(struct json_out *json, const char *name, const char *path);

#endif
