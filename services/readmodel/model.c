/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Models in memory and in their stored form, a msgpack map: namespace, name, doc, fields; a field is a map of name,
 * doc, kind, and where it has them item, scale, values, secret. Keys that are not known are skipped. */
#include "services/readmodel/model.h"

#include <stdlib.h>

#define AUDIT(NAME, KIND, DOC)                                                                                         \
    {                                                                                                                  \
        .name = {(const uint8_t *)(NAME), sizeof(NAME) - 1}, .doc = {(const uint8_t *)(DOC), sizeof(DOC) - 1},         \
        .kind = (KIND)                                                                                                 \
    }
const struct model_field model_audit_fields[AUDIT_COUNT] = {
    [AUDIT_ID] = AUDIT("_id", MODEL_TEXT, "The identifier."),
    [AUDIT_CREATED] = AUDIT("_created", MODEL_TIMESTAMP, "When the first event happened."),
    [AUDIT_UPDATED] = AUDIT("_updated", MODEL_TIMESTAMP, "When the last event happened."),
    [AUDIT_CREATOR] = AUDIT("_creator", MODEL_TEXT, "Who sent the first command."),
    [AUDIT_UPDATER] = AUDIT("_updater", MODEL_TEXT, "Who sent the last command."),
    [AUDIT_DELETED] = AUDIT("_deleted", MODEL_TIMESTAMP, "When it was removed; null: it is there."),
    [AUDIT_ETAG] = AUDIT("_etag", MODEL_INT64, "The version, which counts events."),
    [AUDIT_REALM] = AUDIT("_realm", MODEL_TEXT, "The realm."),
};

/* ---- writing ---- */

static void write_pair(struct buffer *out, const char *key, struct slice value)
{
    write_string(out, key);
    write_text(out, value);
}

static void field_write(struct buffer *out, const struct model_field *field)
{
    uint32_t entries = 3;
    size_t place = write_map_begin(out);
    write_pair(out, "name", field->name);
    write_pair(out, "doc", field->doc);
    write_string(out, "kind");
    write_integer(out, field->kind);
    if (field->item != 0) {
        write_string(out, "item");
        write_integer(out, field->item);
        entries++;
    }
    if (field->scale > 0) {
        write_string(out, "scale");
        write_integer(out, field->scale);
        entries++;
    }
    if (field->values.size > 0) {
        write_string(out, "values");
        write_raw(out, field->values);
        entries++;
    }
    if (field->secret) {
        write_string(out, "secret");
        write_bool(out, true);
        entries++;
    }
    write_map_end(out, place, entries);
}

void model_write(struct buffer *out, const struct model *model)
{
    write_map(out, 4);
    write_pair(out, "namespace", model->namespace);
    write_pair(out, "name", model->name);
    write_pair(out, "doc", model->doc);
    write_string(out, "fields");
    write_array(out, model->field_count);
    for (uint32_t i = 0; i < model->field_count; i++)
        field_write(out, &model->fields[i]);
}

/* ---- reading ---- */

static enum error number_read(struct reader *reader, int64_t max, uint32_t *out)
{
    int64_t number;
    enum error error = reader_integer(reader, &number);
    if (error == error_none && (number < 0 || number > max))
        error = error_invalid_data;
    if (error == error_none)
        *out = (uint32_t)number;
    return error;
}

static enum error kind_read(struct reader *reader, enum model_kind *out)
{
    uint32_t kind = 0;
    enum error error = number_read(reader, MODEL_MAP, &kind);
    if (error == error_none)
        *out = (enum model_kind)kind;
    return error;
}

/* An array of texts. */
static enum error values_read(struct reader *reader, struct slice *out)
{
    struct slice raw, text;
    uint32_t count = 0;
    enum error error = reader_raw(reader, &raw);
    struct reader values = reader_of(raw);
    if (error == error_none)
        error = reader_array(&values, &count);
    for (uint32_t i = 0; i < count && error == error_none; i++)
        error = reader_text(&values, &text);
    if (error == error_none)
        *out = raw;
    return error;
}

