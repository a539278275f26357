/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bench of queries: processor time that a KiB of filter costs to be parsed and made SQL of, or to be refused; and a
 * page of rows beside the bare call. Prints one JSON object. query_bench [sqlite|postgresql] [ROWS [PAGES]]. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/readmodel/select.h"
#include "tests/bench/readmodel/bench.h"
#include "tests/lib/postgres_server.h"
#include "tests/unit/readmodel/sample.h"
#include "tests/unit/store/directory.h"

static struct model model;

/* A filter of so many alternatives, all alike. */
static struct buffer filter_of(const char *alternative, uint32_t count)
{
    struct buffer json = {0};
    buffer_append_text(&json, "{'query':{'.or':[");
    for (uint32_t i = 0; i < count; i++)
        buffer_printf(&json, "%s%s", i == 0 ? "" : ",", alternative);
    buffer_append(&json, "]}}", 4);
    struct buffer request = sample_msgpack((char *)json.data);
    buffer_fini(&json);
    return request;
}

/* Microseconds a KiB of the request. */
static double parse_measure(const char *alternative, uint32_t count, bool good)
{
    struct buffer request = filter_of(alternative, count);
    struct select select = {0};
    struct select_target target = {.dialect = DIALECT_SQLITE, .build = 1};
    struct data_faults faults;
    unsigned rounds = (unsigned)(4000000 / request.size);
    double begin = cpu_us();
    for (unsigned i = 0; i < rounds; i++) {
        struct query query = {0};
        enum error error = msgpack_check(buffer_slice(&request), NULL);
        if (error == error_none)
            error = query_parse(buffer_slice(&request), &model, slice_text("default"), NULL, &query, &faults);
        assert((error == error_none) == good);
        if (good)
            error = select_rows(&select, &target, &query);
        query_fini(&query);
    }
    double cost = (cpu_us() - begin) / rounds / ((double)request.size / 1024);
    select_fini(&select);
    buffer_fini(&request);
    return cost;
}

static void parse_print(void)
{
    static const char plain[] = "{'name.eq':'Alpha Beta','employees.gte':12}";
    static const char texts[] = "{'name':'\\u00c4pfel und Birnen, \\u0110\\u00e0 N\\u1eb5ng, und noch viel mehr Text'}";
    static const char lists[] = "{'shares.ov':['0.5','12.25','1'],'labels.cs':{'kind':'shop','zone':'north'}}";
    static const char faults[] = "{'x':1}";
    printf("\"parse_cpu_us_a_kib\": {\"small\": %.1f, \"conditions\": %.1f, \"texts\": %.1f, \"lists\": %.1f, "
           "\"refused\": %.1f}",
           parse_measure(plain, 2, true),
           parse_measure(plain, 120, true),
           parse_measure(texts, 200, true),
           parse_measure(lists, 100, true),
           parse_measure(faults, 1000, false));
}

static void cost_print(const char *name, struct page_cost cost)
{
    printf(", \"%s\": {\"page_us\": %.1f, \"bare_us\": %.1f, \"ratio\": %.2f}",
           name,
           cost.ours_us,
           cost.bare_us,
           cost.ours_us / cost.bare_us);
}

static void sqlite_print(unsigned rows, unsigned pages)
{
    char directory[DIRECTORY_SIZE], url[DIRECTORY_SIZE + 16];
    directory_make(directory);
    snprintf(url, sizeof url, "sqlite:%s", directory);
    cost_print("sqlite", page_measure(url, rows, pages));
    directory_remove(directory);
}

static void postgres_print(unsigned rows, unsigned pages)
{
    struct postgres_server server;
    char url[96];
    postgres_server_make(&server);
    postgres_server_start(&server, NULL);
    snprintf(url, sizeof url, "postgresql://postgres@127.0.0.1:%u/postgres", server.port);
    cost_print("postgresql", page_measure(url, rows, pages));
    postgres_server_stop(&server, true);
    postgres_server_remove(&server);
}

int main(int count, char **arguments)
{
    const char *only = count > 1 ? arguments[1] : "";
    unsigned rows = count > 2 ? (unsigned)strtoul(arguments[2], NULL, 10) : 5000;
    unsigned pages = count > 3 ? (unsigned)strtoul(arguments[3], NULL, 10) : 2000;
    sample_model(&model);
    printf("{");
    parse_print();
    if (strcmp(only, "postgresql") != 0)
        sqlite_print(rows, pages);
    if (strcmp(only, "sqlite") != 0)
        postgres_print(rows, pages);
    printf("}\n");
    return 0;
}
