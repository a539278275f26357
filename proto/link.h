/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One connection to one broker: up to `slots` frames in flight, each answered on its own. It neither retries nor keeps
 * order; the client library and the shards do that on top. nng's REQ protocol underneath, one context a slot, resending
 * off, so that a lost connection is told and not hidden. */
#ifndef PROTO_LINK_H
#define PROTO_LINK_H

#include "proto/error.h"
#include "proto/slice.h"
#include "proto/tls.h"
#include "proto/writer.h"

struct link;

/* Called once for each frame that link_send took, on a thread of nng: error 0 and the reply, which is valid only during
 * the call; or error_timed_out, error_closed (the connection was lost; the outcome is unknown), error_unreachable (no
 * connection within the time, or it was lost before the frame's turn came; the frame was not sent). It may call
 * link_send, but not link_close. */
typedef void (*link_done)(void *context, enum error error, struct slice reply);
/* Told when the connection to the broker is made or lost; on a thread of nng. */
typedef void (*link_watch)(void *context, bool connected);

struct link_config {
    const char *url;  /* tcp://, tls+tcp:// or ipc:// */
    struct tls *tls;  /* of tls_open_client, for tls+tcp://; held. NULL: none */
    size_t max_bytes; /* of a frame, either way; a larger reply closes the connection */
    uint32_t slots;   /* frames in flight, 1 to limit_frames_in_flight */
    link_watch watch; /* may be NULL */
    void *watch_context;
};

/* Returns at once and connects in the background, again and again. error_bad_address for a URL that cannot be one, also
 * tls+tcp:// without tls. */
enum error link_open(struct link **out, const struct link_config *config);
/* Copies frame and sends it. error_full when every slot is taken. Any thread. */
enum error link_send(struct link *link, struct slice frame, uint32_t timeout_ms, link_done done, void *context);
/* Likewise a frame whose bytes are in two places. */
enum error link_send_two(
    struct link *link, struct slice head, struct slice rest, uint32_t timeout_ms, link_done done, void *context);
uint32_t link_free_slots(const struct link *link);
bool link_connected(const struct link *link);
/* Why the last attempt to connect by tls+tcp:// failed, for a person; empty when it did not, or for other URLs. */
void link_fault(const struct link *link, char out[TLS_FAULT_SIZE]);
/* Now and then while there is no connection. nng sleeps between two attempts to connect until a time of day: once the
 * clock was set back (clock_step.h) this begins anew, as soon as there is no connection. One thread at a time, without
 * a lock that `watch` takes. */
void link_tend(struct link *link, bool set_back);
/* Ends every frame in flight with error_closed, waits for the callbacks, frees. Nulls *link. */
void link_close(struct link **link);

#endif
