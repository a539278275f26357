/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A shard in a pool: what it owns is what the pool says, nothing stale is answered once its lease is over, and what is
 * handed over is finished first. */
#include "tests/unit/shard/world.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define DEPOSIT(AMOUNT) .command = "deposit", .account = "a", .data = "{\"amount\":" #AMOUNT "}"
#define STATE .operation = operation_state, .account = "a"

enum { LEASE_MS = 3000 };

static struct world *w;
static uint32_t unit; /* of account a */

static void begin(void)
{
    w = world_new_pooled();
    world_beat(w, LEASE_MS);
    world_open(w, "a", 100);
    unit = world_unit("a");
}

static void end(void)
{
    world_free(w);
}

TestSuite(shard_pool, .init = begin, .fini = end);

static void another_joins(void)
{
    w->pool->member_count = 2;
}

/* What happens while this process is stopped: its lease ends, and member 1 takes the account's unit. */
static void another_takes(void)
{
    w->pool->member_count = 2;
    w->pool->owners[unit] = (struct store_owner){.member = 1, .epoch = w->pool->owners[unit].epoch + 1};
}

static void expect_moved(uint64_t key)
{
    world_settle(w);
    cr_assert_not_null(world_reply(w, key));
    cr_assert_eq(world_reply(w, key)->status, status_moved);
    cr_assert_eq(world_reply(w, key)->data.size, 0);
}

/* Beats until every unit that is to go has gone. */
static void beat_on(void)
{
    for (int i = 0; i < 10; i++) {
        world_advance(w, 500);
        world_beat(w, LEASE_MS);
    }
}

/* ---- what it owns ---- */

Test(shard_pool, before_the_first_view_nothing_is_claimed_or_served)
{
    struct world *fresh = world_new_pooled();
    cr_assert_eq(fresh->claims, 0);
    cr_assert(!shard_settled(fresh->shard));
    cr_assert_eq(world_call(fresh, STATE)->status, status_moved);
    world_beat(fresh, LEASE_MS);
    cr_assert_eq(fresh->claims, 2);
    cr_assert(shard_settled(fresh->shard));
    cr_assert_eq(world_owned(fresh), 4);
    world_free(fresh);
}

Test(shard_pool, what_another_owns_is_not_claimed)
{
    struct world *fresh = world_new_pooled();
    fresh->pool->member_count = 2;
    fresh->pool->owners[0].member = fresh->pool->owners[1].member = 1;
    world_beat(fresh, LEASE_MS);
    cr_assert_eq(fresh->claims, 0);
    cr_assert(shard_settled(fresh->shard));
    world_free(fresh);
}

Test(shard_pool, one_who_lost_a_race_waits_for_the_next_view)
{
    struct world *fresh = world_new_pooled();
    fresh->fail_claim = error_locked;
    world_beat(fresh, LEASE_MS);
    cr_assert_eq(fresh->claims, 2);
    world_advance(fresh, 1000);
    world_settle(fresh);
    cr_assert_eq(fresh->claims, 2);
    world_beat(fresh, LEASE_MS);
    cr_assert_eq(fresh->claims, 3);
    cr_assert_eq(world_owned(fresh), 4);
    world_free(fresh);
}

Test(shard_pool, a_claim_that_fails_raises_an_alarm_and_is_tried_again)
{
    struct buffer alarms = {0};
    struct world *fresh = world_new_pooled();
    fresh->fail_claim = error_login_refused;
    world_beat(fresh, LEASE_MS);
    cr_assert(!shard_settled(fresh->shard));
    shard_alarms(fresh->shard, &alarms);
    cr_assert_gt(alarms.size, 5);
    world_advance(fresh, 250);
    world_settle(fresh);
    cr_assert(shard_settled(fresh->shard));
    buffer_fini(&alarms);
    world_free(fresh);
}

Test(shard_pool, a_unit_that_the_store_says_is_ours_and_we_know_nothing_of_is_claimed)
{
    struct world *fresh = world_new_pooled();
    fresh->pool->owners[0] = fresh->pool->owners[1] = (struct store_owner){.member = 0, .epoch = 1};
    world_beat(fresh, LEASE_MS);
    cr_assert_eq(fresh->claims, 2);
    world_free(fresh);
}

/* ---- leases ---- */

Test(shard_pool, once_the_lease_is_over_nothing_that_depends_on_state_is_answered)
{
    uint32_t commits = w->commits;
    world_advance(w, LEASE_MS);
    expect_moved(world_send(w, STATE));
    expect_moved(world_send(w, DEPOSIT(5)));
    expect_moved(world_send(w, DEPOSIT(5), .dry_run = true));
    world_settle(w);
    cr_assert_eq(world_owned(w), 0);
    cr_assert_eq(w->commits, commits);
    cr_assert(!shard_settled(w->shard));
}

