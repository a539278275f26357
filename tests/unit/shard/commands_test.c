/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a shard promises of commands: durable before acknowledged, decided once, told the same every time. */
#include "tests/unit/shard/world.h"

#include <criterion/criterion.h>

#define DEPOSIT(AMOUNT) .command = "deposit", .account = "a", .data = "{\"amount\":" #AMOUNT "}"
#define WITHDRAW(AMOUNT) .command = "withdraw", .account = "a", .data = "{\"amount\":" #AMOUNT "}"

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

TestSuite(shard, .init = begin, .fini = end);

static void expect_same(const struct reply *a, const struct reply *b)
{
    cr_assert_eq(a->status, b->status);
    cr_assert_eq(a->version, b->version);
    cr_assert(slice_equal(a->position, b->position));
    cr_assert(slice_equal(a->code, b->code));
    cr_assert(slice_equal(a->message, b->message));
    cr_assert(slice_equal(a->identifier, b->identifier));
}

Test(shard, a_command_is_answered_after_its_commit_and_not_before)
{
    w->hold_commits = true;
    uint64_t key = world_send(w, DEPOSIT(5));
    world_settle(w);
    cr_assert_null(world_reply(w, key));
    w->hold_commits = false;
    world_settle(w);
    cr_assert_eq(world_reply(w, key)->status, status_ok);
    cr_assert_eq(world_reply(w, key)->version, 3);
}

Test(shard, commands_decided_while_a_commit_runs_share_the_next_one)
{
    w->hold_commits = true;
    world_send(w, DEPOSIT(1));
    world_settle(w);
    uint32_t before = w->commits;
    for (int i = 0; i < 10; i++) {
        world_send(w, DEPOSIT(1));
        world_settle(w);
    }
    w->hold_commits = false;
    world_settle(w);
    cr_assert_eq(w->commits, before + 2);
    cr_assert_eq(world_balance(w, "a"), 111);
}

Test(shard, a_retry_gets_the_first_answer_and_changes_nothing)
{
    struct uuid id = world_id(w);
    const struct reply *first = world_call(w, DEPOSIT(5), .id = &id);
    const struct reply *again = world_call(w, DEPOSIT(5), .id = &id);
    expect_same(first, again);
    cr_assert_eq(world_balance(w, "a"), 105);
}

Test(shard, a_retry_of_a_command_in_flight_waits_for_the_first)
{
    struct uuid id = world_id(w);
    w->hold_commits = true;
    uint64_t first = world_send(w, DEPOSIT(5), .id = &id);
    world_settle(w);
    uint64_t again = world_send(w, DEPOSIT(5), .id = &id);
    world_settle(w);
    cr_assert_null(world_reply(w, again));
    w->hold_commits = false;
    world_settle(w);
    expect_same(world_reply(w, first), world_reply(w, again));
    cr_assert_eq(world_balance(w, "a"), 105);
}

Test(shard, a_retry_after_a_restart_gets_the_first_answer)
{
    struct uuid id = world_id(w), refused = world_id(w);
    const struct reply *first = world_call(w, DEPOSIT(5), .id = &id);
    const struct reply *no = world_call(w, WITHDRAW(5000), .id = &refused);
    cr_assert_eq(no->status, status_rejected);
    cr_assert(text_is(no->code, "insufficient_funds"));
    world_restart(w);
    expect_same(first, world_call(w, DEPOSIT(5), .id = &id));
    expect_same(no, world_call(w, WITHDRAW(5000), .id = &refused));
    cr_assert_eq(world_balance(w, "a"), 105);
}

Test(shard, a_rejection_stays_although_it_would_now_be_accepted)
{
    struct uuid id = world_id(w);
    const struct reply *no = world_call(w, WITHDRAW(150), .id = &id);
    world_call(w, DEPOSIT(100));
    expect_same(no, world_call(w, WITHDRAW(150), .id = &id));
    cr_assert_eq(world_balance(w, "a"), 200);
}

Test(shard, a_rejection_in_flight_is_repeated_after_its_commit)
{
    struct uuid id = world_id(w);
    w->hold_commits = true;
    uint64_t first = world_send(w, WITHDRAW(5000), .id = &id);
    world_settle(w);
    uint64_t again = world_send(w, WITHDRAW(5000), .id = &id);
    world_settle(w);
    cr_assert_null(world_reply(w, first));
    cr_assert_null(world_reply(w, again));
    w->hold_commits = false;
    world_settle(w);
    expect_same(world_reply(w, first), world_reply(w, again));
}

Test(shard, the_same_id_with_another_payload_is_told_so)
{
    struct uuid id = world_id(w);
    world_call(w, DEPOSIT(5), .id = &id);
    const struct reply *reply = world_call(w, DEPOSIT(6), .id = &id);
    cr_assert_eq(reply->status, status_reused);
    cr_assert_eq(world_balance(w, "a"), 105);
}

Test(shard, the_same_id_for_another_aggregate_is_another_command)
{
    struct uuid id = world_id(w);
    world_open(w, "b", 0);
    world_call(w, DEPOSIT(5), .id = &id);
    cr_assert_eq(world_call(w, .command = "deposit", .account = "b", .data = "{\"amount\":5}", .id = &id)->status,
                 status_ok);
}

Test(shard, a_new_aggregate_is_made_once_however_often_it_is_asked)
{
    static const char data[] = "{\"holder\":{\"given\":\"Ada\",\"family\":\"King\"}}";
    struct uuid id = world_id(w);
    const struct reply *first = world_call(w, .command = "open", .data = data, .id = &id);
    cr_assert_eq(first->status, status_ok);
    cr_assert_eq(first->identifier.size, 36);
    world_restart(w);
    expect_same(first, world_call(w, .command = "open", .data = data, .id = &id));
}

