/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See tunnel.h: opening, closing, and the thread's loop. */
#include "proto/tunnel.h"

#include "proto/tunnel_state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 64, SWEEP_MS = 100, DIALS_MAX = 8, FINISH_MS = 200, QUIET_MS = 10 };

int64_t tunnel_now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* ---- epoll ---- */

/* What is watched for nothing would still be told when it breaks, again and again; so it is not registered. */
void side_watch(struct tunnel *tunnel, struct side *side, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = side};
    int operation = events == 0 ? EPOLL_CTL_DEL : side->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (side->socket < 0 || events == side->events)
        return;
    epoll_ctl(tunnel->epoll, operation, side->socket, &event);
    side->events = events;
}

static void special_watch(struct tunnel *tunnel, int descriptor, void *mark)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = mark};
    epoll_ctl(tunnel->epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/* ---- the thread ---- */

static void sweep(struct tunnel *tunnel, int64_t now_ms)
{
    tunnel->swept_ms = now_ms;
    for (uint32_t i = 0; i < tunnel->max && tunnel->timed > 0; i++) {
        struct passage *passage = tunnel->items[i];
        if (passage != NULL && passage->until_ms != 0 && passage->until_ms <= now_ms)
            passage_late(passage);
    }
}

static void closed_free(struct tunnel *tunnel)
{
    while (tunnel->closed != NULL) {
        struct passage *passage = tunnel->closed;
        tunnel->closed = passage->next;
        free(passage);
    }
}

static void listener_resume(struct tunnel *tunnel, int64_t now_ms)
{
    if (tunnel->listening || now_ms < tunnel->listen_at_ms)
        return;
    tunnel->listening = true;
    special_watch(tunnel, tunnel->listener, tunnel);
}

/* False when nothing happened for wait_ms. */
static bool turn(struct tunnel *tunnel, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(tunnel->epoll, events, EVENTS_MAX, wait_ms);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == tunnel)
            tunnel_accept(tunnel);
        else if (events[i].data.ptr != NULL)
            passage_event(events[i].data.ptr);
    }
    int64_t now_ms = tunnel_now_ms();
    if (now_ms >= tunnel->swept_ms + SWEEP_MS)
        sweep(tunnel, now_ms);
    listener_resume(tunnel, now_ms);
    closed_free(tunnel);
    return count > 0;
}

/* What nng gave us last, as it stopped, is still to go out. */
static void finish(struct tunnel *tunnel)
{
    int64_t until_ms = tunnel_now_ms() + FINISH_MS;
    epoll_ctl(tunnel->epoll, EPOLL_CTL_DEL, tunnel->wake, NULL);
    if (tunnel->listening)
        epoll_ctl(tunnel->epoll, EPOLL_CTL_DEL, tunnel->listener, NULL);
    tunnel->listening = true; /* not again */
    while (tunnel->count > 0 && turn(tunnel, QUIET_MS) && tunnel_now_ms() < until_ms)
        continue;
    for (uint32_t i = 0; i < tunnel->max; i++)
        if (tunnel->items[i] != NULL)
            passage_close(tunnel->items[i]);
    closed_free(tunnel);
}

static void *run(void *argument)
{
    struct tunnel *tunnel = argument;
    listener_resume(tunnel, tunnel_now_ms());
    while (!tunnel->stopping)
        turn(tunnel, tunnel->timed > 0 || !tunnel->listening ? SWEEP_MS : -1);
    finish(tunnel);
    return NULL;
}

/* No signal is for this thread; that of a broken pipe, which OpenSSL's writes may cause, least of all. */
enum error tunnel_start(struct tunnel *tunnel)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    tunnel->runs = pthread_create(&tunnel->thread, NULL, run, tunnel) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return tunnel->runs ? error_none : error_no_memory;
}

/* ---- opening and closing ---- */

enum error tunnel_new(struct tunnel **out, struct tls *tls, uint32_t max)
{
    struct tunnel *tunnel = calloc(1, sizeof *tunnel);
    if (tunnel == NULL)
        return error_no_memory;
    pthread_mutex_init(&tunnel->lock, NULL);
    tunnel->tls = tls_hold(tls);
    tunnel->max = max;
    tunnel->max_per_address = max;
    tunnel->items = calloc(max, sizeof(struct passage *));
    tunnel->listener = -1;
    tunnel->epoll = epoll_create1(EPOLL_CLOEXEC);
    tunnel->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (tunnel->items == NULL || tunnel->epoll < 0 || tunnel->wake < 0) {
        tunnel_close(&tunnel);
        return error_no_memory;
    }
    special_watch(tunnel, tunnel->wake, NULL);
    *out = tunnel;
    return error_none;
}

