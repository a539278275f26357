/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases: receipts of decided commands. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/store/suite.h"

static struct store_receipt find(struct suite *suite, const char *name, const struct uuid *id)
{
    struct store_receipt receipt = {0};
    struct stream stream = model_stream(name);
    uint32_t unit = model_unit(&suite->model, name);
    enum error error = store_find_receipt(suite->store, unit, id, stream_hash(&stream), &receipt, &suite->fault);
    cr_assert(error == error_none || error == error_not_found, "%s", suite->fault.text);
    return receipt;
}

static void check_receipts(struct suite *suite)
{
    cr_assert(model_check_receipts(&suite->model, suite->store), "%s", suite->model.fault);
    for (uint32_t unit = 0; unit < suite->config.units; unit++)
        cr_assert(model_check_recent(&suite->model, suite->store, unit), "%s", suite->model.fault);
}

void case_receipt_is_found_at_once(struct suite *suite)
{
    struct uuid id = model_id(&suite->model);
    cr_assert(find(suite, "one", &id).seq == 0);
    model_command(&suite->model, "one", id, 1, status_ok);
    suite_append(suite);
    cr_assert(find(suite, "one", &id).seq == 1);
    check_receipts(suite);
}

void case_receipt_says_how_a_rejected_command_ended(struct suite *suite)
{
    struct uuid id = model_id(&suite->model);
    model_command(&suite->model, "one", model_id(&suite->model), 2, status_ok);
    model_command(&suite->model, "one", id, 0, status_rejected);
    suite_append(suite);
    struct store_receipt receipt = find(suite, "one", &id);
    cr_assert(receipt.status == status_rejected && receipt.version == 2 && receipt.seq == 3);
}

void case_receipt_is_of_one_stream_only(struct suite *suite)
{
    struct uuid id = model_id(&suite->model);
    model_command(&suite->model, "one", id, 2, status_ok);
    suite_append(suite);
    cr_assert(find(suite, "two", &id).seq == 0);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        model_command(&suite->model, name, id, 1, status_ok);
    }
    suite_append(suite);
    check_receipts(suite);
    suite_restart(suite, SUITE_CLOSED);
    check_receipts(suite);
    cr_assert(find(suite, "two", &id).seq == 0);
}

void case_receipt_is_on_the_last_record_of_its_command(struct suite *suite)
{
    struct uuid id = model_id(&suite->model);
    model_command(&suite->model, "one", id, 5, status_ok);
    suite_append(suite);
    struct store_receipt receipt = find(suite, "one", &id);
    cr_assert(receipt.seq == 5 && receipt.version == 5);
}

void case_receipts_are_found_after_close(struct suite *suite)
{
    suite_fill(suite, 60, 9);
    suite_restart(suite, SUITE_CLOSED);
    check_receipts(suite);
}

void case_receipts_are_found_after_a_kill(struct suite *suite)
{
    suite_fill(suite, 60, 9);
    suite_restart(suite, SUITE_KILLED);
    check_receipts(suite);
}

static void tighten(struct suite *suite)
{
    if (suite->backend->tighten != NULL)
        suite->backend->tighten(suite);
}

void case_receipts_are_found_in_runs(struct suite *suite)
{
    tighten(suite);
    for (int i = 0; i < 6; i++) {
        suite_fill(suite, 150, 9);
        suite_maintain(suite, 5);
        check_receipts(suite);
    }
    suite_restart(suite, SUITE_KILLED);
    check_receipts(suite);
    suite_restart(suite, SUITE_CLOSED);
    check_receipts(suite);
}

void case_receipts_with_other_ids_are_found_in_runs(struct suite *suite)
{
    tighten(suite);
    for (int i = 0; i < 400; i++) {
        bool other = model_below(&suite->model, 2) == 0;
        struct uuid id = other ? model_id_random(&suite->model) : model_id(&suite->model);
        model_command(&suite->model, "one", id, 1, status_ok);
        if (i % 10 == 9)
            suite_append(suite);
        if (i % 50 == 49)
            suite_maintain(suite, 5);
    }
    check_receipts(suite);
    suite_restart(suite, SUITE_KILLED);
    check_receipts(suite);
}

/* A client that was offline sends what it queued: ids of yesterday among those of now. */
void case_receipts_with_old_ids_are_found_in_runs(struct suite *suite)
{
    tighten(suite);
    for (int i = 0; i < 400; i++) {
        uint64_t now_ms = (uint64_t)suite->model.now_us / 1000;
        uint64_t ago_ms = i % 7 == 0 ? 86400000 - (uint64_t)i : model_below(&suite->model, 2000);
        model_command(&suite->model, "one", model_id_at(&suite->model, now_ms - ago_ms), 1, status_ok);
        if (i % 10 == 9)
            suite_append(suite);
        if (i % 50 == 49)
            suite_maintain(suite, 5);
    }
    check_receipts(suite);
    suite_restart(suite, SUITE_KILLED);
    check_receipts(suite);
}

void case_recent_receipts_leave_nothing_out_since_the_time_they_say(struct suite *suite)
{
    check_receipts(suite);
    for (int i = 0; i < 5; i++) {
        suite_fill(suite, 100, 4);
        suite_maintain(suite, 0);
        suite_restart(suite, i % 2 == 0 ? SUITE_KILLED : SUITE_CLOSED);
        check_receipts(suite);
    }
}
