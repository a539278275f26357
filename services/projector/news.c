/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See news.h. */
#include "services/projector/news.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "proto/tunnel.h"

struct news {
    nng_socket socket;
    nng_aio *aio;
    struct tunnel *tunnel; /* NULL: no TLS */
    struct inbox *inbox;
    /* Set by nng's thread, cleared by ours; it orders nothing: who sees an old value wakes, or looks, once too often.
     */
    _Atomic bool told;
};

static void message_take(void *context)
{
    struct news *news = context;
    if (nng_aio_result(news->aio) != 0)
        return; /* closed */
    nng_msg_free(nng_aio_get_msg(news->aio));
    if (!atomic_exchange_explicit(&news->told, true, memory_order_relaxed))
        inbox_wake(news->inbox);
    nng_recv_aio(news->socket, news->aio);
}

static bool dial(struct news *news, const char *url, struct tls *tls)
{
    if (nng_socket_set(news->socket, NNG_OPT_SUB_SUBSCRIBE, "h", 1) != 0)
        return false;
    if (tls_url(url)) {
        if (tls == NULL || tunnel_dial(&news->tunnel, url, tls) != error_none)
            return false;
        url = tunnel_url(news->tunnel);
    }
    return nng_dial(news->socket, url, NULL, NNG_FLAG_NONBLOCK) == 0;
}

enum error news_open(struct news **out, const char *url, struct tls *tls, struct inbox *inbox)
{
    struct news *news = calloc(1, sizeof *news);
    if (news == NULL || nng_sub0_open(&news->socket) != 0) {
        free(news);
        return error_no_memory;
    }
    news->inbox = inbox;
    if (nng_aio_alloc(&news->aio, message_take, news) != 0 || !dial(news, url, tls)) {
        news_close(&news);
        return error_bad_address;
    }
    nng_recv_aio(news->socket, news->aio);
    *out = news;
    return error_none;
}

void news_heard(struct news *news)
{
    if (news != NULL)
        atomic_store_explicit(&news->told, false, memory_order_relaxed);
}

void news_close(struct news **news)
{
    struct news *old = *news;
    if (old == NULL)
        return;
    tunnel_shut(old->tunnel);
    if (old->aio != NULL)
        nng_aio_stop(old->aio);
    nng_close(old->socket);
    nng_aio_free(old->aio);
    tunnel_close(&old->tunnel);
    free(old);
    *news = NULL;
}
