/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See listening.h. */
#include "broker/listening.h"

#include "services/common/log.h"

#include <arpa/inet.h>
#include <nng/transport/tcp/tcp.h>
#include <stdio.h>
#include <string.h>

static enum error error_of(int result)
{
    switch (result) {
    case 0:
        return error_none;
    case NNG_EADDRINUSE:
        return error_address_in_use;
    case NNG_ENOMEM:
        return error_no_memory;
    default:
        return error_bad_address;
    }
}

static void peer_refused(void *context, const char *peer, const char *why, uint64_t unsaid)
{
    LOG(warning,
        "peer refused by TLS",
        LOG_TEXT("address", (const char *)context),
        LOG_TEXT("peer", peer),
        LOG_TEXT("reason", why),
        LOG_INTEGER("unsaid", unsaid));
}

/* ---- opening ---- */

/* Listens; *port is the one that was chosen, 0 for addresses without. */
static enum error listen_at(nng_socket socket, const char *url, uint16_t *port)
{
    nng_listener listener;
    nng_sockaddr address;
    *port = 0;
    int result = nng_listener_create(&listener, socket, url);
    if (result == 0 && strncmp(url, "tcp", 3) == 0)
        nng_listener_set_bool(listener, NNG_OPT_TCP_NODELAY, true);
    if (result == 0)
        result = nng_listener_start(listener, 0);
    if (result == 0 && nng_listener_get_addr(listener, NNG_OPT_LOCADDR, &address) == 0 &&
        (address.s_family == NNG_AF_INET || address.s_family == NNG_AF_INET6))
        *port = ntohs(address.s_family == NNG_AF_INET6 ? address.s_in6.sa_port : address.s_in.sa_port);
    return error_of(result);
}

static enum error listen_plain(struct listening *out, nng_socket socket, const char *url)
{
    uint16_t port;
    enum error error = listen_at(socket, url, &port);
    if (error != error_none)
        return error;
    snprintf(out->url, sizeof out->url, "%s", url);
    char *colon = strrchr(out->url, ':');
    if (strcmp(colon, ":0") == 0 && port != 0)
        snprintf(colon, (size_t)(out->url + sizeof out->url - colon), ":%u", port);
    return error_none;
}

/* The tunnel is there before nng listens: nobody who comes past it may be taken for a plain connection. */
static enum error listen_behind(struct listening *out, nng_socket socket, const struct tunnel_config *config)
{
    uint16_t port;
    enum error error = tunnel_listen(&out->tunnel, config);
    if (error == error_none)
        error = listen_at(socket, "tcp://127.0.0.1:0", &port);
    if (error == error_none)
        error = tunnel_serve(out->tunnel, port);
    if (error == error_none)
        snprintf(out->url, sizeof out->url, "%s", tunnel_url(out->tunnel));
    return error;
}

enum error listening_open(
    struct listening *out, nng_socket socket, const char *url, struct tls *tls, const struct broker_settings *settings)
{
    struct tunnel_config config = {.url = url,
                                   .tls = tls,
                                   .connections = (uint32_t)settings->connections,
                                   .connections_per_address = (uint32_t)settings->connections_per_address,
                                   .refused = peer_refused,
                                   .context = (void *)url};
    pthread_mutex_init(&out->mutex, NULL);
    out->all_trusted = tls == NULL || !tls_asks(tls);
    if (!tls_url(url))
        return listen_plain(out, socket, url);
    return tls == NULL ? error_bad_address : listen_behind(out, socket, &config);
}

void listening_close(struct listening *listening)
{
    pthread_mutex_lock(&listening->mutex);
    struct tunnel *tunnel = listening->tunnel;
    listening->tunnel = NULL;
    listening->closed = true;
    pthread_mutex_unlock(&listening->mutex);
    tunnel_close(&tunnel);
}

/* ---- who is there ---- */

static bool address_of(nng_pipe pipe, struct sockaddr_storage *out)
{
    nng_sockaddr address;
    memset(out, 0, sizeof *out);
    if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address) != 0)
        return false;
    if (address.s_family == NNG_AF_INET) {
        struct sockaddr_in *peer = (struct sockaddr_in *)out;
        peer->sin_family = AF_INET;
        peer->sin_addr.s_addr = address.s_in.sa_addr;
        peer->sin_port = address.s_in.sa_port;
    } else if (address.s_family == NNG_AF_INET6) {
        struct sockaddr_in6 *peer = (struct sockaddr_in6 *)out;
        peer->sin6_family = AF_INET6;
        memcpy(&peer->sin6_addr, address.s_in6.sa_addr, sizeof peer->sin6_addr);
        peer->sin6_port = address.s_in6.sa_port;
    }
    return true;
}

static bool tunnel_knows(const struct listening *listening, struct sockaddr_storage *peer, bool *trusted)
{
    bool checked = false;
    if (peer->ss_family != AF_INET ||
        !tunnel_peer(listening->tunnel, ntohs(((struct sockaddr_in *)peer)->sin_port), peer, &checked))
        return false;
    *trusted = listening->all_trusted || checked;
    return true;
}

bool listening_peer(struct listening *listening, nng_pipe pipe, struct sockaddr_storage *peer, bool *trusted)
{
    bool known = address_of(pipe, peer), welcome = true;
    *trusted = true;
    pthread_mutex_lock(&listening->mutex);
    if (listening->closed)
        welcome = false;
    else if (listening->tunnel != NULL)
        welcome = known && tunnel_knows(listening, peer, trusted);
    pthread_mutex_unlock(&listening->mutex);
    return welcome;
}

uint64_t listening_refusals(struct listening *listening)
{
    pthread_mutex_lock(&listening->mutex);
    uint64_t refusals = listening->tunnel == NULL ? 0 : tunnel_refusals(listening->tunnel);
    pthread_mutex_unlock(&listening->mutex);
    return refusals;
}
