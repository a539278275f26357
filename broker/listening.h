/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One of the broker's addresses: an nng socket that listens there itself, or, for tls+tcp://, on loopback behind a
 * tunnel (proto/tunnel.h). Says who is at the other end of a connection. */
#ifndef BROKER_LISTENING_H
#define BROKER_LISTENING_H

#include "broker/settings.h"
#include "proto/tunnel.h"
#include <pthread.h>

#include <nng/nng.h>

struct listening {
    pthread_mutex_t mutex; /* of tunnel and closed: nng asks who is there while the main thread closes */
    bool closed;
    struct tunnel *tunnel; /* NULL: no TLS */
    bool all_trusted;      /* nobody is asked for a certificate */
    char url[TUNNEL_URL_SIZE];
};

/* tls may be NULL when url is no tls+tcp:// one. error_address_in_use, error_bad_address. */
enum error listening_open(
    struct listening *out, nng_socket socket, const char *url, struct tls *tls, const struct broker_settings *settings);
/* Sends what was given to it, as far as peers take it at once, and closes the tunnel. */
void listening_close(struct listening *listening);

/* The address of a connection; all zero for a socket of this machine, which has none. *trusted: its certificate was
 * checked, or none is asked for. False: it came past the tunnel, and is to be refused. On nng's threads. */
bool listening_peer(struct listening *listening, nng_pipe pipe, struct sockaddr_storage *peer, bool *trusted);
uint64_t listening_refusals(struct listening *listening);

#endif
