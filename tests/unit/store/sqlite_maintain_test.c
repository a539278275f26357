/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the SQLite backend does between commits, seen in its tables: runs of receipts and their end, the stream index,
 * checkpoints, and that all of it is bounded. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>

#include "services/store/sqlite.h"
#include "tests/unit/store/sqlite_backend.h"

#define STORE_TEST(NAME)                                                                                               \
    static void NAME(struct suite *suite);                                                                             \
    Test(sqlite_maintain, NAME)                                                                                        \
    {                                                                                                                  \
        suite_run(&sqlite_backend, NAME);                                                                              \
    }                                                                                                                  \
    static void NAME(struct suite *suite)

#define DAY_US INT64_C(86400000000)

/* Receipts on one stream, one a command, with ids that the callback makes. */
static void add_receipts(struct suite *suite, unsigned count, struct uuid (*make)(struct model *model))
{
    for (unsigned i = 0; i < count; i++) {
        model_command(&suite->model, "a", make(&suite->model), 0, status_rejected);
        if (i % 16 == 15)
            suite_append(suite);
    }
    suite_append(suite);
}

static uint32_t unit_a(struct suite *suite)
{
    return model_unit(&suite->model, "a");
}
static int64_t number(struct suite *suite, const char *sql)
{
    return raw_number(suite, unit_a(suite), sql);
}

static enum error find(struct suite *suite, const struct store_record *record)
{
    struct store_receipt receipt;
    return store_find_receipt(suite->store, unit_a(suite), &record->id, record->stream_hash, &receipt, &suite->fault);
}

STORE_TEST(receipts_are_written_in_sorted_runs_of_full_pages)
{
    sqlite_of(suite->store)->base.limits.receipts = 300;
    add_receipts(suite, 300, model_id);
    suite_maintain(suite, 5);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_run") == 1);
    cr_assert(number(suite, "SELECT count FROM receipt_run") == 300);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_page") == 3);
    cr_assert(number(suite, "SELECT length(entries) FROM receipt_page LIMIT 1") == 126 * 32 + 8);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_other") == 0);
    cr_assert(number(suite, "SELECT max(receipts) FROM covered") == 300);
    cr_assert(unit_of(suite->store, unit_a(suite))->pending.count == 0, "what is in a run is not kept twice");
    suite_check(suite);
}

STORE_TEST(one_id_on_many_streams_is_told_apart_in_a_run)
{
    struct uuid id = model_id(&suite->model);
    sqlite_of(suite->store)->base.limits.receipts = 100;
    for (unsigned i = 0; i < 700; i++) {
        char name[32];
        snprintf(name, sizeof name, "s%u", i);
        model_command(&suite->model, name, id, 1, status_ok);
    }
    suite_append(suite);
    suite_maintain(suite, 5);
    cr_assert(raw_number(suite, 0, "SELECT count(*) FROM receipt_page") > 1);
    cr_assert(model_check_receipts(&suite->model, suite->store), "%s", suite->model.fault);
}

STORE_TEST(ids_without_time_go_to_the_day_of_their_record)
{
    sqlite_of(suite->store)->base.limits.receipts = 100;
    add_receipts(suite, 100, model_id_random);
    suite_maintain(suite, 5);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_run") == 0);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_other") == 100);
    cr_assert(number(suite, "SELECT min(day) FROM receipt_other") == suite->model.now_us / DAY_US);
    suite->model.now_us += 3 * DAY_US;
    add_receipts(suite, 100, model_id_random);
    suite_maintain(suite, 5);
    cr_assert(number(suite, "SELECT count(DISTINCT day) FROM receipt_other") == 2);
    suite_check(suite);
}

static struct uuid yesterday(struct model *model)
{
    return model_id_at(model, (uint64_t)(model->now_us - DAY_US) / 1000);
}
static struct uuid tomorrow(struct model *model)
{
    return model_id_at(model, (uint64_t)(model->now_us + DAY_US) / 1000);
}

