/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files that parse queries share. Not for their callers.
 *
 *   query_kinds.c   operators by kind, fields by name
 *   query_memory.c  the memory of a query, and faults with their paths
 *   query_value.c   values of filters, in their column's units
 *   query_filter.c  filters
 *   query_order.c   sort, include and exclude
 *   query_parse.c   the map as a whole
 *   query_cursor.c  cursors */
#ifndef READMODEL_QUERY_PARSER_H
#define READMODEL_QUERY_PARSER_H

#include "services/readmodel/query.h"

struct query_chunk {
    struct query_chunk *next;
    size_t size, used;
    uint8_t bytes[];
};

struct query_parser {
    struct query *query;
    const struct model *model;
    struct data_faults *faults;
    uint32_t conditions;
    bool no_memory;
    struct buffer scratch, scratch2;
    size_t path_size;
    char path[256]; /* JSON pointer to what is looked at; cut where it is too long */
};

/* ---- query_memory.c ---- */

/* Bytes that live as long as the query; NULL (and no_memory) when memory is out. */
uint8_t *query_take(struct query_parser *parser, size_t size);
/* A copy with that life; empty when memory is out. */
struct slice query_keep(struct query_parser *parser, struct slice bytes);

/* Enter a map's entry or a list's item; what it returns goes to path_leave. */
size_t path_enter(struct query_parser *parser, struct slice key);
size_t path_enter_item(struct query_parser *parser, uint32_t index);
static inline void path_leave(struct query_parser *parser, size_t before)
{
    parser->path_size = before;
    parser->path[before] = '\0';
}
/* Counts a fault at the path, and keeps it while there is room. Always false. */
bool query_fault(struct query_parser *parser, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline bool query_good(const struct query_parser *parser)
{
    return parser->faults->count == 0 && !parser->no_memory;
}

/* ---- query_value.c ---- */

/* The value that a condition compares a field with. False when there was a fault. */
bool value_parse(struct query_parser *parser,
                 const struct model_field *field,
                 enum query_operator
                 operator,
                 struct slice raw,
                 struct value *out);
/* A list of values (in, notin, between): calls value_parse for each item. */

/* ---- query_filter.c, query_order.c, query_cursor.c ---- */

void filter_parse(struct query_parser *parser, struct slice map);
/* After filter_parse, whose conditions it adds to. */
void scope_parse(struct query_parser *parser, struct slice map);
void sort_parse(struct query_parser *parser, struct slice raw);
/* After include: exclude. */
void include_parse(struct query_parser *parser, struct slice raw);
void exclude_parse(struct query_parser *parser, struct slice raw);
/* After everything else, which query->hash is of. */
void cursor_parse(struct query_parser *parser, struct slice raw);
enum error query_hash(struct query *query, struct buffer *scratch);

/* A text, or a list of texts, as one comma list after another: calls visit for each name without spaces around it. */
void names_visit(struct query_parser *parser,
                 struct slice raw,
                 void (*visit)(struct query_parser *parser, struct slice name));

#endif
