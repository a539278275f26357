/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Scoped requests: they act on aggregates of the scope alone, by the state on which they are decided; others are as if
 * they were not there. */
#include "tests/unit/shard/world.h"

#include <criterion/criterion.h>

#define DEPOSIT(AMOUNT) .command = "deposit", .account = "a", .data = "{\"amount\":" #AMOUNT "}"
#define STATE .operation = operation_state, .account = "a"
#define OPEN(GIVEN) .command = "open", .data = "{\"holder\":{\"given\":\"" GIVEN "\",\"family\":\"L\"}}"
#define ADA "{\"holder.given\":\"Ada\"}"
#define BOB "{\"holder.given\":\"Bob\"}"

static struct world *w;

static void begin(void)
{
    w = world_new();
    cr_assert_eq(world_call(w, OPEN("Ada"), .account = "a")->status, status_ok);
}

static void end(void)
{
    world_free(w);
}

TestSuite(shard_scope, .init = begin, .fini = end);

static void expect_unknown(const struct reply *reply)
{
    cr_assert_eq(reply->status, status_not_found);
    cr_assert(text_is(reply->code, "unknown_aggregate"));
    cr_assert_not(reply->has_version);
    cr_assert_eq(reply->position.size, 0);
}

static void expect_untouched(void)
{
    cr_assert_eq(world_call(w, STATE)->version, 1);
    cr_assert_eq(world_balance(w, "a"), 0);
}

Test(shard_scope, a_command_runs_on_an_aggregate_of_its_scope)
{
    cr_assert_eq(world_call(w, DEPOSIT(5), .scope = ADA)->status, status_ok);
    cr_assert_eq(world_balance(w, "a"), 5);
}

Test(shard_scope, a_command_on_an_aggregate_of_another_scope_finds_none)
{
    expect_unknown(world_call(w, DEPOSIT(5), .scope = BOB));
    expect_unknown(world_call(w, DEPOSIT(5), .scope = "{\"_realm\":\"other\"}"));
    expect_unknown(world_call(w, DEPOSIT(5), .scope = "{\"_id\":\"b\"}"));
    expect_untouched();
}

Test(shard_scope, nothing_is_told_of_an_aggregate_of_another_scope)
{
    const struct reply *reply = world_call(w, DEPOSIT(5), .scope = BOB, .has_expected = true, .expected = 9);
    expect_unknown(reply);
    reply = world_call(w, .command = "deposit", .account = "nobody", .data = "{\"amount\":5}");
    expect_unknown(reply);
    cr_assert(text_is(world_call(w, DEPOSIT(5), .scope = BOB)->message, "the aggregate does not exist"));
    expect_untouched();
}

Test(shard_scope, a_dry_run_is_scoped_likewise)
{
    expect_unknown(world_call(w, DEPOSIT(5), .scope = BOB, .dry_run = true));
    cr_assert_eq(world_call(w, DEPOSIT(5), .scope = ADA, .dry_run = true)->status, status_ok);
    expect_untouched();
}

Test(shard_scope, what_was_refused_left_no_receipt)
{
    struct uuid id = world_id(w);
    expect_unknown(world_call(w, DEPOSIT(5), .scope = BOB, .id = &id));
    cr_assert_eq(world_call(w, DEPOSIT(5), .id = &id)->status, status_ok);
}

Test(shard_scope, the_state_is_the_one_that_the_command_before_it_left)
{
    w->hold_commits = true;
    uint64_t first = world_send(w, DEPOSIT(5));
    uint64_t second = world_send(w, DEPOSIT(6), .scope = "{\"balance\":\"5\"}");
    uint64_t third = world_send(w, DEPOSIT(7), .scope = "{\"balance\":\"5\"}");
    world_settle(w);
    cr_assert_null(world_reply(w, third), "an answer before the commit of what it saw");
    w->hold_commits = false;
    world_settle(w);
    cr_assert_eq(world_reply(w, first)->status, status_ok);
    cr_assert_eq(world_reply(w, second)->status, status_ok);
    expect_unknown(world_reply(w, third));
    cr_assert_eq(world_balance(w, "a"), 11);
}

