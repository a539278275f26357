/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What MCP shows of the domains, sorted and found by name: tools, domains, and the resources in them. Made anew
 * whenever the descriptions change; points into them. */
#ifndef GATEWAY_MCP_INDEX_H
#define GATEWAY_MCP_INDEX_H

#include "proto/error.h"
#include "proto/writer.h"

#define MCP_TOOL_NAME_MAX 64 /* what clients take: ^[A-Za-z0-9_-]{1,64}$ */
#define MCP_TOOLS_MAX 4096   /* more are left out */

/* STATE to QUERY: of each resource; of a projection QUERY alone. AUDIT: of each domain. */
enum mcp_tool_kind {
    MCP_TOOL_COMMAND = 1,
    MCP_TOOL_STATE,
    MCP_TOOL_EVENTS,
    MCP_TOOL_CHANGES,
    MCP_TOOL_QUERY,
    MCP_TOOL_AUDIT
};

struct mcp_tool {
    char name[MCP_TOOL_NAME_MAX + 1];
    enum mcp_tool_kind kind;
    bool creates;
    struct slice namespace, resource, command; /* command: of MCP_TOOL_COMMAND */
    struct slice doc;
    struct slice schema; /* raw: of a command's data */
    struct slice state;  /* raw: the resource's state; of MCP_TOOL_QUERY: a row */
};

/* One aggregate type, or a hand-written projection: a read model without aggregates of its own. */
struct mcp_resource {
    struct slice namespace, name, raw;
    bool projection;
};

struct mcp_domain {
    struct slice namespace, raw;
};

/* Zeroed memory is empty. */
struct mcp_index {
    struct mcp_tool *tools; /* by name */
    struct mcp_resource *resources;
    struct mcp_domain *domains;
    uint32_t tool_count, resource_count, domain_count;
};

/* From an array of descriptions, which must outlive the index. On failure (no_memory) the index is as it was. */
enum error mcp_index_build(struct mcp_index *index, struct slice descriptions);
void mcp_index_fini(struct mcp_index *index);

/* NULL when there is none. */
const struct mcp_tool *mcp_index_tool(const struct mcp_index *index, struct slice name);
const struct mcp_domain *mcp_index_domain(const struct mcp_index *index, struct slice namespace);
const struct mcp_resource *mcp_index_resource(const struct mcp_index *index, struct slice namespace, struct slice name);
/* The name of a tool by what it does; NULL when there is none. command is empty but for commands. */
const char *mcp_index_name(const struct mcp_index *index,
                           enum mcp_tool_kind kind,
                           struct slice namespace,
                           struct slice resource,
                           struct slice command);

#endif
