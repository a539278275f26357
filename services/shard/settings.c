/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See settings.h. */
#include "services/shard/settings.h"

#include <ctype.h>
#include <stdlib.h>

#define AT(MEMBER) offsetof(struct shard_settings, MEMBER)

static const struct setting settings[] = {
    {"name", SETTING_TEXT, AT(name), NULL, 0, 0, "the shard's name, unique in the pool; else the host's"},
    {"bus", SETTING_TEXT, AT(bus), "tcp://127.0.0.1:7410", 0, 0, "brokers to serve, separated by commas"},
    {"store",
     SETTING_TEXT,
     AT(store),
     "sqlite:./data",
     0,
     0,
     "the event store: sqlite:DIRECTORY, postgresql://... or memory:"},
    {"units",
     SETTING_TEXT,
     AT(units),
     "0/1",
     0,
     0,
     "units (SQLite: log files) to serve: 0,2 or K/N, every N-th from K on; a pool decides"},
    {"partitions",
     SETTING_INTEGER,
     AT(partitions),
     "0",
     0,
     65536,
     "partitions, when the log is created; 0: 16, on PostgreSQL 256"},
    {"files",
     SETTING_INTEGER,
     AT(files),
     "0",
     0,
     64,
     "ownership units, when the log is created; 0: 4, on PostgreSQL 16"},
    {"lease-ms",
     SETTING_INTEGER,
     AT(lease_ms),
     "3000",
     300,
     600000,
     "pool: a shard silent this long has lost its units"},
    {"handoffs", SETTING_INTEGER, AT(handoffs), "2", 1, 64, "pool: units a shard hands over at once"},
    {"loads", SETTING_INTEGER, AT(loads), "64", 1, 1000000, "aggregates loaded at once"},
    {"journal", SETTING_TEXT, AT(journal), "./data/shard.journal", 0, 0, "file that remembers crashes of domain code"},
    {"domain", SETTING_LIST, AT(domains), NULL, 0, 0, "domain modules to serve"},
    {"service-token", SETTING_SECRET, AT(service_token), NULL, 0, 0, "what the brokers know shards by"},
    {"snapshot-events",
     SETTING_INTEGER,
     AT(snapshot_events),
     "256",
     1,
     1000000,
     "events between an aggregate's snapshots"},
    {"actors-max", SETTING_INTEGER, AT(actors_max), "100000", 1, 100000000, "aggregates kept in memory"},
    {"actor-bytes-max",
     SETTING_INTEGER,
     AT(actor_bytes_max),
     "268435456",
     65536,
     INT64_MAX,
     "bytes of aggregates kept in memory"},
    {"idle-ms",
     SETTING_INTEGER,
     AT(idle_ms),
     "600000",
     0,
     INT32_MAX,
     "an aggregate idle this long leaves memory; 0: never"},
    {"commits",
     SETTING_INTEGER,
     AT(commits),
     "0",
     0,
     64,
     "units that commit at once, fewer make larger commits; 0: 1, in a pool 2"},
    {"batch-records",
     SETTING_INTEGER,
     AT(batch_records),
     "4096",
     1,
     65536,
     "records of a commit before new commands wait"},
    {"jobs-max", SETTING_INTEGER, AT(jobs_max), "8192", 1, 1000000, "requests in the shard before it asks for no more"},
    {"receipts-max", SETTING_INTEGER, AT(receipts_max), "262144", 1024, 100000000, "receipts a unit keeps in memory"},
    {"decide-ms", SETTING_INTEGER, AT(decide_ms), "1000", 10, 600000, "domain code that runs longer ends the process"},
    TLS_CLIENT_SETTINGS(struct shard_settings, tls),
    {"log-level", SETTING_TEXT, AT(log_level), "info", 0, 0, "debug, info, warning or error"},
    {0}};

const struct settings_table shard_settings_table = {
    .service = "fluvius-shard",
    .usage = "[options]",
    .doc = "Runs aggregates as actors: decides commands, commits their events, answers through the brokers.",
    .settings = settings};

static bool number_parse(const char **at, char end, uint32_t *out)
{
    char *rest;
    unsigned long number = strtoul(*at, &rest, 10);
    if (rest == *at || !isdigit((unsigned char)**at) || number > UNITS_MAX || *rest != end)
        return false;
    *at = rest + (end != 0);
    *out = (uint32_t)number;
    return true;
}

static bool share_parse(const char *text, uint32_t log_units, uint32_t *units, uint32_t *count)
{
    uint32_t first, step;
    if (!number_parse(&text, '/', &first) || !number_parse(&text, 0, &step) || first >= step)
        return false;
    for (uint32_t unit = first; unit < log_units && *count < UNITS_MAX; unit += step)
        units[(*count)++] = unit;
    return *count > 0;
}

bool units_parse(const char *text, uint32_t log_units, uint32_t *units, uint32_t *count)
{
    *count = 0;
    if (strchr(text, '/') != NULL)
        return share_parse(text, log_units, units, count);
    for (bool last = false; !last;) {
        uint32_t unit;
        last = strchr(text, ',') == NULL;
        if (!number_parse(&text, last ? 0 : ',', &unit) || unit >= log_units || *count == UNITS_MAX)
            return false;
        units[(*count)++] = unit;
    }
    return true;
}
