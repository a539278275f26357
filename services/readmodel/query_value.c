/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values of filters: what each kind of field takes, and what it becomes. The kinds take what commands take. */
#include "services/readmodel/query_parser.h"

#include "libactor/domain/scalar.h"
#include "proto/number.h"
#include "services/readmodel/table.h"
#include "services/readmodel/words.h"

/* Doubles without a fraction are integers as far as every integer is a double. */
#define DOUBLE_INTEGER_MAX 9007199254740992.0

/* What a field's kind is called in faults, as in those of commands' data. */
static bool wrong_kind(struct query_parser *parser, enum model_kind kind)
{
    switch (kind) {
    case MODEL_BOOL:
        return query_fault(parser, "expected_boolean", "must be true or false");
    case MODEL_INT64:
        return query_fault(parser, "expected_integer", "must be an integer");
    case MODEL_DOUBLE:
        return query_fault(parser, "expected_number", "must be a number");
    case MODEL_DECIMAL:
        return query_fault(parser, "expected_decimal", "must be a decimal number");
    case MODEL_BYTES:
        return query_fault(parser, "expected_bytes", "must be bytes, in base64");
    case MODEL_UUID:
        return query_fault(parser, "expected_uuid", "must be a UUID");
    case MODEL_TIMESTAMP:
        return query_fault(parser, "expected_timestamp", "must be a timestamp of RFC 3339");
    case MODEL_DATE:
        return query_fault(parser, "expected_date", "must be a date, YYYY-MM-DD");
    case MODEL_LIST:
        return query_fault(parser, "expected_list", "must be a list");
    case MODEL_MAP:
        return query_fault(parser, "expected_map", "must be a map");
    default:
        return query_fault(parser, "expected_text", "must be a text");
    }
}

static bool scalar_fault(struct query_parser *parser, enum model_kind kind, enum scalar_result result)
{
    switch (result) {
    case SCALAR_OK:
        return true;
    case SCALAR_LOW:
        return query_fault(parser, "below_minimum", "is less than can be held");
    case SCALAR_HIGH:
        return query_fault(parser, "above_maximum", "is more than can be held");
    case SCALAR_FINE:
        return query_fault(parser, "too_many_places", "has more places than the field");
    default:
        return wrong_kind(parser, kind);
    }
}

/* ---- numbers ---- */

static bool integer_parse_value(struct query_parser *parser, const struct msgpack_value *from, int64_t *out)
{
    switch (from->kind) {
    case MSGPACK_KIND_INTEGER:
        *out = from->integer;
        return true;
    case MSGPACK_KIND_BIG:
        return scalar_fault(parser, MODEL_INT64, SCALAR_HIGH);
    case MSGPACK_KIND_TEXT:
        return scalar_fault(parser, MODEL_INT64, integer_parse(from->bytes, out));
    case MSGPACK_KIND_DOUBLE:
        if (from->number < -DOUBLE_INTEGER_MAX || from->number > DOUBLE_INTEGER_MAX ||
            (double)(int64_t)from->number != from->number)
            return wrong_kind(parser, MODEL_INT64);
        *out = (int64_t)from->number;
        return true;
    default:
        return wrong_kind(parser, MODEL_INT64);
    }
}

static bool double_parse_value(struct query_parser *parser, const struct msgpack_value *from, double *out)
{
    switch (from->kind) {
    case MSGPACK_KIND_INTEGER:
        *out = (double)from->integer;
        return true;
    case MSGPACK_KIND_BIG:
        *out = (double)from->big;
        return true;
    case MSGPACK_KIND_DOUBLE:
        *out = from->number;
        return true;
    default:
        return wrong_kind(parser, MODEL_DOUBLE);
    }
}

/* A double means the shortest decimal that reads back as it: 12.1 is 12.10 and nothing else. */
static bool
decimal_parse_value(struct query_parser *parser, uint32_t scale, const struct msgpack_value *from, int64_t *out)
{
    char text[NUMBER_TEXT_MAX];
    switch (from->kind) {
    case MSGPACK_KIND_INTEGER:
        return scalar_fault(parser, MODEL_DECIMAL, decimal_of_integer(from->integer, scale, out));
    case MSGPACK_KIND_BIG:
        return scalar_fault(parser, MODEL_DECIMAL, SCALAR_HIGH);
    case MSGPACK_KIND_TEXT:
        return scalar_fault(parser, MODEL_DECIMAL, decimal_parse(from->bytes, scale, out));
    case MSGPACK_KIND_DOUBLE:
        return scalar_fault(
            parser, MODEL_DECIMAL, decimal_parse(slice_of(text, number_format(from->number, text)), scale, out));
    default:
        return wrong_kind(parser, MODEL_DECIMAL);
    }
}

static bool
time_parse_value(struct query_parser *parser, enum model_kind kind, const struct msgpack_value *from, int64_t *out)
{
    int32_t days = 0;
    if (from->kind != MSGPACK_KIND_TEXT)
        return wrong_kind(parser, kind);
    if (kind == MODEL_TIMESTAMP)
        return scalar_fault(parser, kind, timestamp_parse(from->bytes, out));
    if (!scalar_fault(parser, kind, date_parse(from->bytes, &days)))
        return false;
    *out = days;
    return true;
}

