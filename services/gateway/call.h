/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One HTTP request from its header to its answer, without the HTTP library and without the bus:
 *
 *     call_open    the header is there: may it be, and what does it ask for?   -> CALL_REFUSED: answer is written
 *     call_submit  the body is there: what goes to the bus?                    -> CALL_REFUSED, CALL_ANSWERED or
 * CALL_SENT call_reply   the bus has answered                                        -> answer is written
 *
 * Pure: time and ids come in. A call belongs to one thread at a time. */
#ifndef GATEWAY_CALL_H
#define GATEWAY_CALL_H

#include "services/gateway/guard.h"
#include "services/gateway/mcp_call.h"
#include "services/gateway/projections.h"
#include "services/gateway/query.h"

enum method { METHOD_OTHER = 0, METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_DELETE, METHOD_OPTIONS };

enum call_next {
    CALL_REFUSED = 1, /* the answer is written */
    CALL_BODY,        /* go on with the body, then call_submit */
    CALL_ASK,         /* send call->request to the bus, then call_reply */
    CALL_LOCAL,       /* the gateway answers by itself, by call->url.kind */
};

struct call {
    enum method method;
    bool http_1_1, target_broken; /* target_broken: what followed a NUL in the target was lost on the way */
    bool close;                   /* where this request ends is not known: no other may follow on the connection */
    struct head head;
    const struct projections *projections; /* NULL: none are known; used by call_open only */
    uint8_t target[URL_MAX];               /* decoded in place by call_open */
    size_t target_size;

    struct url url;
    struct url_query query;
    struct principal principal;
    struct slice token, key, traceparent; /* views into the header */
    struct request request;
    struct buffer scope; /* of the URL, as the bus wants it; empty: none */
    struct buffer data;  /* the command's data as msgpack; after a reply: what it said, where that is kept */
    struct mcp_call mcp; /* of URL_MCP */
    struct answer answer;
};

enum method method_find(const char *name);

/* Forgets the request, keeps the buffers. */
void call_reset(struct call *call);
void call_fini(struct call *call);

/* Takes target, head and method, which the caller filled in. CALL_REFUSED or CALL_BODY. */
enum call_next call_open(struct call *call, const struct guard *guard);

/* Takes the body; fresh_id is used by a command that has no key. */
enum call_next call_submit(struct call *call, struct slice body, const struct uuid *fresh_id);

/* Writes the answer to a command or a read. */
void call_reply(struct call *call, const struct reply *reply);

/* Tells with the answer what it covers; nothing when that is empty. */
void call_position(struct call *call, struct slice position);

/* The last touch on every answer: fields that do not depend on what was asked. */
void call_finish(struct call *call, const struct guard *guard);

#endif
