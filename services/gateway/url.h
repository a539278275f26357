/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads a request target as it came in the request line. Split first, then percent-decoded, so that %2F or %3A inside
 * an identifier can never act as a separator. Pure; nothing is allocated.
 *
 *     /NS:COMMAND/RESOURCE/IDENTIFIER     /NS:COMMAND/RESOURCE/:new     /NS:COMMAND/KEY=VALUE:.../RESOURCE/...
 *     /NS.RESOURCE/IDENTIFIER     /NS.RESOURCE/IDENTIFIER/events     /NS.RESOURCE/IDENTIFIER/changes
 *     /NS.RESOURCE/KEY=VALUE:.../IDENTIFIER/events     /NS.RESOURCE/KEY=VALUE:.../IDENTIFIER/changes
 *     /NS.NAME/     /NS.NAME/KEY=VALUE:.../     /NS.NAME/~PATHQUERY/     /NS.NAME/KEY=VALUE:.../~PATHQUERY/
 *     /NS.NAME/KEY=VALUE:.../IDENTIFIER
 *     /_meta   /_meta/NS   /_meta/NS:COMMAND   /_meta/NS.NAME   /livez   /readyz   /metrics   /mcp   /_events   /_audit
 * /_causation /openapi.json   /asyncapi.json   /docs   /docs/page.js   /docs/page.css
 *
 * The key of a row may have what no identifier has: slashes, control characters, : or ~ first, up to 512 bytes.
 *
 * Slashes at the end are ignored, but for one: /NS.NAME/A=B is the aggregate "A=B", /NS.NAME/A=B/ a list. */
#ifndef GATEWAY_URL_H
#define GATEWAY_URL_H

#include "services/gateway/problem.h"

/* Four names of 256 bytes, each byte percent-encoded, fit. */
#define URL_MAX 4096

enum url_kind {
    URL_UNKNOWN = 0,
    URL_COMMAND,
    URL_STATE,
    URL_EVENTS,
    URL_CHANGES,
    URL_LIST,
    URL_ITEM, /* one row, from the read model */
    URL_META,
    URL_META_NAMESPACE,
    URL_META_COMMAND,
    URL_META_QUERY,
    URL_LIVE,
    URL_READY,
    URL_METRICS,
    URL_FOLLOW, /* events as they come, of all or of one aggregate */
    URL_MCP,
    URL_OPENAPI,
    URL_ASYNCAPI,
    URL_DOCS,
    URL_DOCS_SCRIPT,
    URL_DOCS_STYLE,
};

struct url {
    enum url_kind kind;
    bool creates; /* the identifier is :new */
    bool causes;  /* FOLLOW: as a tree of who caused what */
    bool of_row;  /* no aggregate can have the identifier; a row of a hand-written projection can */
    struct slice namespace, command, resource, identifier; /* decoded; empty where the kind has none */
    struct slice authority;                                /* of a target in absolute form; empty otherwise */
    struct slice query;                                    /* as it came, without the question mark */
    struct slice scope, path_query;                        /* as they came; path_query without its ~ */
};

/* Decodes in place: target is overwritten and *out points into it. On false the refusal says why; a path that leads
 * nowhere is not a refusal but URL_UNKNOWN. */
bool url_parse(uint8_t *target, size_t size, struct url *out, struct refusal *refusal);
/* Refuses an identifier that no aggregate can have. */
bool url_identifier_check(const struct url *url, struct refusal *refusal);

/* Decodes %XX in place; false when an escape is broken. */
bool percent_decode(uint8_t *text, size_t *size);
/* The value of a parameter, as forms write it: likewise, and + is a space. */
bool form_decode(uint8_t *text, size_t *size);
/* Takes the part of *text before mark, or all of it; *text is what follows the mark. */
struct slice text_cut(struct slice *text, char mark);
/* Appends text with everything but RFC 3986's unreserved characters encoded. */
void percent_encode(struct buffer *out, struct slice text);

#endif
