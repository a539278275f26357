/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Servers that cannot be used, or not now: each is named by an error of its own, and the store goes on when it can.
 * Also the schema, several servers, damaged rows. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "services/store/postgres.h"
#include "tests/unit/store/postgres_backend.h"

#define STORE_TEST(NAME)                                                                                               \
    static void NAME(struct suite *suite);                                                                             \
    Test(postgres_fault, NAME)                                                                                         \
    {                                                                                                                  \
        suite_run(&postgres_backend, NAME);                                                                            \
    }                                                                                                                  \
    static void NAME(struct suite *suite)

static enum error open_once(const char *url, bool create, struct store_fault *fault)
{
    struct store *store = NULL;
    struct store_config config = {
        .url = url, .create = create, .partitions = 6, .units = 3, .incarnation = 9, .boot = 3, .holder = "h"};
    enum error error = store_open(&store, &config, fault);
    cr_assert((error == error_none) == (store != NULL));
    store_close(&store);
    return error;
}

/* Opens a database of the program's server as somebody. */
static enum error open_as(const char *user, const char *database, bool create, struct store_fault *fault)
{
    char url[160];
    snprintf(url, sizeof url, "postgresql://%s@127.0.0.1:%u/%s", user, postgres_port(), database);
    return open_once(url, create, fault);
}

/* The call writes what is wrong into fault. */
#define refused(ERROR, TEXT, CALL)                                                                                     \
    do {                                                                                                               \
        struct store_fault fault = {""};                                                                               \
        enum error error = CALL;                                                                                       \
        cr_assert(error == ERROR && strstr(fault.text, TEXT) != NULL, "%s: %s", error_name(error), fault.text);        \
        cr_assert(strstr(fault.text, "127.0.0.1:") != NULL, "names the server: %s", fault.text);                       \
        cr_assert(strstr(fault.text, "secret") == NULL, "%s", fault.text);                                             \
    } while (0)

/* ---- the schema ---- */

Test(postgres_schema, database_without_the_schema_is_not_found)
{
    char database[64];
    postgres_database_make(database);
    refused(error_not_found, "no schema fluvius", open_as("postgres", database, false, &fault));
    refused(error_not_found, "does not exist", open_as("postgres", "nowhere", true, &fault));
    postgres_database_drop(database);
}

STORE_TEST(newer_schema_is_refused)
{
    postgres_sql(suite->directory, "INSERT INTO fluvius.migration (number) VALUES (99)");
    refused(error_newer_schema, "format 99", open_as("postgres", suite->directory, true, &fault));
}

STORE_TEST(sizes_and_incarnation_are_those_of_the_making)
{
    struct store *store;
    struct store_info info;
    struct store_config config = {.url = suite->url, .create = true, .partitions = 9, .units = 1, .incarnation = 1};
    cr_assert(store_open(&store, &config, &suite->fault) == error_none, "%s", suite->fault.text);
    store_info(store, &info);
    cr_assert(info.partitions == 5 && info.units == 2 && info.incarnation == 77);
    store_close(&store);
}

Test(postgres_schema, sizes_that_are_left_open_are_256_and_16)
{
    struct store *store;
    struct store_info info;
    char database[64], url[160];
    postgres_database_make(database);
    snprintf(url, sizeof url, "postgres://postgres@127.0.0.1:%u/%s", postgres_port(), database);
    struct store_config config = {.url = url, .create = true};
    cr_assert(store_open(&store, &config, NULL) == error_none);
    store_info(store, &info);
    cr_assert(info.partitions == 256 && info.units == 16);
    store_close(&store);
    postgres_database_drop(database);
}

STORE_TEST(migrations_run_once_each_or_not_at_all)
{
    static const char *const migrations[] = {"SELECT 1",
                                             "SELECT 2",
                                             "CREATE TABLE fluvius.third (a bigint)",
                                             "CREATE TABLE fluvius.fourth (a bigint); SELECT nonsense"};
    const struct server_meta make = {.info = {5, 2, 77}, .servers = 1};
    struct server_meta meta;
    struct pg_link link;
    struct server_address address;
    cr_assert(address_init(&address, suite->url, 3000, "test", &suite->fault) == error_none);
    cr_assert(pg_open(&link, &address, &suite->fault) == error_none);
    cr_assert(schema_open(&link, migrations, 3, NULL, &meta, &suite->fault) == error_not_found);
    cr_assert(strstr(suite->fault.text, "must be migrated to 3") != NULL, "%s", suite->fault.text);
    for (int i = 0; i < 2; i++)
        cr_assert(
            schema_open(&link, migrations, 3, &make, &meta, &suite->fault) == error_none, "%s", suite->fault.text);
    cr_assert(meta.info.units == 2 && meta.info.incarnation == 77);
    cr_assert(schema_open(&link, migrations, 4, &make, &meta, &suite->fault) == error_corrupt);
    cr_assert(postgres_number(suite->directory, "SELECT max(number) FROM fluvius.migration") == 3);
    cr_assert(postgres_number(suite->directory, "SELECT count(*) FROM pg_tables WHERE tablename = 'fourth'") == 0);
    pg_close(&link);
    address_fini(&address);
}

