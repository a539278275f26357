/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases: claiming units, appending, reading the log of a partition. */
#include <criterion/criterion.h>

#include "tests/unit/store/suite.h"

static const struct store_claim *claim_again(struct suite *suite, uint32_t unit)
{
    const struct store_claim *claim;
    store_release(suite->store, unit);
    cr_assert(store_claim(suite->store, unit, &claim, &suite->fault) == error_none, "%s", suite->fault.text);
    return claim;
}

void case_claim_raises_the_epoch(struct suite *suite)
{
    uint64_t first = claim_again(suite, 1)->epoch;
    cr_assert(claim_again(suite, 1)->epoch == first + 1);
    cr_assert(claim_again(suite, 0)->epoch == first, "each unit has its own epoch");
}

void case_claim_gives_heads_and_times(struct suite *suite)
{
    suite_fill(suite, 60, 10);
    for (uint32_t unit = 0; unit < 2; unit++) {
        const struct store_claim *claim = claim_again(suite, unit);
        for (uint32_t i = 0; i < claim->count; i++) {
            const struct store_partition *place = &claim->partitions[i];
            cr_assert(place->head == suite->model.partitions[place->partition].head);
            const struct store_record *last = model_record(&suite->model, place->partition, place->head);
            cr_assert(place->time_us == (last == NULL ? 0 : last->time_us));
        }
    }
}

void case_claim_gives_the_partitions_of_its_unit(struct suite *suite)
{
    const struct store_claim *claim = claim_again(suite, 0);
    cr_assert(claim->count == 3);
    cr_assert(claim->partitions[0].partition == 0 && claim->partitions[1].partition == 2 &&
              claim->partitions[2].partition == 4);
    claim = claim_again(suite, 1);
    cr_assert(claim->count == 2);
    cr_assert(claim->partitions[0].partition == 1 && claim->partitions[1].partition == 3);
}

void case_release_lets_the_next_owner_go_on(struct suite *suite)
{
    suite_fill(suite, 40, 5);
    claim_again(suite, 0);
    claim_again(suite, 1);
    suite_fill(suite, 40, 5);
    suite_check(suite);
}

void case_appends_come_back_byte_for_byte(struct suite *suite)
{
    suite_fill(suite, 100, 12);
    static const uint32_t pages[] = {1, 3, 1000};
    for (size_t i = 0; i < 3; i++)
        cr_assert(model_check_log(&suite->model, suite->store, pages[i]), "%s", suite->model.fault);
}

void case_append_of_nothing_changes_nothing(struct suite *suite)
{
    suite_fill(suite, 5, 2);
    cr_assert(store_append(suite->store, 0, NULL, 0, &suite->fault) == error_none);
    suite_check(suite);
}

void case_append_takes_partitions_in_any_order(struct suite *suite)
{
    static const char *const names[] = {"v", "b", "q", "x", "a", "y", "m", "c"};
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            model_command(&suite->model, names[i], model_id(&suite->model), 2, status_ok);
    suite_append(suite);
    suite_check(suite);
}

void case_large_and_empty_data_come_back(struct suite *suite)
{
    struct model *model = &suite->model;
    static const uint8_t large[700000] = {1, 0, 2};
    model_command(model, "big", model_id(model), 3, status_ok);
    model->records[0].data = slice_of(large, sizeof large);
    model->records[1].data = slice_of(NULL, 0);
    model->records[1].traceparent = slice_of(NULL, 0);
    model->records[2].user = slice_of(NULL, 0);
    suite_append(suite);
    suite_check(suite);
}

static enum error visit_none(void *context, const struct store_record *record)
{
    (void)record;
    ++*(unsigned *)context;
    return error_none;
}

static unsigned log_count(struct suite *suite, uint32_t partition, uint64_t after, uint32_t limit)
{
    unsigned visits = 0;
    cr_assert(store_read_log(suite->store, partition, after, limit, visit_none, &visits, &suite->fault) == error_none);
    return visits;
}

void case_log_of_an_empty_partition_is_empty(struct suite *suite)
{
    for (uint32_t partition = 0; partition < suite->config.partitions; partition++)
        cr_assert(log_count(suite, partition, 0, 10) == 0);
}

void case_log_after_the_head_is_empty(struct suite *suite)
{
    model_command(&suite->model, "a", model_id(&suite->model), 3, status_ok);
    suite_append(suite);
    uint32_t partition = model_partition(&suite->model, "a");
    cr_assert(log_count(suite, partition, 2, 10) == 1);
    cr_assert(log_count(suite, partition, 3, 10) == 0);
    cr_assert(log_count(suite, partition, 4000, 10) == 0);
    cr_assert(log_count(suite, partition, (UINT64_C(1) << 40) - 1, 10) == 0);
}

void case_log_page_of_none_is_empty(struct suite *suite)
{
    suite_fill(suite, 10, 2);
    cr_assert(log_count(suite, model_partition(&suite->model, "a0"), 0, 0) == 0);
}

static enum error visit_two(void *context, const struct store_record *record)
{
    (void)record;
    return ++*(unsigned *)context == 2 ? error_full : error_none;
}

void case_log_stops_with_the_visitors_error(struct suite *suite)
{
    model_command(&suite->model, "a", model_id(&suite->model), 5, status_ok);
    suite_append(suite);
    unsigned visits = 0;
    uint32_t partition = model_partition(&suite->model, "a");
    cr_assert(store_read_log(suite->store, partition, 0, 10, visit_two, &visits, &suite->fault) == error_full);
    cr_assert(visits == 2);
    suite_check(suite);
}

void case_log_can_be_read_without_a_claim(struct suite *suite)
{
    suite_fill(suite, 50, 6);
    store_release(suite->store, 0);
    store_release(suite->store, 1);
    cr_assert(model_check_log(&suite->model, suite->store, 10), "%s", suite->model.fault);
}

void case_streams_and_receipts_are_for_the_owner(struct suite *suite)
{
    struct store *store = suite->store;
    struct stream stream = model_stream("a1");
    struct uuid id = {{1}};
    struct store_receipt receipt;
    unsigned visits;
    store_release(store, 0);
    cr_assert(store_read_stream(store, 0, &stream, 1, 9, true, NULL, NULL, visit_none, &visits, NULL) == error_fenced);
    cr_assert(store_read_events(store, 0, &stream, 1, 0, 10, visit_none, &visits, NULL) == error_fenced);
    cr_assert(store_find_receipt(store, 0, &id, 1, &receipt, NULL) == error_fenced);
}
