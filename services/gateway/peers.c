/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connections and their phases: see peers.h. */
#include "services/gateway/peers.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "proto/status.h"

struct peer *peer_add(struct peers *peers, int socket, uint64_t now_us)
{
    struct peer *peer = malloc(sizeof *peer);
    if (peer == NULL)
        return NULL;
    *peer = (struct peer){.next = peers->first, .socket = socket, .phase = PHASE_HEADER, .since_us = now_us};
    if (peers->first != NULL)
        peers->first->previous = peer;
    peers->first = peer;
    peers->count++;
    return peer;
}

void peer_remove(struct peers *peers, struct peer **peer)
{
    struct peer *gone = *peer;
    if (gone == NULL)
        return;
    if (gone->previous != NULL)
        gone->previous->next = gone->next;
    else
        peers->first = gone->next;
    if (gone->next != NULL)
        gone->next->previous = gone->previous;
    peers->count--;
    free(gone);
    *peer = NULL;
}

void peer_enter(struct peer *peer, enum phase phase, uint64_t now_us)
{
    if (peer->phase == PHASE_CLOSING)
        return;
    peer->phase = phase;
    peer->since_us = now_us;
}

static uint64_t phase_limit_ms(enum phase phase)
{
    switch (phase) {
    case PHASE_HEADER:
        return limit_header_wait_ms;
    case PHASE_BODY:
        return limit_body_wait_ms;
    case PHASE_WRITE:
    case PHASE_IDLE:
        return limit_idle_ms;
    default:
        return UINT64_MAX / 1000;
    }
}

static enum stat phase_stat(enum phase phase)
{
    switch (phase) {
    case PHASE_HEADER:
        return STAT_CLOSED_HEADER;
    case PHASE_BODY:
        return STAT_CLOSED_BODY;
    case PHASE_WRITE:
        return STAT_CLOSED_WRITE;
    default:
        return STAT_CLOSED_IDLE;
    }
}

static void peer_shut(struct peer *peer)
{
    shutdown(peer->socket, SHUT_RDWR);
    peer->phase = PHASE_CLOSING;
}

void peers_sweep(struct peers *peers, struct stats *stats, uint64_t now_us)
{
    for (struct peer *peer = peers->first; peer != NULL; peer = peer->next) {
        if (now_us - peer->since_us <= phase_limit_ms(peer->phase) * 1000)
            continue;
        metric_add(&stats->metrics[phase_stat(peer->phase)], 1);
        peer_shut(peer);
    }
}

void peers_dismiss(struct peers *peers)
{
    for (struct peer *peer = peers->first; peer != NULL; peer = peer->next) {
        if (peer->phase == PHASE_IDLE || peer->phase == PHASE_HEADER)
            peer_shut(peer);
    }
}
