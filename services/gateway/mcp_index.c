/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The index of tools: see mcp_index.h. Names are NAMESPACE_COMMAND, NAMESPACE_audit, and NAMESPACE_RESOURCE_ with
 * get, events, changes or query behind. Commands that would share a name get their resource behind it; what is still
 * not alone, or too long, ends with a hash of all its parts. Nothing depends on the order of the descriptions. */
#include "services/gateway/mcp_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/identity.h"
#include "services/gateway/mcp_value.h"

#define PLATFORM "fluvius" /* the platform's own domain: how it works inside is nothing for agents */
#define NAME_KEPT 55       /* characters before a hash */

void mcp_index_fini(struct mcp_index *index)
{
    free(index->tools);
    free(index->resources);
    free(index->domains);
    *index = (struct mcp_index){0};
}

/* ---- names ---- */

static const char *kind_word(enum mcp_tool_kind kind)
{
    static const char *const words[] = {[MCP_TOOL_COMMAND] = "command",
                                        [MCP_TOOL_STATE] = "get",
                                        [MCP_TOOL_EVENTS] = "events",
                                        [MCP_TOOL_CHANGES] = "changes",
                                        [MCP_TOOL_QUERY] = "query",
                                        [MCP_TOOL_AUDIT] = "audit"};
    return words[kind];
}

static uint64_t tool_hash(const struct mcp_tool *tool)
{
    struct stream parts = {slice_text(kind_word(tool->kind)), tool->namespace, tool->resource, tool->command};
    return stream_hash(&parts);
}

static bool name_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_' || byte == '-';
}

/* Fits out into name; the hash is added when it was cut. */
static void name_set(struct mcp_tool *tool, const struct buffer *text, bool hashed)
{
    size_t size = text->size;
    hashed |= size > MCP_TOOL_NAME_MAX;
    if (hashed && size > NAME_KEPT)
        size = NAME_KEPT;
    for (size_t i = 0; i < size; i++)
        tool->name[i] = name_byte(text->data[i]) ? (char)text->data[i] : '_';
    tool->name[size] = '\0';
    if (hashed)
        snprintf(tool->name + size, sizeof tool->name - size, "_%08" PRIx32, (uint32_t)tool_hash(tool));
}

static void part(struct buffer *text, struct slice name)
{
    if (text->size > 0)
        buffer_append(text, "_", 1);
    buffer_append(text, name.data, name.size);
}

/* level 0: short; 1: with the resource; 2: with a hash. */
static void tool_name(struct mcp_tool *tool, int level)
{
    struct buffer text = {0};
    part(&text, tool->namespace);
    if (tool->kind == MCP_TOOL_COMMAND) {
        part(&text, tool->command);
        if (level > 0)
            part(&text, tool->resource);
    } else {
        if (tool->resource.size > 0)
            part(&text, tool->resource);
        part(&text, slice_text(kind_word(tool->kind)));
    }
    name_set(tool, &text, level == 2);
    buffer_fini(&text);
}

static int tool_compare(const void *a, const void *b)
{
    const struct mcp_tool *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    if (order != 0)
        return order;
    uint64_t first = tool_hash(left), second = tool_hash(right);
    return first < second ? -1 : first > second;
}

/* Names those again that share their name with the one before or behind; the tools are sorted. */
static void name_shared(struct mcp_index *index, int level)
{
    uint32_t end;
    for (uint32_t i = 0; i < index->tool_count; i = end) {
        for (end = i + 1; end < index->tool_count && strcmp(index->tools[i].name, index->tools[end].name) == 0;)
            end++;
        for (uint32_t j = i; end - i > 1 && j < end; j++)
            tool_name(&index->tools[j], level);
    }
}

static void name_all(struct mcp_index *index)
{
    if (index->tool_count == 0)
        return;
    for (uint32_t i = 0; i < index->tool_count; i++)
        tool_name(&index->tools[i], 0);
    for (int level = 1; level <= 2; level++) {
        qsort(index->tools, index->tool_count, sizeof *index->tools, tool_compare);
        name_shared(index, level);
    }
    qsort(index->tools, index->tool_count, sizeof *index->tools, tool_compare);
}

/* ---- building ---- */

static struct mcp_tool *tool_add(struct mcp_index *index)
{
    struct mcp_tool *tools, *tool;
    if (index->tool_count % 64 == 0) {
        tools = realloc(index->tools, ((size_t)index->tool_count + 64) * sizeof *tools);
        if (tools == NULL)
            return NULL;
        index->tools = tools;
    }
    tool = &index->tools[index->tool_count++];
    *tool = (struct mcp_tool){0};
    return tool;
}

static enum error add_tool(struct mcp_index *index, const struct mcp_tool *tool)
{
    bool nameless = tool->kind == MCP_TOOL_COMMAND && tool->command.size == 0;
    if (nameless || index->tool_count >= MCP_TOOLS_MAX)
        return error_none;
    struct mcp_tool *made = tool_add(index);
    if (made == NULL)
        return error_no_memory;
    *made = *tool;
    return error_none;
}

static enum error add_commands(struct mcp_index *index, struct mcp_tool tool, struct slice resource)
{
    struct walk walk = walk_of(map_field(resource, "commands"));
    struct slice command;
    enum error error = error_none;
    tool.kind = MCP_TOOL_COMMAND;
    while (error == 0 && walk_next(&walk, &command)) {
        tool.command = map_text(command, "name");
        tool.doc = map_text(command, "doc");
        tool.creates = map_true(command, "creates");
        tool.schema = map_field(command, "schema");
        error = add_tool(index, &tool);
    }
    return error;
}

