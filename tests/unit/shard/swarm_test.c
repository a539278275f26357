/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Three shards of one pool in virtual time, stopped and woken at random places: in the middle of a turn, with commits
 * and reads under way, for longer than their lease. Deposits of one and reads go to any of them, owner or not. Whatever
 * happens, each account looks to its clients like one number that only grows: a read gives no less than what was
 * acknowledged before it was sent, no less than a read before it, and no more than what was sent before it came back.
 */
#include "tests/unit/shard/world.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ACCOUNTS = 4, OPERATIONS = 600, LEASE_MS = 3000 };

static const char *const accounts[ACCOUNTS] = {"a", "b", "c", "d"};

struct call {
    bool read, answered, ok;
    uint32_t account, shard;
    uint64_t key, sent, came; /* steps of the test's own clock */
    uint64_t balance;         /* read */
};

struct swarm {
    struct world *shards[WORLD_MEMBERS];
    uint64_t stopped_until_us[WORLD_MEMBERS]; /* virtual; 0: runs */
    uint64_t now_us, clock;
    struct call operations[OPERATIONS];
    uint32_t count;
    uint64_t stops, seed;
};

static uint64_t seed;

static uint64_t dice(uint64_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % sides;
}

/* ---- what happens ---- */

/* Its clock is read anew, as at the begin of a turn. */
static void look_at_clock(struct swarm *swarm, uint32_t shard)
{
    swarm->shards[shard]->now.monotonic_us = swarm->now_us;
    swarm->shards[shard]->now.wall_us = 1700000000000000 + (int64_t)swarm->now_us;
}

static void beat(struct swarm *swarm, uint32_t shard)
{
    look_at_clock(swarm, shard);
    swarm->shards[shard]->pool->alive_until_us[shard] = swarm->now_us + LEASE_MS * 1000;
    world_beat_late(swarm->shards[shard], LEASE_MS, 0);
}

static void operation_send(struct swarm *swarm)
{
    if (swarm->count == OPERATIONS)
        return;
    struct call *operation = &swarm->operations[swarm->count];
    uint32_t shard = (uint32_t)dice(WORLD_MEMBERS);
    if (swarm->stopped_until_us[shard] != 0)
        return; /* what comes for one who is stopped comes when it wakes; that is another operation */
    *operation = (struct call){
        .read = dice(2) == 0, .account = (uint32_t)dice(ACCOUNTS), .shard = shard, .sent = ++swarm->clock};
    const char *account = accounts[operation->account];
    if (operation->read)
        operation->key = world_send(swarm->shards[shard], .operation = operation_state, .account = account);
    else
        operation->key = world_send(swarm->shards[shard],
                                    .command = "deposit",
                                    .account = account,
                                    .data = "{\"amount\":1}",
                                    .deadline_ms = 600000);
    swarm->count++;
}

static uint64_t balance_of(const struct reply *reply)
{
    struct slice raw;
    int64_t balance = 0;
    cr_assert_eq(msgpack_find(reply->data, "balance", &raw), error_none);
    struct reader reader = reader_of(raw);
    cr_assert_eq(reader_integer(&reader, &balance), error_none);
    return (uint64_t)balance;
}

static void replies_look(struct swarm *swarm)
{
    swarm->clock++;
    for (uint32_t i = 0; i < swarm->count; i++) {
        struct call *operation = &swarm->operations[i];
        const struct reply *reply = world_reply(swarm->shards[operation->shard], operation->key);
        if (operation->answered || reply == NULL)
            continue;
        operation->answered = true;
        operation->came = swarm->clock;
        operation->ok = reply->status == status_ok;
        if (operation->ok && operation->read)
            operation->balance = balance_of(reply);
    }
}

static void settle(struct swarm *swarm, uint32_t shard)
{
    struct world *world = swarm->shards[shard];
    world->hold_commits = dice(3) == 0;
    world->hold_fetches = dice(4) == 0;
    world->hold_releases = dice(4) == 0;
    world->hold_results = dice(3) == 0;
    world_settle(world);
    replies_look(swarm);
}

/* A shard that wakes goes on where it was, with the clock it had read; only then it reads the clock again. */
static void wake(struct swarm *swarm, uint32_t shard)
{
    swarm->stopped_until_us[shard] = 0;
    if (dice(2) == 0)
        settle(swarm, shard);
    look_at_clock(swarm, shard);
}

static void stop(struct swarm *swarm, uint32_t shard)
{
    swarm->stops++;
    swarm->stopped_until_us[shard] = swarm->now_us + (dice(4) + 1) * LEASE_MS * 1000 / 2;
}

