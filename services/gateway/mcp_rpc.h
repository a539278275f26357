/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON-RPC 2.0 as MCP uses it: one message a body, no batches (no version that is served here has them), ids that are
 * text or integers. Pure. */
#ifndef GATEWAY_MCP_RPC_H
#define GATEWAY_MCP_RPC_H

#include "services/gateway/call.h"

enum rpc_code {
    rpc_parse_error = -32700,
    rpc_invalid_request = -32600,
    rpc_method_not_found = -32601,
    rpc_invalid_params = -32602,
    rpc_internal_error = -32603,
    rpc_resource_not_found = -32002, /* before 2026-07-28 */
    rpc_header_mismatch = -32020,
    rpc_unsupported_version = -32022,
};

/* Takes the body apart into call->mcp; false when it is no message: the answer is written. */
bool rpc_read(struct call *call, struct slice body);

/* Writes an error's answer. data is JSON, or NULL for none. Always returns CALL_REFUSED. */
enum call_next
rpc_fail(struct call *call, int http, enum rpc_code code, const char *message, const struct buffer *data);
/* Params that do not fit; the HTTP status is 200, as for every error within a method. */
enum call_next rpc_fail_params(struct call *call, const char *message);

/* Opens an answer with a result whose members the caller appends, each with a comma before it; rpc_end closes it. */
struct buffer *rpc_begin(struct call *call);
/* How long, and by whom, the result may be kept; in the era that has it. */
void rpc_cache(struct call *call, uint32_t ttl_ms, bool public);
enum call_next rpc_end(struct call *call);
/* 202 without a body. */
enum call_next rpc_accept(struct call *call);

/* ,"name":"text" */
void rpc_member(struct buffer *out, const char *name, struct slice text);

#endif
