/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON Schemas of tools: what they take and what they give. */
#include "proto/json.h"
#include "services/gateway/mcp_method.h"

static void quote(struct buffer *out, const char *text)
{
    json_quote(out, slice_text(text));
}

/* ---- what a command takes ---- */

/* A record's schema as part of another: without the dialect, which stands on the outermost alone. */
static void write_part(struct buffer *out, struct slice schema)
{
    struct reader reader = reader_of(schema);
    uint32_t entries = 0;
    bool first = true;
    buffer_append_text(out, "{");
    if (schema.size == 0 || reader_map(&reader, &entries) != 0)
        entries = 0;
    for (uint32_t i = 0; i < entries; i++) {
        struct slice key, value;
        if (reader_text(&reader, &key) != 0 || reader_raw(&reader, &value) != 0)
            break;
        if (slice_is(key, "$schema"))
            continue;
        buffer_append_text(out, first ? "" : ",");
        json_quote(out, key);
        buffer_append_text(out, ":");
        msgpack_to_json(value, out);
        first = false;
    }
    buffer_append_text(out, "}");
}

static bool needs_data(struct slice schema)
{
    struct walk required = walk_of(map_field(schema, "required"));
    return required.left > 0;
}

static void write_identifier(struct buffer *out, const struct mcp_tool *tool)
{
    struct buffer text = {0};
    buffer_printf(&text, "Which %.*s: its identifier.", (int)tool->resource.size, (const char *)tool->resource.data);
    if (tool->creates)
        buffer_append_text(&text, " Leave it out to create a new one; its identifier comes back.");
    buffer_append_text(out, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256,\"description\":");
    json_quote(out, buffer_slice(&text));
    buffer_append_text(out, "}");
    buffer_fini(&text);
}

static const char command_options[] =
    ",\"expected_version\":{\"type\":\"integer\",\"minimum\":0,\"description\":\"Refuse the command unless this is the "
    "aggregate's version now, as a read gave it; 0: it must not exist.\"},\"dry_run\":{\"type\":\"boolean\","
    "\"default\":false,\"description\":\"Decide and show events and changes, but change "
    "nothing.\"},\"idempotency_key\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":256,\"description\":\"The same "
    "key makes a repeated call safe: it runs once and gives the same answer again.\"}}";

static void command_input(struct buffer *out, const struct mcp_tool *tool)
{
    bool data = needs_data(tool->schema), identifier = !tool->creates;
    buffer_append_text(out, "{\"type\":\"object\",\"properties\":{\"identifier\":");
    write_identifier(out, tool);
    buffer_append_text(out, ",\"data\":");
    write_part(out, tool->schema);
    buffer_append_text(out, command_options);
    buffer_append_text(out, ",\"required\":[");
    buffer_append_text(out, identifier ? "\"identifier\"" : "");
    buffer_append_text(out, identifier && data ? "," : "");
    buffer_append_text(out, data ? "\"data\"" : "");
    buffer_append_text(out, "],\"additionalProperties\":false}");
}

static const char state_options[] =
    ",\"version\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"As it was at this version; default: "
    "now.\"},\"at\":{\"type\":\"string\",\"description\":\"As it was at this time, like 2026-01-31T12:00:00Z.\"}}";

static const char events_options[] = ",\"after\":{\"type\":\"integer\",\"minimum\":0,\"default\":0,"
                                     "\"description\":\"Events of versions above this.\"}";

static const char changes_options[] =
    ",\"from\":{\"type\":\"integer\",\"minimum\":0,\"default\":0,\"description\":\"The version to compare with; 0: "
    "before the first event.\"},\"to\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"Up to this version; "
    "default: now.\"}";

/* Of reads that come in pages: the last of the properties. */
static void write_limit(struct buffer *out)
{
    buffer_printf(out,
                  ",\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":%d,\"default\":%d,"
                  "\"description\":\"Events a page.\"}}",
                  limit_page_limit,
                  limit_page_default);
}

static void read_input(struct buffer *out, const struct mcp_tool *tool)
{
    bool state = tool->kind == MCP_TOOL_STATE;
    buffer_append_text(out, "{\"type\":\"object\",\"properties\":{\"identifier\":");
    write_identifier(out, tool);
    buffer_append_text(out, state ? state_options : tool->kind == MCP_TOOL_EVENTS ? events_options : changes_options);
    if (!state)
        write_limit(out);
    buffer_append_text(out, ",\"required\":[\"identifier\"],\"additionalProperties\":false}");
}

void mcp_input_schema(struct buffer *out, const struct mcp_tool *tool)
{
    if (tool->kind == MCP_TOOL_COMMAND)
        command_input(out, tool);
    else if (tool->kind == MCP_TOOL_QUERY)
        mcp_query_input(out, tool);
    else if (tool->kind == MCP_TOOL_AUDIT)
        mcp_audit_input(out);
    else
        read_input(out, tool);
}

/* ---- what a tool gives ---- */

/* The members of a schema that say what a value looks like. Those that say what is allowed are for whoever writes: a
 * client must not refuse an answer because a limit was narrowed after the state was made. */
