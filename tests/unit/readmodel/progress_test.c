/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How far a build is, beside its rows: what is known of it is read again when it has changed, and rows are never of a
 * build that had been replaced before they were asked for. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/readmodel/database.h"
#include "tests/unit/readmodel/sample.h"

enum { PARTITIONS = 4, TRIES = 10000 };

static struct database database;
static struct model model;
static struct row_page page;
static uint64_t seqs[PARTITIONS], halted[PARTITIONS];
static struct row_progress progress;

#define SCHEMA (database.dialect == DIALECT_SQLITE ? "" : "fluvius_read.")

static void checkpoint_put(uint32_t build, uint32_t partition, uint64_t seq, uint64_t halt)
{
    database_sql(&database,
                 "INSERT INTO %scheckpoint (build, partition, seq, time_us, halted, fault) VALUES (%u, %u, %llu, 0, "
                 "%llu, '')",
                 SCHEMA,
                 build,
                 partition,
                 (unsigned long long)seq,
                 (unsigned long long)halt);
}

/* Build 1, live, with one row c-1. */
static void begin(enum dialect dialect)
{
    struct buffer data;
    sample_model(&model);
    struct row row = sample_row(0, &data);
    database_make(&database, dialect);
    database_build(&database, 1, &model, BUILD_LIVE);
    database_put(&database, 1, &model, &row, 1);
    checkpoint_put(1, 0, 10, 0);
    checkpoint_put(1, 2, 20, 21);
    database_open(&database, 0);
    progress = (struct row_progress){.partitions = PARTITIONS, .seqs = seqs, .halted = halted};
    buffer_fini(&data);
}

static void end(void)
{
    database_clean(&database);
    model_fini(&model);
}

