/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The text of a row: written, picked from, read back. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "services/readmodel/row_text.h"
#include "tests/unit/readmodel/sample.h"

#define AUDIT                                                                                                          \
    "'_id':'i','_created':'1970-01-01T00:00:01.000000Z','_updated':'1970-01-01T00:00:02.000000Z','_creator':'a',"      \
    "'_updater':'b','_deleted':null,'_etag':'7','_realm':'r'"

static struct row row_of(const struct buffer *data)
{
    return (struct row){.realm = slice_text("r"),
                        .id = slice_text("i"),
                        .creator = slice_text("a"),
                        .updater = slice_text("b"),
                        .version = 7,
                        .created_us = 1000000,
                        .updated_us = 2000000,
                        .data = buffer_slice(data)};
}

static struct buffer text_of(const char *json)
{
    struct buffer data = sample_msgpack(json), out = {0};
    struct row row = row_of(&data);
    cr_assert(row_text_write(&out, &row) == error_none);
    buffer_fini(&data);
    return out;
}

static void text_is(const struct buffer *text, const char *expected)
{
    struct buffer quoted = {0};
    buffer_append_text(&quoted, expected);
    for (size_t i = 0; i < quoted.size; i++)
        if (quoted.data[i] == '\'')
            quoted.data[i] = '"';
    cr_assert(slice_equal(buffer_slice(text), buffer_slice(&quoted)), "%.*s", (int)text->size, (char *)text->data);
    buffer_fini(&quoted);
}

Test(row_text, audit_fields_stand_before_the_others)
{
    struct buffer text = text_of("{'name':'x\\u0022y','employees':5}");
    text_is(&text, "{" AUDIT ",'name':'x\\'y','employees':5}");
    buffer_fini(&text);
    text = text_of("{}");
    text_is(&text, "{" AUDIT "}");
    buffer_fini(&text);
}

Test(row_text, a_removed_row_says_when)
{
    struct buffer data = sample_msgpack("{}"), out = {0};
    struct row row = row_of(&data);
    row.deleted_us = 3000000;
    cr_assert(row_text_write(&out, &row) == error_none);
    buffer_append(&out, "", 1);
    cr_assert(strstr((char *)out.data, "\"_deleted\":\"1970-01-01T00:00:03.000000Z\"") != NULL, "%s", (char *)out.data);
    buffer_fini(&out);
    row.data = slice_of("\x93\x01\x02\x03", 4);
    cr_assert(row_text_write(&out, &row) == error_invalid_data, "a row is a map");
    buffer_fini(&out);
    buffer_fini(&data);
}

/* ---- picking ---- */

static struct model model;

static enum error pick(const char *request, struct slice text, struct buffer *out)
{
    struct buffer map = sample_msgpack(request);
    struct query query = {0};
    struct data_faults faults;
    if (model.fields == NULL)
        sample_model(&model);
    cr_assert(query_parse(buffer_slice(&map), &model, slice_text("r"), NULL, &query, &faults) == error_none);
    buffer_clear(out);
    enum error error = row_text_pick(out, &query, text);
    query_fini(&query);
    buffer_fini(&map);
    return error;
}

static void pick_is(const char *json, const char *request, const char *expected)
{
    struct buffer text = text_of(json), out = {0};
    cr_assert(pick(request, buffer_slice(&text), &out) == error_none);
    text_is(&out, expected);
    buffer_fini(&text);
    buffer_fini(&out);
}

Test(row_text, fields_are_picked_whatever_their_values_look_like)
{
    static const char row[] =
        "{'name':'a,}]{[\\u0022\\\\','tags':[{'x':']}'},'\\\\'],'address':{'city':'}\\u0022','geo':{"
        "'lat':1.5}},'labels':{'employees':'1'},'employees':5,'more':{'b':{'c':[]}}}";
    pick_is(row, "{'include':'employees'}", "{'_id':'i','employees':5}");
    pick_is(row, "{'include':'tags','exclude':'_id'}", "{'tags':[{'x':']}'},'\\\\']}");
    pick_is(row,
            "{'include':'address.geo,labels'}",
            "{'_id':'i','address':{'geo':{'lat':1.5}},'labels':{'employees':'1'}}");
    pick_is(row, "{'include':'_etag'}", "{'_id':'i','_etag':'7'}");
    pick_is(row,
            "{'exclude':'name,tags,address,labels,employees,_created,_updated,_creator,_updater,_deleted,_realm'}",
            "{'_id':'i','_etag':'7','more':{'b':{'c':[]}}}");
    pick_is(row, "{'include':'_id','exclude':'_id'}", "{}");
    pick_is("{'employees':5}", "{}", "{" AUDIT ",'employees':5}");
}

Test(row_text, a_text_that_is_broken_anywhere_is_corrupt)
{
    struct buffer text = text_of("{'name':'a\\u0022\\\\','address':{'city':'x','geo':{'lat':1.5}},'tags':[[],{}]}"),
                  out = {0};
    for (size_t size = 0; size < text.size; size++) {
        uint8_t *cut = malloc(size + 1); /* its end is the memory's, which a sanitizer watches */
        memcpy(cut, text.data, size);
        struct slice shorter = slice_of(cut, size);
        cr_assert(pick("{'exclude':'employees'}", shorter, &out) == error_corrupt, "%zu", size);
        struct slice map;
        cr_assert(row_text_read(shorter, &out, &map) == error_corrupt, "%zu", size);
        free(cut);
    }
    cr_assert(pick("{'exclude':'employees'}", slice_text("{\"_id\":1}x"), &out) == error_corrupt);
    buffer_fini(&text);
    buffer_fini(&out);
}

/* ---- reading ---- */

Test(row_text, the_map_is_read_back)
{
    static const char *const rows[] = {
        "{}",
        "{'name':'\\u0000\\u00c4','revenue':'12.50','rating':5.0,'employees':-9223372036854775808,'active':true}",
        "{'address':{'city':null,'geo':{'lat':1e300}},'tags':[],'labels':{'_id':'x'}}",
    };
    struct buffer memory = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer text = text_of(rows[i]), data = sample_msgpack(rows[i]);
        struct slice map;
        cr_assert(row_text_read(buffer_slice(&text), &memory, &map) == error_none);
        cr_assert(slice_equal(map, buffer_slice(&data)), "%s", rows[i]);
        buffer_fini(&text);
        buffer_fini(&data);
    }
    struct slice map;
    cr_assert(row_text_read(slice_text("{\"_id\":1,\"name\":2}"), &memory, &map) == error_corrupt, "audit fields lack");
    buffer_fini(&memory);
}
