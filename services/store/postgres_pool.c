/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The pool: each process sends a beat to every server, which renews its lease there and answers who is there and who
 * owns what. Members are those of the first server; a unit's owner is what its own server says. */
#include <stdlib.h>

#include "services/store/grow.h"
#include "services/store/postgres.h"

enum {
    COLUMN_NUMBER,
    COLUMN_BOOT,
    COLUMN_NAME,
    COLUMN_LOAD,
    COLUMN_LEAVING,
    COLUMN_EPOCH,
    COLUMN_UNREADABLE,
    COLUMN_KINDS,
    COLUMN_SETTINGS
};
enum { MARGIN_PART = 10 }; /* so much of a lease is left out, for clocks of different speed */

/* ---- what a server answers ---- */

static int member_compare(const void *a, const void *b)
{
    const struct store_member *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : (left->boot > right->boot) - (left->boot < right->boot);
}

static void member_read(const PGresult *result, int row, struct store_member *out)
{
    struct slice name = result_bytes(result, row, COLUMN_NAME);
    size_t size = name.size < STORE_NAME_MAX - 1 ? name.size : STORE_NAME_MAX - 1;
    *out = (struct store_member){.boot = result_number(result, row, COLUMN_BOOT),
                                 .load = result_number(result, row, COLUMN_LOAD),
                                 .leaving = result_number(result, row, COLUMN_LEAVING) != 0,
                                 .unreadable = result_number(result, row, COLUMN_UNREADABLE)};
    memcpy(out->name, name.data, size);
}

static enum error members_read(struct store_pool *pool, const PGresult *result, uint64_t self)
{
    pool->members = calloc((size_t)PQntuples(result) + 1, sizeof pool->members[0]);
    if (pool->members == NULL)
        return error_no_memory;
    for (int row = 0; row < PQntuples(result); row++)
        if (PQgetisnull(result, row, COLUMN_NUMBER))
            member_read(result, row, &pool->members[pool->member_count++]);
    qsort(pool->members, pool->member_count, sizeof pool->members[0], member_compare);
    for (uint32_t i = 0; i < pool->member_count; i++)
        if (pool->members[i].boot == self)
            pool->self = i;
    return error_none;
}

static int32_t member_find(const struct store_pool *pool, uint64_t boot)
{
    for (uint32_t i = 0; i < pool->member_count; i++)
        if (pool->members[i].boot == boot)
            return (int32_t)i;
    return -1;
}

static void owners_read(struct store_pool *pool, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        uint64_t number = result_number(result, row, COLUMN_NUMBER);
        if (PQgetisnull(result, row, COLUMN_NUMBER) || number >= pool->unit_count)
            continue;
        struct store_owner *owner = &pool->units[number];
        owner->epoch = result_number(result, row, COLUMN_EPOCH);
        if (!PQgetisnull(result, row, COLUMN_BOOT))
            owner->member = member_find(pool, result_number(result, row, COLUMN_BOOT));
        owner->load = owner->member < 0 ? 0 : result_number(result, row, COLUMN_LOAD);
    }
}

static struct store_pool *pool_new(const struct store_info *info)
{
    struct store_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    pool->unit_count = info->units;
    pool->units = calloc(info->units, sizeof pool->units[0]);
    for (uint32_t i = 0; pool->units != NULL && i < info->units; i++)
        pool->units[i].member = -1;
    if (pool->units == NULL)
        store_pool_free(&pool);
    return pool;
}

/* ---- which units can be read ---- */

static void kind_look(struct postgres_store *store, const char *server, const PGresult *result, int row)
{
    enum { UNIT = 4 };
    struct store_kind kind = kind_read(result, row);
    uint64_t unit = result_number(result, row, UNIT);
    if (unit >= 64 || kind_readable(&store->base.readers, &kind))
        return;
    if (store->unreadable == 0)
        kind_refused(server, &kind, &store->unreadable_fault);
    store->unreadable |= 1ull << unit;
}

/* Looks at all kinds of events of a server again when there are others than it has seen. */
static enum error
kinds_look(struct postgres_store *store, struct server *server, uint64_t there, struct store_fault *fault)
{
    PGresult *result;
    uint64_t deadline_us = clock_boot_us() + (uint64_t)store->lease_ms * 1000;
    if (there == server->kinds)
        return error_none;
    struct parameters none = {0};
    enum error error =
        pg_run_until(&server->beats, PG_ALL_KINDS, &none, deadline_us, &result, "reading kinds of events", fault);
    if (error != error_none)
        return error;
    for (int row = 0; row < PQntuples(result); row++)
        kind_look(store, server->address.name, result, row);
    server->kinds = (uint64_t)PQntuples(result);
    PQclear(result);
    return error_none;
}

/* ---- beats ---- */

/* The settings under which commits are durable may have changed since the sessions began: then the lease is not
 * renewed. */
static enum error beat_check(struct server *server, PGresult **result, struct store_fault *fault)
{
    enum error error = pg_server_check(&server->address, *result, COLUMN_SETTINGS, fault);
    if (error == error_none)
        return error_none;
    PQclear(*result);
    pg_close(&server->beats);
    return error;
}

