/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See edge.h. */
#include "broker/edge.h"

#include "broker/connections.h"
#include "broker/listening.h"
#include "proto/link_cut.h"
#include "proto/status.h"

#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    IDLE_BATCH = 64,
    CUT_BATCH = 64,
    SLOW_US = 100000,          /* who takes no reply for so long gives up its places when they are scarce */
    CUT_AFTER_US = 50000,      /* nng's threads have dealt with all that came before */
    STUCK_AFTER_US = 10000000, /* a connection that was cut takes milliseconds to go */
    SP_HEADER_BYTES = 4,
    UNSENT_MAX = 2 * limit_frames_in_flight, /* replies that a connection may leave lying */
};

enum context_state { CONTEXT_RECEIVING = 1, CONTEXT_SENDING };

/* One frame at a time: received, held until it is answered, its reply sent; then the next. */
struct context {
    struct edge *edge;
    nng_ctx ctx;
    nng_aio *aio;
    enum context_state state; /* written before nng gets it, read when nng gives it back */
    bool held;                /* the main loop's: it took the frame and has not answered */
    nng_msg *message;         /* held: the frame */
    uint32_t pipe;
    size_t unsent; /* bytes of the reply that is on its way */
    struct edge_mail mail;
};

struct edge {
    struct inbox *inbox;
    nng_socket bus, events;
    struct connections *connections, *subscribers;
    uint32_t count, held;
    uint64_t idle_us;
    uint64_t unsent_max;
    _Atomic uint32_t sending; /* contexts; a count that nothing else depends on, so no ordering is needed */
    _Atomic uint64_t unsent;  /* bytes of their replies; likewise */
    _Atomic bool closing;     /* likewise: only keeps contexts from starting again */
    struct listening bus_listening, events_listening;
    struct context contexts[];
};

/* ---- mail ---- */

static void report(struct edge *edge, enum edge_mail_kind kind, uint32_t pipe, uint32_t count)
{
    struct edge_mail *mail = calloc(1, sizeof *mail);
    if (mail == NULL)
        abort(); /* a connection whose end is not told would hold its frames for ever */
    mail->node.kind = (int)kind;
    mail->pipe = pipe;
    mail->count = count;
    inbox_push(edge->inbox, &mail->node);
}

/* ---- contexts, on nng's threads ---- */

static void context_receive(struct context *context)
{
    if (context->edge->closing)
        return;
    context->state = CONTEXT_RECEIVING;
    nng_aio_set_timeout(context->aio, NNG_DURATION_INFINITE);
    nng_ctx_recv(context->ctx, context->aio);
}

static void frame_came(struct context *context)
{
    struct edge *edge = context->edge;
    context->message = nng_aio_get_msg(context->aio);
    context->pipe = (uint32_t)nng_pipe_id(nng_msg_get_pipe(context->message));
    context->mail =
        (struct edge_mail){.node.kind = EDGE_FRAME,
                           .handle = (uint64_t)(context - edge->contexts),
                           .pipe = context->pipe,
                           .bytes = slice_of(nng_msg_body(context->message), nng_msg_len(context->message))};
    inbox_push(edge->inbox, &context->mail.node);
}

static void context_done(void *argument)
{
    struct context *context = argument;
    int result = nng_aio_result(context->aio);
    if (context->state == CONTEXT_SENDING) {
        connections_sent(context->edge->connections, context->pipe, context->unsent, clock_monotonic_us());
        context->edge->sending--;
        context->edge->unsent -= context->unsent;
        if (result != 0)
            nng_msg_free(nng_aio_get_msg(context->aio));
        if (result == NNG_ETIMEDOUT)
            edge_cut(context->edge, context->pipe); /* it takes no replies */
        context_receive(context);
    } else if (result == 0) {
        frame_came(context);
    } else if (result != NNG_ECLOSED && result != NNG_ECANCELED) {
        context_receive(context);
    }
}

