/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Damage: what was written is found changed, missing or mixed up. It is named, never passed on. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "services/store/sqlite.h"
#include "tests/unit/store/sqlite_backend.h"

#define STORE_TEST(NAME)                                                                                               \
    static void NAME(struct suite *suite);                                                                             \
    Test(sqlite_damage, NAME)                                                                                          \
    {                                                                                                                  \
        suite_run(&sqlite_backend, NAME);                                                                              \
    }                                                                                                                  \
    static void NAME(struct suite *suite)

static enum error count(void *context, const struct store_record *record)
{
    (void)record;
    ++*(uint64_t *)context;
    return error_none;
}

static enum error read_stream(struct suite *suite, const char *name, bool use_snapshot, uint64_t *events)
{
    struct stream stream = model_stream(name);
    *events = 0;
    return store_read_stream(suite->store,
                             model_unit(&suite->model, name),
                             &stream,
                             stream_hash(&stream),
                             UINT64_MAX,
                             use_snapshot,
                             NULL,
                             NULL,
                             count,
                             events,
                             &suite->fault);
}

static enum error read_log(struct suite *suite, const char *name, uint64_t *records)
{
    *records = 0;
    return store_read_log(suite->store, model_partition(&suite->model, name), 0, 100, count, records, &suite->fault);
}

/* A stream of ten events, alone in its partition, and SQL on the row of one of them. */
static void damage(struct suite *suite, const char *assignment, uint64_t seq)
{
    char sql[256];
    for (int i = 0; i < 10; i++)
        model_command(&suite->model, "a", model_id(&suite->model), 1, status_ok);
    suite_append(suite);
    snprintf(sql,
             sizeof sql,
             "%s WHERE position = %llu",
             assignment,
             (unsigned long long)position_of(model_partition(&suite->model, "a"), seq));
    raw_execute(suite, model_unit(&suite->model, "a"), sql);
}

STORE_TEST(every_column_is_under_the_checksum)
{
    static const char *const columns[] = {"time_us = time_us + 1",
                                          "epoch = epoch + 1",
                                          "realm = 'x'",
                                          "namespace = 'x'",
                                          "resource = 'x'",
                                          "identifier = 'b'",
                                          "version = version + 1",
                                          "previous = previous + 1",
                                          "event = 'x'",
                                          "event = NULL",
                                          "schema = schema + 1",
                                          "data = x'00'",
                                          "command_id = randomblob(16)",
                                          "command_id = x'00'",
                                          "command = 'x'",
                                          "user = 'x'",
                                          "traceparent = 'x'",
                                          "status = status + 1",
                                          "status = NULL",
                                          "hash = randomblob(16)",
                                          "hash = x'00'",
                                          "hash = NULL",
                                          "checksum = checksum + 1"};
    uint64_t records;
    damage(suite, "UPDATE log SET schema = schema", 5);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        char sql[256];
        unsigned long long position = position_of(model_partition(&suite->model, "a"), 5);
        snprintf(sql,
                 sizeof sql,
                 "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM log WHERE position = %llu;"
                 "UPDATE log SET %s WHERE position = %llu",
                 position,
                 columns[i],
                 position);
        raw_execute(suite, model_unit(&suite->model, "a"), sql);
        cr_assert(read_log(suite, "a", &records) == error_corrupt, "%s was not noticed", columns[i]);
        cr_assert(records == 4);
        raw_execute(suite, model_unit(&suite->model, "a"), "REPLACE INTO log SELECT * FROM kept; DROP TABLE kept");
    }
    cr_assert(read_log(suite, "a", &records) == error_none && records == 10);
}

STORE_TEST(damaged_record_is_named_by_file_and_position)
{
    uint64_t events;
    char place[64];
    damage(suite, "UPDATE log SET data = x'c0'", 5);
    snprintf(place, sizeof place, "partition %u seq 5", model_partition(&suite->model, "a"));
    cr_assert(read_log(suite, "a", &events) == error_corrupt && events == 4);
    cr_assert(strstr(suite->fault.text, place) != NULL && strstr(suite->fault.text, ".db") != NULL);
    cr_assert(read_stream(suite, "a", true, &events) == error_corrupt && events == 4);
    cr_assert(strstr(suite->fault.text, place) != NULL, "%s", suite->fault.text);
}

STORE_TEST(others_can_be_read_beside_damage)
{
    uint64_t events;
    damage(suite, "UPDATE log SET data = x'c0'", 5);
    for (int i = 0; i < 5; i++)
        model_command(&suite->model, "b", model_id(&suite->model), 1, status_ok);
    suite_append(suite);
    cr_assert(read_stream(suite, "b", true, &events) == error_none && events == 5);
}

