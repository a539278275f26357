/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A build for the benches of read models. */
#include "tests/bench/readmodel/bench.h"

#include <stdio.h>
#include <stdlib.h>

void bench_check(enum error error, const struct store_fault *fault)
{
    if (error == error_none)
        return;
    fprintf(stderr, "%s: %s\n", error_name(error), fault->text);
    exit(1);
}

uint32_t bench_build(struct writer *writer, const struct model *model)
{
    struct store_fault fault;
    struct builds builds = {0};
    struct writer_slots slots;
    const struct writer_has has = {0};
    struct build_plan plan = {.module = {slice_text("crm"), 1},
                              .projection = slice_text("crm"),
                              .fingerprint = 1,
                              .incarnation = 77,
                              .models = model,
                              .model_count = 1};
    bool done = false;
    bench_check(writer_beat(writer, &has, &slots, &fault), &fault);
    bench_check(writer_enter(writer, &plan.module, true, false, &fault), &fault);
    bench_check(writer_build(writer, &plan, &fault), &fault);
    bench_check(writer_builds(writer, &builds, &fault), &fault);
    uint32_t build = builds.builds[0].id;
    builds_fini(&builds);
    bench_check(writer_switch(writer, &build, 1, 77, &done, &fault), &fault);
    return build;
}
