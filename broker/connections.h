/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The connections of a listener: who is there, from which address, and when each last brought a whole frame.
 * Thread-safe: nng's threads add and remove, the main loop sweeps. */
#ifndef BROKER_CONNECTIONS_H
#define BROKER_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct connections;

struct connections *connections_new(uint32_t max, uint32_t max_per_address);
void connections_free(struct connections **connections);
/* False: no room, or too many from that address; the caller refuses the connection. */
bool connections_add(struct connections *connections,
                     uint32_t id,
                     const struct sockaddr_storage *peer,
                     uint64_t now_us);
void connections_remove(struct connections *connections, uint32_t id);
void connections_touch(struct connections *connections, uint32_t id, uint64_t now_us);
bool connections_peer(struct connections *connections, uint32_t id, struct sockaddr_storage *peer);
/* The peers of at most max connections that brought nothing since before_us; each is told once in a while. */
uint32_t
connections_idle(struct connections *connections, uint64_t before_us, struct sockaddr_storage *peers, uint32_t max);
uint32_t connections_count(struct connections *connections);

#endif