/* ---- texts ---- */

static bool text_parse_value(struct query_parser *parser, const struct msgpack_value *from, struct slice *out)
{
    if (from->kind != MSGPACK_KIND_TEXT)
        return wrong_kind(parser, MODEL_TEXT);
    if (from->bytes.size > QUERY_TEXT_MAX)
        return query_fault(parser, "too_long", "has more than %d bytes", QUERY_TEXT_MAX);
    if (from->bytes.size > 0 && memchr(from->bytes.data, 0, from->bytes.size) != NULL)
        return query_fault(parser, "nul_character", "has a NUL character");
    *out = from->bytes;
    return true;
}

static bool uuid_parse_value(struct query_parser *parser, const struct msgpack_value *from, struct slice *out)
{
    uint8_t uuid[16];
    char text[UUID_TEXT_BYTES];
    if (from->kind == MSGPACK_KIND_BYTES && from->bytes.size == sizeof uuid)
        memcpy(uuid, from->bytes.data, sizeof uuid);
    else if (from->kind != MSGPACK_KIND_TEXT || uuid_text_parse(from->bytes, uuid) != SCALAR_OK)
        return wrong_kind(parser, MODEL_UUID);
    *out = query_keep(parser, slice_of(text, uuid_text_format(uuid, text)));
    return true;
}

static bool enum_parse_value(struct query_parser *parser,
                             const struct model_field *field,
                             const struct msgpack_value *from,
                             struct slice *out)
{
    struct reader reader = reader_of(field->values);
    struct slice name;
    uint32_t count = 0;
    if (from->kind != MSGPACK_KIND_TEXT)
        return wrong_kind(parser, MODEL_TEXT);
    (void)reader_array(&reader, &count);
    for (uint32_t i = 0; i < count && reader_text(&reader, &name) == error_none; i++)
        if (slice_equal(name, from->bytes)) {
            *out = name;
            return true;
        }
    return query_fault(parser, "not_in_enum", "is none of the values of the enum");
}

/* The canonical base64 of bytes, which JSON has between quotes. */
static bool bytes_keep(struct query_parser *parser, struct slice bytes, struct slice *out)
{
    buffer_clear(&parser->scratch);
    buffer_clear(&parser->scratch2);
    write_bytes(&parser->scratch, bytes);
    if (column_json(&parser->scratch2, buffer_slice(&parser->scratch), NULL) != error_none) {
        parser->no_memory = true;
        return false;
    }
    *out = query_keep(parser, slice_of(parser->scratch2.data + 1, parser->scratch2.size - 2));
    return true;
}

static bool bytes_parse_value(struct query_parser *parser, const struct msgpack_value *from, struct slice *out)
{
    if ((from->kind != MSGPACK_KIND_TEXT && from->kind != MSGPACK_KIND_BYTES))
        return wrong_kind(parser, MODEL_BYTES);
    if (from->bytes.size > QUERY_TEXT_MAX)
        return query_fault(parser, "too_long", "has more than %d bytes", QUERY_TEXT_MAX);
    if (from->kind == MSGPACK_KIND_BYTES)
        return bytes_keep(parser, from->bytes, out);
    uint8_t bytes[QUERY_TEXT_MAX];
    size_t size;
    if (base64_parse(from->bytes, bytes, &size) != SCALAR_OK)
        return wrong_kind(parser, MODEL_BYTES);
    return bytes_keep(parser, slice_of(bytes, size), out);
}

/* ---- one value ---- */

static bool scalar_parse_integer(struct query_parser *parser,
                                 const struct model_field *field,
                                 const struct msgpack_value *from,
                                 int64_t *out)
{
    switch (field->kind) {
    case MODEL_BOOL:
        *out = from->kind == MSGPACK_KIND_BOOL && from->boolean;
        return from->kind == MSGPACK_KIND_BOOL || wrong_kind(parser, MODEL_BOOL);
    case MODEL_INT64:
        return integer_parse_value(parser, from, out);
    case MODEL_DECIMAL:
        return decimal_parse_value(parser, field->scale, from, out);
    default:
        return time_parse_value(parser, field->kind, from, out);
    }
}

static bool scalar_parse_text(struct query_parser *parser,
                              const struct model_field *field,
                              const struct msgpack_value *from,
                              struct slice *out)
{
    switch (field->kind) {
    case MODEL_UUID:
        return uuid_parse_value(parser, from, out);
    case MODEL_ENUM:
        return enum_parse_value(parser, field, from, out);
    case MODEL_BYTES:
        return bytes_parse_value(parser, from, out);
    default:
        return text_parse_value(parser, from, out);
    }
}

