/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ends a connection that nng holds. nng 1.5.2 loses a receive that is between the length and the body of a message when
 * the pipe is closed from our side (nng_pipe_close, nng_close), and its only reaper thread then waits for ever: no
 * connection's end is ever told again, and nng_close never returns. Shutting the socket down below nng makes nng see
 * the end by itself, through its own receive, which is safe. */
#ifndef PROTO_LINK_CUT_H
#define PROTO_LINK_CUT_H

#include <nng/nng.h>
#include <stdbool.h>

/* Shuts down the TCP socket behind the pipe; the pipe is gone when its NNG_PIPE_EV_REM_POST comes. False when there is
 * no such socket: the pipe is gone already, or it is no TCP connection. Any thread. */
bool pipe_cut(nng_pipe pipe);

#endif