/* ---- pipes, on nng's threads ---- */

static void pipe_adding(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
    struct edge *edge = argument;
    struct sockaddr_storage peer;
    uint32_t id = (uint32_t)nng_pipe_id(pipe);
    bool trusted;
    (void)event;
    if (!listening_peer(&edge->bus_listening, pipe, &peer, &trusted) ||
        !connections_add(edge->connections, id, &peer, clock_monotonic_us()))
        nng_pipe_close(pipe);
    else if (trusted)
        connections_trust(edge->connections, id);
}

static void pipe_removed(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
    struct edge *edge = argument;
    (void)event;
    connections_remove(edge->connections, (uint32_t)nng_pipe_id(pipe));
    report(edge, EDGE_PIPE_GONE, (uint32_t)nng_pipe_id(pipe), 0);
}

static void subscriber_changed(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
    struct edge *edge = argument;
    struct sockaddr_storage peer;
    uint32_t id = (uint32_t)nng_pipe_id(pipe);
    bool trusted;
    if (event == NNG_PIPE_EV_REM_POST)
        connections_remove(edge->subscribers, id);
    else if (!listening_peer(&edge->events_listening, pipe, &peer, &trusted) ||
             !connections_add(edge->subscribers, id, &peer, clock_monotonic_us()))
        nng_pipe_close(pipe);
    report(edge, EDGE_SUBSCRIBERS, 0, connections_count(edge->subscribers));
}

/* ---- opening ---- */

static enum error error_of(int result)
{
    switch (result) {
    case 0:
        return error_none;
    case NNG_EADDRINUSE:
        return error_address_in_use;
    case NNG_ENOMEM:
        return error_no_memory;
    default:
        return error_bad_address;
    }
}

static enum error contexts_open(struct edge *edge, nng_duration send_ms)
{
    for (uint32_t i = 0; i < edge->count; i++) {
        struct context *context = &edge->contexts[i];
        context->edge = edge;
        int result = nng_ctx_open(&context->ctx, edge->bus);
        if (result == 0)
            result = nng_ctx_set_ms(context->ctx, NNG_OPT_SENDTIMEO, send_ms);
        if (result == 0)
            result = nng_aio_alloc(&context->aio, context_done, context);
        if (result != 0)
            return error_of(result);
        context_receive(context);
    }
    return error_none;
}

static enum error bus_open(struct edge *edge, const struct broker_settings *settings, struct tls *tls)
{
    int result = nng_rep0_open(&edge->bus);
    if (result == 0)
        result = nng_socket_set_size(edge->bus, NNG_OPT_RECVMAXSZ, (size_t)settings->frame_bytes + SP_HEADER_BYTES);
    if (result == 0)
        result = nng_pipe_notify(edge->bus, NNG_PIPE_EV_ADD_PRE, pipe_adding, edge);
    if (result == 0)
        result = nng_pipe_notify(edge->bus, NNG_PIPE_EV_REM_POST, pipe_removed, edge);
    enum error error = error_of(result);
    if (error == error_none)
        error = contexts_open(edge, (nng_duration)settings->send_ms);
    return error == error_none ? listening_open(&edge->bus_listening, edge->bus, settings->bus, tls, settings) : error;
}

static enum error events_open(struct edge *edge, const struct broker_settings *settings, struct tls *tls)
{
    int result = nng_pub0_open(&edge->events);
    if (result == 0)
        result =
            nng_socket_set_size(edge->events, NNG_OPT_RECVMAXSZ, SP_HEADER_BYTES); /* nothing is to be said there */
    if (result == 0)
        result = nng_pipe_notify(edge->events, NNG_PIPE_EV_ADD_PRE, subscriber_changed, edge);
    if (result == 0)
        result = nng_pipe_notify(edge->events, NNG_PIPE_EV_REM_POST, subscriber_changed, edge);
    enum error error = error_of(result);
    return error == error_none ? listening_open(&edge->events_listening, edge->events, settings->events, tls, settings)
                               : error;
}

