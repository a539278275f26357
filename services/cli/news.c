/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See news.h. */
#include "services/cli/news.h"

#include "proto/tunnel.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <poll.h>
#include <stdlib.h>

#define TAKEN_MAX 1000

struct news {
    nng_socket socket;
    struct tunnel *tunnel; /* NULL: no TLS */
};

static bool subscribe(struct news *news, const char *url, struct tls *tls)
{
    if (nng_socket_set(news->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0) != 0) {
        return false;
    }
    if (tls_url(url)) {
        if (tls == NULL || tunnel_dial(&news->tunnel, url, tls) != error_none) {
            return false;
        }
        url = tunnel_url(news->tunnel);
    }
    return nng_dial(news->socket, url, NULL, NNG_FLAG_NONBLOCK) == 0;
}

void news_open(struct news **out, const char *url, struct tls *tls)
{
    struct news *news = calloc(1, sizeof *news);

    if (news == NULL || nng_sub0_open(&news->socket) != 0) {
        free(news);
        return;
    }
    if (!subscribe(news, url, tls)) {
        news_close(&news);
        return;
    }
    *out = news;
}

void news_wait(struct news *news, int timeout_ms)
{
    nng_msg *message;

    if (news == NULL || nng_socket_set_ms(news->socket, NNG_OPT_RECVTIMEO, timeout_ms) != 0) {
        poll(NULL, 0, timeout_ms);
        return;
    }
    /* What has come until now is one reason to look; what comes meanwhile is the next one. */
    for (int taken = 0; taken < TAKEN_MAX; taken++) {
        if (nng_recvmsg(news->socket, &message, taken == 0 ? 0 : NNG_FLAG_NONBLOCK) != 0) {
            return;
        }
        nng_msg_free(message);
    }
}

void news_close(struct news **news)
{
    if (*news == NULL) {
        return;
    }
    tunnel_shut((*news)->tunnel);
    nng_close((*news)->socket);
    tunnel_close(&(*news)->tunnel);
    free(*news);
    *news = NULL;
}
