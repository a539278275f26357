/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases: histories made from a seed, with maintenance and restarts in between, against the model. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/store/suite.h"

static void tighten(struct suite *suite)
{
    if (suite->backend->tighten != NULL)
        suite->backend->tighten(suite);
}

static bool maintain_once(struct suite *suite, uint32_t unit)
{
    bool more;
    enum error error = store_maintain(suite->store, unit, NULL, 0, 0, &more, &suite->fault);
    cr_assert(error == error_none, "%s", suite->fault.text);
    return more;
}

void case_maintenance_in_slices_changes_nothing_that_is_read(struct suite *suite)
{
    tighten(suite);
    suite_fill(suite, 600, 200);
    for (uint32_t unit = 0; unit < 2; unit++)
        while (maintain_once(suite, unit))
            suite_check(suite);
    suite_check(suite);
    suite_fill(suite, 300, 200);
    while (maintain_once(suite, 1))
        suite_fill(suite, 2, 200);
    suite_check(suite);
}

void case_restart_after_close_changes_nothing(struct suite *suite)
{
    for (int i = 0; i < 3; i++) {
        suite_fill(suite, 100, 30);
        suite_restart(suite, SUITE_CLOSED);
        suite_check(suite);
    }
}

void case_restart_after_a_kill_changes_nothing(struct suite *suite)
{
    for (int i = 0; i < 3; i++) {
        suite_fill(suite, 100, 30);
        suite_restart(suite, SUITE_KILLED);
        suite_check(suite);
    }
}

void case_kill_in_the_middle_of_maintenance_changes_nothing(struct suite *suite)
{
    for (int i = 0; i < 4; i++) {
        tighten(suite);
        suite_fill(suite, 300, 300);
        maintain_once(suite, 0);
        maintain_once(suite, 1);
        suite_fill(suite, 20, 300);
        suite_restart(suite, SUITE_KILLED);
        suite_check(suite);
    }
}

void case_append_works_without_maintenance(struct suite *suite)
{
    tighten(suite);
    suite_fill(suite, 1500, 300);
    suite_check(suite);
    suite_restart(suite, SUITE_KILLED);
    suite_check(suite);
}

static void step(struct suite *suite)
{
    struct model *model = &suite->model;
    char name[32];
    snprintf(name, sizeof name, "a%u", model_below(model, 60));
    switch (model_below(model, 16)) {
    case 0:
        maintain_once(suite, model_below(model, 2));
        break;
    case 1:
        cr_assert(model_check_events(model, suite->store, name, 1 + model_below(model, 9)), "%s", model->fault);
        break;
    case 2:
        cr_assert(model_check_stream(model, suite->store, name, model_below(model, 20)), "%s", model->fault);
        break;
    case 3:
        cr_assert(model_check_recent(model, suite->store, model_below(model, 2)), "%s", model->fault);
        break;
    case 4:
        if (model_below(model, 8) == 0)
            suite_restart(suite, model_below(model, 2) == 0 ? SUITE_CLOSED : SUITE_KILLED);
        tighten(suite);
        break;
    default:
        suite_fill(suite, 1 + model_below(model, 12), 60);
    }
}

void case_random_history_agrees_with_the_model(struct suite *suite)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        suite->model.random = seed;
        tighten(suite);
        for (int i = 0; i < 150; i++)
            step(suite);
        suite_check(suite);
    }
}
