/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The description says all that a client needs, in JSON Schema, and its fingerprint follows from it. */
#include "bench.h"
#include <stdio.h>
#include <xxhash.h>

#include "zoo.h"

COMMAND(cage,
        limited,
        "With limits.",
        FIELD(int64, number, "How many.", .min = 1, .max = 9, .fallback = "3"),
        FIELD(text, word, .name = "a-word", .min_length = 1, .max_length = 8, .pattern = "^[a-z]+$"),
        FIELD(text, mail, .format = "email", .secret = true),
        FIELD(decimal, rate, .scale = 2, .min = "0.10", .fallback = "0.50"),
        LIST(text, tags, .min_items = 1, .max_items = 4, .unique = true, .max_length = 9),
        MAP(date, days, .max_items = 6, .min = "2020-01-01"));

static verdict decide_limited(const cage *state, const limited *command, decision *out)
{
    return no_change(out);
}

static struct bench bench;

static void open_bench(void)
{
    bench = bench_open("big-cage");
}

static void close_bench(void)
{
    bench_close(&bench);
}

TestSuite(description, .init = open_bench, .fini = close_bench);

/* The member of that name; an array's item whose name is that. */
static struct slice find(struct slice value, const char *key)
{
    struct slice found = {0};
    struct reader reader = reader_of(value);
    struct msgpack_value head;
    cr_assert_eq(reader_next(&reader, &head), 0);
    if (head.kind == MSGPACK_KIND_MAP) {
        cr_assert_eq(msgpack_find(value, key, &found), 0, "no %s in %s", key, bench_text(&bench, value));
        return found;
    }
    for (uint32_t i = 0; i < head.count; i++) {
        struct slice item, name;
        cr_assert_eq(reader_raw(&reader, &item), 0);
        cr_assert_eq(msgpack_find(item, "name", &name), 0);
        struct reader name_reader = reader_of(name);
        cr_assert_eq(reader_text(&name_reader, &name), 0);
        if (slice_is(name, key))
            return item;
    }
    cr_assert_fail("no item %s", key);
    return found;
}

/* find() along a path with dots. */
static struct slice at(const char *path)
{
    char part[200];
    struct slice value = domain_description(bench.domain);
    while (*path != '\0') {
        size_t size = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)size, path);
        value = find(value, part);
        path += size + (path[size] == '.');
    }
    return value;
}

static void expect(const char *path, const char *json)
{
    cr_expect_str_eq(bench_text(&bench, at(path)), json, "%s: %s", path, bench_text(&bench, at(path)));
}

Test(description, is_well_formed)
{
    cr_expect_eq(msgpack_check(domain_description(bench.domain), NULL), 0);
}

Test(description, names_and_docs)
{
    expect("namespace", "'zoo'");
    expect("doc", "'Of every kind one.'");
    expect("resources.big-cage.doc", "'Holds what it is given.'");
    expect("resources.big-cage.version", "3");
    expect("resources.big-cage.commands.set-one.doc", "'Give one of each.'");
    expect("resources.big-cage.commands.set-one.creates", "true");
    expect("resources.big-cage.commands.limited.creates", "false");
    expect("resources.big-cage.events.one-set.version", "1");
    expect("resources.big-cage.events.one-set.doc", "'One of each came.'");
}

Test(description, limits_are_json_schema)
{
    expect("resources.big-cage.commands.limited.schema",
           "{'$schema':'https://json-schema.org/draft/2020-12/schema','description':'With limits.','type':'object',"
           "'properties':{"
           "'number':{'description':'How many.','type':'integer','format':'int64','minimum':1,'maximum':9,'default':3},"
           "'a-word':{'type':'string','minLength':1,'maxLength':8,'pattern':'^[a-z]+$'},"
           "'mail':{'type':'string','format':'email','x-fluvius-secret':true},"
           "'rate':{'type':'string','format':'decimal','pattern':'^-?(0|[1-9][0-9]*)(\\\\.[0-9]{1,2})?$',"
           "'x-fluvius-scale':2,'x-fluvius-minimum':'0.10','default':'0.50'},"
           "'tags':{'type':'array','minItems':1,'maxItems':4,'uniqueItems':true,'items':{'type':'string',"
           "'maxLength':9}},"
           "'days':{'type':'object','maxProperties':6,'additionalProperties':{'type':'string','format':'date',"
           "'x-fluvius-minimum':'2020-01-01'}}},"
           "'required':['a-word','mail','tags'],'additionalProperties':false}");
}

