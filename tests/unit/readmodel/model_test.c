/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Models: made from descriptions, stored, read back. */
#include <criterion/criterion.h>

#include "tests/unit/readmodel/sample.h"

static const struct model_field *field_of(const struct model *model, const char *name)
{
    uint32_t guess = 0;
    int32_t number = model_find(model, slice_text(name), &guess);
    cr_assert(number >= 0, "no field %s", name);
    return &model->fields[number];
}

Test(model, every_type_of_a_state_becomes_a_field)
{
    static const struct {
        const char *name;
        enum model_kind kind, item;
        uint32_t scale;
    } expected[] = {
        {"business_name", MODEL_TEXT, 0, 0},
        {"system_entity", MODEL_BOOL, 0, 0},
        {"employees", MODEL_INT64, 0, 0},
        {"rating", MODEL_DOUBLE, 0, 0},
        {"revenue", MODEL_DECIMAL, 0, 2},
        {"founded", MODEL_DATE, 0, 0},
        {"opened_at", MODEL_TIMESTAMP, 0, 0},
        {"owner", MODEL_UUID, 0, 0},
        {"status", MODEL_ENUM, 0, 0},
        {"seal", MODEL_BYTES, 0, 0},
        {"tags", MODEL_LIST, MODEL_TEXT, 0},
        {"marks", MODEL_LIST, MODEL_INT64, 0},
        {"shares", MODEL_LIST, MODEL_DECIMAL, 3},
        {"labels", MODEL_MAP, MODEL_TEXT, 0},
        {"quota", MODEL_MAP, MODEL_INT64, 0},
        {"lines", MODEL_LIST, 0, 0},
        {"mail", MODEL_TEXT, 0, 0},
    };
    struct model model;
    sample_model(&model);
    cr_assert(slice_is(model.namespace, "crm") && slice_is(model.name, "company") && slice_is(model.doc, "A company."));
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct model_field *field = field_of(&model, expected[i].name);
        cr_assert(field->kind == expected[i].kind && field->item == expected[i].item, "%s", expected[i].name);
        cr_assert(field->scale == expected[i].scale && !field->secret);
    }
    cr_assert(slice_is(field_of(&model, "business_name")->doc, "As it trades."));
    cr_assert(field_of(&model, "pin")->secret);
    model_fini(&model);
}

Test(model, nested_records_become_dotted_fields)
{
    struct model model;
    uint32_t guess = 0;
    sample_model(&model);
    cr_assert(field_of(&model, "address.city")->kind == MODEL_TEXT);
    cr_assert(field_of(&model, "address.geo.lat")->kind == MODEL_DOUBLE);
    cr_assert(model_find(&model, slice_text("address"), &guess) == -1);
    cr_assert(model_find(&model, slice_text("lines.sku"), &guess) == -1);
    model_fini(&model);
}

Test(model, stored_form_comes_back_the_same)
{
    struct model model, back;
    struct buffer once = {0}, twice = {0};
    sample_model(&model);
    model_write(&once, &model);
    cr_assert(model_read(buffer_slice(&once), &back) == error_none);
    model_write(&twice, &back);
    cr_assert(slice_equal(buffer_slice(&once), buffer_slice(&twice)));
    cr_assert(back.field_count == model.field_count);
    buffer_fini(&once);
    buffer_fini(&twice);
    model_fini(&model);
    model_fini(&back);
}

Test(model, what_is_no_description_is_refused)
{
    static const char *const bad[] = {"{}", "[]", "1", "{'schema':1}", "{'schema':{}}", "{'schema':{'properties':[]}}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct model model = {0};
        struct buffer map = sample_msgpack(bad[i]);
        cr_assert(model_from_resource(slice_text("x"), buffer_slice(&map), &model) == error_invalid_data, "%s", bad[i]);
        cr_assert(model.fields == NULL);
        cr_assert(model_read(buffer_slice(&map), &model) == error_invalid_data);
        buffer_fini(&map);
    }
    struct model model;
    cr_assert(model_read(slice_of("\x81", 1), &model) == error_invalid_data);
}

Test(model, hand_written_projections_have_one_too)
{
    struct model model;
    struct buffer map = sample_msgpack("{'name':'activity','doc':'Days.','fingerprint':'','version':1,'global':true,"
                                       "'key':'own','events':[],'schema':{'type':'object','properties':{"
                                       "'day':{'type':'string','format':'date'},'opened':{'type':'integer'}}}}");
    cr_assert(model_from_resource(slice_text("bank"), buffer_slice(&map), &model) == error_none);
    cr_expect(slice_is(model.namespace, "bank") && slice_is(model.name, "activity") && slice_is(model.doc, "Days."));
    cr_expect_eq(model.field_count, 2);
    cr_expect(field_of(&model, "day")->kind == MODEL_DATE && field_of(&model, "opened")->kind == MODEL_INT64);
    buffer_fini(&map);
    model_fini(&model);
}

Test(model, no_more_fields_than_columns)
{
    struct buffer json = {0};
    struct model model;
    buffer_append_text(&json, "{'name':'wide','schema':{'type':'object','properties':{");
    for (int i = 0; i < 600; i++)
        buffer_printf(&json, "%s'f%d':{'type':'integer'}", i == 0 ? "" : ",", i);
    buffer_append(&json, "}}}", 4);
    struct buffer map = sample_msgpack((const char *)json.data);
    cr_assert(model_from_resource(slice_text("x"), buffer_slice(&map), &model) == error_none);
    cr_assert(model.field_count == MODEL_FIELDS_MAX);
    buffer_fini(&map);
    buffer_fini(&json);
    model_fini(&model);
}
