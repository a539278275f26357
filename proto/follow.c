/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data of a follow request, and of its reply. */
#include "proto/envelope.h"
#include "proto/fields.h"

#define FROM_BYTES_MAX 16384 /* of a position: logs with thousands of partitions have long ones */
#define TYPES_MAX 64

static enum error take_bounded(struct reader *reader, uint32_t max, uint32_t *out)
{
    uint64_t number;
    enum error error = take_u64(reader, &number);
    if (error == error_none)
        *out = number > max ? max : (uint32_t)number;
    return error;
}

static enum error take_positive(struct reader *reader, uint32_t max, uint32_t *out)
{
    uint32_t number;
    enum error error = take_bounded(reader, max, &number);
    if (error == error_none && number == 0)
        error = error_out_of_range;
    if (error == error_none)
        *out = number;
    return error;
}

static enum error take_from(struct reader *reader, struct slice *out)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    if (error == error_none && text.size > FROM_BYTES_MAX)
        error = error_too_long;
    if (error == error_none)
        *out = text;
    return error;
}

static enum error take_numbers(struct reader *reader, struct slice *out)
{
    uint32_t count, number;
    enum error error = take_array(reader, out);
    struct reader items = reader_of(*out);
    if (error == error_none)
        error = reader_array(&items, &count);
    for (uint32_t i = 0; error == error_none && i < count; i++)
        error = take_u32(&items, &number);
    return error;
}

static enum error take_types(struct reader *reader, struct slice *out)
{
    struct slice name;
    uint32_t count;
    enum error error = take_array(reader, out);
    struct reader items = reader_of(*out);
    if (error == error_none)
        error = reader_array(&items, &count);
    if (error == error_none && count > TYPES_MAX)
        error = error_too_long;
    for (uint32_t i = 0; error == error_none && i < count; i++)
        error = take_short(&items, &name);
    return error;
}

static enum error follow_take(struct follow *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(follow, from):
        return take_from(reader, &out->from);
    case AT(follow, since_us):
        out->has_since = true;
        return reader_integer(reader, &out->since_us);
    case AT(follow, partitions):
        return take_numbers(reader, &out->partitions);
    case AT(follow, namespace):
        return take_short(reader, &out->namespace);
    case AT(follow, resource):
        return take_short(reader, &out->resource);
    case AT(follow, identifier):
        return take_short(reader, &out->identifier);
    case AT(follow, types):
        return take_types(reader, &out->types);
    case AT(follow, platform):
        return reader_bool(reader, &out->platform);
    case AT(follow, every_realm):
        return reader_bool(reader, &out->every_realm);
    case AT(follow, receipts):
        return reader_bool(reader, &out->receipts);
    case AT(follow, limit):
        return take_positive(reader, limit_page_limit, &out->limit);
    case AT(follow, bytes):
        return take_positive(reader, limit_follow_bytes, &out->bytes);
    case AT(follow, until_us):
        return reader_integer(reader, &out->until_us);
    case AT(follow, user):
        return take_short(reader, &out->user);
    case AT(follow, id):
        out->has_id = true;
        return take_uuid(reader, &out->id);
    case AT(follow, trace):
        return take_short(reader, &out->trace);
    default:
        return take_bounded(reader, limit_follow_ms, &out->wait_ms);
    }
}

/* The first key that is not in the table. */
static struct slice unknown_find(struct slice data)
{
    struct reader reader = reader_of(data);
    struct slice key = {0};
    uint32_t count;
    if (reader_map(&reader, &count) != error_none)
        return key;
    while (count-- > 0 && reader_text(&reader, &key) == error_none && reader_skip(&reader) == error_none) {
        bool known = false;
        for (int i = 0; i < follow_table.count; i++)
            known |= slice_equal(key, slice_of(follow_table.keys[i].text, follow_table.keys[i].size));
        if (!known)
            break;
    }
    return key;
}

