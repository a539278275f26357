/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A link on nng's REQ protocol. Each slot owns one context and one aio, which first sends the frame and then waits for
 * its reply; a slot is free again before its callback runs, so that the callback may send. Resending is off: a lost
 * connection ends what was sent with error_closed, and what still waited to be sent goes out on the next connection. */
#include "proto/link.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/transport/ipc/ipc.h>
#include <nng/transport/tcp/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "proto/link_cut.h"
#include "proto/status.h"
#include "proto/tunnel.h"

enum { RECONNECT_MIN_MS = 10, RECONNECT_MAX_MS = 1000, SP_HEADER_BYTES = 4, CUT_WAIT_MS = 1000 };

enum slot_state { SLOT_SENDING = 1, SLOT_RECEIVING };

struct slot {
    struct link *link;
    struct slot *next; /* in the list of free slots */
    nng_ctx ctx;
    nng_aio *aio;
    enum slot_state state;
    int64_t deadline_ms;
    link_done done;
    void *context;
};

struct link {
    nng_socket socket;
    struct tunnel *tunnel; /* NULL: no TLS */
    size_t max_bytes;
    link_watch watch;
    void *watch_context;
    pthread_mutex_t lock; /* guards free, closing; taken last, never held over a callback */
    pthread_cond_t changed;
    struct slot *free;
    _Atomic bool closing; /* written under the lock; a stale read costs one more round of slots_end */
    /* Written under the lock; read without it as a hint, so no ordering is needed. */
    _Atomic uint32_t free_count;
    /* Both set under the lock by nng's notifications, which are in order; readers without it take it as a hint. */
    _Atomic bool connected;
    nng_pipe pipe;
    char *url; /* that nng dials */
    nng_dialer dialer;
    bool asleep; /* the dialer may be, until a time of day that is far away; of link_tend's thread */
    uint32_t slot_count;
    struct slot slots[];
};

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void slot_put(struct slot *slot)
{
    struct link *link = slot->link;
    pthread_mutex_lock(&link->lock);
    slot->next = link->free;
    link->free = slot;
    link->free_count++;
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
}

static void slot_end(struct slot *slot, enum error error, nng_msg *message)
{
    link_done done = slot->done;
    void *context = slot->context;
    struct slice reply = {0};
    if (message != NULL)
        reply = slice_of(nng_msg_body(message), nng_msg_len(message));
    slot_put(slot);
    done(context, error, reply);
    if (message != NULL)
        nng_msg_free(message);
}

static enum error send_error(const struct link *link, int result)
{
    switch (result) {
    case NNG_ECANCELED: /* by slots_cancel */
        return link->closing ? error_closed : error_unreachable;
    case NNG_ETIMEDOUT:
        return error_unreachable;
    case NNG_ENOMEM:
        return error_no_memory;
    case NNG_EMSGSIZE:
        return error_too_long;
    default:
        return error_closed;
    }
}

static enum error receive_error(int result)
{
    switch (result) {
    case 0:
        return error_none;
    case NNG_ETIMEDOUT:
        return error_timed_out;
    case NNG_ENOMEM:
        return error_no_memory;
    default:
        return error_closed;
    }
}

static void slot_sent(struct slot *slot, int result)
{
    if (result != 0) {
        nng_msg_free(nng_aio_get_msg(slot->aio));
        nng_aio_set_msg(slot->aio, NULL);
        slot_end(slot, send_error(slot->link, result), NULL);
        return;
    }
    if (slot->link->closing) {
        slot_end(slot, error_closed, NULL);
        return;
    }
    int64_t left = slot->deadline_ms - now_ms();
    slot->state = SLOT_RECEIVING;
    nng_aio_set_timeout(slot->aio, left > 0 ? (nng_duration)left : NNG_DURATION_ZERO);
    nng_ctx_recv(slot->ctx, slot->aio);
}

static void slot_advance(void *context)
{
    struct slot *slot = context;
    int result = nng_aio_result(slot->aio);
    if (slot->state == SLOT_SENDING) {
        slot_sent(slot, result);
        return;
    }
    nng_msg *message = result == 0 ? nng_aio_get_msg(slot->aio) : NULL;
    nng_aio_set_msg(slot->aio, NULL);
    slot_end(slot, receive_error(result), message);
}

/* Frames that were not handed to the lost connection yet end like the rest: waiting for the next one could take for
 * ever while another broker is there. Cancelling a free slot's aio does nothing. */
