/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Prompts: what each domain is about, and how to send commands safely. Also the server's instructions. */
#include "proto/json.h"
#include "services/gateway/mcp_method.h"

#define DESCRIBE "describe_"
#define SAFELY "use_commands_safely"

const char mcp_instructions[] =
    "Fluvius runs business domains as durable aggregates. Tools named NAMESPACE_COMMAND change one aggregate; tools "
    "ending in _get, _events and _changes read its state, its history and what changed, those in _query find among "
    "all, "
    "_audit tells who did what. Before a command that "
    "matters, call it with dry_run "
    "true: it decides and shows events and changes, and changes nothing. Then call it with the version you saw as "
    "expected_version, and with an idempotency_key, so that a repeated call runs once. A result with isError true "
    "says in problem what is wrong; status rejected is a business rule's answer and does not change by repeating. The "
    "resource fluvius://NAMESPACE describes a domain in full.";

static const char safely[] =
    "Use commands of this platform in this order:\n\n"
    "1. Read the aggregate with its _get tool; keep the version.\n"
    "2. Call the command with dry_run true. Look at data.events (what would happen) and data.changes (what would be "
    "different). Nothing is changed by that.\n"
    "3. Show both to the user and ask, unless the user has already agreed to just that.\n"
    "4. Call the command again without dry_run, with expected_version set to the version that you saw and an "
    "idempotency_key that you make once for this intent.\n"
    "5. If no answer comes, or status is busy, moved, unavailable or deadline, call again with the same "
    "idempotency_key: it runs at most once.\n"
    "6. On conflict somebody changed the aggregate meanwhile: begin again at 1 with a new idempotency_key. On rejected "
    "or invalid, do not repeat: tell the user what problem says, or mend the data.\n";

/* ---- the list ---- */

static void list_domains(struct buffer *out, const struct mcp_index *index, struct mcp_page *page)
{
    struct buffer name = {0}, text = {0};
    for (uint32_t i = 0; i < index->domain_count && !page->more; i++) {
        if (!mcp_page_take(page, index->domains[i].namespace))
            continue;
        struct slice namespace = index->domains[i].namespace, doc = map_text(index->domains[i].raw, "doc");
        buffer_clear(&name);
        buffer_printf(&name, DESCRIBE "%.*s", (int)namespace.size, (const char *)namespace.data);
        buffer_clear(&text);
        buffer_printf(&text, "What the domain %.*s is about: ", (int)namespace.size, (const char *)namespace.data);
        buffer_append(&text, doc.data, doc.size);
        buffer_append_text(out, ",{\"name\":");
        json_quote(out, buffer_slice(&name));
        rpc_member(out, "description", buffer_slice(&text));
        buffer_append_text(out, "}");
    }
    buffer_fini(&name);
    buffer_fini(&text);
}

enum call_next mcp_prompts_list(const struct mcp_server *server, struct call *call)
{
    struct mcp_page page;
    if (!mcp_page_read(call, &page))
        return CALL_REFUSED;
    call->mcp.unknown = server->index.domain_count == 0;
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"prompts\":[");
    size_t start = out->size;
    if (page.after.size == 0)
        buffer_append_text(out,
                           ",{\"name\":\"" SAFELY "\",\"title\":\"Use commands safely\",\"description\":\"How to send "
                           "commands: dry run first, then once, on the version that was seen.\",\"arguments\":[{"
                           "\"name\":\"tool\",\"description\":\"The command that is meant.\",\"required\":false}]}");
    list_domains(out, &server->index, &page);
    if (!out->failed && out->size > start)
        out->data[start] = ' '; /* the first one's comma */
    buffer_append_text(out, "]");
    mcp_page_end(out, &page);
    rpc_cache(call, MCP_LIST_TTL_MS, false);
    return rpc_end(call);
}

/* ---- a domain in words ---- */

static void tell(struct buffer *text, const char *before, struct slice words, const char *after)
{
    buffer_append_text(text, before);
    buffer_append(text, words.data, words.size);
    buffer_append_text(text, after);
}

static void tell_name(struct buffer *text, const char *before, const char *name)
{
    tell(text, before, slice_text(name == NULL ? "(not offered)" : name), "`");
}

static void tell_commands(struct buffer *text, const struct mcp_index *index, const struct mcp_resource *resource)
{
    struct walk walk = walk_of(map_field(resource->raw, "commands"));
    struct slice command;
    buffer_append_text(text, walk.left == 0 ? "" : "\nCommands:\n\n");
    while (walk_next(&walk, &command)) {
        struct slice name = map_text(command, "name");
        tell_name(text, "- `", mcp_index_name(index, MCP_TOOL_COMMAND, resource->namespace, resource->name, name));
        tell(text, ": ", map_text(command, "doc"), "");
        buffer_append_text(text, map_true(command, "creates") ? " Creates one.\n" : "\n");
    }
}

