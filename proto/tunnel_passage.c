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

enum { TELL_MS = 1000, TELL_MAX = 10, PAUSE_MIN_MS = 20, PAUSE_MAX_MS = 1000 };

/* ---- the table ---- */

static bool item_put(struct tunnel *tunnel, struct passage *passage)
{
    bool put = false;
    pthread_mutex_lock(&tunnel->lock);
    for (uint32_t i = 0; i < tunnel->max && tunnel->count < tunnel->max && !put; i++) {
        put = tunnel->items[i] == NULL;
        if (put) {
            tunnel->items[i] = passage;
            tunnel->count++;
        }
    }
    pthread_mutex_unlock(&tunnel->lock);
    return put;
}

static void item_remove(struct tunnel *tunnel, const struct passage *passage)
{
    pthread_mutex_lock(&tunnel->lock);
    for (uint32_t i = 0; i < tunnel->max; i++) {
        if (tunnel->items[i] == passage) {
            tunnel->items[i] = NULL;
            tunnel->count--;
        }
    }
    pthread_mutex_unlock(&tunnel->lock);
}

void passage_until(struct passage *passage, int64_t until_ms)
{
    passage->tunnel->timed += (until_ms != 0) - (passage->until_ms != 0);
    passage->until_ms = until_ms;
}

struct passage *passage_new(struct tunnel *tunnel, const struct sockaddr_storage *peer)
{
    struct passage *passage = calloc(1, sizeof *passage);
    if (passage == NULL)
        return NULL;
    passage->tunnel = tunnel;
    passage->peer = *peer;
    passage->outer = passage->inner = (struct side){.passage = passage, .socket = -1};
    if (!item_put(tunnel, passage)) {
        free(passage);
        return NULL;
    }
    passage_until(passage, tunnel_now_ms() + SHAKE_MS);
    return passage;
}

static void side_close(struct side *side)
{
    if (side->socket >= 0)
        close(side->socket); /* epoll forgets it */
    side->socket = -1;
    side->events = 0;
}

void passage_close(struct passage *passage)
{
    struct tunnel *tunnel = passage->tunnel;
    if (passage->state == PASSAGE_CLOSED)
        return;
    passage->state = PASSAGE_CLOSED;
    passage_until(passage, 0);
    item_remove(tunnel, passage);
    tls_session_free(&passage->session);
    side_close(&passage->outer);
    side_close(&passage->inner);
    flows_free(passage);
    if (passage->found != NULL)
        freeaddrinfo(passage->found);
    passage->next = tunnel->closed;
    tunnel->closed = passage;
}

/* ---- ending ---- */

void passage_end(struct passage *passage)
{
    passage->state = PASSAGE_ENDING;
    passage_until(passage, tunnel_now_ms() + END_MS);
    side_close(&passage->inner);
    flows_free(passage);
    tls_session_end(passage->session);
    shutdown(passage->outer.socket, SHUT_WR);
    side_watch(passage->tunnel, &passage->outer, EPOLLIN);
}

/* Another reason than the last, or the first in a second; ten in a second at most. */
static bool is_news(struct tunnel *tunnel, const char *why)
{
    int64_t now_ms = tunnel_now_ms();
    if (now_ms >= tunnel->told_ms + TELL_MS) {
        tunnel->told_ms = now_ms;
        tunnel->told = 0;
    }
    if (tunnel->told == TELL_MAX || (tunnel->told > 0 && strcmp(tunnel->fault, why) == 0))
        return false;
    tunnel->told++;
    snprintf(tunnel->fault, sizeof tunnel->fault, "%s", why);
    return true;
}

static void tell_server(struct tunnel *tunnel, const struct passage *passage, const char *why)
{
    char peer[64];
    tunnel->refusals++;
    if (tunnel->refused == NULL)
        return;
    if (!is_news(tunnel, why)) {
        tunnel->unsaid++;
        return;
    }
    address_print(&passage->peer, peer);
    tunnel->refused(tunnel->context, peer, why, tunnel->unsaid);
    tunnel->unsaid = 0;
}

