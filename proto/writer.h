/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A growing buffer and the functions that append msgpack values to it (packed by msgpack-c: shortest integers, doubles
 * as float 64). Running out of memory makes the buffer `failed`; later writes do nothing, so one check at the end is
 * enough. Deterministic: the same calls give the same bytes. */
#ifndef PROTO_WRITER_H
#define PROTO_WRITER_H

#include "proto/slice.h"

struct buffer {
    uint8_t *data;
    size_t size, capacity;
    bool failed;
};

/* A zeroed buffer is empty and ready. buffer_fini frees it and leaves it empty; safe on zeroed memory. */
void buffer_fini(struct buffer *buffer);
/* Forgets the contents, keeps the memory. */
static inline void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0, buffer->failed = false;
}
/* Makes room for size more bytes; false (and failed) when memory is out. */
bool buffer_reserve(struct buffer *buffer, size_t size);
void buffer_append(struct buffer *buffer, const void *data, size_t size);
/* In decimal. */
void buffer_append_number(struct buffer *buffer, uint64_t number);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return (struct slice){.data = buffer->data, .size = buffer->size};
}

void write_nil(struct buffer *buffer);
void write_bool(struct buffer *buffer, bool value);
void write_integer(struct buffer *buffer, int64_t value);
void write_unsigned(struct buffer *buffer, uint64_t value);
void write_double(struct buffer *buffer, double value);
void write_text(struct buffer *buffer, struct slice text);
void write_string(struct buffer *buffer, const char *text); /* NUL-terminated; also for keys */
void write_text_head(struct buffer *buffer, uint32_t size); /* the caller appends size bytes of text */
void write_bytes(struct buffer *buffer, struct slice bytes);
void write_array(struct buffer *buffer, uint32_t items);
void write_map(struct buffer *buffer, uint32_t entries);
void write_raw(struct buffer *buffer, struct slice value); /* a value that is msgpack already */

/* A map whose number of entries is not known yet: map_begin writes a 16-bit head and returns its place; map_end fills
 * in the count (at most 65,535). array_begin and array_end likewise. */
size_t write_map_begin(struct buffer *buffer);
void write_map_end(struct buffer *buffer, size_t place, uint32_t entries);
size_t write_array_begin(struct buffer *buffer);
void write_array_end(struct buffer *buffer, size_t place, uint32_t items);

#endif
