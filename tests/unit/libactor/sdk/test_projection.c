/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Handlers find, change, put and delete rows; what came of them is told as canonical bytes, and nothing else is. */
#include "bench.h"
#include <stdio.h>

#include <fluvius/domain.h>

DOMAIN(shop, "Of projections.");
ENUM(colour, "", red, (dark_blue, "dark-blue"));
AGGREGATE(basket, "", FIELD(int64, steps));
AGGREGATE(guest, "", FIELD(int64, steps));
COMMAND(basket, fill, ("", .creates = true));
COMMAND(guest, enter, ("", .creates = true));
EVENT(basket,
      filled,
      ("", .version = 2),
      FIELD(text, what),
      FIELD(int64, count),
      FIELD(decimal, price, .scale = 2),
      OPTIONAL(colour, colour));
EVENT(basket, emptied, "");
EVENT(basket, looked_at, "");
EVENT(guest, entered, "", FIELD(text, what), FIELD(date, on));
RECORD(filled_1, "", FIELD(text, what));
UPCAST(filled, 1, filled_1, filled);

static verdict decide_fill(const basket *state, const fill *command, decision *out)
{
    return no_change(out);
}
static verdict decide_enter(const guest *state, const enter *command, decision *out)
{
    return no_change(out);
}
static void apply_filled(basket *state, const filled *event) {}
static void apply_emptied(basket *state, const emptied *event) {}
static void apply_looked_at(basket *state, const looked_at *event) {}
static void apply_entered(guest *state, const entered *event) {}
static void upcast_filled_1(const filled_1 *from, filled *to, fluvius_arena *memory)
{
    to->what = from->what;
    to->count = 1;
}

/* One row an aggregate. */
PROJECTION(content,
           ("What is in a basket.", .name = "basket-content", .version = 4),
           FIELD(text, user),
           FIELD(text, realm),
           FIELD(int64, version),
           OPTIONAL(timestamp, at),
           LIST(text, things),
           OPTIONAL(text, last, .max_length = 5));
PROJECT(content, filled);
PROJECT(content, emptied);

static void project_content_filled(content_rows *rows, const filled *event)
{
    content *row = row_change(rows);
    row->user = rows->user;
    row->realm = rows->realm;
    row->version = (int64)rows->version;
    row->at = (timestamp_optional)SOME(rows->time);
    row->last = event->what;
    append(row, things, event->what);
    if (text_equal(event->what, TEXT("key")))
        row_change(rows, TEXT("k"));
    if (text_equal(event->what, TEXT("bad")))
        row->last = (text){.data = "\xff", .size = 1};
    if (text_equal(event->what, TEXT("greedy")))
        allocate(rows->memory, int64, SIZE_MAX / 4);
    if (text_equal(event->what, TEXT("long")))
        row->last = (text){.data = allocate(rows->memory, char, 2000), .size = 2000};
    if (text_equal(event->what, TEXT("long")))
        __builtin_memset((char *)(uintptr_t)row->last.data, 'x', 2000);
    if (text_equal(event->what, TEXT("undo")))
        row_delete(rows);
}

static void project_content_emptied(content_rows *rows, const emptied *event)
{
    row_delete(rows);
}

/* Any number of rows an aggregate. */
PROJECTION(lines, ("", .parts = true), FIELD(text, what), FIELD(int64, count), OPTIONAL(int64, before));
PROJECT(lines, filled);
PROJECT(lines, emptied);
PROJECT(lines, looked_at);

static void project_lines_looked_at(lines_rows *rows, const looked_at *event)
{
    row_put(rows, TEXT("a"))->count = 1;
    row_put(rows, TEXT("a"))->count = 2;
    row_change(rows, TEXT("a"))->count++;
    row_put(rows, TEXT("e"))->count = 5;
    row_delete(rows, TEXT("e"));
}

static void project_lines_filled(lines_rows *rows, const filled *event)
{
    const lines *there = row_find(rows, event->what);
    int64_optional before = {0};
    if (there != NULL)
        before = (int64_optional)SOME(there->count);
    lines *row = row_put(rows, event->what);
    row->what = row_print(rows, "%.*s x %lld", TEXT_ARG(event->what), (long long)event->count);
    row->count = event->count;
    row->before = before;
    if (row_find(rows, event->what) != row)
        rows->memory->abandon(rows->memory, "a row is the same one however it is asked for");
    if (text_equal(event->what, TEXT("no key")))
        row_change(rows);
    if (text_equal(event->what, TEXT("many")))
        for (int64 i = 0; i < 2000; i++)
            row_change(rows, key_of(rows, i));
}

