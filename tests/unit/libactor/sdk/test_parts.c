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
