/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who may write: leases, epochs, the fence, backends that must be ended, races. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/store/postgres.h"
#include "tests/unit/store/postgres_backend.h"

#define STORE_TEST(NAME)                                                                                               \
    static void NAME(struct suite *suite);                                                                             \
    Test(postgres_claim, NAME)                                                                                         \
    {                                                                                                                  \
        suite_run(&postgres_backend, NAME);                                                                            \
    }                                                                                                                  \
    static void NAME(struct suite *suite)

/* Another process of the pool, which has sent a beat. */
static struct store *other_open(struct suite *suite, uint64_t boot)
{
    struct store *other;
    struct store_config config = suite->config;
    config.boot = boot;
    config.member = "other";
    config.holder = "shard-1 pid 7";
    cr_assert(store_open(&other, &config, &suite->fault) == error_none, "%s", suite->fault.text);
    cr_assert(postgres_beat_once(other, &suite->fault) == error_none, "%s", suite->fault.text);
    return other;
}

static enum error claim(struct suite *suite, struct store *store, uint32_t unit)
{
    const struct store_claim *claim;
    return store_claim(store, unit, &claim, &suite->fault);
}

static int64_t number(struct suite *suite, const char *sql)
{
    return postgres_number(suite->directory, sql);
}

/* ---- the fence ---- */

static void raise_epoch(struct suite *suite)
{
    postgres_sql(suite->directory, "UPDATE fluvius.unit SET epoch = epoch + 1, boot = 99, holder = 'another'");
}

STORE_TEST(append_at_an_old_epoch_is_fenced_and_changes_nothing)
{
    struct model *model = &suite->model;
    suite_fill(suite, 20, 4);
    int64_t rows = number(suite, "SELECT count(*) FROM fluvius.log");
    raise_epoch(suite);
    model_command(model, "a1", model_id(model), 2, status_ok);
    cr_assert(model_append(model, suite->store, &suite->fault) == error_fenced, "%s", suite->fault.text);
    cr_assert(strstr(suite->fault.text, "epoch 2, ours was 1") != NULL, "%s", suite->fault.text);
    cr_assert(number(suite, "SELECT count(*) FROM fluvius.log") == rows);
    suite_check(suite);
}

STORE_TEST(append_where_the_next_owner_has_written_is_fenced)
{
    struct model *model = &suite->model;
    suite_fill(suite, 20, 4);
    raise_epoch(suite);
    postgres_sql(
        suite->directory,
        "INSERT INTO fluvius.log SELECT position + 1, time_us, epoch, version, previous, checksum, schema, "
        "status, command_id, hash, realm, namespace, resource, identifier, event, command, \"user\", traceparent, "
        "data FROM (SELECT DISTINCT ON (position >> 40) * FROM fluvius.log ORDER BY position >> 40, position DESC)"
        " last");
    model_command(model, "a1", model_id(model), 1, status_ok);
    cr_assert(model_append(model, suite->store, &suite->fault) == error_fenced, "%s", suite->fault.text);
}

STORE_TEST(append_after_records_that_nobody_knows_of_is_corrupt)
{
    struct model *model = &suite->model;
    suite_fill(suite, 20, 4);
    postgres_sql(suite->directory,
                 "UPDATE fluvius.log SET position = position + 1 WHERE position IN"
                 " (SELECT max(position) FROM fluvius.log GROUP BY position >> 40)");
    model_command(model, "a1", model_id(model), 1, status_ok);
    cr_assert(model_append(model, suite->store, &suite->fault) == error_corrupt, "%s", suite->fault.text);
}

STORE_TEST(everything_else_an_old_owner_writes_is_fenced)
{
    bool more = true;
    suite->backend->tighten(suite);
    suite_fill(suite, 150, 10);
    int64_t streams = number(suite, "SELECT count(*) FROM fluvius.stream");
    int64_t runs = number(suite, "SELECT count(*) FROM fluvius.receipt_run");
    postgres_of(suite->store)->base.limits.rows = 1;
    raise_epoch(suite);
    cr_assert(store_maintain(suite->store, 0, NULL, 0, 5, &more, &suite->fault) == error_fenced);
    cr_assert(more, "untouched on failure");
    cr_assert(store_describe(suite->store, 0, 1, slice_text("x"), &suite->fault) == error_fenced);
    cr_assert(number(suite, "SELECT count(*) FROM fluvius.stream") == streams);
    cr_assert(number(suite, "SELECT count(*) FROM fluvius.receipt_run") == runs);
    cr_assert(number(suite, "SELECT count(*) FROM fluvius.module") == 0);
    suite_check(suite);
}

