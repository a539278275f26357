/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A broker by hand for tests of the link and the client: the test receives each frame itself and decides what becomes
 * of it. Waits are bounded, so that a fault fails the test instead of hanging it. */
#ifndef TEST_CLIENT_SERVER_H
#define TEST_CLIENT_SERVER_H

#include <nng/nng.h>

#include "proto/slice.h"

struct server {
    nng_socket socket;
    nng_listener listener;
    char url[64];
};

/* One received frame, to be answered or dropped. */
struct server_frame {
    nng_ctx ctx;
    nng_msg *message;
};

/* Listens on a free port, or on url when it is not NULL. */
void server_open(struct server *server, const char *url);
void server_close(struct server *server);
/* The next frame; fails the test when none comes within five seconds. */
struct server_frame server_receive(struct server *server);
/* Is no frame there within the time? */
bool server_silent(struct server *server, int timeout_ms);
struct slice server_bytes(const struct server_frame *frame);
void server_answer(struct server_frame *frame, struct slice reply);
/* Closes the connection that the frame came on; false when it was closed already. */
bool server_drop(struct server_frame *frame);
/* Forgets the frame: it is never answered. */
void server_ignore(struct server_frame *frame);

#endif
