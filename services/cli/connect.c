/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See connect.h. */
#include "services/cli/connect.h"

#include "services/cli/platform.h"

#include <stdio.h>

#define BUS_DEFAULT "tcp://127.0.0.1:7410"

static enum error complain(enum error error)
{
    fprintf(stderr, "fluvius: %s\n", error_text(error));
    return error;
}

enum error connect_open(const struct connect_settings *settings, struct client **out)
{
    struct client_config config = {.urls = settings->bus, .token = settings->token};
    struct platform platform;
    enum error error;

    if (config.urls == NULL) {
        config.urls = platform_read(settings->data, &platform) == error_none ? platform.bus : BUS_DEFAULT;
    }
    error = client_open(out, &config);
    return error == error_none ? error_none : complain(error);
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
        fprintf(stderr, "fluvius: no broker answers; is the platform up? (fluvius up, or --bus URL)\n");
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
