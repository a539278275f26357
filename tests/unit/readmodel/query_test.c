/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Queries that mean harm: too deep, too large, or with SQL in them; and what SQL comes of any. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "proto/utf8.h"
#include "services/readmodel/select.h"
#include "tests/unit/readmodel/sample.h"

static struct model model;

static enum error parse(struct slice request, struct query *out, struct data_faults *faults)
{
    if (model.fields == NULL)
        sample_model(&model);
    *out = (struct query){0};
    return query_parse(request, &model, slice_text("default"), NULL, out, faults);
}

static bool refused(struct slice request, const char *code)
{
    struct query query;
    struct data_faults faults;
    enum error error = parse(request, &query, &faults);
    bool told = false;
    for (uint32_t i = 0; i < faults.count && i < DATA_FAULTS_MAX; i++)
        told = told || strcmp(faults.items[i].code, code) == 0;
    query_fini(&query);
    return error == error_invalid_data && told;
}

static bool refused_json(const struct buffer *json, const char *code)
{
    struct buffer text = {0};
    buffer_append(&text, json->data, json->size);
    buffer_append(&text, "", 1);
    struct buffer request = sample_msgpack((char *)text.data);
    bool is = refused(buffer_slice(&request), code);
    buffer_fini(&request);
    buffer_fini(&text);
    return is;
}

static struct buffer repeated(const char *before, const char *item, uint32_t count, const char *after)
{
    struct buffer out = {0};
    buffer_append_text(&out, before);
    for (uint32_t i = 0; i < count; i++)
        buffer_printf(&out, "%s%s", i == 0 ? "" : ",", item);
    buffer_append_text(&out, after);
    return out;
}

Test(query, deep_filters_are_refused)
{
    for (int depth = QUERY_DEPTH_MAX + 1; depth < 13; depth++) {
        struct buffer json = {0};
        buffer_append_text(&json, "{'query':");
        for (int i = 0; i < depth; i++)
            buffer_append_text(&json, "{'!or':[");
        buffer_append_text(&json, "{}");
        for (int i = 0; i < depth; i++)
            buffer_append_text(&json, "]}");
        buffer_append_text(&json, "}");
        cr_assert(refused_json(&json, "too_deep"));
        buffer_fini(&json);
    }
}

Test(query, large_filters_are_refused)
{
    static const struct {
        const char *before, *item, *after;
        uint32_t count;
    } large[] = {
        {"{'query':{'.or':[", "{}", "]}}", 600},
        {"{'query':{'.or':[", "{'name':'x'}", "]}}", 300},
        {"{'query':{'.or':[", "{'.and':[]}", "]}}", 300},
        {"{'query':{'name.in':[", "'x'", "]}}", QUERY_LIST_MAX + 1},
        {"{'query':{'tags.cs':[", "'x'", "]}}", QUERY_LIST_MAX + 1},
        {"{'sort':[", "'name'", "]}", 2000},
        {"{'text':'", "word", "'}", QUERY_WORDS_MAX + 1},
    };
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        struct buffer json = repeated(large[i].before, large[i].item, large[i].count, large[i].after);
        cr_assert(refused_json(&json, i == 5 ? "duplicate_item" : "too_many_items"), "%zu", i);
        buffer_fini(&json);
    }
}

Test(query, conditions_of_one_map_are_counted)
{
    struct buffer request = {0};
    write_map(&request, 1);
    write_string(&request, "query");
    write_map(&request, QUERY_CONDITIONS_MAX + 50);
    for (uint32_t i = 0; i < QUERY_CONDITIONS_MAX + 50; i++) {
        char key[32];
        snprintf(key, sizeof key, "f%u.eq", i);
        write_string(&request, key);
        write_nil(&request);
    }
    struct query query;
    struct data_faults faults;
    cr_assert(parse(buffer_slice(&request), &query, &faults) == error_invalid_data);
    cr_assert(faults.count ==
              QUERY_CONDITIONS_MAX + 1); /* one for each unknown field, and one that there are no more */
    buffer_fini(&request);
}

Test(query, long_texts_are_refused)
{
    static const char *const keys[] = {"text", "sort", "include", "exclude"};
    static char text[QUERY_TEXT_MAX + 1];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct buffer request = {0};
        write_map(&request, 1);
        write_string(&request, keys[i]);
        write_text(&request, slice_of(text, sizeof text));
        cr_assert(refused(buffer_slice(&request), "too_long"), "%s", keys[i]);
        buffer_fini(&request);
    }
    struct buffer request = {0};
    write_map(&request, 1);
    write_string(&request, "query");
    write_map(&request, 2);
    write_string(&request, "name.eq");
    write_text(&request, slice_of(text, sizeof text));
    write_string(&request, "seal");
    write_text(&request, slice_of(text, sizeof text));
    cr_assert(refused(buffer_slice(&request), "too_long"));
    buffer_fini(&request);
}