STORE_TEST(damaged_receipt_is_not_an_answer)
{
    struct store_receipt receipt;
    damage(suite, "UPDATE log SET status = 1", 5);
    const struct store_record *record = &suite->model.records[4];
    enum error error = store_find_receipt(
        suite->store, record->partition % 2, &record->id, record->stream_hash, &receipt, &suite->fault);
    cr_assert(error == error_corrupt, "%s", error_name(error));
}

STORE_TEST(missing_record_is_noticed)
{
    uint64_t events;
    damage(suite, "DELETE FROM log", 5);
    cr_assert(read_log(suite, "a", &events) == error_corrupt && events == 4);
    cr_assert(strstr(suite->fault.text, "no record at seq 5") != NULL, "%s", suite->fault.text);
    cr_assert(read_stream(suite, "a", true, &events) == error_corrupt && events == 0);
}

/* A broken chain must not be followed round and round. */
STORE_TEST(chain_that_points_forward_is_not_followed)
{
    uint64_t events;
    damage(suite, "UPDATE log SET previous = position & 0xffffffffff", 5);
    cr_assert(read_stream(suite, "a", true, &events) == error_corrupt && events == 0);
    cr_assert(strstr(suite->fault.text, "bank.account/a") != NULL, "%s", suite->fault.text);
}

STORE_TEST(owner_with_a_damaged_tail_is_not_made)
{
    const struct store_claim *claim;
    char directory[64];
    damage(suite, "UPDATE log SET user = 'eve'", 8);
    uint32_t unit = model_unit(&suite->model, "a");
    suite->backend->restart(suite, SUITE_KILLED);
    strcpy(directory, suite->directory);
    cr_assert(store_claim(suite->store, unit, &claim, &suite->fault) == error_corrupt);
    cr_assert(strstr(suite->fault.text, "seq 8") != NULL && strstr(suite->fault.text, directory) != NULL);
    cr_assert(store_claim(suite->store, unit, &claim, &suite->fault) == error_corrupt,
              "and again: it was left in order");
    cr_assert(store_claim(suite->store, unit ^ 1, &claim, &suite->fault) == error_none);
}

STORE_TEST(log_that_ends_before_its_index_is_damaged)
{
    const struct store_claim *claim;
    damage(suite, "UPDATE log SET schema = schema", 8);
    uint32_t unit = model_unit(&suite->model, "a");
    store_release(suite->store, unit);
    raw_execute(suite, unit, "DELETE FROM log WHERE position & 0xffffffffff = 10");
    cr_assert(store_claim(suite->store, unit, &claim, &suite->fault) == error_corrupt);
    cr_assert(strstr(suite->fault.text, "before what its index covers") != NULL, "%s", suite->fault.text);
}

static bool snapshot_refuse(void *context, const struct store_snapshot *snapshot)
{
    (void)snapshot;
    *(bool *)context = true;
    return false;
}

static enum error nothing_see(void *context, const struct store_record *record)
{
    (void)context, (void)record;
    return error_none;
}

/* Is the snapshot of "a" offered to who looks at it without owning it? */
static bool is_offered(struct suite *suite)
{
    struct stream stream = model_stream("a");
    bool offered = false;
    struct store_look look = {.stream = &stream,
                              .stream_hash = stream_hash(&stream),
                              .take = snapshot_refuse,
                              .visit = nothing_see,
                              .context = &offered};
    cr_assert(store_look_stream(suite->store, &look, NULL, &suite->fault) == error_none, "%s", suite->fault.text);
    return offered;
}

STORE_TEST(damaged_snapshot_is_ignored)
{
    uint64_t events;
    bool more;
    damage(suite, "UPDATE log SET schema = schema", 8);
    const struct store_record *event = model_event(&suite->model, "a", 6);
    struct store_snapshot_write write = {
        event->partition,
        event->stream,
        event->stream_hash,
        {.version = 6, .seq = event->seq, .state = slice_text("state")},
    };
    uint32_t unit = model_unit(&suite->model, "a");
    cr_assert(store_maintain(suite->store, unit, &write, 1, 5, &more, &suite->fault) == error_none);
    cr_assert(is_offered(suite));
    static const char *const columns[] = {
        "state = x'00'", "version = 5", "seq = 5", "time_us = 1", "fingerprint = 1", "checksum = 1"};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE snapshot SET %s", columns[i]);
        raw_execute(suite, unit, sql);
        cr_assert(model_check_stream(&suite->model, suite->store, "a", UINT64_MAX), "%s", suite->model.fault);
        cr_assert(read_stream(suite, "a", true, &events) == error_none && events == 10, "%s", columns[i]);
        cr_assert(!is_offered(suite), "%s", columns[i]);
        cr_assert(store_maintain(suite->store, unit, &write, 1, 5, &more, &suite->fault) == error_none);
    }
}

/* ---- whole pages and files ---- */

