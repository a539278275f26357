/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See settings.h. */
#include "services/query/settings.h"

#define AT(MEMBER) offsetof(struct query_settings, MEMBER)

static const struct setting settings[] = {
    {"name", SETTING_TEXT, AT(name), NULL, 0, 0, "the process's name, unique among all; else query- and the host's"},
    {"bus", SETTING_TEXT, AT(bus), "tcp://127.0.0.1:7410", 0, 0, "brokers to serve, separated by commas"},
    {"store", SETTING_TEXT, AT(store), "sqlite:./data", 0, 0, "the event store: sqlite:DIRECTORY or postgresql://..."},
    {"read-models",
     SETTING_TEXT,
     AT(read_models),
     NULL,
     0,
     0,
     "where read models are, likewise; else beside the store"},
    {"events",
     SETTING_TEXT,
     AT(events),
     "tcp://127.0.0.1:7411",
     0,
     0,
     "the brokers' event buses, separated by commas: who follows the log is woken by them"},
    {"followers-max",
     SETTING_INTEGER,
     AT(followers_max),
     "4096",
     1,
     1000000,
     "requests that follow the log at once; more are answered busy"},
    {"ring-bytes",
     SETTING_INTEGER,
     AT(ring_bytes),
     "16777216",
     65536,
     INT64_MAX,
     "newest records in memory for those who follow closely"},
    {"readers",
     SETTING_INTEGER,
     AT(readers),
     "0",
     0,
     64,
     "threads that read, each with a connection of its own; 0: one a processor, 2 to 8"},
    {"jobs-max",
     SETTING_INTEGER,
     AT(jobs_max),
     "1024",
     2,
     1000000,
     "queries in the process before it asks for no more; half of them may wait for a position"},
    {"wait-ms", SETTING_INTEGER, AT(wait_ms), "2000", 0, 60000, "the longest wait for a position that a query names"},
    {"statement-ms", SETTING_INTEGER, AT(statement_ms), "5000", 10, 600000, "a statement that runs longer is ended"},
    {"service-token", SETTING_SECRET, AT(service_token), NULL, 0, 0, "what the brokers know services by"},
    TLS_CLIENT_SETTINGS(struct query_settings, tls),
    {"log-level", SETTING_TEXT, AT(log_level), "info", 0, 0, "debug, info, warning or error"},
    {0}};

const struct settings_table query_settings_table = {
    .service = "fluvius-query",
    .usage = "[options]",
    .doc = "Answers queries from the read models, through the brokers. Keeps nothing; any number may run.",
    .settings = settings};
