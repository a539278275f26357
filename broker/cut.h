/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ends a TCP connection that a library holds without showing its descriptor. nng 1.5.2 loses a receive that is between
 * the length and the body of a message when nng_pipe_close comes, and its only reaper thread then waits for ever: no
 * other connection's end is ever told again. Shutting the socket down instead makes nng see the end by itself, through
 * its own receive, which is safe. */
#ifndef BROKER_CUT_H
#define BROKER_CUT_H

#include <stdbool.h>
#include <sys/socket.h>

/* Shuts down, both ways, the socket of this process that is connected to peer (an IPv4 or IPv6 address with its port).
 * False when there is none. Any thread. */
bool connection_cut(const struct sockaddr *peer);

#endif
