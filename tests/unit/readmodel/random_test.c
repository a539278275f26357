/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Random rows and random queries: both databases answer as the plain evaluator does, row by row and in its order, by
 * pages and by cursors. FLUVIUS_QUERIES says how many queries, FLUVIUS_SEED which. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/readmodel/database.h"
#include "tests/unit/readmodel/reference.h"
#include "tests/unit/readmodel/sample.h"

enum { ROWS = 150, QUERIES = 400 };

static struct model model;
static struct row rows[ROWS];
static struct buffer row_data[ROWS];
static char row_ids[ROWS][24];
static uint64_t state;

/* ---- chance ---- */

static uint32_t below(uint32_t limit)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % limit;
}

static const char *one_of(const char *const *texts, uint32_t count)
{
    return texts[below(count)];
}
#define ONE_OF(...)                                                                                                    \
    one_of((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* ---- values, as JSON with ' for ": few, so that they meet ---- */

static const char *some_text(void)
{
    return ONE_OF("''",
                  "'ABC1'",
                  "'DEF3'",
                  "'XYZ Corp'",
                  "'abc1'",
                  "'a'",
                  "'A'",
                  "'b%_\\\\'",
                  "'%'",
                  "'_'",
                  "'\\u00c4pfel'",
                  "'\\u00e4PFEL'",
                  "'\\u0130stanbul'",
                  "'\\u0110\\u00e0 N\\u1eb5ng'",
                  "'\\u0111\\u00c0 n\\u1eb4NG'",
                  "'\\u03a3\\u03c3\\u03c2'",
                  "'\\u212a'",
                  "'\\ud801\\udc00x'",
                  "'\\uffee'",
                  "'\\u0027; DROP'",
                  "'red blue'",
                  "'red red red'",
                  "'Corp ABC1 corp'");
}

static const char *some_pattern(void)
{
    return ONE_OF("'%'",
                  "'a%'",
                  "'%c%'",
                  "'abc_'",
                  "'_'",
                  "'__'",
                  "'%\\\\%%'",
                  "'%\\\\_%'",
                  "'\\u00c4%'",
                  "'%ng'",
                  "'k'",
                  "'\\ud801\\udc28_'",
                  "'%r%d%'",
                  "'\\u03c3\\u03c3_'",
                  "''");
}

static const char *some_integer(void)
{
    return ONE_OF("0", "1", "-1", "12", "-7", "9007199254740993", "9223372036854775807", "-9223372036854775808");
}

static const char *some_scalar(enum model_kind kind)
{
    switch (kind) {
    case MODEL_BOOL:
        return ONE_OF("true", "false");
    case MODEL_INT64:
        return some_integer();
    case MODEL_DOUBLE:
        return ONE_OF("0", "-0.0", "0.1", "4.5", "-4.5", "1e300", "-1e-300", "12", "1e22");
    case MODEL_DECIMAL:
        return ONE_OF("'0'", "'0.10'", "'-0.10'", "'12'", "'12.00'", "'12.01'", "'-99999999999999.99'");
    case MODEL_UUID:
        return ONE_OF("'0190a1b2-0000-7000-8000-00000000000a'", "'0190a1b2-0000-7000-8000-00000000000b'");
    case MODEL_TIMESTAMP:
        return ONE_OF("'1970-01-01T00:00:00.000000Z'",
                      "'1969-12-31T23:59:59.999999Z'",
                      "'2020-02-29T12:00:00.000000Z'",
                      "'0001-01-01T00:00:00.000000Z'",
                      "'9999-12-31T23:59:59.999999Z'");
    case MODEL_DATE:
        return ONE_OF("'1970-01-01'", "'1969-12-31'", "'2020-02-29'", "'0001-01-01'", "'9999-12-31'");
    case MODEL_ENUM:
        return ONE_OF("'draft'", "'active'", "'closed'");
    default:
        return some_text();
    }
}

static const char *some_record(void)
{
    return ONE_OF("{'sku':'A-1'}",
                  "{'sku':'B-2','count':1}",
                  "{'sku':'A-1','count':2,'parts':[1,2,[3,4]]}",
                  "{'count':1.0}",
                  "{}",
                  "{'sku':null,'flag':true}",
                  "{'parts':[[4]]}",
                  "{'b':{'c':[{'d':1}]},'aa':0.5}");
}

static void put_scalar(struct buffer *out, const struct model_field *field, enum model_kind kind)
{
    buffer_append_text(out, field->item == 0 && kind == 0 ? some_record() : some_scalar(kind));
}

/* The decimals of a list have all their places in rows. */
static void put_item(struct buffer *out, const struct model_field *field, bool row)
{
    if (field->item == MODEL_DECIMAL && row)
        buffer_append_text(out, ONE_OF("'0.000'", "'0.100'", "'12.000'", "'12.010'"));
    else
        put_scalar(out, field, field->item);
}

static void put_list(struct buffer *out, const struct model_field *field, bool row, uint32_t most)
{
    uint32_t count = below(most + 1);
    buffer_append_text(out, "[");
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_text(out, i == 0 ? "" : ",");
        put_item(out, field, row);
    }
    buffer_append_text(out, "]");
}

static void put_map(struct buffer *out, const struct model_field *field, bool row)
{
    static const char *const keys[] = {"", "a", "kind", "\\u00e4"};
    bool first = true;
    buffer_append_text(out, "{");
    for (uint32_t i = 0; i < 4; i++) {
        if (below(2) == 0)
            continue;
        buffer_printf(out, "%s'%s':", first ? "" : ",", keys[i]);
        put_item(out, field, row);
        first = false;
    }
    buffer_append_text(out, "}");
}

static void put_value(struct buffer *out, const struct model_field *field, bool row)
{
    if (field->kind == MODEL_LIST)
        put_list(out, field, row, 3);
    else if (field->kind == MODEL_MAP)
        put_map(out, field, row);
    else if (field->kind == MODEL_DECIMAL && row)
        buffer_append_text(out, ONE_OF("'0.00'", "'0.10'", "'-0.10'", "'12.00'", "'12.01'", "'-99999999999999.99'"));
    else
        put_scalar(out, field, field->kind);
}

/* ---- rows ---- */

static bool put_field(struct buffer *json, uint32_t number, bool first)
{
    const struct model_field *field = &model.fields[number];
    if (field->kind == MODEL_BYTES || memchr(field->name.data, '.', field->name.size) != NULL || below(4) == 0)
        return first;
    buffer_printf(json, "%s'%.*s':", first ? "" : ",", (int)field->name.size, (const char *)field->name.data);
    if (below(10) == 0)
        buffer_append_text(json, "null");
    else
        put_value(json, field, true);
    return false;
}

static void row_make(uint32_t i)
{
    struct buffer json = {0};
    bool first = true;
    buffer_append_text(&json, "{");
    for (uint32_t f = 0; f < model.field_count; f++)
        first = put_field(&json, f, first);
    if (below(3) > 0) {
        buffer_printf(&json, "%s'address':{'city':%s", first ? "" : ",", some_text());
        if (below(2) == 0)
            buffer_printf(&json, ",'geo':{'lat':%s}", some_scalar(MODEL_DOUBLE));
        buffer_append_text(&json, "}");
    }
    buffer_append(&json, "}", 2);
    row_data[i] = sample_msgpack((char *)json.data);
    buffer_fini(&json);
    snprintf(row_ids[i], sizeof row_ids[i], "%s%u", ONE_OF("a", "B", "\xc3\xa4", "id-"), i);
    rows[i] = (struct row){.realm = slice_text(ONE_OF("default", "default", "default", "other")),
                           .id = slice_text(row_ids[i]),
                           .creator = slice_text(ONE_OF("ann", "bob", "")),
                           .updater = slice_text(ONE_OF("ann", "Bob")),
                           .version = below(5) + 1,
                           .created_us = (int64_t)below(3) * 1000000,
                           .updated_us = (int64_t)below(4) * 1000001,
                           .deleted_us = below(8) == 0 ? (int64_t)below(3) * 1000000 + 1 : 0,
                           .data = buffer_slice(&row_data[i])};
}

/* ---- queries ---- */

static uint32_t some_field(void)
{
    uint32_t number = below(model.field_count + AUDIT_COUNT);
    if (number >= model.field_count)
        return FIELD_AUDIT + number - model.field_count;
    return model.fields[number].kind == MODEL_BYTES ? 0 : number;
}

static void put_operand(struct buffer *json, const struct model_field *field, enum query_operator operator)
{
    uint32_t count = operator== QUERY_BETWEEN ? 2 : below(5);
    if (operator== QUERY_ILIKE) {
        buffer_append_text(json, some_pattern());
        return;
    }
    if (operator!= QUERY_IN && operator!= QUERY_NOTIN && operator!= QUERY_BETWEEN) {
        put_value(json, field, false);
        return;
    }
    buffer_append_text(json, "[");
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_text(json, i == 0 ? "" : ",");
        put_value(json, field, false);
    }
    buffer_append_text(json, "]");
}

