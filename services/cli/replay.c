/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius replay`: while nothing runs, derives every state again from its events and compares it with its snapshot. */
#include "services/cli/command.h"

#include "fluvius/loader.h"
#include "services/builtin/builtin.h"
#include "services/cli/data.h"
#include "services/cli/derive.h"
#include "services/cli/replay.h"
#include "services/common/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define DOMAINS_MAX 64

struct replay_settings {
    char *data;
    struct setting_list domains;
    bool states;
};

static const struct setting entries[] = {
    {"data", SETTING_TEXT, offsetof(struct replay_settings, data), "./data", 0, 0, "directory of the platform"},
    {"domain", SETTING_LIST, offsetof(struct replay_settings, domains), NULL, 0, 0, "domain modules, FILE.so ..."},
    {"states",
     SETTING_BOOL,
     offsetof(struct replay_settings, states),
     NULL,
     0,
     0,
     "print each stream, version and hash"},
    {0},
};

static const struct settings_table table = {
    "fluvius replay",
    "--domain FILE.so ... [--data DIR] [--states]",
    "Derives every state again from its events, without snapshots, and compares. The platform must be stopped.",
    entries,
    "states",
};

static bool refuse(const char *what, const char *why)
{
    fprintf(stderr, "fluvius replay: %s: %s\n", what, why);
    return false;
}

static bool domains_load(const struct setting_list *files, struct domain **domains)
{
    struct domain_fault fault;

    if (files->count == 0 || files->count > DOMAINS_MAX) {
        return refuse("--domain", "give the modules that the data was written with, 1 to 64");
    }
    for (size_t i = 0; i < files->count; i++) {
        if (domain_load(&domains[i], files->items[i], &fault) != error_none) {
            return refuse("--domain", fault.text);
        }
    }
    return builtin_domain_new(&domains[files->count], &fault) == error_none || refuse("--domain", fault.text);
}

static bool store_find(const char *data, struct store **out)
{
    char url[PATH_MAX + 16], holder[64];
    struct store_config config = {.url = url, .holder = holder};
    struct store_fault fault = {{0}};
    enum error error;

    snprintf(url, sizeof url, "sqlite:%s", data);
    snprintf(holder, sizeof holder, "fluvius replay pid %d", (int)getpid());
    error = store_open(out, &config, &fault);
    return error == error_none || refuse(data, fault.text[0] == '\0' ? error_text(error) : fault.text);
}

static int with_store(const struct replay_settings *settings, struct domain **domains)
{
    struct replay replay = {
        .domains = domains, .domain_count = settings->domains.count + 1, .states = settings->states};
    int code = EXIT_FAILED;

    if (store_find(settings->data, &replay.store)) {
        code = replay_run(&replay) ? 0 : EXIT_FAILED;
    }
    store_close(&replay.store);
    return code;
}

/* Holds the directory, so that no platform starts meanwhile. */
static int with_data(const struct replay_settings *settings, struct domain **domains)
{
    char fault[DATA_FAULT_SIZE];
    int lock, code;

    if (access(settings->data, R_OK | W_OK | X_OK) != 0) {
        refuse(settings->data, strerror(errno));
        return EXIT_FAILED;
    }
    if (data_lock(settings->data, &lock, fault) != error_none) {
        fprintf(stderr, "fluvius replay: %s; stop it first\n", fault);
        return EXIT_FAILED;
    }
    code = with_store(settings, domains);
    close(lock);
    return code;
}

int command_replay(int argc, char **argv)
{
    struct replay_settings settings = {0};
    struct domain *domains[DOMAINS_MAX + 1] = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && domains_load(&settings.domains, domains)) {
        code = with_data(&settings, domains);
    }
    for (size_t i = 0; i <= DOMAINS_MAX; i++) {
        domain_free(&domains[i]);
    }
    settings_free(&table, &settings);
    return code;
}
