/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A disk that is full, that fails, or that loses power: appends are all or nothing, and nothing that was acknowledged
 * is lost. Each fault is tried at every place where it can strike, by count-down. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

#include "services/store/sqlite.h"
#include "tests/lib/faulty_vfs.h"
#include "tests/unit/store/directory.h"
#include "tests/unit/store/sqlite_backend.h"

static void run_on_faulty_disk(void (*run)(struct suite *suite))
{
    faulty_install();
    faulty_reset();
    suite_run(&sqlite_backend, run);
    faulty_reset();
}

#define FAULT_TEST(NAME)                                                                                               \
    static void NAME(struct suite *suite);                                                                             \
    Test(store_faults, NAME)                                                                                           \
    {                                                                                                                  \
        run_on_faulty_disk(NAME);                                                                                      \
    }                                                                                                                  \
    static void NAME(struct suite *suite)

/* ---- work that the faults strike: all on unit 0, with thresholds so small that every kind of write happens ---- */

static void tighten(struct suite *suite)
{
    sqlite_of(suite->store)->base.limits = (struct unit_limits){.streams = 12, .rows = 40, .receipts = 20};
    sqlite_of(suite->store)->wal_pages = 12;
}

static void command_add(struct suite *suite)
{
    struct model *model = &suite->model;
    char name[32];
    do {
        snprintf(name, sizeof name, "a%u", model_below(model, 60));
    } while (model_unit(model, name) != 0);
    struct uuid id = model_below(model, 4) == 0 ? model_id_random(model) : model_id(model);
    model_command(model, name, id, 1 + model_below(model, 3), status_ok);
}

/* One append and a slice of maintenance. When the append fails, its batch stays in the model, not committed. */
static enum error work_once(struct suite *suite)
{
    struct model *model = &suite->model;
    bool more;
    for (int i = 0; i < 8; i++)
        command_add(suite);
    enum error error = store_append(
        suite->store, 0, model->records + model->committed, model->count - model->committed, &suite->fault);
    if (error != error_none)
        return error;
    model->committed = model->count;
    return store_maintain(suite->store, 0, NULL, 0, 5, &more, &suite->fault);
}

static enum error work(struct suite *suite)
{
    enum error error = error_none;
    for (int i = 0; i < 8 && error == error_none; i++)
        error = work_once(suite);
    return error;
}

/* After a restart: the batch whose append failed is there as a whole or not at all. Takes over which. */
static void settle(struct suite *suite)
{
    struct model *model = &suite->model;
    size_t stored = 0, batch = model->count - model->committed;
    const struct store_claim *claim;
    store_release(suite->store, 0);
    cr_assert(store_claim(suite->store, 0, &claim, &suite->fault) == error_none, "%s", suite->fault.text);
    for (uint32_t i = 0; i < claim->count; i++)
        stored += claim->partitions[i].head;
    cr_assert(stored == model->committed || stored == model->committed + batch,
              "torn: %zu stored, %zu acknowledged, %zu more in the batch",
              stored,
              model->committed,
              batch);
    if (stored == model->committed)
        model_drop(model);
    model->committed = model->count;
}

/* ---- no space ---- */

FAULT_TEST(full_disk_refuses_what_does_not_fit_and_goes_on_when_there_is_space)
{
    unsigned strikes = 0;
    tighten(suite);
    for (uint64_t nth = 1;; nth++) {
        faulty_fail(FAULTY_WRITE | FAULTY_TRUNCATE, NULL, nth, SQLITE_FULL);
        enum error error = work(suite);
        if (error == error_none)
            break;
        strikes++;
        cr_assert(error == error_no_space, "%s: %s", error_name(error), suite->fault.text);
        model_drop(&suite->model);
        if (strikes % 16 == 0)
            cr_assert(model_check_log(&suite->model, suite->store, 1000), "still full: %s", suite->model.fault);
        faulty_mend();
    }
    cr_assert(strikes > 100, "%u", strikes);
    faulty_mend();
    suite_check(suite);
    suite_restart(suite, SUITE_KILLED);
    suite_check(suite);
}

FAULT_TEST(full_disk_then_a_kill_leaves_batches_whole)
{
    tighten(suite);
    for (uint64_t nth = 1;; nth += 5) {
        faulty_fail(FAULTY_WRITE | FAULTY_TRUNCATE, NULL, nth, SQLITE_FULL);
        enum error error = work(suite);
        faulty_mend();
        if (error == error_none) {
            cr_assert(nth > 60, "%u", (unsigned)nth);
            return;
        }
        cr_assert(error == error_no_space);
        suite_restart(suite, SUITE_KILLED);
        settle(suite);
        suite_check(suite);
        tighten(suite);
    }
}

