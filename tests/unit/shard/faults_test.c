/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a shard does when the store fails, and what it tells of what a command would do. */
#include "tests/unit/shard/world.h"

#include "proto/json.h"

#include <criterion/criterion.h>

#define DEPOSIT(AMOUNT) .command = "deposit", .account = "a", .data = "{\"amount\":" #AMOUNT "}"

static struct world *w;

static void begin(void)
{
    w = world_new();
    world_open(w, "a", 100);
}

static void end(void)
{
    world_free(w);
}

TestSuite(shard_faults, .init = begin, .fini = end);
TestSuite(shard_reads, .init = begin, .fini = end);

Test(shard_faults, a_commit_without_space_is_answered_unavailable_and_nothing_stays)
{
    w->fail_commit = error_no_space;
    const struct reply *reply = world_call(w, DEPOSIT(5));
    cr_assert_eq(reply->status, status_unavailable);
    cr_assert(text_is(reply->code, "no_space"));
    cr_assert_eq(world_balance(w, "a"), 100);
    cr_assert_eq(world_call(w, DEPOSIT(7))->status, status_ok);
    cr_assert_eq(world_balance(w, "a"), 107);
}

Test(shard_faults, what_was_decided_on_top_of_a_failed_commit_goes_with_it)
{
    struct uuid id = world_id(w);
    w->hold_commits = true;
    uint64_t first = world_send(w, DEPOSIT(5), .id = &id);
    world_settle(w);
    uint64_t second = world_send(w, DEPOSIT(6));
    world_settle(w);
    w->hold_commits = false;
    w->fail_commit = error_no_space;
    world_settle(w);
    cr_assert_eq(world_reply(w, first)->status, status_unavailable);
    cr_assert_eq(world_reply(w, second)->status, status_unavailable);
    cr_assert_eq(world_call(w, DEPOSIT(5), .id = &id)->status, status_ok);
    cr_assert_eq(world_balance(w, "a"), 105);
}

Test(shard_faults, a_fenced_commit_is_answered_moved)
{
    w->fail_commit = error_fenced;
    cr_assert_eq(world_call(w, DEPOSIT(5))->status, status_moved);
    cr_assert_eq(world_balance(w, "a"), 100);
}

Test(shard_faults, an_aggregate_that_was_loading_when_its_unit_was_lost_is_served_afterwards)
{
    char neighbour[2] = "b"; /* of the same unit */
    while (world_unit(neighbour) != world_unit("a"))
        neighbour[0]++;
    world_open(w, neighbour, 1);
    world_restart(w);
    cr_assert_eq(world_balance(w, neighbour), 1);
    w->hold_commits = w->hold_fetches = true;
    world_send(w, .command = "deposit", .account = neighbour, .data = "{\"amount\":1}");
    uint64_t key = world_send(w, DEPOSIT(5)); /* this one has to be loaded first */
    world_settle(w);
    w->hold_commits = false;
    w->fail_commit = error_no_space;
    world_settle(w);
    w->hold_fetches = false;
    world_settle(w);
    cr_assert_not_null(world_reply(w, key));
    cr_assert_eq(world_balance(w, "a"), world_reply(w, key)->status == status_ok ? 105 : 100);
}

static void crash_during(const struct uuid *id, uint64_t stream)
{
    journal_begin(&w->journal, 0, id, stream); /* and the process is gone */
    journal_open(&w->journal);
}

Test(shard_faults, a_command_that_crashed_three_times_is_not_run_again_and_others_go_on)
{
    struct uuid id = world_id(w);
    struct stream stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text("a")};
    for (int i = 0; i < JOURNAL_ATTEMPTS; i++)
        crash_during(&id, stream_hash(&stream));
    world_restart(w);
    const struct reply *reply = world_call(w, DEPOSIT(5), .id = &id);
    cr_assert_eq(reply->status, status_error);
    cr_assert(text_is(reply->code, "domain_crash"));
    cr_assert_eq(world_call(w, DEPOSIT(6))->status, status_ok);
    cr_assert_eq(world_balance(w, "a"), 106);
    struct buffer alarms = {0};
    shard_alarms(w->shard, &alarms);
    cr_assert_gt(alarms.size, 4);
    buffer_fini(&alarms);
}

