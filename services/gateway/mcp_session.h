/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Session ids of the era that has them. A session keeps nothing and gives no right: each request shows its own
 * credentials. So an id is not stored but signed: when it ends and whose it is, HMAC-SHA256 under a key that gateways
 * with the same service token share. Sessions that clients ended are remembered, the last 1,024 of them; one that was
 * forgotten, or ended at another gateway, is taken until its time is over. */
#ifndef GATEWAY_MCP_SESSION_H
#define GATEWAY_MCP_SESSION_H

#include "proto/identity.h"
#include "services/common/tokens.h"

#define MCP_SESSION_S 86400
#define MCP_SESSION_ENDED_MAX 1024
#define MCP_SESSION_SIZE 81 /* 80 characters and NUL */

struct mcp_sessions {
    uint8_t key[32];
    uint64_t ended[MCP_SESSION_ENDED_MAX]; /* a ring */
    uint32_t next;
};

/* secret: what the key is derived from; NULL or empty: seed, which is random. */
void mcp_sessions_init(struct mcp_sessions *sessions, const char *secret, const uint8_t seed[32]);

/* A new id; nonce is fresh. */
void mcp_session_write(const struct mcp_sessions *sessions,
                       const struct principal *principal,
                       const struct uuid *nonce,
                       uint64_t now_s,
                       char out[MCP_SESSION_SIZE]);
/* Is it one of ours, this principal's, not over and not ended? */
bool mcp_session_valid(const struct mcp_sessions *sessions,
                       const struct principal *principal,
                       struct slice id,
                       uint64_t now_s);
/* id is a valid one. */
void mcp_session_end(struct mcp_sessions *sessions, struct slice id);

#endif
