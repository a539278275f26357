/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * From records to canonical msgpack. What an event holds is checked on the way. */
#include "libactor/domain/codec.h"
#include "libactor/domain/scalar.h"
#include "proto/utf8.h"

struct encoder {
    struct codec *codec;
    struct buffer *out;
};

static void encode_record(struct encoder *e, const struct layout *layout, const uint8_t *from, const struct path *path);

static void bad(struct encoder *e, const struct path *path, const char *code, const char *message)
{
    fault_add(e->codec, path, code, "%s", message);
    write_nil(e->out);
}

static void encode_text(struct encoder *e, const fluvius_text *text, const struct path *path)
{
    struct slice bytes = text_slice(*text);
    if (text->data == NULL)
        bad(e, path, "required", "is required");
    else if (utf8_valid_size(bytes) != bytes.size)
        bad(e, path, "bad_utf8", "is not UTF-8");
    else if (bytes.size > 0 && memchr(bytes.data, 0, bytes.size) != NULL)
        bad(e, path, "nul_character", "has a NUL character");
    else
        write_text(e->out, bytes);
}

static void encode_bytes(struct encoder *e, const fluvius_bytes *bytes, const struct path *path)
{
    if (bytes->data == NULL)
        bad(e, path, "required", "is required");
    else
        write_bytes(e->out, slice_of(bytes->data, bytes->size));
}

static void encode_enum(struct encoder *e, const struct layout_field *field, const void *at, const struct path *path)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    if (value == 0)
        bad(e, path, "required", "is required");
    else if (value >= field->type->count)
        bad(e, path, "not_in_enum", "is none of the values of its enum");
    else
        write_string(e->out, field->type->values[value]);
}

static void encode_time(struct encoder *e, const struct layout_field *field, const void *at, const struct path *path)
{
    char text[TIMESTAMP_TEXT_SIZE];
    bool date = field->kind == FLUVIUS_DATE;
    if (date ? date_format(*(const int32_t *)at, text) : timestamp_format(*(const int64_t *)at, text))
        write_text(e->out, slice_of(text, date ? DATE_TEXT_SIZE : TIMESTAMP_TEXT_SIZE));
    else
        bad(e, path, date ? "expected_date" : "expected_timestamp", "is outside the years 1 to 9999");
}

static void encode_double(struct encoder *e, double number, const struct path *path)
{
    if (__builtin_isfinite(number))
        write_double(e->out, number);
    else
        bad(e, path, "expected_number", "is no finite number");
}

static void encode_value(struct encoder *e, const struct layout_field *field, const void *at, const struct path *path)
{
    char text[UUID_TEXT_BYTES];
    switch (field->kind) {
    case FLUVIUS_BOOL:
        write_bool(e->out, *(const bool *)at);
        break;
    case FLUVIUS_INT64:
        write_integer(e->out, *(const int64_t *)at);
        break;
    case FLUVIUS_DOUBLE:
        encode_double(e, *(const double *)at, path);
        break;
    case FLUVIUS_DECIMAL:
        write_text(e->out, slice_of(text, decimal_format(*(const int64_t *)at, field->scale, text)));
        break;
    case FLUVIUS_TEXT:
        encode_text(e, at, path);
        break;
    case FLUVIUS_BYTES:
        encode_bytes(e, at, path);
        break;
    case FLUVIUS_UUID:
        write_text(e->out, slice_of(text, uuid_text_format(at, text)));
        break;
    case FLUVIUS_TIMESTAMP:
    case FLUVIUS_DATE:
        encode_time(e, field, at, path);
        break;
    case FLUVIUS_ENUM:
        encode_enum(e, field, at, path);
        break;
    default:
        encode_record(e, field->record, at, path);
        return;
    }
    if (e->codec->mode == CODEC_EVENT && !e->codec->unchecked)
        value_check(e->codec, field, at, path);
}

static void
encode_list(struct encoder *e, const struct layout_field *field, const fluvius_list *list, const struct path *path)
{
    write_array(e->out, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct path inner = {.up = path, .index = i};
        encode_value(e, field, item_at(list, field->stride, i), &inner);
    }
}

