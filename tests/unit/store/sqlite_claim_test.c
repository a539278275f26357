/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who may write: kernel locks, epochs, settings; and making the files of a store. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/store/sqlite.h"
#include "tests/lib/faulty_vfs.h"
#include "tests/unit/store/directory.h"
#include "tests/unit/store/sqlite_backend.h"

#define STORE_TEST(NAME)                                                                                               \
    static void NAME(struct suite *suite);                                                                             \
    Test(sqlite_claim, NAME)                                                                                           \
    {                                                                                                                  \
        suite_run(&sqlite_backend, NAME);                                                                              \
    }                                                                                                                  \
    static void NAME(struct suite *suite)

static enum error claim_elsewhere(struct suite *suite, uint32_t unit, struct store_fault *fault)
{
    struct store *other;
    const struct store_claim *claim;
    struct store_config config = suite->config;
    config.holder = "shard-1 pid 7";
    enum error error = store_open(&other, &config, fault);
    if (error == error_none) {
        error = store_claim(other, unit, &claim, fault);
        store_close(&other);
    }
    return error;
}

/* Runs in a child process; its result is the error. */
static enum error in_child(enum error (*run)(struct suite *suite), struct suite *suite)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit((int)run(suite));
    cr_assert(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return (enum error)WEXITSTATUS(status);
}

static enum error claim_in_child(struct suite *suite)
{
    struct store_fault fault = {""};
    enum error error = claim_elsewhere(suite, 1, &fault);
    return error == error_locked && strstr(fault.text, "suite") == NULL ? error_usage : error;
}

STORE_TEST(another_process_is_refused_and_told_the_holder)
{
    cr_assert(in_child(claim_in_child, suite) == error_locked);
    store_release(suite->store, 1);
    cr_assert(in_child(claim_in_child, suite) == error_none);
}

STORE_TEST(another_store_of_the_same_process_is_refused)
{
    struct store_fault fault;
    cr_assert(claim_elsewhere(suite, 0, &fault) == error_locked);
    cr_assert(strstr(fault.text, "unit-0.lock") != NULL && strstr(fault.text, "suite") != NULL, "%s", fault.text);
    suite_fill(suite, 10, 3);
    suite_check(suite);
}

static enum error claim_and_die(struct suite *suite)
{
    const struct store_claim *claim;
    struct store *other;
    if (store_open(&other, &suite->config, NULL) != error_none)
        return error_usage;
    return store_claim(other, 1, &claim, NULL); /* and no release */
}

STORE_TEST(lock_ends_with_its_process)
{
    store_release(suite->store, 1);
    cr_assert(in_child(claim_and_die, suite) == error_none);
    const struct store_claim *claim;
    cr_assert(store_claim(suite->store, 1, &claim, NULL) == error_none);
    cr_assert(claim->epoch == 3, "each claim had its own");
}

static void raise_epoch(struct suite *suite)
{
    for (uint32_t unit = 0; unit < 2; unit++)
        raw_execute(suite, unit, "UPDATE owner SET epoch = epoch + 1, holder = 'another'");
}

STORE_TEST(append_at_an_old_epoch_is_fenced_and_changes_nothing)
{
    struct model *model = &suite->model;
    suite_fill(suite, 20, 4);
    raise_epoch(suite);
    model_command(model, "a1", model_id(model), 2, status_ok);
    cr_assert(model_append(model, suite->store, &suite->fault) == error_fenced);
    cr_assert(strstr(suite->fault.text, "epoch 2, ours was 1") != NULL, "%s", suite->fault.text);
    suite_check(suite);
    suite_restart(suite, SUITE_CLOSED);
    suite_fill(suite, 20, 4);
    suite_check(suite);
}

STORE_TEST(maintenance_at_an_old_epoch_is_fenced_and_changes_nothing)
{
    bool more = true;
    suite->backend->tighten(suite);
    suite_fill(suite, 150, 10);
    int64_t streams = raw_number(suite, 0, "SELECT count(*) FROM stream");
    int64_t runs = raw_number(suite, 0, "SELECT count(*) FROM receipt_run");
    sqlite_of(suite->store)->base.limits.rows = 1;
    raise_epoch(suite);
    cr_assert(store_maintain(suite->store, 0, NULL, 0, 5, &more, &suite->fault) == error_fenced);
    cr_assert(more, "untouched on failure");
    cr_assert(store_describe(suite->store, 0, 1, slice_text("x"), &suite->fault) == error_fenced);
    cr_assert(raw_number(suite, 0, "SELECT count(*) FROM stream") == streams);
    cr_assert(raw_number(suite, 0, "SELECT count(*) FROM receipt_run") == runs);
    cr_assert(raw_number(suite, 0, "SELECT count(*) FROM module") == 0);
    suite_check(suite);
}

