/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who connects to the tunnel's listener: on a server peers, within the bounds; on a client our own nng alone. */
#include "proto/link_cut.h"
#include "proto/tunnel_state.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ACCEPTS_MAX = 64, PAUSE_MS = 100 };

static bool same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr, &((const struct sockaddr_in6 *)b)->sin6_addr, 16) ==
               0;
    return memcmp(&((const struct sockaddr_in *)a)->sin_addr, &((const struct sockaddr_in *)b)->sin_addr, 4) == 0;
}

static uint32_t count_from(const struct tunnel *tunnel, const struct sockaddr_storage *peer)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < tunnel->max; i++)
        count += tunnel->items[i] != NULL && same_host(&tunnel->items[i]->peer, peer);
    return count;
}

/* Another user's program may connect to our loopback port; only a socket of this process is nng's. */
static bool is_welcome(const struct tunnel *tunnel, int accepted, const struct sockaddr_storage *peer)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    if (tunnel->shut)
        return false;
    if (tunnel->server)
        return count_from(tunnel, peer) < tunnel->max_per_address;
    return getsockname(accepted, (struct sockaddr *)&own, &size) == 0 && socket_is_ours(peer, &own);
}

static void take(struct tunnel *tunnel, int accepted, const struct sockaddr_storage *peer)
{
    struct passage *passage = is_welcome(tunnel, accepted, peer) ? passage_new(tunnel, peer) : NULL;
    if (passage == NULL) {
        close(accepted);
        return;
    }
    socket_prepare(accepted);
    if (tunnel->server) {
        passage->outer.socket = accepted;
        passage_shake(passage);
    } else {
        passage->inner.socket = accepted;
        passage_wait(passage);
    }
}

/* Out of descriptors or memory: the listener stays readable, so it is left alone for a moment. */
static void accept_pause(struct tunnel *tunnel)
{
    epoll_ctl(tunnel->epoll, EPOLL_CTL_DEL, tunnel->listener, NULL);
    tunnel->listening = false;
    tunnel->listen_at_ms = tunnel_now_ms() + PAUSE_MS;
}

void tunnel_accept(struct tunnel *tunnel)
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t size = sizeof peer;
        int accepted = accept4(tunnel->listener, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0)
            take(tunnel, accepted, &peer);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            accept_pause(tunnel);
        if (accepted < 0 && errno != ECONNABORTED && errno != EINTR)
            return;
    }
}
