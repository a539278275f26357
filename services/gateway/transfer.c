/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An exchange's way through the library: see transfer.h. */
#include "services/gateway/transfer.h"

#include <assert.h>
#include <microhttpd.h>

#include "services/gateway/local.h"

#define DISCARD_MAX (8u << 20)     /* bytes of a refused body that are read before the connection is closed */
#define BODIES_BYTES (64u << 20)   /* of all bodies in memory at once */
#define ANSWERS_BYTES (128u << 20) /* of all answers that clients have not taken yet; small ones do not count */
#define ANSWER_SMALL 16384

/* ---- answer ---- */

static void on_response_free(void *context)
{
    struct exchange *exchange = context;
    exchange->gateway->answer_bytes -= exchange->call.answer.body.size;
    exchange_release(&exchange->gateway->exchanges, exchange);
}

/* The body is sent from the exchange's own buffer, so the response holds the exchange. */
static struct MHD_Response *response_new(struct exchange *exchange)
{
    struct answer *answer = &exchange->call.answer;
    if (answer->body.size == 0)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        answer->body.size, answer->body.data, on_response_free, exchange);
    if (response == NULL)
        return NULL;
    exchange->gateway->answer_bytes += answer->body.size;
    exchange_hold(exchange);
    return response;
}

/* Large answers that many clients do not take would fill the memory. They belong to reads, which can be asked again. */
static void answer_limit(const struct gateway *gateway, struct answer *answer)
{
    if (answer->body.size <= ANSWER_SMALL || gateway->answer_bytes + answer->body.size <= ANSWERS_BYTES)
        return;
    buffer_fini(&answer->body);
    problem_answer_status(answer, status_busy, "answers_full", "too many answers are on their way; try again");
}

static void response_fields(struct MHD_Response *response, const struct answer *answer)
{
    const char *name, *value;
    if (media_name(answer->media) != NULL)
        MHD_add_response_header(response, "Content-Type", media_name(answer->media));
    for (size_t at = 0; answer_next_field(answer, &at, &name, &value);)
        MHD_add_response_header(response, name, value);
}

static bool answer_send(struct gateway *gateway, struct exchange *exchange)
{
    struct call *call = &exchange->call;
    uint64_t now_us = clock_monotonic_us();
    answer_limit(gateway, &call->answer);
    call_finish(call, &gateway->guard);
    struct MHD_Response *response = response_new(exchange);
    if (response == NULL)
        return false;
    response_fields(response, &call->answer);
    if (call->close || gateway->stopping)
        MHD_add_response_header(response, "Connection", "close");
    enum MHD_Result queued = MHD_queue_response(exchange->connection, (unsigned)call->answer.status, response);
    MHD_destroy_response(response);
    exchange->state = EXCHANGE_SENT;
    stats_answer(&gateway->stats, call->answer.status, now_us - exchange->start_us);
    peer_enter(exchange->peer, PHASE_WRITE, now_us);
    return queued == MHD_YES;
}

/* ---- header ---- */

/* A client that waits for leave to send its body, or that is about to send very much, is told at once; the library then
 * closes the connection. Otherwise the body is read and thrown away, and the connection stays. */
static bool refusal_cannot_wait(const struct call *call)
{
    uint64_t size = 0;
    return call->close || call->head.seen[HEADER_EXPECT] || (head_body_size(&call->head, &size) && size > DISCARD_MAX);
}

static bool transfer_refuse(struct gateway *gateway, struct exchange *exchange)
{
    exchange->state = EXCHANGE_DRAINING;
    return !refusal_cannot_wait(&exchange->call) || answer_send(gateway, exchange);
}

bool transfer_begin(struct gateway *gateway, struct exchange *exchange)
{
    struct call *call = &exchange->call;
    exchange->start_us = clock_monotonic_us();
    peer_enter(exchange->peer, PHASE_BODY, exchange->start_us);
    call->projections = &gateway->catalog.projections;
    if (call_open(call, &gateway->guard) == CALL_REFUSED)
        return transfer_refuse(gateway, exchange);
    exchange->state = EXCHANGE_BODY;
    return true;
}

/* ---- body ---- */

static bool body_discard(struct exchange *exchange, size_t size)
{
    exchange->discarded += size;
    return exchange->discarded <= DISCARD_MAX;
}

/* From here on the body is thrown away. */
static void body_refuse(struct gateway *gateway, struct exchange *exchange)
{
    gateway->body_bytes -= exchange->body.size;
    buffer_fini(&exchange->body);
    exchange->state = EXCHANGE_DRAINING;
}

bool transfer_body(struct gateway *gateway, struct exchange *exchange, struct slice piece)
{
    struct call *call = &exchange->call;
    if (exchange->state != EXCHANGE_BODY)
        return body_discard(exchange, piece.size);
    if (exchange->body.size + piece.size > limit_frame_bytes) {
        problem_answer(&call->answer, &(struct refusal){.problem = problem_too_large});
        body_refuse(gateway, exchange);
    } else if (gateway->body_bytes + piece.size > BODIES_BYTES || !buffer_reserve(&exchange->body, piece.size)) {
        problem_answer_status(&call->answer, status_busy, "bodies_full", "too many bodies are on their way; try again");
        body_refuse(gateway, exchange);
    } else {
        buffer_append(&exchange->body, piece.data, piece.size);
        gateway->body_bytes += piece.size;
    }
    return true;
}