Test(shard_pool, up_to_its_last_instant_a_lease_holds)
{
    world_advance(w, LEASE_MS - 1);
    cr_assert_eq(world_balance(w, "a"), 100);
}

Test(shard_pool, the_end_of_the_lease_is_an_event_that_brokers_hear_of)
{
    w->effects.owned_changed = false;
    world_advance(w, LEASE_MS);
    cr_assert_leq(shard_next_us(w->shard, w->now.monotonic_us), w->now.monotonic_us);
    world_settle(w);
    cr_assert(w->effects.owned_changed);
    w->effects.owned_changed = false;
    world_beat(w, LEASE_MS);
    cr_assert(w->effects.owned_changed);
}

Test(shard_pool, when_nobody_took_the_unit_it_goes_on_where_it_was)
{
    uint64_t loads = shard_counters(w->shard)->loads;
    uint32_t claims = w->claims;
    world_advance(w, 10 * LEASE_MS);
    expect_moved(world_send(w, STATE));
    world_settle(w);
    world_beat(w, LEASE_MS);
    cr_assert_eq(world_balance(w, "a"), 100);
    cr_assert_eq(shard_counters(w->shard)->loads, loads);
    cr_assert_eq(w->claims, claims);
}

Test(shard_pool, an_owner_that_was_stopped_answers_nothing_stale_when_it_wakes)
{
    another_takes();
    world_advance(w, 3 * LEASE_MS);
    expect_moved(world_send(w, STATE)); /* it wakes: reads come before the beat's view, and with it, and after it */
    uint64_t with = world_send(w, STATE);
    world_beat(w, LEASE_MS);
    expect_moved(with);
    expect_moved(world_send(w, STATE));
    expect_moved(world_send(w, DEPOSIT(5), .dry_run = true));
    world_settle(w);
    cr_assert_eq(shard_counters(w->shard)->lost, 1);
    cr_assert_eq(world_owned(w), 2);
}

Test(shard_pool, a_read_that_waited_in_a_mailbox_is_not_answered_after_the_lease)
{
    w->hold_fetches = true;
    world_restart(w);
    world_beat(w, LEASE_MS);
    w->hold_fetches = true;
    uint64_t read = world_send(w, STATE);
    world_settle(w);
    world_advance(w, LEASE_MS);
    w->hold_fetches = false;
    world_settle(w);
    expect_moved(read);
    world_beat(w, LEASE_MS);
    cr_assert_eq(world_balance(w, "a"), 100);
}

Test(shard_pool, a_command_that_waits_for_its_receipt_when_the_lease_ends_is_not_run)
{
    struct uuid id = world_id(w);
    cr_assert_eq(world_call(w, DEPOSIT(5), .id = &id)->status, status_ok);
    w->hold_fetches = true;
    uint64_t again = world_send(w, DEPOSIT(5), .id = &id);
    world_settle(w);
    world_advance(w, LEASE_MS);
    w->hold_fetches = false;
    world_settle(w);
    expect_moved(again);
    world_beat(w, LEASE_MS);
    cr_assert_eq(world_call(w, DEPOSIT(5), .id = &id)->status, status_ok);
    cr_assert_eq(world_balance(w, "a"), 105);
}

Test(shard_pool, a_commit_that_the_store_took_is_acknowledged_also_after_the_lease)
{
    w->hold_commits = true;
    uint64_t key = world_send(w, DEPOSIT(5));
    world_settle(w);
    world_advance(w, 2 * LEASE_MS);
    w->hold_commits = false;
    world_settle(w);
    cr_assert_eq(world_reply(w, key)->status, status_ok);
}

Test(shard_pool, a_commit_under_way_when_the_unit_is_lost_is_told_as_the_store_decides)
{
    w->hold_commits = true;
    uint64_t key = world_send(w, DEPOSIT(5));
    world_settle(w);
    another_takes();
    world_advance(w, 2 * LEASE_MS);
    w->hold_commits = false;
    w->fail_commit = error_fenced;
    world_beat(w, LEASE_MS);
    expect_moved(key);
    cr_assert_eq(world_owned(w), 2);
}

