/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The pool: members, owners, leases, and clocks that are set. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "services/store/postgres.h"
#include "tests/unit/store/postgres_backend.h"

#define STORE_TEST(NAME)                                                                                               \
    static void NAME(struct suite *suite);                                                                             \
    Test(postgres_pool, NAME)                                                                                          \
    {                                                                                                                  \
        suite_run(&postgres_backend, NAME);                                                                            \
    }                                                                                                                  \
    static void NAME(struct suite *suite)

static struct store *member_open(struct suite *suite, const char *name, uint64_t boot)
{
    struct store *other;
    struct store_config config = suite->config;
    config.boot = boot;
    config.member = name;
    cr_assert(store_open(&other, &config, &suite->fault) == error_none, "%s", suite->fault.text);
    return other;
}

static struct store_pool *pool_of(struct suite *suite, struct store *store, const struct store_beat *beat)
{
    struct store_pool *pool;
    cr_assert(store_beat(store, beat, &pool, &suite->fault) == error_none, "%s", suite->fault.text);
    return pool;
}

STORE_TEST(pool_tells_members_by_name_and_who_owns_what)
{
    const uint64_t loads[2] = {30, 40}, none[2] = {0};
    struct store *late = member_open(suite, "zoe", 5), *early = member_open(suite, "ann", UINT64_MAX - 1);
    store_pool_free(&(struct store_pool *){pool_of(suite, early, &(struct store_beat){.load = 9, .unit_loads = none})});
    struct store_beat mine = {.load = 70, .unit_loads = loads};
    store_pool_free(&(struct store_pool *){pool_of(suite, suite->store, &mine)});
    store_release(suite->store, 1);
    struct store_pool *pool = pool_of(suite, late, &(struct store_beat){.load = 1, .leaving = true});
    cr_assert(pool->member_count == 3 && pool->self == 2 && pool->unit_count == 2);
    cr_assert_str_eq(pool->members[0].name, "ann");
    cr_assert_str_eq(pool->members[1].name, "suite");
    cr_assert_str_eq(pool->members[2].name, "zoe");
    cr_assert(pool->members[0].boot == UINT64_MAX - 1 && pool->members[0].load == 9 && !pool->members[0].leaving);
    cr_assert(pool->members[1].load == 70 && pool->members[2].leaving);
    cr_assert(pool->units[0].member == 1 && pool->units[0].epoch == 1 && pool->units[0].load == 30);
    cr_assert(pool->units[1].member == -1 && pool->units[1].epoch == 1 && pool->units[1].load == 0);
    store_pool_free(&pool);
    store_close(&late);
    store_close(&early);
}

STORE_TEST(owner_whose_lease_has_run_out_is_nobody)
{
    struct store *other = member_open(suite, "other", 5);
    postgres_expire(suite->directory, suite->config.boot);
    struct store_pool *pool = pool_of(suite, other, &(struct store_beat){0});
    cr_assert(pool->member_count == 1 && pool->members[0].boot == 5 && pool->units[0].member == -1);
    store_pool_free(&pool);
    pool = pool_of(suite, suite->store, &(struct store_beat){0});
    cr_assert(pool->member_count == 2 && pool->units[0].member == 1, "a late beat joins again, and owns what it did");
    store_pool_free(&pool);
    store_close(&other);
}

STORE_TEST(process_that_closes_is_gone_at_once)
{
    struct store *other = member_open(suite, "other", 5);
    store_pool_free(&(struct store_pool *){pool_of(suite, other, &(struct store_beat){0})});
    store_close(&other);
    struct store_pool *pool = pool_of(suite, suite->store, &(struct store_beat){0});
    cr_assert(pool->member_count == 1);
    store_pool_free(&pool);
}

STORE_TEST(lease_ends_before_the_servers_does)
{
    struct store *other = member_open(suite, "other", 5);
    cr_assert(store_has_pool(other) && store_lease_until(other) == 0);
    uint64_t before_us = clock_boot_us(), lease_us = (uint64_t)suite->config.lease_ms * 1000;
    cr_assert(postgres_beat_once(other, &suite->fault) == error_none);
    uint64_t until_us = store_lease_until(other);
    cr_assert(until_us >= before_us + lease_us / 10 * 9 && until_us <= clock_boot_us() + lease_us / 10 * 9);
    store_close(&other);
}

STORE_TEST(beats_and_reads_go_on_over_new_connections)
{
    cr_assert(model_check_log(&suite->model, suite->store, 10), "%s", suite->model.fault);
    postgres_sql(suite->directory,
                 "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '%s' AND pid <> "
                 "pg_backend_pid()",
                 suite->directory);
    cr_assert(postgres_beat_once(suite->store, &suite->fault) == error_none, "%s", suite->fault.text);
    cr_assert(model_check_log(&suite->model, suite->store, 10), "%s", suite->model.fault);
}

/* ---- modules of different versions ---- */

static bool reads_old(void *context, const struct store_kind *kind)
{
    (void)context;
    return kind->schema < 3;
}

