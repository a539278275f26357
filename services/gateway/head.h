/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The header fields the gateway looks at, collected in one walk, and what they mean. Pure; values are views. */
#ifndef GATEWAY_HEAD_H
#define GATEWAY_HEAD_H

#include "services/gateway/problem.h"

enum header {
    HEADER_HOST,
    HEADER_ORIGIN,
    HEADER_AUTHORIZATION,
    HEADER_CONTENT_TYPE,
    HEADER_CONTENT_LENGTH,
    HEADER_TRANSFER_ENCODING,
    HEADER_EXPECT,
    HEADER_IF_MATCH,
    HEADER_IF_NONE_MATCH,
    HEADER_IDEMPOTENCY_KEY,
    HEADER_TRACEPARENT,
    HEADER_TIMEOUT,
    HEADER_PREFER,
    HEADER_POSITION,
    HEADER_REQUEST_METHOD, /* of a preflight */
    HEADER_ACCEPT,
    HEADER_LAST_EVENT_ID,
    HEADER_MCP_VERSION,
    HEADER_MCP_SESSION,
    HEADER_MCP_METHOD,
    HEADER_MCP_NAME,
    HEADER_COUNT
};

struct head {
    struct slice values[HEADER_COUNT];
    bool seen[HEADER_COUNT], repeated[HEADER_COUNT];
    uint32_t fields; /* all of them */
    size_t bytes;    /* of all names and values */
};

/* Zero the head first, then add each field of the request. */
void head_add(struct head *head, struct slice name, struct slice value);

/* Size, and what makes a message's length or host ambiguous. */
bool head_check(const struct head *head, struct refusal *refusal);

/* The declared length of the body; false when there is none (also for a chunked one). */
bool head_body_size(const struct head *head, uint64_t *out);

/* Does a body of this size have the media type that commands take? */
bool head_body_is_json(const struct head *head, size_t body_size, struct refusal *refusal);

/* The token of "Authorization: Bearer TOKEN"; empty when there is none or another scheme. */
struct slice head_token(const struct head *head);

/* If-Match: "N", or If-None-Match: * for 0. */
bool head_expected_version(const struct head *head, bool *has, int64_t *out, struct refusal *refusal);
/* If-None-Match on a read: is version (or any, for *) among the tags? */
bool head_none_match(const struct head *head, uint64_t version);

/* If-None-Match on a document: is tag (or any, for *) among them? */
bool head_has_tag(const struct head *head, struct slice tag);

/* The key without the quotes it may stand in; empty when there is none. */
bool head_idempotency_key(const struct head *head, struct slice *out, struct refusal *refusal);

/* Milliseconds from Fluvius-Timeout, else from Prefer: wait=SECONDS; 0 when neither is there. At most
 * limit_deadline_max_ms. */
bool head_deadline(const struct head *head, uint32_t *out_ms, struct refusal *refusal);

/* The trace context when it is well formed (W3C Trace Context, version 00), empty otherwise: a bad one is ignored, as
 * that specification says. */
struct slice head_traceparent(const struct head *head);

#endif