Test(shard, a_stale_expected_version_is_a_durable_conflict)
{
    struct uuid id = world_id(w);
    const struct reply *no = world_call(w, DEPOSIT(5), .id = &id, .has_expected = true, .expected = 1);
    cr_assert_eq(no->status, status_conflict);
    cr_assert_eq(no->version, 2);
    world_restart(w);
    expect_same(no, world_call(w, DEPOSIT(5), .id = &id, .has_expected = true, .expected = 1));
    cr_assert_eq(world_call(w, DEPOSIT(5), .has_expected = true, .expected = 2)->status, status_ok);
}

Test(shard, what_does_not_exist_is_named)
{
    cr_assert(text_is(world_call(w, .command = "deposit", .account = "z", .data = "{\"amount\":1}")->code,
                      "unknown_aggregate"));
    cr_assert(text_is(world_call(w, .command = "fly", .account = "a")->code, "unknown_command"));
    cr_assert_eq(world_call(w, .operation = operation_state, .account = "z")->status, status_not_found);
}

Test(shard, invalid_data_is_told_with_all_its_faults)
{
    const struct reply *reply =
        world_call(w, .command = "deposit", .account = "a", .data = "{\"amount\":0,\"wat\":1,\"note\":7}");
    cr_assert_eq(reply->status, status_invalid);
    struct reader faults = reader_of(reply->faults);
    uint32_t count;
    cr_assert_eq(reader_array(&faults, &count), error_none);
    cr_assert_eq(count, 3);
    cr_assert_eq(world_balance(w, "a"), 100);
}

Test(shard, ids_from_the_future_and_from_before_the_receipts_are_refused)
{
    uint8_t random[10] = {7};
    uint64_t now_ms = (uint64_t)w->now.wall_us / 1000;
    struct uuid early = uuid_v7(now_ms + limit_future_ms + 1000, random);
    struct uuid late = uuid_v7(now_ms - limit_retention_ms - 1000, random);
    cr_assert(text_is(world_call(w, DEPOSIT(5), .id = &early)->code, "id_in_future"));
    cr_assert_eq(world_call(w, DEPOSIT(5), .id = &late)->status, status_expired);
    cr_assert_eq(world_balance(w, "a"), 100);
}

Test(shard, what_was_decided_keeps_its_answer_when_the_clock_is_set_back)
{
    uint8_t random[10] = {8};
    struct uuid id = uuid_v7((uint64_t)w->now.wall_us / 1000, random);
    const struct reply *first = world_call(w, DEPOSIT(5), .id = &id);
    w->now.wall_us -= 3600000000;
    expect_same(first, world_call(w, DEPOSIT(5), .id = &id));
    world_restart(w);
    expect_same(first, world_call(w, DEPOSIT(5), .id = &id));
    cr_assert_eq(world_balance(w, "a"), 105);
}

Test(shard, an_id_without_a_time_is_asked_of_the_store_and_works_the_same)
{
    struct uuid id = {.bytes = {1, 2, 3, 4, 5, 6, 0x41, 8, 0x91, 10, 11, 12, 13, 14, 15, 16}}; /* version 4 */
    const struct reply *first = world_call(w, DEPOSIT(5), .id = &id);
    cr_assert_eq(first->status, status_ok);
    world_restart(w);
    expect_same(first, world_call(w, DEPOSIT(5), .id = &id));
    cr_assert_eq(world_balance(w, "a"), 105);
}

Test(shard, commands_behind_one_that_asks_the_store_keep_their_order)
{
    struct uuid id = {.bytes = {9, 2, 3, 4, 5, 6, 0x41, 8, 0x91, 10, 11, 12, 13, 14, 15, 16}};
    w->hold_fetches = true;
    uint64_t first = world_send(w, WITHDRAW(100), .id = &id);
    uint64_t second = world_send(w, WITHDRAW(1));
    world_settle(w);
    cr_assert_null(world_reply(w, second));
    w->hold_fetches = false;
    world_settle(w);
    cr_assert_eq(world_reply(w, first)->status, status_ok);
    cr_assert_eq(world_reply(w, second)->status, status_rejected);
}

Test(shard, a_passed_deadline_is_told_and_the_command_not_run)
{
    uint64_t key = world_send(w, DEPOSIT(5), .deadline_ms = 10);
    world_advance(w, 11);
    world_settle(w);
    cr_assert_eq(world_reply(w, key)->status, status_deadline);
    cr_assert_eq(world_balance(w, "a"), 100);
}

Test(shard, a_full_mailbox_refuses_and_loses_nothing)
{
    uint64_t keys[limit_mailbox_messages + 10];
    w->hold_fetches = true;
    world_restart(w); /* the actor is not loaded: all wait for it */
    w->hold_fetches = true;
    uint32_t busy = 0, ok = 0;
    for (uint32_t i = 0; i < limit_mailbox_messages + 10; i++)
        keys[i] = world_send(w, DEPOSIT(1));
    w->hold_fetches = false;
    world_settle(w);
    for (uint32_t i = 0; i < limit_mailbox_messages + 10; i++) {
        busy += world_reply(w, keys[i])->status == status_busy;
        ok += world_reply(w, keys[i])->status == status_ok;
    }
    cr_assert_eq(busy + ok, limit_mailbox_messages + 10);
    cr_assert_geq(busy, 1);
    cr_assert_eq(world_balance(w, "a"), 100 + (int64_t)ok);
}
