/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Exchanges and their pool: see exchange.h. */
#include "services/gateway/exchange.h"

#include <assert.h>
#include <stdlib.h>

#define POOL_MAX 512          /* free exchanges kept */
#define BUFFER_KEEP_MAX 16384 /* bytes of a buffer kept with one */

static struct exchange *pool_take(struct exchange_pool *pool)
{
    struct exchange *exchange = pool->free;
    if (exchange == NULL)
        return calloc(1, sizeof *exchange);
    pool->free = (struct exchange *)exchange->node.next;
    pool->count--;
    return exchange;
}

struct exchange *exchange_new(struct exchange_pool *pool)
{
    struct exchange *exchange = pool_take(pool);
    if (exchange == NULL)
        return NULL;
    struct buffer body = exchange->body;
    call_reset(&exchange->call);
    memset(exchange, 0, offsetof(struct exchange, body));
    buffer_clear(&body);
    exchange->body = body;
    exchange->state = EXCHANGE_NEW;
    exchange->again = false;
    exchange->holds = 1;
    pool->open++;
    return exchange;
}

void exchange_hold(struct exchange *exchange)
{
    exchange->holds++;
}

static void buffer_shrink(struct buffer *buffer)
{
    if (buffer->capacity > BUFFER_KEEP_MAX)
        buffer_fini(buffer);
}

static void exchange_free(struct exchange *exchange)
{
    buffer_fini(&exchange->body);
    call_fini(&exchange->call);
    free(exchange);
}

void exchange_release(struct exchange_pool *pool, struct exchange *exchange)
{
    assert(exchange->holds > 0);
    if (--exchange->holds > 0)
        return;
    pool->open--;
    if (pool->count >= POOL_MAX) {
        exchange_free(exchange);
        return;
    }
    buffer_shrink(&exchange->body);
    buffer_shrink(&exchange->call.data);
    buffer_shrink(&exchange->call.scope);
    buffer_shrink(&exchange->call.mcp.message);
    buffer_shrink(&exchange->call.mcp.names);
    buffer_shrink(&exchange->call.mcp.content);
    buffer_shrink(&exchange->call.answer.body);
    buffer_shrink(&exchange->call.answer.fields);
    exchange->node.next = (struct inbox_node *)pool->free;
    pool->free = exchange;
    pool->count++;
}

void exchange_pool_fini(struct exchange_pool *pool)
{
    while (pool->free != NULL)
        exchange_free(pool_take(pool));
}
