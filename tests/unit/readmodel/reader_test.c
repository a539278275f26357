/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Readers on both databases: builds, checkpoints, rows as they are shown, cursors, single rows, limits of time, lost
 * connections. */
#include <criterion/criterion.h>

#include "tests/lib/program_server.h"
#include "tests/unit/readmodel/database.h"
#include "tests/unit/readmodel/sample.h"

static struct model model;
static struct row rows[SAMPLE_ROWS];
static struct buffer row_data[SAMPLE_ROWS];
static struct database database;
static struct row_page page;

static void begin(enum dialect dialect)
{
    sample_model(&model);
    for (size_t i = 0; i < SAMPLE_ROWS; i++)
        rows[i] = sample_row(i, &row_data[i]);
    database_make(&database, dialect);
    database_build(&database, 1, &model, BUILD_LIVE);
    database_put(&database, 1, &model, rows, SAMPLE_ROWS);
    database_open(&database, 0);
}

/* A test of each database. */
#define BOTH(NAME)                                                                                                     \
    static void NAME(void);                                                                                            \
    Test(reader, NAME##_in_sqlite)                                                                                     \
    {                                                                                                                  \
        begin(DIALECT_SQLITE);                                                                                         \
        NAME();                                                                                                        \
        database_clean(&database);                                                                                     \
    }                                                                                                                  \
    Test(reader, NAME##_in_postgresql)                                                                                 \
    {                                                                                                                  \
        begin(DIALECT_POSTGRESQL);                                                                                     \
        NAME();                                                                                                        \
        database_clean(&database);                                                                                     \
    }                                                                                                                  \
    static void NAME(void)

static struct query query_of(const struct buffer *request)
{
    struct query query = {0};
    struct data_faults faults;
    cr_assert(query_parse(buffer_slice(request), &model, slice_text("default"), NULL, &query, &faults) == error_none);
    return query;
}

static enum error select_json(uint32_t build, const char *json)
{
    struct buffer request = sample_msgpack(json);
    struct query query = query_of(&request);
    enum error error = database_select(&database, build, &query, &page);
    query_fini(&query);
    buffer_fini(&request);
    return error;
}

/* The page's rows are this JSON, with ' for ". */
static void page_is(const char *json)
{
    struct buffer text = {0};
    buffer_append(&text, page.rows.data, page.rows.size);
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '"')
            text.data[i] = '\'';
    cr_assert(slice_is(buffer_slice(&text), json), "%.*s", (int)text.size, (char *)text.data);
    buffer_fini(&text);
}

/* ---- rows ---- */

BOTH(a_row_has_audit_fields_and_its_own)
{
    cr_assert(select_json(1, "{'query':{'_id.eq':'c-4'}}") == error_none);
    page_is("[{'_id':'c-4','_created':'1970-01-13T00:00:00.000000Z','_updated':'1970-01-13T00:00:00.000000Z',"
            "'_creator':'','_updater':'','_deleted':null,'_etag':'1','_realm':'default','system_entity':false,"
            "'tags':[],'marks':[],'shares':[],'labels':{},'quota':{},'lines':[]}]");
    cr_assert(select_json(1, "{'query':{'_id.eq':'c-6'},'deleted':true,'include':'_deleted,_realm'}") == error_none);
    page_is("[{'_id':'c-6','_deleted':'1970-01-04T00:00:00.000000Z','_realm':'default'}]");
}

BOTH(include_and_exclude_choose_fields)
{
    cr_assert(select_json(1, "{'query':{'_id.eq':'c-1'},'include':'name,address,_etag'}") == error_none);
    page_is("[{'_id':'c-1','_etag':'3','name':'Alpha Beta','address':{'city':'Hanoi','geo':{'lat':21.5}}}]");
    cr_assert(select_json(1, "{'query':{'_id.eq':'c-1'},'include':['address.geo.lat','tags']}") == error_none);
    page_is("[{'_id':'c-1','tags':['red','blue'],'address':{'geo':{'lat':21.5}}}]");
    cr_assert(select_json(1, "{'query':{'_id.eq':'c-1'},'include':'address,name','exclude':'address.geo,_id'}") ==
              error_none);
    page_is("[{'name':'Alpha Beta','address':{'city':'Hanoi'}}]");
    cr_assert(select_json(1,
                          "{'query':{'_id.eq':'C-7'},'exclude':'name,revenue,rating,employees,_created,_updated,"
                          "_creator,_updater,_etag,_realm,_deleted,address'}") == error_none);
    page_is("[{'_id':'C-7','business_name':'abc1','system_entity':true,'tags':[''','\\''],'labels':{'kind':'shop'}}]");
}

BOTH(one_row_is_found_by_its_identifier)
{
    struct buffer request = sample_msgpack("{'include':'_realm'}");
    struct query query = query_of(&request);
    static const struct {
        const char *id;
        uint32_t count;
    } ids[] = {{"c-2", 1}, {"C-2", 0}, {"c-6", 0}, {"", 0}, {"x' OR '1'='1", 0}};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        cr_assert(database_item(&database, &query, slice_text(ids[i].id), &page) == error_none);
        cr_assert(page.count == ids[i].count, "%s", ids[i].id);
    }
    query.deleted = true;
    cr_assert(database_item(&database, &query, slice_text("c-6"), &page) == error_none);
    page_is("[{'_id':'c-6','_realm':'default'}]");
    cr_assert(database_item(&database, &query, slice_of("c\0", 2), &page) == error_none);
    cr_assert(page.count == 0);
    query_fini(&query);
    buffer_fini(&request);
}

