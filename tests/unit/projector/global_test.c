/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Builds whose rows are shared by all partitions are planned by whoever has slot 0, others by who has the partition's.
 */
#include "services/projector/core.h"
#include <criterion/criterion.h>

enum { PARTITIONS = 8, SLOTS = 4 };

static struct core *core;
static uint32_t keyed, global;

static void start(void)
{
    static const struct checkpoint checkpoints[PARTITIONS];
    cr_assert_eq(core_new(&core, PARTITIONS), error_none);
    cr_assert_eq(core_build_add(core, &keyed), error_none);
    cr_assert_eq(core_build_add(core, &global), error_none);
    core_build_global(core, global);
    for (uint32_t place = 0; place < 2; place++) {
        core_build_put(core, place, checkpoints, 0);
        core_build_ask(core, place, true);
    }
    for (uint32_t partition = 0; partition < PARTITIONS; partition++)
        core_head(core, partition, 10);
}

static void own(uint64_t held)
{
    core_own(core, keyed, SLOTS, held);
    core_own(core, global, SLOTS, held);
}

static void finish(void)
{
    core_free(&core);
}

TestSuite(global_builds, .init = start, .fini = finish);

/* Bit p: there is a page of partition p for the build. */
static uint64_t planned(uint32_t place)
{
    struct core_plan plan;
    uint64_t found = 0;
    core_plan(core, 1, &plan);
    for (uint32_t i = 0; i < plan.page_count; i++)
        for (uint32_t member = 0; member < plan.pages[i].count; member++)
            if (plan.members[plan.pages[i].first + member] == place)
                found |= UINT64_C(1) << plan.pages[i].partition;
    return found;
}

Test(global_builds, who_has_slot_0_has_all_of_them)
{
    own(0x1);
    cr_expect_eq(planned(global), 0xff);
    cr_expect_eq(planned(keyed), 0x11);
    cr_expect_eq(core_lag(core, global), 80);
    cr_expect_eq(core_lag(core, keyed), 20);
    cr_expect(core_owns(core, global, 3) && !core_owns(core, keyed, 3));
}

Test(global_builds, who_has_not_has_nothing_of_them)
{
    own(0xe);
    cr_expect_eq(planned(global), 0);
    cr_expect_eq(planned(keyed), 0xee);
    cr_expect_eq(core_lag(core, global), 0);
    core_halt(core, global, 2, 1, 0);
    cr_expect_eq(core_halts(core, global), 0, "what was known of it is another's to tell");
}

Test(global_builds, a_place_that_is_given_again_is_not_global)
{
    core_build_remove(core, global);
    cr_assert_eq(core_build_add(core, &global), error_none);
    own(0x1);
    cr_expect_not(core_owns(core, global, 3));
}

/* Each turn has less when it took too long, down to a least, and more again when there is time. */
Test(global_builds, turns_fit_the_lease)
{
    struct core_plan plan;
    own(0xf);
    for (uint32_t partition = 0; partition < PARTITIONS; partition++)
        core_head(core, partition, 1000000);
    core_plan(core, 1, &plan);
    cr_expect_eq(plan.pages[0].limit, CORE_TURN_RECORDS / PARTITIONS);
    core_took(core, 400, 900);
    core_plan(core, 1, &plan);
    cr_expect_eq(plan.pages[0].limit, CORE_TURN_RECORDS / 2 / PARTITIONS);
    core_took(core, 900, 900);
    core_plan(core, 1, &plan);
    cr_expect_eq(plan.pages[0].limit, CORE_TURN_RECORDS / 8 / PARTITIONS);
    core_took(core, 200, 900);
    core_plan(core, 1, &plan);
    cr_expect_eq(plan.pages[0].limit, CORE_TURN_RECORDS / 8 / PARTITIONS, "neither much nor little");
    for (int i = 0; i < 20; i++)
        core_took(core, 900, 900);
    core_plan(core, 1, &plan);
    cr_expect_eq(plan.pages[0].limit, CORE_TURN_LEAST);
    for (int i = 0; i < 20; i++)
        core_took(core, 10, 900);
    core_plan(core, 1, &plan);
    cr_expect_eq(plan.pages[0].limit, CORE_TURN_RECORDS / PARTITIONS);
}

/* Pages of what another projector has do not hold up those of one's own. */
Test(global_builds, others_tracks_are_no_bound)
{
    own(0x1);
    core_moved(core, keyed, 1, 4, 0);
    struct core_plan plan;
    core_plan(core, 1, &plan);
    for (uint32_t i = 0; i < plan.page_count; i++)
        if (plan.pages[i].partition == 1)
            cr_expect_eq(plan.pages[i].limit, 10);
}
