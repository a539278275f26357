/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What replies of the bus become: a tool's result or a resource's contents. */
#include <inttypes.h>

#include "proto/json.h"
#include "services/gateway/mcp_listen.h"
#include "services/gateway/mcp_method.h"
#include "services/gateway/read.h"
#include "services/gateway/render.h"

/* ---- pieces ---- */

/* The problem as HTTP would show it. */
static void write_problem(struct buffer *out, const struct reply *reply)
{
    struct answer problem = {0};
    problem_answer_reply(&problem, reply);
    buffer_append(out, problem.body.data, problem.body.size);
    answer_fini(&problem);
}

static void write_map_member(struct buffer *out, const char *name, struct slice map)
{
    buffer_printf(out, ",\"%s\":{", name);
    render_entries(out, map, true);
    buffer_append_text(out, "}");
}

/* Where the next page starts; null on the last. */
static void write_next(struct buffer *out, struct slice next)
{
    buffer_append_text(out, ",\"next\":");
    if (next.size == 0 || msgpack_to_json(next, out) != 0)
        buffer_append_text(out, "null");
}

static void write_events(struct buffer *out, struct slice data)
{
    struct walk walk = walk_of(map_field(data, "events"));
    struct slice raw, next = map_field(data, "next");
    struct record record;
    const char *lead = ",\"events\":[";
    buffer_append_text(out, walk.left == 0 ? lead : "");
    while (walk_next(&walk, &raw) && record_decode(raw, &record) == 0) {
        buffer_append_text(out, lead);
        render_record(out, &record);
        lead = ",";
    }
    buffer_append_text(out, "]");
    write_next(out, next);
}

static void write_difference(struct buffer *out, const struct call *call, const struct reply *reply)
{
    buffer_printf(out, ",\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",", call->request.from, reply->version);
    read_changes_render(out, reply->data);
    write_next(out, map_field(reply->data, "next"));
}

static void write_identity(struct buffer *out, const struct call *call, const struct reply *reply)
{
    struct slice identifier = reply->identifier.size > 0 ? reply->identifier : call->mcp.identifier;
    if (identifier.size > 0)
        rpc_member(out, "identifier", identifier);
    if (reply->has_version)
        buffer_printf(out, ",\"version\":%" PRIu64, reply->version);
    if (reply->position.size > 0)
        rpc_member(out, "position", reply->position);
}

/* The whole answer as one object. */
static void write_content(struct buffer *out, const struct call *call, const struct reply *reply)
{
    buffer_printf(out, "{\"status\":\"%s\"", status_name(reply->status));
    write_identity(out, call, reply);
    if (call->mcp.asks == MCP_ASKS_COMMAND)
        buffer_printf(out, ",\"dry_run\":%s", call->request.dry_run ? "true" : "false");
    if (reply->status != status_ok) {
        buffer_append_text(out, ",\"problem\":");
        write_problem(out, reply);
        if (reply->retry_ms > 0)
            buffer_printf(out, ",\"retry_after_ms\":%" PRIu32, reply->retry_ms);
    } else if (call->mcp.asks == MCP_ASKS_EVENTS || call->mcp.asks == MCP_ASKS_RESOURCE_EVENTS) {
        write_events(out, reply->data);
    } else if (call->mcp.asks == MCP_ASKS_DIFFERENCE || call->mcp.asks == MCP_ASKS_RESOURCE_DIFFERENCE) {
        write_difference(out, call, reply);
    } else if (call->mcp.asks == MCP_ASKS_ROWS || call->mcp.asks == MCP_ASKS_RESOURCE_ROWS) {
        mcp_query_rows(out, reply->data);
    } else if (call->mcp.asks == MCP_ASKS_AUDIT) {
        mcp_audit_events(out, reply);
    } else {
        write_map_member(out, "data", reply->data);
    }
    buffer_append_text(out, "}");
}

/* ---- tools ---- */

static void tool_result(struct call *call, const struct reply *reply)
{
    struct buffer *content = &call->mcp.content;
    buffer_clear(content);
    write_content(content, call, reply);
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"content\":[{\"type\":\"text\",\"text\":");
    json_quote(out, buffer_slice(content));
    buffer_append_text(out, "}],\"structuredContent\":");
    buffer_append(out, content->data, content->size);
    buffer_printf(out, ",\"isError\":%s", reply->status == status_ok ? "false" : "true");
    out->failed |= content->failed;
    rpc_end(call);
}

