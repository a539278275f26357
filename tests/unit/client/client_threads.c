/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The client library with many threads, a broker that breaks connections, and a close in the middle of it all, as a
 * plain program: the thread sanitizer sees what it does, which it cannot inside Criterion. Prints TAP. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/transport/tcp/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/client.h"
#include "proto/link_cut.h"

enum { SENDERS = 4, EACH = 1000, CUT_EVERY = 40 };

struct play {
    nng_socket socket;
    char url[64];
    struct client *client;
    _Atomic int sent, called, ok; /* counted by several threads; read when they are done */
    int running;                  /* plain: callbacks come one at a time */
};

static nng_msg *frame_receive(nng_ctx ctx, nng_aio *aio)
{
    nng_ctx_recv(ctx, aio);
    nng_aio_wait(aio);
    return nng_aio_result(aio) == 0 ? nng_aio_get_msg(aio) : NULL;
}

static void frame_answer(nng_ctx ctx, nng_aio *aio, nng_msg *message)
{
    struct request_frame head;
    struct envelope_fault fault;
    struct buffer out = {0};
    nng_msg *reply;
    if (request_frame_decode(slice_of(nng_msg_body(message), nng_msg_len(message)), &head, &fault) != error_none)
        return;
    reply_frame_begin(&out, head.count);
    for (uint32_t i = 0; i < head.count; i++)
        reply_encode(&out, &(struct reply){.status = status_ok});
    nng_msg_alloc(&reply, 0);
    nng_msg_append(reply, out.data, out.size);
    buffer_fini(&out);
    nng_aio_set_msg(aio, reply);
    nng_ctx_send(ctx, aio);
    nng_aio_wait(aio);
    if (nng_aio_result(aio) != 0)
        nng_msg_free(nng_aio_get_msg(aio));
}

static void *serve(void *argument)
{
    struct play *play = argument;
    nng_ctx ctx;
    nng_aio *aio;
    nng_msg *message;
    nng_aio_alloc(&aio, NULL, NULL);
    nng_ctx_open(&ctx, play->socket);
    for (int frame = 1; (message = frame_receive(ctx, aio)) != NULL; frame++) {
        if (frame % CUT_EVERY == 0)
            pipe_cut(nng_msg_get_pipe(message));
        else
            frame_answer(ctx, aio, message);
        nng_msg_free(message);
    }
    nng_aio_free(aio);
    return NULL;
}

static void answered(void *argument, const struct reply *reply)
{
    struct play *play = argument;
    play->running++;
    play->called++;
    play->ok += reply->status == status_ok;
    play->running--;
}

static void *send_all(void *argument)
{
    struct play *play = argument;
    for (int i = 0; i < EACH;) {
        struct request request = request_of(operation_describe);
        request.deadline_ms = 30000;
        enum error error = client_send(play->client, &request, answered, play);
        i += error == error_none;
        play->sent += error == error_none;
        if (error == error_full)
            client_drain(play->client);
        if (error == error_closed)
            break;
    }
    return NULL;
}

static void listen_somewhere(struct play *play)
{
    nng_listener listener;
    int port = 0;
    nng_rep0_open(&play->socket);
    nng_listen(play->socket, "tcp://127.0.0.1:0", &listener, 0);
    nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port);
    snprintf(play->url, sizeof play->url, "tcp://127.0.0.1:%d", port);
}

static bool everything_is_answered(struct play *play)
{
    pthread_t senders[SENDERS];
    const struct client_config config = {.urls = play->url, .max_in_flight = 300};
    if (client_open(&play->client, &config) != error_none)
        return false;
    for (int i = 0; i < SENDERS; i++)
        pthread_create(&senders[i], NULL, send_all, play);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL);
    client_drain(play->client);
    client_close(&play->client);
    return play->ok == SENDERS * EACH && play->running == 0;
}

static bool close_calls_everyone(struct play *play)
{
    const struct client_config config = {.urls = play->url};
    play->sent = play->called = 0;
    if (client_open(&play->client, &config) != error_none)
        return false;
    send_all(play);
    client_close(&play->client);
    return play->sent == EACH && play->called == EACH;
}

int main(void)
{
    struct play play = {0};
    pthread_t server;
    listen_somewhere(&play);
    pthread_create(&server, NULL, serve, &play);
    pthread_detach(server);
    bool answered_all = everything_is_answered(&play), called_all = close_calls_everyone(&play);
    printf("1..2\n");
    printf("%s 1 every request of every thread is answered although connections break\n",
           answered_all ? "ok" : "not ok");
    printf("%s 2 a close in the middle calls every callback once\n", called_all ? "ok" : "not ok");
    fflush(stdout);
    _Exit(answered_all && called_all ? 0 : 1); /* the server's thread stays in its receive */
}