enum error edge_open(
    struct edge **out, const struct broker_settings *settings, struct tls *tls, struct inbox *inbox, const char **where)
{
    struct edge *edge = calloc(1, sizeof *edge + (size_t)settings->frames * sizeof edge->contexts[0]);
    if (edge == NULL)
        return error_no_memory;
    edge->inbox = inbox;
    edge->count = (uint32_t)settings->frames;
    edge->idle_us = (uint64_t)settings->idle_ms * 1000;
    edge->unsent_max = (uint64_t)settings->held_bytes;
    edge->connections = connections_new((uint32_t)settings->connections, (uint32_t)settings->connections_per_address);
    edge->subscribers = connections_new((uint32_t)settings->connections, (uint32_t)settings->connections_per_address);
    *where = settings->bus;
    enum error error =
        edge->connections == NULL || edge->subscribers == NULL ? error_no_memory : bus_open(edge, settings, tls);
    if (error == error_none) {
        *where = settings->events;
        error = events_open(edge, settings, tls);
    }
    if (error == error_none)
        *out = edge;
    else
        edge_close(&edge);
    return error;
}

void edge_close(struct edge **edge)
{
    if (*edge == NULL)
        return;
    (*edge)->closing = true;
    for (uint32_t i = 0; i < (*edge)->count; i++)
        if ((*edge)->contexts[i].aio != NULL)
            nng_aio_stop((*edge)->contexts[i].aio);
    nng_close((*edge)->bus);
    nng_close((*edge)->events);
    edge_finish(*edge);
    for (uint32_t i = 0; i < (*edge)->count; i++) {
        if ((*edge)->contexts[i].message != NULL)
            nng_msg_free((*edge)->contexts[i].message);
        if ((*edge)->contexts[i].aio != NULL)
            nng_aio_free((*edge)->contexts[i].aio);
    }
    connections_free(&(*edge)->connections);
    connections_free(&(*edge)->subscribers);
    free(*edge);
    *edge = NULL;
}

void edge_finish(struct edge *edge)
{
    listening_close(&edge->bus_listening);
    listening_close(&edge->events_listening);
}

const char *edge_bus(const struct edge *edge)
{
    return edge->bus_listening.url;
}

const char *edge_events(const struct edge *edge)
{
    return edge->events_listening.url;
}

/* ---- on the main loop's thread ---- */

static void frame_drop(struct context *context)
{
    nng_msg_free(context->message);
    context->message = NULL;
    context->held = false;
    context->edge->held--;
}

bool edge_take(struct edge *edge, const struct edge_mail *mail, uint64_t now_us)
{
    struct context *context = &edge->contexts[mail->handle];
    context->held = true;
    edge->held++;
    if (connections_touch(edge->connections, mail->pipe, now_us))
        return true;
    frame_drop(context);
    context_receive(context);
    return false;
}

/* Ends those that leave most bytes lying, until what stays is within the limit. */
static void lighten(struct edge *edge)
{
    uint32_t pipe = 1;
    while (edge->unsent > edge->unsent_max && pipe != 0) {
        uint64_t ending;
        pipe = connections_heaviest(edge->connections, &ending);
        if (edge->unsent < ending + edge->unsent_max)
            return;
        edge_cut(edge, pipe);
    }
}

/* Beyond the limit, which what is being ended counts for too, nobody leaves more than a frame lying. */
static bool leaves_too_much(const struct edge *edge, uint32_t pipe)
{
    return edge->unsent > edge->unsent_max && connections_unsent(edge->connections, pipe) >= limit_frame_bytes;
}

