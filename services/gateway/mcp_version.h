/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which version of the Model Context Protocol a message speaks, and whether its header fields say what its body says
 * (2026-07-28, Streamable HTTP, "Server Validation"). Pure. */
#ifndef GATEWAY_MCP_VERSION_H
#define GATEWAY_MCP_VERSION_H

#include "services/gateway/mcp_rpc.h"

#define MCP_VERSION_MODERN "2026-07-28"
#define MCP_VERSION_LEGACY "2025-11-25" /* the newest that begins with `initialize` */

/* Sets the era; false when the message cannot be served: the answer is written. */
bool mcp_version_check(struct call *call);
/* Is it one that begins with `initialize`? */
bool mcp_version_legacy(struct slice version);
/* The versions as a JSON array, newest first. */
void mcp_versions_write(struct buffer *out);

/* The value of Mcp-Name, also in its form =?base64?...?=, equals name. */
bool mcp_name_equal(struct slice header, struct slice name);

#endif
