/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The projector's settings. */
#ifndef PROJECTOR_SETTINGS_H
#define PROJECTOR_SETTINGS_H

#include "services/common/settings.h"
#include "services/common/tls_settings.h"

struct projector_settings {
    char *name, *bus, *store, *read_models, *service_token, *log_level;
    struct setting_list domains;
    int64_t lease_ms, cache_bytes, poll_ms, keep_ms;
    struct tls_settings tls;
};

extern const struct settings_table projector_settings_table;

#endif