void edge_answer(struct edge *edge, uint64_t handle, struct slice bytes)
{
    struct context *context = &edge->contexts[handle];
    nng_msg *reply;
    assert(context->held);
    frame_drop(context);
    if (leaves_too_much(edge, context->pipe)) {
        edge_cut(edge, context->pipe);
        context_receive(context);
        return;
    }
    if (nng_msg_alloc(&reply, 0) != 0) {
        context_receive(context); /* unanswered: the client's time runs out */
        return;
    }
    if (nng_msg_append(reply, bytes.data, bytes.size) != 0) {
        nng_msg_free(reply);
        context_receive(context);
        return;
    }
    context->unsent = bytes.size;
    if (connections_sending(edge->connections, context->pipe, bytes.size, clock_monotonic_us()) > UNSENT_MAX)
        edge_cut(edge, context->pipe);
    edge->sending++;
    edge->unsent += bytes.size;
    lighten(edge);
    context->state = CONTEXT_SENDING;
    nng_aio_set_timeout(context->aio, NNG_DURATION_DEFAULT);
    nng_aio_set_msg(context->aio, reply);
    nng_ctx_send(context->ctx, context->aio);
}

void edge_forget_pipe(struct edge *edge, uint32_t pipe)
{
    for (uint32_t i = 0; i < edge->count; i++) {
        struct context *context = &edge->contexts[i];
        if (!context->held || context->pipe != pipe)
            continue;
        frame_drop(context);
        context_receive(context);
    }
}

void edge_publish(struct edge *edge, struct slice bytes)
{
    nng_msg *message;
    if (nng_msg_alloc(&message, 0) != 0)
        return;
    if (nng_msg_append(message, bytes.data, bytes.size) != 0 ||
        nng_sendmsg(edge->events, message, NNG_FLAG_NONBLOCK) != 0)
        nng_msg_free(message);
}

/* A local socket has no address to find its descriptor by: nng closes it, for better or worse. */
void edge_cut(struct edge *edge, uint32_t pipe)
{
    if (connections_end(edge->connections, pipe, clock_monotonic_us()) && !pipe_mute((nng_pipe){.id = pipe}))
        nng_pipe_close((nng_pipe){.id = pipe});
}

void edge_finish_cuts(struct edge *edge, uint64_t now_us)
{
    uint32_t pipes[CUT_BATCH];
    uint32_t count = connections_ending(edge->connections, now_us - CUT_AFTER_US, pipes, CUT_BATCH);
    for (uint32_t i = 0; i < count; i++)
        pipe_cut((nng_pipe){.id = pipes[i]});
}

bool edge_stuck(const struct edge *edge, uint64_t now_us)
{
    return now_us > STUCK_AFTER_US && connections_stuck(edge->connections, now_us - STUCK_AFTER_US);
}

void edge_sweep(struct edge *edge, uint64_t now_us)
{
    uint32_t pipes[IDLE_BATCH];
    if (now_us < edge->idle_us)
        return;
    uint32_t count = connections_idle(edge->connections, now_us - edge->idle_us, pipes, IDLE_BATCH);
    for (uint32_t i = 0; i < count; i++)
        edge_cut(edge, pipes[i]);
}

void edge_relieve(struct edge *edge, uint64_t now_us)
{
    uint32_t pipe = 1, ending = 0, enough = edge->count - edge->count / 8;
    while (edge->held + edge->sending >= enough + ending && pipe != 0) {
        pipe = connections_slowest(edge->connections, now_us - SLOW_US, &ending);
        if (pipe != 0 && edge->held + edge->sending >= enough + ending)
            edge_cut(edge, pipe);
    }
}

bool edge_drained(const struct edge *edge)
{
    return edge->sending == 0;
}

uint32_t edge_connections(const struct edge *edge)
{
    return connections_count(edge->connections);
}

bool edge_trusts(const struct edge *edge, uint32_t pipe)
{
    return connections_trusted(edge->connections, pipe);
}

uint64_t edge_refusals(struct edge *edge)
{
    return listening_refusals(&edge->bus_listening) + listening_refusals(&edge->events_listening);
}
