/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every way in which a command's data can be wrong has its code and its path, and all faults are told at once. */
#include "bench.h"
#include <stdio.h>

#include <fluvius/domain.h>

DOMAIN(limits, "Limits of every kind.");
ENUM(size, "", small, large);
RECORD(line, "", FIELD(text, sku, .min_length = 2), FIELD(int64, count, .min = 1, .max = 9));
AGGREGATE(box, "", FIELD(int64, steps));

COMMAND(box,
        fill,
        ("", .creates = true),
        FIELD(int64, number, .min = -3, .max = 7, .fallback = "5"),
        FIELD(bool, flag, .fallback = "true"),
        FIELD(size, kind, .fallback = "large"),
        FIELD(decimal, rate, .scale = 2, .fallback = "0.50", .min = "0.10", .max = "9.99"),
        OPTIONAL(double, ratio, .min = 0.5, .max = 2),
        OPTIONAL(text, name, .min_length = 2, .max_length = 4),
        OPTIONAL(text, code, .pattern = "^[A-Z]{2}[0-9]+$"),
        OPTIONAL(text, mail, .format = "email"),
        OPTIONAL(bytes, blob, .min_length = 2, .max_length = 3),
        OPTIONAL(uuid, key),
        OPTIONAL(timestamp, moment, .min = "2020-01-01T00:00:00Z", .max = "2029-12-31T23:59:59Z"),
        OPTIONAL(date, day, .min = "2020-02-29", .max = "2020-12-31"),
        OPTIONAL(line, line),
        LIST(line, lines, .max_items = 2),
        LIST(text, tags, .unique = true, .max_length = 3),
        LIST(int64, numbers, .unique = true),
        LIST(bool, many),
        MAP(int64, prices, .max_items = 2, .min = 1));
COMMAND(box, need, ("", .creates = true), FIELD(text, word), LIST(int64, some, .min_items = 1), FIELD(line, line));
EVENT(box, filled, "");

static int64 last_number;
static fill last_fill;

static verdict decide_fill(const box *state, const fill *command, decision *out)
{
    last_number = command->number;
    last_fill = *command;
    return emit(out, filled);
}

static verdict decide_need(const box *state, const need *command, decision *out)
{
    return emit(out, filled);
}

static void apply_filled(box *state, const filled *event)
{
    state->steps++;
}

static struct bench bench;

static void open_bench(void)
{
    bench = bench_open("box");
}

static void close_bench(void)
{
    bench_close(&bench);
}

TestSuite(validation, .init = open_bench, .fini = close_bench);
#define FAULT(JSON, PATH, CODE) bench_one_fault(&bench, "fill", JSON, PATH, CODE)
#define FINE(JSON)                                                                                                     \
    do {                                                                                                               \
        bench_decide(&bench, "fill", JSON);                                                                            \
        cr_expect_eq(bench.result.outcome, DECISION_ACCEPTED, "%s", JSON);                                             \
    } while (0)

Test(validation, fallbacks_stand_in_for_what_is_absent)
{
    FINE("{}");
    cr_expect_eq(last_number, 5);
    cr_expect(last_fill.flag);
    cr_expect_eq(last_fill.kind, size_large);
    cr_expect_eq(last_fill.rate.units, 50);
    FINE("{'number':null}");
    cr_expect_eq(last_number, 5);
}

Test(validation, integers)
{
    FAULT("{'number':-4}", "/number", "below_minimum");
    FAULT("{'number':8}", "/number", "above_maximum");
    cr_expect_str_eq(bench.result.faults.items[0].message, "must be at most 7");
    FINE("{'number':7}");
    FINE("{'number':'-3'}");
    FAULT("{'number':'07'}", "/number", "expected_integer");
    FAULT("{'number':' 7'}", "/number", "expected_integer");
    FAULT("{'number':''}", "/number", "expected_integer");
    FAULT("{'number':'99999999999999999999'}", "/number", "above_maximum");
    FAULT("{'number':'-99999999999999999999'}", "/number", "below_minimum");
    FAULT("{'number':1.5}", "/number", "expected_integer");
    FAULT("{'number':1e300}", "/number", "expected_integer");
    FAULT("{'number':true}", "/number", "expected_integer");
    FAULT("{'number':[1,{'a':2}]}", "/number", "expected_integer");
    FAULT("{'number':{'a':[2]}}", "/number", "expected_integer");
}

