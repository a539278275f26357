/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Claiming a unit: over a connection of its own, whose backend the unit's row names from then on. What makes a claim
 * right, ending the backend of the owner before, looking at its lease, raising the epoch, is one function in the
 * server: a claimer that is stopped half-way holds nothing. */
#include <assert.h>
#include <stdlib.h>

#include "services/store/postgres.h"

enum { FINISH_ROWS = 4096 }; /* fewer are written at a release, so that the next owner need not scan them */

static enum error claim_answer(struct unit *unit, const PGresult *result, struct store_fault *fault)
{
    struct postgres_unit *postgres = postgres_unit_of(unit);
    struct slice refused = result_bytes(result, 0, 1);
    if (PQgetisnull(result, 0, 0))
        return fault_set(fault, error_locked, "%s: %.*s", unit->name, (int)refused.size, (const char *)refused.data);
    if (postgres->writer.warned)
        return fault_set(fault, error_unknown_outcome, "%s: claiming: %s", unit->name, postgres->writer.warning);
    unit->claim->epoch = result_number(result, 0, 0);
    return error_none;
}

static enum error epoch_raise(struct unit *unit, struct store_fault *fault)
{
    const struct postgres_store *store = postgres_store_of(unit);
    struct pg_link *link = &postgres_unit_of(unit)->writer;
    struct parameters parameters = {0};
    PGresult *result;
    parameter_number(&parameters, unit->number);
    parameter_number(&parameters, store->boot);
    parameter_bytes(&parameters, slice_text(store->holder));
    link->warned = false;
    enum error error = pg_run(link, PG_CLAIM, &parameters, &result, "claiming", fault);
    if (error != error_none)
        return error;
    error = claim_answer(unit, result, fault);
    PQclear(result);
    return error;
}

/* So that the next claim need not wait for our lease to end. It changes nothing if another has claimed since. */
static void owner_clear(struct unit *unit)
{
    struct parameters parameters = {0};
    parameter_number(&parameters, unit->number);
    parameter_number(&parameters, unit->claim->epoch);
    parameter_number(&parameters, postgres_store_of(unit)->boot);
    pg_run(&postgres_unit_of(unit)->writer, PG_RELEASE, &parameters, NULL, "releasing", NULL);
}

/* Forgets everything that belongs to a claim. */
static void claim_leave(struct unit *unit)
{
    struct postgres_unit *postgres = postgres_unit_of(unit);
    pg_close(&postgres->writer);
    free(postgres->rows);
    postgres->rows = NULL;
    postgres->rows_size = postgres->rows_capacity = 0;
    unit_leave(unit);
}

static enum error claim_make(struct unit *unit, struct store_fault *fault)
{
    struct postgres_unit *postgres = postgres_unit_of(unit);
    enum error error = server_connect(&postgres->writer, postgres_store_of(unit), postgres->server, fault);
    if (error == error_none)
        error = epoch_raise(unit, fault);
    if (error != error_none)
        return error;
    append_prepare(postgres);
    error = unit_recover(unit, fault);
    if (error != error_none)
        owner_clear(unit);
    return error;
}

enum error
postgres_claim(struct store *store, uint32_t number, const struct store_claim **out, struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    assert(number < unit->store->info.units && unit->claim == NULL);
    enum error error = unit_enter(unit, fault);
    if (error == error_none)
        error = claim_make(unit, fault);
    if (error != error_none) {
        claim_leave(unit);
        return error;
    }
    unit_own(unit);
    *out = unit->claim;
    return error_none;
}

/* After a lost connection or an unknown outcome the row stays as it is: who claims next must end that backend first. */
void postgres_release(struct store *store, uint32_t number)
{
    struct unit *unit = unit_of(store, number);
    assert(unit->claim != NULL);
    if (pg_is_open(&postgres_unit_of(unit)->writer)) {
        if (unit->tail.rows <= FINISH_ROWS)
            unit_maintain_finish(unit);
        owner_clear(unit);
    }
    claim_leave(unit);
}
