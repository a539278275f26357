/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Properties of the pool's plan, on random pools: everybody plans the same, nothing is left over, few units move, and
 * members that act on it one after another, each on a view that may be old, come to rest. */
#include "services/shard/pool.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEMBERS = 12, ROUNDS = 2000 };

/* A pool with its memory. */
struct fixture {
    struct store_pool pool;
    struct store_member members[MEMBERS];
    struct store_owner units[POOL_UNITS_MAX];
};

static uint64_t seed;

static uint64_t dice(uint64_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % sides;
}

static void fixture_make(struct fixture *f, uint32_t members, uint32_t units)
{
    *f = (struct fixture){0};
    f->pool =
        (struct store_pool){.member_count = members, .members = f->members, .unit_count = units, .units = f->units};
    for (uint32_t i = 0; i < members; i++) {
        snprintf(f->members[i].name, sizeof f->members[i].name, "shard-%02u", i);
        f->members[i].boot = i + 1;
    }
    for (uint32_t i = 0; i < units; i++)
        f->units[i].member = -1;
}

static void loads_random(struct fixture *f, uint64_t most)
{
    for (uint32_t i = 0; i < f->pool.unit_count; i++)
        f->units[i].load = most == 0 ? 0 : dice(4) == 0 ? dice(most) : dice(most / 10 + 1);
}

static void fixture_random(struct fixture *f)
{
    fixture_make(f, 1 + (uint32_t)dice(MEMBERS), 1 + (uint32_t)dice(POOL_UNITS_MAX));
    loads_random(f, dice(3) == 0 ? 0 : 10000);
    for (uint32_t i = 0; i < f->pool.member_count; i++)
        f->members[i].leaving = dice(6) == 0;
    for (uint32_t i = 0; i < f->pool.unit_count; i++)
        f->units[i].member = (int32_t)dice(f->pool.member_count + 1) - 1;
}

static uint32_t staying(const struct fixture *f)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->pool.member_count; i++)
        count += !f->members[i].leaving;
    return count;
}

static uint32_t owned_by(const struct fixture *f, uint32_t member)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->pool.unit_count; i++)
        count += f->units[i].member == (int32_t)member;
    return count;
}

static uint32_t planned_for(const struct fixture *f, const struct pool_plan *plan, uint32_t member)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->pool.unit_count; i++)
        count += plan->target[i] == (int32_t)member;
    return count;
}

static void apply(struct fixture *f, const struct pool_plan *plan)
{
    for (uint32_t i = 0; i < f->pool.unit_count; i++)
        f->units[i].member = plan->target[i];
}

/* How many units must move at least, so that sizes differ by one at most: those above the sizes that are allowed, and
 * those of members that leave. */
static uint32_t moves_needed(const struct fixture *f)
{
    uint32_t seats = staying(f), units = f->pool.unit_count, above = 0, moves = 0;
    uint32_t floor = seats == 0 ? 0 : units / seats, extra = seats == 0 ? 0 : units % seats;
    for (uint32_t i = 0; i < f->pool.member_count; i++) {
        uint32_t owned = owned_by(f, i);
        if (f->members[i].leaving || seats == 0) {
            moves += owned;
        } else if (owned > floor) {
            moves += owned - floor;
            above++;
        }
    }
    return moves - (above < extra ? above : extra);
}

static void balanced(const struct fixture *f, const struct pool_plan *plan)
{
    uint32_t seats = staying(f), floor = seats == 0 ? 0 : f->pool.unit_count / seats;
    for (uint32_t i = 0; i < f->pool.member_count; i++) {
        uint32_t count = planned_for(f, plan, i);
        if (f->members[i].leaving)
            cr_assert_eq(count, 0);
        else
            cr_assert(count == floor || (count == floor + 1 && f->pool.unit_count % seats != 0));
    }
}

static void begin(void)
{
    seed = 88172645463325252u;
}

TestSuite(pool, .init = begin);

Test(pool, every_unit_has_a_place_and_sizes_differ_by_one_at_most)
{
    struct fixture f;
    struct pool_plan plan;
    for (int round = 0; round < ROUNDS; round++) {
        fixture_random(&f);
        pool_plan(&f.pool, &plan);
        for (uint32_t i = 0; i < f.pool.unit_count; i++)
            cr_assert_eq(plan.target[i] >= 0, staying(&f) > 0, "round %d, unit %u", round, i);
        balanced(&f, &plan);
    }
}

