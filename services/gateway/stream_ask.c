/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What streams ask of the bus: connections of their own, one request in flight for each stream. */
#include "services/gateway/stream_state.h"

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
    text_keep(&stream->faults, reply->faults);
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

static enum error request_send(struct stream_state *stream, struct request *request, uint32_t deadline_ms)
{
    struct streams *streams = &stream->gateway->streams;
    request->token = stream->exchange->call.token;
    request->traceparent = stream->exchange->call.traceparent;
    request->deadline_ms = deadline_ms;
    enum error error = client_choose(stream->gateway, &stream->client);
    if (error == error_none)
        error = client_send(streams->clients[stream->client], request, on_reply, stream);
    if (error != error_none)
        return error;
    streams->in_flight[stream->client]++;
    stream->phase = STREAM_ASKED;
    return error_none;
}

enum error stream_ask(struct stream_state *stream, uint32_t wait_ms, uint32_t deadline_ms)
{
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
    return request_send(stream, &request, deadline_ms);
}

/* The page behind all events: it has none, and is refused where any page would be. */
enum error stream_ask_gate(struct stream_state *stream, uint32_t deadline_ms)
{
    const struct call *call = &stream->exchange->call;
    struct request request = request_of(operation_events);
    request.namespace = call->url.namespace;
    request.resource = call->url.resource;
    request.identifier = call->url.identifier;
    request.scope = buffer_slice(&call->scope);
    request.from = INT64_MAX;
    request.limit = 1;
    return request_send(stream, &request, deadline_ms);
}

void stream_clients_close(struct streams *streams)
{
    for (uint32_t i = 0; i < STREAM_CLIENTS_MAX; i++)
        if (streams->clients[i] != NULL)
            client_close(&streams->clients[i]);
}
