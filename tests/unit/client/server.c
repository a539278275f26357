/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See server.h. */
#include "tests/unit/client/server.h"

#include <criterion/criterion.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/transport/tcp/tcp.h>
#include <stdio.h>

#include "proto/link_cut.h"

void server_open(struct server *server, const char *url)
{
    cr_assert_eq(nng_rep0_open(&server->socket), 0);
    int result;
    do
        result = nng_listen(server->socket, url == NULL ? "tcp://127.0.0.1:0" : url, &server->listener, 0);
    while (result == NNG_EADDRINUSE && url != NULL);
    cr_assert_eq(result, 0, "%s", nng_strerror(result));
    int port = 0;
    cr_assert_eq(nng_listener_get_int(server->listener, NNG_OPT_TCP_BOUND_PORT, &port), 0);
    snprintf(server->url, sizeof server->url, "tcp://127.0.0.1:%d", port);
}

void server_close(struct server *server)
{
    nng_close(server->socket);
}

static bool frame_receive(struct server *server, int timeout_ms, struct server_frame *out)
{
    nng_aio *aio;
    cr_assert_eq(nng_ctx_open(&out->ctx, server->socket), 0);
    cr_assert_eq(nng_aio_alloc(&aio, NULL, NULL), 0);
    nng_aio_set_timeout(aio, timeout_ms);
    nng_ctx_recv(out->ctx, aio);
    nng_aio_wait(aio);
    bool received = nng_aio_result(aio) == 0;
    out->message = received ? nng_aio_get_msg(aio) : NULL;
    if (!received)
        nng_ctx_close(out->ctx);
    nng_aio_free(aio);
    return received;
}

struct server_frame server_receive(struct server *server)
{
    struct server_frame frame;
    cr_assert(frame_receive(server, 5000, &frame), "no frame came");
    return frame;
}

bool server_silent(struct server *server, int timeout_ms)
{
    struct server_frame frame;
    if (!frame_receive(server, timeout_ms, &frame))
        return true;
    server_ignore(&frame);
    return false;
}

struct slice server_bytes(const struct server_frame *frame)
{
    return slice_of(nng_msg_body(frame->message), nng_msg_len(frame->message));
}

void server_answer(struct server_frame *frame, struct slice reply)
{
    nng_aio *aio;
    nng_msg *message;
    cr_assert_eq(nng_aio_alloc(&aio, NULL, NULL), 0);
    cr_assert_eq(nng_msg_alloc(&message, 0), 0);
    nng_msg_append(message, reply.data, reply.size);
    nng_aio_set_msg(aio, message);
    nng_ctx_send(frame->ctx, aio);
    nng_aio_wait(aio);
    cr_assert_eq(nng_aio_result(aio), 0);
    nng_aio_free(aio);
    server_ignore(frame);
}

bool server_drop(struct server_frame *frame)
{
    bool cut = pipe_cut(nng_msg_get_pipe(frame->message));
    server_ignore(frame);
    return cut;
}

void server_ignore(struct server_frame *frame)
{
    nng_msg_free(frame->message);
    nng_ctx_close(frame->ctx);
}
