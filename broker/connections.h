/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The connections of a listener: who is there, from which address, when each last brought a whole frame, and how many
 * replies it has not taken yet. Thread-safe: nng's threads add and remove, the main loop asks. */
#ifndef BROKER_CONNECTIONS_H
#define BROKER_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct connections;

struct connections *connections_new(uint32_t max, uint32_t max_per_address);
void connections_free(struct connections **connections);
/* id is not 0. False: no room, or too many from that address; the caller refuses the connection. */
bool connections_add(struct connections *connections,
                     uint32_t id,
                     const struct sockaddr_storage *peer,
                     uint64_t now_us);
/* A service may be there; that is asked for later. */
void connections_trust(struct connections *connections, uint32_t id);
bool connections_trusted(struct connections *connections, uint32_t id);
void connections_remove(struct connections *connections, uint32_t id);
/* It brought a whole frame. False: it is not there (any more), or is being ended; the frame is worth nothing. */
bool connections_touch(struct connections *connections, uint32_t id, uint64_t now_us);
/* A reply is on its way to it; returns how many are now. */
uint32_t connections_sending(struct connections *connections, uint32_t id, size_t bytes, uint64_t now_us);
void connections_sent(struct connections *connections, uint32_t id, size_t bytes, uint64_t now_us);
uint64_t connections_unsent(struct connections *connections, uint32_t id); /* bytes that are on their way to it */
/* The one with most replies on their way, of those that took none since before_us; the one with most bytes of them. 0
 * when there is none. Those being ended do not count: *ending is what goes with them. */
uint32_t connections_slowest(struct connections *connections, uint64_t before_us, uint32_t *ending);
uint32_t connections_heaviest(struct connections *connections, uint64_t *ending_bytes);
/* Writes at most max ids of those that brought nothing since before_us; each is told once in a while. */
uint32_t connections_idle(struct connections *connections, uint64_t before_us, uint32_t *ids, uint32_t max);
/* It is being ended. False: it is not there, or was so before. */
bool connections_end(struct connections *connections, uint32_t id, uint64_t now_us);
/* Writes at most max ids of those being ended since before_us or earlier; each is told once. */
uint32_t connections_ending(struct connections *connections, uint64_t before_us, uint32_t *ids, uint32_t max);
/* Is there one that was told so long before, and is not gone? */
bool connections_stuck(struct connections *connections, uint64_t before_us);
uint32_t connections_count(struct connections *connections);

#endif