static void slots_cancel(struct link *link)
{
    for (uint32_t i = 0; i < link->slot_count; i++)
        nng_aio_cancel(link->slots[i].aio);
}

static void link_notified(nng_pipe pipe, nng_pipe_ev event, void *context)
{
    struct link *link = context;
    bool connected = event == NNG_PIPE_EV_ADD_POST;
    pthread_mutex_lock(&link->lock);
    link->pipe = pipe;
    link->connected = connected;
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
    if (!connected)
        slots_cancel(link);
    if (link->watch != NULL)
        link->watch(link->watch_context, connected);
}

static bool url_usable(const struct link_config *config)
{
    const char *url = config->url;
    if (url == NULL || strlen(url) >= NNG_MAXADDRLEN)
        return false;
    return strncmp(url, "tcp://", 6) == 0 || strncmp(url, "ipc://", 6) == 0 || (tls_url(url) && config->tls != NULL);
}

static enum error open_error(int result)
{
    if (result == 0)
        return error_none;
    return result == NNG_ENOMEM ? error_no_memory : error_bad_address;
}

static int socket_configure(struct link *link)
{
    int result = nng_req0_open(&link->socket);
    if (result == 0)
        result = nng_socket_set_ms(link->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    if (result == 0)
        result = nng_socket_set_size(link->socket, NNG_OPT_RECVMAXSZ, link->max_bytes + SP_HEADER_BYTES);
    if (result == 0)
        result = nng_socket_set_ms(link->socket, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
    if (result == 0)
        result = nng_socket_set_ms(link->socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
    if (result == 0)
        result = nng_pipe_notify(link->socket, NNG_PIPE_EV_ADD_POST, link_notified, link);
    if (result == 0)
        result = nng_pipe_notify(link->socket, NNG_PIPE_EV_REM_POST, link_notified, link);
    return result;
}

static int slots_open(struct link *link, uint32_t slots)
{
    for (uint32_t i = 0; i < slots; i++) {
        struct slot *slot = &link->slots[i];
        slot->link = link;
        int result = nng_ctx_open(&slot->ctx, link->socket);
        if (result == 0 && (result = nng_aio_alloc(&slot->aio, slot_advance, slot)) != 0)
            nng_ctx_close(slot->ctx);
        if (result != 0)
            return result;
        link->slot_count++;
        slot_put(slot);
    }
    return 0;
}

static int link_dial(struct link *link)
{
    int result = nng_dialer_create(&link->dialer, link->socket, link->url);
    if (result != 0)
        return result;
    if (strncmp(link->url, "tcp://", 6) == 0) {
        nng_dialer_set_bool(link->dialer, NNG_OPT_TCP_NODELAY, true);
        nng_dialer_set_bool(link->dialer, NNG_OPT_TCP_KEEPALIVE, true);
    }
    return nng_dialer_start(link->dialer, NNG_FLAG_NONBLOCK);
}

static enum error link_connect(struct link *link, const struct link_config *config)
{
    enum error error = error_none;
    if (tls_url(config->url))
        error = tunnel_dial(&link->tunnel, config->url, config->tls);
    if (error != error_none)
        return error;
    link->url = strdup(link->tunnel == NULL ? config->url : tunnel_url(link->tunnel));
    return link->url == NULL ? error_no_memory : open_error(link_dial(link));
}

enum error link_open(struct link **out, const struct link_config *config)
{
    if (!url_usable(config))
        return error_bad_address;
    if (config->slots == 0 || config->slots > limit_frames_in_flight || config->max_bytes == 0)
        return error_out_of_range;
    struct link *link = calloc(1, sizeof *link + config->slots * sizeof link->slots[0]);
    if (link == NULL)
        return error_no_memory;
    link->max_bytes = config->max_bytes;
    link->watch = config->watch;
    link->watch_context = config->watch_context;
    pthread_mutex_init(&link->lock, NULL);
    pthread_cond_init(&link->changed, NULL);
    int result = socket_configure(link);
    if (result == 0)
        result = slots_open(link, config->slots);
    enum error error = result == 0 ? link_connect(link, config) : open_error(result);
    if (error != error_none)
        link_close(&link);
    else
        *out = link;
    return error;
}

static enum error slot_take(struct link *link, struct slot **out)
{
    enum error error = error_none;
    pthread_mutex_lock(&link->lock);
    if (link->closing) {
        error = error_closed;
    } else if (link->free == NULL) {
        error = error_full;
    } else {
        *out = link->free;
        link->free = link->free->next;
        link->free_count--;
    }
    pthread_mutex_unlock(&link->lock);
    return error;
}

static void bytes_put(uint8_t *to, struct slice bytes)
{
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
}

enum error link_send(struct link *link, struct slice frame, uint32_t timeout_ms, link_done done, void *context)
{
    return link_send_two(link, frame, (struct slice){0}, timeout_ms, done, context);
}

enum error link_send_two(
    struct link *link, struct slice head, struct slice rest, uint32_t timeout_ms, link_done done, void *context)
{
    if (head.size + rest.size > link->max_bytes)
        return error_too_long;
    nng_msg *message;
    if (nng_msg_alloc(&message, head.size + rest.size) != 0)
        return error_no_memory;
    bytes_put(nng_msg_body(message), head);
    bytes_put((uint8_t *)nng_msg_body(message) + head.size, rest);
    struct slot *slot;
    enum error error = slot_take(link, &slot);
    if (error != error_none) {
        nng_msg_free(message);
        return error;
    }
    slot->state = SLOT_SENDING;
    slot->deadline_ms = now_ms() + timeout_ms;
    slot->done = done;
    slot->context = context;
    nng_aio_set_msg(slot->aio, message);
    nng_aio_set_timeout(slot->aio, (nng_duration)timeout_ms);
    nng_ctx_send(slot->ctx, slot->aio);
    return error_none;
}

uint32_t link_free_slots(const struct link *link)
{
    return link->free_count;
}

bool link_connected(const struct link *link)
{
    return link->connected;
}

void link_fault(const struct link *link, char out[TLS_FAULT_SIZE])
{
    out[0] = '\0';
    if (link->tunnel != NULL && !link->connected)
        tunnel_fault(link->tunnel, out);
}

void link_tend(struct link *link, bool set_back)
{
    link->asleep |= set_back;
    if (!link->asleep || link->connected)
        return;
    nng_dialer_close(link->dialer);
    link->asleep = link_dial(link) != 0;
}

/* Waits for a change, the lock held, until then or a little longer. */
static void link_wait(struct link *link, int64_t milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += milliseconds % 1000 * 1000000;
    until.tv_sec += milliseconds / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&link->changed, &link->lock, &until);
}

/* Cancels until every frame has ended: a cancel that comes between the two halves of a slot's work does nothing. */
static void slots_end(struct link *link)
{
    pthread_mutex_lock(&link->lock);
    link->closing = true;
    while (link->free_count < link->slot_count) {
        pthread_mutex_unlock(&link->lock);
        slots_cancel(link);
        pthread_mutex_lock(&link->lock);
        if (link->free_count < link->slot_count)
            link_wait(link, 1);
    }
    pthread_mutex_unlock(&link->lock);
}

/* See link_cut.h. A local socket cannot be cut; there the connection is closed as it is. */
static void link_disconnect(struct link *link)
{
    pthread_mutex_lock(&link->lock);
    nng_pipe pipe = link->pipe;
    bool connected = link->connected;
    pthread_mutex_unlock(&link->lock);
    if (!connected || !pipe_cut(pipe))
        return;
    int64_t until = now_ms() + CUT_WAIT_MS;
    pthread_mutex_lock(&link->lock);
    while (link->connected && link->pipe.id == pipe.id && now_ms() < until)
        link_wait(link, until - now_ms());
    pthread_mutex_unlock(&link->lock);
}

/* In this order: nng frees a context on the thread that uses it last, and must not find the socket gone by then; and
 * its notifications look at the slots until the socket is closed. */
static void link_teardown(struct link *link)
{
    for (uint32_t i = 0; i < link->slot_count; i++)
        nng_aio_stop(link->slots[i].aio); /* waits for the callback to return */
    for (uint32_t i = 0; i < link->slot_count; i++)
        nng_ctx_close(link->slots[i].ctx);
    tunnel_shut(link->tunnel);
    link_disconnect(link);
    nng_close(link->socket);
    tunnel_close(&link->tunnel);
    for (uint32_t i = 0; i < link->slot_count; i++)
        nng_aio_free(link->slots[i].aio);
}

void link_close(struct link **link)
{
    struct link *closing = *link;
    *link = NULL;
    if (closing == NULL)
        return;
    slots_end(closing);
    link_teardown(closing);
    pthread_cond_destroy(&closing->changed);
    pthread_mutex_destroy(&closing->lock);
    free(closing->url);
    free(closing);
}
