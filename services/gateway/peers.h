/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connections and how long each may stay in a phase. The HTTP library has one time limit, counted from the last byte: a
 * client that sends one byte now and then would hold a connection for ever. Here each phase has a limit from its start:
 *
 *     (connect) -> HEADER -> BODY -> WAIT -> WRITE -> IDLE -> HEADER -> ...
 *
 *     HEADER  from connecting, or from the request line, to the end of the header      limit_header_wait_ms
 *     BODY    to the end of the body                                                   limit_body_wait_ms
 *     WAIT    for the bus; the request's own deadline bounds it                        none
 *     WRITE   until the client has taken the answer                                    limit_idle_ms
 *     IDLE    to the next request line                                                 limit_idle_ms
 *
 * A connection over its time is shut down; the library then sees its end and cleans up. One thread. */
#ifndef GATEWAY_PEERS_H
#define GATEWAY_PEERS_H

#include "services/gateway/stats.h"

enum phase { PHASE_HEADER = 1, PHASE_BODY, PHASE_WAIT, PHASE_WRITE, PHASE_IDLE, PHASE_CLOSING };

struct peer {
    struct peer *previous, *next;
    int socket; /* the library's */
    enum phase phase;
    uint64_t since_us;
};

/* Zeroed memory is an empty set. */
struct peers {
    struct peer *first;
    size_t count;
};

/* NULL when memory is out. */
struct peer *peer_add(struct peers *peers, int socket, uint64_t now_us);
void peer_remove(struct peers *peers, struct peer **peer);
void peer_enter(struct peer *peer, enum phase phase, uint64_t now_us);

/* Shuts down what is over its time. */
void peers_sweep(struct peers *peers, struct stats *stats, uint64_t now_us);
/* Shuts down what is between requests, for a server that stops. */
void peers_dismiss(struct peers *peers);

#endif
