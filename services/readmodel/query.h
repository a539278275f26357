/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The language of queries (docs/HTTP.md, Queries): from the map that a client sends to a checked query against a model.
 * Pure: nothing here knows a database. What comes out is bounded in depth, count and size, names only fields and
 * operators that the model has, and holds values in the units of their columns. */
#ifndef READMODEL_QUERY_H
#define READMODEL_QUERY_H

#include <fluvius/host.h>

#include "services/readmodel/database.h"

/* ---- limits ---- */

#define QUERY_BYTES_MAX 65536 /* of the whole map */
#define QUERY_DEPTH_MAX 8     /* .and and .or within each other */
#define QUERY_CONDITIONS_MAX 256
#define QUERY_LIST_MAX 256    /* values of one `in`, `cs`, `ov` */
#define QUERY_VALUES_MAX 1024 /* of all conditions */
#define QUERY_TEXT_MAX 4096   /* bytes of one text value, name, list of names, or text= */
#define QUERY_SORT_MAX 8
#define QUERY_WORDS_MAX 16       /* of text= */
#define QUERY_OFFSET_MAX 1000000 /* rows that pages skip; cursors have no such bound */

/* ---- operators ---- */

enum query_operator {
    QUERY_EQ,
    QUERY_NE,
    QUERY_GT,
    QUERY_GTE,
    QUERY_LT,
    QUERY_LTE,
    QUERY_IN,
    QUERY_NOTIN,
    QUERY_HAS,
    QUERY_ILIKE,
    QUERY_CS,
    QUERY_OV,
    QUERY_BETWEEN,
    QUERY_OPERATORS
};
/* "eq", "notin", ... */
extern const char *const query_operator_names[QUERY_OPERATORS];
/* Which a kind takes (bit 1 << operator), which stands when none is written, and whether rows can be sorted by it. */
uint32_t kind_operators(enum model_kind kind);
enum query_operator kind_default(enum model_kind kind);
bool kind_sorts(enum model_kind kind);

/* ---- fields: a model's own by their number, audit fields from FIELD_AUDIT on ---- */

#define FIELD_AUDIT 0x1000u
#define FIELD_RANK 0x2000u /* how well the words of text= fit; only to sort by */
const struct model_field *query_field(const struct model *model, uint32_t field);
bool query_field_find(const struct model *model, struct slice name, uint32_t *out);

/* ---- filters ---- */

enum filter_kind { FILTER_ALL, FILTER_ANY, FILTER_CONDITION };

/* A tree in preorder: a node's children follow it, up to the node `end`. Node 0 is FILTER_ALL. */
struct filter_node {
    enum filter_kind kind;
    bool negated;
    uint32_t end;
    /* FILTER_CONDITION: */
    uint32_t field;
    enum query_operator operator;
    uint32_t value, value_count; /* in filter->values; between: two */
};

/* Values are in their column's units (see model.h); of `has` and `ilike` the text is folded; of LIST and MAP the text
 * is JSON: the whole for eq and ne, a list of elements or a map of entries for cs and ov. */
struct filter {
    uint32_t node_count, value_count;
    struct filter_node *nodes;
    struct value *values;
};

/* ---- queries ---- */

struct sort_key {
    uint32_t field;
    bool descending; /* nulls come last either way */
};

struct query {
    const struct model *model;
    struct slice realm;
    bool every_realm; /* realm does not count: for the platform's own looks, never for a request */
    struct filter filter;
    struct slice words; /* of text=, folded, a space between each; empty: not searched */
    uint32_t word_count;
    uint32_t sort_count; /* with FIELD_RANK before when only text= says an order, and _id at the end */
    struct sort_key sort[QUERY_SORT_MAX + 2];
    uint32_t limit, page; /* page 0: a cursor is given */
    bool numbered;        /* the page was asked for by its number: it has all of its rows, or is refused */
    size_t bytes;         /* of rows in a page, from which on it ends early; limit_page_bytes */
    bool total, deleted;
    struct value after[QUERY_SORT_MAX + 2]; /* with a cursor: the last row's values of sort */
    bool all_fields;                        /* no include or exclude */
    bool keep[MODEL_FIELDS_MAX], keep_audit[AUDIT_COUNT];
    bool keep_others;           /* what a row has that is no field of the model */
    uint64_t hash;              /* of what a cursor belongs to: model, realm, filter, words, sort, deleted */
    struct query_chunk *memory; /* what the slices point into, besides the map */
};

/* Checks map, a msgpack map that passed msgpack_check:
 *   query            a map of statements: field, field.op, field!op; .and .or !and !or: lists of such maps
 *   scope            a map of fields and texts: each must be equal; true and numbers as JSON writes them
 *   sort             "field.asc,other.desc" or a list of such texts
 *   include exclude  "field,other" or a list; a name may be a record: all that is in it
 *   limit            1 to limit_page_limit; limit_page_default when absent
 *   page             from 1; or
 *   cursor           what `next` of a page was
 *   text             words, all of which must occur
 *   total            count all rows: true unless a cursor is given
 *   deleted          removed rows too: false
 * Numbers and booleans may also be texts. Keys in `others` (a NULL-terminated list, may be NULL) are left to the
 * caller; any more are faults. All faults are told, with JSON pointers into map. error_invalid_data when there are any,
 * error_no_memory. *out points into map, model and realm; freed with query_fini, which is safe on a zeroed one. */
enum error query_parse(struct slice map,
                       const struct model *model,
                       struct slice realm,
                       const char *const *others,
                       struct query *out,
                       struct data_faults *faults);
void query_fini(struct query *query);

/* Appends a row's place in the order: its values of query->sort. */
void cursor_place(struct buffer *out, const struct query *query, const struct value *values);
/* Appends the cursor that goes on behind a place. */
void cursor_write(struct buffer *out, const struct query *query, struct slice place);

#endif
