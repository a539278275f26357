/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tools: the list of them, and a call on its way to the bus. */
#include "libactor/domain/scalar.h"
#include "proto/json.h"
#include "services/gateway/command.h"
#include "services/gateway/mcp_method.h"

/* A limit as a constant that a table can be made of. */
enum {
#define LIMIT(NAME, VALUE, DOC) cap_##NAME = VALUE,
#include "proto/messages.def"
};
#define PAGE_LIMIT cap_page_limit

/* ---- the list ---- */

static void write_title(struct buffer *out, const struct mcp_tool *tool)
{
    struct buffer title = {0};
    static const char *const kinds[] = {[MCP_TOOL_COMMAND] = "",
                                        [MCP_TOOL_STATE] = "",
                                        [MCP_TOOL_EVENTS] = " events",
                                        [MCP_TOOL_CHANGES] = " changes",
                                        [MCP_TOOL_QUERY] = " query",
                                        [MCP_TOOL_AUDIT] = " audit"};
    struct slice name = tool->kind == MCP_TOOL_COMMAND ? tool->command : tool->resource;
    buffer_append(&title, tool->namespace.data, tool->namespace.size);
    if (name.size > 0)
        buffer_append_text(&title, tool->kind == MCP_TOOL_COMMAND ? ":" : ".");
    buffer_append(&title, name.data, name.size);
    buffer_append_text(&title, kinds[tool->kind]);
    rpc_member(out, "title", buffer_slice(&title));
    buffer_fini(&title);
}

/* What a tool does with a resource: before its name, and behind it. */
static const struct {
    const char *before, *after;
} words[] = {
    [MCP_TOOL_COMMAND] = {" A command on one ",
                          ". Call it with dry_run true first and look at the events and changes."},
    [MCP_TOOL_STATE] = {"Reads one ", " as it is now, or was at a version or a time. "},
    [MCP_TOOL_EVENTS] = {"Reads what has happened to one ", ", oldest event first, in pages. "},
    [MCP_TOOL_CHANGES] = {"Compares two versions of one ", ": what is different, and which event changed what. "},
    [MCP_TOOL_QUERY] = {"Finds rows of ", " by filter and words, sorted, a page at a time. "},
    [MCP_TOOL_AUDIT] =
        {"Who did what in this domain: events by user, command, trace, time or resource, in pages of the log", ". "},
};

static void write_description(struct buffer *out, const struct mcp_tool *tool)
{
    bool command = tool->kind == MCP_TOOL_COMMAND;
    struct buffer text = {0};
    if (command)
        buffer_append(&text, tool->doc.data, tool->doc.size);
    buffer_append_text(&text, words[tool->kind].before);
    buffer_append(&text, tool->resource.data, tool->resource.size);
    buffer_append_text(&text, words[tool->kind].after);
    if (!command)
        buffer_append(&text, tool->doc.data, tool->doc.size);
    rpc_member(out, "description", buffer_slice(&text));
    buffer_fini(&text);
}

/* Whether a command takes something away cannot be known of it; one that creates only adds. */
static void write_hints(struct buffer *out, const struct mcp_tool *tool)
{
    bool reads = tool->kind != MCP_TOOL_COMMAND;
    buffer_printf(out,
                  ",\"annotations\":{\"readOnlyHint\":%s,\"destructiveHint\":%s,\"idempotentHint\":%s,"
                  "\"openWorldHint\":false}",
                  reads ? "true" : "false",
                  reads || tool->creates ? "false" : "true",
                  reads ? "true" : "false");
}

static void write_tool(struct buffer *out, const struct mcp_tool *tool)
{
    buffer_printf(out, "{\"name\":\"%s\"", tool->name);
    write_title(out, tool);
    write_description(out, tool);
    buffer_append_text(out, ",\"inputSchema\":");
    mcp_input_schema(out, tool);
    buffer_append_text(out, ",\"outputSchema\":");
    mcp_output_schema(out, tool);
    write_hints(out, tool);
    buffer_append_text(out, "}");
}

enum call_next mcp_tools_list(const struct mcp_server *server, struct call *call)
{
    struct mcp_page page;
    if (!mcp_page_read(call, &page))
        return CALL_REFUSED;
    call->mcp.unknown = server->index.domain_count == 0;
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"tools\":[");
    for (uint32_t i = 0; i < server->index.tool_count && !page.more; i++) {
        if (!mcp_page_take(&page, slice_text(server->index.tools[i].name)))
            continue;
        buffer_append_text(out, page.shown == 1 ? "" : ",");
        write_tool(out, &server->index.tools[i]);
    }
    buffer_append_text(out, "]");
    mcp_page_end(out, &page);
    rpc_cache(call, MCP_LIST_TTL_MS, false);
    return rpc_end(call);
}