/* ---- cursors ---- */

static struct buffer with_cursor(const char *json, const struct buffer *cursor)
{
    struct buffer request = sample_msgpack(json), out = {0};
    struct reader reader = reader_of(buffer_slice(&request));
    uint32_t entries;
    cr_assert(reader_map(&reader, &entries) == error_none);
    write_map(&out, entries + (cursor->size > 0));
    buffer_append(&out, reader.at, (size_t)(reader.end - reader.at));
    if (cursor->size > 0) {
        write_string(&out, "cursor");
        write_text(&out, buffer_slice(cursor));
    }
    buffer_fini(&request);
    return out;
}

static void ids_take(struct buffer *out)
{
    struct buffer memory = {0};
    struct reader reader = sample_page(&page, &memory);
    for (uint32_t i = 0; i < page.count; i++) {
        struct slice row, id;
        cr_assert(reader_raw(&reader, &row) == error_none && msgpack_find(row, "_id", &id) == error_none);
        buffer_append(out, id.data, id.size);
    }
    buffer_fini(&memory);
}

/* Cursors lead through all rows, in the order of one large page. */
static void walk(const char *json)
{
    struct buffer cursor = {0}, whole = {0}, walked = {0};
    cr_assert(select_json(1, json) == error_none);
    ids_take(&whole);
    uint32_t pages = 0, total = page.count;
    do {
        struct buffer request = with_cursor(json, &cursor);
        struct query query = query_of(&request);
        query.limit = 2;
        cr_assert(database_select(&database, 1, &query, &page) == error_none, "%s", database.fault.text);
        ids_take(&walked);
        buffer_clear(&cursor);
        buffer_append(&cursor, page.next.data, page.next.size);
        query_fini(&query);
        buffer_fini(&request);
        pages++;
    } while (cursor.size > 0 && pages < 20);
    cr_assert(pages == (total + 1) / 2, "%s: %u pages of %u rows", json, pages, total);
    cr_assert(slice_equal(buffer_slice(&whole), buffer_slice(&walked)), "%s", json);
    buffer_fini(&cursor);
    buffer_fini(&whole);
    buffer_fini(&walked);
}

BOTH(cursors_lead_through_all_rows)
{
    static const char *const sorts[] = {"_id",
                                        "_id.desc",
                                        "name",
                                        "name.desc",
                                        "employees",
                                        "employees.desc",
                                        "rating.desc,_id.desc",
                                        "rating,employees.desc",
                                        "owner,status.desc,name",
                                        "_deleted",
                                        "_deleted.desc,_updated",
                                        "system_entity,opened_at.desc",
                                        "founded,revenue",
                                        "address.city,address.geo.lat.desc"};
    char json[160];
    for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++) {
        snprintf(json, sizeof json, "{'sort':'%s','deleted':true}", sorts[i]);
        walk(json);
    }
    walk("{'text':'red'}");
    walk("{'text':'red blue','deleted':true}");
    walk("{'text':'red','sort':'name.desc'}");
    walk("{'query':{'employees!gt':5},'sort':'employees.desc'}");
}

BOTH(a_cursor_page_counts_only_when_asked)
{
    cr_assert(select_json(1, "{'limit':2,'sort':'name'}") == error_none && page.total == 6 && page.next.size > 0);
    struct buffer cursor = {0};
    buffer_append(&cursor, page.next.data, page.next.size);
    struct buffer request = with_cursor("{'sort':'name','total':true,'limit':2}", &cursor);
    struct query query = query_of(&request);
    cr_assert(database_select(&database, 1, &query, &page) == error_none);
    cr_assert(page.total == 6 && page.count == 2);
    query_fini(&query);
    buffer_fini(&request);
    buffer_fini(&cursor);
}

