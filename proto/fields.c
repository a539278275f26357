/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tables of keys, the walk over a map's known fields, and what most fields' values are read and written with. */
#include "proto/fields.h"

#include "proto/envelope.h"
#include "proto/head.h"

#define BEGIN(MAP, DOC) const struct field_table MAP##_table = {.count = sizeof(struct MAP##_layout), .keys = {
#define FIELD(NAME, KEY, TYPE, PRESENCE, DOC) {KEY, sizeof KEY - 1},
#define END(MAP)                                                                                                       \
    }                                                                                                                  \
    }                                                                                                                  \
    ;
#include "proto/messages.def"

enum error fields_begin(struct fields *fields, struct slice value, const struct field_table *table)
{
    *fields = (struct fields){.reader = reader_of(value), .table = table};
    return reader_map(&fields->reader, &fields->left);
}

static inline bool key_is(const struct field_key *key, struct slice text)
{
    if (key->size != text.size) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if ((uint8_t)key->text[i] != text.data[i]) {
            return false;
        }
    }
    return true;
}

static int field_find(const struct fields *fields, struct slice text)
{
    const struct field_table *table = fields->table;
    for (int i = fields->expected; i < table->count; i++) {
        if (key_is(&table->keys[i], text)) {
            return i;
        }
    }
    for (int i = 0; i < fields->expected; i++) {
        if (key_is(&table->keys[i], text)) {
            return i;
        }
    }
    return FIELDS_END;
}

int fields_next(struct fields *fields)
{
    struct slice text;
    while (fields->error == error_none && fields->left > 0) {
        fields->left--;
        fields->error = reader_text(&fields->reader, &text);
        if (fields->error != error_none) {
            break;
        }
        int field = field_find(fields, text);
        if (field != FIELDS_END) {
            fields->expected = field + 1;
            fields->seen |= UINT32_C(1) << field;
            return field;
        }
        fields->error = reader_skip(&fields->reader);
    }
    return FIELDS_END;
}

enum error take_u64(struct reader *reader, uint64_t *out)
{
    struct msgpack_value value;
    enum error error = head_read(reader, &value);
    if (error != error_none) {
        return error;
    }
    if (value.kind != MSGPACK_KIND_INTEGER && value.kind != MSGPACK_KIND_BIG) {
        return error_bad_type;
    }
    if (value.kind == MSGPACK_KIND_INTEGER && value.integer < 0) {
        return error_out_of_range;
    }
    *out = value.big;
    return error_none;
}

enum error take_natural(struct reader *reader, int64_t *out)
{
    uint64_t number;
    enum error error = take_u64(reader, &number);
    if (error == error_none && number > INT64_MAX) {
        error = error_out_of_range;
    }
    if (error == error_none) {
        *out = (int64_t)number;
    }
    return error;
}

enum error take_u32(struct reader *reader, uint32_t *out)
{
    uint64_t number;
    enum error error = take_u64(reader, &number);
    if (error == error_none && number > UINT32_MAX) {
        error = error_out_of_range;
    }
    if (error == error_none) {
        *out = (uint32_t)number;
    }
    return error;
}

enum error take_uuid(struct reader *reader, struct uuid *out)
{
    struct slice bytes;
    enum error error = reader_bytes(reader, &bytes);
    if (error == error_none && bytes.size != sizeof out->bytes) {
        error = error_bad_uuid;
    }
    if (error == error_none) {
        memcpy(out->bytes, bytes.data, sizeof out->bytes);
    }
    return error;
}

enum error take_name(struct reader *reader, struct slice *out)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    if (error == error_none && !identifier_valid(text)) {
        error = error_bad_identifier;
    }
    if (error == error_none) {
        *out = text;
    }
    return error;
}

enum error take_short(struct reader *reader, struct slice *out)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    if (error == error_none && text.size > limit_identifier_bytes) {
        error = error_too_long;
    }
    if (error == error_none) {
        *out = text;
    }
    return error;
}

enum error take_status(struct reader *reader, enum status *out)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    if (error == error_none && !status_find(text, out)) {
        error = error_out_of_range;
    }
    return error;
}

/* A value of one kind, as raw bytes. */
static enum error take_kind(struct reader *reader, enum msgpack_kind kind, struct slice *out)
{
    struct reader head = *reader;
    struct msgpack_value value;
    enum error error = head_read(&head, &value);
    if (error == error_none && value.kind != kind) {
        error = error_bad_type;
    }
    return error != error_none ? error : reader_raw(reader, out);
}

enum error take_map(struct reader *reader, struct slice *out)
{
    return take_kind(reader, MSGPACK_KIND_MAP, out);
}

enum error take_array(struct reader *reader, struct slice *out)
{
    return take_kind(reader, MSGPACK_KIND_ARRAY, out);
}

enum error take_version(struct reader *reader)
{
    struct msgpack_value value;
    enum error error = head_read(reader, &value);
    if (error != error_none) {
        return error;
    }
    return value.kind == MSGPACK_KIND_INTEGER && value.integer == PROTOCOL_VERSION ? error_none : error_bad_version;
}

enum error message_version(struct slice message)
{
    struct slice value;
    enum error error = msgpack_find(message, KEY(request_frame, version)->text, &value);
    if (error != error_none) {
        return error == error_not_found ? error_missing_field : error;
    }
    struct reader reader = reader_of(value);
    return take_version(&reader);
}

enum error fault_fill(struct envelope_fault *fault, enum error error, const struct field_table *table, int field)
{
    if (fault != NULL) {
        fault->error = error;
        fault->field = field == FIELDS_END ? "" : table->keys[field].text;
    }
    return error;
}

void put_key(struct buffer *out, const struct field_key *key)
{
    write_text(out, slice_of(key->text, key->size));
}

void put_text(struct buffer *out, const struct field_key *key, struct slice text)
{
    if (text.size > 0) {
        put_key(out, key);
        write_text(out, text);
    }
}

void put_raw(struct buffer *out, const struct field_key *key, struct slice value)
{
    if (value.size > 0) {
        put_key(out, key);
        write_raw(out, value);
    }
}

void put_unsigned(struct buffer *out, const struct field_key *key, uint64_t value)
{
    put_key(out, key);
    write_unsigned(out, value);
}

void put_uuid(struct buffer *out, const struct field_key *key, const struct uuid *uuid)
{
    put_key(out, key);
    write_bytes(out, slice_of(uuid->bytes, sizeof uuid->bytes));
}

void put_true(struct buffer *out, const struct field_key *key)
{
    put_key(out, key);
    write_bool(out, true);
}