enum error follow_decode(struct slice data, struct follow *out, struct slice *field)
{
    struct follow follow = {.limit = limit_page_limit, .bytes = limit_follow_bytes, .until_us = INT64_MAX};
    struct fields fields;
    int at = FIELDS_END;
    enum error error = fields_begin(&fields, data, &follow_table);
    uint32_t count = error == error_none ? fields.left : 0;
    while (error == error_none && (at = fields_next(&fields)) != FIELDS_END)
        error = follow_take(&follow, at, &fields.reader);
    error = error != error_none ? error : fields.error;
    if (error != error_none && at != FIELDS_END)
        *field = slice_of(follow_table.keys[at].text, follow_table.keys[at].size);
    if (error == error_none && (uint32_t)__builtin_popcount(fields.seen) != count) {
        *field = unknown_find(data);
        error = error_unknown_field;
    }
    if (error == error_none)
        *out = follow;
    return error;
}

static bool limit_said(uint32_t value, uint32_t usual)
{
    return value > 0 && value != usual;
}

static bool until_said(const struct follow *follow)
{
    return follow->until_us != 0 && follow->until_us != INT64_MAX;
}

static uint32_t follow_size(const struct follow *follow)
{
    uint32_t entries = 0;
    entries += follow->from.size > 0;
    entries += follow->has_since;
    entries += follow->partitions.size > 0;
    entries += follow->namespace.size > 0;
    entries += follow->resource.size > 0;
    entries += follow->identifier.size > 0;
    entries += follow->types.size > 0;
    entries += follow->platform;
    entries += follow->every_realm;
    entries += follow->receipts;
    entries += limit_said(follow->limit, limit_page_limit);
    entries += limit_said(follow->bytes, limit_follow_bytes);
    entries += follow->wait_ms > 0;
    entries += until_said(follow);
    entries += follow->user.size > 0;
    entries += follow->has_id;
    entries += follow->trace.size > 0;
    return entries;
}

void follow_encode(struct buffer *out, const struct follow *follow)
{
    write_map(out, follow_size(follow));
    put_text(out, KEY(follow, from), follow->from);
    if (follow->has_since) {
        put_key(out, KEY(follow, since_us));
        write_integer(out, follow->since_us);
    }
    put_raw(out, KEY(follow, partitions), follow->partitions);
    put_text(out, KEY(follow, namespace), follow->namespace);
    put_text(out, KEY(follow, resource), follow->resource);
    put_text(out, KEY(follow, identifier), follow->identifier);
    put_raw(out, KEY(follow, types), follow->types);
    if (follow->platform)
        put_true(out, KEY(follow, platform));
    if (follow->every_realm)
        put_true(out, KEY(follow, every_realm));
    if (follow->receipts)
        put_true(out, KEY(follow, receipts));
    if (limit_said(follow->limit, limit_page_limit))
        put_unsigned(out, KEY(follow, limit), follow->limit);
    if (limit_said(follow->bytes, limit_follow_bytes))
        put_unsigned(out, KEY(follow, bytes), follow->bytes);
    if (follow->wait_ms > 0)
        put_unsigned(out, KEY(follow, wait_ms), follow->wait_ms);
    if (until_said(follow)) {
        put_key(out, KEY(follow, until_us));
        write_integer(out, follow->until_us);
    }
    put_text(out, KEY(follow, user), follow->user);
    if (follow->has_id)
        put_uuid(out, KEY(follow, id), &follow->id);
    put_text(out, KEY(follow, trace), follow->trace);
}

/* ---- the reply ---- */

void followed_encode(struct buffer *out, const struct followed *followed)
{
    write_map(out, followed->more ? 3 : 2);
    put_raw(out, KEY(followed, records), followed->records);
    put_unsigned(out, KEY(followed, partitions), followed->partitions);
    if (followed->more)
        put_true(out, KEY(followed, more));
}

static enum error followed_take(struct followed *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(followed, records):
        return take_array(reader, &out->records);
    case AT(followed, partitions):
        return take_u32(reader, &out->partitions);
    default:
        return reader_bool(reader, &out->more);
    }
}

enum error followed_decode(struct slice data, struct followed *out)
{
    struct followed followed = {0};
    struct fields fields;
    int field;
    enum error error = fields_begin(&fields, data, &followed_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END)
        error = followed_take(&followed, field, &fields.reader);
    error = error != error_none ? error : fields.error;
    if (error == error_none &&
        fields_missing(&fields, BIT(followed, records) | BIT(followed, partitions)) != FIELDS_END)
        error = error_missing_field;
    if (error == error_none)
        *out = followed;
    return error;
}
