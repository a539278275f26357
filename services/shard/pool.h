/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which process of a pool is to own which unit. All members compute the same assignment from the same view, so nobody
 * has to lead: each claims what is meant for it once nobody holds it, and hands over what is meant for others.
 *
 * Members that stay get units whose numbers differ by one at most; a unit stays with its owner unless that forces it
 * away. What has to be placed goes to whoever has least load, in coarse steps, as views differ a little. Beyond that
 * units move for load only one at a time (or two in exchange), and only when that evens the most and the least loaded
 * member out by a clear part of the average, which the way back never would. While a move is half done the same rules
 * give the same end.
 *
 * While modules of different versions are in the pool, some members cannot read some units. Nobody is meant for a unit
 * that it cannot read; numbers are then as even as that allows, and units move for load only in exchange. A unit that
 * nobody who stays can read is meant for nobody. Pure. */
#ifndef SHARD_POOL_H
#define SHARD_POOL_H

#include "services/store/store.h"

#define POOL_UNITS_MAX 64
#define POOL_MEMBERS_MAX 256 /* more are members without units */

struct pool_plan {
    int32_t target[POOL_UNITS_MAX]; /* by unit: place in members; -1: nobody stays who could take it, or read it */
    uint64_t by_load;               /* units that move for load only */
    uint32_t move_count;
    uint8_t moves[POOL_UNITS_MAX]; /* units that are owned by another than their target, in the order they go */
};

/* At most POOL_UNITS_MAX units. Does not depend on pool->self. */
void pool_plan(const struct store_pool *pool, struct pool_plan *out);
/* The units this process should claim now: meant for it, and nobody else's. held: those it has or is claiming, or is
 * giving back; what the store says is its own and is not among them was lost track of, and is claimed too. */
uint64_t pool_claims(const struct store_pool *pool, const struct pool_plan *plan, uint64_t held);
/* The units this process should begin to hand over: its own, in the plan's order, only those that are due, count at
 * most. */
uint64_t pool_gives(const struct store_pool *pool, const struct pool_plan *plan, uint64_t due, uint32_t count);
/* Units that are not with their targets. */
uint64_t pool_moving(const struct store_pool *pool, const struct pool_plan *plan);

#endif
