/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest records in memory. */
#include "services/follow/ring.h"

#include <criterion/criterion.h>

static struct record record_at(uint32_t partition, uint64_t seq)
{
    static const uint8_t empty[] = {0x80};
    return (struct record){.partition = partition,
                           .seq = seq,
                           .version = seq,
                           .stream = {slice_text("r"), slice_text("n"), slice_text("s"), slice_text("i")},
                           .event = slice_text("e"),
                           .data = slice_of(empty, 1),
                           .command = slice_text("c"),
                           .user = slice_text("u")};
}

static bool put(struct ring *ring, uint32_t partition, uint64_t seq)
{
    struct record record = record_at(partition, seq);
    return ring_put(ring, &record);
}

Test(ring, keeps_records_by_partition_and_seq)
{
    struct ring *ring = ring_new(2, 1 << 20);
    for (uint64_t seq = 1; seq <= 100; seq++)
        cr_assert(put(ring, 1, seq));
    cr_expect_eq(ring_find(ring, 1, 77)->record.seq, 77);
    cr_expect_null(ring_find(ring, 1, 101));
    cr_expect_null(ring_find(ring, 0, 1));
    cr_expect_null(ring_find(ring, 1, 0));
    ring_free(&ring);
}

Test(ring, takes_only_the_next_record)
{
    struct ring *ring = ring_new(1, 1 << 20);
    ring_begin(ring, 0, 9);
    cr_expect_not(put(ring, 0, 9));
    cr_expect_not(put(ring, 0, 11));
    cr_expect(put(ring, 0, 10));
    cr_expect_eq(ring_end(ring, 0), 10);
    ring_free(&ring);
}

Test(ring, forgets_the_oldest_when_its_bytes_are_full)
{
    struct ring *ring = ring_new(2, 4096);
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        cr_assert(put(ring, 0, seq));
        cr_assert(put(ring, 1, seq));
        cr_assert_leq(ring_bytes(ring), 4096);
    }
    cr_expect_null(ring_find(ring, 0, 900));
    cr_expect_eq(ring_find(ring, 0, 1000)->record.seq, 1000);
    cr_expect_eq(ring_find(ring, 1, 999)->record.seq, 999);
    ring_free(&ring);
}

Test(ring, a_partition_that_begins_anew_has_nothing_of_what_it_had)
{
    struct ring *ring = ring_new(1, 4096);
    for (uint64_t seq = 1; seq <= 8; seq++)
        put(ring, 0, seq);
    ring_begin(ring, 0, 4);
    cr_expect_null(ring_find(ring, 0, 4));
    cr_expect_null(ring_find(ring, 0, 5));
    for (uint64_t seq = 5; seq <= 500; seq++) /* the old ones are dropped on the way */
        cr_assert(put(ring, 0, seq));
    cr_expect_eq(ring_find(ring, 0, 500)->record.seq, 500);
    ring_free(&ring);
}
