/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What can be asked of a read model: its fields, and the filters each takes, so that a front end can build its forms
 * from it. From the description alone, by the same functions that check queries. */
#include "services/gateway/meta.h"

#include "services/gateway/description.h"
#include "services/gateway/json_out.h"
#include "services/readmodel/query.h"

/* ---- words ---- */

static const char *type_name(enum model_kind kind)
{
    static const char *const names[] = {[MODEL_BOOL] = "boolean",
                                        [MODEL_INT64] = "integer",
                                        [MODEL_DOUBLE] = "number",
                                        [MODEL_DECIMAL] = "decimal",
                                        [MODEL_TEXT] = "string",
                                        [MODEL_BYTES] = "bytes",
                                        [MODEL_UUID] = "uuid",
                                        [MODEL_TIMESTAMP] = "datetime",
                                        [MODEL_DATE] = "date",
                                        [MODEL_ENUM] = "enum",
                                        [MODEL_LIST] = "array",
                                        [MODEL_MAP] = "json"};
    return names[kind];
}

static const char *operator_label(enum query_operator operator)
{
    static const char *const labels[QUERY_OPERATORS] = {[QUERY_EQ] = "is",
                                                        [QUERY_NE] = "is not",
                                                        [QUERY_GT] = "is more than",
                                                        [QUERY_GTE] = "is at least",
                                                        [QUERY_LT] = "is less than",
                                                        [QUERY_LTE] = "is at most",
                                                        [QUERY_IN] = "is one of",
                                                        [QUERY_NOTIN] = "is none of",
                                                        [QUERY_HAS] = "contains",
                                                        [QUERY_ILIKE] = "matches",
                                                        [QUERY_CS] = "has all of",
                                                        [QUERY_OV] = "has any of",
                                                        [QUERY_BETWEEN] = "is between"};
    return labels[operator];
}

/* What to enter one value with. */
static const char *kind_input(enum model_kind kind)
{
    switch (kind) {
    case MODEL_BOOL:
        return "checkbox";
    case MODEL_INT64:
    case MODEL_DOUBLE:
    case MODEL_DECIMAL:
        return "number";
    case MODEL_TIMESTAMP:
        return "datetime";
    case MODEL_DATE:
        return "date";
    case MODEL_ENUM:
        return "select";
    case MODEL_LIST:
    case MODEL_MAP:
        return "json";
    default:
        return "text";
    }
}

static const char *operator_input(enum model_kind kind, enum query_operator operator)
{
    switch (operator) {
    case QUERY_IN:
    case QUERY_NOTIN:
        return kind == MODEL_ENUM ? "multiselect" : "tags";
    case QUERY_CS:
    case QUERY_OV:
        return kind == MODEL_LIST ? "tags" : "json";
    case QUERY_BETWEEN:
        return "range";
    default:
        return kind_input(kind);
    }
}

/* "holder.given_name" is "Holder given name". */
static void label_write(struct json_out *json, struct slice name)
{
    struct buffer label = {0};
    for (size_t i = 0; i < name.size; i++) {
        char letter = (char)name.data[i];
        bool gap = letter == '_' || letter == '.' || letter == '-';
        if (gap && label.size == 0)
            continue;
        if (label.size == 0 && letter >= 'a' && letter <= 'z')
            letter = (char)(letter - 'a' + 'A');
        buffer_append(&label, gap ? " " : &letter, 1);
    }
    json_key(json, "label");
    json_text(json, buffer_slice(&label));
    buffer_fini(&label);
}

/* ---- fields ---- */

static void filter_write(struct json_out *json, const struct model_field *field, enum query_operator operator)
{
    struct buffer key = {0};
    buffer_append(&key, field->name.data, field->name.size);
    buffer_append_text(&key, ".");
    buffer_append_text(&key, query_operator_names[operator]);
    json_open(json, '{');
    json_pair_text(json, "key", buffer_slice(&key));
    json_pair(json, "operator", query_operator_names[operator]);
    json_pair(json, "label", operator_label(operator));
    json_pair(json, "type", operator== QUERY_IN || operator== QUERY_NOTIN ? "array" : type_name(field->kind));
    json_pair(json, "input", operator_input(field->kind, operator));
    json_close(json, '}');
    buffer_fini(&key);
}

static void field_write(struct json_out *json, const struct model_field *field, bool audit)
{
    uint32_t operators = kind_operators(field->kind);
    json_open(json, '{');
    json_pair_text(json, "name", field->name);
    label_write(json, field->name);
    if (field->doc.size > 0)
        json_pair_text(json, "description", field->doc);
    json_pair(json, "type", type_name(field->kind));
    json_pair(json, "input", kind_input(field->kind));
    if (field->kind == MODEL_ENUM && field->values.size > 0) {
        json_key(json, "values");
        json_value(json, field->values);
    }
    json_key(json, "audit");
    json_bool(json, audit);
    json_key(json, "sortable");
    json_bool(json, kind_sorts(field->kind));
    json_pair(json, "default_operator", query_operator_names[kind_default(field->kind)]);
    json_key_open(json, "filters", '[');
    for (int i = 0; i < QUERY_OPERATORS; i++)
        if (operators & 1u << i)
            filter_write(json, field, (enum query_operator)i);
    json_close_all(json, "]}");
}

static void model_page(struct answer *answer, const struct model *model, bool projection)
{
    struct json_out json = json_out_of(&answer->body);
    answer_begin(answer, 200, MEDIA_JSON);
    json_open(&json, '{');
    json_pair_text(&json, "namespace", model->namespace);
    json_pair_text(&json, "name", model->name);
    if (model->doc.size > 0)
        json_pair_text(&json, "description", model->doc);
    json_pair(&json, "made_from", projection ? "projection" : "resource");
    json_key(&json, "url");
    json_print(&json,
               "/%.*s.%.*s/",
               (int)model->namespace.size,
               (const char *)model->namespace.data,
               (int)model->name.size,
               (const char *)model->name.data);
    json_key(&json, "default_limit");
    json_integer(&json, limit_page_default);
    json_key(&json, "max_limit");
    json_integer(&json, limit_page_limit);
    json_key(&json, "fields");
    json_open(&json, '[');
    for (uint32_t i = 0; i < model->field_count; i++)
        if (!model->fields[i].secret)
            field_write(&json, &model->fields[i], false);
    for (uint32_t i = 0; i < AUDIT_COUNT; i++)
        field_write(&json, &model_audit_fields[i], true);
    json_close(&json, ']');
    json_close(&json, '}');
}

/* ---- finding ---- */

/* The resource or projection of that name. */
static bool part_find(struct slice description, const char *list, struct slice name, struct slice *out)
{
    struct walk parts = walk_of(map_field(description, list));
    while (walk_next(&parts, out))
        if (slice_equal(map_text(*out, "name"), name))
            return true;
    return false;
}

bool meta_query(struct answer *answer, struct slice descriptions, struct slice namespace, struct slice name)
{
    struct slice description, part;
    struct model model = {0};
    if (!description_find(descriptions, namespace, &description))
        return false;
    bool resource = part_find(description, "resources", name, &part);
    if (!resource && !part_find(description, "projections", name, &part))
        return false;
    if (model_from_resource(namespace, part, &model) != error_none)
        return false;
    model_page(answer, &model, !resource);
    model_fini(&model);
    return true;
}
