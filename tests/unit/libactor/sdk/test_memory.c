/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The host takes no memory in steady state, an idle aggregate is small, and whichever allocation fails, nothing breaks.
 * The allocator is wrapped by the linker. */
#include "bench.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../../../examples/bank/bank.c"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long allocations, fail_at = -1;

static bool fails(void)
{
    return allocations++ == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

#define HOLDER "{'holder':{'given':'Ann','family':'Lee'}}"

Test(memory, deposits_take_no_memory_in_steady_state)
{
    struct bench bench = bench_open("account");
    bench_run(&bench, "open", HOLDER);
    struct slice data = bench_data(&bench, "{'amount':5}");
    for (int i = 0; i < 100; i++) {
        bench_decide_raw(&bench, "deposit", data);
        bench_apply_all(&bench);
    }
    long before = allocations;
    for (int i = 0; i < 10000; i++) {
        bench_decide_raw(&bench, "deposit", data);
        bench_apply_all(&bench);
    }
    long taken = allocations - before;
    cr_expect_eq(taken, 0, "%ld", taken);
    cr_expect_eq(aggregate_version(bench.aggregate), 10101);
    bench_close(&bench);
}

/* ---- rows ---- */

static struct buffer day;

static enum error find_day(void *context, struct slice key, struct slice *data)
{
    *data = day.size == 0 ? (struct slice){0} : buffer_slice(&day);
    return 0;
}

static enum error project(struct domain *domain, struct slice data, struct projection_result *result)
{
    struct domain_fault fault;
    const struct row_source source = {.find = find_day};
    struct projected_event event = {.resource = slice_text("account"),
                                    .event = slice_text("deposited"),
                                    .schema = 1,
                                    .data = data,
                                    .identifier = slice_text("17"),
                                    .version = 2};
    return projection_apply(domain_projection(domain, slice_text("activity")), &event, &source, result, &fault);
}

Test(memory, events_are_projected_without_taking_memory)
{
    struct bench bench = bench_open("account");
    struct projection_result result = {0};
    struct slice data = bench_data(&bench, "{'amount':5}");
    long before = 0;
    for (int i = 0; i < 10000; i++) {
        before = i == 100 ? allocations : before;
        cr_assert_eq(project(bench.domain, data, &result), 0);
        cr_assert_eq(result.count, 1);
        buffer_clear(&day);
        buffer_append(&day, result.changes[0].data.data, result.changes[0].data.size);
    }
    cr_expect_eq(allocations - before, 0, "%ld", allocations - before);
    cr_expect_not_null(strstr(bench_text(&bench, buffer_slice(&day)), "'deposits':10000,"));
    projection_fini(&result);
    buffer_fini(&day);
    bench_close(&bench);
}

Test(memory, any_allocation_of_a_projection_may_fail)
{
    struct bench bench = bench_open("account");
    struct slice data = bench_data(&bench, "{'amount':5}");
    int failures = 0;
    for (long at = 0; at < 1000; at++) {
        struct projection_result result = {0};
        allocations = 0;
        fail_at = at;
        enum error error = project(bench.domain, data, &result);
        bool reached = allocations > at;
        fail_at = -1;
        failures += error != 0;
        cr_assert(error == 0 ? result.count == 1 : error == error_no_memory && result.count == 0);
        projection_fini(&result);
        if (!reached)
            break;
    }
    cr_expect_gt(failures, 3);
    bench_close(&bench);
}

Test(memory, an_idle_account_is_small)
{
    struct bench bench = bench_open("account");
    bench_run(&bench, "open", HOLDER);
    cr_expect_lt(aggregate_bytes(bench.aggregate), 300, "%zu", aggregate_bytes(bench.aggregate));
    bench_close(&bench);
}

Test(memory, deposits_with_notes_hold_little)
{
    struct bench bench = bench_open("account");
    bench_run(&bench, "open", HOLDER);
    for (int i = 0; i < 1000; i++)
        bench_run(&bench, "deposit", "{'amount':5,'note':'a note of some length, as people write them'}");
    cr_expect_lt(aggregate_bytes(bench.aggregate), 1000, "%zu", aggregate_bytes(bench.aggregate));
    bench_close(&bench);
}

/* One life of a domain and an account; false when memory was out somewhere. All that succeeded must be right. */
static bool live(const uint8_t *open_data, size_t open_size, const uint8_t *note_data, size_t note_size)
{
    struct domain *domain = NULL;
    struct domain_fault fault;
    struct decision_result result = {0};
    struct buffer state = {0};
    enum error error = domain_new(&domain, fluvius_module_1(), &fault);
    if (error != 0) {
        cr_assert_eq(error, error_no_memory);
        return false;
    }
    const struct domain_resource *resource = domain_resource(domain, slice_text("account"));
    struct aggregate *aggregate = aggregate_new(resource);
    bool whole = aggregate != NULL;
    for (int i = 0; i < 20 && aggregate != NULL; i++) {
        uint64_t version = aggregate_version(aggregate);
        struct slice data = i == 0 ? slice_of(open_data, open_size) : slice_of(note_data, note_size);
        struct decision_input input = {.command = domain_command(resource, slice_text(i == 0 ? "open" : "deposit")),
                                       .data = data};
        aggregate_decide(aggregate, &input, &result);
        bool decided = result.outcome == DECISION_ACCEPTED && result.count == 1;
        cr_assert(decided || result.outcome == DECISION_TOO_LARGE || result.outcome == DECISION_REJECTED);
        if (decided)
            error = aggregate_apply(aggregate, slice_text(result.events[0].name), 1, result.events[0].data, &fault);
        cr_assert(!decided || error == 0 || error == error_no_memory);
        cr_assert_eq(aggregate_version(aggregate), version + (decided && error == 0));
        whole = whole && decided && error == 0;
    }
    if (aggregate != NULL) {
        error = aggregate_encode(aggregate, &state);
        cr_assert(error == 0 || error == error_no_memory);
        whole = whole && error == 0;
    }
    buffer_fini(&state);
    decision_fini(&result);
    aggregate_free(&aggregate);
    domain_free(&domain);
    return whole;
}

Test(memory, any_allocation_may_fail)
{
    struct bench bench = bench_open("account");
    struct buffer first = {0}, later = {0};
    cr_assert_eq(json_to_msgpack(slice_text("{\"holder\":{\"given\":\"Ann\",\"family\":\"Lee\"}}"), &first, NULL), 0);
    cr_assert_eq(json_to_msgpack(
                     slice_text("{\"amount\":5,\"note\":\"a note of some length that fills memory\"}"), &later, NULL),
                 0);
    int failures = 0;
    for (long at = 0; at < 10000; at++) {
        allocations = 0;
        fail_at = at;
        bool whole = live(first.data, first.size, later.data, later.size);
        bool reached = allocations > at;
        fail_at = -1;
        failures += !whole;
        cr_assert(reached || whole);
        if (!reached)
            break;
    }
    cr_expect_gt(failures, 20);
    buffer_fini(&first);
    buffer_fini(&later);
    bench_close(&bench);
}
