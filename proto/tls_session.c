/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See tls_session.h. */
#include "proto/tls_session.h"

#include "proto/tls_state.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct tls_session {
    struct tls *tls;
    SSL *ssl;
    char name[256];       /* what the peer's certificate must be for; empty on a server */
    bool shaken, foreign; /* foreign: what came was no TLS */
    char fault[TLS_FAULT_SIZE];
};

static bool is_address(const char *name)
{
    struct in6_addr address;
    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

/* Only names among the alternatives count, not the subject's, which is for people (RFC 6125, section 6.4.4). */
static bool name_expect(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_address(name))
        return X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1;
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool session_begin(struct tls_session *session, int socket)
{
    session->ssl = SSL_new(session->tls->context);
    if (session->ssl == NULL || SSL_set_fd(session->ssl, socket) != 1)
        return false;
    if (session->tls->server)
        SSL_set_accept_state(session->ssl);
    else
        SSL_set_connect_state(session->ssl);
    return session->tls->server || name_expect(session->ssl, session->name);
}

enum error tls_session_new(struct tls_session **out, struct tls *tls, int socket, const char *host)
{
    struct tls_session *session = calloc(1, sizeof *session);
    const char *name = tls->server_name != NULL ? tls->server_name : host;
    if (session == NULL)
        return error_no_memory;
    session->tls = tls_hold(tls);
    if (name != NULL)
        strncpy(session->name, name, sizeof session->name - 1);
    if (!session_begin(session, socket)) {
        ERR_clear_error();
        tls_session_free(&session);
        return error_no_memory;
    }
    *out = session;
    return error_none;
}

void tls_session_free(struct tls_session **session)
{
    if (*session == NULL)
        return;
    SSL_free((*session)->ssl);
    tls_release(&(*session)->tls);
    free(*session);
    *session = NULL;
}

/* Once shaken hands, a connection that ends without a goodbye has just ended: messages have lengths of their own. */
static enum tls_progress progress_of(struct tls_session *session, int result)
{
    int error = SSL_get_error(session->ssl, result);
    unsigned long code = ERR_peek_error();
    switch (error) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_CLOSED;
    default:
        break;
    }
    bool ended = error == SSL_ERROR_SYSCALL || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    session->foreign = ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER;
    tls_fault_write(session->ssl, session->name, session->fault);
    return session->shaken && ended ? TLS_CLOSED : TLS_FAILED;
}

enum tls_progress tls_session_shake(struct tls_session *session)
{
    ERR_clear_error();
    int result = SSL_do_handshake(session->ssl);
    session->shaken = result == 1;
    return result == 1 ? TLS_DONE : progress_of(session, result);
}

enum tls_progress tls_session_read(struct tls_session *session, void *out, size_t room, size_t *got)
{
    ERR_clear_error();
    int result = SSL_read_ex(session->ssl, out, room, got);
    return result == 1 ? TLS_DONE : progress_of(session, result);
}

enum tls_progress tls_session_write(struct tls_session *session, const void *bytes, size_t size, size_t *taken)
{
    ERR_clear_error();
    int result = SSL_write_ex(session->ssl, bytes, size, taken);
    return result == 1 ? TLS_DONE : progress_of(session, result);
}

/* Alert, TLS 1.2's record layer, two bytes: fatal, protocol version (RFC 8446, section 6). OpenSSL says nothing to who
 * does not speak TLS; but with this a client in plain TCP can tell its user whom it has reached. */
static void alert_send(int socket)
{
    static const unsigned char alert[] = {0x15, 3, 3, 0, 2, 2, 70};
    send(socket, alert, sizeof alert, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void tls_session_end(struct tls_session *session)
{
    ERR_clear_error();
    if (session->shaken)
        SSL_shutdown(session->ssl);
    else if (session->foreign && session->tls->server)
        alert_send(SSL_get_fd(session->ssl));
    ERR_clear_error();
}

bool tls_session_checked(const struct tls_session *session)
{
    return SSL_get_verify_mode(session->ssl) != SSL_VERIFY_NONE && SSL_get0_peer_certificate(session->ssl) != NULL &&
           SSL_get_verify_result(session->ssl) == X509_V_OK;
}

const char *tls_session_fault(const struct tls_session *session)
{
    return session->fault;
}
