/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a batch of rows costs a projector: commits of 1, 10, 100 and 1,000 rows, first new ones, then the same again,
 * into a table with all fields of the sample's model and into one with its first four. Prints one JSON object:
 * thousands of rows a second. write_bench [sqlite|postgresql] [ROWS]. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/readmodel/bench.h"
#include "tests/lib/postgres_server.h"
#include "tests/unit/readmodel/sample.h"
#include "tests/unit/store/directory.h"

enum { BATCH_MAX = 1000, PARTITIONS = 256, NARROW_FIELDS = 4 };

struct target {
    struct writer *writer;
    uint32_t build;
    const struct model *model;
    uint64_t seq;
    int server; /* the process that serves the writer; 0: none */
};

struct cost {
    double wall_us, cpu_us;
};

/* Of this process and the server's, so far. */
static struct cost cost_now(const struct target *target)
{
    struct cost cost = {.wall_us = now_us(), .cpu_us = cpu_us()};
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", target->server);
    FILE *file = target->server == 0 ? NULL : fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%llu", &ns) == 1)
            cost.cpu_us += (double)ns / 1e3;
        fclose(file);
    }
    return cost;
}

static void batch_commit(struct target *target, const struct row *rows, size_t count)
{
    struct store_fault fault;
    struct checkpoint_move move = {.build = target->build, .from = target->seq, .to = {.seq = target->seq + count}};
    struct row_set set = {.build = target->build, .model = target->model, .rows = rows, .count = count};
    struct row_batch batch = {.sets = &set, .set_count = 1, .moves = &move, .move_count = 1};
    bench_check(writer_commit(target->writer, &batch, &fault), &fault);
    target->seq += count;
}

/* Rows number first to first + count; the cost of one. */
static struct cost rows_measure(struct target *target, unsigned first, unsigned count, unsigned batch, uint64_t version)
{
    static struct row rows[BATCH_MAX];
    static char ids[BATCH_MAX][16];
    struct buffer data;
    struct row sample = sample_row(0, &data);
    struct cost begin = cost_now(target);
    for (unsigned done = 0; done < count; done += batch) {
        for (unsigned i = 0; i < batch; i++) {
            snprintf(ids[i], sizeof ids[i], "c-%08u", first + done + i);
            rows[i] = sample;
            rows[i].id = slice_text(ids[i]);
            rows[i].version = version;
        }
        batch_commit(target, rows, batch);
    }
    struct cost cost = cost_now(target);
    cost.wall_us = (cost.wall_us - begin.wall_us) / count;
    cost.cpu_us = (cost.cpu_us - begin.cpu_us) / count;
    buffer_fini(&data);
    return cost;
}

/* The process that serves "bench"; port 0: none. */
static int server_find(uint16_t port)
{
    if (port == 0)
        return 0;
    char *pid = postgres_server_query(
        port, "postgres", "SELECT pid FROM pg_stat_activity WHERE application_name = 'fluvius bench'");
    int number = atoi(pid);
    free(pid);
    return number;
}

static void table_measure(const char *url, uint16_t port, const struct model *model, unsigned rows, const char *name)
{
    static const unsigned batches[] = {1, 10, 100, 1000};
    struct store_fault fault;
    struct target target = {.model = model};
    struct writer_config config = {
        .url = url, .holder = "bench", .boot = 1, .lease_ms = 60000, .partitions = PARTITIONS, .incarnation = 77};
    bench_check(writer_open(&target.writer, &config, &fault), &fault);
    target.build = bench_build(target.writer, model);
    target.server = server_find(port);
    printf("\"%s\": {", name);
    for (unsigned i = 0; i < 4; i++) {
        unsigned count = batches[i] == 1 ? rows / 10 : rows;
        struct cost fresh = rows_measure(&target, i * rows, count, batches[i], 1);
        struct cost again = rows_measure(&target, i * rows, count, batches[i], 2);
        printf("%s\"%u\": {\"new_us\": %.1f, \"new_cpu_us\": %.1f, \"again_us\": %.1f, \"again_cpu_us\": %.1f}",
               i == 0 ? "" : ", ",
               batches[i],
               fresh.wall_us,
               fresh.cpu_us,
               again.wall_us,
               again.cpu_us);
    }
    printf("}");
    writer_close(&target.writer);
}

static void sqlite_measure(const struct model *model, unsigned rows, const char *name)
{
    char directory[DIRECTORY_SIZE], url[DIRECTORY_SIZE + 16];
    directory_make(directory);
    snprintf(url, sizeof url, "sqlite:%s", directory);
    table_measure(url, 0, model, rows, name);
    directory_remove(directory);
}

static void postgres_measure(const struct model *model, unsigned rows, const char *name)
{
    struct postgres_server server;
    char url[96];
    postgres_server_make(&server);
    postgres_server_start(&server, NULL);
    snprintf(url, sizeof url, "postgresql://postgres@127.0.0.1:%u/postgres", server.port);
    table_measure(url, server.port, model, rows, name);
    postgres_server_stop(&server, true);
    postgres_server_remove(&server);
}

int main(int count, char **arguments)
{
    bool postgres = count > 1 && strcmp(arguments[1], "postgresql") == 0;
    unsigned rows = count > 2 ? (unsigned)strtoul(arguments[2], NULL, 10) : 10000;
    struct model model;
    sample_model(&model);
    assert(rows >= BATCH_MAX && rows % BATCH_MAX == 0 && model.field_count > NARROW_FIELDS);
    struct model narrow = model; /* of the same memory */
    narrow.field_count = NARROW_FIELDS;
    printf("{");
    (postgres ? postgres_measure : sqlite_measure)(&model, rows, "wide");
    printf(", ");
    (postgres ? postgres_measure : sqlite_measure)(&narrow, rows, "narrow");
    printf("}\n");
    model_fini(&model);
    return 0;
}