STORE_TEST(old_snapshot_writer_is_fenced)
{
    bool more;
    struct model *model = &suite->model;
    model_command(model, "a1", model_id(model), 2, status_ok);
    suite_append(suite);
    const struct store_record *event = model_last(model, "a1");
    struct store_snapshot_write write = {.partition = event->partition,
                                         .stream = event->stream,
                                         .stream_hash = event->stream_hash,
                                         .snapshot = {.version = 2, .seq = event->seq, .state = slice_text("two")}};
    raise_epoch(suite);
    uint32_t unit = model_unit(model, "a1");
    cr_assert(store_maintain(suite->store, unit, &write, 1, 5, &more, &suite->fault) == error_fenced);
    cr_assert(number(suite, "SELECT count(*) FROM fluvius.snapshot") == 0);
}

STORE_TEST(old_owner_that_leaves_changes_nothing)
{
    suite_fill(suite, 40, 6);
    raise_epoch(suite);
    store_release(suite->store, 0);
    cr_assert(number(suite, "SELECT count(*) FROM fluvius.stream") == 0);
    cr_assert(number(suite, "SELECT boot FROM fluvius.unit WHERE number = 0") == 99);
}

/* ---- leases ---- */

STORE_TEST(unit_of_a_live_owner_is_refused_and_its_holder_named)
{
    struct store *other = other_open(suite, 7);
    cr_assert(claim(suite, other, 0) == error_locked);
    cr_assert(strstr(suite->fault.text, "held by suite") != NULL, "%s", suite->fault.text);
    cr_assert(strstr(suite->fault.text, "unit 0") != NULL, "%s", suite->fault.text);
    suite_fill(suite, 10, 3);
    suite_check(suite);
    store_close(&other);
}

STORE_TEST(released_unit_is_taken_at_once)
{
    suite_fill(suite, 40, 6);
    struct store *other = other_open(suite, 7), *first = suite->store;
    store_release(first, 0);
    store_release(first, 1);
    cr_assert(claim(suite, other, 0) == error_none && claim(suite, other, 1) == error_none, "%s", suite->fault.text);
    suite->store = other;
    suite_fill(suite, 40, 6);
    suite_check(suite);
    suite->store = first;
    store_close(&other);
}

STORE_TEST(unit_is_taken_when_its_owners_lease_has_run_out)
{
    suite_fill(suite, 40, 6);
    struct store *other = other_open(suite, 7), *first = suite->store;
    postgres_expire(suite->directory, suite->config.boot);
    cr_assert(claim(suite, other, 0) == error_none && claim(suite, other, 1) == error_none, "%s", suite->fault.text);
    model_command(&suite->model, "a1", model_id(&suite->model), 1, status_ok);
    enum error error = model_append(&suite->model, first, &suite->fault);
    cr_assert(error == error_unreachable, "its backend was ended before: %s", suite->fault.text);
    suite->store = other;
    suite_fill(suite, 40, 6);
    suite_check(suite);
    suite->store = first;
    store_release(first, 0);
    store_release(first, 1);
    store_close(&other);
    suite_claim_all(suite);
    suite_check(suite);
}

STORE_TEST(beat_before_another_claims_keeps_the_units)
{
    struct store *other = other_open(suite, 7);
    postgres_expire(suite->directory, suite->config.boot);
    cr_assert(postgres_beat_once(suite->store, &suite->fault) == error_none);
    cr_assert(claim(suite, other, 0) == error_locked);
    suite_fill(suite, 10, 3);
    suite_check(suite);
    store_close(&other);
}

STORE_TEST(nobody_claims_without_a_lease)
{
    struct store *other = other_open(suite, 7);
    store_release(suite->store, 0);
    postgres_expire(suite->directory, 7);
    cr_assert(claim(suite, other, 0) == error_locked);
    cr_assert(strstr(suite->fault.text, "lease of the claimer") != NULL, "%s", suite->fault.text);
    cr_assert(postgres_beat_once(other, &suite->fault) == error_none);
    cr_assert(claim(suite, other, 0) == error_none, "%s", suite->fault.text);
    store_close(&other);
}

/* The owner has copied rows and neither ends nor says anything: ours at the same positions would wait for it for ever.
 */
STORE_TEST(taker_ends_a_backend_that_holds_an_open_copy)
{
    struct postgres_unit *unit = postgres_unit_of(unit_of(suite->store, 0));
    PGconn *connection = unit->writer.connection;
    suite_fill(suite, 20, 5);
    int64_t rows = number(suite, "SELECT count(*) FROM fluvius.log");
    cr_assert(PQsendQuery(connection, unit->append_sql) == 1);
    PQclear(PQgetResult(connection));
    PQclear(PQgetResult(connection));
    cr_assert(PQputCopyData(connection, (const char *)unit->rows, (int)unit->rows_size - 2) == 1);
    PQflush(connection);
    struct store *other = other_open(suite, 7), *first = suite->store;
    postgres_expire(suite->directory, suite->config.boot);
    cr_assert(claim(suite, other, 0) == error_none && claim(suite, other, 1) == error_none, "%s", suite->fault.text);
    cr_assert(number(suite, "SELECT count(*) FROM fluvius.log") == rows);
    suite->store = other;
    suite_fill(suite, 20, 5);
    suite_check(suite);
    suite->store = first;
    store_close(&other);
}

