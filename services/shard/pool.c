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
    uint32_t most; /* units that it can read */
    uint64_t load;
};

struct draft {
    const struct store_pool *pool;
    uint32_t seat_count, floor;
    bool mixed; /* some who stay cannot read all units */
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

static bool reads(const struct draft *draft, int32_t seat, uint32_t unit)
{
    return !(draft->pool->members[draft->seats[seat].member].unreadable >> unit & 1);
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

static void seat_add(struct draft *draft, const struct store_pool *pool, uint32_t member)
{
    struct seat *seat = &draft->seats[draft->seat_count];
    seat->member = member;
    for (uint32_t unit = 0; unit < pool->unit_count; unit++)
        seat->most += reads(draft, (int32_t)draft->seat_count, unit);
    draft->mixed |= seat->most < pool->unit_count;
    draft->seat_count++;
}

static void seats_make(struct draft *draft, const struct store_pool *pool)
{
    *draft = (struct draft){.pool = pool};
    uint32_t members = pool->member_count < POOL_MEMBERS_MAX ? pool->member_count : POOL_MEMBERS_MAX;
    for (uint32_t i = 0; i < members; i++) {
        draft->seat_of[i] = pool->members[i].leaving ? -1 : (int32_t)draft->seat_count;
        if (!pool->members[i].leaving)
            seat_add(draft, pool, i);
    }
    uint64_t total = 0;
    for (uint32_t i = 0; i < pool->unit_count; i++) {
        int32_t owner = pool->units[i].member;
        int32_t seat = owner < 0 || (uint32_t)owner >= members ? -1 : draft->seat_of[owner];
        draft->place[i] = -1;
        if (seat >= 0 && reads(draft, seat, i))
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

/* One by one to whoever has fewest yet and can read more. */
static void quotas_set(struct draft *draft)
{
    uint32_t units = draft->pool->unit_count;
    draft->floor = units / draft->seat_count;
    for (uint32_t given = 0; given < units; given++) {
        struct seat *best = NULL;
        for (uint32_t i = 0; i < draft->seat_count; i++) {
            struct seat *seat = &draft->seats[i];
            if (seat->quota < seat->most && (best == NULL || seat->quota < best->quota ||
                                             (seat->quota == best->quota && deserves_more(draft, seat, best))))
                best = seat;
        }
        if (best == NULL)
            return;
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

/* ---- the same when not everybody can read everything ---- */

/* Seats in the order in which they were reached, and from where with which unit; from -1: not reached. */
struct chains {
    int32_t queue[POOL_MEMBERS_MAX], from[POOL_MEMBERS_MAX], unit[POOL_MEMBERS_MAX];
    uint32_t reached;
};

static void chain_move(struct draft *draft, const struct chains *chains, int32_t start, int32_t end)
{
    for (int32_t seat = end; seat != start; seat = chains->from[seat]) {
        take_away(draft, (uint32_t)chains->unit[seat]);
        place(draft, (uint32_t)chains->unit[seat], seat);
    }
}

/* Who has not enough and can take the unit of a seat that was reached; -1: nobody, then who could take it is reached.
 */
static int32_t chain_reach(const struct draft *draft, struct chains *chains, int32_t seat, uint32_t unit)
{
    for (int32_t other = 0; other < (int32_t)draft->seat_count; other++) {
        if (chains->from[other] >= 0 || !reads(draft, other, unit))
            continue;
        chains->from[other] = seat;
        chains->unit[other] = (int32_t)unit;
        chains->queue[chains->reached++] = other;
        if (draft->seats[other].count < draft->seats[other].quota)
            return other;
    }
    return -1;
}

/* Relieves a seat of one unit, by the shortest chain of seats, each of which gives one to the next; false: there is
 * none. */
static bool chain_shed(struct draft *draft, int32_t start)
{
    struct chains chains = {.reached = 1};
    for (uint32_t i = 0; i < draft->seat_count; i++)
        chains.from[i] = -1;
    chains.queue[0] = chains.from[start] = start;
    for (uint32_t next = 0; next < chains.reached; next++) {
        int32_t seat = chains.queue[next], end = -1;
        for (uint32_t unit = 0; unit < draft->pool->unit_count && end < 0; unit++)
            if (draft->place[unit] == seat)
                end = chain_reach(draft, &chains, seat, unit);
        if (end >= 0) {
            chain_move(draft, &chains, start, end);
            return true;
        }
    }
    return false;
}

static void units_shed_mixed(struct draft *draft)
{
    for (int32_t seat = 0; seat < (int32_t)draft->seat_count; seat++)
        while (draft->seats[seat].count > draft->seats[seat].quota && chain_shed(draft, seat))
            ;
}

/* ---- who takes what has no place ---- */

/* Who takes a unit: whoever has least load among those that can read it and have not enough; when all of them have, the
 * one with fewest. -1: nobody can read it. */
static int32_t seat_for(const struct draft *draft, uint32_t unit)
{
    int32_t best = -1;
    bool best_room = false;
    for (int32_t i = 0; i < (int32_t)draft->seat_count; i++) {
        const struct seat *seat = &draft->seats[i], *other = best < 0 ? NULL : &draft->seats[best];
        bool room = seat->count < seat->quota;
        if (!reads(draft, i, unit) || (best_room && !room))
            continue;
        uint64_t load = steps(draft, seat->load), least = other == NULL ? 0 : steps(draft, other->load);
        bool lighter = other != NULL && (load < least || (load == least && seat->count < other->count));
        bool fewer = other != NULL && (seat->count < other->count || (seat->count == other->count && load < least));
        if (other == NULL || (room && !best_room) || (room ? lighter : fewer)) {
            best = i;
            best_room = room;
        }
    }
    return best;
}

static int32_t unit_to_place(const struct draft *draft)
{
    int32_t best = -1;
    uint64_t most = 0;
    for (uint32_t i = 0; i < draft->pool->unit_count; i++) {
        uint64_t load = steps(draft, load_of(draft, i));
        if (draft->place[i] >= 0 || (best >= 0 && load <= most) || (draft->mixed && seat_for(draft, i) < 0))
            continue;
        best = (int32_t)i;
        most = load;
    }
    return best;
}

static void units_place(struct draft *draft)
{
    int32_t unit;
    while ((unit = unit_to_place(draft)) >= 0)
        place(draft, (uint32_t)unit, seat_for(draft, (uint32_t)unit));
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
    bool alone = !draft->mixed && draft->seats[most].count > draft->floor && draft->seats[least].count <= draft->floor;
    for (uint32_t i = 0; i < draft->pool->unit_count; i++) {
        if (draft->place[i] != most || !reads(draft, least, i))
            continue;
        if (alone)
            exchange_try(draft, (int32_t)i, -1, spread, &best);
        for (uint32_t j = 0; j < draft->pool->unit_count; j++)
            if (draft->place[j] == least && reads(draft, most, j))
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
        if (draft.mixed)
            units_shed_mixed(&draft);
        else
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
