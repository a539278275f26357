/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writes JSON into a buffer without minding commas. Names and texts are quoted; nothing checks that the calls nest
 * well, which is the caller's to see to. Pure; running out of memory makes the buffer `failed`. */
#ifndef GATEWAY_JSON_OUT_H
#define GATEWAY_JSON_OUT_H

#include "proto/writer.h"

struct json_out {
    struct buffer *out;
    bool comma; /* something stands before the next value */
};

static inline struct json_out json_out_of(struct buffer *out)
{
    return (struct json_out){.out = out};
}

void json_open(struct json_out *json, char bracket);  /* { or [ */
void json_close(struct json_out *json, char bracket); /* } or ] */
void json_close_all(struct json_out *json, const char *brackets);

void json_key(struct json_out *json, const char *name);
void json_key_text(struct json_out *json, struct slice name);
/* A name made by printf; cut at 1 KiB. */
void json_key_print(struct json_out *json, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Key and bracket at once. */
void json_key_open(struct json_out *json, const char *name, char bracket);

void json_text(struct json_out *json, struct slice text);
void json_string(struct json_out *json, const char *text);
void json_integer(struct json_out *json, int64_t value);
void json_bool(struct json_out *json, bool value);
/* A text made by printf; cut at 1 KiB. */
void json_print(struct json_out *json, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A msgpack value; null when it cannot be written. */
void json_value(struct json_out *json, struct slice raw);

/* Key and value at once. */
void json_pair(struct json_out *json, const char *name, const char *text);
void json_pair_text(struct json_out *json, const char *name, struct slice text);
/* The entries of a msgpack map, as entries of the object that is open. */
void json_entries(struct json_out *json, struct slice map);

#endif