/* It is not of the scope any more, but its command was decided when it was. */
Test(shard_scope, a_retry_gets_the_first_answer_whatever_became_of_the_aggregate)
{
    struct uuid id = world_id(w);
    cr_assert_eq(world_call(w, DEPOSIT(5), .scope = "{\"balance\":\"0\"}", .id = &id)->status, status_ok);
    const struct reply *again = world_call(w, DEPOSIT(5), .scope = "{\"balance\":\"0\"}", .id = &id);
    cr_assert_eq(again->status, status_ok);
    cr_assert_eq(again->version, 2);
}

Test(shard_scope, the_same_id_in_another_scope_is_another_command)
{
    struct uuid id = world_id(w);
    cr_assert_eq(world_call(w, DEPOSIT(5), .scope = ADA, .id = &id)->status, status_ok);
    cr_assert_eq(world_call(w, DEPOSIT(5), .scope = BOB, .id = &id)->status, status_reused);
    cr_assert_eq(world_call(w, DEPOSIT(5), .id = &id)->status, status_reused);
}

Test(shard_scope, what_no_scope_can_say_is_told_by_field)
{
    struct reader faults;
    struct fault fault;
    uint32_t count = 0;
    const struct reply *reply = world_call(w, DEPOSIT(5), .scope = "{\"branch\":\"7\"}");
    cr_assert_eq(reply->status, status_invalid);
    cr_assert(text_is(reply->code, "invalid_scope"));
    faults = reader_of(reply->faults);
    cr_assert_eq(reader_array(&faults, &count), error_none);
    cr_assert_eq(count, 1);
    cr_assert_eq(fault_decode(&faults, &fault), error_none);
    cr_assert(text_is(fault.path, "/scope/branch"));
    cr_assert(text_is(fault.code, "unknown_field"));
    reply = world_call(w, OPEN("Bob"), .scope = "{\"balance\":\"much\"}");
    cr_assert(text_is(reply->code, "invalid_scope"), "also where there is nothing yet");
    expect_untouched();
}

Test(shard_scope, what_is_created_must_be_of_the_scope)
{
    cr_assert_eq(world_call(w, OPEN("Bob"), .account = "b", .scope = BOB)->status, status_ok);
    cr_assert_eq(world_call(w, OPEN("Bob"), .scope = BOB)->status, status_ok, "also a new one");
    struct uuid id = world_id(w);
    const struct reply *reply = world_call(w, OPEN("Eve"), .account = "e", .scope = BOB, .id = &id);
    cr_assert_eq(reply->status, status_rejected);
    cr_assert(text_is(reply->code, "out_of_scope"));
    reply = world_call(w, OPEN("Eve"), .account = "e", .scope = BOB, .id = &id);
    cr_assert(text_is(reply->code, "out_of_scope"), "it is final");
    reply = world_call(w, OPEN("Eve"), .account = "e", .scope = BOB, .dry_run = true);
    cr_assert(text_is(reply->code, "out_of_scope"));
    expect_unknown(world_call(w, .operation = operation_state, .account = "e"));
    cr_assert_eq(world_call(w, OPEN("Bob"), .account = "e", .scope = BOB, .dry_run = true)->status, status_ok);
}

/* The scope says which account; what is wrong with the command is said only of that one. */
Test(shard_scope, creating_what_is_there_looks_at_what_is_there)
{
    expect_unknown(world_call(w, OPEN("Bob"), .account = "a", .scope = BOB));
    cr_assert(text_is(world_call(w, OPEN("Bob"), .account = "a", .scope = ADA)->code, "already_open"));
}

Test(shard_scope, a_state_is_shown_in_its_scope)
{
    cr_assert_eq(world_call(w, STATE, .scope = ADA)->status, status_ok);
    expect_unknown(world_call(w, STATE, .scope = BOB));
    cr_assert(text_is(world_call(w, STATE, .scope = "{\"branch\":\"7\"}")->code, "invalid_scope"));
}
