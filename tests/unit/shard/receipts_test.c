/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The receipts in memory, against a plain reading of their promise: an id whose time is at or above the watermark is
 * found if it was ever added. */
#include "services/shard/receipts.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct uuid id_at(uint64_t ms, uint32_t number)
{
    uint8_t random[10] = {0};
    memcpy(random + 6, &number, sizeof number);
    return uuid_v7(ms, random);
}

static struct store_receipt receipt_of(struct uuid id, uint64_t seq)
{
    return (struct store_receipt){.id = id,
                                  .stream_hash = seq * 31,
                                  .partition = (uint32_t)seq % 16,
                                  .seq = seq,
                                  .version = seq * 2,
                                  .status = status_rejected,
                                  .hash = {1, 2, 3}};
}

Test(receipts, a_receipt_is_found_by_id_and_stream)
{
    struct receipts receipts;
    receipts_init(&receipts, 4096);
    struct store_receipt receipt = receipt_of(id_at(5000, 1), 7);
    struct store_receipt found;
    cr_assert_not(receipts_find(&receipts, &receipt.id, receipt.stream_hash, &found));
    cr_assert_eq(receipts_add(&receipts, &receipt), error_none);
    cr_assert(receipts_find(&receipts, &receipt.id, receipt.stream_hash, &found));
    cr_assert_eq(memcmp(&found, &receipt, sizeof found), 0);
    cr_assert_not(receipts_find(&receipts, &receipt.id, receipt.stream_hash + 1, &found));
    receipts_fini(&receipts);
}

Test(receipts, what_is_not_kept_must_be_asked_and_what_need_not_be_asked_is_kept)
{
    struct receipts receipts;
    enum { COUNT = 20000 };
    struct store_receipt *all = calloc(COUNT, sizeof *all);
    receipts_init(&receipts, 2048);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t skew = i % 7 == 0 ? 60000 : 0; /* a client whose clock runs ahead */
        all[i] = receipt_of(id_at(1000000 + i + skew, i), i + 1);
        cr_assert_eq(receipts_add(&receipts, &all[i]), error_none);
        cr_assert_leq(receipts.count, 2048);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        struct store_receipt receipt;
        bool found = receipts_find(&receipts, &all[i].id, all[i].stream_hash, &receipt);
        cr_assert(found || receipts_must_ask(&receipts, &all[i].id));
    }
    free(all);
    receipts_fini(&receipts);
}

Test(receipts, receipts_of_one_time_do_not_fill_the_table_for_ever)
{
    struct receipts receipts;
    receipts_init(&receipts, 1024);
    for (uint32_t i = 0; i < 5000; i++) {
        struct store_receipt receipt = receipt_of(id_at(777, i), i + 1);
        cr_assert_eq(receipts_add(&receipts, &receipt), error_none);
        cr_assert_leq(receipts.count, 1024);
    }
    receipts_fini(&receipts);
}

Test(receipts, ids_without_a_time_are_always_asked)
{
    struct receipts receipts;
    struct uuid id = {.bytes = {1, 2, 3, 4, 5, 6, 0x41, 8, 0x91, 10, 11, 12, 13, 14, 15, 16}};
    receipts_init(&receipts, 1024);
    cr_assert(receipts_must_ask(&receipts, &id));
    receipts_fini(&receipts);
}
