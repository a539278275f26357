/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's process: what its parts share. One main thread runs HTTP and everything else; only client callbacks run
 * elsewhere, and they touch nothing but their own exchange and the inbox. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "proto/client.h"
#include "services/gateway/catalog.h"
#include "services/gateway/direct.h"
#include "services/gateway/documents/cache.h"
#include "services/gateway/exchange.h"
#include "services/gateway/listen.h"
#include "services/gateway/mcp.h"
#include "services/gateway/settings.h"
#include "services/gateway/stream.h"

struct MHD_Daemon;

enum gateway_node { NODE_EXCHANGE = 1, NODE_CATALOG, NODE_STREAM };

struct gateway {
    struct gateway_settings settings;
    struct tokens *tokens;
    struct guard guard;
    struct inbox *inbox;
    struct tls *tls;
    struct client *client, *reader; /* reader: of what query processes answer */
    struct direct *direct;          /* NULL: they answer all reads */
    struct listener listener;
    struct stats stats;
    struct catalog catalog;
    struct mcp_server mcp;
    struct document_cache documents;
    struct exchange_pool exchanges;
    struct peers peers;
    struct streams streams;
    struct MHD_Daemon *daemon;
    uint32_t waiting;      /* exchanges with the bus */
    uint64_t body_bytes;   /* of request bodies in memory */
    uint64_t answer_bytes; /* of answers that clients have not taken yet */
    bool ready, stopping;
    uint64_t swept_us;
    char fault[TLS_FAULT_SIZE]; /* why no broker is reached, as last logged */
};

/* 0 or an exit code; what is wrong was said on standard error. */
int gateway_open(struct gateway *gateway);
/* Serves until the process is asked to stop, then answers what is in flight. */
void gateway_run(struct gateway *gateway);
void gateway_close(struct gateway *gateway);

#endif
