/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The edge to libmicrohttpd: its callbacks drive calls (call.h), and it is driven by our loop through its epoll
 * descriptor. Everything here runs on the main thread, also suspending and resuming, which across threads would cost
 * half of the throughput. */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include "services/gateway/gateway.h"

/* Starts to serve on gateway->listener. */
enum error server_open(struct gateway *gateway);
/* Becomes readable when the library has something to do. */
int server_descriptor(const struct gateway *gateway);
/* Milliseconds until the library wants to run, at most limit_ms. */
int server_timeout_ms(const struct gateway *gateway, int limit_ms);
void server_run(struct gateway *gateway);
/* An exchange came back from the bus: its connection goes on. */
void server_resume(struct gateway *gateway, struct exchange *exchange);
/* Takes no new connections. */
void server_quiesce(struct gateway *gateway);
/* Nothing may be with the bus any more. */
void server_close(struct gateway *gateway);

#endif
