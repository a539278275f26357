/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Passing PostgreSQL's messages on, or not. */
#include "tests/lib/postgres_proxy.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS_MAX = 32, BYTES = 65536 };

/* Where one direction's stream stands: in a head of a message, or so many bytes before the end of one. */
struct side {
    uint8_t head[5];
    unsigned head_size, head_wanted;
    uint32_t left;
};

struct pair {
    int client, server; /* -1: free */
    struct side from_client, from_server;
    bool copied; /* the end of a COPY was passed on and its answer is to be held back */
};

struct proxy {
    int listener, wake[2];
    uint16_t port, server_port;
    _Atomic int cut; /* set by the test, taken by the thread: a lone number */
    pthread_t thread;
    struct pair pairs[PAIRS_MAX];
};

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void pair_close(struct pair *pair)
{
    close(pair->client);
    close(pair->server);
    *pair = (struct pair){.client = -1, .server = -1};
}

static void pair_open(struct proxy *proxy)
{
    struct sockaddr_in address = loopback(proxy->server_port);
    int client = accept(proxy->listener, NULL, NULL);
    for (int i = 0; i < PAIRS_MAX; i++) {
        struct pair *pair = &proxy->pairs[i];
        if (pair->client >= 0)
            continue;
        *pair = (struct pair){.client = client,
                              .server = socket(AF_INET, SOCK_STREAM, 0),
                              .from_client = {.head_wanted = 4}, /* the first message has no type */
                              .from_server = {.head_wanted = 5}};
        if (connect(pair->server, (struct sockaddr *)&address, sizeof address) != 0)
            pair_close(pair);
        return;
    }
    close(client);
}

/* Steps over the bytes of one message's head or body. Returns how many those are; *type is the message's when its head
 * is whole with them, otherwise 0. */
static size_t message_step(struct side *side, const uint8_t *bytes, size_t size, uint8_t *type)
{
    *type = 0;
    if (side->left > 0) {
        size_t step = size < side->left ? size : side->left;
        side->left -= (uint32_t)step;
        return step;
    }
    side->head[side->head_size++] = bytes[0];
    if (side->head_size == side->head_wanted) {
        uint32_t length;
        memcpy(&length, side->head + side->head_wanted - 4, sizeof length);
        side->left = ntohl(length) - 4;
        *type = side->head_wanted == 5 ? side->head[0] : '!';
        side->head_size = 0;
        side->head_wanted = 5;
    }
    return 1;
}

static bool pass(int to, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(to, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* Does the cut fall on this message of the client's? */
static bool cut_falls(struct proxy *proxy, struct pair *pair, uint8_t type)
{
    int cut = atomic_load(&proxy->cut);
    if (type == 'c' && cut == PROXY_CUT_ANSWERED) {
        pair->copied = true;
        return false;
    }
    return (type == 'd' && cut == PROXY_CUT_ROWS) ||
           (type == 'c' && (cut == PROXY_CUT_END || cut == PROXY_CUT_AT_ONCE));
}

/* Up to where the client's bytes may go; *cut says that the connection ends there. */
static size_t client_look(struct proxy *proxy, struct pair *pair, const uint8_t *bytes, size_t size, bool *cut)
{
    size_t at = 0;
    while (at < size) {
        uint8_t type;
        size_t before = at;
        at += message_step(&pair->from_client, bytes + at, size - at, &type);
        if (cut_falls(proxy, pair, type)) {
            *cut = true;
            bool whole = atomic_exchange(&proxy->cut, PROXY_PASS) == PROXY_CUT_AT_ONCE;
            return whole ? at : before;
        }
    }
    return size;
}

/* The server is ready for more ('Z'): it has answered all. */
static bool server_answered(struct pair *pair, const uint8_t *bytes, size_t size)
{
    bool answered = false;
    for (size_t at = 0; at < size;) {
        uint8_t type;
        at += message_step(&pair->from_server, bytes + at, size - at, &type);
        answered = answered || type == 'Z';
    }
    return answered;
}

static bool client_pass(struct proxy *proxy, struct pair *pair)
{
    uint8_t bytes[BYTES];
    bool cut = false;
    ssize_t size = recv(pair->client, bytes, sizeof bytes, 0);
    if (size <= 0)
        return false;
    size_t pass_size = client_look(proxy, pair, bytes, (size_t)size, &cut);
    return pass(pair->server, bytes, pass_size) && !cut;
}

static bool server_pass(struct proxy *proxy, struct pair *pair)
{
    uint8_t bytes[BYTES];
    ssize_t size = recv(pair->server, bytes, sizeof bytes, 0);
    if (size <= 0)
        return false;
    bool answered = server_answered(pair, bytes, (size_t)size);
    if (!pair->copied)
        return pass(pair->client, bytes, (size_t)size);
    if (answered)
        atomic_store(&proxy->cut, PROXY_PASS);
    return !answered;
}

static void pair_serve(struct proxy *proxy, struct pair *pair, short client, short server)
{
    bool going = (client == 0 || client_pass(proxy, pair)) && (server == 0 || server_pass(proxy, pair));
    if (!going)
        pair_close(pair);
}

static void *proxy_run(void *argument)
{
    struct proxy *proxy = argument;
    struct pollfd files[2 + 2 * PAIRS_MAX];
    do {
        files[0] = (struct pollfd){.fd = proxy->wake[0], .events = POLLIN};
        files[1] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
        for (int i = 0; i < PAIRS_MAX; i++) {
            files[2 + 2 * i] = (struct pollfd){.fd = proxy->pairs[i].client, .events = POLLIN};
            files[3 + 2 * i] = (struct pollfd){.fd = proxy->pairs[i].server, .events = POLLIN};
        }
        if (poll(files, 2 + 2 * PAIRS_MAX, -1) < 0)
            continue;
        for (int i = 0; i < PAIRS_MAX; i++)
            if (proxy->pairs[i].client >= 0)
                pair_serve(proxy, &proxy->pairs[i], files[2 + 2 * i].revents, files[3 + 2 * i].revents);
        if (files[1].revents != 0)
            pair_open(proxy);
    } while (files[0].revents == 0);
    return NULL;
}

struct proxy *proxy_new(uint16_t server_port)
{
    struct proxy *proxy = calloc(1, sizeof *proxy);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    assert(proxy != NULL);
    proxy->server_port = server_port;
    for (int i = 0; i < PAIRS_MAX; i++)
        proxy->pairs[i] = (struct pair){.client = -1, .server = -1};
    proxy->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert(bind(proxy->listener, (struct sockaddr *)&address, size) == 0 && listen(proxy->listener, PAIRS_MAX) == 0);
    assert(getsockname(proxy->listener, (struct sockaddr *)&address, &size) == 0 && pipe(proxy->wake) == 0);
    proxy->port = ntohs(address.sin_port);
    assert(pthread_create(&proxy->thread, NULL, proxy_run, proxy) == 0);
    return proxy;
}

uint16_t proxy_port(const struct proxy *proxy)
{
    return proxy->port;
}

void proxy_cut(struct proxy *proxy, enum proxy_cut cut)
{
    atomic_store(&proxy->cut, (int)cut);
}

void proxy_free(struct proxy **place)
{
    struct proxy *proxy = *place;
    assert(write(proxy->wake[1], "", 1) == 1);
    pthread_join(proxy->thread, NULL);
    for (int i = 0; i < PAIRS_MAX; i++)
        if (proxy->pairs[i].client >= 0)
            pair_close(&proxy->pairs[i]);
    close(proxy->listener);
    close(proxy->wake[0]);
    close(proxy->wake[1]);
    free(proxy);
    *place = NULL;
}
