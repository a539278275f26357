/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See connections.h: a small open table of the connections, guarded by a mutex. */
#include "broker/connections.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct connection {
    uint32_t id; /* 0: free */
    uint64_t seen_us;
    struct sockaddr_storage peer;
};

struct connections {
    pthread_mutex_t mutex;
    struct connection *items;
    uint32_t max, max_per_address, count;
};

struct connections *connections_new(uint32_t max, uint32_t max_per_address)
{
    struct connections *connections = calloc(1, sizeof *connections);
    if (connections == NULL)
        return NULL;
    connections->items = calloc(max, sizeof *connections->items);
    if (connections->items == NULL) {
        free(connections);
        return NULL;
    }
    connections->max = max;
    connections->max_per_address = max_per_address;
    pthread_mutex_init(&connections->mutex, NULL);
    return connections;
}

void connections_free(struct connections **connections)
{
    if (*connections == NULL)
        return;
    pthread_mutex_destroy(&(*connections)->mutex);
    free((*connections)->items);
    free(*connections);
    *connections = NULL;
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET)
        return ((const struct sockaddr_in *)a)->sin_addr.s_addr == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
    if (a->ss_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                      &((const struct sockaddr_in6 *)b)->sin6_addr,
                      sizeof(struct in6_addr)) == 0;
    return false; /* sockets of this machine have no address to share */
}

static struct connection *find(struct connections *connections, uint32_t id)
{
    for (uint32_t i = 0; i < connections->max; i++)
        if (connections->items[i].id == id)
            return &connections->items[i];
    return NULL;
}

bool connections_add(struct connections *connections, uint32_t id, const struct sockaddr_storage *peer, uint64_t now_us)
{
    uint32_t from_there = 0;
    pthread_mutex_lock(&connections->mutex);
    for (uint32_t i = 0; i < connections->max; i++)
        from_there += connections->items[i].id != 0 && same_address(&connections->items[i].peer, peer);
    struct connection *item = from_there < connections->max_per_address ? find(connections, 0) : NULL;
    if (item != NULL) {
        *item = (struct connection){.id = id, .seen_us = now_us, .peer = *peer};
        connections->count++;
    }
    pthread_mutex_unlock(&connections->mutex);
    return item != NULL;
}

void connections_remove(struct connections *connections, uint32_t id)
{
    pthread_mutex_lock(&connections->mutex);
    struct connection *item = find(connections, id);
    if (item != NULL) {
        item->id = 0;
        connections->count--;
    }
    pthread_mutex_unlock(&connections->mutex);
}

void connections_touch(struct connections *connections, uint32_t id, uint64_t now_us)
{
    pthread_mutex_lock(&connections->mutex);
    struct connection *item = find(connections, id);
    if (item != NULL)
        item->seen_us = now_us;
    pthread_mutex_unlock(&connections->mutex);
}

bool connections_peer(struct connections *connections, uint32_t id, struct sockaddr_storage *peer)
{
    pthread_mutex_lock(&connections->mutex);
    struct connection *item = find(connections, id);
    if (item != NULL)
        *peer = item->peer;
    pthread_mutex_unlock(&connections->mutex);
    return item != NULL;
}

uint32_t
connections_idle(struct connections *connections, uint64_t before_us, struct sockaddr_storage *peers, uint32_t max)
{
    uint32_t count = 0;
    pthread_mutex_lock(&connections->mutex);
    for (uint32_t i = 0; i < connections->max && count < max; i++) {
        struct connection *item = &connections->items[i];
        if (item->id == 0 || item->seen_us >= before_us)
            continue;
        peers[count++] = item->peer;
        item->seen_us = before_us; /* not again in the next sweep, while it is on its way out */
    }
    pthread_mutex_unlock(&connections->mutex);
    return count;
}

uint32_t connections_count(struct connections *connections)
{
    pthread_mutex_lock(&connections->mutex);
    uint32_t count = connections->count;
    pthread_mutex_unlock(&connections->mutex);
    return count;
}
