/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values of rows, and tables in SQLite. */
#include <criterion/criterion.h>
#include <sqlite3.h>

#include "tests/unit/readmodel/sample.h"

static struct model model;
static struct value values[TABLE_COLUMNS_MAX];
static struct buffer scratch, data;

static const struct value *values_of(size_t row, const char *field)
{
    uint32_t guess = 0;
    buffer_fini(&data);
    struct row it = sample_row(row, &data);
    if (model.fields == NULL)
        sample_model(&model);
    cr_assert(table_values(&model, &it, &scratch, values) == error_none);
    int32_t number = model_find(&model, slice_text(field), &guess);
    cr_assert(number >= 0);
    return &values[TABLE_FIELDS + number];
}

static void is_integer(size_t row, const char *field, int64_t expected)
{
    const struct value *value = values_of(row, field);
    cr_assert(value->kind == VALUE_INTEGER && value->integer == expected, "%s", field);
}

static void is_text(size_t row, const char *field, const char *expected)
{
    const struct value *value = values_of(row, field);
    cr_assert(value->kind == VALUE_TEXT, "%s", field);
    cr_assert(slice_is(value->text, expected), "%s: %.*s", field, (int)value->text.size, value->text.data);
}

Test(table, values_are_in_the_columns_own_units)
{
    is_integer(0, "system_entity", 1);
    is_integer(0, "employees", 12);
    is_integer(0, "revenue", 100050);
    is_integer(7, "revenue", 100050);
    is_integer(2, "founded", 0);
    is_integer(1, "opened_at", 1577836800000001);
    is_integer(2, "opened_at", -1);
    is_text(0, "owner", "0190a1b2-0000-7000-8000-00000000000a");
    is_text(0, "status", "active");
    is_text(0, "address.city", "Hanoi");
    cr_assert(values_of(0, "rating")->kind == VALUE_DOUBLE && values[TABLE_FIELDS + 4].number == 4.5);
    cr_assert(values_of(4, "address.geo.lat")->kind == VALUE_DOUBLE);
}

Test(table, lists_and_maps_are_json_with_sorted_keys)
{
    is_text(0, "tags", "[\"red\",\"blue\"]");
    is_text(0, "labels", "{\"kind\":\"shop\",\"zone\":\"north\"}");
    is_text(0, "lines", "[{\"sku\":\"A-1\"},{\"sku\":\"B-2\"}]");
    is_text(4, "lines", "[{\"extra\":{\"deep\":[1,2,{\"x\":1.0}]},\"sku\":\"C-3\"}]");
}

Test(table, a_nul_character_is_replaced)
{
    is_text(4, "tags", "[\"\xc3\x84\",\"a\\ufffdb\"]");
}

