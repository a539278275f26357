/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See plan.h. */
#include "services/cli/plan.h"

#include "services/common/log.h"
#include "services/common/tokens.h"

#include <errno.h>
#include <limits.h>
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
     SHARDS_MAX,
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

static bool refuse(const char *what, const char *why)
{
    fprintf(stderr, "fluvius up: %s: %s\n", what, why);
    return false;
}

/* ---- checks ---- */

static bool domains_check(const struct setting_list *domains)
{
    if (domains->count > ARGUMENTS_MAX / 4) {
        return refuse("--domain", "more than 16 modules");
    }
    for (size_t i = 0; i < domains->count; i++) {
        if (access(domains->items[i], R_OK) != 0) {
            return refuse(domains->items[i], strerror(errno));
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
            return refuse(addresses[i],
                          "is not a loopback address; that needs --token-file, so that not everybody may use it");
        }
    }
    return true;
}

/* The embedded store's files are shared out when it starts; other stores let shards come and go. */
static bool is_embedded(const struct up_settings *settings)
{
    return settings->store == NULL || strncmp(settings->store, "sqlite:", strlen("sqlite:")) == 0;
}

static bool shards_check(const struct up_settings *settings)
{
    if (is_embedded(settings) && settings->shards > (settings->files == 0 ? FILES_MAX : settings->files)) {
        return refuse("--shards", "a shard needs a log file of its own: see --files; or another store: see --store");
    }
    return true;
}

static bool projectors_check(const struct up_settings *settings)
{
    if (is_embedded(settings) && settings->projectors > 1) {
        return refuse("--projectors", "one process writes the read models' file; more need another store: see --store");
    }
    return domains_check(&settings->earlier_domains);
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
    return good || refuse("TLS", fault);
}

bool plan_check(const struct up_settings *settings)
{
    enum log_level level;

    if (!log_level_find(settings->log_level, &level)) {
        return refuse(settings->log_level, "is not a log level: debug, info, warning or error");
    }
    return shards_check(settings) && projectors_check(settings) && domains_check(&settings->domains) &&
           open_addresses_check(settings) && tls_check(settings);
}

/* ---- addresses ---- */

static bool address_take(struct ports *ports, const char *option, const char *address, char *out)
{
    char fault[ADDRESS_SIZE];
    enum error error = ports_take(ports, address, out, fault);

    if (error == error_none) {
        return true;
    }
    if (error == error_address_in_use) {
        fprintf(stderr, "fluvius up: %s is in use by another program; choose another with %s\n", address, option);
    } else {
        fprintf(stderr, "fluvius up: %s %s: %s\n", option, address, fault);
    }
    return false;
}

