/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's settings. */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "services/common/log.h"
#include "services/common/tls_settings.h"

struct gateway_settings {
    char *http;              /* ADDR:PORT */
    struct setting_list bus; /* brokers */
    char *token_file;        /* NULL for none */
    char *service_token;     /* the gateway's own credentials; NULL for none */
    struct setting_list hosts, origins;
    struct tls_settings tls;
    char *reads, *journal; /* NULL for none */
    int64_t max_in_flight, streams_max;
    char *log_level_name;
    enum log_level log_level;
    char *bus_urls; /* bus, joined with commas */
};

/* As settings_load; also checks what a table cannot say, with a line to standard error. */
enum settings_outcome gateway_settings_load(struct gateway_settings *out, int argc, char **argv);
void gateway_settings_fini(struct gateway_settings *settings);

#endif
