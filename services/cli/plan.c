/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The settings of `fluvius up`, and what is wrong with them: see plan.h. */
#include "services/cli/plan.h"

#include "services/common/log.h"
#include "services/common/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define AT(MEMBER) offsetof(struct up_settings, MEMBER)

static const struct setting entries[] = {
    {"data", SETTING_TEXT, AT(data), "./data", 0, 0, "directory for all that is kept"},
    {"store", SETTING_TEXT, AT(store), NULL, 0, 0, "where events are kept; SQLite files in DATA, or postgresql://..."},
    {"http", SETTING_TEXT, AT(http), "127.0.0.1:8080", 0, 0, "ADDR:PORT for HTTP; port 0 chooses one"},
    {"bus", SETTING_TEXT, AT(bus), "tcp://127.0.0.1:7410", 0, 0, "URL where clients and shards connect"},
    {"events", SETTING_TEXT, AT(events), "tcp://127.0.0.1:7411", 0, 0, "URL where committed events are published"},
    {"shards", SETTING_INTEGER, AT(shards), "2", 1, SHARDS_MAX, "shard processes; on SQLite at most one a log file"},
    {"files",
     SETTING_INTEGER,
     AT(files),
     "0",
     0,
     FILES_MAX,
     "log files of a new SQLite store; 0: one a processor, 2 to 4"},
    {"projectors",
     SETTING_INTEGER,
     AT(projectors),
     "1",
     0,
     PROJECTORS_MAX,
     "processes that keep read models; 0: none; on SQLite at most 1"},
    {"earlier-domain",
     SETTING_LIST,
     AT(earlier_domains),
     NULL,
     0,
     0,
     "modules as they were: their read models stay fresh until those of the new ones are whole"},
    {"brokers",
     SETTING_INTEGER,
     AT(brokers),
     "1",
     1,
     BROKERS_MAX,
     "broker processes; from the second on, on free ports"},
    {"queries",
     SETTING_INTEGER,
     AT(queries),
     "1",
     0,
     QUERIES_MAX,
     "query processes, which answer from read models and from the log"},
    {"domain", SETTING_LIST, AT(domains), NULL, 0, 0, "domain modules to run, FILE.so ..."},
    {"token-file", SETTING_TEXT, AT(token_file), NULL, 0, 0, "who may use it; needed beyond loopback addresses"},
    TLS_SERVER_SETTINGS(struct up_settings, tls),
    TLS_SETTING(struct up_settings, tls.server_name, "tls-server-name", TLS_SERVER_NAME_HELP),
    {"log-level", SETTING_TEXT, AT(log_level), "info", 0, 0, "debug, info, warning or error"},
    {"json", SETTING_BOOL, AT(json), NULL, 0, 0, "when ready, print one line of JSON"},
    {0},
};

const struct settings_table up_table = {
    "fluvius up",
    "[--data DIR] [--domain FILE.so ...] [options]",
    "Starts broker, shards, projector and gateway on this machine, restarts what fails, and stops all on Ctrl-C.",
    entries,
    "json",
};

bool plan_refuse(const char *what, const char *why)
{
    fprintf(stderr, "fluvius up: %s: %s\n", what, why);
    return false;
}

/* ---- checks ---- */

static bool domains_check(const char *option, const struct setting_list *domains)
{
    if (domains->count > DOMAINS_MAX) {
        return plan_refuse(option, "more than 16 modules");
    }
    for (size_t i = 0; i < domains->count; i++) {
        if (access(domains->items[i], R_OK) != 0) {
            return plan_refuse(domains->items[i], strerror(errno));
        }
    }
    return true;
}

static bool tokens_file_check(const char *path)
{
    char fault[TOKENS_FAULT_SIZE];
    struct tokens *tokens;

    if (tokens_load(&tokens, path, fault) != error_none) {
        fprintf(stderr, "fluvius up: %s\n", fault);
        return false;
    }
    tokens_free(&tokens);
    return true;
}

/* Whoever reaches an address without a token file may do everything. */
static bool open_addresses_check(const struct up_settings *settings)
{
    const char *const addresses[] = {settings->http, settings->bus, settings->events};

    if (settings->token_file != NULL) {
        return tokens_file_check(settings->token_file);
    }
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (!address_is_loopback(addresses[i])) {
            return plan_refuse(addresses[i],
                               "is not a loopback address; that needs --token-file, so that not everybody may use it");
        }
    }
    return true;
}

bool plan_is_embedded(const struct up_settings *settings)
{
    return settings->store == NULL || strncmp(settings->store, "sqlite:", strlen("sqlite:")) == 0;
}

static bool shards_check(const struct up_settings *settings)
{
    if (plan_is_embedded(settings) && settings->shards > (settings->files == 0 ? FILES_MAX : settings->files)) {
        return plan_refuse("--shards",
                           "a shard needs a log file of its own: see --files; or another store: see --store");
    }
    return true;
}

static bool projectors_check(const struct up_settings *settings)
{
    if (plan_is_embedded(settings) && settings->projectors > 1) {
        return plan_refuse("--projectors",
                           "one process writes the read models' file; more need another store: see --store");
    }
    return domains_check("--earlier-domain", &settings->earlier_domains);
}

/* The services would refuse the same, one after the other. */
static bool tls_check(const struct up_settings *settings)
{
    const char *const urls[] = {settings->bus, settings->events};
    char fault[TLS_FAULT_SIZE] = "out of memory";
    struct tls *server = NULL, *client = NULL;
    bool good = tls_settings_server(&settings->tls, urls, 2, &server, fault) == error_none &&
                tls_settings_client(&settings->tls, settings->bus, &client, fault) == error_none;

    tls_release(&server);
    tls_release(&client);
    return good || plan_refuse("TLS", fault);
}

bool plan_check(const struct up_settings *settings)
{
    enum log_level level;

    if (!log_level_find(settings->log_level, &level)) {
        return plan_refuse(settings->log_level, "is not a log level: debug, info, warning or error");
    }
    return shards_check(settings) && projectors_check(settings) && domains_check("--domain", &settings->domains) &&
           open_addresses_check(settings) && tls_check(settings);
}
