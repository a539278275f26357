/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Exchanges are pooled, and the pool keeps little. */
#include "services/gateway/exchange.h"

#include <criterion/criterion.h>

static struct exchange_pool pool;

static void finish(void)
{
    exchange_pool_fini(&pool);
}
TestSuite(exchange, .fini = finish);

Test(exchange, last_hold_gives_it_back)
{
    struct exchange *exchange = exchange_new(&pool);
    exchange_hold(exchange);
    exchange_release(&pool, exchange);
    cr_assert_eq(pool.open, 1);
    exchange_release(&pool, exchange);
    cr_assert_eq(pool.open, 0);
    cr_assert_eq(pool.count, 1);
    cr_assert_eq(exchange_new(&pool), exchange);
    exchange_release(&pool, exchange);
}

Test(exchange, next_one_starts_clean_with_the_buffers_kept)
{
    struct exchange *exchange = exchange_new(&pool);
    buffer_append_text(&exchange->body, "{}");
    buffer_append_text(&exchange->call.answer.body, "x");
    head_add(&exchange->call.head, slice_text("Host"), slice_text("a"));
    exchange->state = EXCHANGE_SENT;
    exchange->discarded = 5;
    exchange_release(&pool, exchange);
    exchange = exchange_new(&pool);
    cr_assert_eq(exchange->state, EXCHANGE_NEW);
    cr_assert_eq(exchange->discarded, 0);
    cr_assert_eq(exchange->body.size, 0);
    cr_assert_not_null(exchange->body.data);
    cr_assert_eq(exchange->call.answer.body.size, 0);
    cr_assert_not(exchange->call.head.seen[HEADER_HOST]);
    exchange_release(&pool, exchange);
}

Test(exchange, large_buffers_are_not_kept)
{
    struct exchange *exchange = exchange_new(&pool);
    cr_assert(buffer_reserve(&exchange->body, 100000));
    cr_assert(buffer_reserve(&exchange->call.answer.body, 100000));
    exchange_release(&pool, exchange);
    cr_assert_null(exchange->body.data);
    cr_assert_null(exchange->call.answer.body.data);
}

Test(exchange, pool_is_bounded)
{
    static struct exchange *many[600];
    for (int i = 0; i < 600; i++)
        many[i] = exchange_new(&pool);
    for (int i = 0; i < 600; i++)
        exchange_release(&pool, many[i]);
    cr_assert_eq(pool.count, 512);
}
