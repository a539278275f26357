/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row's values in the order of its table's columns. The row's map has its keys in the order of the fields, so each
 * key is looked for where the last one was found. */
#include "libactor/domain/scalar.h"
#include "proto/identity.h"
#include "proto/json.h"
#include "services/readmodel/row_text.h"
#include "services/readmodel/table.h"
#include "services/readmodel/words.h"

/* A NUL in JSON is an escape; U+FFFD has one of the same size. */
static void json_escape_nul(uint8_t *json, size_t size)
{
    for (size_t i = 0; i + 6 <= size; i++) {
        if (json[i] != '\\')
            continue;
        if (memcmp(json + i, "\\u0000", 6) == 0)
            memcpy(json + i, "\\ufffd", 6);
        i++; /* what a backslash escapes is no backslash of its own */
    }
}

enum error column_json(struct buffer *out, struct slice raw, struct buffer *scratch)
{
    size_t from = out->size;
    enum error error = error_none;
    if (scratch != NULL) {
        buffer_clear(scratch);
        error = msgpack_canonical(raw, scratch);
        raw = buffer_slice(scratch);
    }
    if (error == error_none)
        error = msgpack_to_json(raw, out);
    if (error == error_none)
        json_escape_nul(out->data + from, out->size - from);
    return error;
}

struct filler {
    const struct model *model;
    struct value *values;
    struct buffer *scratch;
    struct buffer canonical;
    size_t offsets[TABLE_COLUMNS_MAX];   /* in scratch, + 1; 0: the value is not there */
    struct slice raws[MODEL_FIELDS_MAX]; /* of fields that have words */
    uint32_t guess;                      /* the field to look at first */
    char path[512];
};

static void value_scratch(struct filler *filler, uint32_t column, size_t from)
{
    filler->offsets[column] = from + 1;
    filler->values[column] =
        (struct value){.kind = VALUE_TEXT, .text = {.data = NULL, .size = filler->scratch->size - from}};
}

/* ---- one field ---- */

static bool integer_take(const struct model_field *field, const struct msgpack_value *from, int64_t *out)
{
    int32_t days;
    switch (field->kind) {
    case MODEL_BOOL:
        *out = from->kind == MSGPACK_KIND_BOOL && from->boolean;
        return from->kind == MSGPACK_KIND_BOOL;
    case MODEL_INT64:
        *out = from->kind == MSGPACK_KIND_INTEGER ? from->integer : 0;
        return from->kind == MSGPACK_KIND_INTEGER;
    case MODEL_DECIMAL:
        return from->kind == MSGPACK_KIND_TEXT && decimal_parse(from->bytes, field->scale, out) == SCALAR_OK;
    case MODEL_TIMESTAMP:
        return from->kind == MSGPACK_KIND_TEXT && timestamp_parse(from->bytes, out) == SCALAR_OK;
    case MODEL_DATE:
        if (from->kind != MSGPACK_KIND_TEXT || date_parse(from->bytes, &days) != SCALAR_OK)
            return false;
        *out = days;
        return true;
    default:
        return false;
    }
}

/* PostgreSQL cannot hold U+0000, so neither database does. */
static void text_put(struct filler *filler, uint32_t column, struct slice text)
{
    size_t from = filler->scratch->size;
    if (text.size == 0 || memchr(text.data, 0, text.size) == NULL) {
        filler->values[column] = (struct value){.kind = VALUE_TEXT, .text = text};
        return;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == 0)
            buffer_append(filler->scratch, "\xef\xbf\xbd", 3);
        else
            buffer_append(filler->scratch, &text.data[i], 1);
    }
    value_scratch(filler, column, from);
}

static void bytes_put(struct filler *filler, uint32_t column, struct slice raw)
{
    size_t from = filler->scratch->size;
    if (msgpack_to_json(raw, filler->scratch) != error_none)
        return;
    /* without its quotes */
    filler->scratch->size--;
    value_scratch(filler, column, from + 1);
}

static void json_put(struct filler *filler, uint32_t column, struct slice raw)
{
    size_t from = filler->scratch->size;
    if (column_json(filler->scratch, raw, &filler->canonical) == error_none)
        value_scratch(filler, column, from);
}

static bool kind_fits(const struct model_field *field, enum msgpack_kind kind)
{
    switch (field->kind) {
    case MODEL_BYTES:
        return kind == MSGPACK_KIND_BYTES;
    case MODEL_LIST:
        return kind == MSGPACK_KIND_ARRAY;
    case MODEL_MAP:
        return kind == MSGPACK_KIND_MAP;
    default:
        return kind == MSGPACK_KIND_TEXT;
    }
}

static void field_put(struct filler *filler, uint32_t number, const struct msgpack_value *from, struct slice raw)
{
    const struct model_field *field = &filler->model->fields[number];
    uint32_t column = TABLE_FIELDS + number;
    struct value *out = &filler->values[column];
    int64_t integer;
    if (field_has_words(field))
        filler->raws[number] = raw;
    if (integer_take(field, from, &integer))
        *out = (struct value){.kind = VALUE_INTEGER, .integer = integer};
    else if (field->kind == MODEL_DOUBLE && from->kind == MSGPACK_KIND_DOUBLE)
        *out = (struct value){.kind = VALUE_DOUBLE, .number = from->number};
    else if (field->kind == MODEL_DOUBLE && from->kind == MSGPACK_KIND_INTEGER)
        *out = (struct value){.kind = VALUE_DOUBLE, .number = (double)from->integer};
    else if (field->kind < MODEL_TEXT || field->kind == MODEL_TIMESTAMP || field->kind == MODEL_DATE ||
             !kind_fits(field, from->kind))
        return;
    else if (field->kind == MODEL_LIST || field->kind == MODEL_MAP)
        json_put(filler, column, raw);
    else if (field->kind == MODEL_BYTES)
        bytes_put(filler, column, raw);
    else
        text_put(filler, column, from->bytes);
}

