/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The broker's settings. */
#ifndef BROKER_SETTINGS_H
#define BROKER_SETTINGS_H

#include "services/common/tls_settings.h"

struct broker_settings {
    char *bus, *events, *token_file, *log_level;
    int64_t frame_bytes, frames, held_bytes, parked_commands, parked_bytes, parked_ms, silent_ms, idle_ms, send_ms,
        connections, connections_per_address;
    struct tls_settings tls;
};

extern const struct settings_table broker_settings_table;

#endif
