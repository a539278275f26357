/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The settings of TLS, the same wherever a bus is served or connected to. */
#ifndef COMMON_TLS_SETTINGS_H
#define COMMON_TLS_SETTINGS_H

#include "proto/tls.h"
#include "services/common/settings.h"

struct tls_settings {
    char *certificate, *key, *authority;
    char *clients;     /* servers: whether clients must show a certificate */
    char *server_name; /* clients: what the servers' certificates are for */
};

#define TLS_SETTING(STRUCT, MEMBER, NAME, HELP)                                                                        \
    {                                                                                                                  \
        NAME, SETTING_TEXT, offsetof(STRUCT, MEMBER), NULL, 0, 0, HELP                                                 \
    }
/* Entries for a settings table whose struct has a tls_settings as MEMBER. */
#define TLS_SETTINGS(STRUCT, MEMBER)                                                                                   \
    TLS_SETTING(STRUCT, MEMBER.certificate, "tls-certificate", "PEM file: own certificate and those above it"),        \
        TLS_SETTING(STRUCT, MEMBER.key, "tls-key", "PEM file: its key; not readable for everybody"),                   \
        TLS_SETTING(STRUCT, MEMBER.authority, "tls-authority", "PEM file: whose certificates of others are trusted")
#define TLS_SERVER_SETTINGS(STRUCT, MEMBER)                                                                            \
    TLS_SETTINGS(STRUCT, MEMBER),                                                                                      \
        TLS_SETTING(STRUCT,                                                                                            \
                    MEMBER.clients,                                                                                    \
                    "tls-clients",                                                                                     \
                    "certificates of clients: required (with tls-authority), optional, none")
#define TLS_SERVER_NAME_HELP "whom the broker's certificate is for, if not the URL's host"
#define TLS_CLIENT_SETTINGS(STRUCT, MEMBER)                                                                            \
    TLS_SETTINGS(STRUCT, MEMBER), TLS_SETTING(STRUCT, MEMBER.server_name, "tls-server-name", TLS_SERVER_NAME_HELP)

/* For a server. *out NULL when none of the URLs (NULL ones are skipped) is a tls+tcp:// one; then it is a fault to have
 * set a certificate. error_bad_settings: fault, of TLS_FAULT_SIZE bytes, names what is wrong. */
enum error tls_settings_server(
    const struct tls_settings *settings, const char *const *urls, size_t count, struct tls **out, char *fault);
/* For a client of the URLs, separated by commas. *out NULL when none is a tls+tcp:// one. */
enum error tls_settings_client(const struct tls_settings *settings, const char *urls, struct tls **out, char *fault);

#endif