/* One old id must not stretch a run over a day, or every look-up of that day would have to read it. */
STORE_TEST(runs_stay_narrow_when_old_ids_come)
{
    sqlite_of(suite->store)->base.limits.receipts = 50;
    add_receipts(suite, 50, model_id);
    suite_maintain(suite, 5);
    add_receipts(suite, 25, model_id);
    add_receipts(suite, 10, yesterday);
    add_receipts(suite, 10, tomorrow);
    add_receipts(suite, 25, model_id);
    suite_maintain(suite, 5);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_run") == 2);
    cr_assert(number(suite, "SELECT max(max_ms - min_ms) FROM receipt_run") < 1000);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_other") == 20);
    suite_check(suite);
    suite_restart(suite, SUITE_KILLED);
    cr_assert(model_check_recent(&suite->model, suite->store, unit_a(suite)), "%s", suite->model.fault);
}

static void count_receipt(void *context, const struct store_receipt *receipt)
{
    (void)receipt;
    ++*(unsigned *)context;
}

static unsigned recent(struct suite *suite, uint64_t *since_ms, uint64_t *expired_ms)
{
    unsigned given = 0;
    enum error error =
        store_recent_receipts(suite->store, unit_a(suite), count_receipt, &given, since_ms, expired_ms, &suite->fault);
    cr_assert(error == error_none, "%s", suite->fault.text);
    return given;
}

STORE_TEST(damaged_page_of_receipts_is_named)
{
    uint64_t since_ms, expired_ms;
    unsigned given = 0;
    sqlite_of(suite->store)->base.limits.receipts = 50;
    add_receipts(suite, 50, model_id);
    suite_maintain(suite, 5);
    raw_execute(
        suite,
        unit_a(suite),
        "UPDATE receipt_page SET entries = CAST(substr(entries, 1, 40) || X'ff' || substr(entries, 42) AS BLOB)");
    enum error error = store_recent_receipts(
        suite->store, unit_a(suite), count_receipt, &given, &since_ms, &expired_ms, &suite->fault);
    cr_assert(error == error_corrupt && given == 0);
    cr_assert(strstr(suite->fault.text, "a page of receipts is damaged") != NULL, "%s", suite->fault.text);
    cr_assert(find(suite, &suite->model.records[0]) == error_corrupt);
}

STORE_TEST(recent_receipts_are_those_of_the_newest_runs)
{
    uint64_t since_ms, expired_ms;
    sqlite_of(suite->store)->base.limits.receipts = 50;
    for (int i = 0; i < 6; i++) {
        add_receipts(suite, 50, model_id);
        suite_maintain(suite, 5);
    }
    add_receipts(suite, 20, model_id);
    cr_assert(recent(suite, &since_ms, &expired_ms) == 320 && since_ms == 0 && expired_ms == 0);
    sqlite_of(suite->store)->base.receipts_in_memory = 130;
    cr_assert(recent(suite, &since_ms, &expired_ms) == 120, "those of no run and of two runs");
    cr_assert(since_ms == (uint64_t)number(suite, "SELECT max_ms + 1 FROM receipt_run WHERE run = 4"));
    cr_assert(model_check_recent(&suite->model, suite->store, unit_a(suite)), "%s", suite->model.fault);
}

STORE_TEST(receipts_are_forgotten_after_the_retention)
{
    uint64_t since_ms, expired_ms;
    struct unit_store *sqlite = &sqlite_of(suite->store)->base;
    sqlite->limits.receipts = 50;
    sqlite->retention_ms = 2 * 86400000;
    add_receipts(suite, 50, model_id);
    add_receipts(suite, 3000, model_id_random);
    suite_maintain(suite, 5);
    uint64_t first_ms = (uint64_t)suite->model.now_us / 1000;
    suite->model.now_us += DAY_US;
    add_receipts(suite, 50, model_id);
    suite_maintain(suite, 5);
    suite_check(suite);
    suite->model.now_us += DAY_US + DAY_US / 2;
    add_receipts(suite, 60, model_id);
    suite_maintain(suite, 5);
    cr_assert(find(suite, &suite->model.records[0]) == error_not_found, "two days and a half ago");
    cr_assert(find(suite, &suite->model.records[3060]) == error_none, "a day and a half ago");
    recent(suite, &since_ms, &expired_ms);
    cr_assert(expired_ms > first_ms - 4000 &&
              expired_ms <= (uint64_t)suite->model.now_us / 1000 - sqlite->retention_ms);
    suite->model.now_us += DAY_US;
    add_receipts(suite, 60, model_id);
    suite_maintain(suite, 5);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_other") == 0);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_run") == 2);
    cr_assert(number(suite, "SELECT count(*) FROM receipt_page") == 2);
    uint64_t again_ms = expired_ms;
    suite_restart(suite, SUITE_KILLED);
    recent(suite, &since_ms, &expired_ms);
    cr_assert(expired_ms > again_ms, "and it is known after a restart");
    cr_assert(model_check_log(&suite->model, suite->store, 500), "the log keeps them: %s", suite->model.fault);
}

