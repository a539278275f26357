/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The shard's settings. */
#ifndef SHARD_SETTINGS_H
#define SHARD_SETTINGS_H

#include "services/common/tls_settings.h"

struct shard_settings {
    char *name, *bus, *store, *units, *journal, *service_token, *log_level;
    struct setting_list domains;
    struct tls_settings tls;
    int64_t partitions, files, snapshot_events, actors_max, actor_bytes_max, idle_ms, commits, batch_records, jobs_max,
        receipts_max, decide_ms, lease_ms, handoffs, loads;
};

extern const struct settings_table shard_settings_table;

#define UNITS_MAX 64

/* Which of a log's units are meant: "0,2" names them, "1/3" is every third from unit 1 on. False when the text is
 * neither, names one that the log has not, or means none; units has room for UNITS_MAX. */
bool units_parse(const char *text, uint32_t log_units, uint32_t *units, uint32_t *count);

#endif