Test(pool, all_members_plan_the_same)
{
    struct fixture f;
    struct pool_plan first, other;
    for (int round = 0; round < ROUNDS; round++) {
        fixture_random(&f);
        pool_plan(&f.pool, &first);
        f.pool.self = (uint32_t)dice(f.pool.member_count);
        pool_plan(&f.pool, &other);
        cr_assert_arr_eq(first.target, other.target, f.pool.unit_count * sizeof first.target[0]);
        cr_assert_eq(first.move_count, other.move_count);
    }
}

Test(pool, no_more_units_move_than_sizes_force)
{
    struct fixture f;
    struct pool_plan plan;
    for (int round = 0; round < ROUNDS; round++) {
        fixture_random(&f);
        pool_plan(&f.pool, &plan);
        uint32_t moves = plan.move_count, for_load = 0;
        for (uint32_t i = 0; i < plan.move_count; i++)
            for_load += plan.by_load >> plan.moves[i] & 1;
        cr_assert_geq(moves, moves_needed(&f));
        cr_assert_leq(moves, moves_needed(&f) + for_load, "round %d", round);
        cr_assert_leq(for_load, 2);
    }
}

Test(pool, one_who_joins_takes_its_share_and_nothing_else_moves)
{
    for (uint32_t members = 1; members < MEMBERS; members++) {
        struct fixture f;
        struct pool_plan plan;
        fixture_make(&f, members, 64);
        pool_plan(&f.pool, &plan);
        apply(&f, &plan);
        f.members[members].boot = members + 1;
        f.pool.member_count++;
        pool_plan(&f.pool, &plan);
        cr_assert_eq(plan.move_count, 64 / (members + 1));
        for (uint32_t i = 0; i < plan.move_count; i++)
            cr_assert_eq(plan.target[plan.moves[i]], (int32_t)members);
    }
}

Test(pool, when_one_dies_only_its_units_move)
{
    for (uint32_t members = 2; members <= MEMBERS; members++) {
        struct fixture f;
        struct pool_plan plan;
        fixture_make(&f, members, 64);
        pool_plan(&f.pool, &plan);
        apply(&f, &plan);
        f.pool.member_count--;
        for (uint32_t i = 0; i < 64; i++)
            if (f.units[i].member == (int32_t)members - 1)
                f.units[i].member = -1;
        pool_plan(&f.pool, &plan);
        cr_assert_eq(plan.move_count, 0);
        balanced(&f, &plan);
    }
}

Test(pool, one_who_leaves_gives_everything_and_others_give_nothing)
{
    struct fixture f;
    struct pool_plan plan;
    fixture_make(&f, 4, 64);
    pool_plan(&f.pool, &plan);
    apply(&f, &plan);
    f.members[2].leaving = true;
    pool_plan(&f.pool, &plan);
    cr_assert_eq(plan.move_count, 16);
    for (uint32_t i = 0; i < plan.move_count; i++)
        cr_assert_eq(f.units[plan.moves[i]].member, 2);
    cr_assert_eq(__builtin_popcountll(pool_moving(&f.pool, &plan)), 16);
}

/* Lets the plan have its way until nothing moves; gives the number of plans. */
static int settle(struct fixture *f)
{
    struct pool_plan plan;
    for (int rounds = 0; rounds < 200; rounds++) {
        pool_plan(&f->pool, &plan);
        if (plan.move_count == 0)
            return rounds;
        apply(f, &plan);
    }
    return -1;
}

Test(pool, at_rest_it_stays_at_rest)
{
    struct fixture f;
    struct pool_plan plan;
    for (int round = 0; round < ROUNDS; round++) {
        fixture_random(&f);
        pool_plan(&f.pool, &plan);
        apply(&f, &plan);
        cr_assert_geq(settle(&f), 0, "round %d does not come to rest", round);
        struct fixture before = f;
        for (uint32_t i = 0; i < f.pool.unit_count; i++) /* a few per cent more or less load move nothing far */
            f.units[i].load += f.units[i].load * dice(3) / 100;
        pool_plan(&f.pool, &plan);
        cr_assert_leq(plan.move_count, 2);
        memcpy(f.units, before.units, sizeof f.units);
        pool_plan(&f.pool, &plan);
        cr_assert_eq(plan.move_count, 0);
    }
}

static uint64_t load_of_member(const struct fixture *f, int32_t member)
{
    uint64_t load = 0;
    for (uint32_t i = 0; i < f->pool.unit_count; i++)
        load += f->units[i].member == member ? f->units[i].load : 0;
    return load;
}