static enum error resource_keep(struct mcp_index *index, struct slice namespace, struct slice raw, bool projection)
{
    struct mcp_resource *grown =
        realloc(index->resources, ((size_t)index->resource_count + 1) * sizeof *index->resources);
    if (grown == NULL)
        return error_no_memory;
    index->resources = grown;
    grown[index->resource_count++] = (struct mcp_resource){
        .namespace = namespace, .name = map_text(raw, "name"), .raw = raw, .projection = projection};
    return error_none;
}

/* The tools that read; then the commands. */
static enum error add_resource(struct mcp_index *index, struct slice namespace, struct slice raw, bool projection)
{
    struct mcp_tool tool = {.namespace = namespace,
                            .resource = map_text(raw, "name"),
                            .doc = map_text(raw, "doc"),
                            .state = map_field(raw, "schema")};
    enum error error = resource_keep(index, namespace, raw, projection);
    int first = projection ? MCP_TOOL_QUERY : MCP_TOOL_STATE;
    for (int kind = first; error == 0 && kind <= MCP_TOOL_QUERY; kind++) {
        tool.kind = (enum mcp_tool_kind)kind;
        error = add_tool(index, &tool);
    }
    return error == 0 ? add_commands(index, tool, raw) : error;
}

static enum error add_resources(struct mcp_index *index, struct slice namespace, struct slice raw, bool projection)
{
    struct walk walk = walk_of(map_field(raw, projection ? "projections" : "resources"));
    struct slice resource;
    enum error error = error_none;
    while (error == 0 && walk_next(&walk, &resource)) {
        if (map_text(resource, "name").size > 0)
            error = add_resource(index, namespace, resource, projection);
    }
    return error;
}

static enum error add_domain(struct mcp_index *index, struct slice raw)
{
    struct mcp_domain *grown = realloc(index->domains, ((size_t)index->domain_count + 1) * sizeof *index->domains);
    if (grown == NULL)
        return error_no_memory;
    index->domains = grown;
    grown[index->domain_count++] = (struct mcp_domain){.namespace = map_text(raw, "namespace"), .raw = raw};
    struct mcp_tool audit = {
        .kind = MCP_TOOL_AUDIT, .namespace = map_text(raw, "namespace"), .doc = map_text(raw, "doc")};
    enum error error = add_tool(index, &audit);
    if (error == 0)
        error = add_resources(index, audit.namespace, raw, false);
    return error == 0 ? add_resources(index, audit.namespace, raw, true) : error;
}

static int slice_compare(struct slice a, struct slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int domain_compare(const void *a, const void *b)
{
    const struct mcp_domain *left = a, *right = b;
    return slice_compare(left->namespace, right->namespace);
}

static int resource_compare(const void *a, const void *b)
{
    const struct mcp_resource *left = a, *right = b;
    int order = slice_compare(left->namespace, right->namespace);
    return order != 0 ? order : slice_compare(left->name, right->name);
}

enum error mcp_index_build(struct mcp_index *index, struct slice descriptions)
{
    struct mcp_index built = {0};
    struct walk walk = walk_of(descriptions);
    struct slice description;
    enum error error = error_none;
    while (error == 0 && walk_next(&walk, &description)) {
        struct slice namespace = map_text(description, "namespace");
        if (namespace.size > 0 && !slice_is(namespace, PLATFORM))
            error = add_domain(&built, description);
    }
    if (error != 0) {
        mcp_index_fini(&built);
        return error;
    }
    name_all(&built);
    if (built.domain_count > 0)
        qsort(built.domains, built.domain_count, sizeof *built.domains, domain_compare);
    if (built.resource_count > 0)
        qsort(built.resources, built.resource_count, sizeof *built.resources, resource_compare);
    mcp_index_fini(index);
    *index = built;
    return error_none;
}

/* ---- finding ---- */

const struct mcp_tool *mcp_index_tool(const struct mcp_index *index, struct slice name)
{
    uint32_t low = 0, high = index->tool_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = slice_compare(slice_text(index->tools[middle].name), name);
        if (order == 0)
            return &index->tools[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct mcp_domain *mcp_index_domain(const struct mcp_index *index, struct slice namespace)
{
    for (uint32_t i = 0; i < index->domain_count; i++) {
        if (slice_equal(index->domains[i].namespace, namespace))
            return &index->domains[i];
    }
    return NULL;
}

const struct mcp_resource *mcp_index_resource(const struct mcp_index *index, struct slice namespace, struct slice name)
{
    for (uint32_t i = 0; i < index->resource_count; i++) {
        if (slice_equal(index->resources[i].namespace, namespace) && slice_equal(index->resources[i].name, name))
            return &index->resources[i];
    }
    return NULL;
}

const char *mcp_index_name(const struct mcp_index *index,
                           enum mcp_tool_kind kind,
                           struct slice namespace,
                           struct slice resource,
                           struct slice command)
{
    for (uint32_t i = 0; i < index->tool_count; i++) {
        const struct mcp_tool *tool = &index->tools[i];
        if (tool->kind == kind && slice_equal(tool->namespace, namespace) && slice_equal(tool->resource, resource) &&
            slice_equal(tool->command, command))
            return tool->name;
    }
    return NULL;
}
