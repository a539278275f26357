/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Hearing the event bus: see link_news.h. One socket for all brokers, one message in the hand at a time. */
#include "proto/link_news.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/supplemental/util/platform.h>
#include <stdlib.h>
#include <string.h>

#include "proto/envelope.h"
#include "proto/tunnel.h"

#define URLS_MAX 32
#define RECONNECT_MS 50
#define RECONNECT_MAX_MS 1000

struct link_news {
    nng_socket socket;
    nng_aio *receive;
    struct tunnel *tunnels[URLS_MAX];
    uint32_t tunnel_count;
    link_news_heard heard;
    void *context;
};

static void on_message(void *context)
{
    struct link_news *news = context;
    if (nng_aio_result(news->receive) != 0)
        return; /* closed */
    nng_msg *message = nng_aio_get_msg(news->receive);
    struct event_frame frame;
    if (event_frame_decode(slice_of(nng_msg_body(message), nng_msg_len(message)), &frame) == error_none &&
        frame.heads.size > 0)
        news->heard(news->context, frame.heads);
    nng_msg_free(message);
    nng_recv_aio(news->socket, news->receive);
}

static enum error news_dial(struct link_news *news, const char *url, struct tls *tls)
{
    if (tls_url(url)) {
        if (tls == NULL)
            return error_bad_settings;
        if (news->tunnel_count == URLS_MAX)
            return error_full;
        enum error error = tunnel_dial(&news->tunnels[news->tunnel_count], url, tls);
        if (error != error_none)
            return error;
        url = tunnel_url(news->tunnels[news->tunnel_count++]);
    }
    return nng_dial(news->socket, url, NULL, NNG_FLAG_NONBLOCK) == 0 ? error_none : error_bad_address;
}

static enum error news_dial_all(struct link_news *news, const char *urls, struct tls *tls)
{
    char *copy = strdup(urls), *rest = copy, *url;
    enum error error = copy == NULL ? error_no_memory : error_none;
    while (error == error_none && (url = strsep(&rest, ",")) != NULL)
        if (*url != 0)
            error = news_dial(news, url, tls);
    free(copy);
    return error;
}

static enum error news_listen(struct link_news *news)
{
    char topic = EVENT_TOPIC_HEADS;
    if (nng_socket_set(news->socket, NNG_OPT_SUB_SUBSCRIBE, &topic, 1) != 0 ||
        nng_socket_set_size(news->socket, NNG_OPT_RECVMAXSZ, limit_frame_bytes) != 0 ||
        nng_socket_set_ms(news->socket, NNG_OPT_RECONNMINT, RECONNECT_MS) != 0 ||
        nng_socket_set_ms(news->socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS) != 0 ||
        nng_aio_alloc(&news->receive, on_message, news) != 0)
        return error_no_memory;
    return error_none;
}

enum error
link_news_open(struct link_news **out, const char *urls, struct tls *tls, link_news_heard heard, void *context)
{
    struct link_news *news = calloc(1, sizeof *news);
    if (news == NULL || nng_sub0_open(&news->socket) != 0) {
        free(news);
        return error_no_memory;
    }
    news->heard = heard;
    news->context = context;
    enum error error = news_listen(news);
    if (error == error_none)
        error = news_dial_all(news, urls, tls);
    if (error != error_none) {
        link_news_close(&news);
        return error;
    }
    nng_recv_aio(news->socket, news->receive);
    *out = news;
    return error_none;
}

void link_news_close(struct link_news **news)
{
    if (*news == NULL)
        return;
    for (uint32_t i = 0; i < (*news)->tunnel_count; i++)
        tunnel_shut((*news)->tunnels[i]);
    nng_close((*news)->socket);
    if ((*news)->receive != NULL) {
        nng_aio_stop((*news)->receive);
        nng_aio_free((*news)->receive);
    }
    for (uint32_t i = 0; i < (*news)->tunnel_count; i++)
        tunnel_close(&(*news)->tunnels[i]);
    free(*news);
    *news = NULL;
}
