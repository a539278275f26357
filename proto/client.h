/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The C client library: send requests to a platform and get replies. It batches naturally (sends at once when idle,
 * gathers while frames are in flight), keeps within the connection's credits, and follows a request until it is decided
 * or its deadline passes: on a lost connection, `moved`, `unavailable` or `busy` it tries again with the same command
 * id, with back-off and on the next broker of the list. Receipts make that safe: a command is never applied twice. A
 * query that is `unavailable` ends at once: whoever says so has waited as long as waiting is of use.
 *
 * Thread-safe. Callbacks run on a thread of the library, one at a time for each client. */
#ifndef PROTO_CLIENT_H
#define PROTO_CLIENT_H

#include "proto/envelope.h"
#include "proto/tls.h"

struct client;

struct client_config {
    const char *urls;       /* brokers, separated by commas */
    const char *token;      /* credentials; NULL for none */
    struct tls *tls;        /* of tls_open_client, for tls+tcp:// brokers; held. NULL: none */
    uint32_t max_in_flight; /* requests; client_send gives error_full above it. 0: 4,096 */
    uint32_t frames;        /* frames in flight on the connection; 0: 2 */
    uint32_t batch;         /* requests a frame; 0: 256 */
    size_t max_bytes;       /* of a frame; 0: limit_frame_bytes */
};

/* Called exactly once for each request that client_send took. reply is valid only during the call. A request that was
 * never answered ends with status_deadline (it may have run) or status_unavailable (client closed). */
typedef void (*client_done)(void *context, const struct reply *reply);

enum error client_open(struct client **out, const struct client_config *config);
/* Copies what request points to. A command without an id gets a new version 7 one, which is written to request->id, so
 * that the caller can retry with it. request->raw is not used. */
enum error client_send(struct client *client, struct request *request, client_done done, void *context);
/* client_send and wait. The reply's slices are views into *memory, which the caller frees with buffer_fini. */
enum error client_call(struct client *client, struct request *request, struct reply *out, struct buffer *memory);
/* Waits until nothing is in flight. */
void client_drain(struct client *client);
bool client_connected(const struct client *client);
/* Why no broker is connected, as far as TLS knows (link_fault), of the first that has something to say. */
void client_fault(const struct client *client, char out[TLS_FAULT_SIZE]);
/* Ends what is in flight with status_unavailable, waits for callbacks, frees. Nulls *client. */
void client_close(struct client **client);

/* A fresh version 7 UUID from the system's clock and random source; this is the I/O end of uuid_v7. */
struct uuid client_new_id(void);

#endif
