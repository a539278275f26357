/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Makes vectors.json: the protocol by examples, against which every language's client proves itself. One case a line;
 * README.md beside it says what the kinds mean. Not part of any service. */
#ifndef PROTO_VECTORS_VECTORS_H
#define PROTO_VECTORS_VECTORS_H

#include "proto/writer.h"

/* Appends the whole file. out->failed tells whether memory ran out. */
void vectors_write(struct buffer *out);

/* Appends the bytes that hex says; spaces are free. */
void bytes_of_hex(const char *hex, struct buffer *out);

/* ---- for the files that hold the cases ---- */

/* A case is begun, given entries, and ended. Names are unique. */
void case_begin(struct buffer *out, const char *name, const char *kind);
void case_text(struct buffer *out, const char *key, struct slice text);
void case_hex(struct buffer *out, const char *key, struct slice bytes);
/* A number, as text too when it is beyond what a double holds exactly. */
void case_number(struct buffer *out, const char *key, int64_t number);
/* value is msgpack, written as JSON. */
void case_json(struct buffer *out, const char *key, struct slice value);
void case_end(struct buffer *out);

/* hex and json of one msgpack value. */
void case_message(struct buffer *out, const char *name, const char *kind, struct slice message);

void value_cases(struct buffer *out);
void invalid_cases(struct buffer *out);
void envelope_cases(struct buffer *out);
void identity_cases(struct buffer *out);

#endif