Test(pool, hot_units_end_on_different_members)
{
    struct fixture f;
    fixture_make(&f, 4, 16);
    for (uint32_t i = 0; i < 16; i++) {
        f.units[i].member = (int32_t)(i / 4);
        f.units[i].load = i < 4 ? 1000 : 10; /* all hot ones on the first */
    }
    cr_assert_geq(settle(&f), 1);
    for (int32_t member = 0; member < 4; member++)
        cr_assert_eq(load_of_member(&f, member), 1030);
}

Test(pool, a_small_difference_of_load_moves_nothing)
{
    struct fixture f;
    struct pool_plan plan;
    fixture_make(&f, 2, 8);
    for (uint32_t i = 0; i < 8; i++) {
        f.units[i].member = (int32_t)(i % 2);
        f.units[i].load = i % 2 == 0 ? 1000 : 900;
    }
    pool_plan(&f.pool, &plan);
    cr_assert_eq(plan.move_count, 0);
}

/* ---- modules of different versions ---- */

static bool can_read(const struct fixture *f, int32_t member, uint32_t unit)
{
    return !(f->members[member].unreadable >> unit & 1);
}

static bool somebody_reads(const struct fixture *f, uint32_t unit)
{
    for (uint32_t i = 0; i < f->pool.member_count; i++)
        if (!f->members[i].leaving && can_read(f, (int32_t)i, unit))
            return true;
    return false;
}

/* Units are owned by who can read them, as those were who wrote there. */
static void fixture_mixed(struct fixture *f)
{
    fixture_random(f);
    for (uint32_t i = 0; i < f->pool.member_count; i++)
        for (uint32_t unit = 0; unit < f->pool.unit_count; unit++)
            f->members[i].unreadable |= (uint64_t)(dice(3) == 0) << unit;
    for (uint32_t unit = 0; unit < f->pool.unit_count; unit++)
        if (f->units[unit].member >= 0 && dice(10) != 0)
            f->members[f->units[unit].member].unreadable &= ~(1ull << unit);
}

Test(pool, units_are_meant_only_for_members_that_can_read_them)
{
    struct fixture f;
    struct pool_plan plan, other;
    for (int round = 0; round < ROUNDS; round++) {
        fixture_mixed(&f);
        pool_plan(&f.pool, &plan);
        for (uint32_t i = 0; i < f.pool.unit_count; i++) {
            cr_assert_eq(plan.target[i] >= 0, somebody_reads(&f, i), "round %d, unit %u", round, i);
            cr_assert(plan.target[i] < 0 || (can_read(&f, plan.target[i], i) && !f.members[plan.target[i]].leaving));
        }
        f.pool.self = (uint32_t)dice(f.pool.member_count);
        pool_plan(&f.pool, &other);
        cr_assert_arr_eq(plan.target, other.target, f.pool.unit_count * sizeof plan.target[0]);
    }
}

Test(pool, with_modules_of_different_versions_it_comes_to_rest_too)
{
    struct fixture f;
    struct pool_plan plan;
    for (int round = 0; round < ROUNDS; round++) {
        fixture_mixed(&f);
        pool_plan(&f.pool, &plan);
        apply(&f, &plan);
        cr_assert_geq(settle(&f), 0, "round %d does not come to rest", round);
    }
}

Test(pool, half_of_the_units_are_for_new_modules_and_numbers_are_even_all_the_same)
{
    struct fixture f;
    fixture_make(&f, 4, 16);
    for (uint32_t i = 0; i < 16; i++)
        f.units[i].member = (int32_t)(i / 8); /* the first two are new and have all; 0 to 7 only they can read */
    f.members[2].unreadable = f.members[3].unreadable = 0xff;
    cr_assert_geq(settle(&f), 1);
    for (uint32_t member = 0; member < 4; member++)
        cr_assert_eq(owned_by(&f, member), 4, "member %u", member);
}

Test(pool, a_member_that_can_read_nothing_gets_nothing_and_others_keep_all)
{
    struct fixture f;
    struct pool_plan plan;
    fixture_make(&f, 2, 16);
    pool_plan(&f.pool, &plan);
    apply(&f, &plan);
    f.members[2].boot = 3;
    f.members[2].unreadable = 0xffff;
    f.pool.member_count = 3;
    pool_plan(&f.pool, &plan);
    cr_assert_eq(plan.move_count, 0);
    cr_assert_eq(planned_for(&f, &plan, 2), 0);
}

/* ---- members that act one after another, each on what it saw last ---- */

enum { HANDOFFS = 2 };

