/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Replay finds a snapshot that is not what its events give, and an event that its module does not know. The store is
 * the one in memory, the domain the bank. */
#include "services/cli/replay.h"

#include "examples/bank/bank.c"

#include <criterion/criterion.h>
#include <unistd.h>

static struct store *store;
static struct domain *bank;
static const struct store_claim *claim;
static uint64_t seq;
static struct replay replay;

static const struct stream ada = {{(const uint8_t *)"default", 7},
                                  {(const uint8_t *)"bank", 4},
                                  {(const uint8_t *)"account", 7},
                                  {(const uint8_t *)"ada", 3}};

static void prepare(void)
{
    struct store_config config = {.url = "memory:", .partitions = 1, .units = 1, .create = true, .holder = "test"};
    struct store_fault fault;
    struct domain_fault domain_fault;

    cr_assert_eq(store_open(&store, &config, &fault), error_none, "%s", fault.text);
    cr_assert_eq(store_claim(store, 0, &claim, &fault), error_none, "%s", fault.text);
    cr_assert_eq(domain_new(&bank, fluvius_module_1(), &domain_fault), error_none, "%s", domain_fault.text);
    cr_assert_not_null(freopen("/dev/null", "w", stdout));
    cr_assert_not_null(freopen("/dev/null", "w", stderr));
}

static void finish(void)
{
    domain_free(&bank);
    store_close(&store);
}

TestSuite(replay, .init = prepare, .fini = finish);

/* Appends one event with data as JSON would have it: pairs of key and integer. */
static void happened(const char *event_name, struct slice data)
{
    struct store_record record = {.seq = seq + 1,
                                  .previous = seq,
                                  .version = seq + 1,
                                  .time_us = 1,
                                  .stream = ada,
                                  .stream_hash = stream_hash(&ada),
                                  .event = slice_text(event_name),
                                  .schema = 1,
                                  .data = data,
                                  .command = slice_text("any"),
                                  .user = slice_text("anonymous")};
    struct store_fault fault;

    cr_assert_eq(store_append(store, 0, &record, 1, &fault), error_none, "%s", fault.text);
    seq++;
}

static void account_opened(void)
{
    struct buffer data = {0};

    write_map(&data, 2);
    write_string(&data, "holder");
    write_map(&data, 2);
    write_string(&data, "given");
    write_string(&data, "Ada");
    write_string(&data, "family");
    write_string(&data, "King");
    write_string(&data, "currency");
    write_string(&data, "EUR");
    happened("opened", buffer_slice(&data));
    buffer_fini(&data);
}

static void account_deposited(int64_t amount)
{
    struct buffer data = {0};

    write_map(&data, 1);
    write_string(&data, "amount");
    write_integer(&data, amount);
    happened("deposited", buffer_slice(&data));
    buffer_fini(&data);
}

/* Writes a snapshot of the present version with a balance of its own. */
static void snapshot_with(int64_t balance, uint64_t fingerprint)
{
    struct buffer state = {0};
    struct store_snapshot_write snapshot = {.stream = ada, .stream_hash = stream_hash(&ada)};
    struct store_fault fault;
    bool more;

    write_map(&state, 4);
    write_string(&state, "balance");
    write_integer(&state, balance);
    write_string(&state, "currency");
    write_string(&state, "EUR");
    write_string(&state, "holder");
    write_map(&state, 2);
    write_string(&state, "given");
    write_string(&state, "Ada");
    write_string(&state, "family");
    write_string(&state, "King");
    write_string(&state, "status");
    write_string(&state, "open");
    snapshot.snapshot = (struct store_snapshot){
        .version = seq, .seq = seq, .time_us = 1, .fingerprint = fingerprint, .state = buffer_slice(&state)};
    cr_assert_eq(store_maintain(store, 0, &snapshot, 1, 5, &more, &fault), error_none, "%s", fault.text);
    buffer_fini(&state);
}

/* Replays with the unit free for it to claim. */
static bool replayed(void)
{
    struct domain *domains[] = {bank};

    store_release(store, 0);
    replay = (struct replay){.store = store, .domains = domains, .domain_count = 1};
    return replay_run(&replay);
}

Test(replay, equal_states_are_counted)
{
    account_opened();
    account_deposited(5);
    snapshot_with(5, domain_fingerprint(bank));
    account_deposited(6);
    cr_assert(replayed());
    cr_assert_eq(replay.streams, 1);
    cr_assert_eq(replay.events, 3);
    cr_assert_eq(replay.snapshots, 1);
    cr_assert_eq(replay.different, 0);
}

Test(replay, a_snapshot_that_is_not_what_its_events_give_is_found)
{
    account_opened();
    account_deposited(5);
    snapshot_with(6, domain_fingerprint(bank));
    account_deposited(7);
    cr_assert_not(replayed());
    cr_assert_eq(replay.different, 1);
}

Test(replay, a_snapshot_of_another_module_version_is_not_compared)
{
    account_opened();
    snapshot_with(6, domain_fingerprint(bank) + 1);
    cr_assert(replayed());
    cr_assert_eq(replay.snapshots, 0);
    cr_assert_eq(replay.stale, 1);
}

Test(replay, an_event_that_the_module_does_not_know_fails_its_stream)
{
    static const uint8_t empty_map[] = {0x80};

    account_opened();
    happened("teleported", slice_of(empty_map, 1));
    cr_assert_not(replayed());
    cr_assert_eq(replay.failed, 1);
}

Test(replay, a_resource_without_a_module_fails_its_stream)
{
    account_opened();
    store_release(store, 0);
    replay = (struct replay){.store = store};
    cr_assert_not(replay_run(&replay));
    cr_assert_eq(replay.failed, 1);
}

Test(replay, an_empty_log_is_fine)
{
    cr_assert(replayed());
    cr_assert_eq(replay.streams, 0);
}