STORE_TEST(old_owner_that_leaves_writes_nothing)
{
    suite_fill(suite, 40, 6);
    raise_epoch(suite);
    store_release(suite->store, 0);
    cr_assert(raw_number(suite, 0, "SELECT count(*) FROM stream") == 0);
}

STORE_TEST(owner_that_leaves_has_covered_all)
{
    suite_fill(suite, 60, 6);
    store_close(&suite->store);
    for (uint32_t partition = 0; partition < 5; partition++) {
        char sql[80];
        snprintf(sql, sizeof sql, "SELECT streams FROM covered WHERE partition = %u", partition);
        int64_t covered = raw_number(suite, partition % 2, sql);
        cr_assert(covered == (int64_t)suite->model.partitions[partition].head);
    }
    suite_open(suite);
    suite_claim_all(suite);
    suite_check(suite);
}

static int64_t pragma(struct connection *connection, const char *sql)
{
    sqlite3_stmt *statement;
    cr_assert(sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL) == SQLITE_OK);
    cr_assert(sqlite3_step(statement) == SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

STORE_TEST(commits_are_fully_synced_and_only_the_owner_checkpoints)
{
    struct sqlite_unit *file = sqlite_unit_of(unit_of(suite->store, 0));
    cr_assert(pragma(&file->writer, "PRAGMA synchronous") == 2);
    cr_assert(raw_number(suite, 0, "PRAGMA page_size") == 4096);
    sqlite3_stmt *statement;
    sqlite3 *db = raw_open(suite, 0);
    sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &statement, NULL);
    sqlite3_step(statement);
    cr_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "wal");
    sqlite3_finalize(statement);
    sqlite3_close(db);
    cr_assert(model_check_log(&suite->model, suite->store, 10));
    cr_assert(pragma(&file->reader.connection, "PRAGMA query_only") == 1);
    int kept = 0;
    sqlite3_db_config(file->reader.connection.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &kept);
    cr_assert(kept == 1);
}

Test(sqlite_claim, unsafe_settings_are_refused)
{
    struct store *store = NULL;
    struct store_fault fault;
    char directory[DIRECTORY_SIZE], url[80];
    directory_make(directory);
    snprintf(url, sizeof url, "sqlite:%s", directory);
    struct store_config config = {.url = url, .create = true};
    faulty_install();
    faulty_deny_shared_memory(true);
    cr_assert(store_open(&store, &config, &fault) == error_unsafe_settings && store == NULL, "%s", fault.text);
    faulty_reset();
    cr_assert(store_open(&store, &config, &fault) == error_none, "%s", fault.text);
    store_close(&store);
    directory_remove(directory);
}

/* ---- making a store ---- */

static enum error open_at(struct store **store, const char *directory, bool create, struct store_fault *fault)
{
    char url[128];
    snprintf(url, sizeof url, "sqlite:%s", directory);
    struct store_config config = {.url = url, .create = create, .partitions = 6, .units = 3, .incarnation = 9};
    return store_open(store, &config, fault);
}

Test(sqlite_files, store_that_is_not_there_is_not_found)
{
    struct store *store = NULL;
    struct store_fault fault;
    char directory[DIRECTORY_SIZE];
    directory_make(directory);
    cr_assert(open_at(&store, directory, false, &fault) == error_not_found && store == NULL);
    cr_assert(strstr(fault.text, directory) != NULL);
    cr_assert(open_at(&store, "/nowhere/at/all", false, &fault) == error_not_found);
    cr_assert(open_at(&store, "", true, &fault) == error_bad_settings);
    directory_remove(directory);
}

Test(sqlite_files, directories_are_made)
{
    struct store *store;
    struct store_fault fault;
    char directory[DIRECTORY_SIZE], path[100];
    directory_make(directory);
    snprintf(path, sizeof path, "%s/a/b/c", directory);
    cr_assert(open_at(&store, path, true, &fault) == error_none, "%s", fault.text);
    store_close(&store);
    cr_assert(open_at(&store, path, false, &fault) == error_none);
    store_close(&store);
    directory_remove(directory);
}

Test(sqlite_files, sizes_and_incarnation_are_those_of_the_making)
{
    struct store *store;
    struct store_info info;
    struct store_fault fault;
    char directory[DIRECTORY_SIZE], url[80];
    directory_make(directory);
    cr_assert(open_at(&store, directory, true, &fault) == error_none);
    store_close(&store);
    snprintf(url, sizeof url, "sqlite:%s", directory);
    struct store_config config = {.url = url, .create = true, .partitions = 9, .units = 1, .incarnation = 1};
    cr_assert(store_open(&store, &config, &fault) == error_none);
    store_info(store, &info);
    cr_assert(info.partitions == 6 && info.units == 3 && info.incarnation == 9);
    store_close(&store);
    directory_remove(directory);
}

