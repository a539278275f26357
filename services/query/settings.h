/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The query service's settings. */
#ifndef QUERY_SETTINGS_H
#define QUERY_SETTINGS_H

#include "services/common/tls_settings.h"

struct query_settings {
    char *name, *bus, *store, *read_models, *journal, *service_token, *log_level;
    struct setting_list domains;
    struct tls_settings tls;
    int64_t readers, history_threads, jobs_max, wait_ms, statement_ms, stall_ms, followers_max, ring_bytes, decide_ms;
};

extern const struct settings_table query_settings_table;

#endif