struct actor {
    bool there;
    uint64_t boot, held, handing; /* units */
    uint64_t seen_at, changed[POOL_UNITS_MAX];
    uint64_t loads[POOL_UNITS_MAX]; /* as their owners said when it looked; one without an owner says nothing */
    struct fixture seen;
};

struct crowd {
    uint32_t units;
    uint64_t now, epochs[POOL_UNITS_MAX], loads[POOL_UNITS_MAX];
    int32_t owners[POOL_UNITS_MAX]; /* actor */
    bool leaving[MEMBERS];
    uint64_t unreadable[MEMBERS];
    struct actor actors[MEMBERS];
    uint32_t given, claimed;
};

static void look(struct crowd *crowd, uint32_t who)
{
    struct actor *actor = &crowd->actors[who];
    int32_t place[MEMBERS];
    uint32_t members = 0;
    fixture_make(&actor->seen, 0, crowd->units);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        place[i] = crowd->actors[i].there ? (int32_t)members : -1;
        if (!crowd->actors[i].there)
            continue;
        if (i == who)
            actor->seen.pool.self = members;
        actor->seen.members[members].leaving = crowd->leaving[i];
        actor->seen.members[members].unreadable = crowd->unreadable[i];
        actor->seen.members[members++].boot = crowd->actors[i].boot;
    }
    actor->seen.pool.member_count = members;
    for (uint32_t i = 0; i < crowd->units; i++) {
        actor->seen.units[i].member = crowd->owners[i] < 0 ? -1 : place[crowd->owners[i]];
        actor->seen.units[i].epoch = crowd->epochs[i];
        if (crowd->owners[i] >= 0)
            actor->loads[i] = crowd->loads[i];
        actor->seen.units[i].load = actor->loads[i];
    }
    actor->seen_at = ++crowd->now;
}

static void claim(struct crowd *crowd, uint32_t who, uint32_t unit)
{
    if (crowd->owners[unit] >= 0 && crowd->owners[unit] != (int32_t)who)
        return; /* somebody was faster */
    crowd->owners[unit] = (int32_t)who;
    crowd->epochs[unit]++;
    crowd->claimed++;
    crowd->actors[who].held |= 1ull << unit;
    crowd->actors[who].changed[unit] = ++crowd->now;
}

/* What happened to a unit since the look makes the look say nothing of it. */
static uint64_t fresh(const struct crowd *crowd, const struct actor *actor)
{
    uint64_t units = 0;
    for (uint32_t i = 0; i < crowd->units; i++)
        units |= (uint64_t)(actor->seen_at > actor->changed[i]) << i;
    return units;
}

static void act(struct crowd *crowd, uint32_t who)
{
    struct actor *actor = &crowd->actors[who];
    struct pool_plan plan;
    if (actor->seen.pool.units == NULL)
        return;
    actor->seen.pool.members = actor->seen.members;
    actor->seen.pool.units = actor->seen.units;
    pool_plan(&actor->seen.pool, &plan);
    uint64_t claims = pool_claims(&actor->seen.pool, &plan, actor->held | actor->handing) & fresh(crowd, actor);
    uint32_t room = HANDOFFS - (uint32_t)__builtin_popcountll(actor->handing);
    uint64_t gives = pool_gives(&actor->seen.pool, &plan, actor->held & fresh(crowd, actor), room);
    actor->held &= ~gives;
    actor->handing |= gives;
    cr_assert_leq(__builtin_popcountll(actor->handing), HANDOFFS);
    crowd->given += (uint32_t)__builtin_popcountll(gives);
    for (uint32_t i = 0; i < crowd->units; i++)
        if (claims >> i & 1)
            claim(crowd, who, i);
}

static void release_one(struct crowd *crowd, uint32_t who)
{
    struct actor *actor = &crowd->actors[who];
    for (uint32_t i = 0; i < crowd->units; i++) {
        if (!(actor->handing >> i & 1))
            continue;
        actor->handing &= ~(1ull << i);
        actor->changed[i] = ++crowd->now;
        crowd->owners[i] = -1;
        return;
    }
}

static void run(struct crowd *crowd, int turns)
{
    for (int i = 0; i < turns; i++) {
        uint32_t who = (uint32_t)dice(MEMBERS);
        if (!crowd->actors[who].there)
            continue;
        switch (dice(3)) {
        case 0:
            look(crowd, who);
            break;
        case 1:
            act(crowd, who);
            break;
        default:
            release_one(crowd, who);
        }
    }
}

