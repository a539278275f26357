/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which indexes there are for the queries that are to be quick however many rows there are: what the databases plan for
 * the SQL of a query. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "services/readmodel/select.h"
#include "tests/unit/readmodel/database.h"
#include "tests/unit/readmodel/sample.h"

static struct model model;
static struct database database;
static struct buffer plan;

static void begin(enum dialect dialect)
{
    sample_model(&model);
    database_make(&database, dialect);
    database_build(&database, 1, &model, BUILD_LIVE);
    if (dialect == DIALECT_POSTGRESQL) /* the table is empty: it would be read as a whole */
        database_sql(&database, "SET enable_seqscan = off; SET enable_bitmapscan = off");
}

static void end(void)
{
    buffer_fini(&plan);
    model_fini(&model);
    database_clean(&database);
}

static void plan_sqlite(const char *sql)
{
    sqlite3_stmt *statement;
    cr_assert_eq(sqlite3_prepare_v2(database.sqlite, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        buffer_printf(&plan, "%s\n", (const char *)sqlite3_column_text(statement, 3));
    sqlite3_finalize(statement);
}

static void plan_postgres(const char *sql, const struct select *select)
{
    char texts[8][64];
    const char *values[8] = {NULL};
    cr_assert_leq(select->count, 8);
    for (uint32_t i = 0; i < select->count; i++) {
        const struct value *value = &select->values[i];
        if (value->kind == VALUE_TEXT)
            snprintf(texts[i], sizeof texts[i], "%.*s", (int)value->text.size, (const char *)value->text.data);
        else
            snprintf(texts[i], sizeof texts[i], "%lld", (long long)value->integer);
        values[i] = texts[i];
    }
    PGresult *result = PQexecParams(database.postgres, sql, (int)select->count, NULL, values, NULL, NULL, 0);
    cr_assert_eq(PQresultStatus(result), PGRES_TUPLES_OK, "%s", PQerrorMessage(database.postgres));
    for (int row = 0; row < PQntuples(result); row++)
        buffer_printf(&plan, "%s\n", PQgetvalue(result, row, 0));
    PQclear(result);
}

/* What the database does for a query; as one text. */
static const char *plan_of(const char *json)
{
    const struct select_target target = {.dialect = database.dialect, .build = 1};
    struct buffer request = sample_msgpack(json), sql = {0};
    struct select select = {0};
    struct query query = {0};
    struct data_faults faults;
    cr_assert_eq(query_parse(buffer_slice(&request), &model, slice_text("default"), NULL, &query, &faults), error_none);
    cr_assert_eq(select_rows(&select, &target, &query), error_none);
    bool sqlite = database.dialect == DIALECT_SQLITE;
    buffer_printf(&sql, "EXPLAIN %s%s", sqlite ? "QUERY PLAN " : "", (const char *)select.sql.data);
    buffer_append(&sql, "", 1);
    buffer_clear(&plan);
    if (sqlite)
        plan_sqlite((const char *)sql.data);
    else
        plan_postgres((const char *)sql.data, &select);
    buffer_append(&plan, "", 1);
    select_fini(&select);
    query_fini(&query);
    buffer_fini(&request);
    buffer_fini(&sql);
    return (const char *)plan.data;
}

#define OWNER "0190a1b2-0000-7000-8000-00000000000a"

/* A reference to another aggregate, in the order of the page: nothing is sorted. */
static void a_reference_is_found_in_the_order_of_the_page(const char *index, const char *keys, const char *sorting)
{
    const char *text = plan_of("{'query':{'owner.eq':'" OWNER "'},'limit':10,'total':false}");
    cr_assert(strstr(text, index) && strstr(text, keys), "%s", text);
    cr_assert_null(strstr(text, sorting), "%s", text);
}

Test(plan, a_reference_is_found_in_the_order_of_the_page_in_sqlite)
{
    begin(DIALECT_SQLITE);
    a_reference_is_found_in_the_order_of_the_page("INDEX m1_0_c8", "(_realm=? AND c8=?)", "TEMP B-TREE");
    end();
}

Test(plan, a_reference_is_found_in_the_order_of_the_page_in_postgresql)
{
    begin(DIALECT_POSTGRESQL);
    a_reference_is_found_in_the_order_of_the_page("using m1_0_c8", "(_realm = 'default'::text) AND (c8 = ", "Sort");
    end();
}

Test(plan, rows_come_in_the_order_of_their_key_in_sqlite)
{
    begin(DIALECT_SQLITE);
    const char *text = plan_of("{'limit':10,'total':false}");
    cr_assert(strstr(text, "(_realm=?)") && !strstr(text, "TEMP B-TREE"), "%s", text);
    end();
}

Test(plan, rows_come_in_the_order_of_their_key_in_postgresql)
{
    begin(DIALECT_POSTGRESQL);
    const char *text = plan_of("{'limit':10,'total':false}");
    cr_assert(strstr(text, "using m1_0_pkey") && !strstr(text, "Sort"), "%s", text);
    end();
}

Test(plan, words_are_asked_of_their_index)
{
    begin(DIALECT_SQLITE);
    cr_assert_not_null(strstr(plan_of("{'text':'alpha'}"), "m1_0_text VIRTUAL TABLE INDEX"), "%s", plan.data);
    end();
    begin(DIALECT_POSTGRESQL);
    database_sql(&database, "SET enable_bitmapscan = on; ALTER TABLE fluvius_read.m1_0 DROP CONSTRAINT m1_0_pkey");
    const char *text = plan_of("{'text':'alpha'}");
    cr_assert(strstr(text, "Scan on m1_0_text") && strstr(text, "Index Cond: (string_to_array(_text"), "%s", text);
    end();
}