/* ---- the stream index ---- */

static void add_streams(struct suite *suite, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "s%u", i);
        model_command(&suite->model, name, model_id(&suite->model), 1, status_ok);
    }
    suite_append(suite);
}

STORE_TEST(index_is_written_in_slices)
{
    bool more = true;
    struct unit *unit = unit_of(suite->store, 0);
    sqlite_of(suite->store)->base.limits.streams = 100;
    add_streams(suite, 1000);
    unsigned slices = 0;
    int64_t before = 0;
    for (; more; slices++) {
        cr_assert(store_maintain(suite->store, 0, NULL, 0, 0, &more, &suite->fault) == error_none);
        int64_t written = raw_number(suite, 0, "SELECT count(*) FROM stream");
        int64_t covered = raw_number(suite, 0, "SELECT max(streams) FROM covered");
        cr_assert(written > before && written - before <= 64, "with no time left a slice is the least there is");
        cr_assert(more ? covered == 0 : covered > 0, "what is covered moves when all are written");
        before = written;
        suite_check(suite);
    }
    cr_assert(slices > 5 && unit->tail.maps[0].count + unit->tail.maps[1].count == 0);
}

STORE_TEST(claim_scans_only_what_the_index_does_not_cover)
{
    sqlite_of(suite->store)->base.limits.streams = 100;
    add_streams(suite, 600);
    suite_maintain(suite, 5);
    add_streams(suite, 20);
    suite_restart(suite, SUITE_KILLED);
    size_t tail = 0;
    for (uint32_t unit = 0; unit < 2; unit++)
        tail += unit_of(suite->store, unit)->tail.maps[unit_of(suite->store, unit)->tail.active].count;
    cr_assert(tail == 20);
    suite_check(suite);
}

STORE_TEST(one_busy_stream_does_not_make_a_claim_scan_it_all)
{
    sqlite_of(suite->store)->base.limits.rows = 100;
    for (int i = 0; i < 1000; i++) {
        model_command(&suite->model, "a", model_id(&suite->model), 1, status_ok);
        if (i % 10 == 0)
            suite_append(suite);
    }
    suite_append(suite);
    suite_maintain(suite, 5);
    suite_restart(suite, SUITE_KILLED);
    cr_assert(unit_of(suite->store, unit_a(suite))->tail.rows < 100);
    suite_check(suite);
}

STORE_TEST(append_keeps_memory_bounded_when_nobody_maintains)
{
    struct unit_limits *limits = &sqlite_of(suite->store)->base.limits;
    *limits = (struct unit_limits){.streams = 50, .rows = 100000, .receipts = 30};
    sqlite_of(suite->store)->wal_pages = 8;
    for (unsigned i = 0; i < 2000; i++) {
        char name[32];
        snprintf(name, sizeof name, "s%u", i);
        model_command(&suite->model, name, model_id(&suite->model), 1, status_ok);
        if (i % 5 == 0)
            suite_append(suite);
        for (uint32_t unit = 0; unit < 2; unit++) {
            const struct unit *it = unit_of(suite->store, unit);
            cr_assert(it->tail.maps[it->tail.active].count <= 2 * limits->streams + 5);
            cr_assert(it->pending.count <= 2 * limits->receipts + 5);
        }
    }
    suite_append(suite);
    suite_check(suite);
}

static int64_t wal_size(struct suite *suite, uint32_t unit)
{
    struct stat status;
    char path[128];
    snprintf(path, sizeof path, "%s/log-%u.db-wal", suite->directory, unit);
    return stat(path, &status) == 0 ? status.st_size : 0;
}

