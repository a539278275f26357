/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * From the JSON Schema of a resource's state to the fields of its read model. The model is written in its stored form
 * (model_write) and read back, so there is one way to build one. */
#include "services/readmodel/model.h"

#define PATH_BYTES_MAX 512

struct flattener {
    struct buffer *out;
    uint32_t count;
    char path[PATH_BYTES_MAX]; /* of the record that is being looked at, with a dot at its end */
};

static bool find_map(struct slice schema, const char *key, struct slice *out)
{
    struct slice value;
    uint32_t entries;
    if (msgpack_find(schema, key, &value) != error_none)
        return false;
    struct reader reader = reader_of(value);
    if (reader_map(&reader, &entries) != error_none)
        return false;
    *out = value;
    return true;
}

static struct slice find_text(struct slice schema, const char *key)
{
    struct slice value, text = {0};
    if (msgpack_find(schema, key, &value) == error_none) {
        struct reader reader = reader_of(value);
        (void)reader_text(&reader, &text);
    }
    return text;
}

static bool find_true(struct slice schema, const char *key)
{
    struct slice value;
    bool is = false;
    if (msgpack_find(schema, key, &value) == error_none) {
        struct reader reader = reader_of(value);
        (void)reader_bool(&reader, &is);
    }
    return is;
}

/* A text may have a format that is also the name of a type; x-fluvius-text tells it from one. */
static enum model_kind string_kind(struct slice schema)
{
    struct slice format = find_text(schema, "format"), value;
    if (msgpack_find(schema, "enum", &value) == error_none)
        return MODEL_ENUM;
    if (msgpack_find(schema, "x-fluvius-scale", &value) == error_none)
        return MODEL_DECIMAL;
    if (find_text(schema, "contentEncoding").size > 0)
        return MODEL_BYTES;
    if (find_true(schema, "x-fluvius-text"))
        return MODEL_TEXT;
    if (slice_is(format, "uuid"))
        return MODEL_UUID;
    if (slice_is(format, "date-time"))
        return MODEL_TIMESTAMP;
    return slice_is(format, "date") ? MODEL_DATE : MODEL_TEXT;
}

/* 0: a record, or something that this program does not know. */
static enum model_kind kind_of(struct slice schema)
{
    struct slice type = find_text(schema, "type"), value;
    if (slice_is(type, "boolean"))
        return MODEL_BOOL;
    if (slice_is(type, "integer"))
        return MODEL_INT64;
    if (slice_is(type, "number"))
        return MODEL_DOUBLE;
    if (slice_is(type, "string"))
        return string_kind(schema);
    if (slice_is(type, "array"))
        return MODEL_LIST;
    return slice_is(type, "object") && find_map(schema, "additionalProperties", &value) ? MODEL_MAP : 0;
}

static void put_scale(struct buffer *out, struct slice schema, uint32_t *entries)
{
    struct slice value;
    int64_t scale;
    if (msgpack_find(schema, "x-fluvius-scale", &value) != error_none)
        return;
    struct reader reader = reader_of(value);
    if (reader_integer(&reader, &scale) != error_none || scale < 0 || scale > 18)
        return;
    write_string(out, "scale");
    write_integer(out, scale);
    ++*entries;
}

static void put_values(struct buffer *out, struct slice schema, uint32_t *entries)
{
    struct slice values;
    if (msgpack_find(schema, "enum", &values) != error_none)
        return;
    write_string(out, "values");
    write_raw(out, values);
    ++*entries;
}

static void put_items(struct buffer *out, struct slice schema, enum model_kind kind, uint32_t *entries)
{
    struct slice items;
    if (!find_map(schema, kind == MODEL_LIST ? "items" : "additionalProperties", &items))
        return;
    enum model_kind item = kind_of(items);
    write_string(out, "item");
    write_integer(out, item == MODEL_LIST || item == MODEL_MAP ? 0 : item);
    ++*entries;
    put_scale(out, items, entries);
    put_values(out, items, entries);
}

static void put_field(struct flattener *flattener, size_t path_size, struct slice schema, enum model_kind kind)
{
    struct buffer *out = flattener->out;
    size_t place = write_map_begin(out);
    uint32_t entries = 3;
    write_string(out, "name");
    write_text(out, slice_of(flattener->path, path_size));
    write_string(out, "doc");
    write_text(out, find_text(schema, "description"));
    write_string(out, "kind");
    write_integer(out, kind);
    if (kind == MODEL_LIST || kind == MODEL_MAP) {
        put_items(out, schema, kind, &entries);
    } else {
        put_scale(out, schema, &entries);
        put_values(out, schema, &entries);
    }
    if (find_true(schema, "x-fluvius-secret")) {
        write_string(out, "secret");
        write_bool(out, true);
        entries++;
    }
    write_map_end(out, place, entries);
    flattener->count++;
}

static enum error put_properties(struct flattener *flattener, size_t path_size, struct slice schema);

/* A field that would be one too many, or whose path is too long, is none: it stays in the rows, without a column. */
static enum error put_property(struct flattener *flattener, size_t path_size, struct slice name, struct slice schema)
{
    if (name.size + 2 > sizeof flattener->path - path_size || flattener->count == MODEL_FIELDS_MAX)
        return error_none;
    memcpy(flattener->path + path_size, name.data, name.size);
    path_size += name.size;
    enum model_kind kind = kind_of(schema);
    if (kind != 0) {
        put_field(flattener, path_size, schema, kind);
        return error_none;
    }
    flattener->path[path_size++] = '.';
    return put_properties(flattener, path_size, schema);
}

/* Recursion is as deep as the description is nested, which its check has bounded. */
static enum error put_properties(struct flattener *flattener, size_t path_size, struct slice schema)
{
    struct slice properties, name, property;
    uint32_t entries;
    if (!find_map(schema, "properties", &properties))
        return error_invalid_data;
    struct reader reader = reader_of(properties);
    enum error error = reader_map(&reader, &entries);
    for (uint32_t i = 0; i < entries && error == error_none; i++) {
        if (reader_text(&reader, &name) != error_none || reader_raw(&reader, &property) != error_none)
            return error_invalid_data;
        error = put_property(flattener, path_size, name, property);
    }
    return error;
}

static enum error model_flatten(struct slice namespace, struct slice resource, struct buffer *out)
{
    struct flattener flattener = {.out = out};
    struct slice schema;
    if (!find_map(resource, "schema", &schema))
        return error_invalid_data;
    write_map(out, 4);
    write_string(out, "namespace");
    write_text(out, namespace);
    write_string(out, "name");
    write_text(out, find_text(resource, "name"));
    write_string(out, "doc");
    write_text(out, find_text(resource, "doc"));
    write_string(out, "fields");
    size_t place = write_array_begin(out);
    enum error error = put_properties(&flattener, 0, schema);
    write_array_end(out, place, flattener.count);
    return out->failed ? error_no_memory : error;
}

enum error model_from_resource(struct slice namespace, struct slice resource, struct model *out)
{
    struct buffer map = {0};
    enum error error =
        msgpack_check(resource, NULL) == error_none ? model_flatten(namespace, resource, &map) : error_invalid_data;
    if (error == error_none)
        error = model_read(buffer_slice(&map), out);
    buffer_fini(&map);
    return error;
}