Test(shard_pool, after_an_outcome_that_is_not_known_the_unit_is_claimed_anew_at_once)
{
    uint32_t claims = w->claims;
    uint64_t epoch = w->pool->owners[unit].epoch;
    w->fail_commit = error_unknown_outcome;
    cr_assert_eq(world_call(w, DEPOSIT(5))->status, status_unavailable);
    cr_assert_eq(w->claims, claims + 1);
    cr_assert_gt(w->pool->owners[unit].epoch, epoch);
    cr_assert_eq(world_balance(w, "a"), 100);
}

Test(shard_pool, a_failed_beat_is_an_alarm_and_the_lease_runs_on)
{
    struct buffer alarms = {0};
    world_beat_fails(w, error_unreachable);
    shard_alarms(w->shard, &alarms);
    cr_assert_gt(alarms.size, 5);
    cr_assert_eq(world_balance(w, "a"), 100);
    world_beat(w, LEASE_MS);
    buffer_clear(&alarms);
    shard_alarms(w->shard, &alarms);
    cr_assert_leq(alarms.size, 5);
    buffer_fini(&alarms);
}

/* ---- hand-over ---- */

Test(shard_pool, a_unit_is_handed_over_only_when_its_next_owner_has_had_time_to_see_it)
{
    another_joins();
    world_beat(w, LEASE_MS);
    cr_assert(shard_moving(w->shard));
    cr_assert_eq(world_owned(w), 4);
    world_advance(w, LEASE_MS / 3 + 200);
    world_beat(w, LEASE_MS);
    cr_assert_eq(world_owned(w), 2);
    cr_assert_eq(shard_counters(w->shard)->handoffs, 1);
}

/* All units begin to go; the other one, where nothing is under way, has gone with the next settle. */
static void begin_handover(void)
{
    another_joins();
    w->pool->members[0].leaving = true;
    world_beat(w, LEASE_MS);
    world_advance(w, LEASE_MS / 3 + 200);
    world_beat_late(w, LEASE_MS, 0);
}

Test(shard_pool, what_was_taken_in_is_finished_and_what_comes_later_moved)
{
    w->hold_commits = true;
    uint64_t before = world_send(w, DEPOSIT(5));
    world_settle(w);
    uint64_t queued = world_send(w, DEPOSIT(6));
    begin_handover();
    uint64_t after = world_send(w, DEPOSIT(7));
    world_settle(w);
    cr_assert_null(world_reply(w, before));
    expect_moved(after);
    cr_assert_eq(world_owned(w), 2); /* brokers hear of it when all is answered */
    cr_assert_eq(w->effects.releases, 0);
    w->hold_commits = false;
    w->hold_releases = true;
    world_settle(w);
    cr_assert_eq(world_reply(w, before)->status, status_ok);
    cr_assert_eq(world_reply(w, queued)->status, status_ok);
    cr_assert_eq(w->effects.releases, 1ull << unit);
    cr_assert_eq(world_owned(w), 0);
    expect_moved(world_send(w, STATE));
    cr_assert_eq(shard_units(w->shard), 1);
    w->effects.beat = w->hold_releases = false;
    world_settle(w);
    cr_assert_eq(shard_units(w->shard), 0);
    cr_assert(w->effects.beat);
}

Test(shard_pool, a_load_that_takes_too_long_does_not_hold_the_hand_over_up)
{
    world_restart(w);
    world_beat(w, LEASE_MS);
    w->hold_fetches = true;
    uint64_t key = world_send(w, DEPOSIT(5));
    world_settle(w);
    begin_handover();
    world_settle(w);
    cr_assert_eq(world_owned(w), 2);
    world_advance(w, 1000);
    world_settle(w);
    cr_assert_eq(world_owned(w), 0);
    w->hold_fetches = false;
    world_settle(w);
    expect_moved(key);
}

Test(shard_pool, a_commit_that_fails_during_the_hand_over_ends_it)
{
    w->hold_commits = true;
    uint64_t key = world_send(w, DEPOSIT(5));
    world_settle(w);
    begin_handover();
    uint32_t claims = w->claims;
    w->hold_commits = false;
    w->fail_commit = error_unknown_outcome;
    world_settle(w);
    cr_assert_eq(world_reply(w, key)->status, status_unavailable);
    cr_assert_eq(w->pool->owners[unit].member, -1);
    cr_assert_eq(w->claims, claims); /* its next owner finds out what became of it */
}

Test(shard_pool, a_view_from_before_the_release_does_not_bring_the_unit_back)
{
    begin_handover();
    world_settle(w);
    uint32_t claims = w->claims;
    w->pool->owners[unit] = (struct store_owner){.member = 0, .epoch = w->pool->owners[unit].epoch};
    world_beat_late(w, LEASE_MS, 1);
    world_settle(w);
    cr_assert_eq(w->claims, claims);
}

