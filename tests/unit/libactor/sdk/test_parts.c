/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain may be spread over several files that share records through a header. */
#include "bench.h"

#include "parts.h"

DOMAIN(depot, "In two files.");
AGGREGATE(truck, "", OPTIONAL(amount_of, load));
COMMAND(truck, load_up, ("", .creates = true), FIELD(amount_of, amount));
EVENT(truck, was_loaded, "", FIELD(amount_of, amount));

static verdict decide_load_up(const truck *state, const load_up *command, decision *out)
{
    return emit(out, was_loaded, .amount = command->amount);
}

static void apply_was_loaded(truck *state, const was_loaded *event)
{
    state->load = (amount_of_optional)SOME(event->amount);
}

PROJECT(flow, was_loaded);

static void project_flow_was_loaded(flow_rows *rows, const was_loaded *event)
{
    flow *row = row_change(rows, TEXT("all"));
    row_add(row, moves, 1);
    row_add(row, pieces, -event->amount.count);
}

Test(parts, aggregates_of_several_files_make_one_domain)
{
    struct bench store = bench_open("store_room"), truck_bench = bench_open("truck");
    bench_run(&store, "put_in", "{'amount':{'count':3,'unit':'m3'}}");
    cr_expect_str_eq(bench_state(&store), "{'content':[{'count':3,'unit':'m3'}]}");
    bench_run(&truck_bench, "load_up", "{'amount':{'count':1,'unit':'piece'}}");
    cr_expect_str_eq(bench_state(&truck_bench), "{'load':{'count':1,'unit':'piece'}}");
    cr_expect_eq(domain_fingerprint(store.domain), domain_fingerprint(truck_bench.domain));
    bench_close(&store);
    bench_close(&truck_bench);
}

static struct buffer row;

static enum error find_row(void *context, struct slice key, struct slice *data)
{
    *data = row.size == 0 ? (struct slice){0} : buffer_slice(&row);
    return 0;
}

static void project(struct bench *bench, const char *resource, const char *event, const char *json)
{
    struct projection_result result = {0};
    struct domain_fault fault;
    struct row_source source = {.find = find_row};
    struct projected_event projected = {.resource = slice_text(resource),
                                        .event = slice_text(event),
                                        .schema = 1,
                                        .data = bench_data(bench, json),
                                        .version = 1};
    const struct domain_projection *projection = domain_projection(bench->domain, slice_text("flow"));
    cr_assert_not_null(projection);
    cr_assert_eq(projection_apply(projection, &projected, &source, &result, &fault), 0, "%s", fault.text);
    cr_assert_eq(result.count, 1);
    buffer_clear(&row);
    buffer_append(&row, result.changes[0].data.data, result.changes[0].data.size);
    projection_fini(&result);
}

Test(parts, a_projection_of_a_shared_header_is_one)
{
    struct bench bench = bench_open("truck");
    cr_expect_eq(domain_projection_count(bench.domain), 1);
    project(&bench, "store_room", "was_put_in", "{'amount':{'count':7,'unit':'m3'}}");
    project(&bench, "truck", "was_loaded", "{'amount':{'count':2,'unit':'m3'}}");
    cr_expect_str_eq(bench_text(&bench, buffer_slice(&row)), "{'moves':2,'pieces':5}");
    buffer_fini(&row);
    bench_close(&bench);
}