/* Also says when the next attempt may begin: nng tries again at once half of the time, and a handshake costs the server
 * a millisecond. */
static void fault_set(struct tunnel *tunnel, const char *why)
{
    int64_t pause_ms = tunnel->pause_ms == 0 ? PAUSE_MIN_MS : 2 * tunnel->pause_ms;
    tunnel->pause_ms = why == NULL ? 0 : pause_ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause_ms;
    tunnel->reach_at_ms = tunnel_now_ms() + tunnel->pause_ms;
    pthread_mutex_lock(&tunnel->lock);
    tunnel->fault[0] = '\0';
    if (why != NULL)
        snprintf(tunnel->fault, sizeof tunnel->fault, "%.300s %.200s", tunnel->outer_url, why);
    pthread_mutex_unlock(&tunnel->lock);
}

void passage_refuse(struct passage *passage, const char *why)
{
    if (passage->tunnel->server)
        tell_server(passage->tunnel, passage, why);
    else
        fault_set(passage->tunnel, why);
    if (passage->session != NULL)
        passage_end(passage);
    else
        passage_close(passage);
}

static void ending_drain(struct passage *passage)
{
    char waste[TLS_RECORD_BYTES];
    ssize_t got;
    do
        got = recv(passage->outer.socket, waste, sizeof waste, MSG_DONTWAIT);
    while (got > 0);
    if (got == 0 || errno != EAGAIN)
        passage_close(passage);
}

/* ---- open ---- */

static void open_begin(struct passage *passage)
{
    passage->state = PASSAGE_OPEN;
    if (!flows_open(passage)) {
        passage_close(passage);
        return;
    }
    passage_until(passage, 0);
    flows_move(passage);
}

/* A client is sure of its server only now: the server may have refused our certificate until it says something. */
static void open_go_on(struct passage *passage)
{
    bool heard = passage->heard;
    flows_move(passage);
    if (!heard && passage->heard && !passage->tunnel->server)
        fault_set(passage->tunnel, NULL);
}

/* ---- joining: a server's connection to nng ---- */

static uint16_t own_port(int socket)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    return getsockname(socket, (struct sockaddr *)&own, &size) == 0 ? address_port(&own) : 0;
}

