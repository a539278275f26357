/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * TLS on one socket that does not block, for the tunnel alone. */
#ifndef PROTO_TLS_SESSION_H
#define PROTO_TLS_SESSION_H

#include "proto/tls.h"

#include <stddef.h>

struct tls_session;

enum tls_progress {
    TLS_DONE = 0,
    TLS_WANTS_READ,  /* go on when the socket is readable */
    TLS_WANTS_WRITE, /* go on when it is writable */
    TLS_CLOSED,      /* the peer closed the connection */
    TLS_FAILED,      /* tls_session_fault says why */
};

enum { TLS_RECORD_BYTES = 16384 }; /* what a read may give at once */

/* host: the one that is connected to; NULL on a server. error_no_memory. */
enum error tls_session_new(struct tls_session **out, struct tls *tls, int socket, const char *host);
void tls_session_free(struct tls_session **session);

enum tls_progress tls_session_shake(struct tls_session *session);
/* At least TLS_RECORD_BYTES of room, so that nothing that was decrypted is left where epoll does not see it. */
enum tls_progress tls_session_read(struct tls_session *session, void *out, size_t room, size_t *got);
/* May take less than size. After TLS_WANTS_* the same bytes must be given again, wherever they are then. */
enum tls_progress tls_session_write(struct tls_session *session, const void *bytes, size_t size, size_t *taken);
/* Says goodbye, as far as the socket takes it at once. */
void tls_session_end(struct tls_session *session);

/* Did the peer show a certificate of an authority we trust? */
bool tls_session_checked(const struct tls_session *session);
/* What went wrong, as said of the peer: "shows no certificate". */
const char *tls_session_fault(const struct tls_session *session);

#endif
