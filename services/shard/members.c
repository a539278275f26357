/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a view of the pool means for the units of this process: which are lost, which to claim, which to hand over. */
#include "services/shard/state.h"

/* Others look at the pool every third of a lease, and often once they have seen that units are on the move. A unit is
 * handed over when all have had the time for that: so that nobody serves it for moments only. */
static uint64_t notice_us(const struct shard *shard, bool by_load)
{
    uint64_t lease_us = shard->config.lease_ms * 1000ull;
    return by_load ? 2 * lease_us : lease_us / 3 + 200000;
}

static bool unit_taken(const struct unit *unit, const struct store_owner *owner, bool ours, bool fresh)
{
    return unit_ready(unit) && (owner->epoch > unit->epoch || (fresh && !ours));
}

static void unit_target(struct shard *shard, struct unit *unit, bool away)
{
    if (!away)
        unit->away_us = 0;
    else if (unit->away_us == 0)
        unit->away_us = shard->now.monotonic_us;
}

static bool unit_due(const struct shard *shard, const struct unit *unit, bool nobody, bool by_load)
{
    if (unit->state != UNIT_OWNED || !unit_ready(unit) || unit->away_us == 0)
        return false;
    return nobody || shard->now.monotonic_us - unit->away_us >= notice_us(shard, by_load);
}

static void unit_wanted(struct shard *shard, struct unit *unit, bool claim)
{
    if (unit->state != UNIT_UNOWNED)
        return;
    if (!claim || unit->trouble == error_locked || unit->trouble == error_fenced)
        unit->trouble = error_none;
    if (claim && unit->trouble == error_none)
        unit->retry_us = shard->now.monotonic_us;
    unit->wanted = claim;
}

/* Given back, and not yet taken by who it is meant for. If that one does not come, few units wait for it. */
static bool unit_in_the_air(const struct unit *unit, const struct store_owner *owner, int32_t target, uint32_t self)
{
    return unit->state == UNIT_UNOWNED && unit->epoch != 0 && owner->epoch == unit->epoch && owner->member < 0 &&
           target >= 0 && target != (int32_t)self;
}

/* Units as bits. */
struct sets {
    uint64_t fresh, held, handing, in_the_air, due;
};

static struct sets
sets_make(struct shard *shard, const struct store_pool *pool, const struct pool_plan *plan, uint64_t asked_us)
{
    struct sets sets = {0};
    for (uint32_t i = 0; i < pool->unit_count; i++) {
        struct unit *unit = &shard->units[i];
        uint64_t bit = 1ull << i;
        unit_target(shard, unit, plan->target[i] != (int32_t)pool->self);
        sets.fresh |= asked_us > unit->changed_us ? bit : 0;
        sets.held |= unit->state == UNIT_OWNED || unit->state == UNIT_CLAIMING ? bit : 0;
        sets.handing |= unit->state == UNIT_DRAINING || unit->state == UNIT_RELEASING ? bit : 0;
        if (unit_in_the_air(unit, &pool->units[i], plan->target[i], pool->self))
            sets.in_the_air |= bit;
        sets.due |= unit_due(shard, unit, plan->target[i] < 0, plan->by_load & bit) ? bit : 0;
    }
    return sets;
}

static void units_lose(struct shard *shard, const struct store_pool *pool, uint64_t fresh)
{
    for (uint32_t i = 0; i < pool->unit_count; i++) {
        const struct store_owner *owner = &pool->units[i];
        if (unit_taken(&shard->units[i], owner, owner->member == (int32_t)pool->self, fresh >> i & 1))
            unit_give_up(&shard->units[i], error_fenced);
    }
}

static void
units_move(struct shard *shard, const struct store_pool *pool, const struct pool_plan *plan, struct sets sets)
{
    uint32_t under_way = (uint32_t)__builtin_popcountll(sets.handing | sets.in_the_air);
    uint32_t room = shard->config.handoffs > under_way ? shard->config.handoffs - under_way : 0;
    uint64_t claims = pool_claims(pool, plan, sets.held | sets.handing) & sets.fresh;
    uint64_t gives = pool_gives(pool, plan, sets.due & sets.fresh, room);
    for (uint32_t i = 0; i < pool->unit_count; i++) {
        if (sets.fresh >> i & 1)
            unit_wanted(shard, &shard->units[i], claims >> i & 1);
        if (gives >> i & 1)
            unit_drain(shard, &shard->units[i]);
    }
}

/* Who gives a unit back takes its load along: until it has its next owner, it counts as what was said last. Without
 * that the plan would change its mind while the unit is in the air. */
static void loads_remember(struct shard *shard, const struct store_pool *pool, struct store_owner *out)
{
    for (uint32_t i = 0; i < pool->unit_count; i++) {
        struct unit *unit = &shard->units[i];
        out[i] = pool->units[i];
        if (out[i].member >= 0)
            unit->load = out[i].load;
        else if (out[i].load == 0)
            out[i].load = unit->load;
    }
}

static void unreadable_seen(struct shard *shard, const struct store_pool *pool)
{
    shard->unreadable = pool->self < pool->member_count ? pool->members[pool->self].unreadable : 0;
    memcpy(shard->unreadable_why, pool->unreadable, sizeof shard->unreadable_why);
}

void pool_seen(struct shard *shard, const struct pool_view *view)
{
    struct pool_plan plan;
    struct store_owner owners[POOL_UNITS_MAX];
    shard->beat_error = view->pool == NULL ? view->error : error_none;
    shard->counters.store_faults += shard->beat_error != error_none;
    if (view->pool == NULL)
        return;
    struct store_pool pool = *view->pool;
    loads_remember(shard, &pool, owners);
    pool.units = owners;
    shard->joined = true;
    shard->members = pool.member_count;
    unreadable_seen(shard, &pool);
    shard->lease_until_us = view->lease_until_us;
    pool_plan(&pool, &plan);
    struct sets sets = sets_make(shard, &pool, &plan, view->asked_us);
    units_lose(shard, &pool, sets.fresh);
    units_move(shard, &pool, &plan, sets);
    shard->moving = pool_moving(&pool, &plan) != 0;
}