Test(table, what_a_row_lacks_is_null)
{
    static const char *const absent[] = {"business_name", "employees", "rating", "owner", "address.city", "seal"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        cr_assert(values_of(3, absent[i])->kind == VALUE_NULL, "%s", absent[i]);
    cr_assert(values_of(0, "seal")->kind == VALUE_NULL, "a value of another kind");
    cr_assert(values[TABLE_DELETED].kind == VALUE_NULL);
    values_of(5, "name");
    cr_assert(values[TABLE_DELETED].kind == VALUE_INTEGER);
}

Test(table, words_are_those_of_texts_that_are_no_secret)
{
    values_of(0, "name");
    cr_assert(slice_is(values[TABLE_TEXT].text, "abc1 alpha beta red blue shop north hanoi post"),
              "%.*s",
              (int)values[TABLE_TEXT].text.size,
              values[TABLE_TEXT].text.data);
    values_of(3, "name");
    cr_assert(values[TABLE_TEXT].kind == VALUE_NULL);
}

Test(table, bytes_are_base64)
{
    struct buffer map = {0};
    struct model own;
    struct row row = {.realm = slice_text("r"), .id = slice_text("i")};
    sample_model(&own);
    write_map(&map, 1);
    write_string(&map, "seal");
    write_bytes(&map, slice_of("\x00\xff\xfe", 3));
    row.data = buffer_slice(&map);
    cr_assert(table_values(&own, &row, &scratch, values) == error_none);
    cr_assert(values[TABLE_FIELDS + 10].kind == VALUE_TEXT && slice_is(values[TABLE_FIELDS + 10].text, "AP_-"));
    row.data = slice_of("\x93\x01\x02\x03", 4);
    cr_assert(table_values(&own, &row, &scratch, values) == error_invalid_data);
    buffer_fini(&map);
    model_fini(&own);
}

Test(table, sql_is_made_of_numbers_and_fixed_words)
{
    struct buffer sqlite = {0}, postgres = {0};
    struct model own;
    sample_model(&own);
    table_create(&sqlite, DIALECT_SQLITE, 3, 1, &own);
    table_put(&sqlite, DIALECT_SQLITE, 3, 1, &own);
    table_drop(&sqlite, DIALECT_SQLITE, 3, 1, &own);
    table_create(&postgres, DIALECT_POSTGRESQL, 3, 1, &own);
    table_put(&postgres, DIALECT_POSTGRESQL, 3, 1, &own);
    buffer_append(&sqlite, "", 1);
    buffer_append(&postgres, "", 1);
    static const char *const names[] = {"company", "business", "employees", "address", "crm", "draft"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_assert(strstr((char *)sqlite.data, names[i]) == NULL, "%s", names[i]);
        cr_assert(strstr((char *)postgres.data, names[i]) == NULL, "%s", names[i]);
    }
    buffer_fini(&sqlite);
    buffer_fini(&postgres);
    model_fini(&own);
}

/* ---- in a database ---- */

static sqlite3 *database_make(void)
{
    sqlite3 *db;
    struct buffer sql = {0};
    if (model.fields == NULL)
        sample_model(&model);
    cr_assert(sqlite3_open(":memory:", &db) == SQLITE_OK);
    table_create(&sql, DIALECT_SQLITE, 1, 0, &model);
    buffer_append(&sql, "", 1);
    cr_assert(sqlite3_exec(db, (char *)sql.data, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    buffer_fini(&sql);
    return db;
}

static void row_put(sqlite3 *db, const struct row *row)
{
    struct buffer sql = {0};
    sqlite3_stmt *statement;
    cr_assert(table_values(&model, row, &scratch, values) == error_none);
    table_put(&sql, DIALECT_SQLITE, 1, 0, &model);
    cr_assert(sqlite3_prepare_v2(db, (char *)sql.data, (int)sql.size, &statement, NULL) == SQLITE_OK);
    for (uint32_t i = 0; i < table_columns(&model); i++) {
        const struct value *value = &values[i];
        if (value->kind == VALUE_INTEGER)
            sqlite3_bind_int64(statement, (int)i + 1, value->integer);
        else if (value->kind == VALUE_DOUBLE)
            sqlite3_bind_double(statement, (int)i + 1, value->number);
        else if (value->kind == VALUE_TEXT)
            sqlite3_bind_text(statement, (int)i + 1, (char *)value->text.data, (int)value->text.size, SQLITE_STATIC);
        else if (value->kind == VALUE_BYTES)
            sqlite3_bind_blob(statement, (int)i + 1, value->text.data, (int)value->text.size, SQLITE_STATIC);
    }
    cr_assert(sqlite3_step(statement) == SQLITE_DONE, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    buffer_fini(&sql);
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    cr_assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert(sqlite3_step(statement) == SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(db));
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

#define FOUND(WORDS) number_of(db, "SELECT count(*) FROM m1_0_text WHERE m1_0_text MATCH '" WORDS "'")

Test(table, a_row_replaces_the_one_before_and_its_words)
{
    sqlite3 *db = database_make();
    buffer_fini(&data);
    struct row row = sample_row(0, &data);
    row_put(db, &row);
    row_put(db, &row);
    cr_assert(number_of(db, "SELECT count(*) FROM m1_0") == 1);
    cr_assert(FOUND("\"alpha\" \"north\"") == 1);
    struct buffer data_other, data_none;
    struct row other = sample_row(1, &data_other);
    other.id = row.id;
    row_put(db, &other);
    cr_assert(FOUND("alpha") == 0 && FOUND("delta") == 1);
    struct row none = sample_row(3, &data_none);
    none.id = row.id;
    row_put(db, &none);
    cr_assert(FOUND("delta") == 0);
    row_put(db, &other);
    cr_assert(FOUND("delta") == 1);
    cr_assert(number_of(db, "SELECT count(*) FROM m1_0") == 1);
    sqlite3_exec(db, "DELETE FROM m1_0", NULL, NULL, NULL);
    cr_assert(FOUND("delta") == 0);
    cr_assert(sqlite3_exec(db, "INSERT INTO m1_0_text(m1_0_text) VALUES ('integrity-check')", NULL, NULL, NULL) ==
              SQLITE_OK);
    buffer_fini(&data_other);
    buffer_fini(&data_none);
    sqlite3_close(db);
}

Test(table, words_that_stay_are_not_written_again)
{
    sqlite3 *db = database_make();
    buffer_fini(&data);
    struct row row = sample_row(0, &data);
    row_put(db, &row);
    int64_t before = number_of(db, "SELECT sum(length(block)) FROM m1_0_text_data");
    for (row.version = 4; row.version < 40; row.version++)
        row_put(db, &row);
    cr_assert(number_of(db, "SELECT sum(length(block)) FROM m1_0_text_data") == before);
    cr_assert(number_of(db, "SELECT _etag FROM m1_0") == 39);
    sqlite3_close(db);
}
