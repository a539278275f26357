/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See pool.h. */
#include "services/shard/pool.h"

#include <assert.h>

enum {
    GAIN_PART = 4,   /* a move for load evens out at least this part (a quarter) of the average load */
    GAIN_LEAST = 50, /* commands a second: less is noise */
    STEPS = 8        /* of the average load, in which loads are compared when units are placed */
};

/* A member that stays. */
struct seat {
    uint32_t member, count, quota;
    uint64_t load;
};

struct draft {
    const struct store_pool *pool;
    uint32_t seat_count, floor;
    struct seat seats[POOL_MEMBERS_MAX];
    int32_t seat_of[POOL_MEMBERS_MAX]; /* by member; -1: it leaves */
    int32_t place[POOL_UNITS_MAX];     /* by unit: its seat, -1: none yet */
    uint64_t average;                  /* load of a seat, when all is even */
    uint8_t shed[POOL_UNITS_MAX];      /* in order */
    uint32_t shed_count;
};

static uint64_t load_of(const struct draft *draft, uint32_t unit)
{
    return draft->pool->units[unit].load;
}

static uint64_t steps(const struct draft *draft, uint64_t load)
{
    return load * STEPS / (draft->average + 1);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static void place(struct draft *draft, uint32_t unit, int32_t seat)
{
    draft->place[unit] = seat;
    draft->seats[seat].count++;
    draft->seats[seat].load += load_of(draft, unit);
}

static void take_away(struct draft *draft, uint32_t unit)
{
    struct seat *seat = &draft->seats[draft->place[unit]];
    seat->count--;
    seat->load -= load_of(draft, unit);
    draft->place[unit] = -1;
}

static void seats_make(struct draft *draft, const struct store_pool *pool)
{
    *draft = (struct draft){.pool = pool};
    uint32_t members = pool->member_count < POOL_MEMBERS_MAX ? pool->member_count : POOL_MEMBERS_MAX;
    for (uint32_t i = 0; i < members; i++) {
        draft->seat_of[i] = pool->members[i].leaving ? -1 : (int32_t)draft->seat_count;
        if (!pool->members[i].leaving)
            draft->seats[draft->seat_count++].member = i;
    }
    uint64_t total = 0;
    for (uint32_t i = 0; i < pool->unit_count; i++) {
        int32_t owner = pool->units[i].member;
        int32_t seat = owner < 0 || (uint32_t)owner >= members ? -1 : draft->seat_of[owner];
        draft->place[i] = -1;
        if (seat >= 0)
            place(draft, i, seat);
        total += pool->units[i].load;
    }
    draft->average = draft->seat_count == 0 ? 0 : total / draft->seat_count;
}

/* ---- how many units each has ---- */

/* One unit more than others is given where the fewest moves follow: to those who have most, then least load. */
static bool deserves_more(const struct draft *draft, const struct seat *seat, const struct seat *other)
{
    return seat->count > other->count ||
           (seat->count == other->count && steps(draft, seat->load) < steps(draft, other->load));
}

static void quotas_set(struct draft *draft)
{
    uint32_t units = draft->pool->unit_count, extra = units % draft->seat_count;
    draft->floor = units / draft->seat_count;
    for (uint32_t i = 0; i < draft->seat_count; i++)
        draft->seats[i].quota = draft->floor;
    while (extra-- > 0) {
        struct seat *best = NULL;
        for (uint32_t i = 0; i < draft->seat_count; i++) {
            struct seat *seat = &draft->seats[i];
            if (seat->quota == draft->floor && (best == NULL || deserves_more(draft, seat, best)))
                best = seat;
        }
        best->quota++;
    }
}

/* The unit without which the seat comes nearest to the average. */
static uint32_t unit_to_shed(const struct draft *draft, int32_t seat)
{
    uint32_t best = 0;
    uint64_t best_distance = UINT64_MAX;
    for (uint32_t i = 0; i < draft->pool->unit_count; i++) {
        if (draft->place[i] != seat)
            continue;
        uint64_t left = steps(draft, distance(draft->seats[seat].load - load_of(draft, i), draft->average));
        if (left <= best_distance) {
            best = i;
            best_distance = left;
        }
    }
    return best;
}

static void units_shed(struct draft *draft)
{
    for (int32_t seat = 0; seat < (int32_t)draft->seat_count; seat++) {
        while (draft->seats[seat].count > draft->seats[seat].quota) {
            uint32_t unit = unit_to_shed(draft, seat);
            take_away(draft, unit);
            draft->shed[draft->shed_count++] = (uint8_t)unit;
        }
    }
}

/* ---- who takes what has no place ---- */

static int32_t unit_to_place(const struct draft *draft)
{
    int32_t best = -1;
    uint64_t most = 0;
    for (uint32_t i = 0; i < draft->pool->unit_count; i++) {
        uint64_t load = steps(draft, load_of(draft, i));
        if (draft->place[i] >= 0 || (best >= 0 && load <= most))
            continue;
        best = (int32_t)i;
        most = load;
    }
    return best;
}

static int32_t seat_with_room(const struct draft *draft)
{
    int32_t best = -1;
    for (uint32_t i = 0; i < draft->seat_count; i++) {
        const struct seat *seat = &draft->seats[i], *least = best < 0 ? NULL : &draft->seats[best];
        if (seat->count >= seat->quota)
            continue;
        uint64_t load = steps(draft, seat->load), other = least == NULL ? UINT64_MAX : steps(draft, least->load);
        if (load < other || (least != NULL && load == other && seat->count < least->count))
            best = (int32_t)i;
    }
    return best;
}

static void units_place(struct draft *draft)
{
    int32_t unit;
    while ((unit = unit_to_place(draft)) >= 0)
        place(draft, (uint32_t)unit, seat_with_room(draft));
}

/* ---- load ---- */

struct exchange {
    int32_t from_most, from_least; /* units; -1: none */
    uint64_t left;                 /* the difference of load afterwards */
};

static void exchange_try(const struct draft *draft, int32_t unit, int32_t back, uint64_t spread, struct exchange *best)
{
    uint64_t goes = load_of(draft, (uint32_t)unit), comes = back < 0 ? 0 : load_of(draft, (uint32_t)back);
    if (goes <= comes || goes - comes >= spread)
        return;
    uint64_t left = distance(spread, 2 * (goes - comes));
    if (left < best->left)
        *best = (struct exchange){.from_most = unit, .from_least = back, .left = left};
}

static struct exchange exchange_find(const struct draft *draft, int32_t most, int32_t least, uint64_t spread)
{
    struct exchange best = {.from_most = -1, .from_least = -1, .left = spread};
    bool alone = draft->seats[most].count > draft->floor && draft->seats[least].count <= draft->floor;
    for (uint32_t i = 0; i < draft->pool->unit_count; i++) {
        if (draft->place[i] != most)
            continue;
        if (alone)
            exchange_try(draft, (int32_t)i, -1, spread, &best);
        for (uint32_t j = 0; j < draft->pool->unit_count; j++)
            if (draft->place[j] == least)
                exchange_try(draft, (int32_t)i, (int32_t)j, spread, &best);
    }
    return best;
}

static void load_even_out(struct draft *draft, struct pool_plan *out)
{
    int32_t most = 0, least = 0;
    for (int32_t i = 1; i < (int32_t)draft->seat_count; i++) {
        most = draft->seats[i].load > draft->seats[most].load ? i : most;
        least = draft->seats[i].load < draft->seats[least].load ? i : least;
    }
    uint64_t spread = draft->seats[most].load - draft->seats[least].load;
    struct exchange best = exchange_find(draft, most, least, spread);
    uint64_t gain = spread - best.left;
    if (best.from_most < 0 || gain < GAIN_LEAST || gain < draft->average / GAIN_PART)
        return;
    draft->place[best.from_most] = least;
    out->by_load |= 1ull << best.from_most;
    if (best.from_least < 0)
        return;
    draft->place[best.from_least] = most;
    out->by_load |= 1ull << best.from_least;
}

/* ---- the plan ---- */

static void move_add(const struct store_pool *pool, struct pool_plan *out, uint32_t unit, uint64_t *seen)
{
    int32_t owner = pool->units[unit].member;
    if (owner < 0 || owner == out->target[unit] || *seen >> unit & 1)
        return;
    *seen |= 1ull << unit;
    out->moves[out->move_count++] = (uint8_t)unit;
}

void pool_plan(const struct store_pool *pool, struct pool_plan *out)
{
    struct draft draft;
    uint64_t seen = 0;
    assert(pool->unit_count <= POOL_UNITS_MAX);
    *out = (struct pool_plan){0};
    seats_make(&draft, pool);
    if (draft.seat_count > 0) {
        quotas_set(&draft);
        units_shed(&draft);
        units_place(&draft);
        load_even_out(&draft, out);
    }
    for (uint32_t i = 0; i < pool->unit_count; i++)
        out->target[i] = draft.place[i] < 0 ? -1 : (int32_t)draft.seats[draft.place[i]].member;
    for (uint32_t i = 0; i < draft.shed_count; i++)
        move_add(pool, out, draft.shed[i], &seen);
    for (uint32_t i = 0; i < pool->unit_count; i++)
        move_add(pool, out, i, &seen);
}

uint64_t pool_claims(const struct store_pool *pool, const struct pool_plan *plan, uint64_t held)
{
    uint64_t claims = 0;
    int32_t self = (int32_t)pool->self;
    for (uint32_t i = 0; i < pool->unit_count; i++) {
        int32_t owner = pool->units[i].member;
        if (owner == self || (owner < 0 && plan->target[i] == self))
            claims |= 1ull << i;
    }
    return claims & ~held;
}

uint64_t pool_gives(const struct store_pool *pool, const struct pool_plan *plan, uint64_t due, uint32_t count)
{
    uint64_t gives = 0;
    for (uint32_t i = 0; i < plan->move_count && count > 0; i++) {
        uint32_t unit = plan->moves[i];
        if (pool->units[unit].member != (int32_t)pool->self || !(due >> unit & 1))
            continue;
        gives |= 1ull << unit;
        count--;
    }
    return gives;
}

uint64_t pool_moving(const struct store_pool *pool, const struct pool_plan *plan)
{
    uint64_t moving = 0;
    for (uint32_t i = 0; i < pool->unit_count; i++)
        moving |= (uint64_t)(pool->units[i].member != plan->target[i]) << i;
    return moving;
}