Test(validation, unsigned_integers_that_do_not_fit_are_above_the_maximum)
{
    static const char data[] = "\x81\xa6number\xcf\xff\xff\xff\xff\xff\xff\xff\xff";
    bench_decide_raw(&bench, "fill", slice_of(data, sizeof data - 1));
    cr_expect(bench_has_fault(&bench, "/number", "above_maximum"));
}

Test(validation, booleans_and_doubles)
{
    FAULT("{'flag':1}", "/flag", "expected_boolean");
    FAULT("{'flag':'true'}", "/flag", "expected_boolean");
    FAULT("{'ratio':'1'}", "/ratio", "expected_number");
    FAULT("{'ratio':0.4}", "/ratio", "below_minimum");
    FAULT("{'ratio':2.1}", "/ratio", "above_maximum");
    FINE("{'ratio':2}");
}

Test(validation, doubles_that_are_not_finite_are_no_numbers)
{
    static const char data[] = "\x81\xa5ratio\xcb\x7f\xf8\0\0\0\0\0\0";
    bench_decide_raw(&bench, "fill", slice_of(data, sizeof data - 1));
    cr_expect(bench_has_fault(&bench, "/ratio", "expected_number"));
}

Test(validation, decimals)
{
    FAULT("{'rate':'0.09'}", "/rate", "below_minimum");
    cr_expect_str_eq(bench.result.faults.items[0].message, "must be at least 0.10");
    FAULT("{'rate':10}", "/rate", "above_maximum");
    FAULT("{'rate':'1.234'}", "/rate", "too_many_places");
    FAULT("{'rate':1.5}", "/rate", "expected_decimal");
    FAULT("{'rate':'1.'}", "/rate", "expected_decimal");
    FAULT("{'rate':'1e2'}", "/rate", "expected_decimal");
    FAULT("{'rate':'99999999999999999999'}", "/rate", "above_maximum");
    FAULT("{'rate':999999999999999999}", "/rate", "above_maximum");
    FINE("{'rate':'1.2300'}");
    cr_expect_eq(last_fill.rate.units, 123);
}

Test(validation, text_is_counted_in_code_points)
{
    FAULT("{'name':'a'}", "/name", "too_short");
    FAULT("{'name':'abcde'}", "/name", "too_long");
    cr_expect_str_eq(bench.result.faults.items[0].message, "must have at most 4 characters");
    FINE("{'name':'\xc3\xa9\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80'}");
    FAULT("{'name':'\xc3\xa9'}", "/name", "too_short");
    FAULT("{'name':5}", "/name", "expected_text");
    FAULT("{'name':'a\\u0000b'}", "/name", "nul_character");
}

Test(validation, patterns_and_formats)
{
    FINE("{'code':'AB12'}");
    FAULT("{'code':'AB'}", "/code", "pattern_mismatch");
    cr_expect_str_eq(bench.result.faults.items[0].message, "must match ^[A-Z]{2}[0-9]+$");
    FAULT("{'mail':'nobody'}", "/mail", "format_mismatch");
    FINE("{'mail':'ann.lee@example.org'}");
}

Test(validation, a_text_with_a_pattern_has_a_longest_length_even_when_none_is_given)
{
    char data[6000];
    strcpy(data, "{'code':'AB");
    memset(data + strlen(data), '1', 4095);
    strcpy(data + 11 + 4095, "'}");
    bench_one_fault(&bench, "fill", data, "/code", "too_long");
}

Test(validation, enums)
{
    FAULT("{'kind':'huge'}", "/kind", "not_in_enum");
    FAULT("{'kind':'unset'}", "/kind", "not_in_enum");
    FAULT("{'kind':'smal'}", "/kind", "not_in_enum");
    FAULT("{'kind':1}", "/kind", "expected_text");
}

