/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writing read models: the same cases on SQLite and PostgreSQL. */
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/readmodel/reader.h"
#include "services/readmodel/writer.h"
#include "tests/lib/postgres_server.h"
#include "tests/lib/program_server.h"
#include "tests/unit/readmodel/sample.h"
#include "tests/unit/store/directory.h"

enum { PARTITIONS = 32 };

/* ---- the place ---- */

struct place {
    bool postgres;
    char directory[DIRECTORY_SIZE], database[64], url[160];
    uint64_t boots;
    struct model model;
};

static struct place place;

static void postgres_run_sql(const char *database, const char *sql)
{
    free(postgres_server_query(postgres_port(), database, sql));
}

static void place_make(bool postgres)
{
    place = (struct place){.postgres = postgres};
    sample_model(&place.model);
    if (!postgres) {
        directory_make(place.directory);
        snprintf(place.url, sizeof place.url, "sqlite:%s", place.directory);
        return;
    }
    postgres_database_make(place.database);
    snprintf(place.url, sizeof place.url, "postgresql://postgres@127.0.0.1:%u/%s", postgres_port(), place.database);
}

static void place_remove(void)
{
    model_fini(&place.model);
    if (place.postgres)
        postgres_database_drop(place.database);
    else
        directory_remove(place.directory);
}

static struct store_fault fault;

static enum error writer_try(struct writer **out)
{
    struct writer_config config = {
        .url = place.url, .holder = "test", .boot = ++place.boots, .partitions = PARTITIONS, .incarnation = 7};
    return writer_open(out, &config, &fault);
}

/* With the first five builds, whether they are there or not, and two modules. */
static struct writer_slots beat(struct writer *writer)
{
    static const uint64_t builds[] = {1, 2, 3, 4, 5}, modules[] = {101, 201};
    const struct writer_has has = {.builds = builds, .build_count = 5, .modules = modules, .module_count = 2};
    struct writer_slots slots;
    cr_assert(writer_beat(writer, &has, &slots, &fault) == error_none, "%s", fault.text);
    return slots;
}

static const struct module_key sample_module = {{(const uint8_t *)"sample", 6}, 101};

static struct writer *writer_make(void)
{
    struct writer *writer = NULL;
    cr_assert(writer_try(&writer) == error_none, "%s", fault.text);
    beat(writer);
    cr_assert(writer_enter(writer, &sample_module, true, false, &fault) == error_none, "%s", fault.text);
    return writer;
}

/* ---- builds and rows ---- */

static struct build_plan plan_of(uint64_t fingerprint)
{
    return (struct build_plan){.module = sample_module,
                               .projection = slice_text("sample"),
                               .fingerprint = fingerprint,
                               .incarnation = 7,
                               .models = &place.model,
                               .model_count = 1};
}

static void build_make(struct writer *writer, uint64_t fingerprint)
{
    struct build_plan plan = plan_of(fingerprint);
    cr_assert(writer_build(writer, &plan, &fault) == error_none, "%s", fault.text);
}

static struct builds builds_of(struct writer *writer)
{
    struct builds builds = {0};
    cr_assert(writer_builds(writer, &builds, &fault) == error_none, "%s", fault.text);
    return builds;
}

/* The state of the build with a fingerprint; -1: there is none. */
static int state_of(struct writer *writer, uint64_t fingerprint)
{
    struct builds builds = builds_of(writer);
    int state = -1;
    for (uint32_t i = 0; i < builds.count; i++)
        if (builds.builds[i].fingerprint == fingerprint)
            state = (int)builds.builds[i].state;
    builds_fini(&builds);
    return state;
}

static bool switched(struct writer *writer, uint32_t build)
{
    bool done = false;
    cr_assert(writer_switch(writer, &build, 1, 7, &done, &fault) == error_none, "%s", fault.text);
    return done;
}

static void live(struct writer *writer, uint32_t build)
{
    cr_assert(switched(writer, build));
}

static struct checkpoint checkpoint_of(struct writer *writer, uint32_t build, uint32_t partition)
{
    static struct checkpoint checkpoints[PARTITIONS];
    static struct buffer memory;
    cr_assert(writer_checkpoints(writer, build, checkpoints, &memory, &fault) == error_none, "%s", fault.text);
    return checkpoints[partition];
}

static void checkpoint_move(struct writer *writer, uint32_t build, uint32_t partition, uint64_t from, uint64_t to)
{
    struct checkpoint_move move = {.build = build, .partition = partition, .from = from, .to = {.seq = to}};
    struct row_batch batch = {.moves = &move, .move_count = 1};
    cr_assert(writer_commit(writer, &batch, &fault) == error_none, "%s", fault.text);
}

