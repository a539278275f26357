/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What `fluvius up` is going to run: its settings, checked, and the services made of them. */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "services/cli/children.h"
#include "services/common/tls_settings.h"

#include <stdio.h>

#define FILES_MAX 16 /* log files of the embedded store; a shard needs at least one of its own */
#define SHARDS_MAX 32
#define STORE_PARTITIONS 16
#define QUERIES_MAX 8

struct up_settings {
    char *data, *store, *http, *bus, *events, *token_file, *log_level;
    int64_t shards, projectors, brokers, files, queries;
    struct setting_list domains, earlier_domains;
    struct tls_settings tls;
    bool json;
};

extern const struct settings_table up_table;

/* Refuses what cannot work, with a line on standard error: false. Nothing has started yet. */
bool plan_check(const struct up_settings *settings);
/* Chooses and holds the addresses; false when one is taken or no address. Of platform, http is a URL, bus and events
 * are URLs, one a broker, with commas between them. */
bool plan_addresses(const struct up_settings *settings, struct ports *ports, struct platform *out);
/* Adds broker, shards and gateway, with the programs beside this one. */
bool plan_children(const struct up_settings *settings, const struct platform *platform, struct children *out);
/* Tells a person what to try next. program: how they called us. */
void plan_hints(const struct up_settings *settings, const struct platform *platform, const char *program, FILE *out);

#endif
