/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius health`: whether all is well, as the broker says; or, for probes of containers and units, whether one
 * process is: a broker (--alive), a shard (--shard), another service (--service) or a gateway (--http). */
#include "services/cli/command.h"

#include "services/cli/connect.h"
#include "services/cli/probe.h"
#include "services/cli/show.h"
#include "services/cli/walk.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

struct health_settings {
    struct connect_settings connect;
    bool alive;
    char *shard, *service, *http;
};

#define AT(MEMBER) offsetof(struct health_settings, MEMBER)

static const struct setting entries[] = {
    CONNECT_SETTINGS(struct health_settings, connect),
    {"alive", SETTING_BOOL, AT(alive), NULL, 0, 0, "exit with 0 whenever there is an answer, alarms or not"},
    {"shard", SETTING_TEXT, AT(shard), NULL, 0, 0, "exit with 0 when this shard is connected; .: this host's"},
    {"service",
     SETTING_TEXT,
     AT(service),
     NULL,
     0,
     0,
     "likewise for a query process or projector; query-.: that of this host"},
    {"http", SETTING_TEXT, AT(http), NULL, 0, 0, "ask the gateway at ADDR:PORT instead of a broker"},
    {0},
};

static const struct settings_table table = {
    "fluvius health",
    "[options]",
    "Shows brokers, shards, partitions and alarms as JSON. The exit code is 0 only when all is well.",
    entries,
    "alive shard service http",
};

/* Is there a process of that name in the list of the answer? */
static bool is_listed(struct slice health, const char *list, const char *name)
{
    struct walk processes = walk_of(field_raw(health, list));
    struct slice process;

    while (walk_next(&processes, &process)) {
        if (slice_is(field_text(process, "name"), name)) {
            return true;
        }
    }
    return false;
}

/* Likewise; a dot at the end stands for this host's name. */
static bool is_well(struct slice health, const char *list, const char *name)
{
    char host[HOST_NAME_MAX + 1], whole[HOST_NAME_MAX + 64];
    size_t size = strlen(name);

    if (size == 0 || name[size - 1] != '.') {
        return is_listed(health, list, name);
    }
    if (gethostname(host, sizeof host) != 0) {
        return false;
    }
    snprintf(whole, sizeof whole, "%.*s%s", (int)(size < 64 ? size - 1 : 63), name, host);
    return is_listed(health, list, whole);
}

static int answer_show(const struct health_settings *settings, const struct reply *reply)
{
    struct buffer line = {0};
    bool well = slice_is(field_text(reply->data, "status"), "ok");

    show_value(&line, reply->data);
    show_line(&line);
    buffer_fini(&line);
    if (settings->shard != NULL) {
        well = is_well(reply->data, "shards", settings->shard);
    }
    if (settings->service != NULL) {
        well = is_well(reply->data, "services", settings->service);
    }
    return well || settings->alive ? 0 : status_exit(status_unavailable);
}

static int broker_ask(const struct health_settings *settings)
{
    struct request request = {.operation = operation_health, .at_version = -1, .partition = -1};
    struct buffer memory = {0};
    struct reply reply;
    int code = EXIT_FAILED;

    if (connect_once(&settings->connect, &request, &reply, &memory) == error_none) {
        code = reply.status == status_ok ? answer_show(settings, &reply) : show_whole(&reply);
    }
    buffer_fini(&memory);
    return code;
}

static int gateway_ask(const struct health_settings *settings)
{
    int status = probe_http(settings->http, settings->alive ? "/livez" : "/readyz", settings->connect.deadline_ms);

    if (status < 0) {
        fprintf(stderr, "fluvius health: %s: no gateway answers\n", settings->http);
        return EXIT_FAILED;
    }
    printf("{\"http\":%d}\n", status);
    return status == 200 ? 0 : status_exit(status_unavailable);
}

int command_health(int argc, char **argv)
{
    struct health_settings settings = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK) {
        code = settings.http == NULL ? broker_ask(&settings) : gateway_ask(&settings);
    }
    settings_free(&table, &settings);
    return code;
}