static enum error
rows_commit(struct writer *writer, size_t first, size_t count, uint64_t from, uint64_t to, const char *text)
{
    struct buffer data[SAMPLE_ROWS] = {0};
    struct row rows[SAMPLE_ROWS];
    for (size_t i = 0; i < count; i++)
        rows[i] = sample_row(first + i, &data[i]);
    struct row_set set = {.build = 1, .model = &place.model, .rows = rows, .count = count};
    struct checkpoint_move move = {
        .build = 1,
        .partition = 5,
        .from = from,
        .to = {
            .seq = to, .time_us = (int64_t)to * 1000, .halted = text == NULL ? 0 : to + 1, .fault = slice_text(text)}};
    struct row_batch batch = {.sets = &set, .set_count = 1, .moves = &move, .move_count = 1};
    enum error error = writer_commit(writer, &batch, &fault);
    for (size_t i = 0; i < count; i++)
        buffer_fini(&data[i]);
    return error;
}

struct loaded {
    unsigned count;
    bool same;
};

static enum error row_compare(void *context, size_t index, const struct row *row)
{
    struct loaded *loaded = context;
    struct buffer data = {0};
    struct row expected = sample_row(index, &data);
    loaded->count++;
    loaded->same = loaded->same && slice_equal(row->data, expected.data) && row->version == expected.version &&
                   row->created_us == expected.created_us && row->updated_us == expected.updated_us &&
                   row->deleted_us == expected.deleted_us && slice_equal(row->creator, expected.creator);
    buffer_fini(&data);
    return error_none;
}

/* How many of the sample's rows are there, as they should be. */
static unsigned rows_count(struct writer *writer)
{
    struct row_key keys[SAMPLE_ROWS];
    struct loaded loaded = {.same = true};
    for (size_t i = 0; i < SAMPLE_ROWS; i++)
        keys[i] = (struct row_key){slice_text(sample_rows[i].realm), slice_text(sample_rows[i].id)};
    cr_assert(
        writer_load(writer, 1, 0, keys, SAMPLE_ROWS, row_compare, &loaded, &fault) == error_none, "%s", fault.text);
    cr_assert(loaded.same);
    return loaded.count;
}

/* ---- the cases ---- */

static void case_rows_come_with_their_checkpoint(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    cr_assert(rows_count(writer) == 0 && checkpoint_of(writer, 1, 5).seq == 0);
    cr_assert(rows_commit(writer, 0, 5, 0, 9, NULL) == error_none, "%s", fault.text);
    cr_assert(rows_count(writer) == 5);
    struct checkpoint checkpoint = checkpoint_of(writer, 1, 5);
    cr_assert(checkpoint.seq == 9 && checkpoint.time_us == 9000 && checkpoint.halted == 0);
    cr_assert(checkpoint_of(writer, 1, 4).seq == 0);
    cr_assert(rows_commit(writer, 0, SAMPLE_ROWS, 9, 20, NULL) == error_none, "%s", fault.text); /* replaces five */
    cr_assert(rows_count(writer) == SAMPLE_ROWS && checkpoint_of(writer, 1, 5).seq == 20);
    writer_close(&writer);
    writer = writer_make();
    cr_assert(rows_count(writer) == SAMPLE_ROWS && checkpoint_of(writer, 1, 5).seq == 20);
    writer_close(&writer);
}

static void case_a_halt_says_why(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    cr_assert(rows_commit(writer, 0, 1, 0, 3, "it has no event \"x\"") == error_none, "%s", fault.text);
    struct checkpoint checkpoint = checkpoint_of(writer, 1, 5);
    cr_assert(checkpoint.halted == 4 && slice_is(checkpoint.fault, "it has no event \"x\""));
    cr_assert(rows_commit(writer, 1, 1, 3, 4, NULL) == error_none);
    checkpoint = checkpoint_of(writer, 1, 5);
    cr_assert(checkpoint.halted == 0 && checkpoint.fault.size == 0);
    writer_close(&writer);
}

static void case_a_checkpoint_that_moved_meanwhile_fences_the_rows(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    cr_assert(rows_commit(writer, 0, 1, 0, 3, NULL) == error_none);
    cr_assert(rows_commit(writer, 1, 3, 2, 8, NULL) == error_fenced);
    cr_assert(rows_count(writer) == 1 && checkpoint_of(writer, 1, 5).seq == 3);
    cr_assert(rows_commit(writer, 1, 3, 3, 8, NULL) == error_none); /* the writer can be used on */
    cr_assert(rows_count(writer) == 4);
    writer_close(&writer);
}

static void case_a_row_that_is_no_map_changes_nothing(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    struct row row = {.realm = slice_text("default"), .id = slice_text("a"), .data = slice_text("\x93")};
    struct row_set set = {.build = 1, .model = &place.model, .rows = &row, .count = 1};
    struct checkpoint_move move = {.build = 1, .partition = 5, .to = {.seq = 2}};
    struct row_batch batch = {.sets = &set, .set_count = 1, .moves = &move, .move_count = 1};
    cr_assert(writer_commit(writer, &batch, &fault) == error_invalid_data);
    cr_assert(checkpoint_of(writer, 1, 5).seq == 0);
    cr_assert(rows_commit(writer, 0, 1, 0, 3, NULL) == error_none, "%s", fault.text);
    writer_close(&writer);
}