STORE_TEST(backend_number_that_is_anothers_by_now_is_left_alone)
{
    PGconn *bystander = PQconnectdb(suite->url);
    postgres_sql(suite->directory, "UPDATE fluvius.unit SET pid = %d WHERE number = 0", PQbackendPID(bystander));
    struct store *other = other_open(suite, 7);
    postgres_expire(suite->directory, suite->config.boot);
    cr_assert(claim(suite, other, 0) == error_none, "%s", suite->fault.text);
    PGresult *result = PQexec(bystander, "SELECT 1");
    cr_assert(PQresultStatus(result) == PGRES_TUPLES_OK);
    PQclear(result);
    PQfinish(bystander);
    store_close(&other);
}

/* ---- races ---- */

struct claimer {
    struct store *store;
    enum error error;
    _Atomic bool done;
    pthread_t thread;
};

static void *claimer_run(void *argument)
{
    struct claimer *claimer = argument;
    const struct store_claim *claim;
    claimer->error = store_claim(claimer->store, 0, &claim, NULL);
    claimer->done = true;
    return NULL;
}

static PGconn *transaction_open(struct suite *suite, const char *sql)
{
    PGconn *connection = PQconnectdb(suite->url);
    PQclear(PQexec(connection, "BEGIN"));
    PGresult *result = PQexec(connection, sql);
    cr_assert(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(connection));
    PQclear(result);
    return connection;
}

/* Until it waits for a lock, or has ended. */
static void claimer_wait(struct suite *suite, struct claimer *claimer)
{
    while (!claimer->done && number(suite, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 0)
        ;
}

STORE_TEST(beat_that_is_under_way_at_a_claim_keeps_the_unit)
{
    struct claimer claimer = {.store = other_open(suite, 7)};
    postgres_expire(suite->directory, suite->config.boot);
    PGconn *beat = transaction_open(suite, "SELECT * FROM fluvius.beat(1, 'suite', 60000, 0, false, '{}')");
    pthread_create(&claimer.thread, NULL, claimer_run, &claimer);
    claimer_wait(suite, &claimer);
    PQclear(PQexec(beat, "COMMIT"));
    pthread_join(claimer.thread, NULL);
    cr_assert(claimer.error == error_locked);
    PQfinish(beat);
    store_close(&claimer.store);
}

STORE_TEST(transaction_that_was_fenced_ends_before_another_owns)
{
    struct claimer claimer = {.store = other_open(suite, 7)};
    postgres_expire(suite->directory, suite->config.boot);
    PGconn *fenced = transaction_open(suite, "SELECT fluvius.fence(0, 1, 1)");
    pthread_create(&claimer.thread, NULL, claimer_run, &claimer);
    claimer_wait(suite, &claimer);
    cr_assert(!claimer.done && number(suite, "SELECT epoch FROM fluvius.unit WHERE number = 0") == 1);
    PQclear(PQexec(fenced, "COMMIT"));
    pthread_join(claimer.thread, NULL);
    cr_assert(claimer.error == error_none);
    PQfinish(fenced);
    store_close(&claimer.store);
}

enum { RACERS = 4, ROUNDS = 25 };

struct racer {
    struct store *store;
    pthread_barrier_t *barrier;
    pthread_t thread;
    uint64_t epochs[ROUNDS]; /* 0: lost */
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    for (int round = 0; round < ROUNDS; round++) {
        const struct store_claim *claim;
        pthread_barrier_wait(racer->barrier);
        bool won = store_claim(racer->store, 0, &claim, NULL) == error_none;
        racer->epochs[round] = won ? claim->epoch : 0;
        pthread_barrier_wait(racer->barrier);
        if (won)
            store_release(racer->store, 0);
    }
    return NULL;
}

STORE_TEST(of_many_that_race_one_owns_each_epoch)
{
    struct racer racers[RACERS] = {0};
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, RACERS);
    store_release(suite->store, 0);
    for (uint64_t i = 0; i < RACERS; i++)
        racers[i] = (struct racer){.store = other_open(suite, 100 + i), .barrier = &barrier};
    for (int i = 0; i < RACERS; i++)
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    for (int i = 0; i < RACERS; i++)
        pthread_join(racers[i].thread, NULL);
    uint64_t before = 1;
    for (int round = 0; round < ROUNDS; round++) {
        int winners = 0;
        for (int i = 0; i < RACERS; i++)
            if (racers[i].epochs[round] != 0) {
                winners++;
                cr_assert(racers[i].epochs[round] == before + 1);
            }
        cr_assert(winners == 1, "round %d: %d", round, winners);
        before++;
    }
    for (int i = 0; i < RACERS; i++)
        store_close(&racers[i].store);
    pthread_barrier_destroy(&barrier);
}