/* ---- pages that are large ---- */

enum { LARGE = 7 };

/* n0 to n6, of 200,000 bytes each; n3 has 600,000. */
static void large_rows_put(void)
{
    static struct row large[LARGE];
    static char ids[LARGE][8], text[600000];
    struct buffer data[LARGE] = {0};
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < LARGE; i++) {
        snprintf(ids[i], sizeof ids[i], "n%zu", i);
        write_map(&data[i], 1);
        write_string(&data[i], "name");
        write_text(&data[i], slice_of(text, i == 3 ? sizeof text : 200000));
        large[i] =
            (struct row){.realm = slice_text("default"), .id = slice_text(ids[i]), .data = buffer_slice(&data[i])};
    }
    database_put(&database, 1, &model, large, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        buffer_fini(&data[i]);
}

static void page_ids_are(const char *expected)
{
    struct buffer ids = {0}, memory = {0};
    struct reader reader = sample_page(&page, &memory);
    for (uint32_t i = 0; i < page.count; i++) {
        struct slice row, raw, id;
        cr_assert(reader_raw(&reader, &row) == error_none && msgpack_find(row, "_id", &raw) == error_none);
        struct reader text = reader_of(raw);
        cr_assert(reader_text(&text, &id) == error_none);
        buffer_append(&ids, id.data, id.size);
    }
    cr_assert(reader_done(&reader));
    cr_assert(slice_is(buffer_slice(&ids), expected), "%.*s, not %s", (int)ids.size, (char *)ids.data, expected);
    buffer_fini(&ids);
    buffer_fini(&memory);
}

#define LARGE_ROWS "{'query':{'_id.gte':'n'},'limit':1000}"

BOTH(a_page_ends_early_before_it_passes_its_bytes_and_cursors_lead_on)
{
    static const char *const pages[] = {"n0n1", "n2", "n3", "n4n5", "n6"};
    struct buffer cursor = {0};
    large_rows_put();
    for (size_t i = 0; i < 5; i++) {
        struct buffer request = with_cursor(LARGE_ROWS, &cursor);
        struct query query = query_of(&request);
        cr_assert(database_select(&database, 1, &query, &page) == error_none);
        page_ids_are(pages[i]);
        cr_assert(page.rows.size <= limit_page_bytes || page.count == 1);
        cr_assert(page.cut == (i < 4) && (page.next.size > 0) == (i < 4));
        cr_assert(page.total == (i == 0 ? LARGE : -1), "%lld", (long long)page.total);
        buffer_clear(&cursor);
        buffer_append(&cursor, page.next.data, page.next.size);
        query_fini(&query);
        buffer_fini(&request);
    }
    buffer_fini(&cursor);
}

BOTH(what_is_left_out_of_rows_does_not_count_as_their_bytes)
{
    large_rows_put();
    cr_assert(select_json(1, "{'query':{'_id.gte':'n'},'limit':1000,'include':'_id'}") == error_none);
    page_ids_are("n0n1n2n3n4n5n6");
    cr_assert(!page.cut && page.next.size == 0);
}

BOTH(a_page_that_was_asked_for_by_number_is_whole_or_refused)
{
    large_rows_put();
    cr_assert(select_json(1, "{'query':{'_id.gte':'n'},'limit':3,'page':1}") == error_too_long);
    cr_assert(select_json(1, "{'query':{'_id.gte':'n'},'limit':3,'page':2}") == error_too_long);
    cr_assert(select_json(1, "{'query':{'_id.gte':'n'},'limit':2,'page':1}") == error_none);
    page_ids_are("n0n1");
    cr_assert(page.total == LARGE && page.next.size > 0 && !page.cut);
}

/* ---- builds and checkpoints ---- */

#define SCHEMA (database.dialect == DIALECT_SQLITE ? "" : "fluvius_read.")

BOTH(builds_are_read_again_when_they_change)
{
    const struct builds *builds;
    cr_assert(row_reader_builds(database.reader, &builds, &database.fault) == error_none, "%s", database.fault.text);
    cr_assert(builds->count == 1 && builds->builds[0].id == 1 && builds->builds[0].state == BUILD_LIVE);
    cr_assert(builds->builds[0].fingerprint == 7 && builds->builds[0].incarnation == 77);
    cr_assert(builds->builds[0].model_count == 1 && slice_is(builds->builds[0].models[0].name, "company"));
    const struct build *same = builds->builds;
    cr_assert(row_reader_builds(database.reader, &builds, &database.fault) == error_none && builds->builds == same);
    uint64_t change = builds->change;
    database_build(&database, 2, &model, BUILD_BUILDING);
    database_sql(&database, "INSERT INTO %smeta (key, value) VALUES ('incarnation', 99)", SCHEMA);
    cr_assert(row_reader_builds(database.reader, &builds, &database.fault) == error_none);
    cr_assert(builds->count == 2 && builds->builds[1].id == 2 && builds->builds[1].state == BUILD_BUILDING);
    cr_assert(builds->change != change && builds->incarnation == 99);
}