/* The file behind the index of the write-ahead log grows too, and after the frames are written. */
FAULT_TEST(full_disk_for_shared_memory_is_no_space_too)
{
    static const uint8_t large[1 << 20];
    struct model *model = &suite->model;
    enum error error = error_none;
    sqlite_of(suite->store)->wal_pages = 1000000;
    suite_fill(suite, 10, 3);
    faulty_fail(FAULTY_SHARED_MEMORY, NULL, 1, SQLITE_IOERR_SHMSIZE);
    for (int i = 0; i < 40 && error == error_none; i++) {
        command_add(suite);
        model->records[model->committed].data = slice_of(large, sizeof large);
        error = model_append(model, suite->store, &suite->fault);
    }
    cr_assert(error == error_no_space, "%s: %s", error_name(error), suite->fault.text);
    faulty_mend();
    suite_check(suite);
    suite_fill(suite, 10, 3);
    suite_check(suite);
    suite_restart(suite, SUITE_KILLED);
    suite_check(suite);
}

/* ---- a disk that fails ---- */

static void check_refuses_everything(struct suite *suite)
{
    bool more;
    struct uuid id = {{1}};
    struct store_receipt receipt;
    uint64_t syncs = faulty_count(FAULTY_SYNC), since_ms, expired_ms;
    faulty_mend();
    cr_assert(store_append(suite->store, 0, NULL, 0, &suite->fault) == error_io);
    cr_assert(strstr(suite->fault.text, "failed before") != NULL, "%s", suite->fault.text);
    cr_assert(store_maintain(suite->store, 0, NULL, 0, 5, &more, NULL) == error_io);
    cr_assert(store_read_log(suite->store, 0, 0, 1, NULL, NULL, NULL) == error_io);
    cr_assert(store_find_receipt(suite->store, 0, &id, 1, &receipt, NULL) == error_io);
    cr_assert(store_recent_receipts(suite->store, 0, NULL, NULL, &since_ms, &expired_ms, NULL) == error_io);
    cr_assert(store_describe(suite->store, 0, 1, slice_text("x"), NULL) == error_io);
    cr_assert(faulty_count(FAULTY_SYNC) == syncs);
}

/* Strikes at the first, then every step-th such operation of the work, until it ends before it is struck. */
static void strike(struct suite *suite, unsigned operations, int code, uint64_t step, unsigned strikes_least)
{
    unsigned strikes = 0;
    for (uint64_t nth = 1;; nth += step) {
        tighten(suite);
        faulty_fail(operations, NULL, nth, code);
        enum error error = work(suite);
        faulty_mend();
        if (error == error_none)
            break;
        strikes++;
        cr_assert(error == error_io, "%s: %s", error_name(error), suite->fault.text);
        check_refuses_everything(suite);
        suite_restart(suite, SUITE_KILLED);
        settle(suite);
    }
    suite_check(suite);
    cr_assert(strikes >= strikes_least, "%u", strikes);
}

FAULT_TEST(failed_sync_ends_the_store_and_loses_nothing_acknowledged)
{
    strike(suite, FAULTY_SYNC, SQLITE_IOERR_FSYNC, 1, 8);
}

FAULT_TEST(failed_write_ends_the_store_and_loses_nothing_acknowledged)
{
    strike(suite, FAULTY_WRITE, SQLITE_IOERR_WRITE, 2, 40);
}

FAULT_TEST(leaving_after_a_failed_sync_syncs_nothing)
{
    faulty_fail(FAULTY_SYNC, "-wal", 1, SQLITE_IOERR_FSYNC);
    cr_assert(work(suite) == error_io);
    uint64_t touched = faulty_count(FAULTY_SYNC | FAULTY_WRITE | FAULTY_TRUNCATE);
    store_close(&suite->store);
    cr_assert(faulty_count(FAULTY_SYNC | FAULTY_WRITE | FAULTY_TRUNCATE) == touched);
    faulty_mend();
    suite_open(suite);
    suite_claim_all(suite);
    settle(suite);
    suite_check(suite);
}

FAULT_TEST(failed_read_is_told_and_can_be_tried_again)
{
    cr_assert(work(suite) == error_none);
    faulty_fail(FAULTY_READ, NULL, 1, SQLITE_IOERR_READ);
    cr_assert(!model_check_log(&suite->model, suite->store, 10));
    cr_assert(strstr(suite->model.fault, "disk I/O error") != NULL, "%s", suite->model.fault);
    faulty_mend();
    suite_check(suite);
    cr_assert(work(suite) == error_none);
}

/* ---- power ---- */

static void check_after_power_loss(struct suite *suite, const char *shadow)
{
    char copy[DIRECTORY_SIZE], url[80];
    struct store *store;
    directory_copy(shadow, copy);
    snprintf(url, sizeof url, "sqlite:%s", copy);
    struct store_config config = {.url = url};
    cr_assert(store_open(&store, &config, &suite->fault) == error_none, "%s", suite->fault.text);
    for (uint32_t unit = 0; unit < 2; unit++) {
        const struct store_claim *claim;
        cr_assert(store_claim(store, unit, &claim, &suite->fault) == error_none, "%s", suite->fault.text);
    }
    cr_assert(model_check(&suite->model, store), "%s", suite->model.fault);
    store_close(&store);
    directory_remove(copy);
}

