/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL under the suite. A kill is played by cutting the store's connections and ending its lease; the server ends
 * their backends then, or the next claim does. */
#include "tests/unit/store/postgres_backend.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/store/postgres.h"

int64_t postgres_number(const char *database, const char *sql)
{
    char *text = postgres_server_query(postgres_port(), database, sql);
    int64_t number = strtoll(text, NULL, 10);
    free(text);
    return number;
}

void postgres_sql(const char *database, const char *format, ...)
{
    char sql[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    free(postgres_server_query(postgres_port(), database, sql));
}

void postgres_expire(const char *database, uint64_t boot)
{
    postgres_sql(database,
                 "UPDATE fluvius.member SET expires_at = clock_timestamp() - interval '1 second' WHERE boot = %lld",
                 (long long)boot);
}

enum error postgres_beat_once(struct store *store, struct store_fault *fault)
{
    struct store_pool *pool = NULL;
    struct store_beat beat = {.load = 0};
    enum error error = store_beat(store, &beat, &pool, fault);
    store_pool_free(&pool);
    return error;
}

void postgres_abandon(struct store **store)
{
    struct postgres_store *postgres = postgres_of(*store);
    for (uint32_t number = 0; number < postgres->base.info.units; number++) {
        struct postgres_unit *unit = postgres_unit_of(unit_of(*store, number));
        pg_close(&unit->writer);
        if (unit->base.claim != NULL)
            postgres_release(*store, number);
    }
    for (uint32_t i = 0; i < postgres->server_count; i++)
        pg_close(&postgres->servers[i].beats);
    store_close(store);
}

static void postgres_prepare(struct suite *suite)
{
    postgres_database_make(suite->directory);
    snprintf(suite->url, sizeof suite->url, "postgresql://postgres@127.0.0.1:%u/%s", postgres_port(), suite->directory);
    suite->config.url = suite->url;
    suite->config.member = "suite";
    suite->config.boot = 1;
    suite->config.lease_ms = 60000;
}

static void postgres_restart(struct suite *suite, enum suite_restart how)
{
    struct unit_store before = postgres_of(suite->store)->base;
    if (how == SUITE_KILLED) {
        postgres_abandon(&suite->store);
        postgres_expire(suite->directory, suite->config.boot);
    } else {
        store_close(&suite->store);
    }
    suite->config.boot++;
    suite_open(suite);
    postgres_of(suite->store)->base.limits = before.limits;
    postgres_of(suite->store)->base.receipts_in_memory = before.receipts_in_memory;
}

static void postgres_tighten(struct suite *suite)
{
    struct postgres_store *postgres = postgres_of(suite->store);
    postgres->base.limits = (struct unit_limits){.streams = 70, .rows = 150, .receipts = 40};
    postgres->base.receipts_in_memory = 100;
}

static void postgres_clean(struct suite *suite)
{
    postgres_database_drop(suite->directory);
}

const struct suite_backend postgres_backend = {
    .prepare = postgres_prepare, .restart = postgres_restart, .tighten = postgres_tighten, .clean = postgres_clean};
