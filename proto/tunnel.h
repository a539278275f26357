/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * TLS around a bus that nng serves or dials in plain TCP: a thread that moves bytes between a TLS connection and one to
 * nng over loopback in this process. What is on the network is what nng's own tls+tcp:// has: SP over TLS over TCP.
 *
 *     peer ==TLS== tunnel --loopback-- nng         a broker: tunnel_listen, then tunnel_serve
 *     nng --loopback-- tunnel ==TLS== peer         a client: tunnel_dial
 *
 * Why not nng's own: with 1.5.2 a TLS peer that goes away in the middle of a message is never noticed, and one that
 * stays silent in the handshake is never closed; and it tells neither who a peer is nor why one was refused.
 *
 * Bounds: connections in total and per address, counted from accept on; a handshake takes at most 10 s; each connection
 * holds two buffers of 32 KiB, and reads nothing while the other side takes nothing. Only this process is let in on the
 * loopback side: a dialer checks who connects, and a server asks tunnel_peer. */
#ifndef PROTO_TUNNEL_H
#define PROTO_TUNNEL_H

#include "proto/tls.h"

#include <sys/socket.h>

struct tunnel;

#define TUNNEL_URL_SIZE 320

/* A peer was refused: "10.0.0.7:40112", "shows no certificate". Told once a second, and when the reason is another, but
 * at most ten times a second; unsaid: how many were refused without that since it was last told. On the tunnel's
 * thread. */
typedef void (*tunnel_refused)(void *context, const char *peer, const char *why, uint64_t unsaid);

struct tunnel_config {
    const char *url; /* tls+tcp://HOST:PORT; port 0 chooses one */
    struct tls *tls; /* of tls_open_server; held */
    uint32_t connections, connections_per_address;
    tunnel_refused refused; /* may be NULL */
    void *context;
};

/* ---- a server ---- */

/* Listens, and takes nobody yet. error_address_in_use, error_bad_address. */
enum error tunnel_listen(struct tunnel **out, const struct tunnel_config *config);
/* From now on peers are led to 127.0.0.1:port, where nng listens. */
enum error tunnel_serve(struct tunnel *tunnel, uint16_t port);
/* Whose bytes come to nng from that port of 127.0.0.1: the peer's address, and whether its certificate was checked.
 * False: it is no connection of this tunnel. Any thread. */
bool tunnel_peer(struct tunnel *tunnel, uint16_t port, struct sockaddr_storage *peer, bool *checked);
/* Peers refused since the start. Any thread. */
uint64_t tunnel_refusals(const struct tunnel *tunnel);

/* ---- a client ---- */

/* Listens on loopback and connects to url, anew for each connection that nng makes. */
enum error tunnel_dial(struct tunnel **out, const char *url, struct tls *tls);
/* Why the last attempt failed: "tls+tcp://broker:7410 shows a certificate that has expired"; empty when it did not. */
void tunnel_fault(struct tunnel *tunnel, char out[TLS_FAULT_SIZE]);

/* ---- both ---- */

/* A server: its URL with the port that was chosen. A client: the tcp:// URL for nng to dial. */
const char *tunnel_url(const struct tunnel *tunnel);
/* Takes no new connections: nng dials again as soon as one ends. Safe on NULL. Any thread. */
void tunnel_shut(struct tunnel *tunnel);
/* Ends every connection, and waits a moment for what is on its way out. Safe on NULL; nulls *tunnel. */
void tunnel_close(struct tunnel **tunnel);

#endif