/* NULL when the entries are in order already, or cannot be written. */
static const uint16_t *
map_order_of(struct encoder *e, const struct layout_field *field, const fluvius_list *map, const struct path *path)
{
    uint32_t twice;
    if (map->count > FLUVIUS_ITEMS)
        fault_add(e->codec, path, "too_many_items", "must have at most %u items", FLUVIUS_ITEMS);
    if (map->count > FLUVIUS_ITEMS || map_in_order(map, field->stride))
        return NULL;
    uint16_t *order = arena_take(e->codec->arena, map->count * sizeof *order);
    if (order == NULL)
        e->codec->no_memory = true;
    else if (!map_order(map, field->stride, order, &twice))
        fault_add(e->codec, path, "duplicate_key", "has a key twice");
    return order;
}

static void
encode_map(struct encoder *e, const struct layout_field *field, const fluvius_list *map, const struct path *path)
{
    const uint16_t *order = map_order_of(e, field, map, path);
    write_map(e->out, map->count);
    for (uint32_t i = 0; i < map->count && !e->codec->no_memory; i++) {
        const uint8_t *entry = item_at(map, field->stride, order == NULL ? i : order[i]);
        fluvius_text key;
        memcpy(&key, entry, sizeof key);
        struct path inner = {.up = path, .name = text_slice(key)};
        if (key.size == 0 || key.size > 256)
            fault_add(e->codec, path, "bad_key", "a key must have 1 to 256 bytes");
        encode_text(e, &key, &inner);
        encode_value(e, field, entry + sizeof key, &inner);
    }
}

static void
encode_items(struct encoder *e, const struct layout_field *field, const uint8_t *at, const struct path *path)
{
    fluvius_list list;
    memcpy(&list, at, sizeof list);
    if (e->codec->mode == CODEC_EVENT && !e->codec->unchecked)
        items_check(e->codec, field, &list, path);
    if (field->shape == FLUVIUS_LIST)
        encode_list(e, field, &list, path);
    else
        encode_map(e, field, &list, path);
}

/* Is the value of a field left out? */
static bool is_absent(const struct encoder *e, const struct layout_field *field, const uint8_t *at)
{
    if (field->shape == FLUVIUS_LIST || field->shape == FLUVIUS_MAP)
        return false;
    if (field->inner > 0)
        return !*(const bool *)at;
    if (!kind_has_absence(field->kind) ||
        (field->shape == FLUVIUS_ONE && e->codec->mode != CODEC_STATE && !e->codec->unchecked))
        return false;
    if (field->kind == FLUVIUS_ENUM) {
        uint32_t value;
        memcpy(&value, at, sizeof value);
        return value == 0;
    }
    return ((const fluvius_text *)(const void *)at)->data == NULL;
}

static void encode_field(struct encoder *e, const struct layout_field *field, const uint8_t *at, const struct path *up)
{
    struct path path = {.up = up, .name = field->key};
    write_raw(e->out, field->packed);
    if (field->shape == FLUVIUS_LIST || field->shape == FLUVIUS_MAP)
        encode_items(e, field, at, &path);
    else
        encode_value(e, field, at + field->inner, &path);
}

static void encode_record(struct encoder *e, const struct layout *layout, const uint8_t *from, const struct path *path)
{
    uint64_t absent = 0;
    for (uint32_t i = 0; i < layout->count; i++)
        if (is_absent(e, &layout->fields[i], from + layout->fields[i].offset))
            absent |= UINT64_C(1) << i;
    write_map(e->out, layout->count - (uint32_t)__builtin_popcountll(absent));
    for (uint32_t i = 0; i < layout->count; i++)
        if ((absent >> i & 1) == 0)
            encode_field(e, &layout->fields[i], from + layout->fields[i].offset, path);
}

bool record_encode_to(struct codec *codec, const struct layout *layout, const void *from, struct buffer *out)
{
    struct encoder e = {.codec = codec, .out = out};
    uint32_t before = codec->faults->count;
    codec->no_memory = false;
    encode_record(&e, layout, from, NULL);
    if (out->failed)
        codec->no_memory = true;
    return !codec->no_memory && codec->faults->count == before;
}