FAULT_TEST(power_failure_loses_nothing_acknowledged)
{
    char shadow[DIRECTORY_SIZE], command[160];
    directory_make(shadow);
    tighten(suite);
    faulty_shadow(suite->directory, shadow);
    snprintf(command, sizeof command, "rm -f %s/*-shm", shadow);
    cr_assert(system(command) == 0);
    for (int i = 0; i < 40; i++) {
        cr_assert(work_once(suite) == error_none, "%s", suite->fault.text);
        check_after_power_loss(suite, shadow);
    }
    cr_assert(raw_number(suite, 0, "SELECT count(*) FROM receipt_run") > 3);
    faulty_reset();
    directory_remove(shadow);
}

/* ---- order ---- */

static void *append_on_thread(void *context)
{
    struct suite *suite = context;
    return (void *)(intptr_t)model_append(&suite->model, suite->store, &suite->fault);
}

static enum error count(void *context, const struct store_record *record)
{
    (void)record;
    ++*(unsigned *)context;
    return error_none;
}

static unsigned visible(struct suite *suite)
{
    unsigned records = 0, events = 0;
    struct stream stream = model_stream("a");
    uint32_t unit = model_unit(&suite->model, "a");
    struct store_receipt receipt;
    cr_assert(
        store_read_log(suite->store, model_partition(&suite->model, "a"), 0, 10, count, &records, &suite->fault) ==
        error_none);
    cr_assert(
        store_read_events(suite->store, unit, &stream, stream_hash(&stream), 0, 10, count, &events, &suite->fault) ==
        error_none);
    enum error error = store_find_receipt(
        suite->store, unit, &suite->model.records[0].id, stream_hash(&stream), &receipt, &suite->fault);
    cr_assert(records == events && (error == error_none) == (records != 0));
    return records;
}

FAULT_TEST(nothing_is_seen_before_it_is_synced)
{
    pthread_t thread;
    void *error;
    model_command(&suite->model, "a", model_id(&suite->model), 1, status_ok);
    cr_assert(visible(suite) == 0);
    faulty_hold_sync("-wal");
    cr_assert(pthread_create(&thread, NULL, append_on_thread, suite) == 0);
    faulty_wait_held();
    for (int i = 0; i < 20; i++)
        cr_assert(visible(suite) == 0);
    faulty_release();
    pthread_join(thread, &error);
    cr_assert((intptr_t)error == error_none && visible(suite) == 1);
}

FAULT_TEST(append_returns_after_the_sync_of_all_that_it_wrote)
{
    const struct faulty_event *events;
    suite_fill(suite, 30, 5);
    for (int i = 0; i < 20; i++) {
        faulty_trace_begin(1000);
        suite_fill(suite, 1, 5);
        size_t count = faulty_trace(&events), writes = 0;
        for (size_t j = 0; j < count; j++) {
            writes += events[j].operation == FAULTY_WRITE;
            cr_assert(
                events[j].operation == FAULTY_READ || strstr(events[j].name, "-wal") != NULL, "%s", events[j].name);
        }
        cr_assert(writes > 0 && writes <= 2, "%zu writes, not gathered", writes);
        cr_assert(events[count - 1].operation == FAULTY_SYNC);
    }
}

/* What is copied out of the write-ahead log is synced where it was before, and where it is now before it is forgotten.
 */
FAULT_TEST(checkpoint_syncs_both_files_in_order)
{
    const struct faulty_event *events;
    bool wal_synced = false, file_synced = true;
    unsigned file_writes = 0, restarts = 0;
    tighten(suite);
    faulty_trace_begin(100000);
    for (int i = 0; i < 5; i++)
        cr_assert(work(suite) == error_none);
    size_t count = faulty_trace(&events);
    for (size_t i = 0; i < count; i++) {
        bool wal = strstr(events[i].name, "-wal") != NULL;
        if (wal && events[i].operation == FAULTY_SYNC)
            wal_synced = true;
        if (wal && events[i].operation == FAULTY_WRITE) {
            cr_assert(events[i].offset != 0 || file_synced, "the log starts over before its copy is safe");
            restarts += events[i].offset == 0;
            wal_synced = false;
        }
        if (!wal && events[i].operation == FAULTY_WRITE) {
            cr_assert(wal_synced, "copied before it was safe");
            file_writes++;
            file_synced = false;
        }
        if (!wal && events[i].operation == FAULTY_SYNC)
            file_synced = true;
    }
    cr_assert(file_writes > 10 && restarts > 2, "%u writes, %u restarts", file_writes, restarts);
}
