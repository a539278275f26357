/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a call to /mcp remembers from its JSON-RPC message until the bus has answered. */
#ifndef GATEWAY_MCP_CALL_H
#define GATEWAY_MCP_CALL_H

#include "proto/writer.h"

/* Two eras of the protocol: `initialize` and sessions (2025-06-18, 2025-11-25), or everything in each request
 * (2026-07-28). */
enum mcp_era { MCP_LEGACY = 1, MCP_MODERN };

enum mcp_kind { MCP_REQUEST = 1, MCP_NOTIFICATION, MCP_RESPONSE };

/* What was asked of the bus, and so what its reply becomes. */
enum mcp_asks {
    MCP_ASKS_NOTHING = 0,
    MCP_ASKS_COMMAND, /* a tool's result */
    MCP_ASKS_STATE,
    MCP_ASKS_EVENTS,
    MCP_ASKS_DIFFERENCE,
    MCP_ASKS_ROWS,
    MCP_ASKS_AUDIT,
    MCP_ASKS_RESOURCE_STATE, /* a resource's contents */
    MCP_ASKS_RESOURCE_EVENTS,
    MCP_ASKS_RESOURCE_DIFFERENCE,
    MCP_ASKS_RESOURCE_ROWS,
    MCP_ASKS_CHANGES,      /* a stream of notifications */
    MCP_ASKS_DESCRIPTIONS, /* nothing yet: the message is looked at again */
};

/* Zeroed memory is a call that has not begun; its buffers are kept from one use to the next. */
struct mcp_call {
    struct buffer message; /* as msgpack */
    struct buffer names;   /* decoded parts of a resource's URI; data that is made of them, or what is listened to */
    struct buffer content; /* JSON that is shown twice: as text and as structured content */
    enum mcp_era era;
    enum mcp_kind kind;
    enum mcp_asks asks;
    bool unknown;            /* the answer is that a name is not known: newer descriptions might have it */
    size_t result;           /* where its members begin in the answer */
    struct slice id, params; /* raw views into message; params is empty when there are none */
    struct slice method, uri, identifier;
};

#endif
