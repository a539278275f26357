/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One stream, and what its three files know of each other: stream.c is its life between the HTTP library and the inbox,
 * stream_ask.c what it asks of the bus, stream_write.c what it tells its client. Main thread, but for what is said
 * otherwise. */
#ifndef GATEWAY_STREAM_STATE_H
#define GATEWAY_STREAM_STATE_H

#include "services/gateway/events.h"
#include "services/gateway/gateway.h"

enum phase_of_stream { STREAM_ASKED = 1, STREAM_WRITING, STREAM_RESTING };

struct stream_state {
    struct inbox_node node; /* first: the inbox gives it back */
    struct stream_state *previous, *next;
    struct gateway *gateway;
    struct exchange *exchange; /* held */
    uint32_t client;           /* whose request is in flight */
    enum phase_of_stream phase;
    bool gated;      /* whether its aggregate is of the scope is asked first */
    bool sent;       /* its head is: what comes now is an event stream */
    bool suspended;  /* its connection is */
    bool gone;       /* the client, or the response */
    bool ended;      /* nothing comes after what is in out, but for a last word */
    bool said;       /* that too */
    uint64_t due_us; /* RESTING: asks again then; 0: when its client has taken all */
    struct events_query query;
    struct buffer request, out; /* out: text that the client has not taken yet */
    size_t out_at;
    uint64_t incarnation, *seqs;
    uint32_t partitions;
    /* The reply, written by the client's thread before the node is pushed. */
    enum status status;
    uint32_t retry_ms;
    struct buffer position, data, code, message, faults;
};

/* Agents listen by a message (mcp_listen.h), everybody else by URL. */
static inline bool stream_is_mcp(const struct stream_state *stream)
{
    return stream->exchange->call.url.kind == URL_MCP;
}

/* ---- stream_ask.c ---- */

/* Sends the request for what comes next, which the bus may hold back for wait_ms. error_full: all connections are busy.
 * The reply comes through the inbox. */
enum error stream_ask(struct stream_state *stream, uint32_t wait_ms, uint32_t deadline_ms);
/* Is the aggregate of the URL's scope? The same way; a reply that is not ok says why not. */
enum error stream_ask_gate(struct stream_state *stream, uint32_t deadline_ms);
void stream_clients_close(struct streams *streams);

/* ---- stream_write.c ---- */

/* What the bus said, but for position and data. */
struct reply stream_reply(const struct stream_state *stream);
/* There will be no stream: the answer says why. */
void stream_refuse(struct call *call, const struct reply *reply);
/* Writes what the reply brought into out, so that it is never empty. False: it was a failure; unless the stream has
 * ended with it, asking again helps. */
bool stream_write(struct stream_state *stream);
/* The reply as an ordinary answer. */
void stream_write_page(const struct stream_state *stream, struct answer *answer);
/* Once all is taken: writes the last word, if there is one to be said; false when there is none. */
bool stream_write_end(struct stream_state *stream);
/* All is taken: a stream that rests holds nothing. One large event goes to many of them at once. */
void stream_release(struct stream_state *stream);

#endif
