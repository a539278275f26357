/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What streams of `subscriptions/listen` say: that it was understood, and which of the resources have changed. The
 * stream itself is one of events as they come (stream.h), with this text in place of them. The call keeps what is
 * listened to. Pure. */
#ifndef GATEWAY_MCP_LISTEN_H
#define GATEWAY_MCP_LISTEN_H

#include "services/gateway/call.h"

#define MCP_LISTEN_MAX 32 /* resources of one stream */

/* Narrows follow to what is listened to; it points into the call. */
void mcp_listen_follow(const struct call *call, struct follow *follow);
/* The first message. */
void mcp_listen_begin(const struct call *call, struct buffer *out);
/* One message for each resource that the records, a raw array, changed. */
void mcp_listen_changes(const struct call *call, struct slice records, struct buffer *out);
/* The last message, when the server ends the stream. */
void mcp_listen_end(const struct call *call, struct buffer *out);
/* The answer when there will be no stream. */
void mcp_listen_refuse(struct call *call, const struct reply *reply);
/* The last message, when the bus refuses to go on. */
void mcp_listen_fail(const struct call *call, const struct reply *reply, struct buffer *out);

#endif
