/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * From msgpack to records. All faults are found, each with its path; a value that does not fit is skipped whole. */
#include "libactor/domain/codec.h"
#include "libactor/domain/scalar.h"

struct decoder {
    struct codec *codec;
    struct reader in;
};

static void
decode_record(struct decoder *d, const struct layout *layout, uint32_t entries, uint8_t *to, const struct path *path);

static bool stopped(const struct decoder *d)
{
    return d->codec->no_memory || d->codec->malformed;
}

static bool next_value(struct decoder *d, struct msgpack_value *out)
{
    if (reader_next(&d->in, out) != 0)
        d->codec->malformed = true;
    return !d->codec->malformed;
}

/* Skips what is inside a value whose head was read. */
static void skip_inside(struct decoder *d, const struct msgpack_value *value)
{
    uint64_t count = value->kind == MSGPACK_KIND_ARRAY ? value->count
                     : value->kind == MSGPACK_KIND_MAP ? 2 * (uint64_t)value->count
                                                       : 0;
    for (; count > 0 && !d->codec->malformed; count--)
        if (reader_skip(&d->in) != 0)
            d->codec->malformed = true;
}

static void *take(struct decoder *d, size_t size)
{
    void *memory = arena_take_zeroed(d->codec->arena, size);
    if (memory == NULL)
        d->codec->no_memory = true;
    return memory;
}

static const char *keep_bytes(struct decoder *d, struct slice bytes)
{
    if (bytes.size == 0)
        return "";
    if (d->codec->mode == CODEC_COMMAND)
        return (const char *)bytes.data;
    char *kept = arena_take_text(d->codec->arena, bytes.size);
    if (kept == NULL)
        d->codec->no_memory = true;
    else
        memcpy(kept, bytes.data, bytes.size);
    return kept;
}

/* ---- scalars: each reports a value that is not of its kind and returns false ---- */

static bool wrong(struct decoder *d, const struct path *path, const char *code, const char *what)
{
    fault_add(d->codec, path, code, "must be %s", what);
    return false;
}

static bool outside(struct decoder *d, const struct path *path, enum scalar_result result)
{
    if (result == SCALAR_LOW)
        fault_add(d->codec, path, "below_minimum", "is too small to be held");
    else
        fault_add(d->codec, path, "above_maximum", "is too large to be held");
    return false;
}

static bool decode_bool(struct decoder *d, const struct msgpack_value *value, void *to, const struct path *path)
{
    if (value->kind != MSGPACK_KIND_BOOL)
        return wrong(d, path, "expected_boolean", "true or false");
    *(bool *)to = value->boolean;
    return true;
}

/* Doubles up to 2^53 that are whole are integers to JSON Schema, and many clients have only such numbers. */
static bool whole_number(double number, int64_t *out)
{
    if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0) || number != (double)(int64_t)number)
        return false;
    *out = (int64_t)number;
    return true;
}

static bool decode_int64(struct decoder *d, const struct msgpack_value *value, void *to, const struct path *path)
{
    enum scalar_result result = SCALAR_BAD;
    if (value->kind == MSGPACK_KIND_INTEGER)
        *(int64_t *)to = value->integer, result = SCALAR_OK;
    else if (value->kind == MSGPACK_KIND_BIG)
        result = SCALAR_HIGH;
    else if (value->kind == MSGPACK_KIND_TEXT)
        result = integer_parse(value->bytes, to);
    else if (value->kind == MSGPACK_KIND_DOUBLE && whole_number(value->number, to))
        result = SCALAR_OK;
    if (result == SCALAR_BAD)
        return wrong(d, path, "expected_integer", "a whole number");
    return result == SCALAR_OK || outside(d, path, result);
}

static bool decode_double(struct decoder *d, const struct msgpack_value *value, void *to, const struct path *path)
{
    double number = 0;
    if (value->kind == MSGPACK_KIND_DOUBLE)
        number = value->number;
    else if (value->kind == MSGPACK_KIND_INTEGER)
        number = (double)value->integer;
    else if (value->kind == MSGPACK_KIND_BIG)
        number = (double)value->big;
    else
        return wrong(d, path, "expected_number", "a number");
    if (!__builtin_isfinite(number))
        return wrong(d, path, "expected_number", "a number");
    *(double *)to = number;
    return true;
}

