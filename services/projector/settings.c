/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See settings.h. */
#include "services/projector/settings.h"

#define AT(MEMBER) offsetof(struct projector_settings, MEMBER)

static const struct setting settings[] = {
    {"name", SETTING_TEXT, AT(name), NULL, 0, 0, "the projector's name, unique; else projector- and the host's"},
    {"domain",
     SETTING_LIST,
     AT(domains),
     NULL,
     0,
     0,
     "domain modules, FILE.so ...; of several with one namespace the last counts, those before keep their rows fresh "
     "until its are whole"},
    {"store", SETTING_TEXT, AT(store), "sqlite:./data", 0, 0, "the event store: sqlite:DIRECTORY or postgresql://..."},
    {"read-models",
     SETTING_TEXT,
     AT(read_models),
     NULL,
     0,
     0,
     "where rows are kept, likewise; else where the store is"},
    {"bus",
     SETTING_TEXT,
     AT(bus),
     NULL,
     0,
     0,
     "brokers, separated by commas: they say when to look, and hear metrics and alarms"},
    {"lease-ms",
     SETTING_INTEGER,
     AT(lease_ms),
     "3000",
     300,
     600000,
     "pool: who is silent this long has lost its slots"},
    {"cache-bytes",
     SETTING_INTEGER,
     AT(cache_bytes),
     "134217728",
     1048576,
     INT64_MAX,
     "memory for states of aggregates; others are taken from their rows"},
    {"poll-ms", SETTING_INTEGER, AT(poll_ms), "100", 1, 10000, "how often the log is looked at when nothing says so"},
    {"keep-ms", SETTING_INTEGER, AT(keep_ms), "60000", 0, 86400000, "how long rows are kept that newer ones replaced"},
    {"service-token", SETTING_SECRET, AT(service_token), NULL, 0, 0, "the projector's own credentials for the brokers"},
    TLS_CLIENT_SETTINGS(struct projector_settings, tls),
    {"log-level", SETTING_TEXT, AT(log_level), "info", 0, 0, "debug, info, warning or error"},
    {0},
};

const struct settings_table projector_settings_table = {
    .service = "fluvius-projector",
    .usage = "--domain FILE.so ... [options]",
    .doc = "Keeps read models: folds the log's events into rows, with the domains' own code.",
    .settings = settings,
};
