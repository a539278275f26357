/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What belongs to a claim in memory. */
#include "services/store/unit.h"

#include <assert.h>
#include <stdlib.h>

void unit_init(struct unit *unit, struct unit_store *store, uint32_t number, char *name)
{
    unit->store = store;
    unit->number = number;
    unit->count = unit_partitions(&store->info, number);
    unit->name = name;
    pthread_mutex_init(&unit->mutex, NULL);
}

void unit_fini(struct unit *unit)
{
    if (unit->store == NULL)
        return;
    chains_free(&unit->chains);
    pthread_mutex_destroy(&unit->mutex);
    free(unit->name);
    unit->store = NULL;
}

enum error unit_enter(struct unit *unit, struct store_fault *fault)
{
    unit->claim = claim_new(&unit->store->info, unit->number);
    unit->heads = calloc(unit->count, sizeof unit->heads[0]);
    unit->tail.frozen_heads = calloc(unit->count, sizeof unit->tail.frozen_heads[0]);
    if (unit->claim == NULL || unit->heads == NULL || unit->tail.frozen_heads == NULL)
        return fault_set(fault, error_no_memory, "%s: no memory for its claim", unit->name);
    return error_none;
}

void unit_own(struct unit *unit)
{
    pthread_mutex_lock(&unit->mutex);
    unit->claimed = true;
    pthread_mutex_unlock(&unit->mutex);
}

void unit_leave(struct unit *unit)
{
    pthread_mutex_lock(&unit->mutex);
    unit->claimed = false;
    tail_fini(&unit->tail);
    receipt_set_fini(&unit->pending);
    kind_set_fini(&unit->kinds);
    free(unit->heads);
    unit->heads = NULL;
    pthread_mutex_unlock(&unit->mutex);
    free(unit->claim);
    free(unit->order);
    free(unit->order_scratch);
    unit->claim = NULL;
    unit->order = unit->order_scratch = NULL;
    unit->order_capacity = 0;
}

void unit_info(const struct store *store, struct store_info *out)
{
    *out = ((const struct unit_store *)store)->info;
}

enum error unit_describe(
    struct store *store, uint32_t number, uint64_t fingerprint, struct slice description, struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    assert(unit->claim != NULL);
    enum error error = writing(unit)->begin(unit, fault);
    if (error != error_none)
        return error;
    error = writing(unit)->put_module(unit, fingerprint, description, fault);
    if (error == error_none)
        return writing(unit)->commit(unit, fault);
    writing(unit)->rollback(unit);
    return error;
}