Test(description, every_kind_has_its_schema)
{
#define ONE "resources.big-cage.commands.set-one.schema.properties."
    expect(ONE "flag", "{'type':'boolean'}");
    expect(ONE "number",
           "{'type':'integer','format':'int64','minimum':-9223372036854775808,'maximum':9223372036854775807}");
    expect(ONE "ratio", "{'type':'number','format':'double'}");
    expect(ONE "words", "{'type':'string'}");
    expect(ONE "blob", "{'type':'string','contentEncoding':'base64url'}");
    expect(ONE "key", "{'type':'string','format':'uuid'}");
    expect(ONE "moment", "{'type':'string','format':'date-time'}");
    expect(ONE "day", "{'type':'string','format':'date'}");
    expect(ONE "paint", "{'description':'A color.','type':'string','title':'color','enum':['red','light-blue']}");
    expect(ONE "spot",
           "{'description':'A place.','type':'object','properties':{"
           "'x':{'type':'integer','format':'int64','minimum':-9223372036854775808,'maximum':9223372036854775807},"
           "'y':{'type':'integer','format':'int64','minimum':-9223372036854775808,'maximum':9223372036854775807},"
           "'label':{'type':'string','maxLength':5}},'required':['x'],'additionalProperties':false}");
    expect("resources.big-cage.schema.required", "['steps']");
    expect("resources.big-cage.schema.properties.tags.maxItems", "65535");
    expect("resources.big-cage.events.lists_set.schema.properties.tags.maxItems", "1024");
    expect("resources.big-cage.schema.properties.words_of.maxProperties", "1024");
    expect("resources.big-cage.events.maybe_set.schema.required", "[]");
}

Test(description, fingerprint_is_the_hash_of_the_rest)
{
    char hex[40];
    struct slice all = domain_description(bench.domain);
    snprintf(hex, sizeof hex, "'%016llx'", (unsigned long long)domain_fingerprint(bench.domain));
    expect("fingerprint", hex);
    /* the same description with an empty fingerprint */
    uint8_t *copy = malloc(all.size);
    static const char key[] = "\xab"
                              "fingerprint\xb0";
    const uint8_t *place = memmem(all.data, all.size, key, sizeof key - 1);
    cr_assert_not_null(place);
    size_t before = (size_t)(place - all.data) + sizeof key - 1;
    memcpy(copy, all.data, before);
    copy[before - 1] = 0xa0;
    memcpy(copy + before, all.data + before + 16, all.size - before - 16);
    cr_expect_eq(XXH3_64bits(copy, all.size - 16), domain_fingerprint(bench.domain));
    free(copy);
}

Test(description, names_are_found_by_their_wire_name)
{
    cr_expect_not_null(domain_command(bench.resource, slice_text("set-one")));
    cr_expect_null(domain_command(bench.resource, slice_text("set_one")));
    cr_expect_null(domain_command(bench.resource, slice_text("")));
    cr_expect_not_null(domain_event(bench.resource, slice_text("one-set")));
    cr_expect_null(domain_event(bench.resource, slice_text("one_set")));
    cr_expect_null(domain_resource(bench.domain, slice_text("cage")));
    cr_expect(domain_has_command(bench.domain, slice_text("set_lists")));
    cr_expect_not(domain_has_command(bench.domain, slice_text("set-lists")));
    cr_expect(domain_command_creates(domain_command(bench.resource, slice_text("set-one"))));
    cr_expect_not(domain_command_creates(domain_command(bench.resource, slice_text("limited"))));
    cr_expect_str_eq(domain_namespace(bench.domain), "zoo");
}