static void file_overwrite(struct suite *suite, uint32_t unit, long offset, const void *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/log-%u.db", suite->directory, unit);
    FILE *file = fopen(path, "r+");
    cr_assert(file != NULL && fseek(file, offset, SEEK_SET) == 0 && fwrite(bytes, 1, size, file) == size);
    fclose(file);
}

struct reading {
    struct model *model;
    uint32_t partition;
    uint64_t seq;
};

static enum error compare(void *context, const struct store_record *record)
{
    struct reading *reading = context;
    const struct store_record *expected = model_record(reading->model, reading->partition, ++reading->seq);
    cr_assert(model_same(reading->model, expected, record), "%s", reading->model->fault);
    return error_none;
}

static enum error partition_read(struct suite *suite, uint32_t partition)
{
    struct reading reading = {.model = &suite->model, .partition = partition};
    enum error error = store_read_log(suite->store, partition, 0, 100000, compare, &reading, &suite->fault);
    if (error == error_none)
        cr_assert(reading.seq == suite->model.partitions[partition].head, "the end is missing and nobody noticed");
    return error;
}

/* Opens, claims and reads all; whatever comes without an error must be what was written. */
static enum error open_and_read(struct suite *suite)
{
    const struct store_claim *claim;
    enum error error = store_open(&suite->store, &suite->config, &suite->fault);
    for (uint32_t unit = 0; unit < 2 && error == error_none; unit++)
        error = store_claim(suite->store, unit, &claim, &suite->fault);
    for (uint32_t partition = 0; partition < 5 && error == error_none; partition++)
        error = partition_read(suite, partition);
    store_close(&suite->store);
    return error;
}

static void file_read(struct suite *suite, uint32_t unit, long offset, void *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/log-%u.db", suite->directory, unit);
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL && fseek(file, offset, SEEK_SET) == 0 && fread(bytes, 1, size, file) == size);
    fclose(file);
}

/* Changes bytes of a closed file, reads all that can be read, puts them back. */
static enum error try_damage(struct suite *suite, long offset, size_t size)
{
    uint8_t before[4096], after[4096];
    file_read(suite, 0, offset, before, size);
    for (size_t i = 0; i < size; i++)
        after[i] = before[i] ^ (uint8_t)(1 + model_below(&suite->model, 255));
    file_overwrite(suite, 0, offset, after, size);
    enum error error = open_and_read(suite);
    cr_assert(error == error_corrupt || error == error_none, "at %ld: %s", offset, error_name(error));
    if (error == error_corrupt)
        cr_assert(strstr(suite->fault.text, "log-0.db") != NULL, "%s", suite->fault.text);
    file_overwrite(suite, 0, offset, before, size);
    return error;
}

STORE_TEST(damaged_pages_are_named_by_file)
{
    unsigned noticed = 0;
    suite_fill(suite, 200, 20);
    store_close(&suite->store);
    int64_t pages = raw_number(suite, 0, "PRAGMA page_count");
    for (int64_t page = 0; page < pages; page++)
        noticed += try_damage(suite, page * 4096, 4096) == error_corrupt;
    cr_assert(noticed > 10, "%u of %ld", noticed, (long)pages);
    cr_assert(open_and_read(suite) == error_none, "%s", suite->fault.text);
}

/* Where the change is in a record it must be noticed; whatever is read without an error must be right. */
STORE_TEST(damaged_bytes_never_come_back_as_records)
{
    unsigned noticed = 0;
    suite_fill(suite, 200, 20);
    store_close(&suite->store);
    int64_t pages = raw_number(suite, 0, "PRAGMA page_count");
    for (int64_t page = 1; page < pages; page++)
        noticed += try_damage(suite, page * 4096 + 100 + model_below(&suite->model, 3900), 64) == error_corrupt;
    cr_assert(noticed > 10, "%u of %ld", noticed, (long)pages);
    cr_assert(open_and_read(suite) == error_none, "%s", suite->fault.text);
}

STORE_TEST(file_cut_short_is_damaged)
{
    char path[128];
    suite_fill(suite, 300, 20);
    store_close(&suite->store);
    snprintf(path, sizeof path, "%s/log-0.db", suite->directory);
    cr_assert(truncate(path, 8 * 4096) == 0);
    cr_assert(open_and_read(suite) == error_corrupt);
    cr_assert(strstr(suite->fault.text, "log-0.db") != NULL, "%s", suite->fault.text);
    cr_assert(truncate(path, 0) == 0);
    cr_assert(open_and_read(suite) == error_corrupt);
}

STORE_TEST(file_that_is_no_database_is_damaged)
{
    store_close(&suite->store);
    file_overwrite(suite, 1, 0, "this is a letter to a friend, not a database", 44);
    cr_assert(open_and_read(suite) == error_corrupt);
    cr_assert(strstr(suite->fault.text, "log-1.db") != NULL, "%s", suite->fault.text);
}
