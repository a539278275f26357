/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The methods behind /mcp, each as one function: it writes the answer, or prepares call->request and returns CALL_ASK.
 * Pure parts of mcp_submit. */
#ifndef GATEWAY_MCP_METHOD_H
#define GATEWAY_MCP_METHOD_H

#include "services/gateway/mcp.h"
#include "services/gateway/mcp_rpc.h"
#include "services/gateway/mcp_value.h"

/* How long clients may keep lists: about as long as the gateway does before it asks the bus again. */
#define MCP_LIST_TTL_MS 5000
#define MCP_PAGE 50

enum call_next mcp_tools_list(const struct mcp_server *server, struct call *call);
enum call_next mcp_tools_call(const struct mcp_server *server, struct call *call);
enum call_next mcp_resources_list(const struct mcp_server *server, struct call *call);
enum call_next mcp_templates_list(const struct mcp_server *server, struct call *call);
enum call_next mcp_resources_read(const struct mcp_server *server, struct call *call);
enum call_next mcp_prompts_list(const struct mcp_server *server, struct call *call);
enum call_next mcp_prompts_get(const struct mcp_server *server, struct call *call);
enum call_next mcp_complete(const struct mcp_server *server, struct call *call);

enum call_next mcp_listen(const struct mcp_server *server, struct call *call);

/* ---- URIs (mcp_resources.c) ---- */

#define MCP_URI_PARTS 4

struct mcp_uri {
    uint32_t count;
    struct slice parts[MCP_URI_PARTS]; /* decoded, in memory */
    struct slice query;
};

/* memory is cleared and holds what *out points to; false when uri is none of ours. */
bool mcp_uri_read(struct slice uri, struct buffer *memory, struct mcp_uri *out);

/* ---- pages of lists ---- */

/* Lists are sorted; a cursor is "after:KEY" with the key of the last item shown, so it stays good when items come and
 * go. */
struct mcp_page {
    struct slice after; /* empty: from the start */
    uint32_t shown;
    bool more;
    struct slice last;
};

/* Reads params.cursor; false when it is none of ours: the answer is written. */
bool mcp_page_read(struct call *call, struct mcp_page *out);
/* Is the item to be written? Keys come in ascending order and live until mcp_page_end. */
bool mcp_page_take(struct mcp_page *page, struct slice key);
/* ,"nextCursor":... where more follows. */
void mcp_page_end(struct buffer *out, const struct mcp_page *page);

/* ---- schemas (mcp_schema.c) ---- */

void mcp_input_schema(struct buffer *out, const struct mcp_tool *tool);
void mcp_output_schema(struct buffer *out, const struct mcp_tool *tool);

/* What values of a schema look like, without what is allowed of them. */
void mcp_shape(struct buffer *out, struct slice schema);

/* ---- queries (mcp_query.c) ---- */

void mcp_query_input(struct buffer *out, const struct mcp_tool *tool);
void mcp_query_output(struct buffer *out, const struct mcp_tool *tool);
/* Prepares the request. data: a raw map, or empty. */
enum call_next mcp_query_ask(struct call *call, struct slice namespace, struct slice name, struct slice data);
/* The data of a query whose parameters stand in a URI; false when one of them is none. out is cleared. */
bool mcp_query_parameters(struct slice text, struct buffer *out);
/* The members of a page. */
void mcp_query_rows(struct buffer *out, struct slice data);

/* ---- who did what (mcp_audit.c) ---- */

void mcp_audit_input(struct buffer *out);
void mcp_audit_output(struct buffer *out);
/* Prepares the request, or tells which argument is wrong. arguments: a raw map, or empty. */
enum call_next mcp_audit_call(struct call *call, const struct mcp_tool *tool, struct slice arguments);
/* The members of an answer. */
void mcp_audit_events(struct buffer *out, const struct reply *reply);

/* ---- results (mcp_result.c) ---- */

/* A tool's result that says what is wrong with an argument; without a name: with all of them. */
enum call_next mcp_tool_fault(struct call *call, struct slice argument, const char *code, const char *message);
/* A resource that is not there, or whose URI is none. */
enum call_next mcp_resource_missing(struct call *call);

/* ---- words (mcp_prompts.c) ---- */

extern const char mcp_instructions[];

#endif
