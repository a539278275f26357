/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See connect.h. */
#include "services/cli/connect.h"

#include "proto/link_probe.h"
#include "services/cli/platform.h"

#include <stdio.h>
#include <string.h>

#define BUS_DEFAULT "tcp://127.0.0.1:7410"

static enum error complain(enum error error)
{
    fprintf(stderr, "fluvius: %s\n", error_text(error));
    return error;
}

/* The bus that is meant; a view into the settings or platform. */
static const char *bus_find(const struct connect_settings *settings, struct platform *platform)
{
    if (settings->bus != NULL) {
        return settings->bus;
    }
    return platform_read(settings->data, platform) == error_none ? platform->bus : BUS_DEFAULT;
}

enum error connect_tls(const struct connect_settings *settings, const char *urls, struct tls **out)
{
    char fault[TLS_FAULT_SIZE];
    enum error error = tls_settings_client(&settings->tls, urls, out, fault);

    if (error == error_bad_settings) {
        fprintf(stderr, "fluvius: %s\n", fault);
        return error;
    }
    return error == error_none ? error_none : complain(error);
}

enum error connect_open(const struct connect_settings *settings, struct client **out)
{
    struct platform platform;
    struct client_config config = {.urls = bus_find(settings, &platform), .token = settings->token};
    enum error error = connect_tls(settings, config.urls, &config.tls);

    if (error != error_none) {
        return error;
    }
    error = client_open(out, &config);
    tls_release(&config.tls);
    return error == error_none ? error_none : complain(error);
}

/* Says why no broker answered: what TLS found, or what is there at the first address. */
static void complain_unreached(const struct client *client, const struct connect_settings *settings)
{
    char fault[TLS_FAULT_SIZE], found[LINK_PROBE_SIZE], url[ADDRESS_SIZE];
    struct platform platform;
    const char *bus;

    client_fault(client, fault);
    bus = bus_find(settings, &platform);
    snprintf(url, sizeof url, "%.*s", (int)strcspn(bus, ","), bus);
    if (fault[0] == '\0' && !link_probe(url, found)) {
        snprintf(fault, sizeof fault, "%s", found);
    }
    if (fault[0] != '\0') {
        fprintf(stderr, "fluvius: %s\n", fault);
    }
    fprintf(stderr, "fluvius: no broker answers; is the platform up? (fluvius up, or --bus URL)\n");
}

enum error connect_call(struct client *client,
                        const struct connect_settings *settings,
                        struct request *request,
                        struct reply *out,
                        struct buffer *memory)
{
    enum error error;

    request->deadline_ms = (uint32_t)settings->deadline_ms;
    error = client_call(client, request, out, memory);
    if (error != error_none) {
        return complain(error);
    }
    if (out->status == status_deadline && !client_connected(client)) {
        complain_unreached(client, settings);
    }
    return error_none;
}

enum error
connect_once(const struct connect_settings *settings, struct request *request, struct reply *out, struct buffer *memory)
{
    struct client *client;
    enum error error = connect_open(settings, &client);

    if (error != error_none) {
        return error;
    }
    error = connect_call(client, settings, request, out, memory);
    client_close(&client);
    return error;
}
