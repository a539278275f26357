/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Limits of values, and the faults that tell of them. The codes are listed in docs/DOMAINS.md. */
#include "libactor/domain/codec.h"
#include "libactor/domain/print.h"
#include "libactor/domain/scalar.h"
#include "proto/envelope.h"
#include "proto/utf8.h"
#include <xxhash.h>

/* ---- faults ---- */

static size_t put_name(char *out, size_t size, size_t at, struct slice name)
{
    for (size_t i = 0; i < name.size && at + 2 < size; i++) {
        char c = (char)name.data[i];
        if (c == '~' || c == '/') {
            out[at++] = '~';
            c = c == '~' ? '0' : '1';
        }
        out[at++] = c;
    }
    return at;
}

/* A JSON pointer (RFC 6901), cut where it does not fit. */
static size_t put_path(char *out, size_t size, const struct path *path)
{
    if (path == NULL)
        return 0;
    size_t at = put_path(out, size, path->up);
    if (at + 24 >= size)
        return at;
    out[at++] = '/';
    if (path->name.data == NULL)
        return at + print_integer(out + at, path->index);
    return put_name(out, size, at, path->name);
}

void fault_add(struct codec *codec, const struct path *path, const char *code, const char *format, ...)
{
    struct data_faults *faults = codec->faults;
    if (faults->count++ >= DATA_FAULTS_MAX)
        return;
    struct data_fault *fault = &faults->items[faults->count - 1];
    size_t size = put_path(fault->path, sizeof fault->path, path);
    fault->path[utf8_valid_size(slice_of(fault->path, size))] = '\0';
    fault->code = code;
    va_list arguments;
    va_start(arguments, format);
    print_list(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
}

void faults_encode(struct buffer *out, const struct data_faults *faults)
{
    uint32_t count = faults->count < DATA_FAULTS_MAX ? faults->count : DATA_FAULTS_MAX;
    write_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        struct fault fault = {.path = slice_text(faults->items[i].path),
                              .code = slice_text(faults->items[i].code),
                              .message = slice_text(faults->items[i].message)};
        fault_encode(out, &fault);
    }
}

/* ---- one value ---- */

/* A number of the field's kind as people write it. */
static const char *number_text(const struct layout_field *field, int64_t number, char out[32])
{
    size_t size = 0;
    if (field->kind == FLUVIUS_DECIMAL)
        size = decimal_format(number, field->scale, out);
    else if (field->kind == FLUVIUS_DATE)
        size = date_format((int32_t)number, out) ? DATE_TEXT_SIZE : 0;
    else if (field->kind == FLUVIUS_TIMESTAMP)
        size = timestamp_format(number, out) ? TIMESTAMP_TEXT_SIZE : 0;
    else
        size = print_integer(out, number);
    out[size] = '\0';
    return out;
}

static void check_number(struct codec *codec, const struct layout_field *field, int64_t number, const struct path *path)
{
    char bound[32];
    if (field->has_min && number < field->min)
        fault_add(codec, path, "below_minimum", "must be at least %s", number_text(field, field->min, bound));
    if (field->has_max && number > field->max)
        fault_add(codec, path, "above_maximum", "must be at most %s", number_text(field, field->max, bound));
}

static void check_double(struct codec *codec, const struct layout_field *field, double number, const struct path *path)
{
    if (field->has_min && number < field->double_min)
        fault_add(codec, path, "below_minimum", "is below the minimum");
    if (field->has_max && number > field->double_max)
        fault_add(codec, path, "above_maximum", "is above the maximum");
}

static void check_length(
    struct codec *codec, const struct layout_field *field, size_t length, const char *unit, const struct path *path)
{
    if (length < field->min_length)
        fault_add(codec, path, "too_short", "must have at least %u %s", field->min_length, unit);
    if (field->max_length > 0 && length > field->max_length)
        fault_add(codec, path, "too_long", "must have at most %u %s", field->max_length, unit);
}

