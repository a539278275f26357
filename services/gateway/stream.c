/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Long answers: see stream.h. */
#include "services/gateway/stream.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "proto/position.h"
#include "services/gateway/events.h"
#include "services/gateway/gateway.h"
#include "services/gateway/mcp_listen.h"
#include "services/gateway/server.h"

#define PIECE 16384        /* given to the library at once */
#define BEAT_MS 15000      /* a stream without events says that it is alive so often */
#define ASK_MS 20000       /* deadline of a stream's request */
#define STREAM_RECORDS 100 /* of one answer to a stream */
#define STREAM_BYTES 65536 /* likewise */
#define PARTITIONS_MAX 65536
#define REST_US 1000000 /* after a failure */

enum phase_of_stream { STREAM_ASKED = 1, STREAM_WRITING, STREAM_RESTING };

struct stream_state {
    struct inbox_node node; /* first: the inbox gives it back */
    struct stream_state *previous, *next;
    struct gateway *gateway;
    struct exchange *exchange; /* held */
    uint32_t client;           /* whose request is in flight */
    enum phase_of_stream phase;
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
    struct buffer position, data, code, message;
};

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

/* What a stream holds counts among the answers that clients have not taken. */
static void out_begin(struct stream_state *stream)
{
    stream->gateway->answer_bytes -= stream->out.capacity;
    buffer_clear(&stream->out);
    stream->out_at = 0;
}

static void out_end(struct stream_state *stream)
{
    stream->gateway->answer_bytes += stream->out.capacity;
}

/* All of it is taken: a stream that rests holds nothing. One large event goes to many of them at once. */
static void out_release(struct stream_state *stream)
{
    stream->gateway->answer_bytes -= stream->out.capacity;
    buffer_fini(&stream->out);
    stream->out_at = 0;
}

/* ---- asking ---- */

static void text_keep(struct buffer *out, struct slice text)
{
    buffer_clear(out);
    buffer_append(out, text.data, text.size);
}

/* On a thread of the client. The stream's reply is this call's alone until it is pushed. */
static void on_reply(void *context, const struct reply *reply)
{
    struct stream_state *stream = context;
    stream->status = reply->status;
    stream->retry_ms = reply->retry_ms;
    if (reply->status == status_ok && reply->position.size > 0) /* a refusal has none: it is asked again from here */
        text_keep(&stream->position, reply->position);
    text_keep(&stream->data, reply->data);
    text_keep(&stream->code, reply->code);
    text_keep(&stream->message, reply->message);
    inbox_push(stream->gateway->inbox, &stream->node);
}

/* A connection with a frame to spare; error_full when there is none. */
static enum error client_choose(struct gateway *gateway, uint32_t *out)
{
    struct streams *streams = &gateway->streams;
    struct client_config config = {.urls = gateway->settings.bus_urls,
                                   .tls = gateway->tls,
                                   .frames = limit_frames_in_flight,
                                   .batch = 1,
                                   .max_in_flight = limit_frames_in_flight};
    for (uint32_t i = 0; i < STREAM_CLIENTS_MAX; i++) {
        if (streams->clients[i] != NULL && streams->in_flight[i] >= limit_frames_in_flight)
            continue;
        *out = i;
        return streams->clients[i] != NULL ? error_none : client_open(&streams->clients[i], &config);
    }
    return error_full;
}

