/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record's descriptor made ready for use: limits parsed, patterns compiled, keys as msgpack, places of values. Made
 * once, when a domain is loaded, from descriptors that are checked on the way; read by decode, encode and schema. */
#ifndef LIBACTOR_DOMAIN_LAYOUT_H
#define LIBACTOR_DOMAIN_LAYOUT_H

#include "fluvius/host.h"
#include "fluvius/module.h"
#include "libactor/domain/arena.h"
#include "libactor/domain/format.h"
#include "libactor/domain/pattern.h"
#include "proto/slice.h"

enum { NESTING_MAX = 12, NAME_BYTES_MAX = 64 };

struct layout;

struct layout_field {
    struct slice key;    /* the wire name */
    struct slice packed; /* the wire name as a msgpack value */
    uint8_t kind, shape; /* enum fluvius_kind, enum fluvius_shape */
    bool unique, has_min, has_max, secret;
    uint32_t offset; /* of the field in its record */
    uint32_t inner;  /* of the value in an optional; 0 where the value itself can be absent */
    uint32_t size;   /* of one value */
    uint32_t stride; /* from one item of a list or map to the next */
    uint32_t min_items, max_items;
    uint32_t min_length, max_length;
    uint32_t scale;
    int64_t min, max; /* int64, decimal units, microseconds, days; see has_min and has_max */
    double double_min, double_max;
    const struct layout *record; /* of a record */
    const fluvius_type *type;    /* of an enum: its values */
    struct pattern *pattern;     /* NULL: none */
    enum text_format format;
    struct slice fallback; /* msgpack; empty: none */
    const fluvius_field *source;
};

struct layout {
    const fluvius_type *type;
    uint32_t count, size;
    bool variable;   /* it has values that point to memory */
    uint64_t needed; /* bit i: field i must be there, or has a fallback, or min_items */
    struct layout_field *fields;
    struct layout *next; /* of those made */
};

/* Makes the layouts of a module. One layout for each descriptor. */
struct layout_maker {
    struct arena *arena;
    struct layout *made;
    const struct layout *stack[NESTING_MAX]; /* records whose fields are being made */
    uint32_t depth;
    bool state;               /* an aggregate's state is being made: its lists may be long */
    const char *file, *owner; /* for faults */
    struct domain_fault *fault;
    struct data_faults *faults; /* room for those of a fallback */
};

/* error_bad_module with the reason, error_no_memory. */
enum error layout_make(struct layout_maker *maker, const fluvius_type *type, const struct layout **out);
/* Sets maker->fault to "FILE:LINE: OWNER: ..." and returns error_bad_module. line 0 is left out. */
enum error layout_fault(struct layout_maker *maker, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is the value that a field holds of the kind whose absence is in the value itself: NULL text, unset enum? */
static inline bool kind_has_absence(uint8_t kind)
{
    return kind == FLUVIUS_TEXT || kind == FLUVIUS_BYTES || kind == FLUVIUS_ENUM;
}

/* 1 to NAME_BYTES_MAX letters, digits, '_' and '-', a letter first. */
bool name_valid(struct slice name);

/* The field of a key, or NULL. *guess is the field to look at first; it moves on, so that fields that come in order are
 * found at once. */
static inline const struct layout_field *layout_find(const struct layout *layout, struct slice key, uint32_t *guess)
{
    for (uint32_t i = 0, at = *guess; i < layout->count; i++, at++) {
        if (at >= layout->count)
            at = 0;
        const struct layout_field *field = &layout->fields[at];
        if (field->key.size == key.size && memcmp(field->key.data, key.data, key.size) == 0) {
            *guess = at + 1;
            return field;
        }
    }
    return NULL;
}

#endif
