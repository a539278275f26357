/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A page of 25 rows: by a reader (from the client's map to the rows as they are sent), and by the bare call: the same
 * SQL, prepared once, with the same parameters, its rows looked at and no more. */
#include "tests/bench/readmodel/bench.h"

#include <assert.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/readmodel/reader_page.h"
#include "services/readmodel/writer.h"
#include "tests/unit/readmodel/sample.h"

enum { BATCH = 500, TURNS = 10, PARTITIONS = 256 /* as many as a log on PostgreSQL has */ };
static const char request_json[] = "{'query':{'system_entity':true,'employees.gte':5},'total':false}";

/* ---- rows ---- */

static void rows_put(struct writer *writer, uint32_t build, const struct model *model, unsigned count)
{
    static struct row rows[BATCH];
    static char ids[BATCH][16];
    struct store_fault fault;
    struct buffer data;
    for (unsigned done = 0; done < count; done += BATCH) {
        struct checkpoint_move move = {.build = build, .from = done, .to = {.seq = done + BATCH}};
        struct row_set set = {.build = build, .model = model, .rows = rows, .count = BATCH};
        struct row_batch batch = {.sets = &set, .set_count = 1, .moves = &move, .move_count = 1};
        struct row sample = sample_row(0, &data);
        for (unsigned i = 0; i < BATCH; i++) {
            snprintf(ids[i], sizeof ids[i], "c-%08u", done + i);
            rows[i] = sample;
            rows[i].id = slice_text(ids[i]);
        }
        bench_check(writer_commit(writer, &batch, &fault), &fault);
        buffer_fini(&data);
    }
}

static uint32_t model_fill(const char *url, const struct model *model, unsigned rows)
{
    struct store_fault fault;
    struct writer *writer = NULL;
    struct writer_config config = {
        .url = url, .holder = "bench", .boot = 1, .lease_ms = 60000, .partitions = PARTITIONS, .incarnation = 77};
    bench_check(writer_open(&writer, &config, &fault), &fault);
    uint32_t build = bench_build(writer, model);
    rows_put(writer, build, model, rows);
    writer_close(&writer);
    return build;
}

/* ---- ours ---- */

/* As query processes do: how far the build is belongs to it. */
static void ours_read(struct row_reader *reader, uint32_t build, const struct model *model, struct row_page *page)
{
    static struct buffer request;
    static uint64_t seqs[PARTITIONS], halted[PARTITIONS];
    static struct row_progress progress = {.partitions = PARTITIONS, .seqs = seqs, .halted = halted};
    const struct builds *builds;
    struct store_fault fault;
    struct data_faults faults;
    struct query query = {0};
    const struct row_want want = {.build = build, .query = &query, .progress = &progress};
    if (request.size == 0)
        request = sample_msgpack(request_json);
    enum error error = query_parse(buffer_slice(&request), model, slice_text("default"), NULL, &query, &faults);
    assert(error == error_none);
    bench_check(row_reader_builds_known(reader, &builds, &fault), &fault);
    bench_check(row_reader_read(reader, &want, page, &fault), &fault);
    query_fini(&query);
}

/* ---- bare ---- */

struct bare {
    sqlite3 *sqlite;
    sqlite3_stmt *statement;
    PGconn *postgres;
    struct select select;
    uint64_t seen; /* of what was looked at */
};

static void sqlite_bare_open(struct bare *bare, const char *url)
{
    char path[256];
    snprintf(path, sizeof path, "%s/read.db", url + strlen("sqlite:"));
    int code = sqlite3_open_v2(path, &bare->sqlite, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    assert(code == SQLITE_OK);
    sqlite3_exec(bare->sqlite, "PRAGMA cache_size = -16000", NULL, NULL, NULL);
    code = sqlite3_prepare_v2(bare->sqlite, (char *)bare->select.sql.data, -1, &bare->statement, NULL);
    assert(code == SQLITE_OK);
}

static void sqlite_bare_read(struct bare *bare)
{
    for (uint32_t i = 0; i < bare->select.count; i++) {
        const struct value *value = &bare->select.values[i];
        if (value->kind == VALUE_TEXT)
            sqlite3_bind_text(
                bare->statement, (int)i + 1, (char *)value->text.data, (int)value->text.size, SQLITE_STATIC);
        else
            sqlite3_bind_int64(bare->statement, (int)i + 1, value->integer);
    }
    while (sqlite3_step(bare->statement) == SQLITE_ROW)
        bare->seen += (uint64_t)sqlite3_column_bytes(bare->statement, SELECT_ROW);
    sqlite3_reset(bare->statement);
}

static void postgres_bare_open(struct bare *bare, const char *url)
{
    bare->postgres = PQconnectdb(url);
    PQclear(PQexec(bare->postgres, "ANALYZE")); /* as autovacuum does within a minute */
    PQclear(PQprepare(bare->postgres, "bare", (char *)bare->select.sql.data, 0, NULL));
}

static void postgres_bare_read(struct bare *bare)
{
    const char *values[16];
    int sizes[16], formats[16];
    uint64_t numbers[16];
    for (uint32_t i = 0; i < bare->select.count; i++) {
        const struct value *value = &bare->select.values[i];
        numbers[i] = __builtin_bswap64((uint64_t)value->integer);
        values[i] = value->kind == VALUE_TEXT ? (const char *)value->text.data : (const char *)&numbers[i];
        sizes[i] = value->kind == VALUE_TEXT ? (int)value->text.size : 8;
        formats[i] = 1;
    }
    PGresult *result = PQexecPrepared(bare->postgres, "bare", (int)bare->select.count, values, sizes, formats, 1);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "query_bench: %s\n", PQresultErrorMessage(result));
        exit(1);
    }
    for (int i = 0; i < PQntuples(result); i++)
        bare->seen += (uint64_t)PQgetlength(result, i, SELECT_ROW);
    PQclear(result);
}

