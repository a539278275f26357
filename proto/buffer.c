/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The growing buffer under the writer: it doubles, so appending is linear; it fails for good when memory is out, until
 * it is cleared. */
#include "proto/number.h"
#include "proto/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 256

void buffer_fini(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

static bool buffer_fail(struct buffer *buffer)
{
    buffer->failed = true;
    return false;
}

static bool buffer_grow(struct buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->capacity;
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    }
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        return buffer_fail(buffer);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->failed) {
        return false;
    }
    if (size <= buffer->capacity - buffer->size) {
        return true;
    }
    if (size > SIZE_MAX - buffer->size) {
        return buffer_fail(buffer);
    }
    return buffer_grow(buffer, buffer->size + size);
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size > 0 && buffer_reserve(buffer, size)) {
        memcpy(buffer->data + buffer->size, data, size);
        buffer->size += size;
    }
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_number(struct buffer *buffer, uint64_t number)
{
    char text[20], *end = text + sizeof text, *at = number_before(end, number, 10);
    buffer_append(buffer, at, (size_t)(end - at));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t room = buffer->failed ? 0 : buffer->capacity - buffer->size; /* mostly enough: then it is printed once */
    int size = vsnprintf(room == 0 ? NULL : (char *)buffer->data + buffer->size, room, format, arguments);
    if (size < 0) {
        buffer->failed = true;
    } else if ((size_t)size < room) {
        buffer->size += (size_t)size;
    } else if (buffer_reserve(buffer, (size_t)size + 1)) {
        vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, again);
        buffer->size += (size_t)size;
    }
    va_end(again);
    va_end(arguments);
}