/* Code points of valid UTF-8: bytes that continue none. */
static size_t count_characters(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

static void
check_text(struct codec *codec, const struct layout_field *field, const fluvius_text *text, const struct path *path)
{
    struct slice bytes = text_slice(*text);
    uint32_t before = codec->faults->count;
    if (text->data == NULL)
        return;
    if (field->min_length > 0 || field->max_length > 0)
        check_length(codec, field, count_characters(bytes), "characters", path);
    if (codec->faults->count > before)
        return;
    if (field->pattern != NULL && !pattern_matches(field->pattern, bytes))
        fault_add(codec,
                  path,
                  "pattern_mismatch",
                  "must match %s",
                  ((const fluvius_text_limits *)field->source->limits)->pattern);
    if (field->format != TEXT_ANY && !text_format_fits(field->format, bytes))
        fault_add(codec,
                  path,
                  "format_mismatch",
                  "must be of the format %s",
                  ((const fluvius_text_limits *)field->source->limits)->format);
}

void value_check(struct codec *codec, const struct layout_field *field, const void *value, const struct path *path)
{
    switch (field->kind) {
    case FLUVIUS_INT64:
    case FLUVIUS_DECIMAL:
    case FLUVIUS_TIMESTAMP:
        check_number(codec, field, *(const int64_t *)value, path);
        break;
    case FLUVIUS_DATE:
        check_number(codec, field, *(const int32_t *)value, path);
        break;
    case FLUVIUS_DOUBLE:
        check_double(codec, field, *(const double *)value, path);
        break;
    case FLUVIUS_TEXT:
        check_text(codec, field, value, path);
        break;
    case FLUVIUS_BYTES:
        if (((const fluvius_bytes *)value)->data != NULL)
            check_length(codec, field, ((const fluvius_bytes *)value)->size, "bytes", path);
        break;
    default:
        break;
    }
}

/* ---- items ---- */

/* The bytes by which two items of a scalar kind are equal or not. */
static struct slice item_bytes(const struct layout_field *field, const fluvius_list *list, uint32_t index)
{
    const void *at = item_at(list, field->stride, index);
    if (field->kind == FLUVIUS_TEXT || field->kind == FLUVIUS_BYTES)
        return text_slice(*(const fluvius_text *)at);
    return slice_of(at, field->size);
}

/* Places of items by hash; 0 is free, else index + 1. At most half of it is ever taken. */
static bool
find_twin(const struct layout_field *field, const fluvius_list *list, uint32_t *table, uint32_t mask, uint32_t index)
{
    struct slice bytes = item_bytes(field, list, index);
    uint32_t at = (uint32_t)XXH3_64bits(bytes.data, bytes.size) & mask;
    for (; table[at] != 0; at = (at + 1) & mask)
        if (slice_equal(item_bytes(field, list, table[at] - 1), bytes))
            return true;
    table[at] = index + 1;
    return false;
}

static void
check_unique(struct codec *codec, const struct layout_field *field, const fluvius_list *list, const struct path *path)
{
    uint32_t size = 4;
    while (size < list->count * 2)
        size *= 2;
    uint32_t *table = arena_take_zeroed(codec->arena, size * sizeof *table);
    if (table == NULL)
        codec->no_memory = true;
    for (uint32_t i = 0; i < list->count && table != NULL; i++) {
        struct path inner = {.up = path, .index = i};
        if (find_twin(field, list, table, size - 1, i))
            fault_add(codec, &inner, "duplicate_item", "stands in the list twice");
    }
}

void items_check(struct codec *codec,
                 const struct layout_field *field,
                 const fluvius_list *list,
                 const struct path *path)
{
    if (list->count < field->min_items)
        fault_add(codec, path, "too_few_items", "must have at least %u items", field->min_items);
    if (list->count > field->max_items)
        fault_add(codec, path, "too_many_items", "must have at most %u items", field->max_items);
    else if (field->unique && list->count > 1)
        check_unique(codec, field, list, path);
}

/* ---- the order of maps ---- */

static int key_compare(const fluvius_text *a, const fluvius_text *b)
{
    size_t common = a->size < b->size ? a->size : b->size;
    int order = common == 0 ? 0 : memcmp(a->data, b->data, common);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

bool map_in_order(const fluvius_list *map, uint32_t stride)
{
    for (uint32_t i = 1; i < map->count; i++)
        if (key_compare(entry_key(map, stride, i - 1), entry_key(map, stride, i)) >= 0)
            return false;
    return true;
}

/* Each place is searched in the part that is in order, so the compares are few; what moves is two bytes an entry. */
bool map_order(const fluvius_list *map, uint32_t stride, uint16_t *order, uint32_t *twice)
{
    for (uint32_t i = 0; i < map->count; i++) {
        uint32_t low = 0, high = i;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            int compared = key_compare(entry_key(map, stride, order[middle]), entry_key(map, stride, i));
            if (compared == 0) {
                *twice = i;
                return false;
            }
            if (compared < 0)
                low = middle + 1;
            else
                high = middle;
        }
        memmove(order + low + 1, order + low, (i - low) * sizeof *order);
        order[low] = (uint16_t)i;
    }
    return true;
}