Test(query, more_than_its_bytes_is_refused_unread)
{
    static char text[1000];
    struct buffer request = {0};
    memset(text, 'a', sizeof text);
    write_map(&request, 100);
    for (int i = 0; i < 100; i++) {
        text[0] = (char)('A' + i / 26);
        text[1] = (char)('A' + i % 26);
        write_text(&request, slice_of(text, 900));
        write_nil(&request);
    }
    cr_assert(request.size > QUERY_BYTES_MAX && refused(buffer_slice(&request), "too_long"));
    buffer_fini(&request);
}

Test(query, long_names_are_told_within_bounds)
{
    static char text[4000];
    struct buffer request = {0};
    struct query query;
    struct data_faults faults;
    memset(text, '~', sizeof text);
    memcpy(text + 100, "\xc3\x84\xc3\x84\xc3\x84", 6);
    write_map(&request, 2);
    write_string(&request, "query");
    write_map(&request, 1);
    write_text(&request, slice_of(text, sizeof text));
    write_nil(&request);
    write_string(&request, "sort");
    write_text(&request, slice_of(text, sizeof text));
    cr_assert(parse(buffer_slice(&request), &query, &faults) == error_invalid_data);
    cr_assert(faults.count == 2 && strlen(faults.items[0].path) < sizeof faults.items[0].path);
    buffer_fini(&request);
}

Test(query, what_is_told_of_long_names_is_whole_characters)
{
    for (size_t before = 76; before <= 80; before++) {
        char text[100];
        struct buffer request = {0};
        struct query query;
        struct data_faults faults;
        memset(text, 'a', sizeof text);
        memcpy(text + before, "\xf0\x9f\x92\xb6", 4);
        write_map(&request, 1);
        write_string(&request, "sort");
        write_text(&request, slice_of(text, sizeof text));
        cr_assert(parse(buffer_slice(&request), &query, &faults) == error_invalid_data);
        struct slice told = slice_text(faults.items[0].message);
        cr_expect_eq(utf8_valid_size(told), told.size);
        cr_expect(strstr(faults.items[0].message, " is no field") != NULL);
        buffer_fini(&request);
    }
}

Test(query, many_faults_are_counted_beyond_those_told)
{
    struct buffer request = {0};
    struct query query;
    struct data_faults faults;
    write_map(&request, 60);
    for (int i = 0; i < 60; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        write_string(&request, key);
        write_nil(&request);
    }
    cr_assert(parse(buffer_slice(&request), &query, &faults) == error_invalid_data && faults.count == 60);
    buffer_fini(&request);
}

Test(query, other_keys_are_left_to_the_caller)
{
    static const char *const others[] = {"at_least", "id", NULL};
    struct buffer request = sample_msgpack("{'at_least':'1:0.5','id':'x','limit':null}");
    struct query query;
    struct data_faults faults;
    cr_assert(refused(buffer_slice(&request), "unknown_field"));
    cr_assert(query_parse(buffer_slice(&request), &model, slice_text("r"), others, &query, &faults) == error_none);
    cr_assert(query.limit == 25 && query.page == 1 && query.total && !query.deleted && query.all_fields);
    query_fini(&query);
    buffer_fini(&request);
}

/* ---- what reaches SQL ---- */

static const enum dialect dialects[] = {DIALECT_SQLITE, DIALECT_POSTGRESQL};

/* Appends both statements of a request, on both databases, and how many values they bind. */
static void sql_of(const char *json, struct buffer *out)
{
    struct buffer request = sample_msgpack(json);
    struct query query;
    struct data_faults faults;
    struct select select = {0};
    cr_assert(parse(buffer_slice(&request), &query, &faults) == error_none, "%s", json);
    for (int collation = 0; collation < 2; collation++)
        for (int i = 0; i < 2; i++) {
            struct select_target target = {.dialect = dialects[i],
                                           .build = 3,
                                           .number = 1,
                                           .fold_collation = collation ? "\"C.utf8\"" : NULL,
                                           .fold_from = slice_text("A"),
                                           .fold_to = slice_text("a")};
            cr_assert(select_rows(&select, &target, &query) == error_none);
            buffer_append(out, select.sql.data, select.sql.size);
            buffer_printf(out, "\n%u\n", select.count);
            cr_assert(select_count(&select, &target, &query) == error_none);
            buffer_append(out, select.sql.data, select.sql.size);
            cr_assert(select_item(&select, &target, &query, slice_text("x' --")) == error_none);
            buffer_append(out, select.sql.data, select.sql.size);
        }
    select_fini(&select);
    query_fini(&query);
    buffer_fini(&request);
}

