/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a process needs for TLS, made of files and checked at once: its own certificate and key, and the authorities it
 * trusts. Servers and clients of the buses hold one; the bytes are moved by tunnel.h. */
#ifndef PROTO_TLS_H
#define PROTO_TLS_H

#include "proto/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Counted. What it holds never changes, so any thread may use it. */
struct tls;

/* Paths of PEM files; NULL or "" is none. */
struct tls_files {
    const char *certificate; /* our own, and those between it and its authority */
    const char *key;         /* of our own; refused when everybody may read it */
    const char *authority;   /* of those we trust: one or more certificates */
};

enum tls_clients {
    TLS_CLIENTS_NONE = 0, /* are not asked for a certificate */
    TLS_CLIENTS_OPTIONAL, /* a certificate that is shown must be good */
    TLS_CLIENTS_REQUIRED, /* must show a good one */
};

#define TLS_FAULT_SIZE 512

#define TLS_SCHEME "tls+tcp://"
/* Does it begin so? */
bool tls_url(const char *url);
/* none, optional, required. */
bool tls_clients_find(const char *name, enum tls_clients *out);

/* error_bad_settings: fault, of TLS_FAULT_SIZE bytes, names the file and what is wrong with it. */
enum error tls_open_server(struct tls **out, const struct tls_files *files, enum tls_clients clients, char *fault);
/* server_name: what servers' certificates must be for; NULL or "": the host of the URL that is connected to. */
enum error tls_open_client(struct tls **out, const struct tls_files *files, const char *server_name, char *fault);
/* Gives tls back; NULL stays NULL. */
struct tls *tls_hold(struct tls *tls);
/* Nulls *tls. */
void tls_release(struct tls **tls);

/* Of a server: are clients asked for a certificate? */
bool tls_asks(const struct tls *tls);
/* When our own certificate ends, in seconds since 1970 UTC; 0: there is none. */
int64_t tls_expires(const struct tls *tls);

#endif
