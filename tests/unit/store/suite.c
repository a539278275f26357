/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Opening, filling, restarting and checking a store for the cases of the differential suite. */
#include "tests/unit/store/suite.h"

#include <criterion/criterion.h>
#include <stdio.h>

void suite_open(struct suite *suite)
{
    enum error error = store_open(&suite->store, &suite->config, &suite->fault);
    cr_assert(error == error_none, "open: %s: %s", error_name(error), suite->fault.text);
}

/* Where processes share a log, one that claims must have said that it is alive. */
void suite_join(struct suite *suite)
{
    if (!store_has_pool(suite->store))
        return;
    struct store_pool *pool = NULL;
    struct store_beat alive = {.load = 0};
    enum error error = store_beat(suite->store, &alive, &pool, &suite->fault);
    cr_assert(error == error_none, "beat: %s: %s", error_name(error), suite->fault.text);
    store_pool_free(&pool);
}

void suite_claim_all(struct suite *suite)
{
    suite_join(suite);
    for (uint32_t unit = 0; unit < suite->config.units; unit++) {
        const struct store_claim *claim;
        enum error error = store_claim(suite->store, unit, &claim, &suite->fault);
        cr_assert(error == error_none, "claim: %s: %s", error_name(error), suite->fault.text);
        cr_assert(claim->unit == unit);
    }
}

static bool suite_reads(void *context, const struct store_kind *kind)
{
    const struct suite *suite = context;
    return suite->unread == 0 || kind->schema < suite->unread;
}

void suite_run(const struct suite_backend *backend, void (*run)(struct suite *suite))
{
    struct suite suite = {
        .backend = backend,
        .config = {.partitions = 5, .units = 2, .create = true, .holder = "suite", .incarnation = 77},
    };
    struct store_info info;
    suite.config.readers = (struct store_readers){.reads = suite_reads, .context = &suite};
    backend->prepare(&suite);
    suite_open(&suite);
    store_info(suite.store, &info);
    cr_assert(info.partitions == 5 && info.units == 2 && info.incarnation == 77);
    model_init(&suite.model, &info, 1);
    suite_claim_all(&suite);
    run(&suite);
    store_close(&suite.store);
    cr_assert(suite.store == NULL);
    model_fini(&suite.model);
    backend->clean(&suite);
}

void suite_restart(struct suite *suite, enum suite_restart how)
{
    suite->backend->restart(suite, how);
    suite_claim_all(suite);
}

void suite_append(struct suite *suite)
{
    enum error error = model_append(&suite->model, suite->store, &suite->fault);
    cr_assert(error == error_none, "append: %s: %s", error_name(error), suite->fault.text);
}

unsigned suite_maintain(struct suite *suite, uint32_t budget_ms)
{
    unsigned calls = 0;
    for (uint32_t unit = 0; unit < suite->config.units; unit++) {
        bool more;
        do {
            enum error error = store_maintain(suite->store, unit, NULL, 0, budget_ms, &more, &suite->fault);
            cr_assert(error == error_none, "maintain: %s: %s", error_name(error), suite->fault.text);
            calls++;
        } while (more);
    }
    return calls;
}

void suite_fill(struct suite *suite, unsigned commands, unsigned streams)
{
    struct model *model = &suite->model;
    for (unsigned i = 0; i < commands; i++) {
        char name[32];
        snprintf(name, sizeof name, "a%u", model_below(model, streams));
        uint32_t events = model_below(model, 4);
        model_command(model, name, model_id(model), events, events == 0 ? status_rejected : status_ok);
        if (model_below(model, 8) == 0)
            suite_append(suite);
    }
    suite_append(suite);
}

void suite_check(struct suite *suite)
{
    cr_assert(model_check(&suite->model, suite->store), "%s", suite->model.fault);
}
