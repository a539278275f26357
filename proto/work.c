/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What shards and brokers say to each other: work frames, their replies, and the items of work. */
#include "proto/envelope.h"
#include "proto/fields.h"

/* error_out_of_range for another type of frame. */
static enum error take_work(struct reader *reader)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    return error == error_none && !slice_is(text, FRAME_WORK) ? error_out_of_range : error;
}

static enum error work_frame_take(struct work_frame *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(work_frame, version):
        return take_version(reader);
    case AT(work_frame, type):
        return take_work(reader);
    case AT(work_frame, token):
        return reader_text(reader, &out->token);
    case AT(work_frame, shard):
        return take_name(reader, &out->shard);
    case AT(work_frame, boot):
        return take_u64(reader, &out->boot);
    case AT(work_frame, partitions):
        return take_u32(reader, &out->partitions);
    case AT(work_frame, owned):
        return take_array(reader, &out->owned);
    case AT(work_frame, heads):
        return take_array(reader, &out->heads);
    case AT(work_frame, replies):
        return take_array(reader, &out->replies);
    case AT(work_frame, records):
        return take_array(reader, &out->records);
    case AT(work_frame, descriptions):
        return take_array(reader, &out->descriptions);
    case AT(work_frame, metrics):
        return reader_text(reader, &out->metrics);
    case AT(work_frame, serves):
        return take_name(reader, &out->serves);
    case AT(work_frame, leaving):
        return reader_bool(reader, &out->leaving);
    default:
        return take_array(reader, &out->alarms);
    }
}

static enum error work_frame_read(struct slice message, struct work_frame *out, int *field)
{
    const uint32_t required = BIT(work_frame, type) | BIT(work_frame, shard) | BIT(work_frame, boot);
    struct work_frame frame = {0};
    struct fields fields;
    enum error error = fields_begin(&fields, message, &work_frame_table);
    while (error == error_none && (*field = fields_next(&fields)) != FIELDS_END) {
        error = work_frame_take(&frame, *field, &fields.reader);
    }
    error = error != error_none ? error : fields.error;
    if (error == error_none && (*field = fields_missing(&fields, required)) != FIELDS_END) {
        error = error_missing_field;
    }
    if (error == error_none) {
        *out = frame;
    }
    return error;
}

enum error work_frame_decode(struct slice message, struct work_frame *out, struct envelope_fault *fault)
{
    int field = FIELDS_END;
    enum error error = msgpack_check(message, NULL);
    if (error == error_none) {
        error = message_version(message);
        field = error == error_bad_type ? FIELDS_END : AT(work_frame, version);
    }
    if (error == error_none) {
        field = FIELDS_END;
        error = work_frame_read(message, out, &field);
    }
    return error == error_none ? error_none : fault_fill(fault, error, &work_frame_table, field);
}

static uint32_t work_frame_size(const struct work_frame *frame)
{
    uint32_t entries = 4;
    entries += frame->token.size > 0;
    entries += frame->partitions > 0;
    entries += frame->owned.size > 0;
    entries += frame->heads.size > 0;
    entries += frame->records.size > 0;
    entries += frame->descriptions.size > 0;
    entries += frame->metrics.size > 0;
    entries += frame->alarms.size > 0;
    entries += frame->serves.size > 0;
    entries += frame->leaving;
    return entries;
}

/* All but the replies, in a map of so many entries. */
static void work_frame_put(struct buffer *out, const struct work_frame *frame, uint32_t entries)
{
    write_map(out, entries);
    put_unsigned(out, KEY(work_frame, version), PROTOCOL_VERSION);
    put_text(out, KEY(work_frame, type), slice_text(FRAME_WORK));
    put_text(out, KEY(work_frame, token), frame->token);
    put_key(out, KEY(work_frame, shard));
    write_text(out, frame->shard);
    put_unsigned(out, KEY(work_frame, boot), frame->boot);
    if (frame->partitions > 0) {
        put_unsigned(out, KEY(work_frame, partitions), frame->partitions);
    }
    put_raw(out, KEY(work_frame, owned), frame->owned);
    put_raw(out, KEY(work_frame, heads), frame->heads);
    put_raw(out, KEY(work_frame, records), frame->records);
    put_raw(out, KEY(work_frame, descriptions), frame->descriptions);
    put_text(out, KEY(work_frame, metrics), frame->metrics);
    put_raw(out, KEY(work_frame, alarms), frame->alarms);
    put_text(out, KEY(work_frame, serves), frame->serves);
    if (frame->leaving) {
        put_true(out, KEY(work_frame, leaving));
    }
}

void work_frame_encode(struct buffer *out, const struct work_frame *frame)
{
    work_frame_put(out, frame, work_frame_size(frame) + (frame->replies.size > 0));
    put_raw(out, KEY(work_frame, replies), frame->replies);
}