/* ---- the map ---- */

static enum error record_put(struct filler *filler, size_t path_size, struct slice map);

/* A map that is no field is a record, whose fields have dotted names. */
static enum error entry_put(struct filler *filler, size_t path_size, struct slice key, struct slice raw)
{
    struct reader reader = reader_of(raw);
    struct msgpack_value value;
    if (path_size + key.size + 1 >= sizeof filler->path)
        return error_none;
    memcpy(filler->path + path_size, key.data, key.size);
    path_size += key.size;
    enum error error = reader_next(&reader, &value);
    if (error != error_none)
        return error;
    int32_t number = model_find(filler->model, slice_of(filler->path, path_size), &filler->guess);
    if (number >= 0) {
        field_put(filler, (uint32_t)number, &value, raw);
        return error_none;
    }
    if (value.kind != MSGPACK_KIND_MAP)
        return error_none;
    filler->path[path_size++] = '.';
    return record_put(filler, path_size, raw);
}

static enum error record_put(struct filler *filler, size_t path_size, struct slice map)
{
    struct reader reader = reader_of(map);
    struct slice key, raw;
    uint32_t entries = 0;
    enum error error = reader_map(&reader, &entries);
    for (uint32_t i = 0; i < entries && error == error_none; i++) {
        error = reader_text(&reader, &key);
        if (error == error_none)
            error = reader_raw(&reader, &raw);
        if (error == error_none)
            error = entry_put(filler, path_size, key, raw);
    }
    return error;
}

/* ---- words ---- */

/* The texts within a list or map of texts. */
static void items_words(struct buffer *out, size_t from, const struct model_field *field, struct slice raw)
{
    struct reader reader = reader_of(raw);
    struct msgpack_value value;
    struct slice text;
    if (reader_next(&reader, &value) != error_none || !kind_fits(field, value.kind))
        return;
    for (uint32_t i = 0; i < value.count; i++) {
        if (field->kind == MODEL_MAP && reader_skip(&reader) != error_none)
            return;
        if (reader_text(&reader, &text) != error_none)
            return;
        words_append(out, from, text);
    }
}

static void words_put(struct filler *filler)
{
    size_t from = filler->scratch->size;
    for (uint32_t i = 0; i < filler->model->field_count; i++) {
        const struct model_field *field = &filler->model->fields[i];
        const struct value *value = &filler->values[TABLE_FIELDS + i];
        if (filler->raws[i].size == 0)
            continue;
        if (field->kind != MODEL_TEXT)
            items_words(filler->scratch, from, field, filler->raws[i]);
        else if (value->kind == VALUE_TEXT && filler->offsets[TABLE_FIELDS + i] == 0)
            words_append(filler->scratch, from, value->text);
    }
    if (filler->scratch->size > from)
        value_scratch(filler, TABLE_TEXT, from);
}

/* ---- the row ---- */

static void audit_put(struct filler *filler, const struct row *row)
{
    struct value *values = filler->values;
    text_put(filler, TABLE_REALM, row->realm);
    text_put(filler, TABLE_ID, row->id);
    text_put(filler, TABLE_CREATOR, row->creator);
    text_put(filler, TABLE_UPDATER, row->updater);
    values[TABLE_ETAG] = (struct value){.kind = VALUE_INTEGER, .integer = (int64_t)row->version};
    values[TABLE_CREATED] = (struct value){.kind = VALUE_INTEGER, .integer = row->created_us};
    values[TABLE_UPDATED] = (struct value){.kind = VALUE_INTEGER, .integer = row->updated_us};
    if (row->deleted_us != 0)
        values[TABLE_DELETED] = (struct value){.kind = VALUE_INTEGER, .integer = row->deleted_us};
}

static enum error text_of_row(struct filler *filler, const struct row *row)
{
    size_t from = filler->scratch->size;
    enum error error = row_text_write(filler->scratch, row);
    if (error == error_none)
        value_scratch(filler, TABLE_ROW, from);
    return error;
}

/* Only now scratch stays where it is. */
static void offsets_settle(struct filler *filler)
{
    for (uint32_t i = 0; i < table_columns(filler->model); i++)
        if (filler->offsets[i] > 0)
            filler->values[i].text.data = filler->scratch->data + filler->offsets[i] - 1;
}

enum error table_values(const struct model *model, const struct row *row, struct buffer *scratch, struct value *values)
{
    struct filler filler = {.model = model, .values = values, .scratch = scratch};
    memset(values, 0, table_columns(model) * sizeof values[0]);
    buffer_clear(scratch);
    audit_put(&filler, row);
    enum error error = record_put(&filler, 0, row->data);
    words_put(&filler);
    if (error == error_none)
        error = text_of_row(&filler, row);
    offsets_settle(&filler);
    bool failed = scratch->failed || filler.canonical.failed;
    buffer_fini(&filler.canonical);
    if (failed)
        return error_no_memory;
    return error == error_none ? error_none : error_invalid_data;
}
