/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The SQL of a query. Text is made of numbers and fixed words only; every value of a client, and every identifier, is a
 * parameter. The shape of the query alone decides the text, so equal shapes share a prepared statement. Pure.
 *
 * Each condition is true or false, never null: a positive one asks that the field is there, a negated one takes a field
 * that is not. So negation of whole statements is right as well. */
#ifndef READMODEL_SELECT_H
#define READMODEL_SELECT_H

#include "services/readmodel/query.h"
#include "services/readmodel/table.h"

/* Texts are sorted by so many characters, which bounds cursors. */
#define SORT_CHARACTERS 256

struct select_target {
    enum dialect dialect;
    uint32_t build, number;
    /* PostgreSQL: a collation whose lower() folds as words.h does, quoted; NULL: none, fold_from and fold_to are the
     * characters above ASCII that have a lower case, and those. SQLite has functions (functions.h). */
    const char *fold_collation;
    struct slice fold_from, fold_to;
};

struct select {
    struct buffer sql; /* ends with a NUL, which size does not count */
    uint32_t count, capacity;
    struct value *values; /* of the parameters: ?1, ?2, ... or $1, $2, ... */
};
void select_clear(struct select *select);
void select_fini(struct select *select);

/* Columns of what select_rows and select_item give; with select_rows those that it sorts by follow. */
enum select_column { SELECT_ROW, SELECT_SORT };

/* Rows of a page, and one more when there is one. error_no_memory. *out is cleared first. */
enum error select_rows(struct select *out, const struct select_target *target, const struct query *query);
/* How many rows there are on all pages. */
enum error select_count(struct select *out, const struct select_target *target, const struct query *query);
enum error
select_item(struct select *out, const struct select_target *target, const struct query *query, struct slice id);

#endif