static void project_lines_emptied(lines_rows *rows, const emptied *event)
{
    row_delete(rows, TEXT("a"));
    row_delete(rows, TEXT("b"));
    row_put(rows, TEXT("c"))->count = 1;
    row_delete(rows, TEXT("c"));
    row_delete(rows, TEXT("d"));
    row_change(rows, TEXT("d"))->what = TEXT("anew");
}

/* Rows of all. */
PROJECTION(sums,
           ("", .global = true),
           FIELD(int64, count),
           FIELD(decimal, price, .scale = 2),
           MAP(int64, by_basket),
           OPTIONAL(int64, most),
           OPTIONAL(timestamp, first),
           LIST(text, things),
           LIST(colour, colours),
           LIST(date, dates));
PROJECT(sums, filled);
PROJECT(sums, entered);

static void project_sums_filled(sums_rows *rows, const filled *event)
{
    sums *row = row_change(rows, event->what);
    row_add(row, count, event->count);
    row_add(row, price, event->price);
    row_add_at(row, by_basket, rows->identifier, event->count);
    row_max(row, most, event->count);
    row_min(row, first, rows->time);
    row_include(row, things, rows->user);
    if (event->colour != colour_unset) {
        row_include(row, colours, event->colour);
        row_add(row_change(rows, key_of_enum(rows, colour, event->colour)), count, 1);
    }
}

static void project_sums_entered(sums_rows *rows, const entered *event)
{
    row_include(row_change(rows, key_of(rows, event->on)), dates, event->on);
    row_add(row_change(rows, key_of(rows, rows->time)), count, 1);
    row_add(row_change(rows, key_of(rows, rows->version)), count, 1);
    row_add(row_change(rows, key_of(rows, -5)), count, 1);
    row_add(row_change(rows, key_of(rows, (uuid){{1, 2}})), count, 1);
    if (text_equal(event->what, TEXT("unset")))
        row_change(rows, key_of_enum(rows, colour, colour_unset));
}

/* ---- a table of rows ---- */

enum { PLACES = 16 };

static struct bench bench;
static struct projection_result result;
static struct domain_fault fault;
static struct {
    char key[600], data[4000];
    size_t size;
} table[PLACES];
static enum error find_fails;
static uint64_t version;
static int looks; /* how often rows were asked for */

static enum error find_row(void *context, struct slice key, struct slice *data)
{
    *data = (struct slice){0};
    looks++;
    for (int i = 0; i < PLACES; i++)
        if (table[i].size > 0 && slice_is(key, table[i].key))
            *data = slice_of(table[i].data, table[i].size);
    return find_fails;
}

static void keep_row(const struct row_change *change)
{
    int free_place = -1;
    for (int i = PLACES - 1; i >= 0; i--) {
        if (table[i].size == 0)
            free_place = i;
        if (table[i].size > 0 && slice_is(change->key, table[i].key)) {
            free_place = i;
            break;
        }
    }
    cr_assert_geq(free_place, 0);
    cr_assert(change->key.size < sizeof table[0].key && change->data.size <= sizeof table[0].data);
    memcpy(table[free_place].key, change->key.data, change->key.size);
    table[free_place].key[change->key.size] = '\0';
    if (change->data.size > 0)
        memcpy(table[free_place].data, change->data.data, change->data.size);
    table[free_place].size = change->data.size;
}

static enum error project_raw(
    const char *name, const char *resource, const char *id, const char *event, uint32_t schema, struct slice data)
{
    const struct domain_projection *projection = domain_projection(bench.domain, slice_text(name));
    const struct row_source source = {.find = find_row};
    version++;
    struct projected_event projected = {.realm = slice_text("home"),
                                        .resource = slice_text(resource),
                                        .identifier = slice_text(id),
                                        .event = slice_text(event),
                                        .schema = schema,
                                        .data = data,
                                        .version = version,
                                        .time_us = 1000000 * (int64_t)version,
                                        .user = slice_text("ann")};
    cr_assert_not_null(projection);
    enum error error = projection_apply(projection, &projected, &source, &result, &fault);
    for (uint32_t i = 0; i < result.count; i++)
        keep_row(&result.changes[i]);
    cr_expect(error == 0 || result.count == 0);
    return error;
}

static void project_ok(const char *name, const char *resource, const char *id, const char *event, const char *json)
{
    uint32_t schema = strcmp(event, "filled") == 0 ? 2 : 1;
    cr_assert_eq(project_raw(name, resource, id, event, schema, bench_data(&bench, json)), 0, "%s", fault.text);
}