static enum error make_in_child(struct suite *suite)
{
    struct store *store;
    enum error error = store_open(&store, &suite->config, NULL);
    if (error == error_none)
        store_close(&store);
    return error;
}

Test(sqlite_files, processes_that_make_it_at_once_make_one)
{
    struct suite suite = {.config = {.create = true}};
    pid_t children[6];
    directory_make(suite.directory);
    snprintf(suite.url, sizeof suite.url, "sqlite:%s", suite.directory);
    suite.config.url = suite.url;
    for (size_t i = 0; i < 6; i++) {
        suite.config.incarnation = i + 1;
        children[i] = fork();
        if (children[i] == 0)
            _exit((int)make_in_child(&suite));
    }
    for (size_t i = 0; i < 6; i++) {
        int status;
        cr_assert(waitpid(children[i], &status, 0) == children[i] && status == 0);
    }
    cr_assert(make_in_child(&suite) == error_none, "and all its files are of the same incarnation");
    directory_remove(suite.directory);
}

static void file_remove(const char *directory, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    cr_assert(unlink(path) == 0, "%s", path);
}

static void file_write(const char *directory, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    cr_assert(file != NULL && fputs(text, file) >= 0);
    fclose(file);
}

Test(sqlite_files, making_that_was_cut_short_is_begun_again)
{
    struct store *store;
    struct store_fault fault;
    char directory[DIRECTORY_SIZE];
    directory_make(directory);
    cr_assert(open_at(&store, directory, true, &fault) == error_none);
    store_close(&store);
    file_remove(directory, "log-0.db");
    file_remove(directory, "log-1.db");
    file_write(directory, "log-1.db.new", "half a file");
    file_write(directory, "log-1.db.new-wal", "and of its log");
    cr_assert(open_at(&store, directory, false, &fault) == error_not_found);
    cr_assert(open_at(&store, directory, true, &fault) == error_none, "%s", fault.text);
    const struct store_claim *claim;
    for (uint32_t unit = 0; unit < 3; unit++)
        cr_assert(store_claim(store, unit, &claim, &fault) == error_none, "%s", fault.text);
    store_close(&store);
    directory_remove(directory);
}

STORE_TEST(records_without_the_first_file_are_never_replaced)
{
    struct store *store = NULL;
    suite_fill(suite, 30, 9);
    store_close(&suite->store);
    file_remove(suite->directory, "log-0.db");
    cr_assert(store_open(&store, &suite->config, &suite->fault) == error_corrupt && store == NULL);
    cr_assert(strstr(suite->fault.text, "log-0.db is missing") != NULL, "%s", suite->fault.text);
}

STORE_TEST(write_ahead_log_without_its_file_is_never_replayed_into_a_new_one)
{
    char copy[DIRECTORY_SIZE];
    struct store *store = NULL;
    model_command(&suite->model, "a", model_id(&suite->model), 3, status_ok);
    suite_append(suite);
    directory_copy(suite->directory, copy);
    uint32_t unit = model_unit(&suite->model, "a");
    file_remove(copy, unit == 0 ? "log-0.db" : "log-1.db");
    enum error error = open_at(&store, copy, true, &suite->fault);
    cr_assert(error == error_corrupt && store == NULL, "%s", suite->fault.text);
    directory_remove(copy);
}

STORE_TEST(missing_file_is_named)
{
    struct store *store = NULL;
    store_close(&suite->store);
    file_remove(suite->directory, "log-1.db");
    cr_assert(store_open(&store, &suite->config, &suite->fault) == error_corrupt && store == NULL);
    cr_assert(strstr(suite->fault.text, "log-1.db is missing") != NULL, "%s", suite->fault.text);
}

STORE_TEST(file_of_another_store_is_refused)
{
    struct store *store = NULL;
    store_close(&suite->store);
    raw_execute(suite, 1, "UPDATE meta SET value = value + 1 WHERE key = 'incarnation'");
    cr_assert(store_open(&store, &suite->config, &suite->fault) == error_corrupt);
    cr_assert(strstr(suite->fault.text, "different stores") != NULL);
    raw_execute(suite, 1, "UPDATE meta SET value = 0 WHERE key = 'unit'");
    cr_assert(store_open(&store, &suite->config, &suite->fault) == error_corrupt && store == NULL);
}

/* ---- not allowed to write ---- */