Test(shard_pool, no_more_units_are_handed_over_at_once_than_are_allowed)
{
    world_free(w);
    w = world_new_pooled();
    world_beat(w, LEASE_MS);
    w->pool->members[0].leaving = true;
    w->pool->member_count = 2;
    world_beat(w, LEASE_MS);
    w->hold_releases = true;
    shard_free(&w->shard); /* anew, with one hand-over at once */
    w->config.handoffs = 1;
    cr_assert_eq(shard_new(&w->shard, &w->config), error_none);
    w->pool->members[0].leaving = false;
    w->pool->member_count = 1;
    w->effects.releases = 0;
    w->pool->owners[0].member = w->pool->owners[1].member = -1;
    world_beat(w, LEASE_MS);
    cr_assert_eq(world_owned(w), 4);
    w->pool->members[0].leaving = true;
    w->pool->member_count = 2;
    beat_on();
    cr_assert_eq(__builtin_popcountll(w->effects.releases), 1);
    w->hold_releases = false;
    beat_on();
    cr_assert_eq(shard_units(w->shard), 1); /* the other goes when this one has been taken */
    uint32_t gone = w->pool->owners[0].member < 0 ? 0 : 1;
    w->pool->owners[gone] = (struct store_owner){.member = 1, .epoch = w->pool->owners[gone].epoch + 1};
    beat_on();
    cr_assert_eq(shard_units(w->shard), 0);
    cr_assert_eq(shard_counters(w->shard)->handoffs, 2);
}

Test(shard_pool, one_who_leaves_hands_everything_over_and_takes_nothing_back)
{
    w->pool->member_count = 2;
    w->pool->members[0].leaving = true;
    beat_on();
    cr_assert_eq(shard_units(w->shard), 0);
    cr_assert_eq(world_owned(w), 0);
    uint32_t claims = w->claims;
    beat_on();
    cr_assert_eq(w->claims, claims);
}

Test(shard_pool, the_last_one_who_leaves_waits_for_nobody)
{
    w->pool->members[0].leaving = true;
    world_beat(w, LEASE_MS);
    cr_assert_eq(shard_units(w->shard), 0);
}

Test(shard_pool, what_was_handed_over_and_came_back_is_read_anew)
{
    begin_handover();
    world_settle(w);
    uint64_t loads = shard_counters(w->shard)->loads;
    w->pool->members[0].leaving = false;
    w->pool->member_count = 1;
    world_beat(w, LEASE_MS);
    cr_assert_eq(world_balance(w, "a"), 100);
    cr_assert_eq(shard_counters(w->shard)->loads, loads + 1);
}

/* ---- loads ---- */

static uint32_t fetches(void)
{
    uint32_t count = 0;
    for (const struct fetch *fetch = w->effects.fetches; fetch != NULL; fetch = fetch->next)
        count++;
    return count;
}

Test(shard_pool, no_more_aggregates_are_loaded_at_once_than_are_allowed)
{
    char names[10][16];
    uint64_t keys[10];
    for (int i = 0; i < 10; i++) {
        snprintf(names[i], sizeof names[i], "account-%d", i);
        world_open(w, names[i], 10 + i);
    }
    w->config.loads = 3;
    world_restart(w);
    world_beat(w, LEASE_MS);
    w->hold_fetches = true;
    for (int i = 0; i < 10; i++)
        keys[i] = world_send(w, .operation = operation_state, .account = names[i]);
    world_settle(w);
    cr_assert_eq(fetches(), 3);
    w->hold_fetches = false;
    world_settle(w);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(world_reply(w, keys[i])->status, status_ok);
}

Test(shard_pool, loads_that_wait_when_their_unit_is_lost_end_with_it)
{
    char name[16];
    uint64_t keys[6];
    w->config.loads = 1;
    world_restart(w);
    world_beat(w, LEASE_MS);
    w->hold_fetches = true;
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "account-%d", i);
        keys[i] = world_send(w, .operation = operation_state, .account = name);
    }
    world_settle(w);
    another_takes();
    w->pool->owners[1 - unit] = (struct store_owner){.member = 1, .epoch = w->pool->owners[1 - unit].epoch + 1};
    world_beat(w, LEASE_MS);
    w->hold_fetches = false;
    world_settle(w);
    for (int i = 0; i < 6; i++)
        expect_moved(keys[i]);
    cr_assert_eq(shard_jobs(w->shard), 0);
}