/* ---- more rows than one statement takes ---- */

enum { MANY = 300 };
static struct row many[MANY];
static char many_ids[MANY][8];

/* Commits so many rows like the sample's first one, and then one that is no row if `bad`. */
static enum error many_commit(struct writer *writer, uint64_t from, uint64_t version, bool bad)
{
    struct buffer data = {0};
    struct row sample = sample_row(0, &data);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(many_ids[i], sizeof many_ids[i], "m%zu", i);
        many[i] = sample;
        many[i].id = slice_text(many_ids[i]);
        many[i].version = version + i;
    }
    if (bad)
        many[MANY - 1].data = slice_text("\x93");
    struct row_set set = {.build = 1, .model = &place.model, .rows = many, .count = MANY};
    struct checkpoint_move move = {.build = 1, .partition = 5, .from = from, .to = {.seq = from + MANY}};
    struct row_batch batch = {.sets = &set, .set_count = 1, .moves = &move, .move_count = 1};
    enum error error = writer_commit(writer, &batch, &fault);
    buffer_fini(&data);
    return error;
}

static enum error many_visit(void *context, size_t index, const struct row *row)
{
    struct buffer data = {0};
    struct row sample = sample_row(0, &data);
    cr_assert(slice_equal(row->data, sample.data) && slice_is(row->id, many_ids[index]));
    buffer_fini(&data);
    *(uint64_t *)context += row->version - index;
    return error_none;
}

/* The sum of versions of all rows that are there, each less its number. */
static uint64_t many_sum(struct writer *writer)
{
    struct row_key keys[MANY];
    uint64_t sum = 0;
    for (size_t i = 0; i < MANY; i++)
        keys[i] = (struct row_key){slice_text("default"), slice_text(many_ids[i])};
    cr_assert(writer_load(writer, 1, 0, keys, MANY, many_visit, &sum, &fault) == error_none, "%s", fault.text);
    return sum;
}

static void case_a_batch_of_many_rows_is_one(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    cr_assert(many_commit(writer, 0, 1, true) == error_invalid_data);
    cr_assert(many_sum(writer) == 0 && checkpoint_of(writer, 1, 5).seq == 0);
    cr_assert(many_commit(writer, 0, 1, false) == error_none, "%s", fault.text);
    cr_assert(many_sum(writer) == MANY && checkpoint_of(writer, 1, 5).seq == MANY);
    cr_assert(many_commit(writer, 1, 9, false) == error_fenced);
    cr_assert(many_sum(writer) == MANY);
    cr_assert(many_commit(writer, MANY, 2, false) == error_none, "%s", fault.text);
    cr_assert(many_sum(writer) == 2 * MANY);
    writer_close(&writer);
}

static void case_a_build_is_made_once(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    build_make(writer, 1);
    struct builds builds = builds_of(writer);
    cr_assert(builds.count == 1 && builds.incarnation == 7);
    cr_assert(builds.builds[0].id == 1 && builds.builds[0].state == BUILD_BUILDING);
    cr_assert(builds.builds[0].model_count == 1 && builds.builds[0].models[0].field_count == place.model.field_count);
    cr_assert(slice_is(builds.builds[0].projection, "sample") && builds.builds[0].incarnation == 7);
    builds_fini(&builds);
    writer_close(&writer);
}

static void case_another_fingerprint_builds_beside_and_switches_in_one_step(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    live(writer, 1);
    struct builds before = builds_of(writer);
    build_make(writer, 2);
    cr_assert(state_of(writer, 1) == BUILD_LIVE && state_of(writer, 2) == BUILD_BUILDING);
    live(writer, 2);
    cr_assert(state_of(writer, 1) == BUILD_RETIRED && state_of(writer, 2) == BUILD_LIVE);
    struct builds after = builds_of(writer);
    cr_assert(after.change != before.change);
    builds_fini(&before);
    builds_fini(&after);
    cr_assert(!switched(writer, 1));
    cr_assert(state_of(writer, 2) == BUILD_LIVE);
    writer_close(&writer);
}

