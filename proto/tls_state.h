/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of tls.h and tls_session.h share. */
#ifndef PROTO_TLS_STATE_H
#define PROTO_TLS_STATE_H

#include "proto/tls_session.h"

#include <openssl/ssl.h>

struct tls {
    SSL_CTX *context;
    bool server;
    char *server_name;        /* NULL: the host */
    _Atomic uint32_t holders; /* only counted; the last one to leave sees what the others wrote by its ordering */
    int64_t expires;
};

/* Loads the files into the context. */
enum error tls_files_load(struct tls *tls, const struct tls_files *files, char *fault);

/* tls_fault.c: what the error queue of this thread, the alert or the check of the peer's certificate say; out has
 * TLS_FAULT_SIZE bytes. name: what the certificate should be for. */
void tls_fault_write(const SSL *ssl, const char *name, char *out);

#endif
