/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON-RPC messages in, answers out: see mcp_rpc.h. */
#include "services/gateway/mcp_rpc.h"

#include "proto/json.h"
#include "services/gateway/mcp_value.h"

/* ---- answers ---- */

/* An answer to what had no readable id has none. */
static void open_envelope(struct call *call, int http)
{
    struct buffer *out = &call->answer.body;
    answer_begin(&call->answer, http, MEDIA_JSON);
    buffer_append_text(out, "{\"jsonrpc\":\"2.0\"");
    if (call->mcp.id.size == 0)
        return;
    buffer_append_text(out, ",\"id\":");
    msgpack_to_json(call->mcp.id, out);
}

enum call_next rpc_fail(struct call *call, int http, enum rpc_code code, const char *message, const struct buffer *data)
{
    struct buffer *out = &call->answer.body;
    open_envelope(call, http);
    buffer_printf(out, ",\"error\":{\"code\":%d,\"message\":", code);
    json_quote(out, slice_text(message));
    if (data != NULL) {
        buffer_append_text(out, ",\"data\":");
        buffer_append(out, data->data, data->size);
    }
    buffer_append_text(out, "}}");
    return CALL_REFUSED;
}

enum call_next rpc_fail_params(struct call *call, const char *message)
{
    return rpc_fail(call, 200, rpc_invalid_params, message, NULL);
}

static void write_server(struct buffer *out)
{
    buffer_append_text(out,
                       ",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"fluvius\",\"version\":"
                       "\"" FLUVIUS_VERSION "\"}}");
}

struct buffer *rpc_begin(struct call *call)
{
    struct buffer *out = &call->answer.body;
    open_envelope(call, 200);
    buffer_append_text(out, ",\"result\":{");
    call->mcp.result = out->size;
    if (call->mcp.era == MCP_MODERN) {
        buffer_append_text(out, ",\"resultType\":\"complete\"");
        write_server(out);
    }
    return out;
}

void rpc_cache(struct call *call, uint32_t ttl_ms, bool public)
{
    if (call->mcp.era == MCP_MODERN)
        buffer_printf(
            &call->answer.body, ",\"ttlMs\":%u,\"cacheScope\":\"%s\"", (unsigned)ttl_ms, public ? "public" : "private");
}

enum call_next rpc_end(struct call *call)
{
    struct buffer *out = &call->answer.body;
    if (!out->failed && out->size > call->mcp.result)
        out->data[call->mcp.result] = ' '; /* the first member's comma */
    buffer_append_text(out, "}}");
    return CALL_REFUSED;
}

enum call_next rpc_accept(struct call *call)
{
    answer_begin(&call->answer, 202, MEDIA_NONE);
    return CALL_REFUSED;
}

void rpc_member(struct buffer *out, const char *name, struct slice text)
{
    buffer_printf(out, ",\"%s\":", name);
    json_quote(out, text);
}

/* ---- messages ---- */

static bool refuse_message(struct call *call, const char *message)
{
    rpc_fail(call, 400, rpc_invalid_request, message, NULL);
    return false;
}

static bool id_valid(struct slice raw)
{
    struct reader reader = reader_of(raw);
    struct msgpack_value value;
    return reader_next(&reader, &value) == 0 && (value.kind == MSGPACK_KIND_TEXT || value.kind == MSGPACK_KIND_INTEGER);
}

static bool read_id(struct call *call, struct slice message)
{
    struct slice id = map_field(message, "id");
    if (id.size == 0)
        return true;
    if (!id_valid(id))
        return refuse_message(call, "an id is a text or an integer");
    call->mcp.id = id;
    return true;
}

/* A request, a notification, or a client's answer to a request that was never sent. */
static bool read_kind(struct call *call, struct slice message)
{
    struct mcp_call *mcp = &call->mcp;
    struct slice method = map_field(message, "method");
    if (method.size == 0 && (map_field(message, "result").size > 0 || map_field(message, "error").size > 0)) {
        mcp->kind = MCP_RESPONSE;
        return true;
    }
    if (!mcp_text(method, &mcp->method) || mcp->method.size == 0)
        return refuse_message(call, "method is a text");
    mcp->kind = mcp->id.size > 0 ? MCP_REQUEST : MCP_NOTIFICATION;
    return true;
}

static bool read_members(struct call *call, struct slice message)
{
    if (mcp_is_array(message))
        return refuse_message(call, "batches are not part of the protocol versions served here");
    if (!mcp_is_map(message))
        return refuse_message(call, "a message is an object");
    if (!read_id(call, message))
        return false;
    if (!slice_is(map_text(message, "jsonrpc"), "2.0"))
        return refuse_message(call, "jsonrpc is \"2.0\"");
    if (!read_kind(call, message))
        return false;
    call->mcp.params = map_field(message, "params");
    if (call->mcp.params.size > 0 && !mcp_is_map(call->mcp.params))
        return refuse_message(call, "params are an object");
    return true;
}

bool rpc_read(struct call *call, struct slice body)
{
    struct mcp_call *mcp = &call->mcp;
    struct json_fault fault = {0};
    *mcp = (struct mcp_call){.message = mcp->message, .names = mcp->names, .content = mcp->content};
    buffer_clear(&mcp->message);
    if (json_to_msgpack(body, &mcp->message, &fault) != 0) {
        struct buffer data = {0};
        buffer_printf(&data, "{\"offset\":%zu}", fault.offset);
        rpc_fail(call, 400, rpc_parse_error, error_text(fault.error), &data);
        buffer_fini(&data);
        return false;
    }
    return read_members(call, buffer_slice(&mcp->message));
}