static uint64_t unreadable_to(struct suite *suite, struct store *store, uint32_t member, char *why)
{
    struct store_pool *pool = pool_of(suite, store, &(struct store_beat){0});
    uint64_t units = pool->members[member].unreadable;
    if (why != NULL)
        strcpy(why, pool->unreadable);
    store_pool_free(&pool);
    return units;
}

STORE_TEST(beats_tell_which_units_a_member_cannot_read)
{
    char why[256];
    struct store_readers readers = suite->config.readers;
    suite_fill(suite, 60, 9);
    suite->config.readers = (struct store_readers){.reads = reads_old};
    struct store *old = member_open(suite, "old", 5);
    suite->config.readers = readers;
    cr_assert(unreadable_to(suite, old, 0, why) == 3, "in its first beat");
    cr_assert(strstr(why, "version 3 of bank.account's event money-deposited") != NULL, "%s", why);
    cr_assert(unreadable_to(suite, suite->store, 0, why) == 3 && why[0] == 0, "others see it");
    cr_assert(unreadable_to(suite, suite->store, 1, NULL) == 0);
    store_close(&old);
}

STORE_TEST(member_learns_of_a_new_kind_with_its_next_beat)
{
    struct store_readers readers = suite->config.readers;
    suite->config.readers = (struct store_readers){.reads = reads_old};
    struct store *old = member_open(suite, "old", 5);
    suite->config.readers = readers;
    cr_assert(unreadable_to(suite, old, 0, NULL) == 0);
    suite_fill(suite, 60, 9);
    cr_assert(unreadable_to(suite, suite->store, 0, NULL) == 0, "it has not looked yet");
    cr_assert(unreadable_to(suite, old, 0, NULL) == 3, "for itself at once");
    cr_assert(unreadable_to(suite, old, 0, NULL) == 3);
    cr_assert(unreadable_to(suite, suite->store, 0, NULL) == 3, "then for all");
    store_close(&old);
}

STORE_TEST(events_of_the_first_format_are_known_after_the_migration)
{
    suite_fill(suite, 60, 9);
    int64_t kinds = postgres_number(suite->directory, "SELECT count(*) FROM fluvius.kind");
    store_close(&suite->store);
    postgres_sql(
        suite->directory,
        "DROP TABLE fluvius.kind; ALTER TABLE fluvius.member DROP COLUMN unreadable; DROP FUNCTION fluvius.beat"
        "(bigint, text, bigint, bigint, boolean, bigint[], bigint); DELETE FROM fluvius.migration WHERE number "
        "= 2");
    suite_open(suite);
    cr_assert(kinds == 6 && postgres_number(suite->directory, "SELECT count(*) FROM fluvius.kind") == kinds);
}

/* ---- clocks ---- */

static void clock_set(struct suite *suite, const char *by)
{
    postgres_sql(suite->directory,
                 "UPDATE fluvius.member SET expires_at = expires_at - interval '%s', beat_at = beat_at - interval '%s'",
                 by,
                 by);
}

STORE_TEST(clock_set_ahead_takes_units_from_nobody)
{
    const struct store_claim *claim;
    struct store *other = member_open(suite, "other", 5);
    cr_assert(postgres_beat_once(other, &suite->fault) == error_none);
    clock_set(suite, "1 hour");
    cr_assert(store_claim(other, 0, &claim, &suite->fault) == error_locked, "its own lease has ended too");
    cr_assert(postgres_beat_once(other, &suite->fault) == error_none);
    cr_assert(store_claim(other, 0, &claim, &suite->fault) == error_locked, "the first beat gave everybody a lease");
    postgres_expire(suite->directory, suite->config.boot);
    cr_assert(store_claim(other, 0, &claim, &suite->fault) == error_none, "%s", suite->fault.text);
    store_close(&other);
}

STORE_TEST(clock_set_back_keeps_the_dead_no_longer_than_a_lease)
{
    struct store *other = member_open(suite, "other", 5);
    clock_set(suite, "-1 hour");
    cr_assert(postgres_beat_once(other, &suite->fault) == error_none);
    cr_assert(postgres_number(suite->directory,
                              "SELECT count(*) FROM fluvius.member WHERE expires_at > clock_timestamp() + interval '61 "
                              "seconds'") == 0);
    store_close(&other);
}

STORE_TEST(members_long_dead_are_forgotten_unless_they_own_something)
{
    struct store *other = member_open(suite, "other", 5);
    cr_assert(postgres_beat_once(other, &suite->fault) == error_none);
    postgres_abandon(&other);
    cr_assert(postgres_beat_once(suite->store, &suite->fault) == error_none);
    postgres_sql(suite->directory, "UPDATE fluvius.member SET expires_at = clock_timestamp() - interval '11 minutes'");
    struct store *third = member_open(suite, "third", 6);
    cr_assert(postgres_beat_once(third, &suite->fault) == error_none);
    cr_assert(postgres_number(suite->directory, "SELECT count(*) FROM fluvius.member WHERE boot = 5") == 0);
    cr_assert(postgres_number(suite->directory, "SELECT count(*) FROM fluvius.member WHERE boot = 1") == 1);
    store_close(&third);
}
