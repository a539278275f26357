/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The Model Context Protocol at /mcp, for agents: commands and reads as tools, states and histories as resources,
 * domains as prompts. Streamable HTTP in both eras of the protocol, one JSON answer a request. Pure; the bus and the
 * descriptions are the caller's.
 *
 *     mcp_submit   the body is there   -> CALL_REFUSED: answer is written; CALL_ASK: send call->request to the bus;
 *                                         CALL_LOCAL: a stream begins, see mcp_listen.h
 *     mcp_reply    the bus has answered -> answer is written */
#ifndef GATEWAY_MCP_H
#define GATEWAY_MCP_H

#include "services/gateway/call.h"
#include "services/gateway/mcp_index.h"
#include "services/gateway/mcp_session.h"

/* Zeroed memory, mcp_sessions_init, and mcp_index_build when there are descriptions. */
struct mcp_server {
    struct mcp_index index;
    struct mcp_sessions sessions;
};

/* What a call needs from outside. */
struct mcp_moment {
    uint64_t now_s;    /* since 1970 */
    struct uuid fresh; /* for a new session */
};

enum call_next
mcp_submit(struct mcp_server *server, struct call *call, struct slice body, const struct mcp_moment *moment);
/* Uses nothing but the call; any thread. */
void mcp_reply(struct call *call, const struct reply *reply);

#endif