static bool decode_decimal(struct decoder *d,
                           const struct layout_field *field,
                           const struct msgpack_value *value,
                           void *to,
                           const struct path *path)
{
    enum scalar_result result = SCALAR_BAD;
    if (value->kind == MSGPACK_KIND_TEXT)
        result = decimal_parse(value->bytes, field->scale, to);
    else if (value->kind == MSGPACK_KIND_INTEGER)
        result = decimal_of_integer(value->integer, field->scale, to);
    else if (value->kind == MSGPACK_KIND_BIG)
        result = SCALAR_HIGH;
    if (result == SCALAR_BAD)
        return wrong(d, path, "expected_decimal", "a decimal number in a string, like \"12.50\", or a whole number");
    if (result == SCALAR_FINE) {
        fault_add(d->codec, path, "too_many_places", "must have at most %u decimal places", field->scale);
        return false;
    }
    return result == SCALAR_OK || outside(d, path, result);
}

static bool decode_text(struct decoder *d, const struct msgpack_value *value, void *to, const struct path *path)
{
    if (value->kind != MSGPACK_KIND_TEXT)
        return wrong(d, path, "expected_text", "a text");
    if (value->bytes.size > 0 && memchr(value->bytes.data, 0, value->bytes.size) != NULL)
        return wrong(d, path, "nul_character", "a text without NUL characters");
    *(fluvius_text *)to = (fluvius_text){.data = keep_bytes(d, value->bytes), .size = value->bytes.size};
    return true;
}

static bool decode_bytes(struct decoder *d, const struct msgpack_value *value, void *to, const struct path *path)
{
    fluvius_bytes *bytes = to;
    if (value->kind == MSGPACK_KIND_BYTES) {
        *bytes = (fluvius_bytes){.data = (const uint8_t *)keep_bytes(d, value->bytes), .size = value->bytes.size};
        return true;
    }
    uint8_t *made = value->kind == MSGPACK_KIND_TEXT ? take(d, value->bytes.size / 4 * 3 + 3) : NULL;
    if (made != NULL && base64_parse(value->bytes, made, &bytes->size) == SCALAR_OK) {
        bytes->data = made;
        return true;
    }
    return wrong(d, path, "expected_bytes", "bytes, in JSON as base64url");
}

static bool decode_uuid(struct decoder *d, const struct msgpack_value *value, void *to, const struct path *path)
{
    if (value->kind == MSGPACK_KIND_BYTES && value->bytes.size == 16) {
        memcpy(to, value->bytes.data, 16);
        return true;
    }
    if (value->kind == MSGPACK_KIND_TEXT && uuid_text_parse(value->bytes, to) == SCALAR_OK)
        return true;
    return wrong(d, path, "expected_uuid", "a UUID");
}

static bool decode_time(struct decoder *d,
                        const struct layout_field *field,
                        const struct msgpack_value *value,
                        void *to,
                        const struct path *path)
{
    if (field->kind == FLUVIUS_DATE) {
        if (value->kind == MSGPACK_KIND_TEXT && date_parse(value->bytes, to) == SCALAR_OK)
            return true;
        return wrong(d, path, "expected_date", "a date, like 2026-07-31");
    }
    if (value->kind == MSGPACK_KIND_TEXT && timestamp_parse(value->bytes, to) == SCALAR_OK)
        return true;
    return wrong(d, path, "expected_timestamp", "a time as in RFC 3339, like 2026-07-31T12:00:00Z");
}

static bool decode_enum(struct decoder *d,
                        const struct layout_field *field,
                        const struct msgpack_value *value,
                        void *to,
                        const struct path *path)
{
    const fluvius_type *type = field->type;
    if (value->kind != MSGPACK_KIND_TEXT)
        return wrong(d, path, "expected_text", "a text");
    for (uint32_t i = 1; i < type->count; i++) {
        if (slice_is(value->bytes, type->values[i])) {
            memcpy(to, &i, sizeof i);
            return true;
        }
    }
    fault_add(d->codec, path, "not_in_enum", "is none of the values of %s", type->name);
    return false;
}

static bool decode_scalar(struct decoder *d,
                          const struct layout_field *field,
                          const struct msgpack_value *value,
                          void *to,
                          const struct path *path)
{
    switch (field->kind) {
    case FLUVIUS_BOOL:
        return decode_bool(d, value, to, path);
    case FLUVIUS_INT64:
        return decode_int64(d, value, to, path);
    case FLUVIUS_DOUBLE:
        return decode_double(d, value, to, path);
    case FLUVIUS_DECIMAL:
        return decode_decimal(d, field, value, to, path);
    case FLUVIUS_TEXT:
        return decode_text(d, value, to, path);
    case FLUVIUS_BYTES:
        return decode_bytes(d, value, to, path);
    case FLUVIUS_UUID:
        return decode_uuid(d, value, to, path);
    case FLUVIUS_TIMESTAMP:
    case FLUVIUS_DATE:
        return decode_time(d, field, value, to, path);
    default:
        return decode_enum(d, field, value, to, path);
    }
}

