/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a filter costs: processor time a KiB to be checked, parsed against a model and made SQL of, for one that is as
 * large as filters may be. */
#include "services/cli/bench_filter.h"

#include "proto/json.h"
#include "services/readmodel/select.h"

#include <time.h>

enum { CONDITIONS = 240, ROUNDS = 200 };

static const char resource[] = "{\"name\":\"account\",\"doc\":\"\",\"schema\":{\"type\":\"object\",\"properties\":{"
                               "\"holder\":{\"type\":\"string\"},\"balance\":{\"type\":\"integer\"},"
                               "\"opened\":{\"type\":\"string\",\"format\":\"date-time\"},"
                               "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}}";
static const char *const conditions[] = {"{\"holder\":\"J. M. Keynes, Baron of Tilton\"}",
                                         "{\"balance.between\":[-100,1000000]}",
                                         "{\"opened!lt\":\"2026-07-31T12:00:00+02:00\"}",
                                         "{\"tags.ov\":[\"economist\",\"a director of the bank\"]}"};

static double cpu_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static bool model_make(struct model *out)
{
    struct buffer map = {0};
    bool made = json_to_msgpack(slice_text(resource), &map, NULL) == error_none &&
                model_from_resource(slice_text("bank"), buffer_slice(&map), out) == error_none;
    buffer_fini(&map);
    return made;
}

static bool request_make(struct buffer *out)
{
    struct buffer json = {0};
    buffer_append_text(&json, "{\"query\":{\".or\":[");
    for (uint32_t i = 0; i < CONDITIONS; i++) {
        buffer_append_text(&json, i == 0 ? "" : ",");
        buffer_append_text(&json, conditions[i % (sizeof conditions / sizeof conditions[0])]);
    }
    buffer_append_text(&json, "]}}");
    bool made = !json.failed && json_to_msgpack(buffer_slice(&json), out, NULL) == error_none;
    buffer_fini(&json);
    return made;
}

static bool filter_run(const struct model *model, struct slice request, struct select *select)
{
    static const struct select_target target = {.dialect = DIALECT_SQLITE, .build = 1};
    struct query query = {0};
    struct data_faults faults;
    bool good = msgpack_check(request, NULL) == error_none &&
                query_parse(request, model, slice_text("default"), NULL, &query, &faults) == error_none &&
                select_rows(select, &target, &query) == error_none;
    query_fini(&query);
    return good;
}

double bench_filter_us_a_kib(void)
{
    struct model model = {0};
    struct buffer request = {0};
    struct select select = {0};
    bool good = model_make(&model) && request_make(&request);
    double begin = cpu_us();
    for (int i = 0; i < ROUNDS && good; i++)
        good = filter_run(&model, buffer_slice(&request), &select);
    double cost = good ? (cpu_us() - begin) / ROUNDS / ((double)request.size / 1024) : -1;
    select_fini(&select);
    buffer_fini(&request);
    model_fini(&model);
    return cost;
}
