/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The PostgreSQL backend: closing, and the table of its operations. */
#include "services/store/postgres.h"

#include <assert.h>
#include <stdlib.h>

struct postgres_store *postgres_of(const struct store *store)
{
    assert(store->ops == &store_postgres_ops);
    return (struct postgres_store *)store;
}

static void unit_free(struct postgres_unit *unit)
{
    if (unit->base.claim != NULL)
        postgres_release(&unit->base.store->base, unit->base.number);
    PQclear(unit->looked);
    unit_fini(&unit->base);
    free(unit);
}

static void server_fini(struct server *server)
{
    pg_close(&server->reader);
    pg_close(&server->beats);
    pthread_mutex_destroy(&server->mutex);
    address_fini(&server->address);
}

void postgres_close(struct store **base)
{
    struct postgres_store *store = postgres_of(*base);
    for (uint32_t number = 0; store->base.units != NULL && number < store->base.info.units; number++)
        if (store->base.units[number] != NULL)
            unit_free(postgres_unit_of(store->base.units[number]));
    pool_leave(store);
    for (uint32_t i = 0; i < store->server_count; i++)
        server_fini(&store->servers[i]);
    looks_fini(&store->base);
    free(store->base.units);
    free(store->servers);
    free(store->holder);
    free(store->member);
    free(store);
    *base = NULL;
}

static enum error postgres_maintain(struct store *store,
                                    uint32_t number,
                                    const struct store_snapshot_write *snapshots,
                                    size_t count,
                                    uint32_t budget_ms,
                                    bool *more,
                                    struct store_fault *fault)
{
    assert(unit_of(store, number)->claim != NULL);
    return unit_maintain(unit_of(store, number), snapshots, count, budget_ms, more, fault);
}

const struct store_ops store_postgres_ops = {
    .scheme = "postgresql",
    .partitions = 256,
    .units = 16,
    .open = postgres_open,
    .close = postgres_close,
    .info = unit_info,
    .claim = postgres_claim,
    .release = postgres_release,
    .append = postgres_append,
    .maintain = postgres_maintain,
    .read_stream = unit_read_stream,
    .read_events = unit_read_events,
    .look_stream = unit_look_stream,
    .read_log = unit_read_log,
    .read_heads = postgres_read_heads,
    .find_receipt = unit_find_receipt,
    .recent_receipts = unit_recent_receipts,
    .describe = unit_describe,
    .beat = postgres_beat,
    .lease_until = postgres_lease_until,
};