/* ---- values, lists, maps ---- */

static bool decode_value(struct decoder *d,
                         const struct layout_field *field,
                         const struct msgpack_value *value,
                         void *to,
                         const struct path *path)
{
    if (field->kind == FLUVIUS_RECORD) {
        if (value->kind == MSGPACK_KIND_MAP) {
            decode_record(d, field->record, value->count, to, path);
            return true;
        }
        skip_inside(d, value);
        return wrong(d, path, "expected_map", "a map of fields");
    }
    if (!decode_scalar(d, field, value, to, path)) {
        skip_inside(d, value);
        return false;
    }
    if (d->codec->mode == CODEC_COMMAND && !stopped(d))
        value_check(d->codec, field, to, path);
    return true;
}

/* Is this many items worth reading? Own bytes are never longer than what was written. */
static bool items_fit(struct decoder *d,
                      const struct layout_field *field,
                      const struct msgpack_value *value,
                      const struct path *path)
{
    bool too_many = d->codec->mode == CODEC_COMMAND && value->count > field->max_items;
    if (too_many)
        fault_add(d->codec, path, "too_many_items", "must have at most %u items", field->max_items);
    else if (value->count > (size_t)(d->in.end - d->in.at) ||
             (field->shape == FLUVIUS_MAP && value->count > FLUVIUS_ITEMS))
        d->codec->malformed = true;
    else
        return true;
    skip_inside(d, value);
    return false;
}

static void decode_list(struct decoder *d,
                        const struct layout_field *field,
                        const struct msgpack_value *value,
                        void *to,
                        const struct path *path)
{
    if (value->kind != MSGPACK_KIND_ARRAY) {
        skip_inside(d, value);
        wrong(d, path, "expected_list", "a list");
        return;
    }
    uint8_t *items = NULL; /* none take no memory */
    if (!items_fit(d, field, value, path))
        return;
    if (value->count > 0 && (items = take(d, (size_t)value->count * field->stride)) == NULL)
        return;
    bool sound = true;
    for (uint32_t i = 0; i < value->count && !stopped(d); i++) {
        struct path inner = {.up = path, .index = i};
        struct msgpack_value item;
        if (next_value(d, &item))
            sound = decode_value(d, field, &item, items + (size_t)i * field->stride, &inner) && sound;
    }
    fluvius_list list = {.items = items, .count = value->count};
    memcpy(to, &list, sizeof list);
    if (sound && !stopped(d) && d->codec->mode == CODEC_COMMAND)
        items_check(d->codec, field, &list, path);
}

static bool key_fits(struct decoder *d, const struct slice *key, const struct path *path)
{
    if (key->size > 0 && key->size <= 256 && memchr(key->data, 0, key->size) == NULL)
        return true;
    fault_add(d->codec, path, "bad_key", "a key must have 1 to 256 bytes, and no NUL character");
    return false;
}

static void decode_entry(struct decoder *d, const struct layout_field *field, uint8_t *entry, const struct path *path)
{
    struct msgpack_value key, value;
    if (!next_value(d, &key) || key.kind != MSGPACK_KIND_TEXT || !next_value(d, &value)) {
        d->codec->malformed = true;
        return;
    }
    struct path inner = {.up = path, .name = key.bytes};
    key_fits(d, &key.bytes, path);
    fluvius_text kept = {.data = keep_bytes(d, key.bytes), .size = key.bytes.size};
    memcpy(entry, &kept, sizeof kept);
    decode_value(d, field, &value, entry + sizeof kept, &inner);
}

/* Puts entries that came in another order into that of their keys. */
static void
sort_entries(struct decoder *d, const struct layout_field *field, fluvius_list *map, const struct path *path)
{
    uint16_t *order = take(d, map->count * sizeof *order);
    uint8_t *sorted = order == NULL ? NULL : take(d, (size_t)map->count * field->stride);
    uint32_t twice;
    if (sorted == NULL)
        return;
    if (!map_order(map, field->stride, order, &twice)) {
        fault_add(d->codec, path, "duplicate_key", "has a key twice");
        return;
    }
    for (uint32_t i = 0; i < map->count; i++)
        memcpy(sorted + (size_t)i * field->stride, item_at(map, field->stride, order[i]), field->stride);
    map->items = sorted;
}

