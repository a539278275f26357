/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See tls.h. TLS 1.2 and newer. Sessions are not resumed: connections live long, and each is to show its certificate.
 */
#include "proto/tls.h"

#include "proto/tls_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tls_url(const char *url)
{
    return strncmp(url, TLS_SCHEME, strlen(TLS_SCHEME)) == 0;
}

bool tls_clients_find(const char *name, enum tls_clients *out)
{
    static const char *const names[] = {"none", "optional", "required"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum tls_clients)i;
            return true;
        }
    }
    return false;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static enum error fail(char *fault, const char *text)
{
    snprintf(fault, TLS_FAULT_SIZE, "%s", text);
    return error_bad_settings;
}

/* ---- what is missing ---- */

static enum error server_check(const struct tls_files *files, enum tls_clients clients, char *fault)
{
    if (!is_set(files->certificate))
        return fail(fault, "tls-certificate is missing: a tls+tcp:// address needs one");
    if (!is_set(files->key))
        return fail(fault, "tls-key is missing: tls-certificate needs its key");
    if (clients != TLS_CLIENTS_NONE && !is_set(files->authority))
        return fail(fault, "tls-authority is missing: clients' certificates are checked against it");
    return error_none;
}

static enum error client_check(const struct tls_files *files, char *fault)
{
    if (!is_set(files->authority))
        return fail(fault, "tls-authority is missing: a tls+tcp:// server's certificate is checked against it");
    if (is_set(files->certificate) && !is_set(files->key))
        return fail(fault, "tls-key is missing: tls-certificate needs its key");
    if (is_set(files->key) && !is_set(files->certificate))
        return fail(fault, "tls-certificate is missing: tls-key is useless without");
    return error_none;
}

/* ---- making ---- */

static int verify_mode(enum tls_clients clients)
{
    switch (clients) {
    case TLS_CLIENTS_OPTIONAL:
        return SSL_VERIFY_PEER;
    case TLS_CLIENTS_REQUIRED:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case TLS_CLIENTS_NONE:
        break;
    }
    return SSL_VERIFY_NONE;
}

static void context_configure(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

static void tls_free(struct tls *tls)
{
    SSL_CTX_free(tls->context);
    free(tls->server_name);
    free(tls);
}

static enum error tls_new(struct tls **out, bool server, const char *server_name)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return error_no_memory;
    tls->holders = 1;
    tls->server = server;
    tls->context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (is_set(server_name))
        tls->server_name = strdup(server_name);
    if (tls->context == NULL || (is_set(server_name) && tls->server_name == NULL)) {
        tls_free(tls);
        return error_no_memory;
    }
    context_configure(tls->context);
    *out = tls;
    return error_none;
}

static enum error tls_open(struct tls **out, struct tls *tls, const struct tls_files *files, int mode, char *fault)
{
    SSL_CTX_set_verify(tls->context, mode, NULL);
    enum error error = tls_files_load(tls, files, fault);
    if (error != error_none)
        tls_free(tls);
    else
        *out = tls;
    return error;
}

enum error tls_open_server(struct tls **out, const struct tls_files *files, enum tls_clients clients, char *fault)
{
    struct tls *tls;
    enum error error = server_check(files, clients, fault);
    if (error == error_none)
        error = tls_new(&tls, true, NULL);
    return error == error_none ? tls_open(out, tls, files, verify_mode(clients), fault) : error;
}

enum error tls_open_client(struct tls **out, const struct tls_files *files, const char *server_name, char *fault)
{
    struct tls *tls;
    enum error error = client_check(files, fault);
    if (error == error_none)
        error = tls_new(&tls, false, server_name);
    return error == error_none ? tls_open(out, tls, files, SSL_VERIFY_PEER, fault) : error;
}

struct tls *tls_hold(struct tls *tls)
{
    if (tls != NULL)
        tls->holders++;
    return tls;
}

void tls_release(struct tls **tls)
{
    struct tls *released = *tls;
    *tls = NULL;
    if (released != NULL && --released->holders == 0)
        tls_free(released);
}

bool tls_asks(const struct tls *tls)
{
    return SSL_CTX_get_verify_mode(tls->context) != SSL_VERIFY_NONE;
}

int64_t tls_expires(const struct tls *tls)
{
    return tls->expires;
}