/* ---- bus ---- */

/* Its answer is made of the reply alone. */
static bool call_is_plain(enum url_kind kind)
{
    return kind == URL_COMMAND || kind == URL_STATE || kind == URL_EVENTS || kind == URL_CHANGES || kind == URL_LIST ||
           kind == URL_ITEM;
}

/* On the client's thread. The exchange is this call's alone until it is pushed. */
static void on_reply(void *context, const struct reply *reply)
{
    struct exchange *exchange = context;
    enum url_kind kind = exchange->call.url.kind;
    if (call_is_plain(kind))
        call_reply(&exchange->call, reply);
    else if (kind == URL_MCP && exchange->call.mcp.asks != MCP_ASKS_DESCRIPTIONS)
        mcp_reply(&exchange->call, reply);
    else
        local_reply(exchange, reply);
    inbox_push(exchange->gateway->inbox, &exchange->node);
}

/* For an agent the same, as the bus would have said it. */
static void answer_unsent_mcp(struct call *call, enum error error)
{
    bool long_one = error == error_too_long, full = error == error_full;
    mcp_reply(
        call,
        &(struct reply){.status = long_one ? status_invalid
                                  : full   ? status_busy
                                           : status_unavailable,
                        .code = slice_text(full ? "busy" : error_name(error)),
                        .message = slice_text(full ? "too many requests are waiting; try again" : error_text(error))});
}

static void answer_unsent(struct call *call, enum error error)
{
    if (error == error_too_long)
        problem_answer(&call->answer, &(struct refusal){.problem = problem_too_large});
    else if (error == error_full)
        problem_answer_status(&call->answer, status_busy, "busy", "too many requests are waiting; try again");
    else
        problem_answer_status(&call->answer, status_unavailable, error_name(error), error_text(error));
}

static bool transfer_ask(struct gateway *gateway, struct exchange *exchange)
{
    struct call *call = &exchange->call;
    enum error error = gateway->waiting >= gateway->settings.max_in_flight ? error_full : error_none;
    if (error == 0) {
        exchange->node.kind = NODE_EXCHANGE;
        exchange->state = EXCHANGE_WAITING;
        peer_enter(exchange->peer, PHASE_WAIT, exchange->start_us);
        struct client *client = request_offered(&call->request) ? gateway->reader : gateway->client;
        error = client_send(client, &call->request, on_reply, exchange);
    }
    if (error != 0) {
        call->url.kind == URL_MCP ? answer_unsent_mcp(call, error) : answer_unsent(call, error);
        return answer_send(gateway, exchange);
    }
    gateway->waiting++;
    MHD_suspend_connection(exchange->connection);
    return true;
}

void transfer_answered(struct gateway *gateway, struct exchange *exchange)
{
    enum url_kind kind = exchange->call.url.kind;
    bool replied = kind == URL_MCP && exchange->call.mcp.asks != MCP_ASKS_DESCRIPTIONS;
    assert(exchange->state == EXCHANGE_WAITING);
    gateway->waiting--;
    if (!call_is_plain(kind) && !replied)
        local_answer(gateway, exchange);
}

/* Reads it here, when that can be. */
static bool transfer_direct(struct gateway *gateway, struct exchange *exchange)
{
    enum url_kind kind = exchange->call.url.kind;
    if (gateway->direct == NULL || (kind != URL_LIST && kind != URL_ITEM) || !catalog_lets_read(gateway))
        return false;
    uint64_t start_us = clock_monotonic_us();
    bool answered = direct_answer(gateway->direct, &exchange->call, start_us);
    stats_read(&gateway->stats, answered, clock_monotonic_us() - start_us);
    return answered;
}

static bool transfer_submit(struct gateway *gateway, struct exchange *exchange)
{
    struct call *call = &exchange->call;
    struct uuid id = {{0}};
    if (gateway->stopping) {
        problem_answer_status(
            &call->answer, status_unavailable, "stopping", "this server is stopping; try another one");
        return answer_send(gateway, exchange);
    }
    if (call->url.kind == URL_COMMAND && call->key.size == 0)
        id = client_new_id();
    enum call_next next = call_submit(call, buffer_slice(&exchange->body), &id);
    if (next == CALL_LOCAL && call->url.kind != URL_FOLLOW)
        next = local_submit(gateway, exchange, exchange->start_us);
    if (next == CALL_LOCAL) {
        bool answer;
        return stream_begin(gateway, exchange, &answer) && (!answer || answer_send(gateway, exchange));
    }
    if (next == CALL_ASK && !transfer_direct(gateway, exchange))
        return transfer_ask(gateway, exchange);
    return answer_send(gateway, exchange);
}

bool transfer_end(struct gateway *gateway, struct exchange *exchange)
{
    bool answer;
    switch (exchange->state) {
    case EXCHANGE_BODY:
        return transfer_submit(gateway, exchange);
    case EXCHANGE_ANSWERED:
        return stream_send(gateway, exchange, &answer) && (!answer || answer_send(gateway, exchange));
    case EXCHANGE_DRAINING:
        return answer_send(gateway, exchange);
    default:
        return true;
    }
}
