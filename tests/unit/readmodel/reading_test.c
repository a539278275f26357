/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * From requests to pages on SQLite, as a process that knows no log of its own does it: bounds, moments, positions; and
 * on PostgreSQL, by builds that are remembered. */
#include "services/readmodel/reading.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/readmodel/database.h"
#include "tests/unit/readmodel/sample.h"

enum { ROWS = 300, LOG = 0x77 };

static struct model model;
static struct database database;
static struct reading *reading;
static struct ask ask;
static struct buffer data;
static struct request request;

static void rows_put(void)
{
    static char names[ROWS][8];
    static struct row rows[ROWS];
    struct buffer bytes = {0};
    for (int i = 0; i < ROWS; i++) {
        snprintf(names[i], sizeof names[i], "x%03d", i);
        rows[i] = sample_row(0, &bytes);
        rows[i].id = slice_text(names[i]);
    }
    database_put(&database, 1, &model, rows, ROWS);
    buffer_fini(&bytes);
}

static void begin(void)
{
    sample_model(&model);
    database_make(&database, DIALECT_SQLITE);
    database_build(&database, 1, &model, BUILD_LIVE);
    rows_put();
    database_sql(&database, "INSERT INTO meta (key, value) VALUES ('incarnation', %d)", LOG);
    database_sql(&database,
                 "INSERT INTO checkpoint (build, partition, seq, time_us, halted, fault) VALUES (1, 0, 10, 0, 0, ''), "
                 "(1, 1, 20, 0, 0, '')");
}

static void log_told(uint64_t log)
{
    database_sql(&database, "INSERT INTO meta (key, value) VALUES ('log', %d), ('partitions', 2)", (int)log);
}

static void open_with(uint32_t steps_max, size_t bytes_max)
{
    struct reading_config config = {
        .url = database.url, .holder = "test", .statement_ms = 60000, .steps_max = steps_max, .bytes_max = bytes_max};
    cr_assert_eq(reading_new(&reading, &config), error_none);
}

static void end(void)
{
    ask_fini(&ask);
    buffer_fini(&data);
    reading_free(&reading);
    database_clean(&database);
    model_fini(&model);
}
TestSuite(reading, .init = begin, .fini = end);

/* Asks for what the JSON says, with ' for ". */
static enum ask_outcome outcome_of(const char *json)
{
    data = sample_msgpack(json);
    request = (struct request){.operation = operation_query,
                               .namespace = model.namespace,
                               .resource = model.name,
                               .data = buffer_slice(&data)};
    ask_begin(&ask, &request, slice_text("default"));
    reading_ask(reading, &ask);
    return ask.outcome;
}

static void refused_is(const char *code)
{
    cr_assert(slice_is(ask.reply.code, code), "%.*s", (int)ask.reply.code.size, (const char *)ask.reply.code.data);
}

Test(reading, a_page_has_the_rows_and_the_position_of_the_log_that_the_database_tells)
{
    log_told(LOG);
    open_with(0, 0);
    cr_assert_eq(outcome_of("{'limit':5}"), ASK_PAGE);
    cr_assert_eq(ask.rows, 5);
    cr_assert_eq(ask.page.total, ROWS);
    cr_assert(slice_is(ask.position, "77:0.10,77:1.20") || memcmp(ask.position.data, "77:=", 4) == 0);
}

Test(reading, without_a_log_told_there_is_no_read_model_yet)
{
    open_with(0, 0);
    cr_assert_eq(outcome_of("{'limit':5}"), ASK_REFUSED);
    refused_is("no_read_model");
    cr_assert(!reading_is_open(reading));
    log_told(LOG);
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'limit':5}"), ASK_PAGE);
}

Test(reading, a_page_that_takes_more_steps_than_it_may_is_refused)
{
    log_told(LOG);
    open_with(500, 0);
    cr_assert_eq(outcome_of("{'limit':5,'total':false}"), ASK_PAGE);
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'limit':5}"), ASK_REFUSED); /* all are counted */
    refused_is("query_time");
    cr_assert(reading_is_open(reading));
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'limit':5,'total':false}"), ASK_PAGE);
}

Test(reading, a_page_of_more_bytes_than_it_may_have_is_refused)
{
    log_told(LOG);
    open_with(0, 2000);
    cr_assert_eq(outcome_of("{'limit':2}"), ASK_PAGE);
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'limit':100}"), ASK_REFUSED);
    refused_is("query_bytes");
}

Test(reading, a_position_that_is_there_is_answered_and_another_is_behind)
{
    log_told(LOG);
    open_with(0, 0);
    cr_assert_eq(outcome_of("{'at_least':'77:0.10,77:1.19'}"), ASK_PAGE);
    ask_fini(&ask);
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'at_least':'77:1.21'}"), ASK_BEHIND);
    cr_assert_eq(ask.build, 1);
    database_sql(&database, "UPDATE checkpoint SET seq = 21 WHERE partition = 1");
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'at_least':'77:1.21'}"), ASK_PAGE);
}