static enum error beat_try(struct postgres_store *store,
                           struct server *server,
                           const struct parameters *parameters,
                           PGresult **out,
                           struct store_fault *fault)
{
    struct pg_link *link = &server->beats;
    enum error error = error_none;
    if (!pg_is_open(link)) {
        pg_close(link);
        error = server_connect(link, store, server, fault);
    }
    uint64_t deadline_us = clock_boot_us() + (uint64_t)store->lease_ms * 1000;
    if (error == error_none)
        error = pg_run_until(link, PG_BEAT, parameters, deadline_us, out, "sending a beat", fault);
    return error == error_none ? beat_check(server, out, fault) : error;
}

/* That a connection was lost since the last beat shows only when it is used: then a new one is tried at once. */
static enum error beat_send(struct postgres_store *store,
                            struct server *server,
                            const struct parameters *parameters,
                            PGresult **out,
                            struct store_fault *fault)
{
    bool was_open = pg_is_open(&server->beats);
    enum error error = beat_try(store, server, parameters, out, fault);
    if (error == error_none || !was_open || pg_is_open(&server->beats))
        return error;
    return beat_try(store, server, parameters, out, fault);
}

static void beat_parameters(struct parameters *parameters,
                            const struct postgres_store *store,
                            const struct store_beat *beat,
                            uint8_t *loads)
{
    parameter_number(parameters, store->boot);
    parameter_bytes(parameters, slice_text(store->member));
    parameter_number(parameters, store->lease_ms);
    parameter_number(parameters, beat->load);
    parameter_number(parameters, beat->leaving);
    parameter_numbers(parameters, beat->unit_loads, beat->unit_loads == NULL ? 0 : store->base.info.units, loads);
    parameter_number(parameters, store->unreadable);
}

/* The first beat, with which this process joins, must say already what it cannot read. */
static enum error beats_prepare(struct postgres_store *store, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < store->server_count && error == error_none; i++) {
        struct server *server = &store->servers[i];
        if (server->kinds != KINDS_UNKNOWN)
            continue;
        if (!pg_is_open(&server->beats)) {
            pg_close(&server->beats);
            error = server_connect(&server->beats, store, server, fault);
        }
        if (error == error_none)
            error = kinds_look(store, server, 0, fault);
    }
    return error;
}

/* What this process has just learned counts for it at once, for others from its next beat on. */
static void pool_finish(const struct postgres_store *store, struct store_pool *pool)
{
    if (pool->self < pool->member_count)
        pool->members[pool->self].unreadable = store->unreadable;
    memcpy(pool->unreadable, store->unreadable_fault.text, sizeof pool->unreadable);
}

/* Every server gets its beat, also when one before it could not be reached. */
static enum error beats_send(struct postgres_store *store,
                             const struct parameters *parameters,
                             struct store_pool *pool,
                             struct store_fault *fault)
{
    enum error first = error_none;
    for (uint32_t i = 0; i < store->server_count; i++) {
        PGresult *result;
        enum error error =
            beat_send(store, &store->servers[i], parameters, &result, first == error_none ? fault : NULL);
        if (error == error_none) {
            if (i == 0)
                error = members_read(pool, result, store->boot);
            owners_read(pool, result);
            uint64_t kinds = result_number(result, 0, COLUMN_KINDS);
            PQclear(result);
            if (error == error_none)
                error = kinds_look(store, &store->servers[i], kinds, first == error_none ? fault : NULL);
        }
        first = first == error_none ? error : first;
    }
    return first;
}

enum error
postgres_beat(struct store *base, const struct store_beat *beat, struct store_pool **out, struct store_fault *fault)
{
    struct postgres_store *store = postgres_of(base);
    struct store_pool *pool = pool_new(&store->base.info);
    uint8_t *loads = malloc(PG_NUMBERS_SIZE((size_t)store->base.info.units));
    struct parameters parameters = {0};
    uint64_t lease_us = (uint64_t)store->lease_ms * 1000, before_us = clock_boot_us();
    enum error error = error_no_memory;
    if (pool != NULL && loads != NULL)
        error = beats_prepare(store, fault);
    if (error == error_none) {
        beat_parameters(&parameters, store, beat, loads);
        error = beats_send(store, &parameters, pool, fault);
    }
    free(loads);
    if (error != error_none) {
        if (pool != NULL)
            store_pool_free(&pool);
        return error == error_no_memory ? fault_set(fault, error, "no memory for the pool") : error;
    }
    atomic_store_explicit(&store->lease_until_us, before_us + lease_us - lease_us / MARGIN_PART, memory_order_relaxed);
    pool_finish(store, pool);
    *out = pool;
    return error_none;
}

uint64_t postgres_lease_until(const struct store *store)
{
    return atomic_load_explicit(&postgres_of(store)->lease_until_us, memory_order_relaxed);
}

void pool_leave(struct postgres_store *store)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, store->boot);
    for (uint32_t i = 0; i < store->server_count; i++) {
        uint64_t deadline_us = clock_boot_us() + (uint64_t)store->lease_ms * 1000;
        if (pg_is_open(&store->servers[i].beats))
            pg_run_until(&store->servers[i].beats, PG_LEAVE, &parameters, deadline_us, NULL, "leaving", NULL);
    }
}
