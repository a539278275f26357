/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One request on one connection: the call, its body while it arrives, and where it stands.
 *
 *     NEW -> BODY -> WAITING -> ANSWERED -> SENT         in the common case
 *     NEW -> DRAINING -> SENT                            refused: the body is thrown away, then the answer goes out
 *     NEW -> SENT, BODY -> SENT                          answered at once
 *
 * While an exchange is WAITING its connection is suspended and the bus owns it: the client library's thread writes the
 * answer and hands it back through the inbox. At any other time it belongs to the main thread. Exchanges are pooled;
 * the pool and the sizes of kept buffers are bounded. */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include "services/common/process.h"
#include "services/gateway/call.h"
#include "services/gateway/peers.h"

enum exchange_state {
    EXCHANGE_NEW = 1,
    EXCHANGE_BODY,
    EXCHANGE_DRAINING,
    EXCHANGE_WAITING,
    EXCHANGE_ANSWERED,
    EXCHANGE_SENT,
};

struct gateway;
struct MHD_Connection;

struct exchange {
    struct inbox_node node; /* first: the inbox gives it back */
    struct gateway *gateway;
    struct MHD_Connection *connection;
    struct peer *peer;
    enum exchange_state state;
    uint32_t holds;    /* the connection's and the response's */
    uintptr_t origin;  /* where the target stood: see server.c */
    uint64_t start_us; /* when the header was there */
    uint64_t discarded;
    struct stream_state *stream; /* of a request for events, until its answer is sent */
    struct buffer body;
    struct call call;
    bool again;         /* the bus told what was missing: the request is looked at again */
    enum status status; /* what the bus said, for the answers that the main thread writes */
};

struct exchange_pool {
    struct exchange *free;
    uint32_t count; /* of free */
    uint32_t open;  /* in use */
};

/* One with a single hold; NULL when memory is out. */
struct exchange *exchange_new(struct exchange_pool *pool);
void exchange_hold(struct exchange *exchange);
/* Gives it back to the pool with the last hold. */
void exchange_release(struct exchange_pool *pool, struct exchange *exchange);
void exchange_pool_fini(struct exchange_pool *pool);

#endif