struct maker {
    const char *url;
    enum error error;
    struct store_info info;
    pthread_t thread;
};

static void *make_run(void *argument)
{
    struct maker *maker = argument;
    struct store *store;
    struct store_config config = {.url = maker->url, .create = true, .incarnation = (uint64_t)(uintptr_t)maker};
    maker->error = store_open(&store, &config, NULL);
    if (maker->error == error_none) {
        store_info(store, &maker->info);
        store_close(&store);
    }
    return NULL;
}

Test(postgres_schema, of_many_that_make_it_at_once_one_does)
{
    struct maker makers[6];
    char database[64], url[160];
    postgres_database_make(database);
    snprintf(url, sizeof url, "postgresql://postgres@127.0.0.1:%u/%s", postgres_port(), database);
    for (size_t i = 0; i < 6; i++) {
        makers[i] = (struct maker){.url = url};
        pthread_create(&makers[i].thread, NULL, make_run, &makers[i]);
    }
    for (size_t i = 0; i < 6; i++)
        pthread_join(makers[i].thread, NULL);
    for (size_t i = 0; i < 6; i++)
        cr_assert(makers[i].error == error_none && makers[i].info.incarnation == makers[0].info.incarnation);
    cr_assert(postgres_number(database, "SELECT count(*) FROM fluvius.unit") == 16);
    postgres_database_drop(database);
}

STORE_TEST(log_that_was_replaced_is_refused)
{
    postgres_sql(suite->directory, "UPDATE fluvius.meta SET incarnation = 78");
    const struct store_claim *claim;
    store_release(suite->store, 0);
    refused(error_bad_settings, "another log", store_claim(suite->store, 0, &claim, &fault));
}

/* ---- logins and settings ---- */

Test(postgres_login, refused_logins_are_told_apart)
{
    char database[64];
    postgres_database_make(database);
    refused(error_login_refused, "does not exist", open_as("stranger", database, true, &fault));
    postgres_sql("postgres", "DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN CONNECTION LIMIT 0");
    refused(error_connection_limit, "too many connections", open_as("few", database, true, &fault));
    postgres_sql("postgres", "DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN");
    refused(error_login_refused, "permission denied", open_as("weak", database, true, &fault));
    postgres_database_drop(database);
}

Test(postgres_login, url_that_cannot_be_read_is_not_quoted)
{
    struct store_fault fault;
    cr_assert(open_once("postgresql://ann:secret@[::1/x", true, &fault) == error_bad_settings);
    cr_assert(strstr(fault.text, "secret") == NULL);
}

Test(postgres_login, server_that_is_not_there_is_unreachable)
{
    refused(error_unreachable, "connecting", open_once("postgresql://ann:secret@127.0.0.1:1/x", true, &fault));
}

STORE_TEST(read_only_database_is_refused)
{
    postgres_sql("postgres", "ALTER DATABASE %s SET default_transaction_read_only = on", suite->directory);
    refused(error_read_only, "read-only", open_as("postgres", suite->directory, true, &fault));
}

Test(postgres_login, database_of_another_encoding_is_refused)
{
    postgres_sql("postgres", "DROP DATABASE IF EXISTS latin");
    postgres_sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    refused(error_unsafe_settings, "LATIN1", open_as("postgres", "latin", true, &fault));
    postgres_database_drop("latin");
}