Test(shard_faults, two_crashes_are_not_held_against_a_command)
{
    struct uuid id = world_id(w);
    struct stream stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text("a")};
    for (int i = 0; i < JOURNAL_ATTEMPTS - 1; i++)
        crash_during(&id, stream_hash(&stream));
    world_restart(w);
    cr_assert_eq(world_call(w, DEPOSIT(5), .id = &id)->status, status_ok);
}

Test(shard_faults, an_aggregate_whose_loading_crashes_is_refused_by_name)
{
    struct stream stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text("a")};
    for (int i = 0; i < JOURNAL_ATTEMPTS; i++)
        crash_during(&journal_load, stream_hash(&stream));
    world_restart(w);
    world_open(w, "b", 10);
    cr_assert(text_is(world_call(w, DEPOSIT(5))->code, "domain_crash"));
    cr_assert_eq(world_balance(w, "b"), 10);
}

Test(shard_reads, a_read_waits_for_the_commit_of_what_it_shows)
{
    w->hold_commits = true;
    world_send(w, DEPOSIT(5));
    uint64_t read = world_send(w, .operation = operation_state, .account = "a");
    world_settle(w);
    cr_assert_null(world_reply(w, read));
    w->hold_commits = false;
    world_settle(w);
    cr_assert_eq(world_reply(w, read)->version, 3);
}

static void expect_json(struct slice value, const char *expected)
{
    struct buffer json = {0};
    cr_assert_eq(msgpack_to_json(value, &json), error_none);
    cr_assert_eq(json.size, strlen(expected), "%.*s", (int)json.size, (char *)json.data);
    cr_assert_arr_eq(json.data, expected, json.size, "%.*s", (int)json.size, (char *)json.data);
    buffer_fini(&json);
}

Test(shard_reads, a_dry_run_tells_what_would_change_and_changes_nothing)
{
    struct slice changes;
    struct uuid id = world_id(w);
    const struct reply *reply = world_call(w, DEPOSIT(5), .id = &id, .dry_run = true);
    cr_assert_eq(reply->status, status_ok);
    cr_assert_eq(reply->version, 3);
    cr_assert_eq(msgpack_find(reply->data, "changes", &changes), error_none);
    expect_json(changes, "[{\"at\":\"/balance\",\"from\":100,\"to\":105}]");
    cr_assert_eq(world_balance(w, "a"), 100);
    cr_assert_eq(world_call(w, DEPOSIT(5), .id = &id)->status, status_ok); /* the id is not used up */
}

Test(shard_reads, a_dry_run_of_what_would_be_rejected_is_rejected_and_leaves_no_receipt)
{
    struct uuid id = world_id(w);
    const struct reply *reply =
        world_call(w, .command = "withdraw", .account = "a", .data = "{\"amount\":101}", .id = &id, .dry_run = true);
    cr_assert_eq(reply->status, status_rejected);
    world_call(w, DEPOSIT(5));
    cr_assert_eq(world_call(w, .command = "withdraw", .account = "a", .data = "{\"amount\":101}", .id = &id)->status,
                 status_ok);
}

Test(shard_reads, what_was_is_not_for_shards)
{
    static const struct send cases[] = {{.operation = operation_state, .account = "a", .at_version = 1},
                                        {.operation = operation_state, .account = "a", .at_time_us = 1},
                                        {.operation = operation_changes, .account = "a"},
                                        {.operation = operation_events, .account = "a"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert(text_is(world_reply_after(w, &cases[i])->code, "unknown_operation"), "case %zu", i);
}

Test(shard_reads, an_actor_comes_back_from_its_snapshot_as_it_was)
{
    for (int i = 0; i < 50; i++)
        world_call(w, DEPOSIT(1));
    world_restart(w);
    cr_assert_eq(world_balance(w, "a"), 150);
    cr_assert_eq(world_call(w, DEPOSIT(1))->version, 53);
}