STORE_TEST(write_ahead_log_stays_small)
{
    sqlite_of(suite->store)->wal_pages = 50;
    for (int i = 0; i < 40; i++) {
        suite_fill(suite, 50, 20);
        suite_maintain(suite, 5);
        cr_assert(model_check_log(&suite->model, suite->store, 50), "%s", suite->model.fault);
    }
    cr_assert(wal_size(suite, 0) > 0 && wal_size(suite, 0) < 200 * 4200, "%ld", (long)wal_size(suite, 0));
    store_close(&suite->store);
    cr_assert(wal_size(suite, 0) == 0, "and is empty when its owner leaves");
    suite_open(suite);
    suite_claim_all(suite);
    suite_check(suite);
}

static enum error maintain_inside(void *context, const struct store_record *record)
{
    (void)record;
    struct suite *suite = context;
    bool more;
    suite_fill(suite, 3, 20);
    cr_assert(store_maintain(suite->store, unit_a(suite), NULL, 0, 5, &more, &suite->fault) == error_none);
    return error_none;
}

/* The reader here is in the middle of a read while the writer goes on. */
STORE_TEST(checkpoint_does_not_wait_for_readers)
{
    sqlite_of(suite->store)->wal_pages = 4;
    for (int i = 0; i < 20; i++)
        model_command(&suite->model, "a", model_id(&suite->model), 1, status_ok);
    suite_append(suite);
    enum error error =
        store_read_log(suite->store, model_partition(&suite->model, "a"), 0, 20, maintain_inside, suite, &suite->fault);
    cr_assert(error == error_none, "%s", suite->fault.text);
    suite_check(suite);
}

/* ---- what the documents show ---- */

STORE_TEST(events_can_be_counted_with_plain_sql)
{
    suite_fill(suite, 200, 10);
    int64_t events = 0, counted = 0;
    for (size_t i = 0; i < suite->model.committed; i++)
        events += suite->model.records[i].event.size != 0;
    for (uint32_t unit = 0; unit < 2; unit++)
        counted += raw_number(suite,
                              unit,
                              "SELECT count(*) FROM log WHERE event IS NOT NULL AND namespace = 'bank'"
                              " AND resource = 'account'");
    cr_assert(events > 100 && counted == events);
    for (uint32_t partition = 0; partition < 5; partition++) {
        char sql[160];
        snprintf(sql,
                 sizeof sql,
                 "SELECT coalesce(max(position & 0xffffffffff), 0) FROM log WHERE position BETWEEN %u << 40 AND"
                 " (%u << 40) - 1",
                 partition,
                 partition + 1);
        cr_assert(raw_number(suite, partition % 2, sql) == (int64_t)suite->model.partitions[partition].head);
    }
}

STORE_TEST(description_is_kept_by_fingerprint)
{
    cr_assert(store_describe(suite->store, 0, UINT64_MAX - 1, slice_text("bank"), &suite->fault) == error_none);
    cr_assert(store_describe(suite->store, 0, UINT64_MAX - 1, slice_text("changed"), &suite->fault) == error_none);
    cr_assert(store_describe(suite->store, 0, 3, slice_text("objects"), &suite->fault) == error_none);
    cr_assert(raw_number(suite, 0, "SELECT count(*) FROM module") == 2);
    cr_assert(raw_number(suite,
                         0,
                         "SELECT count(*) FROM module WHERE fingerprint = -2 AND description = CAST('bank' AS BLOB)") ==
              1);
}

/* How many partitions a store has in memory for looks, after it has looked at streams of all of them. */
static uint32_t partitions_looked_at(struct suite *suite, size_t look_bytes)
{
    struct store_config config = {.url = suite->config.url, .holder = "beside", .look_bytes = look_bytes};
    struct store *beside;
    uint32_t known = 0;
    cr_assert(store_open(&beside, &config, &suite->fault) == error_none, "%s", suite->fault.text);
    for (unsigned i = 0; i < 60; i++) {
        char name[16];
        snprintf(name, sizeof name, "a%u", i);
        cr_assert(model_check_look(&suite->model, beside, name, 1000), "%s", suite->model.fault);
    }
    const struct unit_store *store = &sqlite_of(beside)->base;
    for (uint32_t i = 0; i < store->info.partitions; i++)
        known += store->seen[i].known;
    store_close(&beside);
    return known;
}

STORE_TEST(looks_forget_other_partitions_when_they_keep_too_much)
{
    suite_fill(suite, 300, 60);
    cr_assert(partitions_looked_at(suite, 0) > 1);
    cr_assert(partitions_looked_at(suite, 1) == 1);
}
