/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See connections.h: a hash table with linear probing, at most half full, guarded by a mutex. */
#include "broker/connections.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct connection {
    uint32_t id; /* 0: free */
    uint32_t unsent;
    uint64_t unsent_bytes;
    uint64_t sent_us;         /* when it last took a reply, or had none on its way */
    uint64_t seen_us, end_us; /* end_us: since when it is being ended; 0: it is not */
    bool told;                /* by connections_ending */
    bool trusted;
    struct in6_addr address; /* all zero: a socket of this machine, which has none */
};

struct connections {
    pthread_mutex_t mutex;
    struct connection *items;
    uint32_t mask, max, max_per_address, count;
};

struct connections *connections_new(uint32_t max, uint32_t max_per_address)
{
    struct connections *connections = calloc(1, sizeof *connections);
    if (connections == NULL)
        return NULL;
    connections->mask = 1;
    while (connections->mask < 2 * max)
        connections->mask = connections->mask * 2 + 1;
    connections->items = calloc((size_t)connections->mask + 1, sizeof *connections->items);
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

/* ---- the table; with the mutex ---- */

static uint32_t home_of(const struct connections *connections, uint32_t id)
{
    return (id * 2654435769u >> 7) & connections->mask; /* 2^32 / golden ratio: Knuth's multiplicative hash */
}

/* The place of id, or the free place where it would be. */
static uint32_t place_of(const struct connections *connections, uint32_t id)
{
    uint32_t at = home_of(connections, id);
    while (connections->items[at].id != 0 && connections->items[at].id != id)
        at = (at + 1) & connections->mask;
    return at;
}

static struct connection *find(struct connections *connections, uint32_t id)
{
    struct connection *item = &connections->items[place_of(connections, id)];
    return item->id == 0 ? NULL : item;
}

/* Frees a place and moves up those behind it that would not be found across the gap. */
static void place_free(struct connections *connections, uint32_t gap)
{
    struct connection *items = connections->items;
    for (uint32_t at = (gap + 1) & connections->mask; items[at].id != 0; at = (at + 1) & connections->mask) {
        uint32_t home = home_of(connections, items[at].id);
        if (((at - home) & connections->mask) < ((at - gap) & connections->mask))
            continue;
        items[gap] = items[at];
        gap = at;
    }
    items[gap].id = 0;
}

/* ---- addresses ---- */

static struct in6_addr address_of(const struct sockaddr_storage *peer)
{
    struct in6_addr address = {0};
    if (peer->ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)peer)->sin6_addr;
    if (peer->ss_family == AF_INET) { /* as an IPv4 address mapped into IPv6: RFC 4291, section 2.5.5.2 */
        address.s6_addr[10] = address.s6_addr[11] = 0xff;
        memcpy(&address.s6_addr[12], &((const struct sockaddr_in *)peer)->sin_addr, 4);
    }
    return address;
}

static uint32_t count_from(const struct connections *connections, const struct in6_addr *address)
{
    static const struct in6_addr none;
    uint32_t count = 0;
    if (memcmp(address, &none, sizeof none) == 0)
        return 0;
    for (uint32_t i = 0; i <= connections->mask; i++)
        count += connections->items[i].id != 0 && memcmp(&connections->items[i].address, address, sizeof *address) == 0;
    return count;
}

/* ---- what the edge asks ---- */

bool connections_add(struct connections *connections, uint32_t id, const struct sockaddr_storage *peer, uint64_t now_us)
{
    struct in6_addr address = address_of(peer);
    pthread_mutex_lock(&connections->mutex);
    bool room =
        connections->count < connections->max && count_from(connections, &address) < connections->max_per_address;
    struct connection *item = &connections->items[place_of(connections, id)];
    if (room && item->id == 0) {
        *item = (struct connection){.id = id, .seen_us = now_us, .address = address};
        connections->count++;
    }
    pthread_mutex_unlock(&connections->mutex);
    return room;
}

void connections_trust(struct connections *connections, uint32_t id)
{
    pthread_mutex_lock(&connections->mutex);
    struct connection *item = find(connections, id);
    if (item != NULL)
        item->trusted = true;
    pthread_mutex_unlock(&connections->mutex);
}

bool connections_trusted(struct connections *connections, uint32_t id)
{
    pthread_mutex_lock(&connections->mutex);
    const struct connection *item = find(connections, id);
    bool trusted = item != NULL && item->trusted;
    pthread_mutex_unlock(&connections->mutex);
    return trusted;
}

void connections_remove(struct connections *connections, uint32_t id)
{
    pthread_mutex_lock(&connections->mutex);
    uint32_t place = place_of(connections, id);
    if (connections->items[place].id != 0) {
        place_free(connections, place);
        connections->count--;
    }
    pthread_mutex_unlock(&connections->mutex);
}