/* What the rows are of is another log than the one that goes on: positions of both have to be looked at elsewhere. */
Test(reading, while_the_log_is_another_one_no_position_is_covered)
{
    log_told(LOG + 1);
    open_with(0, 0);
    cr_assert_eq(outcome_of("{'limit':1}"), ASK_PAGE);
    ask_fini(&ask);
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'at_least':'77:0.1'}"), ASK_REFUSED);
    refused_is("other_log");
    ask_fini(&ask);
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'at_least':'78:0.1'}"), ASK_BEHIND);
}

Test(reading, one_that_holds_a_moment_reads_the_next_after_a_rest)
{
    struct reading_config config = {.url = database.url, .holder = "test", .statement_ms = 60000, .holds = true};
    log_told(LOG);
    cr_assert_eq(reading_new(&reading, &config), error_none);
    cr_assert_eq(outcome_of("{'limit':1}"), ASK_PAGE);
    database_sql(&database, "UPDATE checkpoint SET seq = 21 WHERE partition = 1");
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'at_least':'77:1.21'}"), ASK_BEHIND);
    reading_rest(reading);
    buffer_fini(&data);
    cr_assert_eq(outcome_of("{'at_least':'77:1.21'}"), ASK_PAGE);
}

Test(reading, what_is_read_between_begin_and_end_is_of_one_moment)
{
    const struct builds *builds;
    struct checkpoint checkpoints[2];
    struct buffer memory = {0};
    database_open(&database, 0);
    for (uint64_t seq = 10; seq < 12; seq++) {
        cr_assert_eq(row_reader_begin(database.reader, &database.fault), error_none);
        database_sql(&database, "UPDATE checkpoint SET seq = seq + 1 WHERE partition = 0");
        cr_assert_eq(row_reader_builds(database.reader, &builds, &database.fault), error_none);
        cr_assert_eq(row_reader_checkpoints(database.reader, 1, checkpoints, 2, &memory, &database.fault), error_none);
        cr_assert_eq(checkpoints[0].seq, seq);
        row_reader_end(database.reader);
    }
    buffer_fini(&memory);
    open_with(0, 0);
}

/* ---- builds that are remembered ---- */

static void postgres_begin(void)
{
    struct buffer bytes = {0};
    struct row row = sample_row(0, &bytes);
    sample_model(&model);
    database_make(&database, DIALECT_POSTGRESQL);
    database_build(&database, 1, &model, BUILD_LIVE);
    database_put(&database, 1, &model, &row, 1);
    database_sql(&database,
                 "INSERT INTO fluvius_read.meta (key, value) VALUES ('incarnation', %d); INSERT INTO"
                 " fluvius_read.checkpoint (build, partition, seq, time_us, halted, fault) SELECT b, 0, b, 0, 0, ''"
                 " FROM generate_series(1, 2) b",
                 LOG);
    buffer_fini(&bytes);
    struct reading_config config = {
        .url = database.url, .holder = "test", .statement_ms = 60000, .incarnation = LOG, .partitions = 2};
    cr_assert_eq(reading_new(&reading, &config), error_none);
}
TestSuite(reading_postgres, .init = postgres_begin, .fini = end);

static enum ask_outcome outcome_again(const char *json)
{
    ask_fini(&ask);
    buffer_fini(&data);
    return outcome_of(json);
}

Test(reading_postgres, a_build_that_was_replaced_is_not_read_any_more)
{
    cr_assert_eq(outcome_of("{}"), ASK_PAGE);
    cr_assert_eq(ask.rows, 1);
    database_build(&database, 2, &model, BUILD_LIVE);
    database_sql(&database, "UPDATE fluvius_read.build SET state = 2 WHERE id = 1");
    cr_assert_eq(outcome_again("{}"), ASK_PAGE);
    cr_assert_eq(ask.rows, 0);
    cr_assert_eq(outcome_again("{'at_least':'77:0.2'}"), ASK_PAGE);
    cr_assert_eq(outcome_again("{'at_least':'77:0.3'}"), ASK_BEHIND);
    cr_assert_eq(ask.build, 2);
}

Test(reading_postgres, what_is_refused_is_refused_by_the_builds_that_there_are)
{
    struct model other = model;
    other.name = slice_text("other");
    cr_assert_eq(outcome_of("{'query':{'nothing.eq':1}}"), ASK_REFUSED);
    refused_is("invalid_query");
    cr_assert_eq(outcome_again("{}"), ASK_PAGE);
    database_build(&database, 2, &other, BUILD_LIVE);
    model.name = other.name;
    cr_assert_eq(outcome_again("{}"), ASK_PAGE);
    cr_assert_eq(ask.rows, 0);
}

Test(reading_postgres, looks_are_of_the_builds_that_there_are)
{
    const struct row_progress *progress;
    bool is_live = false;
    cr_assert_eq(outcome_of("{}"), ASK_PAGE);
    database_build(&database, 2, &model, BUILD_LIVE);
    cr_assert_eq(reading_look(reading, 2, &is_live, &progress), error_none);
    cr_assert(is_live && progress != NULL && progress->seqs[0] == 2 && progress->seqs[1] == 0);
    cr_assert_eq(reading_look(reading, 3, &is_live, &progress), error_none);
    cr_assert(!is_live);
}