static void put_condition(struct buffer *json)
{
    const struct model_field *field = query_field(&model, some_field());
    uint32_t operator= below(QUERY_OPERATORS);
    while ((kind_operators(field->kind) & 1u << operator) == 0)
        operator= below(QUERY_OPERATORS);
    if (below(6) == 0) {
        operator= kind_default(field->kind);
        buffer_printf(json, "'%.*s':", (int)field->name.size, (const char *)field->name.data);
    } else {
        buffer_printf(json,
                      "'%.*s%c%s':",
                      (int)field->name.size,
                      (const char *)field->name.data,
                      below(2) ? '.' : '!',
                      query_operator_names[operator]);
    }
    put_operand(json, field, (enum query_operator) operator);
}

/* At most one condition and one of each composite, so that no key stands twice. */
static void put_statement(struct buffer *json, uint32_t depth)
{
    static const char *const composites[] = {".and", ".or", "!and", "!or"};
    bool first = true;
    buffer_append_text(json, "{");
    if (depth == 0 || below(3) > 0) {
        put_condition(json);
        first = false;
    }
    for (uint32_t i = 0; i < 4 && depth > 0; i++) {
        if (below(4) > 0)
            continue;
        buffer_printf(json, "%s'%s':[", first ? "" : ",", composites[i]);
        for (uint32_t k = below(4); k > 0; k--) {
            put_statement(json, depth - 1);
            buffer_append_text(json, k > 1 ? "," : "");
        }
        buffer_append_text(json, "]");
        first = false;
    }
    buffer_append_text(json, "}");
}