/* ---- a call's arguments ---- */

struct arguments {
    struct slice identifier, data, key;
    bool has_identifier, has_expected, dry_run;
    int64_t expected, version, at_us, after, to, limit;
};

/* What is wrong with one argument. */
struct trouble {
    struct slice at; /* its name; empty: all of them */
    const char *code, *message;
};

static bool trouble_set(struct trouble *out, struct slice at, const char *code, const char *message)
{
    *out = (struct trouble){at, code, message};
    return false;
}

static bool
take_integer(struct slice raw, int64_t min, int64_t max, int64_t *out, struct slice at, struct trouble *trouble)
{
    struct reader reader = reader_of(raw);
    if (reader_integer(&reader, out) != 0)
        return trouble_set(trouble, at, "expected_integer", "is an integer");
    if (*out < min || *out > max)
        return trouble_set(trouble, at, "out_of_range", "is outside its range; see the tool's input schema");
    return true;
}

static bool take_identifier(struct slice raw, struct arguments *out, struct trouble *trouble)
{
    out->has_identifier = true;
    if (!mcp_text(raw, &out->identifier))
        return trouble_set(trouble, slice_text("identifier"), "expected_text", "is a text");
    if (!identifier_valid(out->identifier))
        return trouble_set(trouble,
                           slice_text("identifier"),
                           "bad_identifier",
                           "is 1 to 256 bytes without control characters and slashes, not beginning with : or ~");
    return true;
}

static bool take_key(struct slice raw, struct arguments *out, struct trouble *trouble)
{
    if (!mcp_text(raw, &out->key) || out->key.size == 0 || out->key.size > limit_identifier_bytes)
        return trouble_set(
            trouble, slice_text("idempotency_key"), "bad_idempotency_key", "is a text of 1 to 256 bytes");
    return true;
}

static bool take_command(struct slice key, struct slice raw, struct arguments *out, struct trouble *trouble)
{
    struct reader reader = reader_of(raw);
    if (slice_is(key, "data")) {
        out->data = raw;
        return mcp_is_map(raw) || trouble_set(trouble, slice_text("data"), "expected_map", "is an object");
    }
    if (slice_is(key, "expected_version")) {
        out->has_expected = true;
        return take_integer(raw, 0, INT64_MAX, &out->expected, slice_text("expected_version"), trouble);
    }
    if (slice_is(key, "dry_run"))
        return reader_bool(&reader, &out->dry_run) == 0 ||
               trouble_set(trouble, slice_text("dry_run"), "expected_bool", "is true or false");
    if (slice_is(key, "idempotency_key"))
        return take_key(raw, out, trouble);
    return trouble_set(trouble, key, "unknown_field", "an argument that the tool does not have");
}

static bool take_time(struct slice raw, int64_t *out, struct trouble *trouble)
{
    struct slice text;
    if (!mcp_text(raw, &text) || timestamp_parse(text, out) != SCALAR_OK || *out <= 0)
        return trouble_set(trouble, slice_text("at"), "bad_time", "is a time like 2026-01-31T12:00:00Z, from 1970 on");
    return true;
}

/* The numbers that reads take. */
static const struct {
    enum mcp_tool_kind kind;
    const char *name;
    int64_t min, max;
    size_t place; /* in struct arguments */
} numbers[] = {{MCP_TOOL_STATE, "version", 1, INT64_MAX, offsetof(struct arguments, version)},
               {MCP_TOOL_EVENTS, "after", 0, INT64_MAX, offsetof(struct arguments, after)},
               {MCP_TOOL_CHANGES, "from", 0, INT64_MAX, offsetof(struct arguments, after)},
               {MCP_TOOL_CHANGES, "to", 1, INT64_MAX, offsetof(struct arguments, to)},
               {MCP_TOOL_EVENTS, "limit", 1, PAGE_LIMIT, offsetof(struct arguments, limit)},
               {MCP_TOOL_CHANGES, "limit", 1, PAGE_LIMIT, offsetof(struct arguments, limit)}};

static bool
take_read(enum mcp_tool_kind kind, struct slice key, struct slice raw, struct arguments *out, struct trouble *trouble)
{
    if (kind == MCP_TOOL_STATE && slice_is(key, "at"))
        return take_time(raw, &out->at_us, trouble);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].kind == kind && slice_is(key, numbers[i].name))
            return take_integer(raw,
                                numbers[i].min,
                                numbers[i].max,
                                (int64_t *)((char *)out + numbers[i].place),
                                slice_text(numbers[i].name),
                                trouble);
    }
    return trouble_set(trouble, key, "unknown_field", "an argument that the tool does not have");
}

