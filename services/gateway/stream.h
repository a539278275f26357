/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Long answers: events as they come (GET /_events and an aggregate's own), as a page or as an event stream. A stream
 * asks the bus again and again, each time from where the last answer ended, and only when its client has taken all that
 * it was given: so it holds one answer at most, however slow the client is, and a slow client simply reads older
 * records later. One that does not take an answer within limit_idle_ms is cut, and goes on by Last-Event-ID.
 *
 *     ASKED first -> refused, or a page: an ordinary answer
 *               \--> WRITING <-> RESTING (all is taken) <-> ASKED     until client or server go
 *
 * Requests that wait would hold up others in their frame, so they have connections of their own to the brokers, a frame
 * for each request; they are opened as they are needed. Main thread, but for the client's callback. */
#ifndef GATEWAY_STREAM_H
#define GATEWAY_STREAM_H

#include "proto/client.h"
#include "services/common/process.h"

#define STREAM_CLIENTS_MAX 32

struct gateway;
struct exchange;
struct stream_state;

struct streams {
    struct client *clients[STREAM_CLIENTS_MAX];
    uint32_t in_flight[STREAM_CLIENTS_MAX];
    struct stream_state *first;
    uint32_t count;
};

/* The request is complete. False: the connection is to be closed; *answer: the answer is written, send it. */
bool stream_begin(struct gateway *gateway, struct exchange *exchange, bool *answer);
/* The connection was resumed after the first reply: sends a stream's head. False as above, and *answer. */
bool stream_send(struct gateway *gateway, struct exchange *exchange, bool *answer);
/* A node of NODE_STREAM came from the inbox. */
void stream_replied(struct gateway *gateway, struct inbox_node *node);
/* Asks for those that rest after a failure. */
void streams_tick(struct gateway *gateway, uint64_t now_us);
/* Ends all of them; what they ask comes back through the inbox. */
void streams_stop(struct gateway *gateway);

#endif