static enum error stream_ask(struct stream_state *stream, uint32_t wait_ms, uint32_t deadline_ms)
{
    struct gateway *gateway = stream->gateway;
    struct follow follow = stream->query.follow;
    struct request request = request_of(operation_follow);
    if (stream->sent)
        follow.from = buffer_slice(&stream->position);
    follow.has_since = follow.has_since && !stream->sent;
    follow.wait_ms = wait_ms;
    buffer_clear(&stream->request);
    follow_encode(&stream->request, &follow);
    if (stream->request.failed)
        return error_no_memory;
    request.data = buffer_slice(&stream->request);
    request.token = stream->exchange->call.token;
    request.traceparent = stream->exchange->call.traceparent;
    request.deadline_ms = deadline_ms;
    enum error error = client_choose(gateway, &stream->client);
    if (error == error_none)
        error = client_send(gateway->streams.clients[stream->client], &request, on_reply, stream);
    if (error != error_none)
        return error;
    gateway->streams.in_flight[stream->client]++;
    stream->phase = STREAM_ASKED;
    return error_none;
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

/* Agents listen by a message (mcp_listen.h), everybody else by URL. */
static bool stream_is_mcp(const struct stream_state *stream)
{
    return stream->exchange->call.url.kind == URL_MCP;
}

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

/* There will be no stream. */
static void refuse_first(struct call *call, const struct reply *reply)
{
    if (call->url.kind == URL_MCP)
        mcp_listen_refuse(call, reply);
    else
        problem_answer_reply(&call->answer, reply);
}

static void refuse_status(struct call *call, enum status status, const char *code, const char *message)
{
    refuse_first(call, &(struct reply){.status = status, .code = slice_text(code), .message = slice_text(message)});
}

static void refuse_unsent(struct call *call, enum error error)
{
    if (error == error_full)
        refuse_status(call, status_busy, "streams_full", "too many clients follow events; try again");
    else
        refuse_status(call, status_unavailable, error_name(error), error_text(error));
}

static uint32_t first_wait(const struct stream_state *stream)
{
    return stream->query.stream ? 0 : stream->query.follow.wait_ms;
}

bool stream_begin(struct gateway *gateway, struct exchange *exchange, bool *answer)
{
    struct call *call = &exchange->call;
    struct refusal refusal;
    struct stream_state *stream =
        gateway->streams.count < (uint32_t)gateway->settings.streams_max ? stream_new(gateway, exchange) : NULL;
    *answer = true;
    if (stream == NULL) {
        refuse_unsent(call, error_full);
        return true;
    }
    bool good = query_read(stream, &refusal);
    if (stream->query.stream) {
        stream->query.follow.limit = STREAM_RECORDS;
        stream->query.follow.bytes = STREAM_BYTES;
    }
    enum error error = good ? stream_ask(stream, first_wait(stream), call->request.deadline_ms) : error_none;
    if (!good)
        problem_answer(&call->answer, &refusal);
    else if (error != error_none)
        refuse_unsent(call, error);
    if (!good || error != error_none) {
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

/* ---- writing what the bus said ---- */

static struct reply reply_of(const struct stream_state *stream)
{
    return (struct reply){.status = stream->status,
                          .code = buffer_slice(&stream->code),
                          .message = buffer_slice(&stream->message),
                          .retry_ms = stream->retry_ms};
}

static bool places_begin(struct stream_state *stream, uint32_t partitions)
{
    if (stream->seqs == NULL && partitions > 0 && partitions <= PARTITIONS_MAX) {
        stream->seqs = calloc(partitions, sizeof *stream->seqs);
        stream->partitions = partitions;
    }
    return stream->seqs != NULL && partitions == stream->partitions;
}

/* False: the reply cannot be understood. */
static bool records_write(struct stream_state *stream)
{
    struct followed followed;
    struct slice position = buffer_slice(&stream->position);
    if (followed_decode(buffer_slice(&stream->data), &followed) != error_none ||
        !places_begin(stream, followed.partitions) ||
        position_incarnation(position, &stream->incarnation) != error_none ||
        position_merge(position, stream->incarnation, stream->seqs, stream->partitions) != error_none)
        return false;
    if (stream_is_mcp(stream))
        mcp_listen_changes(&stream->exchange->call, followed.records, &stream->out);
    else
        render_stream(&stream->out, stream->incarnation, followed.records, stream->seqs, stream->partitions);
    return true;
}

/* What does not go away by asking again ends the stream. */
static bool status_passes(enum status status)
{
    return status == status_busy || status == status_moved || status == status_unavailable ||
           status == status_deadline || status == status_error;
}

static void trouble_write(struct stream_state *stream)
{
    struct answer answer = {0};
    struct reply reply = reply_of(stream);
    stream->ended = stream->said = true;
    if (stream_is_mcp(stream)) {
        mcp_listen_fail(&stream->exchange->call, &reply, &stream->out);
        return;
    }
    problem_answer_reply(&answer, &reply);
    buffer_append_text(&stream->out, "event: error\ndata: ");
    buffer_append(&stream->out, answer.body.data, answer.body.size);
    buffer_append_text(&stream->out, "\n\n");
    answer_fini(&answer);
}

static void out_write(struct stream_state *stream, uint64_t now_us)
{
    out_begin(stream);
    if (!stream->sent && stream_is_mcp(stream))
        mcp_listen_begin(&stream->exchange->call, &stream->out);
    if (stream->status == status_ok && !records_write(stream))
        stream->status = status_invalid;
    if (stream->status != status_ok && !status_passes(stream->status))
        trouble_write(stream);
    if (stream->status != status_ok && !stream->ended)
        stream->due_us = now_us + REST_US;
    if (stream->out.size == 0) /* for proxies and for us: a client that is gone shows when it is written to */
        buffer_append_text(&stream->out, ":\n\n");
    if (stream->out.failed)
        stream->ended = true;
    buffer_fini(&stream->data);
    out_end(stream);
    stream->phase = STREAM_WRITING;
}

static void page_write(struct stream_state *stream, struct answer *answer)
{
    struct followed followed;
    struct slice position = buffer_slice(&stream->position);
    uint64_t incarnation = 0;
    if (followed_decode(buffer_slice(&stream->data), &followed) != error_none) {
        problem_answer_status(answer, status_error, "bad_reply", "the bus gave an answer that cannot be read");
        return;
    }
    position_incarnation(position, &incarnation);
    answer_begin(answer, 200, MEDIA_JSON);
    buffer_append_text(&answer->body, "{\"data\":[");
    if (!stream->query.causes)
        render_cloud_events(&answer->body, incarnation, followed.records);
    else if (!render_causation(&answer->body, followed.records))
        answer->body.failed = true;
    buffer_append_text(&answer->body, "],\"meta\":{\"position\":\"");
    buffer_append(&answer->body, position.data, position.size);
    buffer_printf(&answer->body, "\",\"more\":%s},\"status\":\"OK\"}", followed.more ? "true" : "false");
    answer_field(answer, "Fluvius-Position", position);
}

/* ---- replies ---- */

/* The first one decides whether it is a stream at all. */
static void replied_first(struct gateway *gateway, struct stream_state *stream)
{
    struct exchange *exchange = stream->exchange;
    struct reply reply = reply_of(stream);
    if (stream->status != status_ok)
        refuse_first(&exchange->call, &reply);
    else if (!stream->query.stream)
        page_write(stream, &exchange->call.answer);
    else
        out_write(stream, clock_monotonic_us());
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
        out_write(stream, now_us);
        stream->ended |= gateway->stopping;
        stream_wake(stream, now_us);
    }
}

/* ---- the library's side ---- */

/* Ends a stream once all of it is taken; false when there is a last word to be said before. */
static bool stream_end(struct stream_state *stream)
{
    if (!stream_is_mcp(stream) || stream->said)
        return true;
    stream->said = true;
    out_begin(stream);
    mcp_listen_end(&stream->exchange->call, &stream->out);
    out_end(stream);
    return stream->out.size == 0;
}

static ssize_t on_piece(void *context, uint64_t position, char *piece, size_t size)
{
    struct stream_state *stream = context;
    size_t left = stream->out.size - stream->out_at;
    uint64_t now_us = clock_monotonic_us();
    (void)position;
    if (left == 0 && (stream->ended || stream->gateway->stopping) && stream_end(stream))
        return MHD_CONTENT_READER_END_OF_STREAM;
    left = stream->out.size - stream->out_at;
    if (left == 0) {
        if (stream->phase == STREAM_WRITING && stream->due_us == 0)
            stream_ask_on(stream, now_us);
        else if (stream->phase == STREAM_WRITING)
            stream->phase = STREAM_RESTING;
        out_release(stream);
        stream->suspended = true;
        peer_enter(stream->exchange->peer, PHASE_WAIT, now_us);
        MHD_suspend_connection(stream->exchange->connection);
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
    for (uint32_t i = 0; i < STREAM_CLIENTS_MAX; i++)
        if (gateway->streams.clients[i] != NULL)
            client_close(&gateway->streams.clients[i]);
}
