/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the gateway answers about itself and the platform: /livez, /readyz, /metrics, /_meta, documents. Some of it can
 * be said at once, for the rest the bus is asked. */
#ifndef GATEWAY_LOCAL_H
#define GATEWAY_LOCAL_H

#include "services/gateway/gateway.h"

/* CALL_REFUSED: the answer is written. CALL_ASK: call.request is to be sent. */
enum call_next local_submit(struct gateway *gateway, struct exchange *exchange, uint64_t now_us);

/* Keeps what the bus said. On the client's thread. */
void local_reply(struct exchange *exchange, const struct reply *reply);
/* Writes the answer from it. On the main thread. */
void local_answer(struct gateway *gateway, struct exchange *exchange);

#endif
