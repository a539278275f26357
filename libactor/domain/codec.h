/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Records between C structs and msgpack maps, through their layouts. Encoding is canonical: fields in declaration
 * order, integers shortest, absent optionals left out, maps sorted bytewise, doubles as float 64: equal values, equal
 * bytes. */
#ifndef LIBACTOR_DOMAIN_CODEC_H
#define LIBACTOR_DOMAIN_CODEC_H

#include "fluvius/host.h"
#include "libactor/domain/arena.h"
#include "libactor/domain/layout.h"
#include "proto/reader.h"
#include "proto/writer.h"

enum codec_mode {
    CODEC_COMMAND = 1, /* from outside: limits hold, JSON's forms of values are taken; text is viewed, not copied */
    CODEC_EVENT,       /* our own bytes, perhaps from before a limit was tightened; encoding checks the limits */
    CODEC_STATE,       /* our own bytes; no limits; text and enums may be absent, as they are before the first event */
};

/* Where a value stands; the way up is only walked when there is a fault to report. */
struct path {
    const struct path *up;
    struct slice name; /* of a field or a map's key; data NULL: an item */
    uint32_t index;    /* of an item */
};

struct codec {
    enum codec_mode mode;
    bool unchecked;             /* encode: no limits, nothing required; for the testing kit's bad commands */
    bool no_memory;             /* set when the arena gave no more: what was made is of no use */
    bool malformed;             /* set when the bytes are not msgpack */
    struct arena *arena;        /* decode: owns what the record points to; encode: scratch */
    struct data_faults *faults; /* counted up */
};

/* Decodes one map into a record of layout->size zeroed bytes. False when there was a fault or memory was out. */
bool record_decode_from(struct codec *codec, const struct layout *layout, struct slice data, void *to);
/* Decodes one value that is neither list, map nor record, of field->size bytes, whatever the field's limits say; text
 * and bytes may view data. False as above. */
bool scalar_decode_from(
    struct codec *codec, const struct layout_field *field, struct slice data, const struct path *path, void *to);
/* Appends the record. False when there was a fault; the buffer then has an end of no use. */
bool record_encode_to(struct codec *codec, const struct layout *layout, const void *from, struct buffer *out);

/* ---- shared by decode, encode and check ---- */

void fault_add(struct codec *codec, const struct path *path, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The limits of one value, and of a list's or map's items as a whole. */
void value_check(struct codec *codec, const struct layout_field *field, const void *value, const struct path *path);
void items_check(struct codec *codec,
                 const struct layout_field *field,
                 const fluvius_list *list,
                 const struct path *path);

/* Orders a map's entries by key into order (room for count). False when a key stands twice; *twice is then its place.
 */
bool map_order(const fluvius_list *map, uint32_t stride, uint16_t *order, uint32_t *twice);
/* Are they in order already, each key once? */
bool map_in_order(const fluvius_list *map, uint32_t stride);

static inline const void *item_at(const fluvius_list *list, uint32_t stride, uint32_t index)
{
    return (const uint8_t *)list->items + (size_t)index * stride;
}

static inline const fluvius_text *entry_key(const fluvius_list *map, uint32_t stride, uint32_t index)
{
    return (const fluvius_text *)item_at(map, stride, index);
}

static inline struct slice text_slice(fluvius_text text)
{
    return (struct slice){.data = (const uint8_t *)text.data, .size = text.size};
}

#endif