/* Unknown arguments are refused: a misspelt dry_run must not run the command in earnest. */
static bool
arguments_read(const struct mcp_tool *tool, struct slice map, struct arguments *out, struct trouble *trouble)
{
    struct reader reader = reader_of(map);
    uint32_t entries = 0;
    *out = (struct arguments){.version = -1, .to = -1, .limit = limit_page_default};
    if (map.size > 0 && reader_map(&reader, &entries) != 0)
        return trouble_set(trouble, (struct slice){0}, "expected_map", "arguments are an object");
    for (uint32_t i = 0; i < entries; i++) {
        struct slice key, raw;
        if (reader_text(&reader, &key) != 0 || reader_raw(&reader, &raw) != 0)
            return trouble_set(trouble, (struct slice){0}, "expected_map", "arguments are an object");
        bool good = slice_is(key, "identifier")      ? take_identifier(raw, out, trouble)
                    : tool->kind == MCP_TOOL_COMMAND ? take_command(key, raw, out, trouble)
                                                     : take_read(tool->kind, key, raw, out, trouble);
        if (!good)
            return false;
    }
    if (!out->has_identifier && !tool->creates)
        return trouble_set(trouble, slice_text("identifier"), "required", "is required");
    return true;
}

/* ---- a call's request ---- */

static void request_command(struct call *call, const struct mcp_tool *tool, const struct arguments *arguments)
{
    struct request *request = &call->request;
    call->mcp.asks = MCP_ASKS_COMMAND;
    request->operation = operation_command;
    request->command = tool->command;
    request->data = arguments->data;
    request->has_expected = arguments->has_expected;
    request->expected = arguments->expected;
    request->dry_run = arguments->dry_run;
    request->has_id = arguments->key.size > 0; /* without one the client library makes it */
    if (request->has_id)
        request->id = command_id_of_key(&call->principal, arguments->key);
}

static void request_read(struct call *call, const struct mcp_tool *tool, const struct arguments *arguments)
{
    static const struct {
        enum mcp_asks asks;
        enum operation operation;
    } reads[] = {[MCP_TOOL_STATE] = {MCP_ASKS_STATE, operation_state},
                 [MCP_TOOL_EVENTS] = {MCP_ASKS_EVENTS, operation_events},
                 [MCP_TOOL_CHANGES] = {MCP_ASKS_DIFFERENCE, operation_changes}};
    struct request *request = &call->request;
    call->mcp.asks = reads[tool->kind].asks;
    request->operation = reads[tool->kind].operation;
    request->at_version = tool->kind == MCP_TOOL_CHANGES ? arguments->to : arguments->version;
    request->at_time_us = arguments->at_us;
    request->from = (uint64_t)arguments->after;
    request->limit = (uint32_t)arguments->limit;
}

enum call_next mcp_tools_call(const struct mcp_server *server, struct call *call)
{
    struct slice name, map = map_field(call->mcp.params, "arguments");
    struct arguments arguments;
    struct trouble trouble;
    if (!mcp_text(map_field(call->mcp.params, "name"), &name))
        return rpc_fail_params(call, "name is a text");
    if (map.size > 0 && !mcp_is_map(map))
        return rpc_fail_params(call, "arguments are an object");
    const struct mcp_tool *tool = mcp_index_tool(&server->index, name);
    call->mcp.unknown = tool == NULL;
    if (tool == NULL)
        return rpc_fail_params(call, "Unknown tool; tools/list names those there are");
    if (tool->kind == MCP_TOOL_QUERY) {
        call->mcp.asks = MCP_ASKS_ROWS;
        return mcp_query_ask(call, tool->namespace, tool->resource, map);
    }
    if (tool->kind == MCP_TOOL_AUDIT)
        return mcp_audit_call(call, tool, map);
    if (!arguments_read(tool, map, &arguments, &trouble))
        return mcp_tool_fault(call, trouble.at, trouble.code, trouble.message);
    call->request.namespace = tool->namespace;
    call->request.resource = tool->resource;
    call->request.identifier = call->mcp.identifier = arguments.identifier;
    if (tool->kind == MCP_TOOL_COMMAND)
        request_command(call, tool, &arguments);
    else
        request_read(call, tool, &arguments);
    return CALL_ASK;
}
