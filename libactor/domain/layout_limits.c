/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Limits of fields: what makes no sense is refused by name, so that a mistake in a declaration is found at the start
 * and not in the first command that meets it. */
#include "libactor/domain/layout_limits.h"
#include "libactor/domain/codec.h"
#include "libactor/domain/scalar.h"
#include "proto/json.h"
#include "proto/utf8.h"
#include "proto/writer.h"

static enum error refuse(struct layout_maker *maker, const struct layout_field *field, const char *what)
{
    return layout_fault(maker, field->source->line, "field %s: %s", field->source->name, what);
}

static const fluvius_common_limits *common_of(const struct layout_field *field)
{
    return field->source->limits;
}

static bool is_items(const struct layout_field *field)
{
    return field->shape == FLUVIUS_LIST || field->shape == FLUVIUS_MAP;
}

/* ---- by kind ---- */

static enum error check_order(struct layout_maker *maker, const struct layout_field *field)
{
    if (field->has_min && field->has_max && field->min > field->max)
        return refuse(maker, field, ".min is above .max");
    return 0;
}

static enum error limits_int64(struct layout_maker *maker, struct layout_field *field)
{
    const fluvius_int64_limits *limits = field->source->limits;
    field->min = limits->min;
    field->max = limits->max;
    field->has_min = limits->min != INT64_MIN;
    field->has_max = limits->max != INT64_MAX;
    return check_order(maker, field);
}

static enum error limits_double(struct layout_maker *maker, struct layout_field *field)
{
    const fluvius_double_limits *limits = field->source->limits;
    field->double_min = limits->min;
    field->double_max = limits->max;
    field->has_min = limits->min != -__builtin_inf();
    field->has_max = limits->max != __builtin_inf();
    if (!(limits->min <= limits->max))
        return refuse(maker, field, ".min is above .max, or one of them is no number");
    return 0;
}

static enum error limits_decimal(struct layout_maker *maker, struct layout_field *field)
{
    const fluvius_decimal_limits *limits = field->source->limits;
    field->scale = limits->scale;
    if (limits->scale > DECIMAL_SCALE_MAX)
        return refuse(maker, field, ".scale is above 18");
    field->has_min = limits->min != NULL;
    field->has_max = limits->max != NULL;
    if (field->has_min && decimal_parse(slice_text(limits->min), limits->scale, &field->min) != SCALAR_OK)
        return refuse(maker, field, ".min is no decimal number of its scale");
    if (field->has_max && decimal_parse(slice_text(limits->max), limits->scale, &field->max) != SCALAR_OK)
        return refuse(maker, field, ".max is no decimal number of its scale");
    return check_order(maker, field);
}

static enum scalar_result time_bound(const struct layout_field *field, const char *bound, int64_t *out)
{
    int32_t days;
    if (field->kind == FLUVIUS_TIMESTAMP)
        return timestamp_parse(slice_text(bound), out);
    enum scalar_result result = date_parse(slice_text(bound), &days);
    if (result == SCALAR_OK)
        *out = days;
    return result;
}

static enum error limits_time(struct layout_maker *maker, struct layout_field *field)
{
    const fluvius_time_limits *limits = field->source->limits;
    field->has_min = limits->min != NULL;
    field->has_max = limits->max != NULL;
    if (field->has_min && time_bound(field, limits->min, &field->min) != SCALAR_OK)
        return refuse(maker, field, ".min is no date or time of its type");
    if (field->has_max && time_bound(field, limits->max, &field->max) != SCALAR_OK)
        return refuse(maker, field, ".max is no date or time of its type");
    return check_order(maker, field);
}

static enum error limits_length(struct layout_maker *maker, struct layout_field *field, uint32_t min, uint32_t max)
{
    field->min_length = min;
    field->max_length = max;
    if (max > 0 && min > max)
        return refuse(maker, field, ".min_length is above .max_length");
    return 0;
}

static enum error limits_pattern(struct layout_maker *maker, struct layout_field *field, const char *source)
{
    const char *reason = "not UTF-8";
    if (utf8_valid_size(slice_text(source)) == strlen(source))
        field->pattern = pattern_new(maker->arena, source, &reason);
    if (field->pattern == NULL)
        return layout_fault(maker, field->source->line, "field %s: .pattern: %s", field->source->name, reason);
    if (field->max_length == 0)
        field->max_length = PATTERN_LENGTH_DEFAULT;
    return 0;
}

static enum error limits_text(struct layout_maker *maker, struct layout_field *field)
{
    const fluvius_text_limits *limits = field->source->limits;
    enum error error = limits_length(maker, field, limits->min_length, limits->max_length);
    if (error == 0 && limits->pattern != NULL)
        error = limits_pattern(maker, field, limits->pattern);
    if (error == 0 && limits->format != NULL && !text_format_find(limits->format, &field->format))
        return layout_fault(maker,
                            field->source->line,
                            "field %s: .format: there is no format %s",
                            field->source->name,
                            limits->format);
    return error;
}

static enum error limits_of_kind(struct layout_maker *maker, struct layout_field *field)
{
    const fluvius_bytes_limits *bytes = field->source->limits;
    switch (field->kind) {
    case FLUVIUS_INT64:
        return limits_int64(maker, field);
    case FLUVIUS_DOUBLE:
        return limits_double(maker, field);
    case FLUVIUS_DECIMAL:
        return limits_decimal(maker, field);
    case FLUVIUS_TIMESTAMP:
    case FLUVIUS_DATE:
        return limits_time(maker, field);
    case FLUVIUS_TEXT:
        return limits_text(maker, field);
    case FLUVIUS_BYTES:
        return limits_length(maker, field, bytes->min_length, bytes->max_length);
    default:
        return 0;
    }
}