static void bare_open(struct bare *bare, const char *url, uint32_t build, const struct model *model)
{
    struct buffer request = sample_msgpack(request_json);
    struct data_faults faults;
    struct query query = {0};
    bool sqlite = strncmp(url, "sqlite:", 7) == 0;
    struct select_target target = {.dialect = sqlite ? DIALECT_SQLITE : DIALECT_POSTGRESQL, .build = build};
    enum error error = query_parse(buffer_slice(&request), model, slice_text("default"), NULL, &query, &faults);
    assert(error == error_none);
    error = select_rows(&bare->select, &target, &query);
    assert(error == error_none);
    if (sqlite)
        sqlite_bare_open(bare, url);
    else
        postgres_bare_open(bare, url);
    query_fini(&query);
}

static void bare_close(struct bare *bare)
{
    sqlite3_finalize(bare->statement);
    sqlite3_close(bare->sqlite);
    PQfinish(bare->postgres);
    select_fini(&bare->select);
}

struct page_cost page_measure(const char *url, unsigned rows, unsigned pages)
{
    struct page_cost cost = {0};
    struct model model;
    struct bare bare = {0};
    struct row_reader *reader = NULL;
    struct row_page page = {0};
    struct store_fault fault;
    struct row_reader_config config = {.url = url, .holder = "bench"};
    sample_model(&model);
    uint32_t build = model_fill(url, &model, rows);
    bench_check(row_reader_open(&reader, &config, &fault), &fault);
    bare_open(&bare, url, build, &model);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        double begin = now_us();
        for (unsigned i = 0; i < pages / TURNS; i++)
            ours_read(reader, build, &model, &page);
        double middle = now_us();
        for (unsigned i = 0; i < pages / TURNS; i++)
            bare.postgres != NULL ? postgres_bare_read(&bare) : sqlite_bare_read(&bare);
        cost.ours_us += (middle - begin) / pages;
        cost.bare_us += (now_us() - middle) / pages;
    }
    assert(page.count == 25 && bare.seen > 0);
    row_page_fini(&page);
    row_reader_close(&reader);
    bare_close(&bare);
    model_fini(&model);
    return cost;
}
