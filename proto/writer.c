/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Appends msgpack values to a buffer; msgpack-c's packer does the packing. The packer lives only for one call, so the
 * compiler sees through its callback. */
#include "proto/writer.h"

#include <assert.h>
#include <msgpack/pack.h>

/* Heads whose count is filled in later: map 16 and array 16, then two bytes of count. */
#define HEAD_MAP_16 0xde
#define HEAD_ARRAY_16 0xdc
#define HEAD_16_SIZE 3

static int buffer_take(void *context, const char *data, size_t size)
{
    struct buffer *buffer = context;
    buffer_append(buffer, data, size);
    return 0;
}

static inline msgpack_packer packer_of(struct buffer *buffer)
{
    return (msgpack_packer){.data = buffer, .callback = buffer_take};
}

void write_nil(struct buffer *buffer)
{
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_nil(&packer);
}

void write_bool(struct buffer *buffer, bool value)
{
    msgpack_packer packer = packer_of(buffer);
    if (value) {
        msgpack_pack_true(&packer);
    } else {
        msgpack_pack_false(&packer);
    }
}

void write_integer(struct buffer *buffer, int64_t value)
{
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_int64(&packer, value);
}

void write_unsigned(struct buffer *buffer, uint64_t value)
{
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_uint64(&packer, value);
}

void write_double(struct buffer *buffer, double value)
{
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_double(&packer, value);
}

void write_text(struct buffer *buffer, struct slice text)
{
    assert(text.size <= UINT32_MAX);
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_str(&packer, text.size);
    msgpack_pack_str_body(&packer, text.data, text.size);
}

void write_text_head(struct buffer *buffer, uint32_t size)
{
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_str(&packer, size);
}

void write_string(struct buffer *buffer, const char *text)
{
    write_text(buffer, slice_text(text));
}

void write_bytes(struct buffer *buffer, struct slice bytes)
{
    assert(bytes.size <= UINT32_MAX);
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_bin(&packer, bytes.size);
    msgpack_pack_bin_body(&packer, bytes.data, bytes.size);
}

void write_array(struct buffer *buffer, uint32_t items)
{
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_array(&packer, items);
}

void write_map(struct buffer *buffer, uint32_t entries)
{
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_map(&packer, entries);
}

void write_raw(struct buffer *buffer, struct slice value)
{
    buffer_append(buffer, value.data, value.size);
}

static size_t head_begin(struct buffer *buffer, uint8_t head)
{
    size_t place = buffer->size;
    buffer_append(buffer, (uint8_t[HEAD_16_SIZE]){head, 0, 0}, HEAD_16_SIZE);
    return place;
}

static void head_end(struct buffer *buffer, size_t place, uint32_t count)
{
    assert(count <= UINT16_MAX);
    if (!buffer->failed) {
        buffer->data[place + 1] = (uint8_t)(count >> 8);
        buffer->data[place + 2] = (uint8_t)count;
    }
}

size_t write_map_begin(struct buffer *buffer)
{
    return head_begin(buffer, HEAD_MAP_16);
}

void write_map_end(struct buffer *buffer, size_t place, uint32_t entries)
{
    head_end(buffer, place, entries);
}

size_t write_array_begin(struct buffer *buffer)
{
    return head_begin(buffer, HEAD_ARRAY_16);
}

void write_array_end(struct buffer *buffer, size_t place, uint32_t items)
{
    head_end(buffer, place, items);
}
