/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * fluvius-gateway: the platform over HTTP. */
#include <stdlib.h>

#include "services/gateway/gateway.h"

static int gateway_main(struct gateway *gateway)
{
    log_init("gateway", gateway->settings.log_level);
    gateway->inbox = inbox_new();
    if (gateway->inbox == NULL)
        return EXIT_FAILURE;
    process_init(gateway->inbox, true);
    int code = gateway_open(gateway);
    if (code == 0)
        gateway_run(gateway);
    gateway_close(gateway);
    process_fini();
    inbox_free(&gateway->inbox);
    return code;
}

int main(int argc, char **argv)
{
    struct gateway gateway = {0};
    enum settings_outcome outcome = gateway_settings_load(&gateway.settings, argc, argv);
    int code = outcome == SETTINGS_OK ? gateway_main(&gateway) : outcome == SETTINGS_HELP ? 0 : 2;
    gateway_settings_fini(&gateway.settings);
    return code;
}