static void tick(struct swarm *swarm)
{
    uint32_t shard = (uint32_t)dice(WORLD_MEMBERS);
    swarm->now_us += 1000 + dice(200000);
    if (swarm->stopped_until_us[shard] > swarm->now_us)
        return;
    if (swarm->stopped_until_us[shard] != 0)
        wake(swarm, shard);
    look_at_clock(swarm, shard);
    switch (dice(6)) {
    case 0:
        beat(swarm, shard);
        break;
    case 1:
        if (dice(8) == 0)
            stop(swarm, shard);
        break;
    case 2:
        settle(swarm, shard);
        break;
    default:
        operation_send(swarm);
        if (dice(3) != 0)
            settle(swarm, shard);
    }
}

/* ---- what must hold ---- */

static void read_check(const struct swarm *swarm, const struct call *read)
{
    uint64_t least = 0, most = 0;
    for (uint32_t i = 0; i < swarm->count; i++) {
        const struct call *other = &swarm->operations[i];
        if (other->account != read->account)
            continue;
        if (!other->read) {
            least += other->ok && other->came < read->sent;
            most += other->sent < read->came;
        } else if (other->ok && other->came < read->sent) {
            cr_assert_leq(other->balance, read->balance, "seed %lu: a read after a read gives less", swarm->seed);
        }
    }
    cr_assert_geq(read->balance, least, "seed %lu: a read gives less than was acknowledged before", swarm->seed);
    cr_assert_leq(read->balance, most);
}

static void swarm_check(const struct swarm *swarm, uint32_t *reads, uint32_t *deposits)
{
    uint64_t acknowledged[ACCOUNTS] = {0};
    for (uint32_t i = 0; i < swarm->count; i++) {
        const struct call *operation = &swarm->operations[i];
        cr_assert(operation->answered);
        if (operation->read && operation->ok)
            read_check(swarm, operation);
        acknowledged[operation->account] += !operation->read && operation->ok;
        *reads += operation->read && operation->ok;
        *deposits += !operation->read && operation->ok;
    }
    for (uint32_t i = 0; i < ACCOUNTS; i++) { /* what was refused was not done */
        struct world *world = swarm->shards[0];
        for (uint32_t shard = 0; shard < WORLD_MEMBERS; shard++)
            if (world->pool->owners[world_unit(accounts[i])].member == (int32_t)shard)
                world = swarm->shards[shard];
        cr_assert_eq((uint64_t)world_balance(world, accounts[i]), acknowledged[i], "seed %lu", swarm->seed);
    }
}

static struct swarm *swarm_new(void)
{
    struct swarm *swarm = calloc(1, sizeof *swarm);
    cr_assert_not_null(swarm);
    swarm->now_us = 1000000;
    swarm->seed = seed;
    swarm->shards[0] = world_new_pooled();
    for (uint32_t i = 1; i < WORLD_MEMBERS; i++)
        swarm->shards[i] = world_new_member(swarm->shards[0], i);
    beat(swarm, 0);
    world_settle(swarm->shards[0]);
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        world_open(swarm->shards[0], accounts[i], 0);
    swarm->shards[0]->pool->member_count = WORLD_MEMBERS;
    for (uint32_t i = 1; i < WORLD_MEMBERS; i++)
        beat(swarm, i);
    return swarm;
}

/* Nobody is stopped any more: they beat until all is answered and each unit has its owner. */
static void calm_down(struct swarm *swarm)
{
    for (int round = 0; round < 40; round++) {
        swarm->now_us += 500000;
        for (uint32_t i = 0; i < WORLD_MEMBERS; i++) {
            swarm->stopped_until_us[i] = 0;
            beat(swarm, i);
            swarm->shards[i]->hold_commits = swarm->shards[i]->hold_fetches = swarm->shards[i]->hold_releases = false;
            swarm->shards[i]->hold_results = false;
            world_settle(swarm->shards[i]);
            replies_look(swarm);
        }
    }
}

static void swarm_free(struct swarm **swarm)
{
    for (uint32_t i = WORLD_MEMBERS; i-- > 0;)
        world_free((*swarm)->shards[i]);
    free(*swarm);
    *swarm = NULL;
}

Test(shard_swarm, owners_that_are_stopped_and_replaced_never_tell_anything_stale)
{
    uint64_t stops = 0, lost = 0, handoffs = 0;
    uint32_t reads = 0, deposits = 0;
    for (uint64_t round = 1; round <= 60; round++) {
        seed = round * 0x9E3779B97F4A7C15u;
        struct swarm *swarm = swarm_new();
        for (int i = 0; i < 1500; i++)
            tick(swarm);
        calm_down(swarm);
        swarm_check(swarm, &reads, &deposits);
        stops += swarm->stops;
        for (uint32_t i = 0; i < WORLD_MEMBERS; i++) {
            lost += shard_counters(swarm->shards[i]->shard)->lost;
            handoffs += shard_counters(swarm->shards[i]->shard)->handoffs;
        }
        swarm_free(&swarm);
    }
    /* the test itself is worth something */
    cr_assert(stops > 500 && lost > 100 && handoffs > 20 && reads > 1000 && deposits > 1000,
              "%lu stops, %lu lost, %lu handed over, %u reads, %u deposits",
              stops,
              lost,
              handoffs,
              reads,
              deposits);
}
