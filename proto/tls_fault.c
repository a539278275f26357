/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL's reasons in words that say what to do about them; always said of the peer. */
#include "proto/tls_state.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>

struct reason {
    int number;
    const char *text;
};

/* What was wrong with the peer's certificate (openssl/x509_vfy.h). */
static const struct reason checks[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "shows a certificate that has expired"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "shows a certificate that is not valid yet"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "shows a certificate of an authority that is not in tls-authority"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "shows a certificate of an authority that is not in tls-authority"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "shows a certificate of an authority that is not in tls-authority"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "shows a certificate of its own making, which is not in tls-authority"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "shows a certificate of another authority with the name of one we trust"},
    {X509_V_ERR_INVALID_PURPOSE, "shows a certificate that is not made for this use (extendedKeyUsage)"},
    {0}};

/* What the peer, or the library here, said (openssl/sslerr.h); alerts of the peer are 1,000 and their number. */
static const struct reason reasons[] = {
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "shows no certificate"},
    {SSL_R_WRONG_VERSION_NUMBER, "does not speak TLS (tcp:// instead of tls+tcp://?)"},
    {SSL_R_HTTP_REQUEST, "speaks HTTP, not TLS"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "speaks no version of TLS that is spoken here (1.2 and 1.3)"},
    {SSL_R_NO_SHARED_CIPHER, "has no cipher in common with us"},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, "closed the connection in the middle of the TLS handshake"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "wants a certificate of ours: set tls-certificate and tls-key"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "refused the TLS handshake: does it want a certificate (tls-certificate)?"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "says that our certificate has expired"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "does not know the authority of our certificate"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "refused our certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "refused our certificate"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "says that our certificate is not made for this use"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "speaks no version of TLS that is spoken here (1.2 and 1.3)"},
    {SSL_R_TLSV1_ALERT_DECRYPT_ERROR, "could not check our certificate's signature"},
    {0}};

static const char *text_of(const struct reason *list, int number)
{
    for (; list->number != 0; list++)
        if (list->number == number)
            return list->text;
    return NULL;
}

static void check_write(long check, const char *name, char *out)
{
    const char *text = text_of(checks, (int)check);
    if (check == X509_V_ERR_HOSTNAME_MISMATCH || check == X509_V_ERR_IP_ADDRESS_MISMATCH)
        snprintf(out, TLS_FAULT_SIZE, "shows a certificate that is not for \"%s\"", name == NULL ? "" : name);
    else if (text != NULL)
        snprintf(out, TLS_FAULT_SIZE, "%s", text);
    else
        snprintf(out, TLS_FAULT_SIZE, "shows a bad certificate: %s", X509_verify_cert_error_string(check));
}

void tls_fault_write(const SSL *ssl, const char *name, char *out)
{
    unsigned long code = ERR_peek_error(); /* the first is the cause */
    int reason = ERR_GET_REASON(code);
    const char *text = ERR_GET_LIB(code) == ERR_LIB_SSL ? text_of(reasons, reason) : NULL;
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        check_write(SSL_get_verify_result(ssl), name, out);
    else if (text != NULL)
        snprintf(out, TLS_FAULT_SIZE, "%s", text);
    else if (code != 0 && ERR_reason_error_string(code) != NULL)
        snprintf(out, TLS_FAULT_SIZE, "failed the TLS handshake: %s", ERR_reason_error_string(code));
    else
        snprintf(out, TLS_FAULT_SIZE, "closed the connection in the middle of the TLS handshake");
    ERR_clear_error();
}