static void case_a_build_that_is_behind_somewhere_does_not_go_live(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    live(writer, 1);
    build_make(writer, 2);
    for (uint32_t partition = 0; partition < PARTITIONS; partition++) {
        checkpoint_move(writer, 1, partition, 0, 7);
        cr_assert(!switched(writer, 2));
        checkpoint_move(writer, 2, partition, 0, partition % 2 == 0 ? 7 : 9);
    }
    checkpoint_move(writer, 1, PARTITIONS - 1, 7, 10);
    cr_assert(!switched(writer, 2));
    cr_assert(state_of(writer, 1) == BUILD_LIVE && state_of(writer, 2) == BUILD_BUILDING);
    checkpoint_move(writer, 2, PARTITIONS - 1, 9, 10);
    cr_assert(switched(writer, 2) && state_of(writer, 2) == BUILD_LIVE);
    writer_close(&writer);
}

static void case_a_build_that_is_overtaken_is_retired_and_dropped(void)
{
    struct writer *writer = writer_make();
    uint32_t dropped = 9;
    build_make(writer, 1);
    cr_assert(rows_commit(writer, 0, 3, 0, 3, NULL) == error_none, "%s", fault.text);
    build_make(writer, 2);
    cr_assert(state_of(writer, 1) == BUILD_RETIRED && state_of(writer, 2) == BUILD_BUILDING);
    cr_assert(writer_drop(writer, UINT64_C(3600000000), &dropped, &fault) == error_none && dropped == 0);
    cr_assert(writer_drop(writer, 0, &dropped, &fault) == error_none, "%s", fault.text);
    cr_assert(dropped == 1 && state_of(writer, 1) == -1 && state_of(writer, 2) == BUILD_BUILDING);
    cr_assert(writer_drop(writer, 0, &dropped, &fault) == error_none && dropped == 0);
    build_make(writer, 1);
    struct builds builds = builds_of(writer);
    cr_assert(builds.builds[builds.count - 1].id == 3); /* numbers are not given twice */
    builds_fini(&builds);
    writer_close(&writer);
}

static void case_a_build_of_what_is_no_more_is_retired(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    live(writer, 1);
    build_make(writer, 2);
    struct builds before = builds_of(writer);
    for (uint32_t build = 1; build <= 3; build++)
        cr_assert(writer_retire(writer, build, &fault) == error_none, "%s", fault.text);
    cr_assert(state_of(writer, 1) == BUILD_RETIRED && state_of(writer, 2) == BUILD_RETIRED);
    struct builds after = builds_of(writer);
    cr_assert(after.change != before.change);
    builds_fini(&before);
    builds_fini(&after);
    writer_close(&writer);
}

static void case_a_request_is_answered_by_one_build(void)
{
    struct writer *writer = writer_make();
    struct build_plan plan = plan_of(1);
    bool requested = true;
    build_make(writer, 1);
    live(writer, 1);
    cr_assert(writer_requested(writer, slice_text("sample"), &requested, &fault) == error_none && !requested);
    cr_assert(writer_request(place.url, slice_text("sample"), &fault) == error_none, "%s", fault.text);
    cr_assert(writer_request(place.url, slice_text("sample"), &fault) == error_none);
    cr_assert(writer_requested(writer, slice_text("sample"), &requested, &fault) == error_none && requested);
    plan.anew = true;
    for (int i = 0; i < 2; i++)
        cr_assert(writer_build(writer, &plan, &fault) == error_none, "%s", fault.text);
    cr_assert(writer_requested(writer, slice_text("sample"), &requested, &fault) == error_none && !requested);
    struct builds builds = builds_of(writer);
    cr_assert(builds.count == 2 && builds.builds[0].state == BUILD_LIVE && builds.builds[1].state == BUILD_BUILDING);
    builds_fini(&builds);
    cr_assert(writer_request(place.url, slice_text("../x"), &fault) == error_not_found);
    writer_close(&writer);
}