static const char *setting_of(PGconn *connection, const char *sql, char out[32])
{
    PGresult *result = PQexec(connection, sql);
    snprintf(out, 32, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return out;
}

STORE_TEST(weaker_settings_of_sessions_are_overridden)
{
    char value[32];
    postgres_sql("postgres",
                 "ALTER DATABASE %s SET synchronous_commit = off; ALTER DATABASE %s SET statement_timeout = 5000;"
                 "ALTER DATABASE %s SET default_transaction_isolation = 'serializable'",
                 suite->directory,
                 suite->directory,
                 suite->directory);
    suite_restart(suite, SUITE_CLOSED);
    PGconn *connection = postgres_unit_of(unit_of(suite->store, 0))->writer.connection;
    cr_assert_str_eq(setting_of(connection, "SHOW synchronous_commit", value), "on");
    cr_assert_str_eq(setting_of(connection, "SHOW statement_timeout", value), "0");
    cr_assert_str_eq(setting_of(connection, "SHOW default_transaction_isolation", value), "read committed");
    suite_fill(suite, 20, 4);
    suite_check(suite);
}

/* ---- servers of a test's own ---- */

static struct postgres_server own;

static void own_start(const char *setting)
{
    const char *const settings[] = {setting, NULL};
    postgres_server_start(&own, setting == NULL ? NULL : settings);
}

static enum error own_open(const char *user, const char *host, bool create, struct store_fault *fault)
{
    char url[160];
    snprintf(url, sizeof url, "postgresql://%s@%s:%u/postgres", user, host, own.port);
    return open_once(url, create, fault);
}

static void own_file(const char *name, const char *text, const char *mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/data/%s", own.directory, name);
    FILE *file = fopen(path, mode);
    cr_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

Test(postgres_server, settings_under_which_commits_are_lost_are_refused)
{
    postgres_server_make(&own);
    own_start("fsync=off");
    refused(error_unsafe_settings, "fsync is off", own_open("postgres", "127.0.0.1", true, &fault));
    postgres_server_stop(&own, true);
    own_start("full_page_writes=off");
    refused(error_unsafe_settings, "full_page_writes is off", own_open("postgres", "127.0.0.1", true, &fault));
    postgres_server_stop(&own, true);
    own_start(NULL);
    cr_assert(own_open("postgres", "127.0.0.1", true, NULL) == error_none);
    refused(
        error_unsafe_settings, "synchronous_standby_names", own_open("postgres", "127.0.0.1,127.0.0.1", true, &fault));
    char url[128];
    snprintf(url, sizeof url, "postgresql://postgres@127.0.0.1:%u/postgres?target_session_attrs=primary", own.port);
    refused(error_unsafe_settings, "synchronous_standby_names", open_once(url, true, &fault));
    postgres_server_remove(&own);
}

Test(postgres_server, wrong_password_is_a_refused_login)
{
    postgres_server_make(&own);
    own_file("pg_hba.conf",
             "local all all trust\nhost all ann 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n",
             "w");
    own_start(NULL);
    free(postgres_server_query(own.port, "postgres", "CREATE ROLE ann LOGIN PASSWORD 'right'"));
    refused(error_login_refused, "password", own_open("ann:secret", "127.0.0.1", false, &fault));
    refused(error_login_refused, "password", own_open("ann", "127.0.0.1", false, &fault));
    refused(error_not_found, "no store", own_open("ann:right", "127.0.0.1", false, &fault));
    postgres_server_remove(&own);
}

Test(postgres_server, standby_is_read_only)
{
    postgres_server_make(&own);
    own_start(NULL);
    postgres_server_stop(&own, true);
    own_file("standby.signal", "", "w");
    own_start(NULL);
    refused(error_read_only, "a standby", own_open("postgres", "127.0.0.1", true, &fault));
    postgres_server_remove(&own);
}

static void own_prepare(struct suite *suite)
{
    postgres_server_make(&own);
    own_start(NULL);
    snprintf(suite->url, sizeof suite->url, "postgresql://postgres@127.0.0.1:%u/postgres", own.port);
    suite->config.url = suite->url;
    suite->config.member = "suite";
    suite->config.boot = 1;
}

static void own_clean(struct suite *suite)
{
    (void)suite;
    postgres_server_remove(&own);
}

static const struct suite_backend own_backend = {.prepare = own_prepare, .clean = own_clean};

static void restart_in_the_middle(struct suite *suite)
{
    for (int i = 0; i < 2; i++) {
        suite_fill(suite, 40, 6);
        suite_check(suite);
        postgres_server_stop(&own, i == 0);
        model_command(&suite->model, "a1", model_id(&suite->model), 1, status_ok);
        enum error error = model_append(&suite->model, suite->store, &suite->fault);
        cr_assert(error == error_unreachable || error == error_unknown_outcome, "%s", suite->fault.text);
        cr_assert(postgres_beat_once(suite->store, &suite->fault) == error_unreachable, "%s", suite->fault.text);
        cr_assert(!model_check_log(&suite->model, suite->store, 10), "it is down");
        store_release(suite->store, 0);
        store_release(suite->store, 1);
        own_start(NULL);
        cr_assert(model_check_log(&suite->model, suite->store, 10), "%s", suite->model.fault);
        suite_claim_all(suite);
        suite_check(suite);
    }
}

Test(postgres_server, restart_of_the_server_loses_nothing)
{
    suite_run(&own_backend, restart_in_the_middle);
}

/* ---- several servers ---- */

static char second[64];

static void two_prepare(struct suite *suite)
{
    postgres_backend.prepare(suite);
    postgres_database_make(second);
    snprintf(suite->url,
             sizeof suite->url,
             "postgresql://postgres@127.0.0.1:%u/%.16s  postgresql://postgres@127.0.0.1:%u/%.16s",
             postgres_port(),
             suite->directory,
             postgres_port(),
             second);
}

static void two_restart(struct suite *suite, enum suite_restart how)
{
    if (how == SUITE_KILLED)
        postgres_expire(second, suite->config.boot);
    postgres_backend.restart(suite, how);
}

static void two_clean(struct suite *suite)
{
    postgres_backend.clean(suite);
    postgres_database_drop(second);
}

static const struct suite_backend two_backend = {.prepare = two_prepare, .restart = two_restart, .clean = two_clean};

static void units_are_spread(struct suite *suite)
{
    suite_fill(suite, 100, 10);
    suite_check(suite);
    cr_assert(postgres_number(suite->directory, "SELECT min(number) FROM fluvius.unit") == 0);
    cr_assert(postgres_number(second, "SELECT min(number) FROM fluvius.unit") == 1);
    cr_assert(postgres_number(second, "SELECT count(*) FROM fluvius.log WHERE (position >> 40) % 2 = 0") == 0);
    cr_assert(postgres_number(second, "SELECT count(*) FROM fluvius.log") > 0);
    struct store_pool *pool;
    cr_assert(store_beat(suite->store, &(struct store_beat){0}, &pool, &suite->fault) == error_none);
    cr_assert(pool->member_count == 1 && pool->units[0].member == 0 && pool->units[1].member == 0);
    cr_assert(pool->units[1].epoch == 1);
    store_pool_free(&pool);
}

Test(postgres_servers, units_are_spread_over_servers)
{
    suite_run(&two_backend, units_are_spread);
}

Test(postgres_servers, random_history_agrees_with_the_model)
{
    suite_run(&two_backend, case_random_history_agrees_with_the_model);
}

static void others_are_refused(struct suite *suite)
{
    char url[240];
    uint16_t port = postgres_port();
    refused(error_bad_settings, "part 1 of 2", open_as("postgres", suite->directory, true, &fault));
    snprintf(url,
             sizeof url,
             "postgresql://postgres@127.0.0.1:%u/%s postgresql://postgres@127.0.0.1:%u/%s",
             port,
             second,
             port,
             suite->directory);
    refused(error_bad_settings, "should be part 1 of 2", open_once(url, true, &fault));
    postgres_sql(second, "UPDATE fluvius.meta SET incarnation = 5");
    refused(error_bad_settings, "log 5", open_once(suite->url, true, &fault));
}

Test(postgres_servers, parts_of_other_logs_and_wrong_orders_are_refused)
{
    suite_run(&two_backend, others_are_refused);
}

static void beat_says_which_is_missing(struct suite *suite)
{
    struct store_fault fault = {""};
    uint64_t until_us = store_lease_until(suite->store);
    postgres_sql("postgres", "ALTER DATABASE %s ALLOW_CONNECTIONS false", suite->directory);
    postgres_sql("postgres",
                 "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '%s'",
                 suite->directory);
    int64_t before = postgres_number(second, "SELECT extract(epoch FROM beat_at) * 1e6 FROM fluvius.member");
    cr_assert(postgres_beat_once(suite->store, &fault) != error_none);
    cr_assert(strstr(fault.text, suite->directory) != NULL, "%s", fault.text);
    cr_assert(store_lease_until(suite->store) == until_us, "a lease is of all servers");
    cr_assert(postgres_number(second, "SELECT extract(epoch FROM beat_at) * 1e6 FROM fluvius.member") > before);
    postgres_sql("postgres", "ALTER DATABASE %s ALLOW_CONNECTIONS true", suite->directory);
    cr_assert(postgres_beat_once(suite->store, &fault) == error_none, "%s", fault.text);
    cr_assert(store_lease_until(suite->store) > until_us);
}

Test(postgres_servers, beat_reaches_the_others_and_names_the_one_it_does_not)
{
    suite_run(&two_backend, beat_says_which_is_missing);
}

/* ---- damage ---- */

static void damage(struct suite *suite, const char *where)
{
    postgres_sql(suite->directory, "UPDATE fluvius.log SET data = '\\xdead' WHERE %s", where);
}

STORE_TEST(damaged_record_is_never_given)
{
    struct model *model = &suite->model;
    for (int i = 0; i < 5; i++)
        model_command(model, "one", model_id(model), 1, status_ok);
    suite_append(suite);
    damage(suite, "version = 3");
    cr_assert(!model_check_stream(model, suite->store, "one", UINT64_MAX));
    cr_assert(strstr(model->fault, "its checksum does not hold") != NULL, "%s", model->fault);
    cr_assert(model_check_stream(model, suite->store, "one", 2), "%s", model->fault);
}

STORE_TEST(owner_of_a_damaged_tail_is_not_made_and_others_may_try)
{
    const struct store_claim *claim;
    suite_fill(suite, 20, 3);
    store_release(suite->store, 0);
    damage(suite, "position IN (SELECT max(position) FROM fluvius.log GROUP BY position >> 40)");
    cr_assert(store_claim(suite->store, 0, &claim, &suite->fault) == error_corrupt, "%s", suite->fault.text);
    cr_assert(
        postgres_number(suite->directory, "SELECT count(*) FROM fluvius.unit WHERE number = 0 AND boot IS NULL") == 1);
}

STORE_TEST(missing_record_is_noticed)
{
    suite_fill(suite, 40, 3);
    postgres_sql(suite->directory, "DELETE FROM fluvius.log WHERE (position & 1099511627775) = 3");
    cr_assert(!model_check_log(&suite->model, suite->store, 10));
    cr_assert(strstr(suite->model.fault, "has no record at seq 3") != NULL, "%s", suite->model.fault);
}

STORE_TEST(damaged_snapshot_is_left_out)
{
    bool more;
    struct model *model = &suite->model;
    model_command(model, "one", model_id(model), 3, status_ok);
    suite_append(suite);
    const struct store_record *event = model_last(model, "one");
    struct store_snapshot_write write = {.partition = event->partition,
                                         .stream = event->stream,
                                         .stream_hash = event->stream_hash,
                                         .snapshot = {.version = 3, .seq = event->seq, .state = slice_text("three")}};
    cr_assert(store_maintain(suite->store, model_unit(model, "one"), &write, 1, 5, &more, NULL) == error_none);
    postgres_sql(suite->directory, "UPDATE fluvius.snapshot SET state = 'other', version = 2");
    cr_assert(model_check_stream(model, suite->store, "one", UINT64_MAX), "%s", model->fault);
}

static void count_receipt(void *context, const struct store_receipt *receipt)
{
    (void)receipt;
    ++*(unsigned *)context;
}

STORE_TEST(damaged_page_of_receipts_is_named)
{
    uint64_t since_ms, expired_ms;
    unsigned given = 0;
    struct store_receipt receipt;
    suite->backend->tighten(suite);
    for (int i = 0; i < 50; i++)
        model_command(&suite->model, "one", model_id(&suite->model), 1, status_ok);
    suite_append(suite);
    suite_maintain(suite, 5);
    uint32_t unit = model_unit(&suite->model, "one");
    const struct store_record *record = &suite->model.records[0];
    postgres_sql(suite->directory, "UPDATE fluvius.receipt_page SET entries = set_byte(entries, 40, 255)");
    enum error error =
        store_recent_receipts(suite->store, unit, count_receipt, &given, &since_ms, &expired_ms, &suite->fault);
    cr_assert(error == error_corrupt && given == 0, "%s", suite->fault.text);
    error = store_find_receipt(suite->store, unit, &record->id, record->stream_hash, &receipt, &suite->fault);
    cr_assert(error == error_corrupt && strstr(suite->fault.text, "a page of receipts is damaged") != NULL);
}
