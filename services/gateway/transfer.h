/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An exchange's way through the library: its body in, its request to the bus, its answer out. All three return false
 * when the connection is to be closed without an answer. Main thread. */
#ifndef GATEWAY_TRANSFER_H
#define GATEWAY_TRANSFER_H

#include "services/gateway/gateway.h"

/* The header is there. */
bool transfer_begin(struct gateway *gateway, struct exchange *exchange);
/* A piece of the body. */
bool transfer_body(struct gateway *gateway, struct exchange *exchange, struct slice piece);
/* The body is complete, or the connection was resumed. */
bool transfer_end(struct gateway *gateway, struct exchange *exchange);
/* The bus has answered: what is left to do before the connection goes on. */
void transfer_answered(struct gateway *gateway, struct exchange *exchange);

#endif
