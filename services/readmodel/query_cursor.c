/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cursors: base64url of one byte of version, the hash of the query that they belong to, the last row's values of what
 * is sorted by (msgpack, one after another), and the XXH3-64 of all that. They hold nothing that their reader has not
 * seen; the hashes catch cursors that were damaged, made up, or taken from another query. What a cursor says is only
 * ever bound as a value, so one that is forged with care shows its maker his own rows in another place. */
#include <math.h>
#include <xxhash.h>

#include "services/readmodel/query_parser.h"

#include "libactor/domain/scalar.h"
#include "proto/utf8.h"
#include "services/readmodel/reader_page.h"

enum { CURSOR_VERSION = 1, HASH_SIZE = 8, CURSOR_BYTES_MAX = 16384, CURSOR_SEED = 0x666c7576 };

static void put_hash(struct buffer *out, uint64_t hash)
{
    hash = __builtin_bswap64(hash);
    buffer_append(out, &hash, sizeof hash);
}

static uint64_t get_hash(const uint8_t *bytes)
{
    uint64_t hash;
    memcpy(&hash, bytes, sizeof hash);
    return __builtin_bswap64(hash);
}

static uint64_t checksum(const uint8_t *bytes, size_t size)
{
    return XXH3_64bits_withSeed(bytes, size, CURSOR_SEED);
}

/* ---- the hash of a query ---- */

static void hash_value(struct buffer *out, const struct value *value)
{
    switch (value->kind) {
    case VALUE_INTEGER:
        write_integer(out, value->integer);
        break;
    case VALUE_DOUBLE:
        write_double(out, value->number);
        break;
    case VALUE_TEXT:
    case VALUE_BYTES:
        write_text(out, value->text);
        break;
    default:
        write_nil(out);
        break;
    }
}

/* By name and type, so that cursors outlive a build whose fields have moved, and none whose fields have changed. */
static void hash_field(struct buffer *out, const struct query *query, uint32_t field)
{
    if (field == FIELD_RANK) {
        write_nil(out);
        return;
    }
    const struct model_field *it = query_field(query->model, field);
    write_text(out, it->name);
    write_integer(out, it->kind);
    write_integer(out, it->scale);
}

static void hash_filter(struct buffer *out, const struct query *query)
{
    for (uint32_t i = 0; i < query->filter.node_count; i++) {
        const struct filter_node *node = &query->filter.nodes[i];
        write_integer(out, node->kind * 2 + node->negated);
        write_integer(out, node->end);
        if (node->kind != FILTER_CONDITION)
            continue;
        hash_field(out, query, node->field);
        write_integer(out, node->operator);
        write_integer(out, node->value_count);
    }
    for (uint32_t i = 0; i < query->filter.value_count; i++)
        hash_value(out, &query->filter.values[i]);
}

enum error query_hash(struct query *query, struct buffer *scratch)
{
    buffer_clear(scratch);
    write_text(scratch, query->model->namespace);
    write_text(scratch, query->model->name);
    write_text(scratch, query->realm);
    write_text(scratch, query->words);
    write_bool(scratch, query->deleted);
    hash_filter(scratch, query);
    for (uint32_t i = 0; i < query->sort_count; i++) {
        hash_field(scratch, query, query->sort[i].field);
        write_bool(scratch, query->sort[i].descending);
    }
    if (scratch->failed)
        return error_no_memory;
    query->hash = XXH3_64bits(scratch->data, scratch->size);
    return error_none;
}

/* ---- writing ---- */

static void base64_append(struct buffer *out, struct slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        if (left > 1)
            group |= (uint32_t)bytes.data[i + 1] << 8;
        if (left > 2)
            group |= bytes.data[i + 2];
        char text[4];
        for (int k = 0; k < 4; k++)
            text[k] = digits[group >> (18 - 6 * k) & 63];
        buffer_append(out, text, left + 1);
    }
}

void cursor_place(struct buffer *out, const struct query *query, const struct value *values)
{
    for (uint32_t i = 0; i < query->sort_count; i++)
        hash_value(out, &values[i]);
}

void cursor_write(struct buffer *out, const struct query *query, struct slice place)
{
    struct buffer bytes = {0};
    buffer_append(&bytes, &(uint8_t){CURSOR_VERSION}, 1);
    put_hash(&bytes, query->hash);
    write_raw(&bytes, place);
    if (!bytes.failed)
        put_hash(&bytes, checksum(bytes.data, bytes.size));
    if (bytes.failed)
        out->failed = true;
    else
        base64_append(out, buffer_slice(&bytes));
    buffer_fini(&bytes);
}

/* ---- reading ---- */

enum value_kind sort_value_kind(const struct query *query, uint32_t field)
{
    if (field == FIELD_RANK)
        return VALUE_INTEGER;
    switch (query_field(query->model, field)->kind) {
    case MODEL_DOUBLE:
        return VALUE_DOUBLE;
    case MODEL_TEXT:
    case MODEL_UUID:
    case MODEL_ENUM:
        return VALUE_TEXT;
    default:
        return VALUE_INTEGER;
    }
}

/* Every value must be one that a row could have. */
static bool value_read(struct reader *reader, enum value_kind kind, struct value *out)
{
    struct msgpack_value value;
    if (reader_next(reader, &value) != error_none)
        return false;
    *out = (struct value){.kind = kind};
    switch (value.kind) {
    case MSGPACK_KIND_NIL:
        out->kind = VALUE_NULL;
        return true;
    case MSGPACK_KIND_INTEGER:
        out->integer = value.integer;
        return kind == VALUE_INTEGER;
    case MSGPACK_KIND_DOUBLE:
        out->number = value.number;
        return kind == VALUE_DOUBLE && isfinite(value.number);
    case MSGPACK_KIND_TEXT:
        out->text = value.bytes;
        return kind == VALUE_TEXT && utf8_valid_size(value.bytes) == value.bytes.size &&
               (value.bytes.size == 0 || memchr(value.bytes.data, 0, value.bytes.size) == NULL);
    default:
        return false;
    }
}

static bool values_read(struct query *query, struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    for (uint32_t i = 0; i < query->sort_count; i++)
        if (!value_read(&reader, sort_value_kind(query, query->sort[i].field), &query->after[i]))
            return false;
    return reader_done(&reader);
}

static bool cursor_read(struct query *query, struct slice bytes)
{
    if (bytes.size < 1 + 2 * HASH_SIZE || bytes.data[0] != CURSOR_VERSION)
        return false;
    size_t size = bytes.size - HASH_SIZE;
    return get_hash(bytes.data + size) == checksum(bytes.data, size) && get_hash(bytes.data + 1) == query->hash &&
           values_read(query, slice_of(bytes.data + 1 + HASH_SIZE, size - 1 - HASH_SIZE));
}

void cursor_parse(struct query_parser *parser, struct slice raw)
{
    struct reader reader = reader_of(raw);
    struct slice text;
    size_t size;
    if (reader_text(&reader, &text) != error_none) {
        query_fault(parser, "expected_text", "must be a text");
        return;
    }
    if (text.size > CURSOR_BYTES_MAX) {
        query_fault(parser, "bad_cursor", "is no cursor of this query");
        return;
    }
    uint8_t *bytes = query_take(parser, text.size + 4);
    if (bytes == NULL)
        return;
    if (base64_parse(text, bytes, &size) == SCALAR_OK && cursor_read(parser->query, slice_of(bytes, size)))
        parser->query->page = 0;
    else
        query_fault(parser, "bad_cursor", "is no cursor of this query");
}
