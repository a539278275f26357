/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Arrays and rows in PostgreSQL's binary form, as parameters of statements: numbers are big-endian, each value has its
 * size before it. A buffer that failed stays failed, whatever is put into it. */
#ifndef READMODEL_POSTGRES_ARRAY_H
#define READMODEL_POSTGRES_ARRAY_H

#include "proto/writer.h"
#include "services/readmodel/database.h"

/* Types' numbers in the server. */
enum array_type { TYPE_BIGINT = 20, TYPE_TEXT = 25, TYPE_DOUBLE = 701, TYPE_JSON = 3802 };

void word_put(struct buffer *out, uint32_t word);
void word_set(struct buffer *out, size_t place, uint32_t word);

/* Clears out. An array of one dimension; what follows are its items: those below, or of another type the same way. */
void array_begin(struct buffer *out, uint32_t type);
void array_end(struct buffer *out, size_t count);

void number_put(struct buffer *out, uint64_t number);
void text_put(struct buffer *out, struct slice text);
/* As a value of type: texts for TYPE_JSON are JSON. */
void value_put(struct buffer *out, const struct value *value, uint32_t type);

#endif
