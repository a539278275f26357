/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Queries: the bytes are a whole request (JSON or msgpack), or one text of it: a sort, words, an include, a cursor.
 * What is refused is told by faults within their bounds; what is accepted becomes SQL of fixed words, which SQLite
 * takes and runs. */
#include "proto/json.h"
#include "proto/reader.h"
#include "services/readmodel/functions.h"
#include "services/readmodel/select.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/readmodel/sample.h"

#include <stdio.h>

static struct model model;
static sqlite3 *db;

/* ---- a table with the sample's rows ---- */

static void values_bind(sqlite3_stmt *statement, const struct value *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct value *value = &values[i];
        int place = (int)i + 1, size = (int)value->text.size;
        if (value->kind == VALUE_INTEGER) {
            sqlite3_bind_int64(statement, place, value->integer);
        } else if (value->kind == VALUE_DOUBLE) {
            sqlite3_bind_double(statement, place, value->number);
        } else if (value->kind == VALUE_TEXT) {
            sqlite3_bind_text(statement, place, size > 0 ? (const char *)value->text.data : "", size, SQLITE_STATIC);
        } else if (value->kind == VALUE_BYTES) {
            sqlite3_bind_blob(statement, place, value->text.data, size, SQLITE_STATIC);
        }
    }
}

static void row_put(size_t number, const char *sql)
{
    struct value values[TABLE_COLUMNS_MAX];
    struct buffer data, scratch = {0};
    struct row row = sample_row(number, &data);
    sqlite3_stmt *statement;
    DEMAND(table_values(&model, &row, &scratch, values) == error_none);
    DEMAND(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    values_bind(statement, values, table_columns(&model));
    DEMAND(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_finalize(statement);
    buffer_fini(&data);
    buffer_fini(&scratch);
}

static void table_make(void)
{
    struct buffer sql = {0};
    sample_model(&model);
    DEMAND(sqlite3_open(":memory:", &db) == SQLITE_OK && functions_add(db, NULL) == SQLITE_OK);
    table_create(&sql, DIALECT_SQLITE, 1, 0, &model);
    buffer_append(&sql, "", 1);
    DEMAND(sqlite3_exec(db, (char *)sql.data, NULL, NULL, NULL) == SQLITE_OK);
    buffer_clear(&sql);
    table_put(&sql, DIALECT_SQLITE, 1, 0, &model);
    buffer_append(&sql, "", 1);
    for (size_t i = 0; i < SAMPLE_ROWS; i++) {
        row_put(i, (char *)sql.data);
    }
    buffer_fini(&sql);
}

/* ---- promises ---- */

static void faults_are_bounded(const struct data_faults *faults)
{
    DEMAND(faults->count > 0);
    for (uint32_t i = 0; i < faults->count && i < DATA_FAULTS_MAX; i++) {
        const struct data_fault *fault = &faults->items[i];
        DEMAND(strlen(fault->path) < sizeof fault->path && strlen(fault->message) < sizeof fault->message);
        DEMAND(strlen(fault->code) > 0 && (fault->path[0] == '/' || fault->path[0] == '\0'));
    }
}

static void filter_is_a_tree(const struct filter *filter, uint32_t number)
{
    const struct filter_node *node = &filter->nodes[number];
    DEMAND(node->end > number && node->end <= filter->node_count);
    if (node->kind == FILTER_CONDITION) {
        DEMAND(node->end == number + 1 && node->value + node->value_count <= filter->value_count);
        return;
    }
    uint32_t child = number + 1;
    while (child < node->end) {
        filter_is_a_tree(filter, child);
        child = filter->nodes[child].end;
    }
    DEMAND(child == node->end);
}

static void sql_is_of_fixed_words(const struct select *select)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.,()[]=<>?$:@|+-*/'\"";
    const char *sql = (const char *)select->sql.data;
    DEMAND(strlen(sql) == select->sql.size && strspn(sql, allowed) == select->sql.size);
    DEMAND(strstr(sql, "--") == NULL && strstr(sql, "/*") == NULL && strstr(sql, " WHERE _realm = ") != NULL);
    DEMAND(select->count >= 1 && select->count < 8192 && select->sql.size < 1000000);
}

static int run(const struct select *select)
{
    sqlite3_stmt *statement;
    int rows = 0, code;
    DEMAND(sqlite3_prepare_v2(db, (const char *)select->sql.data, -1, &statement, NULL) == SQLITE_OK);
    DEMAND(sqlite3_bind_parameter_count(statement) <= (int)select->count);
    values_bind(statement, select->values, select->count);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        rows++;
    }
    DEMAND(code == SQLITE_DONE && rows <= SAMPLE_ROWS);
    sqlite3_finalize(statement);
    return rows;
}

static void accepted_query_runs(const struct query *query)
{
    struct select select = {0};
    struct select_target target = {.dialect = DIALECT_SQLITE, .build = 1};
    DEMAND(query->limit >= 1 && query->limit <= 1000 && query->sort_count >= 1);
    filter_is_a_tree(&query->filter, 0);
    DEMAND(select_rows(&select, &target, query) == error_none);
    sql_is_of_fixed_words(&select);
    run(&select);
    DEMAND(select_count(&select, &target, query) == error_none);
    sql_is_of_fixed_words(&select);
    DEMAND(run(&select) == 1);
    target.dialect = DIALECT_POSTGRESQL;
    DEMAND(select_rows(&select, &target, query) == error_none);
    sql_is_of_fixed_words(&select);
    select_fini(&select);
}

static void request_is_judged(struct slice request)
{
    struct query query = {0};
    struct data_faults faults;
    DEMAND(msgpack_check(request, NULL) == error_none);
    enum error error = query_parse(request, &model, slice_text("default"), NULL, &query, &faults);
    DEMAND(error == error_none || error == error_invalid_data);
    if (error == error_none) {
        accepted_query_runs(&query);
    } else {
        faults_are_bounded(&faults);
    }
    query_fini(&query);
}

/* ---- the bytes as one text of a request ---- */

static void text_is_judged(const char *key, struct slice text)
{
    struct buffer request = {0};
    write_map(&request, 1);
    write_string(&request, key);
    write_text(&request, text);
    if (msgpack_check(buffer_slice(&request), NULL) == error_none) {
        request_is_judged(buffer_slice(&request));
    }
    buffer_fini(&request);
}

static void operand_is_judged(const char *key, struct slice text)
{
    struct buffer request = {0};
    write_map(&request, 1);
    write_string(&request, "query");
    write_map(&request, 1);
    write_string(&request, key);
    write_text(&request, text);
    if (msgpack_check(buffer_slice(&request), NULL) == error_none) {
        request_is_judged(buffer_slice(&request));
    }
    buffer_fini(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"sort", "include", "exclude", "text", "cursor", "limit", "page", "total"};
    static const char *const operands[] = {"name", "name.ilike", "revenue", "opened_at", "owner", "seal", "status"};
    struct slice bytes = slice_of(data, size);
    struct buffer message = {0};
    if (db == NULL) {
        table_make();
    }
    if (json_to_msgpack(bytes, &message, NULL) == error_none) {
        request_is_judged(buffer_slice(&message));
    } else if (msgpack_check(bytes, NULL) == error_none) {
        request_is_judged(bytes);
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        text_is_judged(keys[i], bytes);
    }
    for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) {
        operand_is_judged(operands[i], bytes);
    }
    buffer_fini(&message);
    return 0;
}
