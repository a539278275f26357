/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The services of `fluvius up`, each with its arguments: see plan.h. */
#include "services/cli/plan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* What adds a service: everything it may need to know. */
struct plan {
    const struct up_settings *settings;
    const struct platform *platform;
    struct children *children;
};

/* The path of a program that lies beside this one. */
static bool program_find(const char *name, char *out, size_t size)
{
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    char *slash;

    if (length < 0) {
        return plan_refuse("/proc/self/exe", strerror(errno));
    }
    own[length] = '\0';
    slash = strrchr(own, '/');
    snprintf(out, size, "%.*s/%s", slash == NULL ? 0 : (int)(slash - own), own, name);
    return access(out, X_OK) == 0 || plan_refuse(out, strerror(errno));
}

enum stop_stage { STOP_FIRST, STOP_SECOND, STOP_LAST }; /* whoever is asked before who answers */

static struct child *service_add(const struct plan *plan, const char *name, const char *program, enum stop_stage stage)
{
    char path[PATH_MAX + 32];
    struct child *child;

    if (!program_find(program, path, sizeof path)) {
        return NULL;
    }
    child = children_add(plan->children, name, (int)stage, path);
    child_argument(child, "--log-level");
    child_argument(child, plan->settings->log_level);
    return child;
}

static void option_add(struct child *child, const char *option, const char *value)
{
    if (value != NULL) {
        child_argument(child, option);
        child_argument(child, value);
    }
}

/* The option once for each of the list. */
static void options_add(struct child *child, const char *option, const char *list)
{
    char value[ADDRESS_SIZE];

    while (list != NULL && *list != '\0') {
        size_t size = strcspn(list, ",");

        snprintf(value, sizeof value, "%.*s", (int)size, list);
        option_add(child, option, value);
        list += size + (list[size] == ',');
    }
}

/* Each service has the platform's certificate: to serve with, or to be known by. */
static void tls_add(const struct tls_settings *tls, bool server, struct child *child)
{
    option_add(child, "--tls-certificate", tls->certificate);
    option_add(child, "--tls-key", tls->key);
    option_add(child, "--tls-authority", tls->authority);
    option_add(child, server ? "--tls-clients" : "--tls-server-name", server ? tls->clients : tls->server_name);
}

static void domains_add(const struct setting_list *domains, struct child *child)
{
    for (size_t i = 0; i < domains->count; i++) {
        option_add(child, "--domain", domains->items[i]);
    }
}

/* The embedded store's directory; another store's URL may hold a password: it is in the environment. */
static void store_add(const struct up_settings *settings, const char *option, struct child *child)
{
    char store[PATH_MAX + 16];

    snprintf(store, sizeof store, "sqlite:%s", settings->data);
    if (plan_is_embedded(settings)) {
        option_add(child, option, settings->store == NULL ? store : settings->store);
    }
}

static void journal_add(const struct up_settings *settings, struct child *child)
{
    char journal[PATH_MAX + 32];

    snprintf(journal, sizeof journal, "%s/%s.journal", settings->data, child->name);
    option_add(child, "--journal", journal);
}

/* ---- each service ---- */

/* KIND-0, KIND-1 ...; KIND where there is never another. */
static void name_make(const char *kind, int index, bool only, char out[24])
{
    if (only) {
        snprintf(out, 24, "%s", kind);
    } else {
        snprintf(out, 24, "%s-%d", kind, index);
    }
}

static bool broker_add(const struct plan *plan, int index)
{
    const struct up_settings *settings = plan->settings;
    char name[24];
    struct child *child;

    name_make("broker", index, settings->brokers == 1, name);
    child = service_add(plan, name, "fluvius-broker", STOP_LAST);
    if (child == NULL) {
        return false;
    }
    option_add(child, "--bus", plan->platform->listen_bus[index]);
    option_add(child, "--events", plan->platform->listen_events[index]);
    option_add(child, "--token-file", settings->token_file);
    tls_add(&settings->tls, true, child);
    return true;
}