Test(validation, bytes_and_uuids)
{
    FAULT("{'blob':'AQ'}", "/blob", "too_short");
    FAULT("{'blob':'AQIDBA'}", "/blob", "too_long");
    FAULT("{'blob':'A'}", "/blob", "expected_bytes");
    FAULT("{'blob':'A!ID'}", "/blob", "expected_bytes");
    FAULT("{'blob':'AQJ'}", "/blob", "expected_bytes"); /* a bit that stands for nothing */
    FAULT("{'blob':5}", "/blob", "expected_bytes");
    FAULT("{'key':'00112233-4455-6677-8899-aabbccddeef'}", "/key", "expected_uuid");
    FAULT("{'key':'00112233445566778899aabbccddeeff0000'}", "/key", "expected_uuid");
    FAULT("{'key':5}", "/key", "expected_uuid");
}

Test(validation, times_and_dates)
{
    FAULT("{'moment':'2019-12-31T23:59:59Z'}", "/moment", "below_minimum");
    cr_expect_str_eq(bench.result.faults.items[0].message, "must be at least 2020-01-01T00:00:00.000000Z");
    FAULT("{'moment':'2030-01-01T00:00:00Z'}", "/moment", "above_maximum");
    FAULT("{'moment':'2025-01-01 00:00:00Z'}", "/moment", "expected_timestamp");
    FAULT("{'moment':'2025-01-01T00:00:00'}", "/moment", "expected_timestamp");
    FAULT("{'moment':1767225600}", "/moment", "expected_timestamp");
    FAULT("{'day':'2020-02-28'}", "/day", "below_minimum");
    FAULT("{'day':'2021-01-01'}", "/day", "above_maximum");
    cr_expect_str_eq(bench.result.faults.items[0].message, "must be at most 2020-12-31");
    FAULT("{'day':'2021-02-29'}", "/day", "expected_date");
    FAULT("{'day':'2020-6-01'}", "/day", "expected_date");
}

Test(validation, nested_records_give_the_path_of_the_inner_field)
{
    FAULT("{'line':{'sku':'a','count':1}}", "/line/sku", "too_short");
    FAULT("{'line':{'sku':'ab'}}", "/line/count", "required");
    FAULT("{'line':{'sku':'ab','count':1,'more':[1,[2]]}}", "/line/more", "unknown_field");
    FAULT("{'line':5}", "/line", "expected_map");
    FAULT("{'line':[]}", "/line", "expected_map");
}

Test(validation, lists)
{
    FAULT("{'lines':[{'sku':'ab','count':1},{'sku':'ab','count':0}]}", "/lines/1/count", "below_minimum");
    FAULT("{'lines':[{},{},{'a':1}]}", "/lines", "too_many_items");
    FAULT("{'lines':{'a':1}}", "/lines", "expected_list");
    FAULT("{'lines':[null]}", "/lines/0", "expected_map");
    FAULT("{'tags':['a','bbbb']}", "/tags/1", "too_long");
    FAULT("{'tags':['a','b','a']}", "/tags/2", "duplicate_item");
    FAULT("{'numbers':[1,2,3,2]}", "/numbers/3", "duplicate_item");
    FAULT("{'tags':'a'}", "/tags", "expected_list");
    FINE("{'tags':['a','b',''],'numbers':[0,-1]}");
}

Test(validation, a_list_without_max_items_takes_1024)
{
    char data[20000] = "{'many':[true";
    for (int i = 1; i < 1024; i++)
        strcat(data, ",true");
    strcat(data, "]}");
    FINE(data);
    strcpy(data + strlen(data) - 2, ",true]}");
    FAULT(data, "/many", "too_many_items");
}

Test(validation, maps)
{
    FAULT("{'prices':{'a':0}}", "/prices/a", "below_minimum");
    FAULT("{'prices':{'a':1,'b':2,'c':3}}", "/prices", "too_many_items");
    FAULT("{'prices':[]}", "/prices", "expected_map");
    FAULT("{'prices':{'':1}}", "/prices", "bad_key");
    FAULT("{'prices':{'a\\u0000':1}}", "/prices", "bad_key");
}