static bool same_sql(const char *one, const char *other)
{
    struct buffer a = {0}, b = {0};
    sql_of(one, &a);
    sql_of(other, &b);
    bool same = slice_equal(buffer_slice(&a), buffer_slice(&b));
    buffer_fini(&a);
    buffer_fini(&b);
    return same;
}

Test(query, values_do_not_change_sql)
{
    cr_assert(same_sql("{'query':{'name.eq':'x'}}", "{'query':{'name.eq':'\\u0027 OR 1=1 --'}}"));
    cr_assert(same_sql("{'query':{'name':'x'}}", "{'query':{'name':'%\\u0022; DROP TABLE m3_1; --'}}"));
    cr_assert(same_sql("{'query':{'name.ilike':'a'}}", "{'query':{'name.ilike':'\\u0027)) UNION SELECT 1 --'}}"));
    cr_assert(same_sql("{'query':{'employees.gt':1}}", "{'query':{'employees.gt':-9223372036854775808}}"));
    cr_assert(same_sql("{'query':{'rating.lt':1}}", "{'query':{'rating.lt':1e300}}"));
    cr_assert(same_sql("{'query':{'tags.cs':['a']}}", "{'query':{'tags.cs':['$1','?1','\\u0027::jsonb','\\u0022]']}}"));
    cr_assert(same_sql("{'query':{'tags.ov':[]}}", "{'query':{'tags.ov':['\\u0027']}}"));
    cr_assert(same_sql("{'query':{'labels.cs':{}}}", "{'query':{'labels.cs':{'\\u0027':'\\u0027'}}}"));
    cr_assert(same_sql("{'query':{'name.in':['a','b','c']}}", "{'query':{'name.in':['\\u0027','$1','--','/*']}}"));
    cr_assert(same_sql("{'text':'word'}", "{'text':'\\u0027\\u0022x'}"));
    cr_assert(same_sql("{'limit':1,'page':2}", "{'limit':1000,'page':77}"));
    cr_assert(!same_sql("{'query':{'name.eq':'x'}}", "{'query':{'name.ne':'x'}}"));
}

/* Every name and value of a client is of letters that SQL of ours does not have. */
Test(query, sql_is_of_fixed_words_and_numbers)
{
    struct buffer sql = {0};
#define CASE(REQUEST, ANSWER)                                                                                          \
    if (ANSWER[0] != '!')                                                                                              \
        sql_of(REQUEST, &sql);
#include "tests/unit/readmodel/cases.def"
#undef CASE
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  " _.,()[]=<>?$:@|+-*/'\"\n";
    static const char *const theirs[] = {"ABC",
                                         "DEF3",
                                         "Corp",
                                         "company",
                                         "alpha",
                                         "drop",
                                         "DROP",
                                         "shop",
                                         "red",
                                         "#",
                                         "--",
                                         ";",
                                         "''",
                                         "/*",
                                         "business",
                                         "employee",
                                         "0190a1b2",
                                         "hidden"};
    buffer_append(&sql, "", 1);
    cr_assert(strlen((char *)sql.data) + 1 == sql.size && strspn((char *)sql.data, allowed) + 1 == sql.size);
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
        cr_assert(strstr((char *)sql.data, theirs[i]) == NULL, "%s", theirs[i]);
    buffer_fini(&sql);
}

Test(query, the_realm_is_a_condition_of_every_statement)
{
    struct buffer sql = {0};
    uint32_t found = 0;
    sql_of("{'query':{'.or':[{'name':'x'},{}]},'deleted':true}", &sql);
    buffer_append(&sql, "", 1);
    for (const char *at = (char *)sql.data; (at = strstr(at, " WHERE _realm = ")) != NULL; at++)
        found++;
    cr_assert(found == 12);
    buffer_fini(&sql);
}

/* ---- cursors ---- */

static struct buffer cursor_request(const char *json, struct slice cursor)
{
    struct buffer request = sample_msgpack(json), out = {0};
    struct reader reader = reader_of(buffer_slice(&request));
    uint32_t entries;
    cr_assert(reader_map(&reader, &entries) == error_none);
    write_map(&out, entries + 1);
    buffer_append(&out, reader.at, (size_t)(reader.end - reader.at));
    write_string(&out, "cursor");
    write_text(&out, cursor);
    buffer_fini(&request);
    return out;
}