static void put_sort(struct buffer *json)
{
    uint32_t used[3], count = below(4);
    if (count == 0)
        return;
    buffer_append_text(json, ",'sort':'");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t field = some_field();
        bool again = !kind_sorts(query_field(&model, field)->kind);
        for (uint32_t k = 0; k < i; k++)
            again = again || used[k] == field;
        if (again)
            field = FIELD_AUDIT + AUDIT_COUNT; /* none */
        used[i] = field;
        if (again)
            continue;
        struct slice name = query_field(&model, field)->name;
        buffer_printf(json, "%s%.*s%s,", "", (int)name.size, (const char *)name.data, ONE_OF("", ".asc", ".desc"));
    }
    if (json->data[json->size - 1] == ',')
        json->size--;
    buffer_append_text(json, "'");
}

static struct buffer some_query(void)
{
    struct buffer json = {0};
    buffer_append_text(&json, "{'query':");
    put_statement(&json, below(4));
    put_sort(&json);
    if (below(6) == 0)
        buffer_printf(
            &json, ",'text':%s", ONE_OF("'red'", "'abc1 corp'", "'\\u00c4PFEL'", "'n\\u1eb4ng'", "'red blue'"));
    if (below(4) == 0)
        buffer_append_text(&json, ",'deleted':true");
    buffer_append(&json, "}", 2);
    return json;
}

/* ---- answers ---- */

/* The identifiers that the plain evaluator gives, in order. */
static uint32_t reference_ids(struct slice request, uint32_t *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        if (!reference_matches(&model, &rows[i], "default", request))
            continue;
        uint32_t at = count++;
        for (; at > 0 && reference_compare(&model, &rows[i], &rows[out[at - 1]], request) < 0; at--)
            out[at] = out[at - 1];
        out[at] = i;
    }
    return count;
}