/* ---- of all kinds ---- */

static enum error limits_items(struct layout_maker *maker, struct layout_field *field)
{
    const fluvius_common_limits *limits = common_of(field);
    uint32_t most = field->shape == FLUVIUS_MAP ? FLUVIUS_ITEMS : FLUVIUS_ITEMS_MAX;
    if (!is_items(field) && (limits->min_items > 0 || limits->max_items > 0 || limits->unique))
        return refuse(maker, field, ".min_items, .max_items and .unique are for lists and maps");
    if (!is_items(field))
        return 0;
    field->min_items = limits->min_items;
    uint32_t usual = maker->state && maker->depth == 1 ? most : FLUVIUS_ITEMS;
    field->max_items = limits->max_items > 0 ? limits->max_items : usual;
    field->unique = limits->unique;
    if (field->max_items > most)
        return layout_fault(maker, field->source->line, "field %s: .max_items is above %u", field->source->name, most);
    if (field->min_items > field->max_items)
        return refuse(maker, field, ".min_items is above .max_items");
    if (field->unique && (field->kind == FLUVIUS_RECORD || field->shape == FLUVIUS_MAP))
        return refuse(maker, field, ".unique is for lists of single values; the keys of a map always differ");
    return 0;
}

/* The fallback as msgpack: JSON, but for kinds whose JSON is a string, which stand without quotes. */
static enum error fallback_pack(struct layout_maker *maker, struct layout_field *field, struct buffer *out)
{
    const char *source = common_of(field)->fallback;
    bool json = field->kind == FLUVIUS_BOOL || field->kind == FLUVIUS_INT64 || field->kind == FLUVIUS_DOUBLE;
    if (utf8_valid_size(slice_text(source)) != strlen(source))
        return refuse(maker, field, ".fallback is not UTF-8");
    if (!json)
        write_text(out, slice_text(source));
    else if (json_to_msgpack(slice_text(source), out, NULL) != 0)
        return refuse(maker, field, ".fallback is not JSON");
    uint8_t *kept = out->failed ? NULL : arena_take(maker->arena, out->size);
    if (kept == NULL)
        return error_no_memory;
    memcpy(kept, out->data, out->size);
    field->fallback = slice_of(kept, out->size);
    return 0;
}

/* Decoded as if it had been sent, alone in a record. */
static enum error fallback_check(struct layout_maker *maker, struct layout_field *field)
{
    struct layout_field alone = *field;
    struct layout layout = {.count = 1, .fields = &alone, .size = field->size, .needed = 1};
    struct codec codec = {.mode = CODEC_COMMAND, .arena = maker->arena, .faults = maker->faults};
    const uint8_t empty = 0x80; /* a map of nothing */
    void *value = arena_take_zeroed(maker->arena, field->size);
    if (value == NULL)
        return error_no_memory;
    alone.offset = 0;
    maker->faults->count = 0;
    if (!record_decode_from(&codec, &layout, slice_of(&empty, 1), value))
        return layout_fault(
            maker, field->source->line, "field %s: .fallback %s", field->source->name, maker->faults->items[0].message);
    return 0;
}

static enum error limits_fallback(struct layout_maker *maker, struct layout_field *field)
{
    if (common_of(field)->fallback == NULL)
        return 0;
    if (field->shape != FLUVIUS_ONE || field->kind == FLUVIUS_RECORD)
        return refuse(maker,
                      field,
                      ".fallback is for a FIELD of a single value; what is optional has none, lists and maps "
                      "are empty when absent, a record has those of its fields");
    struct buffer out = {0};
    enum error error = fallback_pack(maker, field, &out);
    buffer_fini(&out);
    return error == 0 ? fallback_check(maker, field) : error;
}

enum error field_limits(struct layout_maker *maker, struct layout_field *field)
{
    if (common_of(field)->personal)
        return refuse(maker, field, ".personal is reserved: this version would not encrypt the field");
    field->secret = common_of(field)->secret;
    enum error error = limits_items(maker, field);
    if (error == 0)
        error = limits_of_kind(maker, field);
    if (error == 0)
        error = limits_fallback(maker, field);
    return error;
}

/* ---- enums ---- */

static bool value_name_valid(struct slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] < 0x21 || name.data[i] > 0x7e || name.data[i] == '"' || name.data[i] == '\\')
            return false;
    return name.size > 0 && name.size <= NAME_BYTES_MAX;
}

enum error enum_check(struct layout_maker *maker, const struct layout_field *field)
{
    const fluvius_type *type = field->type;
    for (uint32_t i = 1; i < type->count; i++) {
        if (!value_name_valid(slice_text(type->values[i])))
            return layout_fault(
                maker, field->source->line, "enum %s: the value %s cannot travel", type->name, type->values[i]);
        for (uint32_t j = 1; j < i; j++)
            if (strcmp(type->values[i], type->values[j]) == 0)
                return layout_fault(
                    maker, field->source->line, "enum %s: the value %s stands twice", type->name, type->values[i]);
    }
    return type->count > 1 ? 0 : layout_fault(maker, field->source->line, "enum %s has no values", type->name);
}
