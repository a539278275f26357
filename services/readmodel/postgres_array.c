/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See postgres_array.h. */
#include "services/readmodel/postgres_array.h"

#include "services/store/backend.h"

void word_put(struct buffer *out, uint32_t word)
{
    word = __builtin_bswap32(word);
    buffer_append(out, &word, sizeof word);
}

void number_put(struct buffer *out, uint64_t number)
{
    uint8_t bytes[12] = {0, 0, 0, 8};
    store_big_endian(bytes + 4, number);
    buffer_append(out, bytes, sizeof bytes);
}

void text_put(struct buffer *out, struct slice text)
{
    word_put(out, (uint32_t)text.size);
    buffer_append(out, text.data, text.size);
}

/* jsonb is its text with the number of its format before. */
static void json_put(struct buffer *out, struct slice text)
{
    word_put(out, (uint32_t)text.size + 1);
    buffer_append(out, "\1", 1);
    buffer_append(out, text.data, text.size);
}

void value_put(struct buffer *out, const struct value *value, uint32_t type)
{
    uint64_t bits;
    switch (value->kind) {
    case VALUE_NULL:
        word_put(out, UINT32_MAX);
        break;
    case VALUE_INTEGER:
        number_put(out, (uint64_t)value->integer);
        break;
    case VALUE_DOUBLE:
        memcpy(&bits, &value->number, sizeof bits);
        number_put(out, bits);
        break;
    default:
        type == TYPE_JSON ? json_put(out, value->text) : text_put(out, value->text);
    }
}

void word_set(struct buffer *out, size_t place, uint32_t word)
{
    word = __builtin_bswap32(word);
    if (!out->failed)
        memcpy(out->data + place, &word, sizeof word);
}

/* Numbered from 1, perhaps with nulls. */
void array_begin(struct buffer *out, uint32_t type)
{
    const uint32_t head[] = {1, 1, type, 0, 1};
    buffer_clear(out);
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        word_put(out, head[i]);
}

void array_end(struct buffer *out, size_t count)
{
    enum { COUNT = 12 }; /* its place in the head */
    word_set(out, COUNT, (uint32_t)count);
}
