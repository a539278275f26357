/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ends a connection that nng holds. nng 1.5.2 loses a receive that is between the length and the body of a message when
 * the pipe is closed from our side (nng_pipe_close, nng_close), or by nng itself after a send that failed, and its only
 * reaper thread then waits for ever: no connection's end is ever told again, and nng_close never returns. Shutting the
 * socket down below nng makes nng see the end by itself. That is safe where nothing comes in at that moment; so where a
 * peer may be sending or not reading, first mute it, give nng's threads some milliseconds, and then cut. */
#ifndef PROTO_LINK_CUT_H
#define PROTO_LINK_CUT_H

#include <nng/nng.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Nothing more comes from the TCP socket behind the pipe: what is in it is thrown away, packets are dropped, and
 * closing it will reset it. False: see pipe_cut. Any thread. */
bool pipe_mute(nng_pipe pipe);
/* Shuts down the TCP socket behind the pipe; the pipe is gone when its NNG_PIPE_EV_REM_POST comes. False when there is
 * no such socket: the pipe is gone already, or it is no TCP connection. Any thread. */
bool pipe_cut(nng_pipe pipe);
/* Has this process a TCP connection from local to remote? Any thread. */
bool socket_is_ours(const struct sockaddr_storage *local, const struct sockaddr_storage *remote);

#endif
