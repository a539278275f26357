/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The restart policy of `fluvius up`. */
#include "services/cli/restart.h"

#include <criterion/criterion.h>

Test(restart, the_first_is_immediate_then_the_delay_doubles_to_one_second)
{
    static const uint64_t expected_ms[] = {0, 100, 200, 400, 800, 1000, 1000};
    struct restart restart = {0};

    for (size_t i = 0; i < sizeof expected_ms / sizeof *expected_ms; i++) {
        cr_assert_eq(restart_delay_us(&restart, 1000), expected_ms[i] * 1000, "restart %zu", i);
    }
}

Test(restart, a_service_that_stayed_up_for_five_seconds_starts_from_the_beginning)
{
    struct restart restart = {0};

    restart_delay_us(&restart, 0);
    restart_delay_us(&restart, 0);
    cr_assert_eq(restart_delay_us(&restart, 4999999), 200000);
    cr_assert_eq(restart_delay_us(&restart, 5000000), 0);
    cr_assert_eq(restart_delay_us(&restart, 0), 100000);
}

Test(restart, bad_settings_are_not_tried_again)
{
    cr_assert(restart_is_useless(2, false));
    cr_assert_not(restart_is_useless(2, true));
    cr_assert(restart_is_useless(78, false));
    cr_assert(restart_is_useless(78, true));
    cr_assert_not(restart_is_useless(1, false));
    cr_assert_not(restart_is_useless(-1, false));
    cr_assert_not(restart_is_useless(0, true));
}
