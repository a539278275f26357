/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Decoding the maps of messages.def: each map's keys as a table, each key's index as a constant, and a walk that gives
 * one known field after another. Keys mostly come in the order of messages.def, so the walk first tries the key after
 * the last one. Private to proto. */
#ifndef PROTO_FIELDS_H
#define PROTO_FIELDS_H

#include "proto/identity.h"
#include "proto/reader.h"
#include "proto/status.h"

/* AT(request, id) is the index of that field: the layout structs exist only for their offsets. */
#define BEGIN(MAP, DOC) struct MAP##_layout {
#define FIELD(NAME, KEY, TYPE, PRESENCE, DOC) char NAME;
#define END(MAP)                                                                                                       \
    }                                                                                                                  \
    ;
#include "proto/messages.def"

#define AT(MAP, NAME) ((int)offsetof(struct MAP##_layout, NAME))
#define BIT(MAP, NAME) (UINT32_C(1) << AT(MAP, NAME))

struct field_key {
    char text[8];
    uint8_t size;
};

struct field_table {
    int count;
    struct field_key keys[20];
};

#define BEGIN(MAP, DOC) extern const struct field_table MAP##_table;
#include "proto/messages.def"

#define FIELDS_END (-1)

struct fields {
    struct reader reader; /* at the value of the field that was given */
    const struct field_table *table;
    uint32_t left, seen; /* seen: a bit for each field */
    int expected;
    enum error error;
};

/* error_bad_type when value is not a map. */
enum error fields_begin(struct fields *fields, struct slice value, const struct field_table *table);
/* The index of the next known field, whose value must be taken from fields->reader; FIELDS_END at the end of the map,
 * and on a fault, which is then in fields->error. Skips fields that the table does not know. */
int fields_next(struct fields *fields);

/* The first required field that was not seen, or FIELDS_END. */
static inline int fields_missing(const struct fields *fields, uint32_t required)
{
    uint32_t missing = required & ~fields->seen;
    return missing == 0 ? FIELDS_END : __builtin_ctz(missing);
}

/* ---- values of fields ---- */

/* 0 to INT64_MAX: error_out_of_range otherwise, error_bad_type for what is no integer. */
enum error take_natural(struct reader *reader, int64_t *out);
/* 0 to UINT64_MAX and 0 to UINT32_MAX. */
enum error take_u64(struct reader *reader, uint64_t *out);
enum error take_u32(struct reader *reader, uint32_t *out);
enum error take_uuid(struct reader *reader, struct uuid *out);
/* A text that is a valid identifier. */
enum error take_name(struct reader *reader, struct slice *out);
/* A text of at most limit_identifier_bytes. */
enum error take_short(struct reader *reader, struct slice *out);
enum error take_status(struct reader *reader, enum status *out);
enum error take_map(struct reader *reader, struct slice *out);
enum error take_array(struct reader *reader, struct slice *out);
/* error_bad_version unless it is PROTOCOL_VERSION. */
enum error take_version(struct reader *reader);
/* A map's version by itself, since what it says decides how the rest is read; error_missing_field without one. */
enum error message_version(struct slice message);

struct envelope_fault;
/* Fills *fault, which may be NULL, and returns error. field may be FIELDS_END: the message as a whole. */
enum error fault_fill(struct envelope_fault *fault, enum error error, const struct field_table *table, int field);

/* ---- writing ---- */

struct buffer;
/* KEY(request, id) is that field's key on the wire. */
#define KEY(MAP, NAME) (&MAP##_table.keys[AT(MAP, NAME)])

void put_key(struct buffer *out, const struct field_key *key);
/* The key and the value; nothing for an empty text or raw value. */
void put_text(struct buffer *out, const struct field_key *key, struct slice text);
void put_raw(struct buffer *out, const struct field_key *key, struct slice value);
void put_unsigned(struct buffer *out, const struct field_key *key, uint64_t value);
void put_uuid(struct buffer *out, const struct field_key *key, const struct uuid *uuid);
void put_true(struct buffer *out, const struct field_key *key);

#endif