bool connections_touch(struct connections *connections, uint32_t id, uint64_t now_us)
{
    pthread_mutex_lock(&connections->mutex);
    struct connection *item = find(connections, id);
    bool wanted = item != NULL && item->end_us == 0;
    if (wanted)
        item->seen_us = now_us;
    pthread_mutex_unlock(&connections->mutex);
    return wanted;
}

uint32_t connections_sending(struct connections *connections, uint32_t id, size_t bytes, uint64_t now_us)
{
    pthread_mutex_lock(&connections->mutex);
    struct connection *item = find(connections, id);
    if (item != NULL && item->unsent == 0)
        item->sent_us = now_us;
    if (item != NULL)
        item->unsent_bytes += bytes;
    uint32_t unsent = item == NULL ? 0 : ++item->unsent;
    pthread_mutex_unlock(&connections->mutex);
    return unsent;
}

void connections_sent(struct connections *connections, uint32_t id, size_t bytes, uint64_t now_us)
{
    pthread_mutex_lock(&connections->mutex);
    struct connection *item = find(connections, id);
    if (item != NULL && item->unsent > 0) {
        item->unsent--;
        item->unsent_bytes -= bytes;
        item->sent_us = now_us;
    }
    pthread_mutex_unlock(&connections->mutex);
}

uint64_t connections_unsent(struct connections *connections, uint32_t id)
{
    pthread_mutex_lock(&connections->mutex);
    const struct connection *item = find(connections, id);
    uint64_t bytes = item == NULL ? 0 : item->unsent_bytes;
    pthread_mutex_unlock(&connections->mutex);
    return bytes;
}

uint32_t connections_slowest(struct connections *connections, uint64_t before_us, uint32_t *ending)
{
    uint32_t id = 0, going = 0, most = 0;
    pthread_mutex_lock(&connections->mutex);
    for (uint32_t i = 0; i <= connections->mask; i++) {
        const struct connection *item = &connections->items[i];
        if (item->id == 0)
            continue;
        if (item->end_us != 0) {
            going += item->unsent;
        } else if (item->unsent > most && item->sent_us <= before_us) {
            id = item->id;
            most = item->unsent;
        }
    }
    pthread_mutex_unlock(&connections->mutex);
    *ending = going;
    return id;
}

uint32_t connections_heaviest(struct connections *connections, uint64_t *ending_bytes)
{
    uint32_t id = 0;
    uint64_t most = 0, ending = 0;
    pthread_mutex_lock(&connections->mutex);
    for (uint32_t i = 0; i <= connections->mask; i++) {
        const struct connection *item = &connections->items[i];
        if (item->id == 0)
            continue;
        if (item->end_us != 0) {
            ending += item->unsent_bytes;
        } else if (item->unsent_bytes > most) {
            id = item->id;
            most = item->unsent_bytes;
        }
    }
    pthread_mutex_unlock(&connections->mutex);
    *ending_bytes = ending;
    return id;
}

uint32_t connections_idle(struct connections *connections, uint64_t before_us, uint32_t *ids, uint32_t max)
{
    uint32_t count = 0;
    pthread_mutex_lock(&connections->mutex);
    for (uint32_t i = 0; i <= connections->mask && count < max; i++) {
        struct connection *item = &connections->items[i];
        if (item->id == 0 || item->seen_us >= before_us)
            continue;
        ids[count++] = item->id;
        item->seen_us = before_us; /* not again in the next sweep, while it is on its way out */
    }
    pthread_mutex_unlock(&connections->mutex);
    return count;
}

bool connections_end(struct connections *connections, uint32_t id, uint64_t now_us)
{
    pthread_mutex_lock(&connections->mutex);
    struct connection *item = find(connections, id);
    bool first = item != NULL && item->end_us == 0;
    if (first)
        item->end_us = now_us;
    pthread_mutex_unlock(&connections->mutex);
    return first;
}

static bool is_ending(const struct connection *item, uint64_t before_us)
{
    return item->id != 0 && item->end_us != 0 && item->end_us <= before_us;
}

uint32_t connections_ending(struct connections *connections, uint64_t before_us, uint32_t *ids, uint32_t max)
{
    uint32_t count = 0;
    pthread_mutex_lock(&connections->mutex);
    for (uint32_t i = 0; i <= connections->mask && count < max; i++) {
        struct connection *item = &connections->items[i];
        if (item->told || !is_ending(item, before_us))
            continue;
        ids[count++] = item->id;
        item->told = true;
    }
    pthread_mutex_unlock(&connections->mutex);
    return count;
}

bool connections_stuck(struct connections *connections, uint64_t before_us)
{
    bool stuck = false;
    pthread_mutex_lock(&connections->mutex);
    for (uint32_t i = 0; i <= connections->mask && !stuck; i++)
        stuck = connections->items[i].told && is_ending(&connections->items[i], before_us);
    pthread_mutex_unlock(&connections->mutex);
    return stuck;
}

uint32_t connections_count(struct connections *connections)
{
    pthread_mutex_lock(&connections->mutex);
    uint32_t count = connections->count;
    pthread_mutex_unlock(&connections->mutex);
    return count;
}