/* An address to connect to, for one to listen on: loopback, where that means every address of the machine. */
static void address_reachable(const char *listen, char out[ADDRESS_SIZE])
{
    static const char *const all[][2] = {{"*", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"}, {"[::]", "[::1]"}};
    const char *scheme_end = strstr(listen, "://");
    const char *host = scheme_end == NULL ? listen : scheme_end + 3;

    snprintf(out, ADDRESS_SIZE, "%s", listen);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t size = strlen(all[i][0]);

        if (strncmp(host, all[i][0], size) == 0 && host[size] == ':') {
            snprintf(out, ADDRESS_SIZE, "%.*s%s%s", (int)(host - listen), listen, all[i][1], host + size);
        }
    }
}

static void list_add(char *list, size_t size, const char *address)
{
    size_t used = strlen(list);

    snprintf(list + used, size - used, "%s%s", used == 0 ? "" : ",", address);
}

/* The same address with a port that is free. */
static void address_sibling(const char *address, char out[ADDRESS_SIZE])
{
    const char *colon = strrchr(address, ':');

    snprintf(out, ADDRESS_SIZE, "%.*s:0", colon == NULL ? 0 : (int)(colon - address), address);
}

/* A broker's URL for clients and shards, and the one for events, each added to its list. */
static bool broker_addresses(const struct up_settings *settings, struct ports *ports, int broker, struct platform *out)
{
    char bus[ADDRESS_SIZE], events[ADDRESS_SIZE], reachable[ADDRESS_SIZE];

    snprintf(bus, sizeof bus, "%s", settings->bus);
    snprintf(events, sizeof events, "%s", settings->events);
    if (broker > 0) {
        address_sibling(settings->bus, bus);
        address_sibling(settings->events, events);
    }
    if (!address_take(ports, "--bus", bus, out->listen_bus[broker]) ||
        !address_take(ports, "--events", events, out->listen_events[broker])) {
        return false;
    }
    address_reachable(out->listen_bus[broker], reachable);
    list_add(out->bus, sizeof out->bus, reachable);
    address_reachable(out->listen_events[broker], reachable);
    list_add(out->events, sizeof out->events, reachable);
    return true;
}

bool plan_addresses(const struct up_settings *settings, struct ports *ports, struct platform *out)
{
    char http[ADDRESS_SIZE];

    if (strstr(settings->http, "://") != NULL) {
        return refuse(settings->http, "--http takes ADDR:PORT, not a URL");
    }
    for (int broker = 0; broker < settings->brokers; broker++) {
        if (!broker_addresses(settings, ports, broker, out)) {
            return false;
        }
    }
    if (!address_take(ports, "--http", settings->http, out->listen_http)) {
        return false;
    }
    address_reachable(out->listen_http, http);
    snprintf(out->http, sizeof out->http, "http://%.*s", (int)sizeof out->http - 8, http);
    return true;
}

/* ---- services ---- */

/* The path of a program that lies beside this one. */
static bool program_find(const char *name, char *out, size_t size)
{
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    char *slash;

    if (length < 0) {
        return refuse("/proc/self/exe", strerror(errno));
    }
    own[length] = '\0';
    slash = strrchr(own, '/');
    snprintf(out, size, "%.*s/%s", slash == NULL ? 0 : (int)(slash - own), own, name);
    return access(out, X_OK) == 0 || refuse(out, strerror(errno));
}

static struct child *
service_add(struct children *children, const char *name, const char *program, int stop_stage, const char *log_level)
{
    char path[PATH_MAX + 32];
    struct child *child;

    if (!program_find(program, path, sizeof path)) {
        return NULL;
    }
    child = children_add(children, name, stop_stage, path);
    if (child != NULL) {
        child_argument(child, "--log-level");
        child_argument(child, log_level);
    }
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

static bool
broker_add(const struct up_settings *settings, const struct platform *platform, int broker, struct children *children)
{
    char name[24];
    struct child *child;

    snprintf(name, sizeof name, settings->brokers == 1 ? "broker" : "broker-%d", broker);
    child = service_add(children, name, "fluvius-broker", 2, settings->log_level);
    if (child == NULL) {
        return false;
    }
    option_add(child, "--bus", platform->listen_bus[broker]);
    option_add(child, "--events", platform->listen_events[broker]);
    option_add(child, "--token-file", settings->token_file);
    tls_add(&settings->tls, true, child);
    return true;
}

static void domains_add(const struct setting_list *domains, struct child *child)
{
    for (size_t i = 0; i < domains->count; i++) {
        option_add(child, "--domain", domains->items[i]);
    }
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

/* The embedded store: its files lie in the data directory, and each shard gets its share of them. */
static void embedded_add(const struct up_settings *settings, int shard, struct child *child)
{
    char units[32], partitions[16], files[16], store[PATH_MAX + 16];

    snprintf(units, sizeof units, "%d/%d", shard, (int)settings->shards);
    snprintf(partitions, sizeof partitions, "%d", STORE_PARTITIONS);
    snprintf(files, sizeof files, "%d", (int)files_of(settings));
    snprintf(store, sizeof store, "sqlite:%s", settings->data);
    option_add(child, "--store", settings->store == NULL ? store : settings->store);
    option_add(child, "--units", units);
    option_add(child, "--partitions", partitions);
    option_add(child, "--files", files);
}

static bool
shard_add(const struct up_settings *settings, const struct platform *platform, int shard, struct children *children)
{
    char name[24], journal[PATH_MAX + 32];
    struct child *child;

    snprintf(name, sizeof name, "shard-%d", shard);
    child = service_add(children, name, "fluvius-shard", 1, settings->log_level);
    if (child == NULL) {
        return false;
    }
    snprintf(journal, sizeof journal, "%s/%s.journal", settings->data, name);
    option_add(child, "--name", name);
    option_add(child, "--bus", platform->bus);
    option_add(child, "--journal", journal);
    tls_add(&settings->tls, false, child);
    if (is_embedded(settings)) {
        embedded_add(settings, shard, child); /* another store's URL may hold a password: it is in the environment */
    }
    domains_add(&settings->domains, child);
    return true;
}

/* What read models are made of and read from: the store beside which they lie. */
static void store_add(const struct up_settings *settings, struct child *child)
{
    char store[PATH_MAX + 16];

    snprintf(store, sizeof store, "sqlite:%s", settings->data);
    if (is_embedded(settings)) {
        option_add(child, "--store", settings->store == NULL ? store : settings->store);
    }
}

static bool
query_add(const struct up_settings *settings, const struct platform *platform, int query, struct children *children)
{
    char name[24], journal[PATH_MAX + 32];
    struct child *child;

    snprintf(name, sizeof name, "query-%d", query);
    snprintf(journal, sizeof journal, "%s/%s.journal", settings->data, name);
    child = service_add(children, name, "fluvius-query", 1, settings->log_level);
    if (child == NULL) {
        return false;
    }
    option_add(child, "--name", name);
    option_add(child, "--bus", platform->bus);
    option_add(child, "--journal", journal);
    tls_add(&settings->tls, false, child);
    store_add(settings, child);
    domains_add(&settings->domains, child);
    return true;
}

static bool gateway_add(const struct up_settings *settings, const struct platform *platform, struct children *children)
{
    struct child *child = service_add(children, "gateway", "fluvius-gateway", 0, settings->log_level);

    if (child == NULL) {
        return false;
    }
    option_add(child, "--http", platform->listen_http);
    options_add(child, "--bus", platform->bus);
    option_add(child, "--token-file", settings->token_file);
    tls_add(&settings->tls, false, child);
    return true;
}

static bool projector_add(const struct up_settings *settings,
                          const struct platform *platform,
                          int projector,
                          struct children *children)
{
    char name[24];
    struct child *child;

    snprintf(name, sizeof name, settings->projectors == 1 ? "projector" : "projector-%d", projector);
    child = service_add(children, name, "fluvius-projector", 1, settings->log_level);
    if (child == NULL) {
        return false;
    }
    option_add(child, "--name", name);
    option_add(child, "--bus", platform->bus);
    tls_add(&settings->tls, false, child);
    store_add(settings, child);
    domains_add(&settings->earlier_domains, child);
    domains_add(&settings->domains, child);
    return true;
}

bool plan_children(const struct up_settings *settings, const struct platform *platform, struct children *out)
{
    for (int broker = 0; broker < settings->brokers; broker++) {
        if (!broker_add(settings, platform, broker, out)) {
            return false;
        }
    }
    for (int shard = 0; shard < settings->shards; shard++) {
        if (!shard_add(settings, platform, shard, out)) {
            return false;
        }
    }
    for (int projector = 0; projector < settings->projectors; projector++) {
        if (!projector_add(settings, platform, projector, out)) {
            return false;
        }
    }
    for (int query = 0; query < settings->queries; query++) {
        if (!query_add(settings, platform, query, out)) {
            return false;
        }
    }
    return gateway_add(settings, platform, out);
}

/* ---- hints ---- */

static bool runs_bank(const struct setting_list *domains)
{
    for (size_t i = 0; i < domains->count; i++) {
        const char *slash = strrchr(domains->items[i], '/');

        if (strcmp(slash == NULL ? domains->items[i] : slash + 1, "bank.so") == 0) {
            return true;
        }
    }
    return false;
}

/* The words that let another command find this platform. */
static const char *finder(const struct up_settings *settings, char *out, size_t size)
{
    bool found_anyway = strcmp(settings->data, "./data") == 0 || strcmp(settings->data, "data") == 0;

    snprintf(out, size, "%s%s", found_anyway ? "" : " --data ", found_anyway ? "" : settings->data);
    return out;
}

void plan_hints(const struct up_settings *settings, const struct platform *platform, const char *program, FILE *out)
{
    char words[PATH_MAX + 16];
    const char *find = finder(settings, words, sizeof words);

    if (runs_bank(&settings->domains)) {
        fprintf(out,
                "Try in another terminal:\n"
                "  %s send bank:open account/ada '{\"holder\":{\"given\":\"Ada\",\"family\":\"Lovelace\"}}'%s\n"
                "  curl --json '{\"amount\":500}' %s/bank:deposit/account/ada\n"
                "  %s state bank.account/ada%s\n",
                program,
                find,
                platform->http,
                program,
                find);
    } else {
        fprintf(out, "Try in another terminal:\n  %s describe%s\n  curl %s/_meta\n", program, find, platform->http);
    }
    fprintf(out, "Ctrl-C stops it.\n");
}
