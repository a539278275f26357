/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connections that are lost before, during and after a commit: what the store says of it, and that a new claim finds
 * the truth. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/store/postgres.h"
#include "tests/lib/postgres_proxy.h"
#include "tests/unit/store/postgres_backend.h"

/* The suite's backend, but for a proxy on the way. */
static struct proxy *way;

static void prepare(struct suite *suite)
{
    postgres_backend.prepare(suite);
    way = proxy_new(postgres_port());
    snprintf(suite->url,
             sizeof suite->url,
             "postgresql://postgres@127.0.0.1:%u/%.24s?sslmode=disable&gssencmode=disable",
             proxy_port(way),
             suite->directory);
}

static void clean(struct suite *suite)
{
    proxy_free(&way);
    postgres_backend.clean(suite);
}

static const struct suite_backend backend = {.prepare = prepare, .clean = clean};

#define STORE_TEST(NAME)                                                                                               \
    static void NAME(struct suite *suite);                                                                             \
    Test(postgres_outcome, NAME)                                                                                       \
    {                                                                                                                  \
        suite_run(&backend, NAME);                                                                                     \
    }                                                                                                                  \
    static void NAME(struct suite *suite)

static void command_add(struct suite *suite)
{
    model_command(&suite->model, "one", model_id(&suite->model), 1 + model_below(&suite->model, 3), status_ok);
}

static uint32_t unit_one(struct suite *suite)
{
    return model_unit(&suite->model, "one");
}

/* Appends the model's batch, which is of unit_one only; the model keeps it as if it were there. */
static enum error append_one(struct suite *suite)
{
    struct model *model = &suite->model;
    return store_append(suite->store,
                        unit_one(suite),
                        model->records + model->committed,
                        model->count - model->committed,
                        &suite->fault);
}

/* Claims the unit again and lets the model have what the new claim found: the batch, or nothing of it. True when it was
 * there. */
static bool claim_again(struct suite *suite)
{
    struct model *model = &suite->model;
    const struct store_claim *claim;
    uint32_t partition = model_partition(model, "one");
    uint64_t head = 0, with = model->partitions[partition].head;
    store_release(suite->store, unit_one(suite));
    enum error error = store_claim(suite->store, unit_one(suite), &claim, &suite->fault);
    cr_assert(error == error_none, "%s", suite->fault.text);
    for (uint32_t i = 0; i < claim->count; i++)
        if (claim->partitions[i].partition == partition)
            head = claim->partitions[i].head;
    if (head == with)
        model->committed = model->count;
    else
        model_drop(model);
    cr_assert(head == model->partitions[partition].head, "all of a batch or nothing");
    return head == with;
}

STORE_TEST(cut_before_the_end_of_the_rows_leaves_nothing)
{
    static const enum proxy_cut cuts[] = {PROXY_CUT_ROWS, PROXY_CUT_END};
    suite_fill(suite, 20, 4);
    for (size_t i = 0; i < 2; i++) {
        command_add(suite);
        proxy_cut(way, cuts[i]);
        cr_assert(append_one(suite) == error_unknown_outcome, "that the end was not passed on it cannot know");
        cr_assert(append_one(suite) == error_unreachable, "the connection is given up");
        cr_assert(strstr(suite->fault.text, "claim it again") != NULL, "%s", suite->fault.text);
        cr_assert(!claim_again(suite));
        suite_fill(suite, 10, 4);
        suite_check(suite);
    }
}

STORE_TEST(cut_before_the_answer_is_unknown_and_found_by_the_next_claim)
{
    suite_fill(suite, 20, 4);
    for (int i = 0; i < 5; i++) {
        command_add(suite);
        proxy_cut(way, PROXY_CUT_ANSWERED);
        cr_assert(append_one(suite) == error_unknown_outcome, "%s", suite->fault.text);
        cr_assert(claim_again(suite));
        suite_fill(suite, 10, 4);
        suite_check(suite);
    }
}

STORE_TEST(cut_in_the_middle_of_a_commit_is_found_out_by_the_next_claim)
{
    for (int i = 0; i < 20; i++) {
        command_add(suite);
        proxy_cut(way, PROXY_CUT_AT_ONCE);
        cr_assert(append_one(suite) == error_unknown_outcome, "%s", suite->fault.text);
        claim_again(suite);
        suite_fill(suite, 3, 4);
    }
    suite_check(suite);
}

STORE_TEST(unit_with_an_unknown_outcome_is_not_released_to_others)
{
    command_add(suite);
    proxy_cut(way, PROXY_CUT_ANSWERED);
    cr_assert(append_one(suite) == error_unknown_outcome);
    store_release(suite->store, unit_one(suite));
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT boot FROM fluvius.unit WHERE number = %u", unit_one(suite));
    cr_assert(postgres_number(suite->directory, sql) == (int64_t)suite->config.boot);
}