static void expect_fault(const char *name, const char *json, enum error expected, const char *said)
{
    enum error error = project_raw(name, "basket", "b1", "filled", 2, bench_data(&bench, json));
    cr_expect_eq(error, expected, "%s: %s", json, error_text(error));
    cr_expect_not_null(strstr(fault.text, said), "expected \"%s\" in \"%s\"", said, fault.text);
}

#define FILLED(WHAT, COUNT) "{'what':'" WHAT "','count':" #COUNT ",'price':'0.50'}"

/* The JSON of a row, or "none". */
static const char *row_json(const char *key)
{
    struct slice data;
    find_fails = 0;
    find_row(NULL, slice_text(key), &data);
    return data.data == NULL ? "none" : bench_text(&bench, data);
}

static void open_bench(void)
{
    bench = bench_open("basket");
}

static void close_bench(void)
{
    projection_fini(&result);
    bench_close(&bench);
}

TestSuite(projection, .init = open_bench, .fini = close_bench);

/* ---- rows ---- */

Test(projection, an_aggregates_own_row_is_known_by_its_identifier)
{
    project_ok("basket-content", "basket", "b1", "filled", FILLED("pen", 1));
    project_ok("basket-content", "basket", "b2", "filled", FILLED("ink", 2));
    project_ok("basket-content", "basket", "b1", "filled", FILLED("cup", 3));
    cr_expect_str_eq(row_json("b1"),
                     "{'user':'ann','realm':'home','version':3,'at':'1970-01-01T00:00:03.000000Z',"
                     "'things':['pen','cup'],'last':'cup'}");
    cr_expect_str_eq(row_json("b2"),
                     "{'user':'ann','realm':'home','version':2,'at':'1970-01-01T00:00:02.000000Z',"
                     "'things':['ink'],'last':'ink'}");
}

Test(projection, a_deleted_row_starts_anew)
{
    project_ok("basket-content", "basket", "b1", "filled", FILLED("pen", 1));
    project_ok("basket-content", "basket", "b1", "emptied", "{}");
    cr_expect_eq(result.count, 1);
    cr_expect_null(result.changes[0].data.data);
    project_ok("basket-content", "basket", "b1", "emptied", "{}");
    cr_expect_eq(result.count, 0, "there was nothing to delete");
    project_ok("basket-content", "basket", "b1", "filled", FILLED("undo", 1));
    cr_expect_eq(result.count, 0, "made and deleted at once");
    project_ok("basket-content", "basket", "b1", "filled", FILLED("cup", 1));
    cr_expect_not_null(strstr(row_json("b1"), "'things':['cup']"));
}

Test(projection, parts_are_rows_of_their_aggregate)
{
    project_ok("lines", "basket", "b1", "filled", FILLED("a", 1));
    project_ok("lines", "basket", "b1", "filled", FILLED("b", 2));
    project_ok("lines", "basket", "b2", "filled", FILLED("a", 3));
    project_ok("lines", "basket", "b1", "filled", FILLED("a", 4));
    cr_expect_str_eq(row_json("b1:a"), "{'what':'a x 4','count':4,'before':1}");
    cr_expect_str_eq(row_json("b1:b"), "{'what':'b x 2','count':2}");
    cr_expect_str_eq(row_json("b2:a"), "{'what':'a x 3','count':3}");
    project_ok("lines", "basket", "b1", "emptied", "{}");
    cr_expect_eq(result.count, 3, "c was never there");
    cr_expect_str_eq(row_json("b1:a"), "none");
    cr_expect_str_eq(row_json("b1:d"), "{'what':'anew','count':0}");
    cr_expect_str_eq(row_json("b2:a"), "{'what':'a x 3','count':3}");
}

Test(projection, rows_that_come_out_as_they_were_are_no_changes)
{
    project_ok("lines", "basket", "b1", "filled", FILLED("a", 1));
    project_ok("lines", "basket", "b1", "filled", FILLED("a", 1));
    cr_expect_eq(result.count, 1, "before is new");
    project_ok("lines", "basket", "b1", "filled", FILLED("a", 1));
    cr_expect_eq(result.count, 0);
}

Test(projection, rows_that_are_put_are_not_read)
{
    project_ok("lines", "basket", "b1", "filled", FILLED("a", 1));
    project_ok("lines", "basket", "b1", "filled", FILLED("e", 1));
    looks = 0;
    project_ok("lines", "basket", "b1", "looked_at", "{}");
    cr_expect_eq(looks, 1, "whether there is one to delete must be known");
    cr_expect_eq(result.count, 2);
    cr_expect_str_eq(row_json("b1:a"), "{'count':3}");
    cr_expect_str_eq(row_json("b1:e"), "none");
}

