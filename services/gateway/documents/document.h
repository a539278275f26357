/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Documents about the platform, generated from the descriptions of the domains alone: OpenAPI 3.1
 * (spec.openapis.org/oas/v3.1.1) for HTTP, AsyncAPI 3.1 (asyncapi.com/docs/reference/specification/v3.1.0) for sockets
 * and streams. The same facts give the same bytes. Pure. */
#ifndef GATEWAY_DOCUMENTS_DOCUMENT_H
#define GATEWAY_DOCUMENTS_DOCUMENT_H

#include "services/gateway/description.h"
#include "services/gateway/json_out.h"

#define DOCUMENT_BYTES_MAX (32u << 20) /* a larger one is not made */

struct document_facts {
    struct slice descriptions; /* an array of maps; may be empty */
    struct slice version;      /* of the descriptions */
    struct slice http;         /* ADDRESS:PORT that HTTP is served on */
    struct slice bus;          /* HOST:PORT of a broker */
    bool tokens;               /* requests need a token */
};

/* Replace out. false when the document would be too large, or memory is out; out is then of no use. */
bool openapi_write(struct buffer *out, const struct document_facts *facts);
bool asyncapi_write(struct buffer *out, const struct document_facts *facts);

/* ---- what both are made of ---- */

/* A document being written. parts: what is the same in every one, a msgpack map. */
struct document {
    struct json_out json;
    const struct document_facts *facts;
    struct buffer memory; /* of parts */
    struct slice parts;
};

/* false when memory is out. */
bool document_begin(struct document *document,
                    struct buffer *out,
                    const struct document_facts *facts,
                    struct slice text);
/* Is the document whole? */
bool document_end(struct document *document);
/* No more is written to a document that is too large already. */
bool document_full(const struct document *document);

/* An object under a name, whose entries write adds. */
void document_part(struct document *document, const char *name, void (*write)(struct document *document));

/* Schemas under a name: {"const": ...} */
void document_constant(struct json_out *json, const char *name, struct slice text);
void document_constant_integer(struct json_out *json, const char *name, int64_t value);
/* "required": names, which end with NULL. */
void document_required(struct json_out *json, const char *const *names);
/* #/components/schemas/ and a name made by printf, in an object of its own. */
void document_ref(struct json_out *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum schema_use {
    SCHEMA_DATA,  /* as the domain takes it */
    SCHEMA_STATE, /* as a state shows it: what was never set is left out or zero, and apply is not held to the bounds */
    SCHEMA_ITEM,  /* the same, with _id and _etag */
    SCHEMA_ROW,   /* as a query shows it: what else a row has, others say */
};
/* One JSON Schema of a description, without what only a schema of its own may say. */
void document_schema(struct json_out *json, struct slice schema, enum schema_use use);

/* Names for printf: "%.*s" takes NAME(slice), "%.*s.%.*s" takes PLACE(walk), which is NS.RESOURCE. */
#define NAME(SLICE) (int)(SLICE).size, (const char *)(SLICE).data
#define PLACE(WALK) NAME((WALK)->namespace), NAME((WALK)->name)

#endif