/* A JSON pointer (RFC 6901). */
static void write_pointer(struct buffer *out, struct slice name)
{
    buffer_append_text(out, name.size > 0 ? "/" : "");
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        buffer_append(out,
                      byte == '~'   ? "~0"
                      : byte == '/' ? "~1"
                                    : (const char *)&name.data[i],
                      1 + (byte == '~' || byte == '/'));
    }
}

enum call_next mcp_tool_fault(struct call *call, struct slice argument, const char *code, const char *message)
{
    struct buffer path = {0};
    struct buffer faults = {0};
    write_pointer(&path, argument);
    struct fault fault = {.path = buffer_slice(&path), .code = slice_text(code), .message = slice_text(message)};
    write_array(&faults, 1);
    fault_encode(&faults, &fault);
    tool_result(call,
                &(struct reply){.status = status_invalid,
                                .code = slice_text("invalid_arguments"),
                                .message = slice_text("the arguments do not fit the tool; nothing was done"),
                                .faults = buffer_slice(&faults)});
    buffer_fini(&faults);
    buffer_fini(&path);
    return CALL_REFUSED;
}

/* ---- resources ---- */

static enum rpc_code missing_code(const struct call *call)
{
    return call->mcp.era == MCP_MODERN ? rpc_invalid_params : rpc_resource_not_found;
}

static void resource_fail(struct call *call, enum rpc_code code, const char *message, const struct reply *reply)
{
    struct buffer data = {0};
    buffer_append_text(&data, "{\"uri\":");
    json_quote(&data, call->mcp.uri);
    if (reply != NULL) {
        buffer_append_text(&data, ",\"problem\":");
        write_problem(&data, reply);
    }
    buffer_append_text(&data, "}");
    rpc_fail(call, 200, code, message, &data);
    buffer_fini(&data);
}

enum call_next mcp_resource_missing(struct call *call)
{
    resource_fail(call, missing_code(call), "Resource not found", NULL);
    return CALL_REFUSED;
}

static void resource_result(struct call *call, const struct reply *reply)
{
    struct buffer *content = &call->mcp.content;
    buffer_clear(content);
    write_content(content, call, reply);
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"contents\":[{\"mimeType\":\"application/json\"");
    rpc_member(out, "uri", call->mcp.uri);
    rpc_member(out, "text", buffer_slice(content));
    buffer_append_text(out, "}]");
    out->failed |= content->failed;
    rpc_cache(call, 0, false);
    rpc_end(call);
}

static void resource_reply(struct call *call, const struct reply *reply)
{
    if (reply->status == status_ok)
        resource_result(call, reply);
    else if (reply->status == status_not_found)
        resource_fail(call, missing_code(call), "Resource not found", reply);
    else if (reply->status == status_invalid)
        resource_fail(call, rpc_invalid_params, "The request is not valid", reply);
    else
        resource_fail(call, rpc_internal_error, "The resource cannot be read now", reply);
}

void mcp_listen_refuse(struct call *call, const struct reply *reply)
{
    struct buffer data = {0};
    buffer_append_text(&data, "{\"problem\":");
    write_problem(&data, reply);
    if (reply->retry_ms > 0)
        buffer_printf(&data, ",\"retry_after_ms\":%" PRIu32, reply->retry_ms);
    buffer_append_text(&data, "}");
    rpc_fail(call, 200, rpc_internal_error, "The resources cannot be listened to now", &data);
    buffer_fini(&data);
}

void mcp_reply(struct call *call, const struct reply *reply)
{
    enum mcp_asks asks = call->mcp.asks;
    if (asks == MCP_ASKS_RESOURCE_STATE || asks == MCP_ASKS_RESOURCE_EVENTS || asks == MCP_ASKS_RESOURCE_DIFFERENCE ||
        asks == MCP_ASKS_RESOURCE_ROWS)
        resource_reply(call, reply);
    else
        tool_result(call, reply);
}
