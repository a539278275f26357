/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The receipts in memory, against a plain reading of their promise: an id that was ever added is asked of the store. */
#include "services/shard/receipts.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct uuid id_at(uint64_t ms, uint32_t number)
{
    uint8_t random[10] = {0};
    memcpy(random + 6, &number, sizeof number);
    return uuid_v7(ms, random);
}

Test(receipts, an_id_is_known_for_its_stream_alone)
{
    struct receipts receipts;
    struct uuid id = id_at(5000, 1);
    receipts_init(&receipts, 4096);
    cr_assert_not(receipts_must_ask(&receipts, &id, 7));
    cr_assert_eq(receipts_add(&receipts, &id, 7), error_none);
    cr_assert(receipts_must_ask(&receipts, &id, 7));
    cr_assert_not(receipts_must_ask(&receipts, &id, 8));
    receipts_fini(&receipts);
}

/* Adds ids a millisecond apart, each 7th of them `ahead_ms` ahead; returns how many new ones had to be asked. */
static uint32_t fill(struct receipts *receipts, struct uuid *ids, uint32_t count, uint64_t ahead_ms)
{
    uint32_t asked = 0;
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = id_at(1000000 + i + (i % 7 == 0 ? ahead_ms : 0), i);
        asked += receipts_must_ask(receipts, &ids[i], i * 31);
        cr_assert_eq(receipts_add(receipts, &ids[i], i * 31), error_none);
        cr_assert_leq(receipts->count, 2048);
    }
    return asked;
}

Test(receipts, what_was_decided_is_always_asked_and_what_is_new_never)
{
    enum { COUNT = 20000 };
    static struct uuid ids[COUNT];
    static const uint64_t ahead_ms[] = {0, 300, 60000};
    for (size_t k = 0; k < 3; k++) {
        struct receipts receipts;
        receipts_init(&receipts, 2048);
        uint32_t asked = fill(&receipts, ids, COUNT, ahead_ms[k]);
        cr_assert(k != 0 || asked == 0, "%u", asked);
        for (uint32_t i = 0; i < COUNT; i++)
            cr_assert(receipts_must_ask(&receipts, &ids[i], i * 31));
        receipts_fini(&receipts);
    }
}

Test(receipts, receipts_of_one_time_do_not_fill_the_table_for_ever)
{
    struct receipts receipts;
    receipts_init(&receipts, 1024);
    for (uint32_t i = 0; i < 5000; i++) {
        struct uuid id = id_at(777, i);
        cr_assert_eq(receipts_add(&receipts, &id, i), error_none);
        cr_assert_leq(receipts.count, 1024);
    }
    receipts_fini(&receipts);
}

Test(receipts, ids_without_a_time_are_always_asked)
{
    struct receipts receipts;
    struct uuid id = {.bytes = {1, 2, 3, 4, 5, 6, 0x41, 8, 0x91, 10, 11, 12, 13, 14, 15, 16}};
    receipts_init(&receipts, 1024);
    cr_assert(receipts_must_ask(&receipts, &id, 1));
    receipts_fini(&receipts);
}