static enum error open_as_nobody(struct suite *suite)
{
    struct store *store;
    const struct store_claim *claim;
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return error_usage;
    enum error error = store_open(&store, &suite->config, &suite->fault);
    if (error == error_none)
        error = store_claim(store, 0, &claim, &suite->fault);
    return error;
}

STORE_TEST(directory_that_cannot_be_written_is_read_only)
{
    suite_fill(suite, 10, 3);
    store_close(&suite->store);
    cr_assert(chmod(suite->directory, 0555) == 0);
    cr_assert(in_child(open_as_nobody, suite) == error_read_only);
    cr_assert(chmod(suite->directory, 0755) == 0);
}

Test(sqlite_files, store_cannot_be_made_in_a_directory_that_cannot_be_written)
{
    struct suite suite = {.config = {.create = true}};
    directory_make(suite.directory);
    cr_assert(chmod(suite.directory, 0555) == 0);
    snprintf(suite.url, sizeof suite.url, "sqlite:%s/data", suite.directory);
    suite.config.url = suite.url;
    cr_assert(in_child(open_as_nobody, &suite) == error_read_only);
    snprintf(suite.url, sizeof suite.url, "sqlite:%s", suite.directory);
    cr_assert(in_child(open_as_nobody, &suite) == error_read_only);
    directory_remove(suite.directory);
}

STORE_TEST(file_that_cannot_be_written_is_read_only)
{
    char path[128];
    store_close(&suite->store);
    snprintf(path, sizeof path, "%s/log-0.db", suite->directory);
    cr_assert(chmod(suite->directory, 0777) == 0 && chmod(path, 0444) == 0);
    enum error error = in_child(open_as_nobody, suite);
    cr_assert(error == error_read_only, "%s", error_name(error));
}

/* ---- formats ---- */

STORE_TEST(newer_format_is_refused_naming_both)
{
    struct store *store = NULL;
    store_close(&suite->store);
    raw_execute(suite, 0, "UPDATE meta SET value = 99 WHERE key = 'format'");
    cr_assert(store_open(&store, &suite->config, &suite->fault) == error_newer_schema && store == NULL);
    cr_assert(strstr(suite->fault.text, "log-0.db") != NULL && strstr(suite->fault.text, "99") != NULL);
}

STORE_TEST(migrations_bring_a_file_to_the_newest_format)
{
    struct connection connection = {0};
    char path[128];
    uint32_t format;
    const char *const migrations[] = {
        "", "", "CREATE TABLE third (a)", "CREATE TABLE fourth (a); INSERT INTO fourth SELECT 4"};
    snprintf(path, sizeof path, "%s/log-0.db", suite->directory);
    store_close(&suite->store);
    cr_assert(connection_open(&connection, path, CONNECTION_WRITE, &suite->fault) == error_none);
    cr_assert(schema_check(&connection, 4, &format, &suite->fault) == error_none && format == 2);
    cr_assert(schema_migrate(&connection, migrations, 4, format, &suite->fault) == error_none);
    cr_assert(schema_check(&connection, 4, &format, &suite->fault) == error_none && format == 4);
    cr_assert(schema_check(&connection, 3, &format, &suite->fault) == error_newer_schema);
    cr_assert(pragma(&connection, "SELECT a FROM fourth") == 4);
    connection_close(&connection);
}

STORE_TEST(events_of_the_first_format_are_known_after_the_migration)
{
    const struct store_claim *claim;
    suite_fill(suite, 50, 9);
    store_close(&suite->store);
    for (uint32_t unit = 0; unit < 2; unit++)
        raw_execute(suite, unit, "DROP TABLE kind; UPDATE meta SET value = 1 WHERE key = 'format'");
    suite_open(suite);
    suite->unread = 3;
    cr_assert(store_claim(suite->store, 0, &claim, &suite->fault) == error_unreadable);
    suite->unread = 0;
    suite_claim_all(suite);
    suite_check(suite);
}

STORE_TEST(migration_that_fails_leaves_the_format_before)
{
    struct connection connection = {0};
    char path[128];
    uint32_t format;
    const char *const migrations[] = {
        "", "", "CREATE TABLE third (a)", "CREATE TABLE fourth (a); CREATE TABLE third (a)"};
    snprintf(path, sizeof path, "%s/log-0.db", suite->directory);
    store_close(&suite->store);
    cr_assert(connection_open(&connection, path, CONNECTION_WRITE, &suite->fault) == error_none);
    cr_assert(schema_migrate(&connection, migrations, 4, 2, &suite->fault) == error_corrupt);
    cr_assert(schema_check(&connection, 4, &format, &suite->fault) == error_none && format == 3);
    cr_assert(pragma(&connection, "SELECT count(*) FROM sqlite_master WHERE name = 'fourth'") == 0);
    connection_close(&connection);
}