Test(projection, global_rows_are_of_all_aggregates)
{
    project_ok("sums", "basket", "b2", "filled", "{'what':'pen','count':2,'price':'1.50','colour':'dark-blue'}");
    project_ok("sums", "basket", "b1", "filled", "{'what':'pen','count':7,'price':'0.25','colour':'red'}");
    project_ok("sums", "basket", "b2", "filled", "{'what':'pen','count':1,'price':'0.00','colour':'dark-blue'}");
    cr_expect_str_eq(
        row_json("pen"),
        "{'count':10,'price':'1.75','by_basket':{'b1':7,'b2':3},'most':7,"
        "'first':'1970-01-01T00:00:01.000000Z','things':['ann'],'colours':['red','dark-blue'],'dates':[]}");
    cr_expect_not_null(strstr(row_json("dark-blue"), "'count':2"));
    project_ok("sums", "guest", "g1", "entered", "{'what':'x','on':'2026-02-03'}");
    cr_expect_not_null(strstr(row_json("2026-02-03"), "'dates':['2026-02-03']"));
    cr_expect_not_null(strstr(row_json("1970-01-01T00:00:04.000000Z"), "'count':1"));
    cr_expect_not_null(strstr(row_json("4"), "'count':1"));
    cr_expect_not_null(strstr(row_json("-5"), "'count':1"));
    cr_expect_not_null(strstr(row_json("01020000-0000-0000-0000-000000000000"), "'count':1"));
}

/* ---- events ---- */

Test(projection, events_of_older_versions_are_led_to_the_present)
{
    cr_assert_eq(project_raw("lines", "basket", "b1", "filled", 1, bench_data(&bench, "{'what':'a'}")), 0);
    cr_expect_str_eq(row_json("b1:a"), "{'what':'a x 1','count':1}");
}

Test(projection, events_that_are_not_its_own_change_nothing)
{
    project_ok("basket-content", "basket", "b1", "looked_at", "{}");
    cr_expect_eq(result.count, 0);
    cr_expect_eq(project_raw("lines", "guest", "b1", "never heard of", 1, bench_data(&bench, "{}")), 0);
    cr_expect_eq(result.count, 0, "another aggregate's events are none of its business");
}

Test(projection, events_that_nobody_knows_are_not_passed_over)
{
    cr_expect_eq(project_raw("lines", "basket", "b1", "lost", 1, bench_data(&bench, "{}")), error_unknown_event);
    cr_expect_str_eq(fault.text, "basket has no event lost");
    cr_expect_eq(project_raw("lines", "basket", "b1", "filled", 3, bench_data(&bench, "{}")), error_unknown_event);
    cr_expect_str_eq(fault.text, "event filled has versions 1 to 2, not 3");
    cr_expect_eq(project_raw("sums", "lost", "b1", "filled", 2, bench_data(&bench, "{}")), error_unknown_event);
    cr_expect_str_eq(fault.text, "shop has no aggregate lost");
    cr_expect_eq(project_raw("lines", "basket", "b1", "filled", 2, bench_data(&bench, "{}")), error_invalid_data);
    cr_expect_not_null(strstr(fault.text, "event filled of version 2: /what is required"), "%s", fault.text);
}

/* ---- what ends a handler ---- */

Test(projection, keys_that_break_the_rules_are_the_handlers_fault)
{
    expect_fault("basket-content", FILLED("key", 1), error_invalid_data, "declare .parts = true or .global = true");
    expect_fault("lines", FILLED("no key", 1), error_invalid_data, "needs a key");
    expect_fault("lines", FILLED("", 1), error_invalid_data, "must have 1 to 255 bytes");
    expect_fault("lines", FILLED("a:b", 1), error_invalid_data, "a part cannot have ':'");
    expect_fault("sums", FILLED("", 1), error_invalid_data, "must have 1 to 255 bytes");
    char json[400];
    snprintf(json, sizeof json, "{'what':'%0256d','count':1,'price':'0.00'}", 0);
    expect_fault("sums", json, error_invalid_data, "must have 1 to 255 bytes");
    snprintf(json, sizeof json, "{'what':'%0255d','count':1,'price':'0.00'}", 0);
    project_ok("sums", "basket", "b1", "filled", json);
    cr_expect_eq(
        project_raw("sums", "guest", "g", "entered", 1, bench_data(&bench, "{'what':'unset','on':'2026-01-01'}")),
        error_invalid_data);
    cr_expect_not_null(strstr(fault.text, "event entered: a key of an unset colour"), "%s", fault.text);
}

