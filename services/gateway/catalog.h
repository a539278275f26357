/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The descriptions of the domains that are served, as the bus last told them: asked for again and again until there are
 * some, every few seconds afterwards, and at once (but at most once a second) when somebody asks for what is not in
 * them. */
#ifndef GATEWAY_CATALOG_H
#define GATEWAY_CATALOG_H

#include "proto/writer.h"
#include "services/common/process.h"
#include "services/gateway/projections.h"

struct gateway;

struct catalog {
    struct buffer descriptions;     /* an array of maps; empty until known */
    struct projections projections; /* of them */
    bool known;
    uint64_t revision;  /* counts the descriptions that were taken; 0 before the first */
    uint32_t count;     /* of descriptions */
    uint64_t asked_us;  /* by whom ever */
    bool open, guarded; /* did a broker answer last without a token, and has one ever refused to */
    struct catalog_poll *poll;
};

/* false when memory is out. */
bool catalog_init(struct gateway *gateway);
void catalog_fini(struct catalog *catalog);

/* Asks again when it is time; call it now and then. */
void catalog_tick(struct gateway *gateway, uint64_t now_us);
/* When the next tick is due. */
uint64_t catalog_due_us(const struct catalog *catalog);
/* Takes the answer that the inbox gave back. */
void catalog_polled(struct gateway *gateway, struct inbox_node *node);

/* May rows be read here? By this process's tokens, or because brokers want none: else it is for them to judge. */
bool catalog_lets_read(const struct gateway *gateway);

/* May somebody's question make the catalog ask the bus now? Remembers that it does. */
bool catalog_may_ask(struct catalog *catalog, uint64_t now_us);
/* Takes newer descriptions; what is not an array of maps is left alone. */
void catalog_take(struct gateway *gateway, struct slice descriptions);

#endif
