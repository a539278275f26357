/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Moves the bytes of an open connection, as many as both sides take now, and says what to wait for. */
#include "proto/tunnel_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { ROUNDS_MAX = 16 /* then others have their turn; epoll comes back */ };

/* ---- buffers ---- */

bool flows_open(struct connection *connection)
{
    connection->in.bytes = malloc(FLOW_BYTES);
    connection->out.bytes = malloc(FLOW_BYTES);
    return connection->in.bytes != NULL && connection->out.bytes != NULL;
}

void flows_free(struct connection *connection)
{
    free(connection->in.bytes);
    free(connection->out.bytes);
    connection->in = connection->out = (struct flow){0};
}

static bool flow_empty(const struct flow *flow)
{
    return flow->begin == flow->end;
}

static bool flow_takes(const struct flow *flow)
{
    return !flow->ended && FLOW_BYTES - (flow->end - flow->begin) >= TLS_RECORD_BYTES;
}

/* Room for a whole record behind what is there. */
static uint8_t *flow_room(struct flow *flow, size_t *room)
{
    if (FLOW_BYTES - flow->end < TLS_RECORD_BYTES) {
        memmove(flow->bytes, flow->bytes + flow->begin, flow->end - flow->begin);
        flow->end -= flow->begin;
        flow->begin = 0;
    }
    *room = FLOW_BYTES - flow->end;
    return flow->bytes + flow->end;
}

static void flow_given(struct flow *flow, size_t size)
{
    flow->begin += size;
    if (flow->begin == flow->end)
        flow->begin = flow->end = 0;
}

/* ---- one step of each kind; true when something moved ---- */

static bool peer_read(struct connection *connection)
{
    size_t room, got = 0;
    if (!flow_takes(&connection->in))
        return false;
    uint8_t *at = flow_room(&connection->in, &room);
    connection->reading = tls_session_read(connection->session, at, room, &got);
    if (connection->reading == TLS_CLOSED || connection->reading == TLS_FAILED)
        connection->in.ended = true;
    connection->in.end += got;
    connection->heard |= got > 0;
    return got > 0;
}

static bool peer_write(struct connection *connection)
{
    size_t taken = 0;
    struct flow *out = &connection->out;
    if (flow_empty(out))
        return false;
    connection->writing =
        tls_session_write(connection->session, out->bytes + out->begin, out->end - out->begin, &taken);
    if (connection->writing == TLS_CLOSED || connection->writing == TLS_FAILED)
        connection->in.ended = true;
    flow_given(out, taken);
    return taken > 0;
}

static bool nng_read(struct connection *connection)
{
    size_t room;
    if (!flow_takes(&connection->out))
        return false;
    uint8_t *at = flow_room(&connection->out, &room);
    ssize_t got = recv(connection->inner.socket, at, room, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        connection->out.ended = true;
    if (got > 0)
        connection->out.end += (size_t)got;
    return got > 0;
}

static bool nng_write(struct connection *connection)
{
    struct flow *in = &connection->in;
    if (flow_empty(in))
        return false;
    ssize_t sent = send(connection->inner.socket, in->bytes + in->begin, in->end - in->begin, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        connection->out.ended = true;
        in->begin = in->end = 0; /* nobody is there to take it */
    }
    if (sent > 0)
        flow_given(in, (size_t)sent);
    return sent > 0;
}

/* ---- the whole ---- */

static void watch(struct connection *connection)
{
    uint32_t outer = 0, inner = 0;
    if (flow_takes(&connection->in))
        outer |= connection->reading == TLS_WANTS_WRITE ? EPOLLOUT : EPOLLIN;
    if (!flow_empty(&connection->out))
        outer |= connection->writing == TLS_WANTS_READ ? EPOLLIN : EPOLLOUT;
    if (flow_takes(&connection->out))
        inner |= EPOLLIN;
    if (!flow_empty(&connection->in))
        inner |= EPOLLOUT;
    side_watch(connection->tunnel, &connection->outer, outer);
    side_watch(connection->tunnel, &connection->inner, inner);
}

/* A client may be refused only now: in TLS 1.3 it has shaken hands before the server looks at its certificate. */
static const char *refusal(const struct connection *connection)
{
    if (connection->heard || !connection->in.ended)
        return NULL;
    if (connection->reading == TLS_FAILED || connection->writing == TLS_FAILED)
        return tls_session_fault(connection->session);
    return connection->tunnel->server ? NULL : "closed the connection before it said anything";
}

/* What one side said before it ended is still given to the other; what then comes back, nobody is there for. */
void flows_move(struct connection *connection)
{
    bool moved = true;
    for (int i = 0; i < ROUNDS_MAX && moved; i++) {
        moved = peer_read(connection);
        moved |= nng_write(connection);
        moved |= nng_read(connection);
        moved |= peer_write(connection);
    }
    const char *why = refusal(connection);
    if (why != NULL)
        connection_refuse(connection, why);
    else if ((connection->in.ended && flow_empty(&connection->in)) ||
             (connection->out.ended && flow_empty(&connection->out)))
        connection_end(connection);
    else {
        if (connection->out.ended && connection->until_ms == 0)
            connection_until(connection, tunnel_now_ms() + END_MS);
        watch(connection);
    }
}
