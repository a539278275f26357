/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Frames of work that overtook each other come out in the broker's order, and one that never comes holds nobody long.
 */
#include "services/common/order.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct order order;
static uint64_t given[16];
static int count;

static void keep(struct work_mail *mail)
{
    while (mail != NULL) {
        struct work_mail *later = mail->later;
        given[count++] = mail->number;
        free(mail);
        mail = later;
    }
}

static void come(uint64_t number, uint64_t now_us)
{
    keep(order_take(&order, calloc(1, sizeof(struct work_mail)), number, now_us));
}

static void expect(int expected, const uint64_t *numbers)
{
    cr_assert_eq(count, expected);
    for (int i = 0; i < expected; i++)
        cr_assert_eq(given[i], numbers[i]);
}

static void begin(void)
{
    count = 0;
    order_reset(&order);
}

static void end(void)
{
    order_reset(&order);
}

TestSuite(order, .init = begin, .fini = end);

Test(order, frames_that_overtook_each_other_come_out_in_order)
{
    come(2, 0);
    come(4, 0);
    come(3, 0);
    expect(0, NULL);
    come(1, 0);
    expect(4, (const uint64_t[]){1, 2, 3, 4});
    come(5, 0);
    expect(5, (const uint64_t[]){1, 2, 3, 4, 5});
}

Test(order, frames_without_a_number_pass)
{
    come(2, 0);
    come(0, 0);
    expect(1, (const uint64_t[]){0});
}

Test(order, a_broker_that_counts_anew_is_followed)
{
    come(1, 0);
    come(2, 0);
    come(3, 0);
    come(1, 0);
    come(2, 0);
    expect(5, (const uint64_t[]){1, 2, 3, 1, 2});
}

Test(order, a_frame_that_never_comes_holds_others_for_a_moment_only)
{
    come(1, 0);
    come(4, 1000);
    come(3, 2000);
    keep(order_release(&order, 1000 + ORDER_HOLD_US - 1));
    expect(1, (const uint64_t[]){1});
    keep(order_release(&order, 1000 + ORDER_HOLD_US));
    come(5, 200000);
    expect(4, (const uint64_t[]){1, 3, 4, 5});
}

Test(order, another_connection_begins_at_one)
{
    come(1, 0);
    come(3, 0);
    order_reset(&order);
    come(1, 0);
    expect(2, (const uint64_t[]){1, 1});
}
