/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See tls_settings.h. */
#include "services/common/tls_settings.h"

#include <stdio.h>
#include <string.h>

static struct tls_files files_of(const struct tls_settings *settings)
{
    return (struct tls_files){
        .certificate = settings->certificate, .key = settings->key, .authority = settings->authority};
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool clients_of(const struct tls_settings *settings, enum tls_clients *out, char *fault)
{
    *out = is_set(settings->authority) ? TLS_CLIENTS_REQUIRED : TLS_CLIENTS_NONE;
    if (!is_set(settings->clients) || tls_clients_find(settings->clients, out)) {
        return true;
    }
    snprintf(fault, TLS_FAULT_SIZE, "tls-clients %.100s: is not required, optional or none", settings->clients);
    return false;
}

enum error tls_settings_server(
    const struct tls_settings *settings, const char *const *urls, size_t count, struct tls **out, char *fault)
{
    struct tls_files files = files_of(settings);
    enum tls_clients clients;
    bool wanted = false;

    *out = NULL;
    for (size_t i = 0; i < count; i++) {
        wanted |= urls[i] != NULL && tls_url(urls[i]);
    }
    if (!clients_of(settings, &clients, fault)) {
        return error_bad_settings;
    }
    if (!wanted && !is_set(settings->certificate)) {
        return error_none;
    }
    if (!wanted) {
        snprintf(fault,
                 TLS_FAULT_SIZE,
                 "tls-certificate is set, but no address is a tls+tcp:// one: nothing would be encrypted");
        return error_bad_settings;
    }
    return tls_open_server(out, &files, clients, fault);
}

static bool list_has_tls(const char *urls)
{
    while (urls != NULL) {
        urls += strspn(urls, ", ");
        if (tls_url(urls)) {
            return true;
        }
        urls = strchr(urls, ',');
    }
    return false;
}

enum error tls_settings_client(const struct tls_settings *settings, const char *urls, struct tls **out, char *fault)
{
    struct tls_files files = files_of(settings);

    *out = NULL;
    return list_has_tls(urls) ? tls_open_client(out, &files, settings->server_name, fault) : error_none;
}
