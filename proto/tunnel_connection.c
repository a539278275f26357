/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A connection's way through its states; tunnel_state.h has the picture. */
#include "proto/tunnel_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { TELL_MS = 1000 };

/* ---- the table ---- */

static bool item_put(struct tunnel *tunnel, struct connection *connection)
{
    bool put = false;
    pthread_mutex_lock(&tunnel->lock);
    for (uint32_t i = 0; i < tunnel->max && tunnel->count < tunnel->max && !put; i++) {
        put = tunnel->items[i] == NULL;
        if (put) {
            tunnel->items[i] = connection;
            tunnel->count++;
        }
    }
    pthread_mutex_unlock(&tunnel->lock);
    return put;
}

static void item_remove(struct tunnel *tunnel, const struct connection *connection)
{
    pthread_mutex_lock(&tunnel->lock);
    for (uint32_t i = 0; i < tunnel->max; i++) {
        if (tunnel->items[i] == connection) {
            tunnel->items[i] = NULL;
            tunnel->count--;
        }
    }
    pthread_mutex_unlock(&tunnel->lock);
}

void connection_until(struct connection *connection, int64_t until_ms)
{
    connection->tunnel->timed += (until_ms != 0) - (connection->until_ms != 0);
    connection->until_ms = until_ms;
}

struct connection *connection_new(struct tunnel *tunnel, const struct sockaddr_storage *peer)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->tunnel = tunnel;
    connection->peer = *peer;
    connection->outer = connection->inner = (struct side){.connection = connection, .socket = -1};
    if (!item_put(tunnel, connection)) {
        free(connection);
        return NULL;
    }
    connection_until(connection, tunnel_now_ms() + SHAKE_MS);
    return connection;
}

static void side_close(struct side *side)
{
    if (side->socket >= 0)
        close(side->socket); /* epoll forgets it */
    side->socket = -1;
    side->events = 0;
}

void connection_close(struct connection *connection)
{
    struct tunnel *tunnel = connection->tunnel;
    if (connection->state == CONNECTION_CLOSED)
        return;
    connection->state = CONNECTION_CLOSED;
    connection_until(connection, 0);
    item_remove(tunnel, connection);
    tls_session_free(&connection->session);
    side_close(&connection->outer);
    side_close(&connection->inner);
    flows_free(connection);
    if (connection->found != NULL)
        freeaddrinfo(connection->found);
    connection->next = tunnel->closed;
    tunnel->closed = connection;
}

/* ---- ending ---- */

void connection_end(struct connection *connection)
{
    connection->state = CONNECTION_ENDING;
    connection_until(connection, tunnel_now_ms() + END_MS);
    side_close(&connection->inner);
    flows_free(connection);
    tls_session_end(connection->session);
    shutdown(connection->outer.socket, SHUT_WR);
    side_watch(connection->tunnel, &connection->outer, EPOLLIN);
}

static void tell_server(struct tunnel *tunnel, const struct connection *connection, const char *why)
{
    char peer[64];
    int64_t now_ms = tunnel_now_ms();
    tunnel->refusals++;
    if (tunnel->refused == NULL)
        return;
    if (now_ms < tunnel->told_ms + TELL_MS) {
        tunnel->unsaid++;
        return;
    }
    address_print(&connection->peer, peer);
    tunnel->refused(tunnel->context, peer, why, tunnel->unsaid);
    tunnel->told_ms = now_ms;
    tunnel->unsaid = 0;
}

static void fault_set(struct tunnel *tunnel, const char *why)
{
    pthread_mutex_lock(&tunnel->lock);
    tunnel->fault[0] = '\0';
    if (why != NULL)
        snprintf(tunnel->fault, sizeof tunnel->fault, "%.300s %.200s", tunnel->outer_url, why);
    pthread_mutex_unlock(&tunnel->lock);
}

void connection_refuse(struct connection *connection, const char *why)
{
    if (connection->tunnel->server)
        tell_server(connection->tunnel, connection, why);
    else
        fault_set(connection->tunnel, why);
    if (connection->session != NULL)
        connection_end(connection);
    else
        connection_close(connection);
}

static void ending_drain(struct connection *connection)
{
    char waste[TLS_RECORD_BYTES];
    ssize_t got;
    do
        got = recv(connection->outer.socket, waste, sizeof waste, MSG_DONTWAIT);
    while (got > 0);
    if (got == 0 || errno != EAGAIN)
        connection_close(connection);
}

/* ---- open ---- */

static void open_begin(struct connection *connection)
{
    connection->state = CONNECTION_OPEN;
    if (!flows_open(connection)) {
        connection_close(connection);
        return;
    }
    connection_until(connection, 0);
    flows_move(connection);
}

/* A client is sure of its server only now: the server may have refused our certificate until it says something. */
static void open_go_on(struct connection *connection)
{
    bool heard = connection->heard;
    flows_move(connection);
    if (!heard && connection->heard && !connection->tunnel->server)
        fault_set(connection->tunnel, NULL);
}

/* ---- joining: a server's connection to nng ---- */

