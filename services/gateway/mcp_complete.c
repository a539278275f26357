/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Completion: names of command tools for the prompt that takes one. Nothing else can be suggested: identifiers are not
 * listed here, and what is not known has no suggestions rather than being an error. */
#include "services/gateway/mcp_method.h"

#define VALUES_MAX 100 /* what the protocol allows */

static bool begins_with(struct slice text, struct slice start)
{
    return text.size >= start.size && (start.size == 0 || memcmp(text.data, start.data, start.size) == 0);
}

static void write_tools(struct buffer *out, const struct mcp_index *index, struct slice start)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < index->tool_count; i++) {
        const struct mcp_tool *tool = &index->tools[i];
        if (tool->kind != MCP_TOOL_COMMAND || !begins_with(slice_text(tool->name), start))
            continue;
        if (total < VALUES_MAX)
            buffer_printf(out, "%s\"%s\"", total == 0 ? "" : ",", tool->name);
        total++;
    }
    buffer_printf(out, "],\"total\":%u,\"hasMore\":%s}", (unsigned)total, total > VALUES_MAX ? "true" : "false");
}

enum call_next mcp_complete(const struct mcp_server *server, struct call *call)
{
    struct slice ref = map_field(call->mcp.params, "ref"), argument = map_field(call->mcp.params, "argument");
    struct slice type, name, value;
    if (!mcp_is_map(ref) || !mcp_text(map_field(ref, "type"), &type) ||
        (!slice_is(type, "ref/prompt") && !slice_is(type, "ref/resource")))
        return rpc_fail_params(call, "ref is a prompt or a resource template");
    if (!mcp_is_map(argument) || !mcp_text(map_field(argument, "name"), &name) ||
        !mcp_text(map_field(argument, "value"), &value))
        return rpc_fail_params(call, "argument has a name and a value");
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"completion\":{\"values\":[");
    if (slice_is(type, "ref/prompt") && slice_is(name, "tool"))
        write_tools(out, &server->index, value);
    else
        buffer_append_text(out, "],\"total\":0,\"hasMore\":false}");
    return rpc_end(call);
}