static void tell_events(struct buffer *text, const struct mcp_resource *resource)
{
    struct walk walk = walk_of(map_field(resource->raw, "events"));
    struct slice event;
    buffer_append_text(text, walk.left == 0 ? "" : "\nWhat can happen to it (events):\n\n");
    while (walk_next(&walk, &event)) {
        tell(text, "- ", map_text(event, "name"), "");
        tell(text, ": ", map_text(event, "doc"), "\n");
    }
}

static void tell_tool(struct buffer *text,
                      const char *before,
                      const struct mcp_index *index,
                      enum mcp_tool_kind kind,
                      const struct mcp_resource *resource)
{
    struct slice none = {0};
    tell_name(text, before, mcp_index_name(index, kind, resource->namespace, resource->name, none));
}

static void tell_resource(struct buffer *text, const struct mcp_index *index, const struct mcp_resource *resource)
{
    tell(text, "\n## ", resource->name, "\n\n");
    tell(text, "", map_text(resource->raw, "doc"), "\n\n");
    tell_tool(text, "Find: `", index, MCP_TOOL_QUERY, resource);
    if (!resource->projection) {
        tell_tool(text, ", read one: `", index, MCP_TOOL_STATE, resource);
        tell_tool(text, ", its history: `", index, MCP_TOOL_EVENTS, resource);
        tell_tool(text, ", what changed: `", index, MCP_TOOL_CHANGES, resource);
    }
    buffer_append_text(text, ".\n");
    if (resource->projection)
        return;
    tell_commands(text, index, resource);
    tell_events(text, resource);
}

static void tell_domain(struct buffer *text, const struct mcp_index *index, const struct mcp_domain *domain)
{
    tell(text, "# The domain ", domain->namespace, "\n\n");
    struct slice none = {0};
    tell(text, "", map_text(domain->raw, "doc"), "\n\n");
    tell_name(text, "Who did what: `", mcp_index_name(index, MCP_TOOL_AUDIT, domain->namespace, none, none));
    buffer_append_text(text, ".\n");
    for (uint32_t i = 0; i < index->resource_count; i++) {
        if (slice_equal(index->resources[i].namespace, domain->namespace))
            tell_resource(text, index, &index->resources[i]);
    }
    buffer_append_text(text, "\n# Sending commands\n\n");
    buffer_append_text(text, safely);
}

/* ---- one prompt ---- */

static enum call_next prompt_end(struct call *call, const char *description)
{
    struct buffer *out = rpc_begin(call);
    rpc_member(out, "description", slice_text(description));
    buffer_append_text(out, ",\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\"");
    rpc_member(out, "text", buffer_slice(&call->mcp.content));
    buffer_append_text(out, "}}]");
    out->failed |= call->mcp.content.failed;
    return rpc_end(call);
}

static enum call_next prompt_safely(const struct mcp_server *server, struct call *call)
{
    struct slice name, raw = map_field(map_field(call->mcp.params, "arguments"), "tool");
    struct buffer *text = &call->mcp.content;
    buffer_clear(text);
    if (raw.size > 0) {
        const struct mcp_tool *tool = mcp_text(raw, &name) ? mcp_index_tool(&server->index, name) : NULL;
        if (tool == NULL)
            return rpc_fail_params(call, "the argument tool names no tool");
        tell_name(text, "The command is the tool `", tool->name);
        tell(text, ": ", tool->doc, "\n\n");
    }
    buffer_append_text(text, safely);
    return prompt_end(call, "How to send commands safely");
}

enum call_next mcp_prompts_get(const struct mcp_server *server, struct call *call)
{
    struct slice name;
    size_t lead = strlen(DESCRIBE);
    if (!mcp_text(map_field(call->mcp.params, "name"), &name))
        return rpc_fail_params(call, "name is a text");
    if (slice_is(name, SAFELY))
        return prompt_safely(server, call);
    const struct mcp_domain *domain = NULL;
    if (name.size > lead && memcmp(name.data, DESCRIBE, lead) == 0)
        domain = mcp_index_domain(&server->index, slice_of(name.data + lead, name.size - lead));
    call->mcp.unknown = domain == NULL;
    if (domain == NULL)
        return rpc_fail_params(call, "Unknown prompt; prompts/list names those there are");
    buffer_clear(&call->mcp.content);
    tell_domain(&call->mcp.content, &server->index, domain);
    return prompt_end(call, "What the domain is about");
}