static void backends_end(struct suite *suite)
{
    postgres_sql(suite->directory,
                 "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '%s' AND pid <> "
                 "pg_backend_pid()",
                 suite->directory);
}

STORE_TEST(backend_that_was_ended_between_commits_leaves_nothing)
{
    suite_fill(suite, 20, 4);
    backends_end(suite);
    command_add(suite);
    cr_assert(append_one(suite) == error_unreachable, "%s", suite->fault.text);
    cr_assert(!claim_again(suite));
    suite_check(suite);
}

STORE_TEST(maintenance_over_a_lost_connection_changes_nothing)
{
    bool more;
    postgres_of(suite->store)->base.limits = (struct unit_limits){.streams = 70, .rows = 50, .receipts = 40};
    suite_fill(suite, 40, 10);
    postgres_of(suite->store)->base.limits.rows = 1;
    backends_end(suite);
    for (uint32_t unit = 0; unit < 2; unit++) {
        enum error error = store_maintain(suite->store, unit, NULL, 0, 5, &more, &suite->fault);
        cr_assert(error == error_unreachable || error == error_unknown_outcome, "%s", suite->fault.text);
        error = store_maintain(suite->store, unit, NULL, 0, 5, &more, &suite->fault);
        cr_assert(error == error_unreachable, "%s", suite->fault.text);
        store_release(suite->store, unit);
    }
    suite_claim_all(suite);
    suite_check(suite);
    suite_fill(suite, 40, 10);
    suite_maintain(suite, 5);
    suite_check(suite);
}

/* ---- a standby that does not answer ---- */

struct waiting {
    struct suite *suite;
    enum error (*call)(struct suite *suite);
    enum error error;
    atomic_bool ended; /* after error, which the thread that joins reads */
    pthread_t thread;
};

static void *waiting_run(void *argument)
{
    struct waiting *waiting = argument;
    waiting->error = waiting->call(waiting->suite);
    waiting->ended = true;
    return NULL;
}

static enum error claim_one(struct suite *suite)
{
    const struct store_claim *claim;
    return store_claim(suite->store, unit_one(suite), &claim, &suite->fault);
}

/* Calls it, and cancels each wait for the standby that it comes to: a new kind of event is a commit before its own. */
static enum error call_cancelled(struct suite *suite, uint16_t port, enum error (*call)(struct suite *suite))
{
    struct waiting waiting = {.suite = suite, .call = call};
    pthread_create(&waiting.thread, NULL, waiting_run, &waiting);
    while (!waiting.ended)
        free(postgres_server_query(
            port, "postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"));
    pthread_join(waiting.thread, NULL);
    return waiting.error;
}

static void server_set(uint16_t port, const char *sql)
{
    free(postgres_server_query(port, "postgres", sql));
    free(postgres_server_query(port, "postgres", "SELECT pg_reload_conf()"));
}

static void standby_wait(uint16_t port, const char *names)
{
    char *text = NULL;
    do {
        free(text);
        text = postgres_server_query(port, "postgres", "SHOW synchronous_standby_names");
    } while (strcmp(text, names) != 0);
    free(text);
}

/* A server of its own: the setting is of all its databases. */
Test(postgres_outcome, commit_that_did_not_wait_for_its_standby_is_unknown)
{
    struct postgres_server server;
    struct suite suite = {.config = {.partitions = 5,
                                     .units = 2,
                                     .create = true,
                                     .holder = "suite",
                                     .member = "suite",
                                     .boot = 1,
                                     .lease_ms = 60000,
                                     .incarnation = 77}};
    struct store_info info;
    postgres_server_make(&server);
    postgres_server_start(&server, NULL);
    snprintf(suite.url, sizeof suite.url, "postgresql://postgres@127.0.0.1:%u/postgres", server.port);
    suite.config.url = suite.url;
    suite_open(&suite);
    store_info(suite.store, &info);
    model_init(&suite.model, &info, 1);
    suite_claim_all(&suite);
    server_set(server.port, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    standby_wait(server.port, "nobody");
    command_add(&suite);
    cr_assert(call_cancelled(&suite, server.port, append_one) == error_unknown_outcome, "%s", suite.fault.text);
    cr_assert(strstr(suite.fault.text, "canceling wait") != NULL, "%s", suite.fault.text);
    store_release(suite.store, unit_one(&suite));
    cr_assert(call_cancelled(&suite, server.port, claim_one) == error_unknown_outcome, "%s", suite.fault.text);
    server_set(server.port, "ALTER SYSTEM RESET synchronous_standby_names");
    standby_wait(server.port, "");
    cr_assert(claim_one(&suite) == error_none, "%s", suite.fault.text);
    cr_assert(claim_again(&suite), "it is there");
    suite_check(&suite);
    store_close(&suite.store);
    model_fini(&suite.model);
    postgres_server_remove(&server);
}
