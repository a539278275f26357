/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases: units are given only to processes that can read the kinds of events in them. */
#include <criterion/criterion.h>

#include "tests/unit/store/suite.h"

static bool holds(const struct suite *suite, uint32_t unit, uint32_t schema)
{
    const struct model *model = &suite->model;
    for (size_t i = 0; i < model->committed; i++)
        if (model->records[i].partition % model->info.units == unit && model->records[i].event.size != 0 &&
            model->records[i].schema >= schema)
            return true;
    return false;
}

/* Claims each unit with a module that reads versions below schema only; leaves the units unclaimed. */
static void claim_below(struct suite *suite, uint32_t schema)
{
    suite->unread = schema;
    suite_join(suite);
    for (uint32_t unit = 0; unit < suite->config.units; unit++) {
        const struct store_claim *claim;
        enum error error = store_claim(suite->store, unit, &claim, &suite->fault);
        cr_assert_eq(
            error, holds(suite, unit, schema) ? error_unreadable : error_none, "unit %u: %s", unit, error_name(error));
        if (error == error_none)
            store_release(suite->store, unit);
        else
            cr_assert(
                strstr(suite->fault.text, "bank.account's event money-deposited") != NULL, "%s", suite->fault.text);
    }
    suite->unread = 0;
}

void case_unit_is_given_only_to_who_reads_its_events(struct suite *suite)
{
    for (unsigned round = 0; round < 6; round++) {
        for (uint32_t schema = 1; schema <= 3; schema++) {
            suite->backend->restart(suite, round % 2 == 0 ? SUITE_CLOSED : SUITE_KILLED);
            claim_below(suite, schema);
            suite_claim_all(suite);
        }
        suite_fill(suite, 2, 5);
    }
    suite_check(suite);
}

void case_refused_claim_changes_nothing(struct suite *suite)
{
    suite_fill(suite, 60, 9);
    suite->backend->restart(suite, SUITE_CLOSED);
    claim_below(suite, 1);
    suite_claim_all(suite);
    suite_check(suite);
    suite_fill(suite, 60, 9);
    suite_restart(suite, SUITE_KILLED);
    suite_check(suite);
}
