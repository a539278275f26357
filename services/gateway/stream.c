/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Long answers: see stream.h. */
#include "services/gateway/stream.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "services/gateway/mcp_listen.h"
#include "services/gateway/server.h"
#include "services/gateway/stream_state.h"

#define PIECE 16384        /* given to the library at once */
#define STREAM_RECORDS 100 /* of one answer to a stream */
#define STREAM_BYTES 65536 /* likewise */
#define BEAT_MS 15000      /* a stream without events says that it is alive so often */
#define ASK_MS 20000       /* deadline of a stream's request */
#define REST_US 1000000    /* after a failure */

/* ---- life ---- */

static void stream_free(struct stream_state *stream)
{
    struct gateway *gateway = stream->gateway;
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        gateway->streams.first = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
    gateway->streams.count--;
    gateway->answer_bytes -= stream->out.capacity;
    events_query_fini(&stream->query);
    buffer_fini(&stream->request);
    buffer_fini(&stream->out);
    buffer_fini(&stream->position);
    buffer_fini(&stream->data);
    buffer_fini(&stream->code);
    buffer_fini(&stream->message);
    buffer_fini(&stream->faults);
    free(stream->seqs);
    exchange_release(&gateway->exchanges, stream->exchange);
    free(stream);
}

static struct stream_state *stream_new(struct gateway *gateway, struct exchange *exchange)
{
    struct stream_state *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->node.kind = NODE_STREAM;
    stream->gateway = gateway;
    stream->exchange = exchange;
    stream->next = gateway->streams.first;
    if (stream->next != NULL)
        stream->next->previous = stream;
    gateway->streams.first = stream;
    gateway->streams.count++;
    exchange->stream = stream;
    exchange_hold(exchange);
    return stream;
}

static void stream_ask_on(struct stream_state *stream, uint64_t now_us)
{
    stream->due_us = 0;
    if (stream_ask(stream, BEAT_MS, ASK_MS) == error_none)
        return;
    stream->phase = STREAM_RESTING;
    stream->due_us = now_us + REST_US;
}

/* ---- the first request ---- */

static bool query_read(struct stream_state *stream, struct refusal *refusal)
{
    const struct call *call = &stream->exchange->call;
    struct events_query *query = &stream->query;
    if (!stream_is_mcp(stream)) {
        bool good = events_query_read(call, query, refusal);
        query->stream &= call->method == METHOD_GET;
        return good;
    }
    *query = (struct events_query){.stream = true, .follow = {.from = slice_text("end")}};
    mcp_listen_follow(call, &query->follow);
    return true;
}

static void refuse_status(struct call *call, enum status status, const char *code, const char *message)
{
    stream_refuse(call, &(struct reply){.status = status, .code = slice_text(code), .message = slice_text(message)});
}

static void refuse_unsent(struct call *call, enum error error)
{
    if (error == error_full)
        refuse_status(call, status_busy, "streams_full", "too many clients follow events; try again");
    else
        refuse_status(call, status_unavailable, error_name(error), error_text(error));
}

/* Sends the first request. False: there is an answer instead. */
static bool stream_start(struct stream_state *stream, struct call *call)
{
    struct refusal refusal;
    struct follow *follow = &stream->query.follow;
    if (!query_read(stream, &refusal)) {
        problem_answer(&call->answer, &refusal);
        return false;
    }
    if (stream->query.stream) {
        follow->limit = STREAM_RECORDS;
        follow->bytes = STREAM_BYTES;
        follow->wait_ms = 0;
    }
    stream->gated = !stream_is_mcp(stream) && call->scope.size > 0;
    enum error error = stream->gated ? stream_ask_gate(stream, call->request.deadline_ms)
                                     : stream_ask(stream, follow->wait_ms, call->request.deadline_ms);
    if (error != error_none)
        refuse_unsent(call, error);
    return error == error_none;
}

bool stream_begin(struct gateway *gateway, struct exchange *exchange, bool *answer)
{
    struct call *call = &exchange->call;
    struct stream_state *stream =
        gateway->streams.count < (uint32_t)gateway->settings.streams_max ? stream_new(gateway, exchange) : NULL;
    *answer = true;
    if (stream == NULL) {
        refuse_unsent(call, error_full);
        return true;
    }
    if (!stream_start(stream, call)) {
        exchange->stream = NULL;
        stream_free(stream);
        return true;
    }
    *answer = false;
    exchange->state = EXCHANGE_WAITING;
    peer_enter(exchange->peer, PHASE_WAIT, exchange->start_us);
    MHD_suspend_connection(exchange->connection);
    return true;
}

/* ---- replies ---- */

static void reply_write(struct stream_state *stream, uint64_t now_us)
{
    if (!stream_write(stream) && !stream->ended)
        stream->due_us = now_us + REST_US;
    stream->phase = STREAM_WRITING;
}

/* The gate is open, and the time that it took is over. False: there is an answer instead. */
static bool stream_pass(struct stream_state *stream)
{
    struct call *call = &stream->exchange->call;
    uint64_t spent_ms = (clock_monotonic_us() - stream->exchange->start_us) / 1000;
    uint32_t deadline_ms = call->request.deadline_ms;
    deadline_ms = spent_ms < deadline_ms ? deadline_ms - (uint32_t)spent_ms : 0;
    stream->gated = false;
    if (stream->gateway->stopping) {
        refuse_status(call, status_unavailable, "stopping", "this server is stopping; try another one");
        return false;
    }
    enum error error = stream_ask(stream, stream->query.follow.wait_ms, deadline_ms);
    if (error != error_none)
        refuse_unsent(call, error);
    return error == error_none;
}

