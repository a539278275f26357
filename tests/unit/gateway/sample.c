/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Examples from schemas. That they fit whole descriptions is shown by tests/integration/openapi; here is what each
 * limit makes of one. */
#include "services/gateway/sample.h"

#include "tests/unit/gateway/talk.h"

TestSuite(sample);

static char *sampled(const char *schema, uint32_t variation)
{
    static struct buffer out;
    struct buffer packed = talk_pack(schema);
    struct json_out json = json_out_of(&out);
    buffer_clear(&out);
    sample_write(&json, buffer_slice(&packed), slice_text("note"), variation);
    buffer_append(&out, "", 1);
    buffer_fini(&packed);
    return (char *)out.data;
}

static const struct {
    const char *schema, *first, *second;
} table[] = {
    {"{\"type\":\"boolean\"}", "true", "false"},
    {"{\"type\":\"integer\"}", "1", "2"},
    {"{\"type\":\"integer\",\"minimum\":10,\"maximum\":10}", "10", "10"},
    {"{\"type\":\"integer\",\"minimum\":-7,\"maximum\":-2}", "-2", "-3"},
    {"{\"type\":\"integer\",\"maximum\":-9223372036854775807}", "-9223372036854775807", "-9223372036854775808"},
    {"{\"type\":\"number\",\"minimum\":0.25,\"maximum\":0.5}", "0.5", "0.375"},
    {"{\"type\":\"number\",\"minimum\":7.0}", "7.0", "8.0"},
    {"{\"enum\":[\"red\",\"green\"]}", "\"red\"", "\"green\""},
    {"{\"type\":\"string\",\"default\":\"EUR\"}", "\"EUR\"", "\"note2\""},
    {"{\"type\":\"string\"}", "\"note\"", "\"note2\""},
    {"{\"type\":\"string\",\"maxLength\":2}", "\"no\"", "\"n2\""},
    {"{\"type\":\"string\",\"minLength\":6}", "\"note--\"", "\"note-2\""},
    {"{\"type\":\"string\",\"maxLength\":0}", "\"\"", "\"\""},
    {"{\"type\":\"string\",\"format\":\"uuid\"}",
     "\"7b2f9c1e-5d34-4a86-9e07-000000000001\"",
     "\"7b2f9c1e-5d34-4a86-9e07-000000000002\""},
    {"{\"type\":\"string\",\"format\":\"date\"}", "\"2026-01-31\"", "\"2026-02-01\""},
    {"{\"type\":\"string\",\"format\":\"date\",\"x-fluvius-maximum\":\"1999-12-31\"}",
     "\"1999-12-31\"",
     "\"1999-12-30\""},
    {"{\"type\":\"string\",\"format\":\"date-time\",\"x-fluvius-minimum\":\"2030-01-01T00:00:00Z\"}",
     "\"2030-01-02T12:00:00Z\"",
     "\"2030-01-03T12:00:00Z\""},
    {"{\"type\":\"string\",\"format\":\"decimal\",\"x-fluvius-scale\":2}", "\"1.00\"", "\"2.00\""},
    {"{\"type\":\"string\",\"format\":\"decimal\",\"x-fluvius-scale\":2,\"x-fluvius-minimum\":\"10.05\","
     "\"x-fluvius-maximum\":\"10.1\"}",
     "\"10.05\"",
     "\"10.06\""},
    {"{\"type\":\"string\",\"format\":\"decimal\",\"x-fluvius-scale\":1,\"x-fluvius-maximum\":\"-0.5\"}",
     "\"-0.5\"",
     "\"-1.5\""},
    {"{\"type\":\"string\",\"format\":\"email\",\"maxLength\":3}", "\"a@h\"", "\"b@h\""},
    {"{\"type\":\"string\",\"format\":\"uri\",\"maxLength\":5}", "\"x:0\"", "\"x:1\""},
    {"{\"type\":\"string\",\"contentEncoding\":\"base64url\",\"x-fluvius-min-bytes\":4}", "\"BAAAAA\"", "\"CAAAAA\""},
    {"{\"type\":\"array\",\"minItems\":2,\"uniqueItems\":true,\"items\":{\"type\":\"integer\"}}", "[1,2]", "[2,3]"},
    {"{\"type\":\"array\",\"maxItems\":0,\"items\":{\"type\":\"integer\"}}", "[]", "[]"},
    {"{\"type\":\"object\",\"minProperties\":2,\"additionalProperties\":{\"type\":\"boolean\"}}",
     "{\"key1\":true,\"key2\":false}",
     "{\"key1\":false,\"key2\":true}"},
    {"{\"type\":\"object\",\"properties\":{\"given\":{\"type\":\"string\"}}}",
     "{\"given\":\"given\"}",
     "{\"given\":\"given2\"}"},
    {"{\"type\":\"nothing\"}", "null", "null"},
    {"[]", "null", "null"},
};