static bool tells_shape(struct slice key)
{
    static const char *const keys[] = {"type", "title", "description", "enum"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (slice_is(key, keys[i]))
            return true;
    }
    return false;
}

static void write_properties(struct buffer *out, struct slice properties)
{
    struct reader reader = reader_of(properties);
    uint32_t entries = 0;
    buffer_append_text(out, "{");
    if (reader_map(&reader, &entries) != 0)
        entries = 0;
    for (uint32_t i = 0; i < entries; i++) {
        struct slice key, value;
        if (reader_text(&reader, &key) != 0 || reader_raw(&reader, &value) != 0)
            break;
        buffer_append_text(out, i == 0 ? "" : ",");
        json_quote(out, key);
        buffer_append_text(out, ":");
        mcp_shape(out, value);
    }
    buffer_append_text(out, "}");
}

static void write_member(struct buffer *out, bool *first, const char *lead, struct slice schema, bool properties)
{
    if (!mcp_is_map(schema))
        return;
    buffer_append_text(out, *first ? "" : ",");
    buffer_append_text(out, lead);
    *first = false;
    if (properties)
        write_properties(out, schema);
    else
        mcp_shape(out, schema);
}

/* Descriptions are checked msgpack, so they nest at most limit_nesting deep, and so does this. */
void mcp_shape(struct buffer *out, struct slice schema)
{
    struct reader reader = reader_of(schema);
    uint32_t entries = 0;
    bool first = true;
    buffer_append_text(out, "{");
    if (schema.size == 0 || reader_map(&reader, &entries) != 0)
        entries = 0;
    for (uint32_t i = 0; i < entries; i++) {
        struct slice key, value;
        if (reader_text(&reader, &key) != 0 || reader_raw(&reader, &value) != 0)
            break;
        if (!tells_shape(key))
            continue;
        buffer_append_text(out, first ? "" : ",");
        json_quote(out, key);
        buffer_append_text(out, ":");
        msgpack_to_json(value, out);
        first = false;
    }
    write_member(out, &first, "\"properties\":", map_field(schema, "properties"), true);
    write_member(out, &first, "\"items\":", map_field(schema, "items"), false);
    write_member(out, &first, "\"additionalProperties\":", map_field(schema, "additionalProperties"), false);
    buffer_append_text(out, "}");
}

static const char reply_members[] =
    "{\"type\":\"object\",\"properties\":{\"status\":{\"type\":\"string\",\"description\":\"ok, or why "
    "not\"},\"identifier\":{\"type\":\"string\"},\"version\":{\"type\":\"integer\",\"description\":\"the aggregate's "
    "version\"},\"position\":{\"type\":\"string\",\"description\":\"read token\"},\"problem\":{\"type\":\"object\","
    "\"description\":\"what is wrong: type, title, detail, errcode, "
    "errors\"},\"retry_after_ms\":{\"type\":\"integer\"}";

static void command_output(struct buffer *out, const struct mcp_tool *tool)
{
    buffer_append_text(out, ",\"dry_run\":{\"type\":\"boolean\"},\"data\":{\"type\":\"object\",\"description\":");
    quote(out, "of a dry run: the events that would happen, the state after them, and what changes");
    buffer_append_text(out,
                       ",\"properties\":{\"events\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},\"state\":");
    mcp_shape(out, tool->state);
    buffer_append_text(out, ",\"changes\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}");
}

static const char events_output[] =
    ",\"events\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"version\":{\"type\":\"integer\"},"
    "\"type\":{\"type\":\"string\"},\"time\":{\"type\":\"string\"},\"data\":{\"type\":\"object\"},\"command\":{"
    "\"type\":\"string\"},\"user\":{\"type\":\"string\"}}}},\"next\":{\"type\":[\"integer\",\"null\"],\"description\":"
    "\"give it as after for the next page; null on the last\"}";

static const char changes_output[] =
    ",\"from\":{\"type\":\"integer\"},\"to\":{\"type\":\"integer\"},\"changes\":{\"type\":\"array\",\"items\":{"
    "\"type\":\"object\",\"properties\":{\"at\":{\"type\":\"string\",\"description\":\"a JSON pointer into the "
    "state\"}}}},\"events\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"event\":{\"type\":"
    "\"object\"},\"changes\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}},\"next\":{\"type\":[\"integer\","
    "\"null\"],\"description\":\"give it as from for the next page; null on the last\"}";

void mcp_output_schema(struct buffer *out, const struct mcp_tool *tool)
{
    buffer_append_text(out, reply_members);
    if (tool->kind == MCP_TOOL_COMMAND) {
        command_output(out, tool);
    } else if (tool->kind == MCP_TOOL_STATE) {
        buffer_append_text(out, ",\"data\":");
        mcp_shape(out, tool->state);
    } else if (tool->kind == MCP_TOOL_EVENTS) {
        buffer_append_text(out, events_output);
    } else if (tool->kind == MCP_TOOL_CHANGES) {
        buffer_append_text(out, changes_output);
    } else if (tool->kind == MCP_TOOL_AUDIT) {
        mcp_audit_output(out);
    } else {
        mcp_query_output(out, tool);
    }
    buffer_append_text(out, "},\"required\":[\"status\"]}");
}