#define BOTH(NAME)                                                                                                     \
    static void NAME(void);                                                                                            \
    Test(progress, NAME##_in_sqlite)                                                                                   \
    {                                                                                                                  \
        begin(DIALECT_SQLITE);                                                                                         \
        NAME();                                                                                                        \
        end();                                                                                                         \
    }                                                                                                                  \
    Test(progress, NAME##_in_postgresql)                                                                               \
    {                                                                                                                  \
        begin(DIALECT_POSTGRESQL);                                                                                     \
        NAME();                                                                                                        \
        end();                                                                                                         \
    }                                                                                                                  \
    static void NAME(void)

static const struct builds *builds_look(void)
{
    const struct builds *builds;
    cr_assert(row_reader_builds(database.reader, &builds, &database.fault) == error_none, "%s", database.fault.text);
    return builds;
}

static const struct builds *builds_known(void)
{
    const struct builds *builds;
    cr_assert(row_reader_builds_known(database.reader, &builds, &database.fault) == error_none);
    return builds;
}

static struct buffer request;

static enum error page_read(uint32_t build)
{
    struct query query = {0};
    struct data_faults faults;
    if (request.size == 0)
        request = sample_msgpack("{'total':false}");
    cr_assert(query_parse(buffer_slice(&request), &model, slice_text("default"), NULL, &query, &faults) == error_none);
    const struct row_want want = {.build = build, .query = &query, .progress = &progress};
    enum error error = row_reader_read(database.reader, &want, &page, &database.fault);
    query_fini(&query);
    return error;
}

BOTH(comes_with_rows_and_without)
{
    builds_look();
    cr_assert(page_read(1) == error_none, "%s", database.fault.text);
    cr_assert(page.count == 1 && seqs[0] == 10 && seqs[1] == 0 && seqs[2] == 20 && halted[2] == 21 && halted[0] == 0);
    memset(seqs, 0, sizeof seqs);
    progress.moment = 0;
    const struct row_want want = {.build = 1, .progress = &progress};
    cr_assert(row_reader_read(database.reader, &want, &page, &database.fault) == error_none);
    cr_assert(page.count == 0 && seqs[0] == 10 && seqs[2] == 20 && halted[2] == 21);
}

BOTH(is_read_again_when_it_has_moved_or_is_of_another_build)
{
    database_build(&database, 2, &model, BUILD_LIVE);
    checkpoint_put(2, 1, 7, 0);
    builds_look();
    cr_assert(page_read(1) == error_none && seqs[0] == 10);
    database_sql(&database, "UPDATE %scheckpoint SET seq = 11, halted = 0 WHERE build = 1", SCHEMA);
    checkpoint_put(1, 9, 1, 0); /* beyond */
    builds_known();
    cr_assert(page_read(1) == error_none && seqs[0] == 11 && seqs[2] == 11 && halted[2] == 0);
    cr_assert(page_read(2) == error_none && seqs[0] == 0 && seqs[1] == 7);
    cr_assert(page_read(1) == error_none && seqs[0] == 11 && seqs[1] == 0);
}

/* Others use the server too: between some two reads nothing happens there. */
BOTH(is_not_read_again_while_nothing_has_changed)
{
    int tries = 0;
    builds_look();
    do {
        cr_assert(page_read(1) == error_none);
        seqs[0] = 99; /* as if it had been so */
        cr_assert(page_read(1) == error_none && page.count == 1);
    } while (seqs[0] != 99 && ++tries < TRIES);
    cr_assert(seqs[0] == 99);
}

BOTH(a_reader_that_lost_its_connection_reads_it_again)
{
    builds_look();
    cr_assert(page_read(1) == error_none);
    row_reader_close(&database.reader);
    database_open(&database, 0);
    progress.moment = 0;
    builds_known();
    seqs[0] = 99;
    cr_assert(page_read(1) == error_none && seqs[0] == 10);
}

BOTH(builds_that_have_changed_are_told_and_then_known)
{
    const struct builds *builds = builds_look();
    const struct build *same = builds->builds;
    cr_assert(builds_known()->builds == same && page_read(1) == error_none);
    database_build(&database, 2, &model, BUILD_BUILDING);
    if (database.dialect == DIALECT_POSTGRESQL) { /* in SQLite looking costs nothing, so whoever asks has looked */
        cr_assert(builds_known()->count == 1);
        cr_assert(page_read(1) == error_not_found);
    }
    cr_assert(builds_known()->count == 2);
    cr_assert(page_read(1) == error_none && page.count == 1, "%s", database.fault.text);
}

Test(progress, a_build_whose_checkpoints_are_gone_is_gone)
{
    begin(DIALECT_POSTGRESQL);
    builds_look();
    database_sql(&database, "DELETE FROM fluvius_read.checkpoint WHERE build = 1");
    cr_assert(page_read(1) == error_not_found);
    end();
}

/* ---- while builds change places ---- */

enum { COMMITS = 1500, SWITCH_EVERY = 10 };
static _Atomic uint64_t committed; /* sequentially consistent: whoever sees it asks afterwards */

static void sql_now(PGconn *connection, const char *format, ...)
{
    char sql[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    PGresult *result = PQexec(connection, sql);
    cr_assert(PQresultStatus(result) == PGRES_COMMAND_OK, "%s", PQresultErrorMessage(result));
    PQclear(result);
}

/* Commit n makes the live build's row say n, and its checkpoint. Now and then that is the other build, which is live
 * from then on; the one before stays as it was. */
static void *writer_main(void *context)
{
    PGconn *connection = PQconnectdb(database.url);
    unsigned live = 1;
    (void)context;
    sql_now(connection, "SET synchronous_commit = off");
    for (unsigned n = 1; n <= COMMITS; n++) {
        bool other = n % SWITCH_EVERY == 0;
        live = other ? 3 - live : live;
        sql_now(connection,
                "BEGIN; UPDATE fluvius_read.m%u_0 SET _row = '{\"n\":%u}'; UPDATE fluvius_read.checkpoint SET seq = %u"
                " WHERE build = %u; UPDATE fluvius_read.build SET state = CASE id WHEN %u THEN 1 ELSE 2 END WHERE %s;"
                " UPDATE fluvius_read.meta SET value = value + %d WHERE key = 'change'; COMMIT",
                live,
                n,
                n,
                live,
                live,
                other ? "true" : "false",
                other);
        atomic_store(&committed, n);
    }
    PQfinish(connection);
    return NULL;
}

static uint32_t live_find(const struct builds *builds)
{
    for (uint32_t i = 0; i < builds->count; i++)
        if (builds->builds[i].state == BUILD_LIVE)
            return builds->builds[i].id;
    return 0;
}

static uint64_t number_read(void)
{
    enum error error = error_not_found;
    for (int tries = 0; error == error_not_found && tries < TRIES; tries++)
        error = page_read(live_find(builds_known()));
    cr_assert(error == error_none && page.count == 1, "%s", database.fault.text);
    buffer_append(&page.rows, "", 1);
    const char *at = strstr((const char *)page.rows.data, "\"n\":");
    return at == NULL ? 0 : strtoull(at + 4, NULL, 10);
}

Test(progress, rows_are_of_its_instant_and_of_the_build_that_is_live_then)
{
    pthread_t writer;
    begin(DIALECT_POSTGRESQL);
    struct buffer data;
    struct row row = sample_row(0, &data);
    database_build(&database, 2, &model, BUILD_RETIRED);
    database_put(&database, 2, &model, &row, 1);
    buffer_fini(&data);
    checkpoint_put(2, 0, 0, 0);
    database_sql(&database, "UPDATE fluvius_read.checkpoint SET seq = 0");
    cr_assert(pthread_create(&writer, NULL, writer_main, NULL) == 0);
    for (uint64_t before = 0; before < COMMITS;) {
        before = atomic_load(&committed);
        uint64_t n = number_read();
        cr_assert(n == seqs[0],
                  "the row is of %llu, the checkpoint of %llu",
                  (unsigned long long)n,
                  (unsigned long long)seqs[0]);
        cr_assert(n >= before, "%llu after %llu", (unsigned long long)n, (unsigned long long)before);
    }
    pthread_join(writer, NULL);
    end();
}