Test(sample, fits_its_limits_and_varies_within_them)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cr_expect_str_eq(
            sampled(table[i].schema, 0), table[i].first, "%s: %s", table[i].schema, sampled(table[i].schema, 0));
        cr_expect_str_eq(
            sampled(table[i].schema, 1), table[i].second, "%s: %s", table[i].schema, sampled(table[i].schema, 1));
    }
}

static const struct {
    const char *pattern;
    int min, max;
    const char *first, *second;
} patterns[] = {
    {"^[A-Z]{2}-[0-9]{4}$", 0, 99, "AA-0000", "BA-0000"},
    {"^(a|bc)+$", 0, 99, "a", "a"},
    {"^(a|bc)$", 2, 2, "bc", "bc"},
    {"^[a-c]*x?$", 4, 4, "aaaa", "baaa"},
    {"^[^a-zA-Z0-9]\\d\\w\\s$", 0, 99, "!0a\\t", "\\\"0a\\t"},
    {"^\\x41\\u00e9\\.\\-\\/$", 0, 99, "A\xc3\xa9.-/", "A\xc3\xa9.-/"},
    {"^\xc3\xa9{2,3}$", 3, 3, "\xc3\xa9\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9\xc3\xa9"},
    {"^[\\d_-]{3}$", 0, 99, "000", "100"},
    {"^(?:(?:a{2}){2}){2}$", 0, 99, "aaaaaaaa", "aaaaaaaa"},
    {"x.y", 0, 99, "xay", "xby"},
    {"^[ \\t]$", 0, 1, "\\t", " "},
};

Test(sample, matches_its_pattern)
{
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct buffer schema = {0}, wanted[2] = {{0}, {0}};
        buffer_append_text(&schema, "{\"type\":\"string\",\"pattern\":");
        for (const char *c = patterns[i].pattern; *c != '\0'; c++)
            buffer_printf(&schema,
                          c == patterns[i].pattern ? (*c == '\\' ? "\"\\\\" : "\"%c")
                          : *c == '\\'             ? "\\\\"
                                                   : "%c",
                          *c);
        buffer_printf(&schema, "\",\"minLength\":%d,\"maxLength\":%d}", patterns[i].min, patterns[i].max);
        buffer_append(&schema, "", 1);
        buffer_printf(&wanted[0], "\"%s\"", patterns[i].first);
        buffer_printf(&wanted[1], "\"%s\"", patterns[i].second);
        for (uint32_t variation = 0; variation < 2; variation++) {
            buffer_append(&wanted[variation], "", 1);
            cr_expect_str_eq(sampled((char *)schema.data, variation),
                             (char *)wanted[variation].data,
                             "%s: %s",
                             patterns[i].pattern,
                             sampled((char *)schema.data, variation));
            buffer_fini(&wanted[variation]);
        }
        buffer_fini(&schema);
    }
}

/* Deep, long, or broken: bounded, and no fault. */
Test(sample, patterns_cannot_run_away)
{
    static const char *const wild[] = {"(((((((((((((((((((((((((((((((((((((((((a",
                                       "[a-",
                                       "[",
                                       "\\",
                                       "\\x",
                                       "\\u1",
                                       "a{",
                                       "a{9999999999}",
                                       "a{2,1}",
                                       "(?:",
                                       "|||",
                                       "*",
                                       "((((a{256}){256}){256}){256}){256}",
                                       "^$",
                                       ")",
                                       "]",
                                       "((a*)*)*"};
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        sample_pattern(&out, slice_text(wild[i]), (struct sample_choice){.extra = 3, .alternative = 1});
        cr_expect_leq(out.size, SAMPLE_TEXT_MAX, "%s", wild[i]);
    }
    buffer_fini(&out);
}