static void join(struct passage *passage)
{
    struct tunnel *tunnel = passage->tunnel;
    struct sockaddr_in nng = {
        .sin_family = AF_INET, .sin_port = htons(tunnel->inner_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int inner = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    passage->state = PASSAGE_JOINING;
    passage->inner.socket = inner;
    if (inner < 0 || (connect(inner, (struct sockaddr *)&nng, sizeof nng) != 0 && errno != EINPROGRESS)) {
        passage_close(passage);
        return;
    }
    socket_prepare(inner);
    pthread_mutex_lock(&tunnel->lock);
    passage->inner_port = own_port(inner);
    passage->checked = tls_session_checked(passage->session);
    pthread_mutex_unlock(&tunnel->lock);
    side_watch(tunnel, &passage->outer, 0);
    side_watch(tunnel, &passage->inner, EPOLLOUT);
}

static int socket_error(int socket)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

static void joined(struct passage *passage)
{
    if (socket_error(passage->inner.socket) != 0)
        passage_close(passage);
    else
        open_begin(passage);
}

/* ---- shaking hands ---- */

static void shake_on(struct passage *passage)
{
    enum tls_progress progress = tls_session_shake(passage->session);
    switch (progress) {
    case TLS_WANTS_READ:
        side_watch(passage->tunnel, &passage->outer, EPOLLIN);
        return;
    case TLS_WANTS_WRITE:
        side_watch(passage->tunnel, &passage->outer, EPOLLOUT);
        return;
    case TLS_CLOSED:
    case TLS_FAILED:
        passage_refuse(passage, tls_session_fault(passage->session));
        return;
    case TLS_DONE:
        break;
    }
    if (passage->tunnel->server)
        join(passage);
    else
        open_begin(passage);
}

void passage_shake(struct passage *passage)
{
    struct tunnel *tunnel = passage->tunnel;
    passage->state = PASSAGE_SHAKING;
    if (tls_session_new(&passage->session, tunnel->tls, passage->outer.socket, tunnel->server ? NULL : tunnel->host) !=
        error_none) {
        passage_close(passage);
        return;
    }
    shake_on(passage);
}

/* ---- reaching: a client's connection to its server ---- */

/* Tries the next address of the server; the last failure, an errno, is told when there is none. */
static void reach_next(struct passage *passage, int failure)
{
    char why[128];
    struct tunnel *tunnel = passage->tunnel;
    while (passage->untried != NULL) {
        const struct addrinfo *address = passage->untried;
        passage->untried = address->ai_next;
        side_close(&passage->outer);
        passage->outer.socket = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        passage_until(passage, tunnel_now_ms() + REACH_MS);
        if (passage->outer.socket >= 0 &&
            (connect(passage->outer.socket, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS)) {
            socket_prepare(passage->outer.socket);
            side_watch(tunnel, &passage->outer, EPOLLOUT);
            return;
        }
        failure = errno;
    }
    snprintf(why, sizeof why, "cannot be reached: %s", strerror(failure));
    passage_refuse(passage, why);
}

static void reached(struct passage *passage)
{
    int failure = socket_error(passage->outer.socket);
    if (failure != 0)
        reach_next(passage, failure);
    else {
        passage_until(passage, tunnel_now_ms() + SHAKE_MS);
        passage_shake(passage);
    }
}

/* The name is looked up each time, as addresses change; that holds up this connection alone, its thread has no other.
 */
static void reach(struct passage *passage)
{
    char why[160];
    struct tunnel *tunnel = passage->tunnel;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    int fault = getaddrinfo(tunnel->host, tunnel->port, &hints, &passage->found);
    passage->state = PASSAGE_REACHING;
    if (fault != 0) {
        passage->found = NULL;
        snprintf(why, sizeof why, "is not found: %s", gai_strerror(fault));
        passage_refuse(passage, why);
        return;
    }
    passage->untried = passage->found;
    reach_next(passage, 0);
}

void passage_wait(struct passage *passage)
{
    passage->state = PASSAGE_WAITING;
    side_watch(passage->tunnel, &passage->inner, EPOLLRDHUP); /* nng has lost patience */
    if (tunnel_now_ms() >= passage->tunnel->reach_at_ms)
        reach(passage);
    else
        passage_until(passage, passage->tunnel->reach_at_ms);
}

/* ---- events ---- */

void passage_event(struct side *side)
{
    struct passage *passage = side->passage;
    bool inner = side == &passage->inner;
    switch (passage->state) {
    case PASSAGE_WAITING:
        passage_close(passage);
        return;
    case PASSAGE_REACHING:
        inner ? passage_close(passage) : reached(passage);
        return;
    case PASSAGE_SHAKING:
        inner ? passage_close(passage) : shake_on(passage);
        return;
    case PASSAGE_JOINING:
        joined(passage);
        return;
    case PASSAGE_OPEN:
        open_go_on(passage);
        return;
    case PASSAGE_ENDING:
        ending_drain(passage);
        return;
    case PASSAGE_CLOSED:
        return;
    }
}

void passage_late(struct passage *passage)
{
    switch (passage->state) {
    case PASSAGE_WAITING:
        reach(passage);
        return;
    case PASSAGE_REACHING:
        reach_next(passage, ETIMEDOUT);
        return;
    case PASSAGE_SHAKING:
        passage_refuse(passage, "did not finish the TLS handshake in time");
        return;
    default:
        passage_close(passage);
    }
}
