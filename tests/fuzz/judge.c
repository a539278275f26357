/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See judge.h. */
#include "tests/fuzz/judge.h"

#include "services/readmodel/functions.h"
#include "services/readmodel/select.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/readmodel/sample.h"

#include <ctype.h>
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

/* Every word that SQL of queries has, but for names of columns and tables, which are a letter and numbers. */
static bool word_is_fixed(const char *word, size_t size)
{
    static const char words[] =
        " AND ARRAY AS BETWEEN BY C CASE COLLATE DESC ELSE END EXISTS FROM IN IS LAST LIKE LIMIT MATCH NOT NULL NULLS"
        " OFFSET OR ORDER SELECT THEN WHEN WHERE _created _creator _deleted _etag _id _realm _row _text _updated"
        " _updater count e fluvius_contains fluvius_equal fluvius_has fluvius_like fluvius_overlaps fluvius_read g h"
        " jsonb jsonb_array_elements length lower octet_length replace rowid string_to_array strpos substr translate ";
    char spaced[40];
    size_t digits = strspn(word + 1, "0123456789_");
    if ((word[0] == 'c' || word[0] == 'm') && digits > 0 &&
        (digits + 1 == size || (digits + 5 == size && memcmp(word + size - 5, "_text", 5) == 0)))
        return true;
    return snprintf(spaced, sizeof spaced, " %.*s ", (int)size, word) < (int)sizeof spaced &&
           strstr(words, spaced) != NULL;
}

static void words_are_fixed(const char *sql)
{
    while (*sql != '\0') {
        size_t size = 0;
        while (isalnum((unsigned char)sql[size]) || sql[size] == '_')
            size++;
        DEMAND(size == 0 || isdigit((unsigned char)*sql) || word_is_fixed(sql, size));
        sql += size == 0 ? 1 : size;
    }
}

/* Texts in the SQL itself: a space, nothing, and FTS5's quotes. */
static void quotes_are_fixed(const char *sql)
{
    static const char *const quoted[] = {"' '", "''", "'\"'", "'\" \"'"};
    while ((sql = strchr(sql, '\'')) != NULL) {
        size_t size = 0;
        for (size_t i = 0; i < sizeof quoted / sizeof *quoted && size == 0; i++)
            size = strncmp(sql, quoted[i], strlen(quoted[i])) == 0 ? strlen(quoted[i]) : 0;
        DEMAND(size > 0);
        sql += size;
    }
}

/* ?1 or $1 and so on, up to as many as are bound. */
static void parameters_are_bound(const char *sql, char mark, uint32_t count)
{
    for (sql = strchr(sql, mark); sql != NULL; sql = strchr(sql + 1, mark)) {
        unsigned long number = strtoul(sql + 1, NULL, 10);
        DEMAND(number >= 1 && number <= count);
    }
}

static void sql_is_fixed(const struct select *select, enum dialect dialect)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.,()[]=<>?$:@|+-*/'\"";
    const char *sql = (const char *)select->sql.data;
    bool sqlite = dialect == DIALECT_SQLITE;
    DEMAND(strlen(sql) == select->sql.size && strspn(sql, allowed) == select->sql.size);
    DEMAND(strstr(sql, "--") == NULL && strstr(sql, "/*") == NULL && strstr(sql, " WHERE _realm = ") != NULL);
    DEMAND(select->count >= 1 && select->count < 8192 && select->sql.size < 1000000);
    DEMAND(strchr(sql, sqlite ? '$' : '?') == NULL);
    words_are_fixed(sql);
    quotes_are_fixed(sql);
    parameters_are_bound(sql, sqlite ? '?' : '$', select->count);
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

static void runs_in_sqlite(const struct query *query, struct select *select)
{
    struct select_target target = {.dialect = DIALECT_SQLITE, .build = 1};
    DEMAND(select_rows(select, &target, query) == error_none);
    sql_is_fixed(select, DIALECT_SQLITE);
    run(select);
    DEMAND(select_count(select, &target, query) == error_none);
    sql_is_fixed(select, DIALECT_SQLITE);
    DEMAND(run(select) == 1);
}

/* Where a collation folds as we do, and where characters are translated. */
static void becomes_sql_of_postgresql(const struct query *query, struct select *select)
{
    struct select_target target = {
        .dialect = DIALECT_POSTGRESQL, .build = 1, .fold_from = slice_text("A"), .fold_to = slice_text("a")};
    for (int i = 0; i < 2; i++) {
        DEMAND(select_rows(select, &target, query) == error_none);
        sql_is_fixed(select, DIALECT_POSTGRESQL);
        DEMAND(select_count(select, &target, query) == error_none);
        sql_is_fixed(select, DIALECT_POSTGRESQL);
        target.fold_collation = "\"C\"";
    }
}

static void item_is_found(const struct query *query, struct slice id, struct select *select)
{
    struct select_target target = {.dialect = DIALECT_SQLITE, .build = 1};
    DEMAND(select_item(select, &target, query, id) == error_none);
    sql_is_fixed(select, DIALECT_SQLITE);
    DEMAND(run(select) <= 1);
    target.dialect = DIALECT_POSTGRESQL;
    DEMAND(select_item(select, &target, query, id) == error_none);
    sql_is_fixed(select, DIALECT_POSTGRESQL);
}

static void accepted_query_runs(const struct query *query, struct slice request)
{
    struct select select = {0};
    struct slice raw, id;
    DEMAND(query->limit >= 1 && query->limit <= 1000 && query->sort_count >= 1);
    filter_is_a_tree(&query->filter, 0);
    runs_in_sqlite(query, &select);
    becomes_sql_of_postgresql(query, &select);
    if (msgpack_find(request, "id", &raw) == error_none) {
        struct reader reader = reader_of(raw);
        if (reader_text(&reader, &id) == error_none && id.size > 0 && memchr(id.data, 0, id.size) == NULL) {
            item_is_found(query, id, &select);
        }
    }
    select_fini(&select);
}

void request_is_judged(struct slice request)
{
    static const char *const others[] = {"at_least", "id", NULL}; /* of which the query service takes care */
    struct query query = {0};
    struct data_faults faults;
    if (db == NULL) {
        table_make();
    }
    DEMAND(msgpack_check(request, NULL) == error_none);
    enum error error = query_parse(request, &model, slice_text("default"), others, &query, &faults);
    DEMAND(error == error_none || error == error_invalid_data);
    if (error == error_none) {
        accepted_query_runs(&query, request);
    } else {
        faults_are_bounded(&faults);
    }
    query_fini(&query);
}