static enum error listener_open(struct tunnel *tunnel, const struct tunnel_config *config)
{
    uint16_t port = 0;
    tunnel->server = true;
    tunnel->max_per_address = config->connections_per_address;
    tunnel->refused = config->refused;
    tunnel->context = config->context;
    enum error error = address_listen(tunnel->host, tunnel->port, &tunnel->listener, &port);
    if (error == error_none)
        snprintf(tunnel->url,
                 sizeof tunnel->url,
                 "%.*s:%u",
                 (int)(strrchr(config->url, ':') - config->url),
                 config->url,
                 port);
    return error;
}

enum error tunnel_listen(struct tunnel **out, const struct tunnel_config *config)
{
    char host[256], port[8];
    struct tunnel *tunnel;
    if (!address_split(config->url, TLS_SCHEME, host, port))
        return error_bad_address;
    enum error error = tunnel_new(&tunnel, config->tls, config->connections);
    if (error != error_none)
        return error;
    memcpy(tunnel->host, host, sizeof host);
    memcpy(tunnel->port, port, sizeof port);
    error = listener_open(tunnel, config);
    if (error != error_none)
        tunnel_close(&tunnel);
    else
        *out = tunnel;
    return error;
}

enum error tunnel_serve(struct tunnel *tunnel, uint16_t port)
{
    tunnel->inner_port = port;
    return tunnel_start(tunnel);
}

enum error tunnel_dial(struct tunnel **out, const char *url, struct tls *tls)
{
    char host[256], port[8];
    uint16_t own = 0;
    struct tunnel *tunnel;
    if (!address_split(url, TLS_SCHEME, host, port) || strcmp(host, "*") == 0 || strtol(port, NULL, 10) == 0)
        return error_bad_address;
    enum error error = tunnel_new(&tunnel, tls, DIALS_MAX);
    if (error != error_none)
        return error;
    memcpy(tunnel->host, host, sizeof host);
    memcpy(tunnel->port, port, sizeof port);
    snprintf(tunnel->outer_url, sizeof tunnel->outer_url, "%s", url);
    error = address_listen("127.0.0.1", "0", &tunnel->listener, &own);
    snprintf(tunnel->url, sizeof tunnel->url, "tcp://127.0.0.1:%u", own);
    if (error == error_none)
        error = tunnel_start(tunnel);
    if (error != error_none)
        tunnel_close(&tunnel);
    else
        *out = tunnel;
    return error;
}

void tunnel_shut(struct tunnel *tunnel)
{
    if (tunnel != NULL)
        tunnel->shut = true;
}

void tunnel_close(struct tunnel **tunnel)
{
    struct tunnel *closing = *tunnel;
    uint64_t one = 1;
    *tunnel = NULL;
    if (closing == NULL)
        return;
    closing->stopping = true;
    if (closing->runs && write(closing->wake, &one, sizeof one) == sizeof one)
        pthread_join(closing->thread, NULL);
    int descriptors[] = {closing->listener, closing->epoll, closing->wake};
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
    tls_release(&closing->tls);
    pthread_mutex_destroy(&closing->lock);
    free(closing->items);
    free(closing);
}

/* ---- what others ask ---- */

const char *tunnel_url(const struct tunnel *tunnel)
{
    return tunnel->url;
}

uint64_t tunnel_refusals(const struct tunnel *tunnel)
{
    return tunnel->refusals;
}

bool tunnel_peer(struct tunnel *tunnel, uint16_t port, struct sockaddr_storage *peer, bool *checked)
{
    bool found = false;
    pthread_mutex_lock(&tunnel->lock);
    for (uint32_t i = 0; i < tunnel->max && port != 0 && !found; i++) {
        const struct passage *passage = tunnel->items[i];
        found = passage != NULL && passage->inner_port == port;
        if (found) {
            *peer = passage->peer;
            *checked = passage->checked;
        }
    }
    pthread_mutex_unlock(&tunnel->lock);
    return found;
}

void tunnel_fault(struct tunnel *tunnel, char out[TLS_FAULT_SIZE])
{
    pthread_mutex_lock(&tunnel->lock);
    memcpy(out, tunnel->fault, TLS_FAULT_SIZE);
    pthread_mutex_unlock(&tunnel->lock);
}