void work_frame_begin(struct buffer *out, const struct work_frame *frame, uint32_t replies)
{
    work_frame_put(out, frame, work_frame_size(frame) + 1);
    put_key(out, KEY(work_frame, replies));
    write_array(out, replies);
}

static enum error take_work_items(struct reader *reader, struct work_reply *out)
{
    struct slice array;
    enum error error = take_array(reader, &array);
    if (error != error_none) {
        return error;
    }
    out->items = reader_of(array);
    return reader_array(&out->items, &out->count);
}

static enum error work_reply_take(struct work_reply *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(work_reply, version):
        return take_version(reader);
    case AT(work_reply, work):
        return take_work_items(reader, out);
    case AT(work_reply, subscribed):
        return reader_bool(reader, &out->subscribed);
    case AT(work_reply, number):
        return take_u64(reader, &out->number);
    case AT(work_reply, heads):
        return take_array(reader, &out->heads);
    default:
        return reader_bool(reader, &out->unknown);
    }
}

enum error work_reply_decode(struct slice message, struct work_reply *out)
{
    struct work_reply reply = {0};
    struct fields fields;
    int field;
    enum error error = msgpack_check(message, NULL);
    error = error != error_none ? error : message_version(message);
    error = error != error_none ? error : fields_begin(&fields, message, &work_reply_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END) {
        error = work_reply_take(&reply, field, &fields.reader);
    }
    error = error != error_none ? error : fields.error;
    if (error == error_none && fields_missing(&fields, BIT(work_reply, work)) != FIELDS_END) {
        error = error_missing_field;
    }
    if (error == error_none) {
        *out = reply;
    }
    return error;
}

void work_reply_begin(struct buffer *out, const struct work_reply *reply)
{
    write_map(out, 2u + reply->subscribed + reply->unknown + (reply->number > 0) + (reply->heads.size > 0));
    put_unsigned(out, KEY(work_reply, version), PROTOCOL_VERSION);
    if (reply->subscribed) {
        put_true(out, KEY(work_reply, subscribed));
    }
    if (reply->unknown) {
        put_true(out, KEY(work_reply, unknown));
    }
    if (reply->number > 0) {
        put_unsigned(out, KEY(work_reply, number), reply->number);
    }
    put_raw(out, KEY(work_reply, heads), reply->heads);
    put_key(out, KEY(work_reply, work));
    write_array(out, reply->count);
}

bool pair_read(struct reader *pairs, uint64_t *first, uint64_t *second)
{
    uint32_t items;
    uint64_t one, two;
    if (reader_array(pairs, &items) != error_none || items != 2 || take_u64(pairs, &one) != error_none ||
        take_u64(pairs, &two) != error_none) {
        return false;
    }
    *first = one;
    *second = two;
    return true;
}

static enum error item_take(struct item *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(item, key):
        return take_u64(reader, &out->key);
    case AT(item, partition):
        return take_u32(reader, &out->partition);
    case AT(item, realm):
        return take_short(reader, &out->realm);
    case AT(item, user):
        return take_short(reader, &out->user);
    case AT(item, roles):
        return take_array(reader, &out->roles);
    case AT(item, identifier):
        return take_name(reader, &out->identifier);
    case AT(item, request):
        return take_map(reader, &out->request);
    default:
        return take_u32(reader, &out->deadline_ms);
    }
}

enum error item_decode(struct slice value, struct item *out)
{
    const uint32_t required = BIT(item, key) | BIT(item, partition) | BIT(item, realm) | BIT(item, user) |
                              BIT(item, request) | BIT(item, deadline_ms);
    struct item item = {0};
    struct fields fields;
    int field;
    enum error error = fields_begin(&fields, value, &item_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END) {
        error = item_take(&item, field, &fields.reader);
    }
    error = error != error_none ? error : fields.error;
    if (error == error_none && fields_missing(&fields, required) != FIELDS_END) {
        error = error_missing_field;
    }
    if (error == error_none) {
        *out = item;
    }
    return error;
}

void item_encode(struct buffer *out, const struct item *item)
{
    write_map(out, 6 + (item->roles.size > 0) + (item->identifier.size > 0));
    put_unsigned(out, KEY(item, key), item->key);
    put_unsigned(out, KEY(item, partition), item->partition);
    put_key(out, KEY(item, realm));
    write_text(out, item->realm);
    put_key(out, KEY(item, user));
    write_text(out, item->user);
    put_raw(out, KEY(item, roles), item->roles);
    put_text(out, KEY(item, identifier), item->identifier);
    put_raw(out, KEY(item, request), item->request);
    put_unsigned(out, KEY(item, deadline_ms), item->deadline_ms);
}
