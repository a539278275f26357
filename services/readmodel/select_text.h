/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files that write SQL share. Not for their callers. */
#ifndef READMODEL_SELECT_TEXT_H
#define READMODEL_SELECT_TEXT_H

#include "services/readmodel/select.h"

struct select_writer {
    struct select *out;
    const struct select_target *target;
    const struct query *query;
    uint32_t fold_parameter; /* number of the first of two, once they are bound */
    uint32_t word_parameter; /* number of the first of 2 a word, once they are bound */
    bool failed;
};

static inline bool select_is_sqlite(const struct select_writer *writer)
{
    return writer->target->dialect == DIALECT_SQLITE;
}
void select_put(struct select_writer *writer, const char *text);
/* Binds a value and appends its parameter; select_bind only binds, and returns its number. */
uint32_t select_bind(struct select_writer *writer, const struct value *value);
void select_parameter(struct select_writer *writer, uint32_t number);
void select_value(struct select_writer *writer, const struct value *value);
void select_text(struct select_writer *writer, struct slice text);
void select_integer(struct select_writer *writer, int64_t integer);

uint32_t field_column(uint32_t field);
/* Can the column be null? */
bool field_is_null(uint32_t field);

/* ---- select_filter.c: the condition that filter is ---- */
void select_filter(struct select_writer *writer);

/* ---- select_order.c ---- */
/* That the words occur; how well they fit. */
void select_words(struct select_writer *writer);
void select_sort_expression(struct select_writer *writer, uint32_t field);
void select_order(struct select_writer *writer);
/* That a row comes behind query->after. */
void select_after(struct select_writer *writer);

#endif