BOTH(there_may_be_no_builds)
{
    const struct builds *builds;
    database_sql(&database, "DELETE FROM %sbuild", SCHEMA);
    database_sql(&database, "UPDATE %smeta SET value = value + 1 WHERE key = 'change'", SCHEMA);
    cr_assert(row_reader_builds(database.reader, &builds, &database.fault) == error_none && builds->count == 0);
}

BOTH(checkpoints_are_by_partition)
{
    struct checkpoint checkpoints[4];
    struct buffer memory = {0};
    database_sql(
        &database,
        "INSERT INTO %scheckpoint (build, partition, seq, time_us, halted, fault) VALUES (1, 0, 10, 11, 0, ''), "
        "(1, 2, 20, 21, 21, 'two'), (1, 3, 30, 31, 31, 'three'), (1, 9, 1, 1, 0, 'beyond'), (2, 1, 5, 5, 0, '')",
        SCHEMA);
    cr_assert(row_reader_checkpoints(database.reader, 1, checkpoints, 4, &memory, &database.fault) == error_none);
    cr_assert(checkpoints[0].seq == 10 && checkpoints[0].time_us == 11 && checkpoints[0].fault.size == 0);
    cr_assert(checkpoints[1].seq == 0 && checkpoints[1].halted == 0);
    cr_assert(checkpoints[2].seq == 20 && checkpoints[2].halted == 21 && slice_is(checkpoints[2].fault, "two"));
    cr_assert(checkpoints[3].halted == 31 && slice_is(checkpoints[3].fault, "three"));
    buffer_fini(&memory);
}

BOTH(a_build_that_was_dropped_is_told)
{
    cr_assert(select_json(1, "{}") == error_none);
    database_sql(&database, "DROP TABLE %sm1_0", SCHEMA);
    cr_assert(select_json(1, "{}") == error_not_found, "%s", database.fault.text);
    cr_assert(select_json(1, "{'sort':'name'}") == error_not_found);
    cr_assert(select_json(8, "{}") == error_not_found);
    struct row row = rows[0];
    database_build(&database, 2, &model, BUILD_LIVE);
    database_put(&database, 2, &model, &row, 1);
    cr_assert(select_json(2, "{}") == error_none && page.count == 1);
}

/* ---- statements ---- */

BOTH(more_shapes_of_queries_than_are_kept)
{
    static const char *const operators[] = {"eq", "ne", "gt", "gte", "lt", "lte", "has", "ilike"};
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 200; i++) {
            char json[200];
            snprintf(json,
                     sizeof json,
                     "{'query':{'name%c%s':'q','business_name%c%s':'Corp'},'sort':'%s','limit':%u}",
                     i % 2 ? '.' : '!',
                     operators[i / 2 % 8],
                     i / 16 % 2 ? '.' : '!',
                     operators[i / 32 % 8],
                     i % 3 ? "name" : "employees.desc",
                     i % 7 + 1);
            cr_assert(select_json(1, json) == error_none, "%s: %s", json, database.fault.text);
        }
    cr_assert(select_json(1, "{}") == error_none && page.count == 6);
}

/* A query that compares each row with patterns that take long, on many rows. */
BOTH(a_query_that_takes_too_long_is_ended)
{
    enum { MANY = 400 };
    static struct row many[MANY];
    static char ids[MANY][8], text[16000];
    struct buffer data = {0}, request = {0};
    memset(text, 'a', sizeof text);
    write_map(&data, 1);
    write_string(&data, "name");
    write_text(&data, slice_of(text, sizeof text));
    for (size_t i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof ids[i], "n%zu", i);
        many[i] = (struct row){.realm = slice_text("default"), .id = slice_text(ids[i]), .data = buffer_slice(&data)};
    }
    database_put(&database, 1, &model, many, MANY);
    row_reader_close(&database.reader);
    database_open(&database, 50);
    write_map(&request, 1);
    write_string(&request, "query");
    write_map(&request, 1);
    write_string(&request, "name!ilike");
    memset(text, 'a', 2000);
    text[0] = '%';
    text[1999] = 'b';
    write_text(&request, slice_of(text, 2000));
    struct query query = query_of(&request);
    enum error error = database_select(&database, 1, &query, &page);
    cr_assert(error == error_timed_out, "%s: %s", error_name(error), database.fault.text);
    query_fini(&query);
    buffer_fini(&request);
    buffer_fini(&data);
    cr_assert(select_json(1, "{'limit':1,'total':false}") == error_none && page.count == 1);
}

