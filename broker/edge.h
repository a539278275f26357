/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The broker's sockets: a REP socket for clients and shards, a PUB socket for subscribers. nng's threads put what
 * happens into the main loop's inbox; the main loop answers, publishes and closes through the functions here.
 *
 * Bounds: a fixed number of contexts, each of which holds one frame from its arrival until its reply has been handed to
 * the transport, so frames beyond them wait in their connections; connections are capped in total and per address; one
 * that brings no whole frame for a while, or does not take its replies, is cut. */
#ifndef BROKER_EDGE_H
#define BROKER_EDGE_H

#include "broker/settings.h"
#include "proto/slice.h"
#include "proto/tls.h"
#include "services/common/process.h"

struct edge;

enum edge_mail_kind { EDGE_FRAME = 1, EDGE_PIPE_GONE, EDGE_SUBSCRIBERS };

/* What nng's threads report. FRAME is part of the edge, which may use it again once the frame is answered or forgotten;
 * the others the receiver frees. */
struct edge_mail {
    struct inbox_node node; /* node.kind is an edge_mail_kind */
    uint64_t handle;        /* FRAME */
    uint32_t pipe;          /* FRAME, PIPE_GONE */
    struct slice bytes;     /* FRAME: valid until edge_answer of its handle or edge_forget_pipe of its pipe */
    uint32_t count;         /* SUBSCRIBERS */
};

/* Listens. error_address_in_use, error_bad_address; *where then names the URL. tls: for tls+tcp:// URLs, else NULL. */
enum error edge_open(struct edge **out,
                     const struct broker_settings *settings,
                     struct tls *tls,
                     struct inbox *inbox,
                     const char **where);
/* Before any connection was made; a process that served waits for edge_drained, calls edge_finish and ends without
 * closing. */
void edge_close(struct edge **edge);
/* Lets what TLS still holds go out, and ends those connections. */
void edge_finish(struct edge *edge);
/* The URLs with the ports that were chosen. */
const char *edge_bus(const struct edge *edge);
const char *edge_events(const struct edge *edge);

/* First for each EDGE_FRAME: false when its connection has ended meanwhile; the frame is then forgotten. */
bool edge_take(struct edge *edge, const struct edge_mail *mail, uint64_t now_us);
void edge_answer(struct edge *edge, uint64_t handle, struct slice bytes);
void edge_publish(struct edge *edge, struct slice bytes);
/* The pipe of these frames is gone: their contexts take new frames. */
void edge_forget_pipe(struct edge *edge, uint32_t pipe);
/* Ends a connection, in two steps: now nothing more comes from it, and a moment later it is shut down (link_cut.h). */
void edge_cut(struct edge *edge, uint32_t pipe);
void edge_finish_cuts(struct edge *edge, uint64_t now_us); /* the second step; on every tick */
/* Connections that were ended long ago are still there: nng has lost its way, and only a new process helps. */
bool edge_stuck(const struct edge *edge, uint64_t now_us);
/* Cuts connections that are idle too long; about once a second. */
void edge_sweep(struct edge *edge, uint64_t now_us);
/* Cuts who takes no replies when there are hardly places left for new frames; at every tick. */
void edge_relieve(struct edge *edge, uint64_t now_us);
/* Are all replies handed to the transport? */
bool edge_drained(const struct edge *edge);
uint32_t edge_connections(const struct edge *edge);
/* May who is there be a service? Its certificate was checked, or none is asked for. */
bool edge_trusts(const struct edge *edge, uint32_t pipe);
/* Peers that TLS refused. */
uint64_t edge_refusals(struct edge *edge);

#endif