static void decode_map(struct decoder *d,
                       const struct layout_field *field,
                       const struct msgpack_value *value,
                       void *to,
                       const struct path *path)
{
    if (value->kind != MSGPACK_KIND_MAP) {
        skip_inside(d, value);
        wrong(d, path, "expected_map", "a map");
        return;
    }
    uint8_t *entries = NULL;
    if (!items_fit(d, field, value, path))
        return;
    if (value->count > 0 && (entries = take(d, (size_t)value->count * field->stride)) == NULL)
        return;
    for (uint32_t i = 0; i < value->count && !stopped(d); i++)
        decode_entry(d, field, entries + (size_t)i * field->stride, path);
    fluvius_list map = {.items = entries, .count = value->count};
    if (!stopped(d) && !map_in_order(&map, field->stride))
        sort_entries(d, field, &map, path);
    memcpy(to, &map, sizeof map);
    if (!stopped(d) && d->codec->mode == CODEC_COMMAND)
        items_check(d->codec, field, &map, path);
}

/* ---- fields and records ---- */

static void decode_present(struct decoder *d,
                           const struct layout_field *field,
                           const struct msgpack_value *value,
                           uint8_t *to,
                           const struct path *path)
{
    if (field->shape == FLUVIUS_LIST) {
        decode_list(d, field, value, to, path);
    } else if (field->shape == FLUVIUS_MAP) {
        decode_map(d, field, value, to, path);
    } else {
        if (field->inner > 0)
            *(bool *)to = true;
        decode_value(d, field, value, to + field->inner, path);
    }
}

static void decode_absent(struct decoder *d, const struct layout_field *field, uint8_t *to, const struct path *path)
{
    const fluvius_list none = {0};
    if (field->fallback.size > 0) {
        struct decoder inner = {.codec = d->codec, .in = reader_of(field->fallback)};
        struct msgpack_value value;
        if (next_value(&inner, &value))
            decode_present(&inner, field, &value, to, path);
    } else if (field->shape == FLUVIUS_ONE) {
        if (d->codec->mode != CODEC_STATE || !kind_has_absence(field->kind))
            fault_add(d->codec, path, "required", "is required");
    } else if (field->shape != FLUVIUS_OPTIONAL && d->codec->mode == CODEC_COMMAND) {
        items_check(d->codec, field, &none, path);
    }
}

static void decode_entry_of_record(struct decoder *d,
                                   const struct layout *layout,
                                   uint32_t *guess,
                                   uint64_t *seen,
                                   uint8_t *to,
                                   const struct path *path)
{
    struct msgpack_value key, value;
    if (!next_value(d, &key) || key.kind != MSGPACK_KIND_TEXT || !next_value(d, &value)) {
        d->codec->malformed = true;
        return;
    }
    struct path inner = {.up = path, .name = key.bytes};
    const struct layout_field *field = layout_find(layout, key.bytes, guess);
    if (field == NULL) {
        fault_add(d->codec, &inner, "unknown_field", "is not known here");
        skip_inside(d, &value);
    } else if (value.kind != MSGPACK_KIND_NIL) {
        *seen |= UINT64_C(1) << (field - layout->fields);
        decode_present(d, field, &value, to + field->offset, &inner);
    }
}

static void
decode_record(struct decoder *d, const struct layout *layout, uint32_t entries, uint8_t *to, const struct path *path)
{
    uint64_t seen = 0;
    uint32_t guess = 0;
    for (; entries > 0 && !stopped(d); entries--)
        decode_entry_of_record(d, layout, &guess, &seen, to, path);
    for (uint64_t missing = layout->needed & ~seen; missing != 0 && !stopped(d); missing &= missing - 1) {
        const struct layout_field *field = &layout->fields[__builtin_ctzll(missing)];
        struct path inner = {.up = path, .name = field->key};
        decode_absent(d, field, to + field->offset, &inner);
    }
}

bool record_decode_from(struct codec *codec, const struct layout *layout, struct slice data, void *to)
{
    struct decoder d = {.codec = codec, .in = reader_of(data)};
    struct msgpack_value value;
    uint32_t before = codec->faults->count;
    codec->no_memory = codec->malformed = false;
    if (next_value(&d, &value)) {
        if (value.kind == MSGPACK_KIND_MAP)
            decode_record(&d, layout, value.count, to, NULL);
        else
            wrong(&d, NULL, "expected_map", "a map of fields");
    }
    if (codec->malformed)
        fault_add(codec, NULL, "malformed", "is not well-formed msgpack");
    return !codec->no_memory && codec->faults->count == before;
}

bool scalar_decode_from(
    struct codec *codec, const struct layout_field *field, struct slice data, const struct path *path, void *to)
{
    struct decoder d = {.codec = codec, .in = reader_of(data)};
    struct msgpack_value value;
    codec->no_memory = codec->malformed = false;
    return next_value(&d, &value) && decode_scalar(&d, field, &value, to, path) && !codec->no_memory;
}