static void expect_rest(struct crowd *crowd, uint32_t least, uint32_t most)
{
    uint32_t given = crowd->given, claimed = crowd->claimed;
    run(crowd, 2000);
    cr_assert_eq(crowd->given, given);
    cr_assert_eq(crowd->claimed, claimed);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        uint32_t count = (uint32_t)__builtin_popcountll(crowd->actors[i].held);
        if (!crowd->actors[i].there || crowd->leaving[i])
            cr_assert_eq(count, 0);
        else
            cr_assert(count >= least && count <= most, "member %u has %u", i, count);
    }
    for (uint32_t i = 0; i < crowd->units; i++)
        cr_assert(crowd->owners[i] >= 0 && crowd->actors[crowd->owners[i]].held >> i & 1);
}

static void join(struct crowd *crowd, uint32_t who)
{
    crowd->actors[who] = (struct actor){.there = true, .boot = ++crowd->now};
    crowd->leaving[who] = false;
}

static void die(struct crowd *crowd, uint32_t who)
{
    for (uint32_t i = 0; i < crowd->units; i++)
        if (crowd->owners[i] == (int32_t)who)
            crowd->owners[i] = -1;
    crowd->actors[who] = (struct actor){0};
}

static struct crowd *crowd_new(uint32_t units, uint64_t load)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    crowd->units = units;
    for (uint32_t i = 0; i < units; i++) {
        crowd->owners[i] = -1;
        crowd->loads[i] = load == 0 ? 0 : dice(load);
    }
    return crowd;
}

Test(pool, members_that_act_in_turns_come_to_rest_through_joins_leaves_and_deaths)
{
    for (int round = 0; round < 40; round++) {
        struct crowd *crowd = crowd_new(64, round % 2 == 0 ? 0 : 1000);
        for (uint32_t i = 0; i < 4; i++)
            join(crowd, i);
        run(crowd, 6000);
        expect_rest(crowd, 16, 16);
        uint32_t given = crowd->given;
        join(crowd, 4);
        join(crowd, 5);
        run(crowd, 6000);
        expect_rest(crowd, 10, 11);
        cr_assert_geq(crowd->given - given, 20);
        if (round % 2 == 0) /* without loads; some saw one of the two first */
            cr_assert_leq(crowd->given - given, 24);
        given = crowd->given;
        die(crowd, 1);
        run(crowd, 6000);
        expect_rest(crowd, 12, 13);
        if (round % 2 == 0)
            cr_assert_eq(crowd->given, given);
        crowd->leaving[0] = true;
        run(crowd, 6000);
        expect_rest(crowd, 16, 16);
        free(crowd);
    }
}

Test(pool, a_restart_of_all_one_after_the_other_loses_no_unit)
{
    struct crowd *crowd = crowd_new(16, 0);
    for (uint32_t i = 0; i < 3; i++)
        join(crowd, i);
    run(crowd, 3000);
    for (uint32_t i = 0; i < 3; i++) {
        crowd->leaving[i] = true;
        run(crowd, 4000);
        expect_rest(crowd, 8, 8);
        die(crowd, i);
        join(crowd, i);
        run(crowd, 4000);
        expect_rest(crowd, 5, 6);
    }
    free(crowd);
}

/* What members with the new module own, old ones cannot read from then on. */
static void write_new_events(struct crowd *crowd, uint32_t upgraded)
{
    uint64_t written = 0;
    for (uint32_t i = 0; i < upgraded; i++)
        written |= crowd->actors[i].held;
    for (uint32_t i = upgraded; i < MEMBERS; i++)
        crowd->unreadable[i] |= written;
}

Test(pool, an_upgrade_of_all_one_after_the_other_loses_no_unit)
{
    struct crowd *crowd = crowd_new(16, 0);
    for (uint32_t i = 0; i < 4; i++)
        join(crowd, i);
    run(crowd, 3000);
    for (uint32_t i = 0; i < 4; i++) {
        crowd->leaving[i] = true;
        run(crowd, 4000);
        expect_rest(crowd, 0, 16);
        die(crowd, i);
        crowd->unreadable[i] = 0;
        join(crowd, i);
        run(crowd, 4000);
        expect_rest(crowd, 0, 16);
        write_new_events(crowd, i + 1);
        expect_rest(crowd, 0, 16);
        for (uint32_t unit = 0; unit < 16; unit++)
            cr_assert(!(crowd->unreadable[crowd->owners[unit]] >> unit & 1));
    }
    expect_rest(crowd, 4, 4);
    free(crowd);
}
