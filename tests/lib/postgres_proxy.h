/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A proxy in front of a PostgreSQL server, in a thread of the test's process, that cuts a connection at a chosen place
 * of its next COPY. It knows the protocol's messages, so a cut is where it is said to be. */
#ifndef TEST_POSTGRES_PROXY_H
#define TEST_POSTGRES_PROXY_H

#include <stdint.h>

enum proxy_cut {
    PROXY_PASS = 0,
    PROXY_CUT_ROWS,     /* rows have come: they are not passed on */
    PROXY_CUT_END,      /* the end of the rows has come: it is not passed on */
    PROXY_CUT_AT_ONCE,  /* the end is passed on, and nothing waited for */
    PROXY_CUT_ANSWERED, /* the server has answered that it committed: that is not passed on */
};

struct proxy;

/* Passes everything on until a cut is set. */
struct proxy *proxy_new(uint16_t server_port);
uint16_t proxy_port(const struct proxy *proxy);
/* One cut, on the connection whose COPY comes to it first; then everything is passed on again. */
void proxy_cut(struct proxy *proxy, enum proxy_cut cut);
/* Cuts all connections, and waits for the thread. */
void proxy_free(struct proxy **proxy);

#endif
