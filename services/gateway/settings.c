/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's settings: see settings.h. */
#include "services/gateway/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/common/tokens.h"

#define AT(FIELD) offsetof(struct gateway_settings, FIELD)

static const struct setting gateway_setting_list[] = {
    {"http", SETTING_TEXT, AT(http), "127.0.0.1:8080", 0, 0, "where HTTP is served; port 0 picks a free one"},
    {"bus", SETTING_LIST, AT(bus), "tcp://127.0.0.1:7410", 0, 0, "the brokers, tried in turn"},
    {"token-file",
     SETTING_TEXT,
     AT(token_file),
     NULL,
     0,
     0,
     "who may use the platform: TOKEN USER REALM [ROLES] a line"},
    {"service-token", SETTING_SECRET, AT(service_token), NULL, 0, 0, "the gateway's own credentials for the brokers"},
    {"allowed-hosts", SETTING_LIST, AT(hosts), NULL, 0, 0, "names this server also answers for, besides its address"},
    {"allowed-origins", SETTING_LIST, AT(origins), NULL, 0, 0, "origins whose pages may call it: https://app.example"},
    {"reads",
     SETTING_TEXT,
     AT(reads),
     NULL,
     0,
     0,
     "read models, sqlite:DIRECTORY, of which this process reads short pages itself; else query processes read all"},
    {"journal",
     SETTING_TEXT,
     AT(journal),
     NULL,
     0,
     0,
     "file that remembers which read of its own the process ended with; else it is forgotten with the process"},
    {"max-in-flight", SETTING_INTEGER, AT(max_in_flight), "1024", 1, 65536, "requests that may wait for an answer"},
    {"streams-max", SETTING_INTEGER, AT(streams_max), "256", 0, 1024, "clients that may follow events at once"},
    TLS_CLIENT_SETTINGS(struct gateway_settings, tls),
    {"log-level", SETTING_TEXT, AT(log_level_name), "info", 0, 0, "debug, info, warning or error"},
    {0},
};

static const struct settings_table gateway_table = {
    .service = "fluvius-gateway",
    .usage = "[options]",
    .doc = "Serves the platform over HTTP: JSON in, commands and reads on the bus, JSON out.",
    .settings = gateway_setting_list,
};

static enum settings_outcome bad(const char *name, const char *value, const char *why)
{
    fprintf(stderr, "fluvius-gateway: --%s %s: %s\n", name, value, why);
    return SETTINGS_BAD;
}

static char *join(const struct setting_list *list)
{
    size_t size = 1;
    for (size_t i = 0; i < list->count; i++)
        size += strlen(list->items[i]) + 1;
    char *text = calloc(1, size), *at = text;
    for (size_t i = 0; text != NULL && i < list->count; i++)
        at += sprintf(at, "%s%s", i == 0 ? "" : ",", list->items[i]);
    return text;
}

static enum settings_outcome gateway_settings_check(struct gateway_settings *settings)
{
    bool guarded = settings->token_file != NULL && settings->token_file[0] != '\0';
    if (!log_level_find(settings->log_level_name, &settings->log_level))
        return bad("log-level", settings->log_level_name, "is not debug, info, warning or error");
    if (settings->bus.count == 0)
        return bad("bus", "\"\"", "names no broker");
    if (!guarded && !address_is_loopback(settings->http))
        return bad("http", settings->http, "is not a loopback address, so a --token-file is required");
    if (settings->reads != NULL && settings->reads[0] != '\0' && strncmp(settings->reads, "sqlite:", 7) != 0)
        return bad("reads", "URL", "is not sqlite:DIRECTORY; query processes read from everything else");
    settings->bus_urls = join(&settings->bus);
    return settings->bus_urls == NULL ? bad("bus", "", "out of memory") : SETTINGS_OK;
}

enum settings_outcome gateway_settings_load(struct gateway_settings *out, int argc, char **argv)
{
    enum settings_outcome outcome = settings_load(&gateway_table, argc, argv, out, NULL);
    return outcome == SETTINGS_OK ? gateway_settings_check(out) : outcome;
}

void gateway_settings_fini(struct gateway_settings *settings)
{
    free(settings->bus_urls);
    settings_free(&gateway_table, settings);
    settings->bus_urls = NULL;
}
