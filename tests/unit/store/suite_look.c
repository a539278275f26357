/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases: reading a stream without owning its unit, beside the process that appends to it. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/store/suite.h"

/* The store as another process has it; the memory store has no other. */
static struct store *beside_open(struct suite *suite)
{
    struct store_config config = {.url = suite->config.url, .holder = "beside", .member = "beside", .boot = 9999};
    struct store *store = suite->store;
    if (strcmp(config.url, "memory:") == 0)
        return store;
    enum error error = store_open(&store, &config, &suite->fault);
    cr_assert(error == error_none, "open beside: %s", suite->fault.text);
    return store;
}

static void beside_close(struct suite *suite, struct store *store)
{
    if (store != suite->store)
        store_close(&store);
}

static void look_at(struct suite *suite, struct store *store, const char *name, uint32_t page)
{
    cr_assert(model_check_look(&suite->model, store, name, page), "%s", suite->model.fault);
}

/* Streams "a0" and so on, as suite_fill makes them, and one that is not there. */
static void look_at_all(struct suite *suite, struct store *store, unsigned streams)
{
    char name[16];
    for (unsigned i = 0; i < streams; i++) {
        snprintf(name, sizeof name, "a%u", i);
        look_at(suite, store, name, 3 + i);
    }
    look_at(suite, store, "nobody", 9);
}

void case_look_sees_at_once_what_another_appended(struct suite *suite)
{
    struct store *beside = beside_open(suite);
    look_at_all(suite, beside, 20);
    for (int round = 0; round < 30; round++) {
        suite_fill(suite, 5, 20);
        look_at_all(suite, beside, 20);
    }
    beside_close(suite, beside);
}

static void tighten(struct suite *suite, struct store *store)
{
    struct store *own = suite->store;
    suite->store = store;
    if (suite->backend->tighten != NULL)
        suite->backend->tighten(suite);
    suite->store = own;
}

static void maintain_a_little(struct suite *suite)
{
    bool more;
    for (uint32_t unit = 0; unit < suite->config.units; unit++)
        cr_assert(store_maintain(suite->store, unit, NULL, 0, 0, &more, &suite->fault) == error_none);
}

static void look_beside_maintenance(struct suite *suite, struct store *beside)
{
    tighten(suite, suite->store);
    for (int round = 0; round < 12; round++) {
        suite_fill(suite, 80, 150);
        maintain_a_little(suite);
        look_at_all(suite, beside, 150);
        suite_maintain(suite, 1);
        look_at_all(suite, beside, 150);
    }
    beside_close(suite, beside);
}

void case_look_agrees_while_the_index_moves(struct suite *suite)
{
    look_beside_maintenance(suite, beside_open(suite));
}

void case_look_agrees_when_it_may_keep_little(struct suite *suite)
{
    struct store *beside = beside_open(suite);
    tighten(suite, beside);
    look_beside_maintenance(suite, beside);
}

void case_look_needs_no_claim(struct suite *suite)
{
    suite_fill(suite, 50, 6);
    store_release(suite->store, 0);
    store_release(suite->store, 1);
    look_at_all(suite, suite->store, 6);
}

/* Longer than what is scanned in one read, and than the index covers by then or not; other streams stand among it. */
void case_look_reads_a_long_stream_in_pages(struct suite *suite)
{
    struct store *beside = beside_open(suite);
    for (int i = 0; i < 90; i++) {
        model_command(&suite->model, "long", model_id(&suite->model), 100, status_ok);
        suite_fill(suite, 3, 9);
        if (i == 10)
            look_at(suite, beside, "long", 1000);
    }
    look_at(suite, beside, "long", 1000);
    tighten(suite, suite->store);
    suite_maintain(suite, 5);
    suite_fill(suite, 3, 9);
    look_at(suite, beside, "long", 4096);
    look_at_all(suite, beside, 9);
    beside_close(suite, beside);
}

static enum error visit_two(void *context, const struct store_record *record)
{
    (void)record;
    return ++*(unsigned *)context == 2 ? error_full : error_none;
}

void case_look_stops_with_the_visitors_error(struct suite *suite)
{
    struct stream stream = model_stream("one");
    uint64_t hash = stream_hash(&stream);
    struct store_head head = {.head = 7};
    unsigned visits = 0;
    model_command(&suite->model, "one", model_id(&suite->model), 9, status_ok);
    suite_append(suite);
    cr_assert(store_look_stream(suite->store, &stream, hash, 0, 9, &head, visit_two, &visits, NULL) == error_full);
    cr_assert(visits == 2 && head.version == 9);
    cr_assert(store_look_stream(suite->store, &stream, hash, 5, 9, &head, visit_two, &visits, NULL) == error_none);
    cr_assert(visits == 6 && head.version == 9);
    cr_assert(store_look_stream(suite->store, &stream, hash, 0, 0, NULL, visit_two, &visits, NULL) == error_none);
    cr_assert(visits == 6);
}
