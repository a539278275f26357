/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON->URL: what a path query may say, and that nothing else is taken for one. */
#include "services/gateway/jsonurl.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "proto/json.h"
#include "proto/reader.h"
#include "proto/status.h"

static const struct {
    const char *text, *json;
} good[] = {
    {"name.eq:x,age.in:(1,2)", "{\"name.eq\":\"x\",\"age.in\":[1,2]}"},
    {"name.eq:Keynes%20J", "{\"name.eq\":\"Keynes J\"}"},
    {"name.eq:Keynes+J", "{\"name.eq\":\"Keynes J\"}"},
    {".or:((name.eq:a),(name.eq:b))", "{\".or\":[{\"name.eq\":\"a\"},{\"name.eq\":\"b\"}]}"},
    {"!and:((name!has:a,age:1),(name.eq:b))", "{\"!and\":[{\"name!has\":\"a\",\"age\":1},{\"name.eq\":\"b\"}]}"},
    {"a:true,b:false,c:null", "{\"a\":true,\"b\":false,\"c\":null}"},
    {"a:'true',b:'1',c:'',d:'x,(y):z'", "{\"a\":\"true\",\"b\":\"1\",\"c\":\"\",\"d\":\"x,(y):z\"}"},
    {"a:-1.5e3,b:0,c:007,d:1e,e:1e+5", "{\"a\":-1500.0,\"b\":0,\"c\":\"007\",\"d\":\"1e\",\"e\":100000.0}"},
    {"true:1,2:3", "{\"true\":1,\"2\":3}"},
    {"a:()", "{\"a\":{}}"},
    {"a:(())", "{\"a\":[{}]}"},
    {"a:((1,2),(3))", "{\"a\":[[1,2],[3]]}"},
    {"a:%28%29%2C%3A", "{\"a\":\"(),:\"}"},
    {"a:%27x%27", "{\"a\":\"'x'\"}"},
    {"a:it's", "{\"a\":\"it's\"}"},
    {"a%3Ab:1", "{\"a:b\":1}"},
    {"a:%22%5C", "{\"a\":\"\\\"\\\\\"}"},
    {"a:%C3%A9", "{\"a\":\"\303\251\"}"},
    {"a:%00", "{\"a\":\"\\u0000\"}"},
};

Test(jsonurl, means_what_the_same_json_means)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct buffer out = {0}, expected = {0};
        cr_expect_eq(jsonurl_to_msgpack(slice_text(good[i].text), &out), error_none, "%s", good[i].text);
        cr_assert_eq(json_to_msgpack(slice_text(good[i].json), &expected, NULL), error_none, "%s", good[i].json);
        cr_expect(slice_equal(buffer_slice(&out), buffer_slice(&expected)), "%s", good[i].text);
        buffer_fini(&out);
        buffer_fini(&expected);
    }
}

Test(jsonurl, other_texts_are_refused_and_leave_nothing)
{
    static const char *const bad[] = {
        "",        "a",           "a:",     ":1",     "a:1,",   ",a:1",      "a:1,,b:2",  "a:1)",
        "(a:1)",   "a:(1",        "a:(1,)", "a:(,1)", "a:(b:1", "a:(b:1,2)", "a:(1,b:2)", "a:'x",
        "a:'x'y",  "a:1:2",       "a:(1)2", "a:%",    "a:%4",   "a:%zz",     "a:%C3",     "a:%ff",
        "a:1,a:2", "a:%ED%A0%80", "(",      ")",      "a:((1)", "a:(b:)",    "a:1e999",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buffer out = {0};
        cr_expect_neq(jsonurl_to_msgpack(slice_text(bad[i]), &out), error_none, "%s", bad[i]);
        cr_expect_eq(out.size, 0, "%s", bad[i]);
        buffer_fini(&out);
    }
}

Test(jsonurl, nesting_is_bounded)
{
    char text[200] = "a:";
    struct buffer out = {0};
    for (int depth = 0; depth < limit_nesting; depth++)
        strcat(text, "(");
    strcat(text, "1");
    for (int depth = 0; depth < limit_nesting; depth++)
        strcat(text, ")");
    cr_expect_eq(jsonurl_to_msgpack(slice_text(text), &out), error_too_deep);
    buffer_fini(&out);
}

Test(jsonurl, random_bytes_are_read_or_refused)
{
    static const char letters[] = "ab:,()'%2+1.-e\xff";
    srand(11);
    for (int round = 0; round < 200000; round++) {
        uint8_t text[24];
        size_t size = (size_t)rand() % sizeof text;
        struct buffer out = {0};
        for (size_t i = 0; i < size; i++)
            text[i] = (uint8_t)letters[(size_t)rand() % (sizeof letters - 1)];
        if (jsonurl_to_msgpack(slice_of(text, size), &out) == error_none)
            cr_assert_eq(msgpack_check(buffer_slice(&out), NULL), error_none);
        else
            cr_assert_eq(out.size, 0);
        buffer_fini(&out);
    }
}
