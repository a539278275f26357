/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON Schema of records. What JSON Schema cannot say is under keys that begin with x-fluvius. */
#include "libactor/domain/schema.h"
#include "libactor/domain/print.h"

/* A map that is being written. */
struct object {
    struct buffer *out;
    size_t place;
    uint32_t count;
};

static struct object object_begin(struct buffer *out)
{
    return (struct object){.out = out, .place = write_map_begin(out)};
}

static void object_end(struct object *object)
{
    write_map_end(object->out, object->place, object->count);
}

static struct buffer *key(struct object *object, const char *name)
{
    object->count++;
    write_string(object->out, name);
    return object->out;
}

static void put_text(struct object *object, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        write_string(key(object, name), value);
}

static void put_count(struct object *object, const char *name, uint32_t value)
{
    if (value > 0)
        write_integer(key(object, name), value);
}

static void put_record(struct object *object, const struct layout *layout);

/* ---- by kind ---- */

static void put_int64(struct object *object, const struct layout_field *field)
{
    put_text(object, "type", "integer");
    put_text(object, "format", "int64");
    write_integer(key(object, "minimum"), field->has_min ? field->min : INT64_MIN);
    write_integer(key(object, "maximum"), field->has_max ? field->max : INT64_MAX);
}

static void put_double(struct object *object, const struct layout_field *field)
{
    put_text(object, "type", "number");
    put_text(object, "format", "double");
    if (field->has_min)
        write_double(key(object, "minimum"), field->double_min);
    if (field->has_max)
        write_double(key(object, "maximum"), field->double_max);
}

static void put_decimal(struct object *object, const struct layout_field *field)
{
    const fluvius_decimal_limits *limits = field->source->limits;
    char pattern[64];
    if (field->scale > 0)
        print_into(pattern, sizeof pattern, "^-?(0|[1-9][0-9]*)(\\.[0-9]{1,%u})?$", field->scale);
    else
        print_into(pattern, sizeof pattern, "^-?(0|[1-9][0-9]*)$");
    put_text(object, "type", "string");
    put_text(object, "format", "decimal");
    put_text(object, "pattern", pattern);
    write_integer(key(object, "x-fluvius-scale"), field->scale);
    put_text(object, "x-fluvius-minimum", limits->min);
    put_text(object, "x-fluvius-maximum", limits->max);
}

/* Formats that are also the names of types; "x-fluvius-text" tells a text of one from a value of that type. */
static bool is_type(const char *format)
{
    return format != NULL &&
           (strcmp(format, "uuid") == 0 || strcmp(format, "date") == 0 || strcmp(format, "date-time") == 0);
}

static void put_string(struct object *object, const struct layout_field *field)
{
    const fluvius_text_limits *limits = field->source->limits;
    put_text(object, "type", "string");
    put_count(object, "minLength", field->min_length);
    put_count(object, "maxLength", field->max_length);
    put_text(object, "pattern", limits->pattern);
    put_text(object, "format", limits->format);
    if (is_type(limits->format))
        write_bool(key(object, "x-fluvius-text"), true);
}

static void put_bytes(struct object *object, const struct layout_field *field)
{
    put_text(object, "type", "string");
    put_text(object, "contentEncoding", "base64url");
    put_count(object, "x-fluvius-min-bytes", field->min_length);
    put_count(object, "x-fluvius-max-bytes", field->max_length);
}

static void put_time(struct object *object, const struct layout_field *field)
{
    const fluvius_time_limits *limits = field->source->limits;
    put_text(object, "type", "string");
    put_text(object, "format", field->kind == FLUVIUS_DATE ? "date" : "date-time");
    put_text(object, "x-fluvius-minimum", limits->min);
    put_text(object, "x-fluvius-maximum", limits->max);
}

static void put_enum(struct object *object, const fluvius_type *type)
{
    put_text(object, "type", "string");
    put_text(object, "title", type->name);
    struct buffer *out = key(object, "enum");
    write_array(out, type->count - 1);
    for (uint32_t i = 1; i < type->count; i++)
        write_string(out, type->values[i]);
}

static void put_value(struct object *object, const struct layout_field *field)
{
    switch (field->kind) {
    case FLUVIUS_BOOL:
        put_text(object, "type", "boolean");
        break;
    case FLUVIUS_INT64:
        put_int64(object, field);
        break;
    case FLUVIUS_DOUBLE:
        put_double(object, field);
        break;
    case FLUVIUS_DECIMAL:
        put_decimal(object, field);
        break;
    case FLUVIUS_TEXT:
        put_string(object, field);
        break;
    case FLUVIUS_BYTES:
        put_bytes(object, field);
        break;
    case FLUVIUS_UUID:
        put_text(object, "type", "string");
        put_text(object, "format", "uuid");
        break;
    case FLUVIUS_TIMESTAMP:
    case FLUVIUS_DATE:
        put_time(object, field);
        break;
    case FLUVIUS_ENUM:
        put_enum(object, field->type);
        break;
    default:
        put_record(object, field->record);
        break;
    }
}

/* ---- fields and records ---- */

/* The doc of a field's type, where the field has none of its own. */
static const char *field_doc(const struct layout_field *field)
{
    const char *doc = ((const fluvius_common_limits *)field->source->limits)->doc;
    return doc != NULL ? doc : field->type->doc;
}

static void put_items(struct object *object, const struct layout_field *field)
{
    bool list = field->shape == FLUVIUS_LIST;
    put_text(object, "type", list ? "array" : "object");
    put_count(object, list ? "minItems" : "minProperties", field->min_items);
    put_count(object, list ? "maxItems" : "maxProperties", field->max_items);
    if (field->unique)
        write_bool(key(object, "uniqueItems"), true);
    struct object inner = object_begin(key(object, list ? "items" : "additionalProperties"));
    put_value(&inner, field);
    object_end(&inner);
}

static void put_field(struct buffer *out, const struct layout_field *field)
{
    struct object object = object_begin(out);
    put_text(&object, "description", field_doc(field));
    if (field->shape == FLUVIUS_LIST || field->shape == FLUVIUS_MAP)
        put_items(&object, field);
    else
        put_value(&object, field);
    if (field->fallback.size > 0)
        write_raw(key(&object, "default"), field->fallback);
    if (field->secret)
        write_bool(key(&object, "x-fluvius-secret"), true);
    object_end(&object);
}

static bool is_required(const struct layout_field *field)
{
    if (field->shape == FLUVIUS_ONE)
        return field->fallback.size == 0;
    return field->shape != FLUVIUS_OPTIONAL && field->min_items > 0;
}

static void put_record(struct object *object, const struct layout *layout)
{
    put_text(object, "type", "object");
    struct buffer *out = key(object, "properties");
    write_map(out, layout->count);
    for (uint32_t i = 0; i < layout->count; i++) {
        write_raw(out, layout->fields[i].packed);
        put_field(out, &layout->fields[i]);
    }
    uint32_t required = 0;
    size_t place = write_array_begin(key(object, "required"));
    for (uint32_t i = 0; i < layout->count; i++) {
        if (is_required(&layout->fields[i])) {
            write_raw(out, layout->fields[i].packed);
            required++;
        }
    }
    write_array_end(out, place, required);
    write_bool(key(object, "additionalProperties"), false);
}

void schema_write(struct buffer *out, const struct layout *layout, const char *doc)
{
    struct object object = object_begin(out);
    put_text(&object, "$schema", "https://json-schema.org/draft/2020-12/schema");
    put_text(&object, "description", doc);
    put_record(&object, layout);
    object_end(&object);
}
