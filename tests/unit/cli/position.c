/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Position tokens as starting places. */
#include "services/cli/position.h"

#include <criterion/criterion.h>

Test(position, each_place_sets_its_partition)
{
    uint64_t after[4] = {9, 9, 9, 9};

    cr_assert_eq(position_read("c0ffee:3.12,c0ffee:0.40", after, 4), error_none);
    cr_assert_eq(after[0], 40);
    cr_assert_eq(after[1], 9);
    cr_assert_eq(after[3], 12);
}

Test(position, the_highest_of_one_partition_counts)
{
    uint64_t after[1] = {0};

    cr_assert_eq(position_read("1:0.7,1:0.5", after, 1), error_none);
    cr_assert_eq(after[0], 7);
}

Test(position, other_texts_and_partitions_that_do_not_exist_are_refused)
{
    static const char *const texts[] = {"",
                                        "1",
                                        "1:",
                                        "1:0",
                                        "1:0.",
                                        ":0.1",
                                        "x:0.1",
                                        "1:4.1",
                                        "1:0.1,",
                                        "1:0.1 ",
                                        "1:-0.1",
                                        "1:0.-1",
                                        "1:0.99999999999999999999"};
    uint64_t after[4] = {0};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_expect_eq(position_read(texts[i], after, 4), error_invalid_data, "%s", texts[i]);
    }
}