/* The first one decides whether it is a stream at all. */
static void replied_first(struct gateway *gateway, struct stream_state *stream)
{
    struct exchange *exchange = stream->exchange;
    struct reply reply = stream_reply(stream);
    bool gate = stream->gated && stream->status == status_ok;
    if (gate && stream_pass(stream))
        return;
    if (gate)
        stream->phase = STREAM_RESTING; /* it is answered */
    else if (stream->status != status_ok)
        stream_refuse(&exchange->call, &reply);
    else if (!stream->query.stream)
        stream_write_page(stream, &exchange->call.answer);
    else
        reply_write(stream, clock_monotonic_us());
    if (stream->phase != STREAM_WRITING) {
        exchange->stream = NULL;
        stream_free(stream); /* the connection still holds the exchange */
    }
    server_resume(gateway, exchange);
}

static void stream_wake(struct stream_state *stream, uint64_t now_us)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    peer_enter(stream->exchange->peer, PHASE_WRITE, now_us);
    MHD_resume_connection(stream->exchange->connection);
}

void stream_replied(struct gateway *gateway, struct inbox_node *node)
{
    struct stream_state *stream = (struct stream_state *)node;
    uint64_t now_us = clock_monotonic_us();
    gateway->streams.in_flight[stream->client]--;
    if (stream->gone) {
        stream_free(stream);
    } else if (!stream->sent) {
        replied_first(gateway, stream);
    } else {
        reply_write(stream, now_us);
        stream->ended |= gateway->stopping;
        stream_wake(stream, now_us);
    }
}

/* ---- the library's side ---- */

/* The client has taken all: what comes next is asked for, at once or when it is due. */
static void stream_rest(struct stream_state *stream, uint64_t now_us)
{
    if (stream->phase == STREAM_WRITING && stream->due_us == 0)
        stream_ask_on(stream, now_us);
    else if (stream->phase == STREAM_WRITING)
        stream->phase = STREAM_RESTING;
    stream_release(stream);
    stream->suspended = true;
    peer_enter(stream->exchange->peer, PHASE_WAIT, now_us);
    MHD_suspend_connection(stream->exchange->connection);
}

static ssize_t on_piece(void *context, uint64_t position, char *piece, size_t size)
{
    struct stream_state *stream = context;
    size_t left = stream->out.size - stream->out_at;
    uint64_t now_us = clock_monotonic_us();
    (void)position;
    if (left == 0 && (stream->ended || stream->gateway->stopping) && !stream_write_end(stream))
        return MHD_CONTENT_READER_END_OF_STREAM;
    left = stream->out.size - stream->out_at;
    if (left == 0) {
        stream_rest(stream, now_us);
        return 0;
    }
    size = left < size ? left : size;
    memcpy(piece, stream->out.data + stream->out_at, size);
    stream->out_at += size;
    peer_enter(stream->exchange->peer, PHASE_WRITE, now_us); /* it takes what it is given, however slowly */
    return (ssize_t)size;
}

static void on_gone(void *context)
{
    struct stream_state *stream = context;
    stream->gone = true;
    if (stream->phase != STREAM_ASKED)
        stream_free(stream);
}

static void head_write(struct gateway *gateway, struct exchange *exchange, struct MHD_Response *response)
{
    struct answer *answer = &exchange->call.answer;
    const char *name, *value;
    answer_begin(answer, 200, MEDIA_STREAM);
    call_finish(&exchange->call, &gateway->guard);
    MHD_add_response_header(response, "Content-Type", media_name(answer->media));
    MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* a proxy that gathers would hold events back */
    for (size_t at = 0; answer_next_field(answer, &at, &name, &value);)
        MHD_add_response_header(response, name, value);
}

bool stream_send(struct gateway *gateway, struct exchange *exchange, bool *answer)
{
    struct stream_state *stream = exchange->stream;
    uint64_t now_us = clock_monotonic_us();
    *answer = stream == NULL;
    if (stream == NULL)
        return true;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, on_piece, stream, on_gone);
    if (response == NULL) {
        exchange->stream = NULL;
        stream_free(stream);
        return false;
    }
    stream->sent = true;
    exchange->stream = NULL;
    head_write(gateway, exchange, response);
    enum MHD_Result queued = MHD_queue_response(exchange->connection, 200, response);
    exchange->state = EXCHANGE_SENT;
    stats_answer(&gateway->stats, 200, now_us - exchange->start_us);
    peer_enter(exchange->peer, PHASE_WRITE, now_us);
    MHD_destroy_response(response);
    return queued == MHD_YES;
}

/* ---- all of them ---- */

void streams_tick(struct gateway *gateway, uint64_t now_us)
{
    for (struct stream_state *stream = gateway->streams.first; stream != NULL; stream = stream->next)
        if (stream->phase == STREAM_RESTING && stream->suspended && now_us >= stream->due_us)
            stream_ask_on(stream, now_us);
}

void streams_stop(struct gateway *gateway)
{
    uint64_t now_us = clock_monotonic_us();
    for (struct stream_state *stream = gateway->streams.first; stream != NULL; stream = stream->next) {
        stream->ended = true;
        if (stream->phase != STREAM_ASKED)
            stream_wake(stream, now_us);
    }
    stream_clients_close(&gateway->streams);
}