static void page_check(const struct row_page *page, const uint32_t *expected, uint32_t count, const char *json)
{
    struct buffer memory = {0};
    struct reader reader = sample_page(page, &memory);
    cr_assert(page->count == count, "%s: %u rows, not %u", json, page->count, count);
    for (uint32_t i = 0; i < count; i++) {
        struct slice row, raw, id;
        cr_assert(reader_raw(&reader, &row) == error_none && msgpack_find(row, "_id", &raw) == error_none);
        struct reader text = reader_of(raw);
        cr_assert(reader_text(&text, &id) == error_none);
        cr_assert(slice_equal(id, rows[expected[i]].id),
                  "%s: row %u is %.*s, not %s",
                  json,
                  i,
                  (int)id.size,
                  (const char *)id.data,
                  row_ids[expected[i]]);
    }
    buffer_fini(&memory);
}

static struct query query_of(struct slice request, const char *json)
{
    struct query query = {0};
    struct data_faults faults;
    enum error error = query_parse(request, &model, slice_text("default"), NULL, &query, &faults);
    cr_assert(error == error_none, "%s: %s %s", json, faults.items[0].code, faults.items[0].path);
    return query;
}

static void select_run(struct database *database, const struct query *query, struct row_page *page, const char *json)
{
    enum error error = database_select(database, 1, query, page);
    cr_assert(error == error_none, "%s: %s", json, database->fault.text);
}

static uint32_t rest_of(uint32_t count, uint32_t from, uint32_t limit)
{
    uint32_t left = from < count ? count - from : 0;
    return left < limit ? left : limit;
}

/* All pages by number, then all by cursor. */
static void query_check(struct database *database, const char *json, uint32_t limit)
{
    struct buffer request = sample_msgpack(json), cursor = {0};
    uint32_t expected[ROWS], count = reference_ids(buffer_slice(&request), expected);
    struct query query = query_of(buffer_slice(&request), json);
    struct row_page page = {0};
    query.limit = limit;
    for (uint32_t from = 0; from <= count; from += limit, query.page++) {
        select_run(database, &query, &page, json);
        page_check(&page, expected + from, rest_of(count, from, limit), json);
        cr_assert(page.total == count, "%s: total %lld, not %u", json, (long long)page.total, count);
        cr_assert((page.next.size > 0) == (from + limit < count));
    }
    query_fini(&query);
    struct reader reader = reader_of(buffer_slice(&request));
    struct buffer with = {0};
    uint32_t entries;
    cr_assert(reader_map(&reader, &entries) == error_none);
    for (uint32_t from = 0;; from += limit) {
        buffer_clear(&with);
        write_map(&with, entries + (from > 0));
        buffer_append(&with, reader.at, (size_t)(reader.end - reader.at));
        if (from > 0) {
            write_string(&with, "cursor");
            write_text(&with, buffer_slice(&cursor));
        }
        query = query_of(buffer_slice(&with), json);
        query.limit = limit;
        select_run(database, &query, &page, json);
        query_fini(&query);
        page_check(&page, expected + from, rest_of(count, from, limit), json);
        if (page.next.size == 0)
            break;
        buffer_clear(&cursor);
        buffer_append(&cursor, page.next.data, page.next.size);
    }
    row_page_fini(&page);
    buffer_fini(&with);
    buffer_fini(&cursor);
    buffer_fini(&request);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void random_run(enum dialect dialect)
{
    struct database database;
    uint64_t seed = number_of("FLUVIUS_SEED", 20260731), queries = number_of("FLUVIUS_QUERIES", QUERIES);
    setlocale(LC_CTYPE, "C.UTF-8");
    sample_model(&model);
    state = seed;
    for (uint32_t i = 0; i < ROWS; i++)
        row_make(i);
    database_make(&database, dialect);
    database_build(&database, 1, &model, BUILD_LIVE);
    database_put(&database, 1, &model, rows, ROWS);
    database_open(&database, 0);
    for (uint64_t i = 0; i < queries; i++) {
        struct buffer json = some_query();
        query_check(&database, (char *)json.data, 7 + below(60));
        buffer_fini(&json);
    }
    database_clean(&database);
}

Test(random_queries, sqlite_answers_as_the_plain_evaluator)
{
    random_run(DIALECT_SQLITE);
}

Test(random_queries, postgresql_answers_as_the_plain_evaluator)
{
    random_run(DIALECT_POSTGRESQL);
}