/* As a program before the second format left it. */
static void format_set_back(void)
{
    if (place.postgres) {
        postgres_run_sql(place.database,
                         "DELETE FROM fluvius_read.migration WHERE number > 1; DROP SEQUENCE fluvius_read.epoch;"
                         "DROP TABLE fluvius_read.module CASCADE; DROP FUNCTION fluvius_read.enter;"
                         "DROP FUNCTION fluvius_read.fence; DROP FUNCTION fluvius_read.share;"
                         "DROP FUNCTION fluvius_read.beat; DROP FUNCTION fluvius_read.leave");
        return;
    }
    sqlite3 *database;
    char path[DIRECTORY_SIZE + 16];
    snprintf(path, sizeof path, "%s/read.db", place.directory);
    cr_assert(sqlite3_open(path, &database) == SQLITE_OK);
    cr_assert(sqlite3_exec(database, "UPDATE meta SET value = 1 WHERE key = 'format'", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(database);
}

static void case_rows_of_the_first_format_are_made_again(void)
{
    struct writer *writer = writer_make();
    build_make(writer, 1);
    live(writer, 1);
    build_make(writer, 2);
    writer_close(&writer);
    writer = writer_make();
    cr_assert(state_of(writer, 1) == BUILD_LIVE && state_of(writer, 2) == BUILD_BUILDING);
    writer_close(&writer);
    format_set_back();
    writer = writer_make();
    cr_assert(state_of(writer, 1) == BUILD_RETIRED && state_of(writer, 2) == BUILD_RETIRED);
    build_make(writer, 1);
    struct builds builds = builds_of(writer);
    cr_assert(builds.count == 3 && builds.builds[2].state == BUILD_BUILDING);
    builds_fini(&builds);
    writer_close(&writer);
}

static enum error forget(const char *name)
{
    uint32_t ended = 99;
    enum error error = writer_forget(place.url, slice_text(name), ++place.boots, &ended, &fault);
    cr_assert(error == error_none ? ended > 0 && ended < 99 : ended == 99);
    return error;
}

/* What SQLite's readers are told of the log. */
static int64_t told(const char *key)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    char path[DIRECTORY_SIZE + 16];
    snprintf(path, sizeof path, "%s/read.db", place.directory);
    cr_assert(sqlite3_open(path, &database) == SQLITE_OK);
    cr_assert(sqlite3_prepare_v2(database, "SELECT value FROM meta WHERE key = ?1", -1, &statement, NULL) == SQLITE_OK);
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return value;
}

/* Builds 1 to 3: sample, live and being built, and sampler. */
static void case_what_nobody_is_to_keep_is_forgotten_once_no_projector_has_it(void)
{
    cr_assert_eq(forget("sample"), place.postgres ? error_missing_schema : error_not_found);
    cr_assert_eq(forget("sample"), place.postgres ? error_missing_schema : error_not_found, "asking made something");
    struct writer *writer = writer_make();
    build_make(writer, 1);
    live(writer, 1);
    build_make(writer, 2);
    struct build_plan plan = plan_of(3);
    plan.projection = slice_text("sampler");
    cr_assert(writer_build(writer, &plan, &fault) == error_none, "%s", fault.text);
    beat(writer);
    cr_assert_eq(forget("sample"), error_locked, "%s", fault.text);
    cr_assert(state_of(writer, 1) == BUILD_LIVE && state_of(writer, 2) == BUILD_BUILDING);
    writer_close(&writer);
    cr_assert_eq(forget("other"), error_not_found);
    cr_assert_eq(forget("sample.one"), error_not_found);
    cr_assert(forget("sample") == error_none, "%s", fault.text);
    cr_assert(place.postgres || (told("log") == 7 && told("partitions") == PARTITIONS));
    cr_assert_eq(forget("sample"), error_not_found);
    writer = writer_make();
    cr_assert(state_of(writer, 1) == BUILD_RETIRED && state_of(writer, 2) == BUILD_RETIRED);
    cr_assert_eq(state_of(writer, 3), BUILD_BUILDING);
    writer_close(&writer);
}

static void case_a_namespace_is_forgotten_with_all_its_projections(void)
{
    struct writer *writer = writer_make();
    struct build_plan plan = plan_of(2);
    build_make(writer, 1);
    plan.projection = slice_text("sample.one");
    cr_assert(writer_build(writer, &plan, &fault) == error_none, "%s", fault.text);
    plan.projection = slice_text("sample.two");
    plan.fingerprint = 3;
    cr_assert(writer_build(writer, &plan, &fault) == error_none, "%s", fault.text);
    writer_close(&writer);
    cr_assert(forget("sample.one") == error_none, "%s", fault.text);
    writer = writer_make();
    cr_assert(state_of(writer, 1) == BUILD_BUILDING && state_of(writer, 2) == BUILD_RETIRED &&
              state_of(writer, 3) == BUILD_BUILDING);
    writer_close(&writer);
    cr_assert(forget("sample") == error_none, "%s", fault.text);
    writer = writer_make();
    cr_assert(state_of(writer, 1) == BUILD_RETIRED && state_of(writer, 3) == BUILD_RETIRED);
    writer_close(&writer);
}

/* As a reader sees it; the database is there. */
static bool has_writer(void)
{
    struct row_reader *reader = NULL;
    struct row_reader_config config = {.url = place.url, .holder = "test"};
    bool held = false;
    cr_assert(row_reader_open(&reader, &config, &fault) == error_none, "%s", fault.text);
    cr_assert(row_reader_has_writer(reader, &held, &fault) == error_none, "%s", fault.text);
    row_reader_close(&reader);
    return held;
}

static void case_readers_see_whether_somebody_may_write(void)
{
    struct writer *writer = writer_make();
    cr_assert(has_writer());
    cr_assert(has_writer()); /* looking leaves the lock where it was */
    writer_close(&writer);
    cr_assert_not(has_writer());
    writer = writer_make();
    cr_assert(has_writer());
    writer_close(&writer);
}

#define CASE(NAME)                                                                                                     \
    Test(writer_sqlite, NAME)                                                                                          \
    {                                                                                                                  \
        place_make(false);                                                                                             \
        case_##NAME();                                                                                                 \
        place_remove();                                                                                                \
    }                                                                                                                  \
    Test(writer_postgres, NAME)                                                                                        \
    {                                                                                                                  \
        place_make(true);                                                                                              \
        case_##NAME();                                                                                                 \
        place_remove();                                                                                                \
    }

CASE(rows_come_with_their_checkpoint)
CASE(a_halt_says_why)
CASE(a_checkpoint_that_moved_meanwhile_fences_the_rows)
CASE(a_row_that_is_no_map_changes_nothing)
CASE(a_batch_of_many_rows_is_one)
CASE(a_build_is_made_once)
CASE(another_fingerprint_builds_beside_and_switches_in_one_step)
CASE(a_build_of_what_is_no_more_is_retired)
CASE(a_build_that_is_behind_somewhere_does_not_go_live)
CASE(a_build_that_is_overtaken_is_retired_and_dropped)
CASE(what_nobody_is_to_keep_is_forgotten_once_no_projector_has_it)
CASE(a_namespace_is_forgotten_with_all_its_projections)
CASE(a_request_is_answered_by_one_build)
CASE(rows_of_the_first_format_are_made_again)
CASE(readers_see_whether_somebody_may_write)

/* ---- who may write ---- */

Test(writer_sqlite, one_process_writes_the_file)
{
    place_make(false);
    struct writer *writer = writer_make(), *other = NULL;
    cr_assert(writer_try(&other) == error_locked && other == NULL);
    cr_assert(strstr(fault.text, "read.lock: held by test") != NULL, "%s", fault.text);
    writer_close(&writer);
    cr_assert(writer_try(&other) == error_none, "%s", fault.text);
    writer_close(&other);
    place_remove();
}

/* Slots of build 1. */
static uint64_t held_after_beat(struct writer *writer)
{
    struct writer_slots slots = beat(writer);
    cr_assert(slots.count == 16 && slots.epoch != 0);
    return slots.held[0];
}

/* The leases of all that are there. */
static void leases_end(const char *with)
{
    char sql[160];
    snprintf(sql, sizeof sql, "UPDATE fluvius_read.projector SET until_us = 1%s", with);
    postgres_run_sql(place.database, sql);
}

Test(writer_postgres, slots_are_shared_evenly)
{
    place_make(true);
    struct writer *a = writer_make(), *b = writer_make();
    build_make(a, 1);
    build_make(a, 2);
    cr_assert(held_after_beat(a) == 0x00ff && held_after_beat(b) == 0xff00);
    writer_close(&b);
    cr_assert(held_after_beat(a) == 0xffff);
    b = writer_make();
    cr_assert(held_after_beat(a) == 0xff00); /* it gives half of them up */
    struct writer_slots slots = beat(b);
    cr_assert(slots.held[0] == 0x00ff && slots.held[1] == 0x00ff && slots.held[2] == 0);
    writer_close(&a);
    writer_close(&b);
    place_remove();
}

/* So that one with an older module keeps its rows fresh, and one with a newer makes its own, both of all partitions. */
Test(writer_postgres, a_build_is_shared_by_those_who_can_project_it)
{
    static const uint64_t newer = 2;
    const struct writer_has has = {.builds = &newer, .build_count = 1};
    struct writer_slots slots;
    place_make(true);
    struct writer *a = writer_make(), *b = NULL;
    build_make(a, 1);
    live(a, 1);
    build_make(a, 2);
    cr_assert(writer_try(&b) == error_none);
    beat(a);
    cr_assert(writer_beat(b, &has, &slots, &fault) == error_none, "%s", fault.text);
    cr_assert(slots.held[0] == 0);
    struct writer_slots of_a = beat(a);
    cr_assert(of_a.held[0] == 0xffff && of_a.held[1] == 0xff00);
    cr_assert(writer_beat(b, &has, &slots, &fault) == error_none && slots.held[0] == 0x00ff);
    const struct writer_has none = {0};
    cr_assert(writer_beat(a, &none, &of_a, &fault) == error_none, "%s", fault.text);
    cr_assert(writer_beat(b, &has, &slots, &fault) == error_none && slots.held[0] == 0xffff);
    writer_close(&a);
    writer_close(&b);
    place_remove();
}

Test(writer_postgres, a_table_gets_statistics_before_it_is_asked)
{
    place_make(true);
    struct writer *writer = writer_make();
    build_make(writer, 1);
    cr_assert(rows_commit(writer, 0, 5, 0, 9, NULL) == error_none, "%s", fault.text);
    cr_assert(writer_analyze(writer, 1, 0, &fault) == error_none, "%s", fault.text);
    char *rows = postgres_server_query(
        postgres_port(), place.database, "SELECT reltuples FROM pg_class WHERE oid = 'fluvius_read.m1_0'::regclass");
    cr_assert(rows != NULL && strncmp(rows, "5", 1) == 0, "%s", rows);
    free(rows);
    writer_close(&writer);
    place_remove();
}

/* Whoever has the table locked holds statistics up for a third of a lease, not for ever. */
Test(writer_postgres, statistics_are_given_up_in_time)
{
    place_make(true);
    struct writer *writer = writer_make();
    build_make(writer, 1);
    PGconn *other = PQconnectdb(place.url);
    PQclear(PQexec(other, "BEGIN; LOCK TABLE fluvius_read.m1_0"));
    cr_assert(writer_analyze(writer, 1, 0, &fault) == error_none, "%s", fault.text);
    PQfinish(other);
    cr_assert(rows_commit(writer, 0, 5, 0, 9, NULL) == error_none, "%s", fault.text);
    writer_close(&writer);
    place_remove();
}

Test(writer_postgres, a_projector_whose_lease_ran_out_writes_nothing)
{
    place_make(true);
    struct writer *a = writer_make();
    build_make(a, 1);
    cr_assert(rows_commit(a, 0, 1, 0, 3, NULL) == error_none, "%s", fault.text);
    leases_end(", pid = 0");
    struct writer *b = writer_make();
    cr_assert(held_after_beat(b) == 0xffff);
    cr_assert(rows_commit(a, 1, 3, 3, 8, NULL) == error_fenced, "%s", fault.text);
    cr_assert(rows_count(b) == 1 && checkpoint_of(b, 1, 5).seq == 3);
    cr_assert(rows_commit(b, 1, 3, 3, 8, NULL) == error_none, "%s", fault.text);
    writer_close(&a);
    writer_close(&b);
    place_remove();
}

Test(writer_postgres, a_lease_that_has_run_out_is_nobody_s)
{
    place_make(true);
    struct writer *writer = writer_make();
    build_make(writer, 1);
    leases_end("");
    cr_assert_not(has_writer());
    cr_assert(held_after_beat(writer) == 0xffff && has_writer());
    writer_close(&writer);
    place_remove();
}

Test(writer_postgres, what_a_stopped_projector_has_open_is_ended_by_who_takes_its_slots)
{
    place_make(true);
    struct writer *a = writer_make();
    build_make(a, 1);
    cr_assert(rows_commit(a, 0, 1, 0, 3, NULL) == error_none);
    leases_end("");
    struct writer *b = writer_make();
    cr_assert(held_after_beat(b) == 0xffff);
    cr_assert(rows_commit(a, 1, 1, 3, 8, NULL) == error_unreachable, "%s", fault.text);
    cr_assert(rows_commit(b, 1, 1, 3, 8, NULL) == error_none, "%s", fault.text);
    cr_assert(held_after_beat(a) == 0); /* it is there again, and waits for its share */
    cr_assert(held_after_beat(b) == 0xff00 && held_after_beat(a) == 0x00ff);
    writer_close(&a);
    writer_close(&b);
    place_remove();
}

/* A commit whose outcome nobody knows may still be under way over the session that was lost. Its rows can be those of
 * other partitions too, so it must have ended before the same process reads checkpoints: here the session stands in a
 * transaction that holds the fence, and a process that comes back over another one ends it, and gets another epoch. */
Test(writer_postgres, who_comes_back_over_another_session_ends_what_the_old_one_had_open)
{
    place_make(true);
    struct writer *a = writer_make(), *again = NULL;
    build_make(a, 1);
    uint64_t epoch = beat(a).epoch;
    cr_assert(beat(a).epoch == epoch);
    PGconn *lost = PQconnectdb(place.url);
    char sql[400];
    PQclear(PQexec(lost,
                   "UPDATE fluvius_read.projector SET pid = pg_backend_pid(), started = (SELECT backend_start FROM"
                   " pg_stat_activity WHERE pid = pg_backend_pid())"));
    snprintf(sql,
             sizeof sql,
             "BEGIN; UPDATE fluvius_read.checkpoint SET seq = 7; SELECT fluvius_read.fence(%llu, %llu)",
             (unsigned long long)place.boots,
             (unsigned long long)epoch);
    PGresult *result = PQexec(lost, sql);
    cr_assert(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(lost));
    PQclear(result);
    place.boots--; /* the same process */
    cr_assert(writer_try(&again) == error_none, "%s", fault.text);
    cr_assert(beat(again).epoch != epoch);
    cr_assert(checkpoint_of(again, 1, 5).seq == 0);
    result = PQexec(lost, "COMMIT");
    cr_assert(PQresultStatus(result) == PGRES_FATAL_ERROR);
    PQclear(result);
    PQfinish(lost);
    cr_assert(rows_commit(a, 0, 1, 0, 3, NULL) == error_fenced, "%s", fault.text);
    cr_assert(rows_commit(again, 0, 1, 0, 3, NULL) == error_none, "%s", fault.text);
    writer_close(&again);
    writer_close(&a);
    place_remove();
}

/* ---- which module is the newest ---- */

static enum module_rank rank_of(struct writer *writer, uint64_t fingerprint)
{
    const struct module_key module = {slice_text("sample"), fingerprint};
    enum module_rank rank;
    cr_assert(writer_ranks(writer, &module, 1, &rank, &fault) == error_none, "%s", fault.text);
    return rank;
}

static void enter(struct writer *writer, uint64_t fingerprint, bool latest, bool asked)
{
    const struct module_key module = {slice_text("sample"), fingerprint};
    cr_assert(writer_enter(writer, &module, latest, asked, &fault) == error_none, "%s", fault.text);
}

Test(writer_postgres, modules_have_an_order_that_starting_anew_does_not_change)
{
    place_make(true);
    struct writer *writer = writer_make();
    cr_assert(rank_of(writer, 101) == MODULE_NEWEST && rank_of(writer, 201) == MODULE_UNKNOWN);
    enter(writer, 55, false, false); /* an older one that somebody still has */
    cr_assert(rank_of(writer, 101) == MODULE_NEWEST && rank_of(writer, 55) == MODULE_OVERTAKEN);
    enter(writer, 201, true, false);
    cr_assert(rank_of(writer, 201) == MODULE_NEWEST && rank_of(writer, 101) == MODULE_OVERTAKEN);
    enter(writer, 101, true, false);
    cr_assert(rank_of(writer, 101) == MODULE_OVERTAKEN);
    writer_close(&writer);
    place_remove();
}

Test(writer_postgres, an_overtaken_module_builds_nothing_until_it_is_asked_and_nobody_has_the_newest)
{
    place_make(true);
    struct writer *writer = writer_make();
    enter(writer, 201, true, false);
    build_make(writer, 1);
    cr_assert(state_of(writer, 1) == -1);
    enter(writer, 101, true, true);
    cr_assert(rank_of(writer, 101) == MODULE_OVERTAKEN);
    leases_end(""); /* nobody is there */
    cr_assert(rank_of(writer, 101) == MODULE_ORPHANED);
    enter(writer, 101, true, false); /* it starts anew, which nobody asked for */
    cr_assert(rank_of(writer, 101) == MODULE_ORPHANED);
    enter(writer, 101, true, true);
    cr_assert(rank_of(writer, 101) == MODULE_NEWEST && rank_of(writer, 201) != MODULE_NEWEST);
    build_make(writer, 1);
    cr_assert(state_of(writer, 1) == BUILD_BUILDING);
    writer_close(&writer);
    place_remove();
}

/* Beside a projector that has other modules. */
Test(writer_postgres, what_a_projector_without_its_module_cannot_keep_is_forgotten_while_it_runs)
{
    static const uint64_t others[] = {7, 8};
    const struct writer_has has = {.builds = others, .build_count = 2, .modules = others, .module_count = 1};
    struct writer_slots slots;
    place_make(true);
    struct writer *writer = writer_make();
    build_make(writer, 1);
    cr_assert_eq(forget("sample"), error_locked);
    cr_assert(writer_beat(writer, &has, &slots, &fault) == error_none, "%s", fault.text);
    cr_assert(forget("sample") == error_none, "%s", fault.text);
    cr_assert_eq(state_of(writer, 1), BUILD_RETIRED);
    writer_close(&writer);
    place_remove();
}

Test(writer_postgres, a_projector_whose_lease_ran_out_holds_nothing_from_being_forgotten)
{
    place_make(true);
    struct writer *writer = writer_make();
    build_make(writer, 1);
    cr_assert_eq(forget("sample"), error_locked);
    leases_end("");
    cr_assert(forget("sample") == error_none, "%s", fault.text);
    writer_close(&writer);
    place_remove();
}

/* A live build goes ahead in a transaction that has not committed when the other one is compared with it. */
Test(writer_postgres, a_switch_waits_for_those_who_are_writing)
{
    place_make(true);
    struct writer *writer = writer_make();
    build_make(writer, 1);
    live(writer, 1);
    build_make(writer, 2);
    PGconn *other = PQconnectdb(place.url);
    PQclear(PQexec(other, "BEGIN; UPDATE fluvius_read.checkpoint SET seq = 9 WHERE build = 1 AND partition = 3"));
    const uint32_t build = 2;
    bool done = true;
    cr_assert_eq(writer_switch(writer, &build, 1, 7, &done, &fault), error_locked, "%s", fault.text);
    cr_assert(state_of(writer, 1) == BUILD_LIVE && state_of(writer, 2) == BUILD_BUILDING);
    PQclear(PQexec(other, "COMMIT"));
    cr_assert(!switched(writer, 2));
    PQfinish(other);
    writer_close(&writer);
    place_remove();
}