static enum error field_entry_read(struct reader *reader, struct slice key, struct model_field *out)
{
    if (slice_is(key, "name"))
        return reader_text(reader, &out->name);
    if (slice_is(key, "doc"))
        return reader_text(reader, &out->doc);
    if (slice_is(key, "kind"))
        return kind_read(reader, &out->kind);
    if (slice_is(key, "item"))
        return kind_read(reader, &out->item);
    if (slice_is(key, "scale"))
        return number_read(reader, 18, &out->scale);
    if (slice_is(key, "values"))
        return values_read(reader, &out->values);
    if (slice_is(key, "secret"))
        return reader_bool(reader, &out->secret);
    return reader_skip(reader);
}

static enum error field_read(struct reader *reader, struct model_field *out)
{
    uint32_t entries = 0;
    struct slice key;
    enum error error = reader_map(reader, &entries);
    for (uint32_t i = 0; i < entries && error == error_none; i++) {
        error = reader_text(reader, &key);
        if (error == error_none)
            error = field_entry_read(reader, key, out);
    }
    return error == error_none && (out->kind == 0 || out->name.size == 0) ? error_invalid_data : error;
}

static enum error fields_read(struct reader *reader, struct model *out)
{
    uint32_t count = 0;
    enum error error = reader_array(reader, &count);
    if (error != error_none || count > MODEL_FIELDS_MAX || out->fields != NULL)
        return error_invalid_data;
    out->fields = calloc(count + 1, sizeof out->fields[0]);
    if (out->fields == NULL)
        return error_no_memory;
    out->field_count = count;
    for (uint32_t i = 0; i < count && error == error_none; i++)
        error = field_read(reader, &out->fields[i]);
    return error;
}

static enum error model_entry_read(struct reader *reader, struct slice key, struct model *out)
{
    if (slice_is(key, "namespace"))
        return reader_text(reader, &out->namespace);
    if (slice_is(key, "name"))
        return reader_text(reader, &out->name);
    if (slice_is(key, "doc"))
        return reader_text(reader, &out->doc);
    if (slice_is(key, "fields"))
        return fields_read(reader, out);
    return reader_skip(reader);
}

enum error model_read(struct slice map, struct model *out)
{
    struct model model = {0};
    struct slice key;
    uint32_t entries = 0;
    if (msgpack_check(map, NULL) != error_none)
        return error_invalid_data;
    buffer_append(&model.memory, map.data, map.size);
    struct reader reader = reader_of(buffer_slice(&model.memory));
    enum error error = model.memory.failed ? error_no_memory : reader_map(&reader, &entries);
    for (uint32_t i = 0; i < entries && error == error_none; i++) {
        error = reader_text(&reader, &key);
        if (error == error_none)
            error = model_entry_read(&reader, key, &model);
    }
    if (error == error_none && model.fields == NULL)
        error = error_invalid_data;
    if (error == error_none)
        *out = model;
    else
        model_fini(&model);
    return error == error_none || error == error_no_memory ? error : error_invalid_data;
}

void model_fini(struct model *model)
{
    free(model->fields);
    buffer_fini(&model->memory);
    *model = (struct model){0};
}

/* ---- fields ---- */

int32_t model_find(const struct model *model, struct slice name, uint32_t *guess)
{
    uint32_t at = *guess;
    for (uint32_t i = 0; i < model->field_count; i++, at++) {
        if (at >= model->field_count)
            at = 0;
        if (slice_equal(model->fields[at].name, name)) {
            *guess = at + 1;
            return (int32_t)at;
        }
    }
    return -1;
}

bool field_has_words(const struct model_field *field)
{
    bool items = field->kind == MODEL_LIST || field->kind == MODEL_MAP;
    return (items ? field->item : field->kind) == MODEL_TEXT && !field->secret;
}

bool model_has_words(const struct model *model)
{
    for (uint32_t i = 0; i < model->field_count; i++)
        if (field_has_words(&model->fields[i]))
            return true;
    return false;
}