Test(projection, what_is_too_much_or_cannot_be_written_is_the_handlers_fault)
{
    expect_fault("basket-content", FILLED("bad", 1), error_invalid_data, "the row b1: /last is not UTF-8");
    expect_fault("basket-content", FILLED("greedy", 1), error_no_memory, "");
    expect_fault("lines", FILLED("many", 1), error_invalid_data, "1024 rows at most");
    domain_limit(bench.domain, &(struct domain_limits){.event_bytes = 1000, .state_bytes = 1500, .events = 10});
    expect_fault("basket-content", FILLED("long", 1), error_invalid_data, "the row b1 has more than 1500 bytes");
    cr_expect_str_eq(row_json("b1"), "none");
}

Test(projection, a_sum_never_overflows_in_silence)
{
    project_ok("sums", "basket", "b1", "filled", "{'what':'pen','count':9223372036854775807,'price':'0.00'}");
    expect_fault("sums", FILLED("pen", 1), error_invalid_data, "event filled: row_add beyond what an int64 can hold");
    cr_expect_not_null(strstr(row_json("pen"), "'count':9223372036854775807"));
}

Test(projection, a_row_that_cannot_be_read_ends_the_handler)
{
    find_fails = error_unreachable;
    cr_expect_eq(project_raw("lines", "basket", "b1", "filled", 2, bench_data(&bench, FILLED("a", 1))),
                 error_unreachable);
    find_fails = 0;
    project_ok("lines", "basket", "b1", "filled", FILLED("a", 1));
    strcpy(table[0].data, "\x81\xa1x\x01"); /* a row of another shape */
    table[0].size = 4;
    expect_fault("lines", FILLED("a", 1), error_invalid_data, "of another shape");
}

/* ---- description ---- */

static const char *described(const char *name, const char *key)
{
    struct slice value;
    cr_assert_eq(msgpack_find(projection_description(domain_projection(bench.domain, slice_text(name))), key, &value),
                 0);
    return bench_text(&bench, value);
}

Test(projection, is_described)
{
    cr_expect_eq(domain_projection_count(bench.domain), 3);
    cr_expect(slice_is(projection_name(domain_projection_at(bench.domain, 0)), "basket-content"));
    cr_expect_str_eq(described("basket-content", "doc"), "'What is in a basket.'");
    cr_expect_str_eq(described("basket-content", "version"), "4");
    cr_expect_str_eq(described("basket-content", "key"), "'aggregate'");
    cr_expect_str_eq(described("basket-content", "global"), "false");
    cr_expect_str_eq(described("basket-content", "events"),
                     "[{'resource':'basket','event':'filled'},{'resource':'basket','event':'emptied'}]");
    cr_expect_str_eq(described("lines", "version"), "1");
    cr_expect_str_eq(described("lines", "key"), "'part'");
    cr_expect_str_eq(described("lines", "schema"),
                     "{'$schema':'https://json-schema.org/draft/2020-12/schema','type':'object','properties':{"
                     "'what':{'type':'string'},"
                     "'count':{'type':'integer','format':'int64','minimum':-9223372036854775808,"
                     "'maximum':9223372036854775807},"
                     "'before':{'type':'integer','format':'int64','minimum':-9223372036854775808,"
                     "'maximum':9223372036854775807}},"
                     "'required':['what','count'],'additionalProperties':false}");
    cr_expect_str_eq(described("sums", "key"), "'own'");
    cr_expect_str_eq(described("sums", "global"), "true");
    cr_expect_str_eq(described("sums", "events"),
                     "[{'resource':'basket','event':'filled'},{'resource':'guest','event':'entered'}]");
}

Test(projection, descriptions_stand_in_the_domains)
{
    struct slice list;
    cr_assert_eq(msgpack_check(domain_description(bench.domain), NULL), 0);
    cr_assert_eq(msgpack_find(domain_description(bench.domain), "projections", &list), 0);
    struct reader reader = reader_of(list);
    struct msgpack_value head;
    cr_assert_eq(reader_next(&reader, &head), 0);
    cr_assert_eq(head.count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct slice item;
        cr_assert_eq(reader_raw(&reader, &item), 0);
        cr_expect(slice_equal(item, projection_description(domain_projection_at(bench.domain, i))));
        char hex[20];
        snprintf(hex,
                 sizeof hex,
                 "'%016llx'",
                 (unsigned long long)projection_fingerprint(domain_projection_at(bench.domain, i)));
        struct slice name = projection_name(domain_projection_at(bench.domain, i));
        cr_expect_str_eq(described((const char *)name.data, "fingerprint"), hex);
    }
}
