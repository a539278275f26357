/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What `fluvius up` is going to run: its settings, checked (plan.c), the addresses (plan_addresses.c) and the services
 * made of them (plan_children.c). */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "services/cli/children.h"
#include "services/common/tls_settings.h"

#define FILES_MAX 16   /* log files of the embedded store; a shard needs at least one of its own */
#define DOMAINS_MAX 16 /* modules, and as many earlier ones */
#define STORE_PARTITIONS 16

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
/* ---- for all three ---- */

/* Says on standard error what cannot be, and why; always false. */
bool plan_refuse(const char *what, const char *why);
/* The embedded store's files are shared out when it starts; other stores let shards come and go. */
bool plan_is_embedded(const struct up_settings *settings);

#endif