static struct buffer cursor_of(const char *json, const struct value *values)
{
    struct buffer request = sample_msgpack(json), out = {0}, place = {0};
    struct query query;
    struct data_faults faults;
    cr_assert(parse(buffer_slice(&request), &query, &faults) == error_none);
    cursor_place(&place, &query, values);
    cursor_write(&out, &query, buffer_slice(&place));
    query_fini(&query);
    buffer_fini(&place);
    buffer_fini(&request);
    return out;
}

static bool cursor_fits(const char *json, struct slice cursor)
{
    struct buffer request = cursor_request(json, cursor);
    struct query query;
    struct data_faults faults;
    enum error error = parse(buffer_slice(&request), &query, &faults);
    cr_assert(error == error_none || strcmp(faults.items[0].code, "bad_cursor") == 0);
    cr_assert(error != error_none || (query.page == 0 && !query.total));
    query_fini(&query);
    buffer_fini(&request);
    return error == error_none;
}

#define SORTED "{'sort':'name.desc,rating,employees','query':{'name':'x'}}"
static const struct value last[4] = {{.kind = VALUE_TEXT, .text = {(const uint8_t *)"Omega", 5}},
                                     {.kind = VALUE_DOUBLE, .number = 4.5},
                                     {.kind = VALUE_NULL},
                                     {.kind = VALUE_TEXT, .text = {(const uint8_t *)"c-9", 3}}};

Test(query, a_cursor_belongs_to_its_query)
{
    static const char *const foreign[] = {"{'sort':'name.desc,rating,employees','query':{'name':'y'}}",
                                          "{'sort':'name,rating,employees','query':{'name':'x'}}",
                                          "{'sort':'name.desc,rating','query':{'name':'x'}}",
                                          "{'sort':'name.desc,rating,employees','query':{'name!has':'x'}}",
                                          "{'sort':'name.desc,rating,employees','query':{'name':'x'},'deleted':true}",
                                          "{'sort':'name.desc,rating,employees','query':{'name':'x'},'text':'a'}",
                                          "{}"};
    struct buffer cursor = cursor_of(SORTED, last);
    cr_assert(cursor_fits(SORTED, buffer_slice(&cursor)));
    cr_assert(cursor_fits("{'query':{'name.has':'x'},'sort':['name.desc','rating.asc','employees'],'limit':7}",
                          buffer_slice(&cursor)));
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        cr_assert(!cursor_fits(foreign[i], buffer_slice(&cursor)), "%s", foreign[i]);
    buffer_fini(&cursor);
}

Test(query, a_cursor_of_another_realm_is_none)
{
    struct buffer cursor = cursor_of(SORTED, last), request = cursor_request(SORTED, buffer_slice(&cursor));
    struct query query;
    struct data_faults faults;
    cr_assert(query_parse(buffer_slice(&request), &model, slice_text("other"), NULL, &query, &faults) ==
              error_invalid_data);
    cr_assert(strcmp(faults.items[0].code, "bad_cursor") == 0);
    buffer_fini(&cursor);
    buffer_fini(&request);
}

Test(query, a_cursor_with_one_character_changed_is_none)
{
    struct buffer cursor = cursor_of(SORTED, last);
    for (size_t i = 0; i < cursor.size; i++) {
        uint8_t before = cursor.data[i];
        for (const char *c = "Aa0-_z*"; *c != 0; c++) {
            cursor.data[i] = (uint8_t)*c;
            cr_assert(before == (uint8_t)*c || !cursor_fits(SORTED, buffer_slice(&cursor)), "%zu", i);
        }
        cursor.data[i] = before;
        cr_assert(!cursor_fits(SORTED, slice_of(cursor.data, i)));
    }
    buffer_fini(&cursor);
}

Test(query, a_cursor_with_values_that_no_row_has_is_none)
{
    struct value wrong[4];
    memcpy(wrong, last, sizeof wrong);
    wrong[0] = (struct value){.kind = VALUE_INTEGER, .integer = 5};
    struct buffer cursor = cursor_of(SORTED, wrong);
    cr_assert(!cursor_fits(SORTED, buffer_slice(&cursor)));
    buffer_fini(&cursor);
    wrong[0] = (struct value){.kind = VALUE_TEXT, .text = {(const uint8_t *)"\xff", 1}};
    cursor = cursor_of(SORTED, wrong);
    cr_assert(!cursor_fits(SORTED, buffer_slice(&cursor)));
    buffer_fini(&cursor);
}