/* One row, in which 256 numbers are looked for among very many: SQLite looks at the clock only behind it. */
Test(reader, a_comparison_of_lists_that_takes_too_long_is_ended_in_sqlite)
{
    enum { ITEMS = 250000 };
    struct buffer data = {0}, request = {0};
    begin(DIALECT_SQLITE);
    write_map(&data, 1);
    write_string(&data, "marks");
    write_array(&data, ITEMS);
    for (int i = 0; i < ITEMS; i++)
        write_integer(&data, i);
    struct row row = {.realm = slice_text("default"), .id = slice_text("many"), .data = buffer_slice(&data)};
    database_put(&database, 1, &model, &row, 1);
    row_reader_close(&database.reader);
    database_open(&database, 20);
    write_map(&request, 1);
    write_string(&request, "query");
    write_map(&request, 1);
    write_string(&request, "marks.cs");
    write_array(&request, QUERY_LIST_MAX);
    for (int i = 0; i < QUERY_LIST_MAX; i++)
        write_integer(&request, ITEMS - 1);
    struct query query = query_of(&request);
    query.total = false; /* that would be too late by itself */
    enum error error = database_select(&database, 1, &query, &page);
    cr_assert(error == error_timed_out, "%s: %s", error_name(error), database.fault.text);
    query_fini(&query);
    buffer_fini(&request);
    buffer_fini(&data);
    cr_assert(select_json(1, "{'query':{'_id.eq':'c-1'}}") == error_none && page.count == 1);
    database_clean(&database);
}

BOTH(hostile_values_change_nothing)
{
    struct store_fault fault;
    struct row_reader_config config = {.url = "nowhere:", .holder = "test"};
    struct row_reader *none = NULL;
    cr_assert(row_reader_open(&none, &config, &fault) == error_bad_settings && none == NULL);
    cr_assert(select_json(1, "{'query':{'name':'\\u0027; DELETE FROM m1_0; --'}}") == error_none && page.count == 0);
    cr_assert(select_json(1, "{}") == error_none && page.count == 6);
}

/* ---- one database only ---- */

Test(reader, a_file_that_is_not_there_is_told)
{
    struct store_fault fault;
    struct row_reader *none = NULL;
    struct row_reader_config config = {.url = "sqlite:/nonexistent/directory", .holder = "test"};
    cr_assert(row_reader_open(&none, &config, &fault) == error_not_found && none == NULL);
}

Test(reader, a_server_without_read_models_says_so)
{
    struct store_fault fault;
    struct row_reader *reader = NULL;
    char name[64], url[160];
    const struct builds *builds;
    postgres_database_make(name);
    snprintf(url, sizeof url, "postgresql://postgres@127.0.0.1:%u/%s", postgres_port(), name);
    struct row_reader_config config = {.url = url, .holder = "test"};
    cr_assert(row_reader_open(&reader, &config, &fault) == error_none, "%s", fault.text);
    cr_assert(row_reader_builds(reader, &builds, &fault) == error_missing_schema);
    row_reader_close(&reader);
    postgres_database_drop(name);
}

Test(reader, of_several_servers_the_first_has_the_read_models)
{
    struct store_fault fault;
    struct row_reader *reader = NULL;
    char name[64], url[200];
    postgres_database_make(name);
    snprintf(url,
             sizeof url,
             "postgres://postgres@127.0.0.1:%u/%s postgresql://postgres@127.0.0.1:1/none",
             postgres_port(),
             name);
    struct row_reader_config config = {.url = url, .holder = "test"};
    cr_assert(row_reader_open(&reader, &config, &fault) == error_none, "%s", fault.text);
    row_reader_close(&reader);
    postgres_database_drop(name);
}

Test(reader, a_lost_connection_is_made_again)
{
    begin(DIALECT_POSTGRESQL);
    cr_assert(select_json(1, "{'sort':'name'}") == error_none);
    for (int i = 0; i < 3; i++) {
        database_sql(&database,
                     "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                     "WHERE application_name = 'fluvius test'");
        cr_assert(select_json(1, "{'sort':'name'}") == error_none, "%s", database.fault.text);
        cr_assert(page.count == 6 && page.total == 6);
    }
    database_clean(&database);
}
