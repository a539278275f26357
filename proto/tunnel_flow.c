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

bool flows_open(struct passage *passage)
{
    passage->in.bytes = malloc(FLOW_BYTES);
    passage->out.bytes = malloc(FLOW_BYTES);
    return passage->in.bytes != NULL && passage->out.bytes != NULL;
}

void flows_free(struct passage *passage)
{
    free(passage->in.bytes);
    free(passage->out.bytes);
    passage->in = passage->out = (struct flow){0};
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

static bool peer_read(struct passage *passage)
{
    size_t room, got = 0;
    if (!flow_takes(&passage->in))
        return false;
    uint8_t *at = flow_room(&passage->in, &room);
    passage->reading = tls_session_read(passage->session, at, room, &got);
    if (passage->reading == TLS_CLOSED || passage->reading == TLS_FAILED)
        passage->in.ended = true;
    passage->in.end += got;
    passage->heard |= got > 0;
    return got > 0;
}

static bool peer_write(struct passage *passage)
{
    size_t taken = 0;
    struct flow *out = &passage->out;
    if (flow_empty(out))
        return false;
    passage->writing = tls_session_write(passage->session, out->bytes + out->begin, out->end - out->begin, &taken);
    if (passage->writing == TLS_CLOSED || passage->writing == TLS_FAILED)
        passage->in.ended = true;
    flow_given(out, taken);
    return taken > 0;
}

static bool nng_read(struct passage *passage)
{
    size_t room;
    if (!flow_takes(&passage->out))
        return false;
    uint8_t *at = flow_room(&passage->out, &room);
    ssize_t got = recv(passage->inner.socket, at, room, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        passage->out.ended = true;
    if (got > 0)
        passage->out.end += (size_t)got;
    return got > 0;
}

static bool nng_write(struct passage *passage)
{
    struct flow *in = &passage->in;
    if (flow_empty(in))
        return false;
    ssize_t sent = send(passage->inner.socket, in->bytes + in->begin, in->end - in->begin, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        passage->out.ended = true;
        in->begin = in->end = 0; /* nobody is there to take it */
    }
    if (sent > 0)
        flow_given(in, (size_t)sent);
    return sent > 0;
}

/* ---- the whole ---- */

static void watch(struct passage *passage)
{
    uint32_t outer = 0, inner = 0;
    if (flow_takes(&passage->in))
        outer |= passage->reading == TLS_WANTS_WRITE ? EPOLLOUT : EPOLLIN;
    if (!flow_empty(&passage->out))
        outer |= passage->writing == TLS_WANTS_READ ? EPOLLIN : EPOLLOUT;
    if (flow_takes(&passage->out))
        inner |= EPOLLIN;
    if (!flow_empty(&passage->in))
        inner |= EPOLLOUT;
    side_watch(passage->tunnel, &passage->outer, outer);
    side_watch(passage->tunnel, &passage->inner, inner);
}

/* A client may be refused only now: in TLS 1.3 it has shaken hands before the server looks at its certificate. */
static const char *refusal(const struct passage *passage)
{
    if (passage->heard || !passage->in.ended)
        return NULL;
    if (passage->reading == TLS_FAILED || passage->writing == TLS_FAILED)
        return tls_session_fault(passage->session);
    return passage->tunnel->server ? NULL : "closed the connection before it said anything";
}

/* What one side said before it ended is still given to the other; what then comes back, nobody is there for. */
void flows_move(struct passage *passage)
{
    bool moved = true;
    for (int i = 0; i < ROUNDS_MAX && moved; i++) {
        moved = peer_read(passage);
        moved |= nng_write(passage);
        moved |= nng_read(passage);
        moved |= peer_write(passage);
    }
    const char *why = refusal(passage);
    if (why != NULL)
        passage_refuse(passage, why);
    else if ((passage->in.ended && flow_empty(&passage->in)) || (passage->out.ended && flow_empty(&passage->out)))
        passage_end(passage);
    else {
        if (passage->out.ended && passage->until_ms == 0)
            passage_until(passage, tunnel_now_ms() + END_MS);
        watch(passage);
    }
}