static uint16_t own_port(int socket)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    return getsockname(socket, (struct sockaddr *)&own, &size) == 0 ? address_port(&own) : 0;
}

static void join(struct connection *connection)
{
    struct tunnel *tunnel = connection->tunnel;
    struct sockaddr_in nng = {
        .sin_family = AF_INET, .sin_port = htons(tunnel->inner_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int inner = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connection->state = CONNECTION_JOINING;
    connection->inner.socket = inner;
    if (inner < 0 || (connect(inner, (struct sockaddr *)&nng, sizeof nng) != 0 && errno != EINPROGRESS)) {
        connection_close(connection);
        return;
    }
    socket_prepare(inner);
    pthread_mutex_lock(&tunnel->lock);
    connection->inner_port = own_port(inner);
    connection->checked = tls_session_checked(connection->session);
    pthread_mutex_unlock(&tunnel->lock);
    side_watch(tunnel, &connection->outer, 0);
    side_watch(tunnel, &connection->inner, EPOLLOUT);
}

static int socket_error(int socket)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

static void joined(struct connection *connection)
{
    if (socket_error(connection->inner.socket) != 0)
        connection_close(connection);
    else
        open_begin(connection);
}

/* ---- shaking hands ---- */

static void shake_on(struct connection *connection)
{
    enum tls_progress progress = tls_session_shake(connection->session);
    switch (progress) {
    case TLS_WANTS_READ:
        side_watch(connection->tunnel, &connection->outer, EPOLLIN);
        return;
    case TLS_WANTS_WRITE:
        side_watch(connection->tunnel, &connection->outer, EPOLLOUT);
        return;
    case TLS_CLOSED:
    case TLS_FAILED:
        connection_refuse(connection, tls_session_fault(connection->session));
        return;
    case TLS_DONE:
        break;
    }
    if (connection->tunnel->server)
        join(connection);
    else
        open_begin(connection);
}

void connection_shake(struct connection *connection)
{
    struct tunnel *tunnel = connection->tunnel;
    connection->state = CONNECTION_SHAKING;
    if (tls_session_new(
            &connection->session, tunnel->tls, connection->outer.socket, tunnel->server ? NULL : tunnel->host) !=
        error_none) {
        connection_close(connection);
        return;
    }
    shake_on(connection);
}

/* ---- reaching: a client's connection to its server ---- */

/* Tries the next address of the server; the last failure, an errno, is told when there is none. */
static void reach_next(struct connection *connection, int failure)
{
    char why[128];
    struct tunnel *tunnel = connection->tunnel;
    while (connection->untried != NULL) {
        const struct addrinfo *address = connection->untried;
        connection->untried = address->ai_next;
        side_close(&connection->outer);
        connection->outer.socket = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connection_until(connection, tunnel_now_ms() + REACH_MS);
        if (connection->outer.socket >= 0 &&
            (connect(connection->outer.socket, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS)) {
            socket_prepare(connection->outer.socket);
            side_watch(tunnel, &connection->outer, EPOLLOUT);
            return;
        }
        failure = errno;
    }
    snprintf(why, sizeof why, "cannot be reached: %s", strerror(failure));
    connection_refuse(connection, why);
}

static void reached(struct connection *connection)
{
    int failure = socket_error(connection->outer.socket);
    if (failure != 0)
        reach_next(connection, failure);
    else {
        connection_until(connection, tunnel_now_ms() + SHAKE_MS);
        connection_shake(connection);
    }
}

/* The name is looked up each time, as addresses change; that holds up this connection alone, its thread has no other.
 */
void connection_reach(struct connection *connection)
{
    char why[160];
    struct tunnel *tunnel = connection->tunnel;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    int fault = getaddrinfo(tunnel->host, tunnel->port, &hints, &connection->found);
    connection->state = CONNECTION_REACHING;
    if (fault != 0) {
        connection->found = NULL;
        snprintf(why, sizeof why, "is not found: %s", gai_strerror(fault));
        connection_refuse(connection, why);
        return;
    }
    connection->untried = connection->found;
    side_watch(tunnel, &connection->inner, EPOLLRDHUP); /* nng has lost patience */
    reach_next(connection, 0);
}

/* ---- events ---- */

void connection_event(struct side *side)
{
    struct connection *connection = side->connection;
    bool inner = side == &connection->inner;
    switch (connection->state) {
    case CONNECTION_REACHING:
        inner ? connection_close(connection) : reached(connection);
        return;
    case CONNECTION_SHAKING:
        inner ? connection_close(connection) : shake_on(connection);
        return;
    case CONNECTION_JOINING:
        joined(connection);
        return;
    case CONNECTION_OPEN:
        open_go_on(connection);
        return;
    case CONNECTION_ENDING:
        ending_drain(connection);
        return;
    case CONNECTION_CLOSED:
        return;
    }
}

void connection_late(struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_REACHING:
        reach_next(connection, ETIMEDOUT);
        return;
    case CONNECTION_SHAKING:
        connection_refuse(connection, "did not finish the TLS handshake in time");
        return;
    default:
        connection_close(connection);
    }
}
