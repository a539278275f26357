/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Opening a store: every server is reached, checked and, when asked to, made. The first server's meta table says what
 * log it is; the others must be parts of the same one, in the order in which the URLs stand. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/store/postgres.h"

enum { SERVERS_MAX = 64 };

static bool meta_same(const struct server_meta *a, const struct server_meta *b)
{
    return a->info.incarnation == b->info.incarnation && a->info.partitions == b->info.partitions &&
           a->info.units == b->info.units && a->server == b->server && a->servers == b->servers;
}

static enum error meta_check(const struct server *server,
                             const struct server_meta *meta,
                             const struct server_meta *wanted,
                             struct store_fault *fault)
{
    if (meta_same(meta, wanted))
        return error_none;
    return fault_set(
        fault,
        error_bad_settings,
        "%s: holds part %u of %u of log %llx with %u partitions and %u units, and should be part %u of %u of "
        "log %llx with %u and %u",
        server->address.name,
        meta->server + 1,
        meta->servers,
        (unsigned long long)meta->info.incarnation,
        meta->info.partitions,
        meta->info.units,
        wanted->server + 1,
        wanted->servers,
        (unsigned long long)wanted->info.incarnation,
        wanted->info.partitions,
        wanted->info.units);
}

static enum error server_open(struct server *server,
                              const struct store_config *config,
                              const struct server_meta *wanted,
                              struct server_meta *out,
                              struct store_fault *fault)
{
    struct pg_link link;
    enum error error = pg_open(&link, &server->address, fault);
    if (error != error_none)
        return error;
    error = schema_open(&link, postgres_migrations, postgres_format, config->create ? wanted : NULL, out, fault);
    pg_close(&link);
    return error;
}

static enum error
servers_open(struct postgres_store *store, const struct store_config *config, struct store_fault *fault)
{
    struct server_meta wanted = {.info = {config->partitions, config->units, config->incarnation},
                                 .servers = store->server_count};
    enum error error = error_none;
    for (uint32_t i = 0; i < store->server_count && error == error_none; i++) {
        struct server_meta meta;
        wanted.server = i;
        error = server_open(&store->servers[i], config, &wanted, &meta, fault);
        if (error == error_none && i == 0)
            wanted.info = meta.info;
        if (error == error_none)
            error = meta_check(&store->servers[i], &meta, &wanted, fault);
    }
    store->base.info = wanted.info;
    return error;
}

/* ---- the URLs ---- */

static enum error
server_add(struct postgres_store *store, const char *url, const struct store_config *config, struct store_fault *fault)
{
    if (store->server_count == SERVERS_MAX)
        return fault_set(fault, error_bad_settings, "more than %d servers", SERVERS_MAX);
    struct server *server = &store->servers[store->server_count];
    enum error error = address_init(&server->address, url, config->lease_ms, config->holder, fault);
    if (error != error_none)
        return error;
    pthread_mutex_init(&server->mutex, NULL);
    server->reader.address = server->beats.address = &server->address;
    server->kinds = KINDS_UNKNOWN;
    store->server_count++;
    return error_none;
}

static enum error
servers_add(struct postgres_store *store, const struct store_config *config, struct store_fault *fault)
{
    char *urls = strdup(config->url), *rest = NULL;
    store->servers = calloc(SERVERS_MAX, sizeof store->servers[0]);
    if (urls == NULL || store->servers == NULL) {
        free(urls);
        return fault_set(fault, error_no_memory, "no memory for a store");
    }
    enum error error = error_none;
    for (char *url = strtok_r(urls, " ", &rest); url != NULL && error == error_none; url = strtok_r(NULL, " ", &rest))
        error = server_add(store, url, config, fault);
    free(urls);
    if (error == error_none && store->server_count == 0)
        return fault_set(fault, error_bad_settings, "the store's URL names no server");
    return error;
}

/* ---- units ---- */

static enum error unit_add(struct postgres_store *store, uint32_t number)
{
    assert(store->server_count > 0);
    struct server *server = &store->servers[number % store->server_count];
    struct postgres_unit *unit = calloc(1, sizeof *unit);
    char *name = NULL;
    if (unit == NULL || asprintf(&name, "%s unit %u", server->address.name, number) < 0) {
        free(unit);
        return error_no_memory;
    }
    unit_init(&unit->base, &store->base, number, name);
    unit->server = server;
    unit->writer.address = &server->address;
    store->base.units[number] = &unit->base;
    return error_none;
}

static enum error units_add(struct postgres_store *store, struct store_fault *fault)
{
    enum error error = error_no_memory;
    store->base.units = calloc(store->base.info.units, sizeof store->base.units[0]);
    for (uint32_t number = 0; store->base.units != NULL && number < store->base.info.units; number++)
        if ((error = unit_add(store, number)) != error_none)
            break;
    return error == error_none ? error_none : fault_set(fault, error, "no memory for a store");
}

/* So much is scanned at a claim at most twice: a hand-over waits for it. */
static const struct unit_limits limits_default = {
    .streams = 32768, .rows = 32768, .receipts = 16384, .look_bytes = LOOK_BYTES, .look_back = LOOK_BACK};

static enum error store_fill(struct postgres_store *store, const struct store_config *config, struct store_fault *fault)
{
    store->base.writing = &postgres_writing;
    store->base.claiming = &postgres_claiming;
    store->base.reading = &postgres_reading;
    store->base.limits = limits_default;
    if (config->look_bytes != 0)
        store->base.limits.look_bytes = config->look_bytes;
    store->base.receipts_in_memory = config->receipts_in_memory;
    store->base.retention_ms = config->retention_ms;
    store->base.readers = config->readers;
    store->boot = config->boot;
    store->lease_ms = config->lease_ms;
    store->holder = strdup(config->holder);
    store->member = strdup(config->member);
    return store->holder == NULL || store->member == NULL ? fault_set(fault, error_no_memory, "no memory for a store")
                                                          : error_none;
}

enum error postgres_open(struct store **out, const struct store_config *config, struct store_fault *fault)
{
    struct postgres_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return fault_set(fault, error_no_memory, "no memory for a store");
    struct store *base = &store->base.base;
    base->ops = &store_postgres_ops;
    enum error error = store_fill(store, config, fault);
    if (error == error_none)
        error = servers_add(store, config, fault);
    if (error == error_none)
        error = servers_open(store, config, fault);
    if (error == error_none)
        error = units_add(store, fault);
    if (error == error_none)
        *out = base;
    else
        postgres_close(&base);
    return error;
}

enum error server_connect(struct pg_link *out,
                          const struct postgres_store *store,
                          const struct server *server,
                          struct store_fault *fault)
{
    PGresult *result;
    enum error error = pg_open(out, &server->address, fault);
    if (error != error_none)
        return error;
    error = pg_execute(out, "SELECT incarnation FROM fluvius.meta", &result, "reading what log this is", fault);
    if (error != error_none) {
        pg_close(out);
        return error;
    }
    if (PQntuples(result) != 1 ||
        (uint64_t)strtoll(PQgetvalue(result, 0, 0), NULL, 10) != store->base.info.incarnation) {
        error = fault_set(
            fault, error_bad_settings, "%s: holds another log than when this process began", server->address.name);
        pg_close(out);
    }
    PQclear(result);
    return error;
}
