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
    unsigned visits = 0;
    struct store_look look = {
        .stream = &stream, .stream_hash = stream_hash(&stream), .limit = 9, .visit = visit_two, .context = &visits};
    struct store_head head = {.head = 7};
    model_command(&suite->model, "one", model_id(&suite->model), 9, status_ok);
    suite_append(suite);
    cr_assert(store_look_stream(suite->store, &look, &head, NULL) == error_full);
    cr_assert(visits == 2 && head.version == 9);
    look.after_version = 5;
    cr_assert(store_look_stream(suite->store, &look, &head, NULL) == error_none);
    cr_assert(visits == 6 && head.version == 9);
    look.after_version = look.limit = 0;
    cr_assert(store_look_stream(suite->store, &look, NULL, NULL) == error_none);
    cr_assert(visits == 6);
}

/* Further back than one call goes; with tightened limits that is CHAIN_SPAN versions. */
void case_look_comes_to_what_is_far_in_several_calls(struct suite *suite)
{
    static const char *const names[] = {"one", "two"};
    struct store *beside = beside_open(suite);
    tighten(suite, beside);
    for (int i = 0; i < 130; i++) {
        model_command(&suite->model, names[0], model_id(&suite->model), 100, status_ok);
        model_command(&suite->model, names[1], model_id(&suite->model), 100, status_ok);
        suite_append(suite);
    }
    for (int i = 0; i < 2; i++)
        look_at(suite, beside, names[i], 5000);
    beside_close(suite, beside);
}

/* ---- snapshots ---- */

struct taking {
    bool take;
    uint64_t offered, first, last; /* versions */
};

static bool snapshot_offered(void *context, const struct store_snapshot *snapshot)
{
    struct taking *taking = context;
    cr_assert(slice_is(snapshot->state, "four") && snapshot->fingerprint == 99);
    taking->offered = snapshot->version;
    return taking->take;
}

static enum error event_taken(void *context, const struct store_record *record)
{
    struct taking *taking = context;
    taking->first = taking->first == 0 ? record->version : taking->first;
    taking->last = record->version;
    return error_none;
}

/* Looks at "one", of 7 events with a snapshot at 4. */
static struct taking take_from(struct suite *suite, struct store *store, uint64_t after, uint32_t limit, bool take)
{
    struct stream stream = model_stream("one");
    struct taking taking = {.take = take};
    struct store_look look = {.stream = &stream,
                              .stream_hash = stream_hash(&stream),
                              .after_version = after,
                              .limit = limit,
                              .take = snapshot_offered,
                              .visit = event_taken,
                              .context = &taking};
    struct store_head head = {0};
    cr_assert(store_look_stream(store, &look, &head, &suite->fault) == error_none, "%s", suite->fault.text);
    cr_assert(head.version == 7);
    return taking;
}

static bool taking_is(struct taking taking, uint64_t offered, uint64_t first, uint64_t last)
{
    return taking.offered == offered && taking.first == first && taking.last == last;
}

static void snapshot_at_four(struct suite *suite)
{
    const struct store_record *event = model_event(&suite->model, "one", 4);
    struct store_snapshot_write write = {.partition = event->partition,
                                         .stream = event->stream,
                                         .stream_hash = event->stream_hash,
                                         .snapshot = {.version = 4,
                                                      .seq = event->seq,
                                                      .time_us = event->time_us,
                                                      .fingerprint = 99,
                                                      .state = slice_text("four")}};
    bool more;
    uint32_t unit = model_unit(&suite->model, "one");
    cr_assert(store_maintain(suite->store, unit, &write, 1, 50, &more, &suite->fault) == error_none);
}

void case_look_offers_the_snapshot_and_begins_after_it_when_it_is_taken(struct suite *suite)
{
    struct store *beside = beside_open(suite);
    model_command(&suite->model, "one", model_id(&suite->model), 7, status_ok);
    suite_append(suite);
    cr_assert(taking_is(take_from(suite, beside, 0, 99, true), 0, 1, 7), "there is none yet");
    snapshot_at_four(suite);
    cr_assert(taking_is(take_from(suite, beside, 0, 99, true), 4, 5, 7));
    cr_assert(taking_is(take_from(suite, beside, 0, 2, true), 4, 5, 6));
    cr_assert(taking_is(take_from(suite, beside, 0, 99, false), 4, 1, 7), "not taken");
    cr_assert(taking_is(take_from(suite, beside, 3, 99, true), 4, 5, 7));
    cr_assert(taking_is(take_from(suite, beside, 4, 99, true), 0, 5, 7), "it tells nothing new");
    suite_maintain(suite, 5);
    cr_assert(taking_is(take_from(suite, beside, 0, 99, true), 4, 5, 7), "the head is in the index too");
    beside_close(suite, beside);
}