static bool scalar_parse(struct query_parser *parser,
                         const struct model_field *field,
                         const struct msgpack_value *from,
                         struct value *out)
{
    switch (field->kind) {
    case MODEL_BOOL:
    case MODEL_INT64:
    case MODEL_DECIMAL:
    case MODEL_TIMESTAMP:
    case MODEL_DATE:
        out->kind = VALUE_INTEGER;
        return scalar_parse_integer(parser, field, from, &out->integer);
    case MODEL_DOUBLE:
        out->kind = VALUE_DOUBLE;
        return double_parse_value(parser, from, &out->number);
    default:
        out->kind = VALUE_TEXT;
        return scalar_parse_text(parser, field, from, &out->text);
    }
}

/* ---- lists and maps ---- */

/* A value in the form that rows have. */
static void scalar_write(struct buffer *out, const struct model_field *field, const struct value *value)
{
    char text[TIMESTAMP_TEXT_SIZE + DECIMAL_TEXT_MAX];
    switch (field->kind) {
    case MODEL_BOOL:
        write_bool(out, value->integer != 0);
        break;
    case MODEL_INT64:
        write_integer(out, value->integer);
        break;
    case MODEL_DOUBLE:
        write_double(out, value->number);
        break;
    case MODEL_DECIMAL:
        write_text(out, slice_of(text, decimal_format(value->integer, field->scale, text)));
        break;
    case MODEL_TIMESTAMP:
        (void)timestamp_format(value->integer, text);
        write_text(out, slice_of(text, TIMESTAMP_TEXT_SIZE));
        break;
    case MODEL_DATE:
        (void)date_format((int32_t)value->integer, text);
        write_text(out, slice_of(text, DATE_TEXT_SIZE));
        break;
    default:
        write_text(out, value->text);
        break;
    }
}

/* Records and lists within lists are taken as they are. */
static bool
item_write(struct query_parser *parser, struct buffer *out, const struct model_field *field, struct slice raw)
{
    struct model_field item = {.kind = field->item, .scale = field->scale, .values = field->values};
    struct reader reader = reader_of(raw);
    struct msgpack_value from;
    struct value value;
    if (field->item == 0) {
        write_raw(out, raw);
        return true;
    }
    if (reader_next(&reader, &from) != error_none || !scalar_parse(parser, &item, &from, &value))
        return false;
    scalar_write(out, &item, &value);
    return true;
}

static bool items_write(struct query_parser *parser,
                        struct buffer *out,
                        const struct model_field *field,
                        struct reader *reader,
                        uint32_t count)
{
    bool map = field->kind == MODEL_MAP, good = true;
    for (uint32_t i = 0; i < count; i++) {
        struct slice key, raw;
        if (map && reader_text(reader, &key) != error_none)
            return false;
        if (reader_raw(reader, &raw) != error_none)
            return false;
        size_t before = map ? path_enter(parser, key) : path_enter_item(parser, i);
        if (map)
            write_text(out, key);
        good = item_write(parser, out, field, raw) && good;
        path_leave(parser, before);
    }
    return good;
}

static bool
collection_parse(struct query_parser *parser, const struct model_field *field, struct slice raw, struct value *out)
{
    struct reader reader = reader_of(raw);
    struct msgpack_value from;
    struct buffer packed = {0};
    enum msgpack_kind wanted = field->kind == MODEL_LIST ? MSGPACK_KIND_ARRAY : MSGPACK_KIND_MAP;
    if (reader_next(&reader, &from) != error_none || from.kind != wanted)
        return wrong_kind(parser, field->kind);
    if (from.count > QUERY_LIST_MAX)
        return query_fault(parser, "too_many_items", "has more than %d items", QUERY_LIST_MAX);
    if (wanted == MSGPACK_KIND_ARRAY)
        write_array(&packed, from.count);
    else
        write_map(&packed, from.count);
    bool good = items_write(parser, &packed, field, &reader, from.count);
    buffer_clear(&parser->scratch2);
    if (good && column_json(&parser->scratch2, buffer_slice(&packed), &parser->scratch) != error_none)
        parser->no_memory = true;
    if (good)
        *out = (struct value){.kind = VALUE_TEXT, .text = query_keep(parser, buffer_slice(&parser->scratch2))};
    buffer_fini(&packed);
    return good && !parser->no_memory;
}

bool value_parse(struct query_parser *parser,
                 const struct model_field *field,
                 enum query_operator
                 operator,
                 struct slice raw,
                 struct value *out)
{
    struct reader reader = reader_of(raw);
    struct msgpack_value from;
    if (field->kind == MODEL_LIST || field->kind == MODEL_MAP)
        return collection_parse(parser, field, raw, out);
    if (reader_next(&reader, &from) != error_none || !scalar_parse(parser, field, &from, out))
        return false;
    if (operator== QUERY_HAS || operator== QUERY_ILIKE) {
        buffer_clear(&parser->scratch);
        fold_text(&parser->scratch, out->text);
        out->text = query_keep(parser, buffer_slice(&parser->scratch));
    }
    if (operator== QUERY_ILIKE && !pattern_valid(out->text))
        return query_fault(parser, "bad_pattern", "ends with a backslash that stands before nothing");
    return true;
}
