/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A broker by hand behind TLS, and clients of it, for tests of the tunnel. Certificates: ca and stranger are
 * authorities; broker, client and late (expired) are of ca, outsider is of stranger. */
#ifndef TEST_CLIENT_TUNNELED_H
#define TEST_CLIENT_TUNNELED_H

#include <pthread.h>

#include "proto/link.h"
#include "proto/tunnel.h"
#include "tests/unit/client/server.h"

enum { PER_ADDRESS = 6 };

struct tunneled {
    struct server server; /* nng's */
    struct tunnel *tunnel;
    char url[TUNNEL_URL_SIZE]; /* tls+tcp://127.0.0.1:PORT */
    uint16_t port, inner_port;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int pipes;                /* connections that nng has now */
    int refusals;             /* told of */
    char why[TLS_FAULT_SIZE]; /* the last */
};

struct outcome {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, connects;
    enum error error;
    struct buffer reply;
};

/* Init and fini of a suite: the certificates. */
void tunneled_begin(void);

/* certificate: "broker", "late"; clients as in tls_open_server. */
void tunneled_open(struct tunneled *tunneled, const char *certificate, enum tls_clients clients);
void tunneled_close(struct tunneled *tunneled);
int tunneled_pipes(struct tunneled *tunneled);
/* Waits until nng has so many connections, or the tunnel told of so many refusals. */
void tunneled_await(struct tunneled *tunneled, const int *counter, int wanted);

/* certificate NULL: none. server_name NULL: the URL's host. */
struct tls *client_tls(const char *certificate, const char *authority, const char *server_name);
/* A link with that TLS, which it releases. */
struct link *client_link(const char *url, struct tls *tls, struct outcome *outcome);
void client_send_bytes(struct link *link, struct slice bytes, struct outcome *outcome);
void outcome_await(struct outcome *outcome, const int *counter, int wanted);
/* Waits until the link has something to say about its broker. */
void link_fault_await(struct link *link, char fault[TLS_FAULT_SIZE]);

/* A TCP connection to a port of 127.0.0.1; reads end after 5 s. */
int raw_connect(uint16_t port);
/* Reads until the other side closes; false when it does not within 5 s. */
bool raw_closed(int socket);

#endif