/* A service that speaks with brokers, under its name. */
static struct child *member_add(const struct plan *plan, const char *name, const char *program)
{
    struct child *child = service_add(plan, name, program, STOP_SECOND);

    if (child != NULL) {
        option_add(child, "--name", name);
        option_add(child, "--bus", plan->platform->bus);
        tls_add(&plan->settings->tls, false, child);
    }
    return child;
}

/* Each shard commits to its own files: fewer files make larger commits, more let more shards run. */
static int64_t files_of(const struct up_settings *settings)
{
    enum { FEWEST = 2, USUAL = 4 };
    int64_t files = sysconf(_SC_NPROCESSORS_ONLN);

    files = files < FEWEST ? FEWEST : files > USUAL ? USUAL : files;
    files = files < settings->shards ? settings->shards : files;
    return settings->files == 0 ? files : settings->files;
}

/* A shard's share of the embedded store's files. */
static void units_add(const struct up_settings *settings, int shard, struct child *child)
{
    char units[32], partitions[16], files[16];

    snprintf(units, sizeof units, "%d/%d", shard, (int)settings->shards);
    snprintf(partitions, sizeof partitions, "%d", STORE_PARTITIONS);
    snprintf(files, sizeof files, "%d", (int)files_of(settings));
    option_add(child, "--units", units);
    option_add(child, "--partitions", partitions);
    option_add(child, "--files", files);
}

static bool shard_add(const struct plan *plan, int index)
{
    const struct up_settings *settings = plan->settings;
    char name[24];
    struct child *child;

    name_make("shard", index, false, name);
    child = member_add(plan, name, "fluvius-shard");
    if (child == NULL) {
        return false;
    }
    journal_add(settings, child);
    store_add(settings, "--store", child);
    if (plan_is_embedded(settings)) {
        units_add(settings, index, child);
    }
    domains_add(&settings->domains, child);
    return true;
}

static bool projector_add(const struct plan *plan, int index)
{
    const struct up_settings *settings = plan->settings;
    char name[24];
    struct child *child;

    name_make("projector", index, settings->projectors == 1, name);
    child = member_add(plan, name, "fluvius-projector");
    if (child == NULL) {
        return false;
    }
    store_add(settings, "--store", child);
    domains_add(&settings->earlier_domains, child);
    domains_add(&settings->domains, child);
    return true;
}

static bool query_add(const struct plan *plan, int index)
{
    const struct up_settings *settings = plan->settings;
    char name[24];
    struct child *child;

    name_make("query", index, false, name);
    child = member_add(plan, name, "fluvius-query");
    if (child == NULL) {
        return false;
    }
    journal_add(settings, child);
    store_add(settings, "--store", child);
    domains_add(&settings->domains, child);
    return true;
}

static bool gateway_add(const struct plan *plan, int index)
{
    const struct up_settings *settings = plan->settings;
    struct child *child = service_add(plan, "gateway", "fluvius-gateway", STOP_FIRST);

    (void)index;
    if (child == NULL) {
        return false;
    }
    option_add(child, "--http", plan->platform->listen_http);
    options_add(child, "--bus", plan->platform->bus);
    option_add(child, "--token-file", settings->token_file);
    journal_add(settings, child);
    store_add(settings, "--reads", child);
    tls_add(&settings->tls, false, child);
    return true;
}

bool plan_children(const struct up_settings *settings, const struct platform *platform, struct children *out)
{
    const struct plan plan = {settings, platform, out};
    const struct {
        int64_t count;
        bool (*add)(const struct plan *plan, int index);
    } services[] = {{settings->brokers, broker_add},
                    {settings->shards, shard_add},
                    {settings->projectors, projector_add},
                    {settings->queries, query_add},
                    {1, gateway_add}};

    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        for (int index = 0; index < services[i].count; index++) {
            if (!services[i].add(&plan, index)) {
                return false;
            }
        }
    }
    return true;
}