Test(validation, a_key_that_stands_twice_is_refused)
{
    static const char data[] = "\x81\xa6prices\x82\xa1"
                               "a\1\xa1"
                               "a\2";
    bench_decide_raw(&bench, "fill", slice_of(data, sizeof data - 1));
    cr_expect(bench_has_fault(&bench, "/prices", "duplicate_key"));
}

Test(validation, required_fields)
{
    bench_decide(&bench, "need", "{}");
    cr_expect_eq(bench.result.faults.count, 3);
    cr_expect(bench_has_fault(&bench, "/word", "required"));
    cr_expect(bench_has_fault(&bench, "/line", "required"));
    cr_expect(bench_has_fault(&bench, "/some", "too_few_items"));
    bench_one_fault(&bench, "need", "{'word':'','some':[],'line':{'sku':'ab','count':1}}", "/some", "too_few_items");
}

Test(validation, unknown_fields_are_refused_with_an_escaped_path)
{
    FAULT("{'a/b~c':1}", "/a~1b~0c", "unknown_field");
    FAULT("{'Number':1}", "/Number", "unknown_field");
}

Test(validation, long_paths_are_cut_between_characters)
{
    char data[2000] = "{'";
    for (int i = 0; i < 400; i++)
        strcat(data, "\xc3\xa9");
    strcat(data, "':1}");
    bench_decide(&bench, "fill", data);
    const char *path = bench.result.faults.items[0].path;
    cr_expect_eq(bench.result.faults.count, 1);
    cr_expect(strlen(path) > 200 && strlen(path) % 2 == 1);
}

Test(validation, all_faults_are_told_at_once)
{
    bench_decide(&bench, "fill", "{'number':99,'flag':0,'name':'a','line':{'sku':'a'},'other':1,'kind':'x'}");
    cr_expect_eq(bench.result.outcome, DECISION_INVALID);
    cr_expect_eq(bench.result.faults.count, 7);
    cr_expect(bench_has_fault(&bench, "/number", "above_maximum"));
    cr_expect(bench_has_fault(&bench, "/flag", "expected_boolean"));
    cr_expect(bench_has_fault(&bench, "/name", "too_short"));
    cr_expect(bench_has_fault(&bench, "/line/sku", "too_short"));
    cr_expect(bench_has_fault(&bench, "/line/count", "required"));
    cr_expect(bench_has_fault(&bench, "/other", "unknown_field"));
    cr_expect(bench_has_fault(&bench, "/kind", "not_in_enum"));
    cr_expect_str_eq(bench.result.message, "the data has 7 faults");
}

Test(validation, more_faults_than_are_kept_are_counted)
{
    char data[4000] = "{'a0':1";
    for (int i = 1; i < 50; i++)
        sprintf(data + strlen(data), ",'a%d':1", i);
    strcat(data, "}");
    bench_decide(&bench, "fill", data);
    cr_expect_eq(bench.result.faults.count, 50);
    cr_expect_str_eq(bench.result.faults.items[DATA_FAULTS_MAX - 1].path, "/a31");
}

Test(validation, data_that_is_no_map_is_refused)
{
    bench_one_fault(&bench, "fill", "[]", "", "expected_map");
    bench_one_fault(&bench, "fill", "5", "", "expected_map");
    bench_decide_raw(&bench, "fill", slice_of("\x81\xa6num", 5));
    cr_expect(bench_has_fault(&bench, "", "malformed"));
    bench_decide_raw(&bench, "fill", slice_of("\x81\x01\x02", 3));
    cr_expect(bench_has_fault(&bench, "", "malformed"));
    bench_decide_raw(&bench, "fill", slice_of("\x81\xa4many\xdd\xff\xff\xff\xff", 11));
    cr_expect(bench_has_fault(&bench, "", "malformed"));
}
