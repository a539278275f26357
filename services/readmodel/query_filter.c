/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Filters: maps of statements to a tree in preorder. */
#include <stdlib.h>

#include "proto/json.h"
#include "services/readmodel/query_parser.h"

enum { NODES_MAX = 2 * QUERY_CONDITIONS_MAX };

/* Makes room for one more of an array that grows by doubling; NULL (and no_memory) when memory is out. */
static void *grow(struct query_parser *parser, void *items, uint32_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return items;
    void *grown = realloc(items, (count == 0 ? 1 : 2 * (size_t)count) * size);
    if (grown == NULL)
        parser->no_memory = true;
    return grown;
}

/* The number of a new node, or -1. */
static int32_t node_add(struct query_parser *parser, const struct filter_node *node)
{
    struct filter *filter = &parser->query->filter;
    if (filter->node_count == NODES_MAX) {
        query_fault(parser, "too_many_items", "more than %d statements and conditions", NODES_MAX);
        return -1;
    }
    struct filter_node *grown = grow(parser, filter->nodes, filter->node_count, sizeof *grown);
    if (grown == NULL)
        return -1;
    filter->nodes = grown;
    grown[filter->node_count] = *node;
    return (int32_t)filter->node_count++;
}

static bool value_add(struct query_parser *parser, const struct value *value)
{
    struct filter *filter = &parser->query->filter;
    if (filter->value_count == QUERY_VALUES_MAX)
        return query_fault(parser, "too_many_items", "more than %d values", QUERY_VALUES_MAX);
    struct value *grown = grow(parser, filter->values, filter->value_count, sizeof *grown);
    if (grown == NULL)
        return false;
    filter->values = grown;
    grown[filter->value_count++] = *value;
    return true;
}

/* ---- conditions ---- */

static bool operator_find(struct slice name, enum query_operator *out)
{
    for (uint32_t i = 0; i < QUERY_OPERATORS; i++)
        if (slice_is(name, query_operator_names[i])) {
            *out = (enum query_operator)i;
            return true;
        }
    return false;
}

static bool operator_fault(struct query_parser *parser, const char *code, const struct model_field *field)
{
    char text[120] = "";
    size_t size = 0;
    uint32_t taken = kind_operators(field->kind);
    for (uint32_t i = 0; i < QUERY_OPERATORS; i++) {
        size_t name_size = strlen(query_operator_names[i]);
        if ((taken & 1u << i) == 0 || size + name_size + 2 >= sizeof text)
            continue;
        text[size] = ' ';
        memcpy(text + size + 1, query_operator_names[i], name_size + 1);
        size += name_size + 1;
    }
    return query_fault(parser, code, "the field takes%s", text);
}

/* What a key says: field, field.op, field!op. Names of fields may have dots, so the longest is tried first. */
static bool key_parse(struct query_parser *parser, struct slice key, struct filter_node *out)
{
    size_t at = key.size;
    if (query_field_find(parser->model, key, &out->field)) {
        out->operator= kind_default(query_field(parser->model, out->field)->kind);
        return true;
    }
    while (at > 0 && key.data[at - 1] != '.' && key.data[at - 1] != '!')
        at--;
    if (at == 0 || !query_field_find(parser->model, slice_of(key.data, at - 1), &out->field))
        return query_fault(parser, "unknown_field", "there is no such field");
    const struct model_field *field = query_field(parser->model, out->field);
    out->negated = key.data[at - 1] == '!';
    if (!operator_find(slice_of(key.data + at, key.size - at), &out->operator))
        return operator_fault(parser, "unknown_operator", field);
    if ((kind_operators(field->kind) & 1u << out->operator) == 0)
        return operator_fault(parser, "operator_not_taken", field);
    return true;
}

static void values_parse_list(struct query_parser *parser, struct filter_node *node, struct slice raw)
{
    const struct model_field *field = query_field(parser->model, node->field);
    struct reader reader = reader_of(raw);
    struct value value;
    uint32_t count;
    if (reader_array(&reader, &count) != error_none) {
        query_fault(parser, "expected_list", "must be a list");
        return;
    }
    if (node->operator== QUERY_BETWEEN && count != 2) {
        query_fault(parser, count < 2 ? "too_few_items" : "too_many_items", "must be two values, from and to");
        return;
    }
    if (count > QUERY_LIST_MAX) {
        query_fault(parser, "too_many_items", "has more than %d items", QUERY_LIST_MAX);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct slice item;
        size_t before = path_enter_item(parser, i);
        if (reader_raw(&reader, &item) == error_none && value_parse(parser, field, node->operator, item, &value) &&
            value_add(parser, &value))
            node->value_count++;
        path_leave(parser, before);
    }
}

/* False: there are too many. */
static bool condition_count(struct query_parser *parser)
{
    if (parser->conditions++ == QUERY_CONDITIONS_MAX)
        query_fault(parser, "too_many_items", "more than %d conditions", QUERY_CONDITIONS_MAX);
    return parser->conditions <= QUERY_CONDITIONS_MAX;
}

static void condition_add(struct query_parser *parser, struct filter_node *node, struct slice raw)
{
    struct value value;
    node->value = parser->query->filter.value_count;
    if (node->operator== QUERY_IN || node->operator== QUERY_NOTIN || node->operator== QUERY_BETWEEN)
        values_parse_list(parser, node, raw);
    else if (value_parse(parser, query_field(parser->model, node->field), node->operator, raw, &value) &&
             value_add(parser, &value))
        node->value_count = 1;
    node->end = parser->query->filter.node_count + 1;
    node_add(parser, node);
}

static void condition_parse(struct query_parser *parser, struct slice key, struct slice raw)
{
    struct filter_node node = {.kind = FILTER_CONDITION};
    if (condition_count(parser) && key_parse(parser, key, &node))
        condition_add(parser, &node, raw);
}

/* ---- statements ---- */

static void statement_parse(struct query_parser *parser, struct slice map, uint32_t depth);

static bool composite_find(struct slice key, struct filter_node *out)
{
    static const struct {
        const char *key;
        enum filter_kind kind;
        bool negated;
    } composites[] = {
        {".and", FILTER_ALL, false}, {".or", FILTER_ANY, false}, {"!and", FILTER_ALL, true}, {"!or", FILTER_ANY, true}};
    for (size_t i = 0; i < sizeof composites / sizeof composites[0]; i++)
        if (slice_is(key, composites[i].key)) {
            *out = (struct filter_node){.kind = composites[i].kind, .negated = composites[i].negated};
            return true;
        }
    return false;
}

static void
composite_parse(struct query_parser *parser, const struct filter_node *node, struct slice raw, uint32_t depth)
{
    struct reader reader = reader_of(raw);
    struct slice statement;
    uint32_t count;
    if (reader_array(&reader, &count) != error_none) {
        query_fault(parser, "expected_list", "must be a list of statements");
        return;
    }
    if (depth == QUERY_DEPTH_MAX) {
        query_fault(parser, "too_deep", "more than %d levels", QUERY_DEPTH_MAX);
        return;
    }
    int32_t number = node_add(parser, node);
    for (uint32_t i = 0; number >= 0 && i < count && parser->query->filter.node_count < NODES_MAX; i++) {
        size_t before = path_enter_item(parser, i);
        if (reader_raw(&reader, &statement) == error_none)
            statement_parse(parser, statement, depth + 1);
        path_leave(parser, before);
    }
    if (number >= 0 && parser->query->filter.node_count == NODES_MAX)
        query_fault(parser, "too_many_items", "more than %d statements and conditions", NODES_MAX);
    if (number >= 0)
        parser->query->filter.nodes[number].end = parser->query->filter.node_count;
}

static void entry_parse(struct query_parser *parser, struct slice key, struct slice raw, uint32_t depth)
{
    struct filter_node composite;
    size_t before = path_enter(parser, key);
    if (composite_find(key, &composite))
        composite_parse(parser, &composite, raw, depth);
    else if (key.size > 0 && (key.data[0] == '.' || key.data[0] == '!'))
        query_fault(parser, "unknown_operator", "must be .and, .or, !and or !or");
    else
        condition_parse(parser, key, raw);
    path_leave(parser, before);
}

static void statement_parse(struct query_parser *parser, struct slice map, uint32_t depth)
{
    struct reader reader = reader_of(map);
    struct slice key, raw;
    uint32_t entries;
    if (reader_map(&reader, &entries) != error_none) {
        query_fault(parser, "expected_map", "must be a map of fields and what they are compared with");
        return;
    }
    int32_t number = node_add(parser, &(struct filter_node){.kind = FILTER_ALL});
    for (uint32_t i = 0; number >= 0 && i < entries; i++)
        if (reader_text(&reader, &key) == error_none && reader_raw(&reader, &raw) == error_none)
            entry_parse(parser, key, raw, depth);
    if (number >= 0)
        parser->query->filter.nodes[number].end = parser->query->filter.node_count;
}

void filter_parse(struct query_parser *parser, struct slice map)
{
    statement_parse(parser, map, 0);
}

/* ---- scopes ---- */

/* All of a scope are texts: numbers and booleans, which have none of their own, are read as JSON. What is none stays
 * the text, and so is at fault. */
static struct slice scope_value(struct query_parser *parser, enum model_kind kind, struct slice raw)
{
    struct reader reader = reader_of(raw);
    struct slice text;
    buffer_clear(&parser->scratch2);
    if ((kind != MODEL_BOOL && kind != MODEL_DOUBLE) || reader_text(&reader, &text) != error_none ||
        json_to_msgpack(text, &parser->scratch2, NULL) != error_none)
        return raw;
    return buffer_slice(&parser->scratch2);
}

static void scope_condition(struct query_parser *parser, struct slice key, struct slice raw)
{
    struct filter_node node = {.kind = FILTER_CONDITION, .operator= QUERY_EQ };
    struct reader reader = reader_of(raw);
    struct slice text;
    if (!condition_count(parser))
        return;
    if (reader_text(&reader, &text) != error_none)
        query_fault(parser, "expected_text", "must be a text");
    else if (!query_field_find(parser->model, key, &node.field))
        query_fault(parser, "unknown_field", "there is no such field");
    else
        condition_add(parser, &node, scope_value(parser, query_field(parser->model, node.field)->kind, raw));
}

void scope_parse(struct query_parser *parser, struct slice map)
{
    struct filter *filter = &parser->query->filter;
    struct reader reader = reader_of(map);
    struct slice key, raw;
    uint32_t entries;
    if (reader_map(&reader, &entries) != error_none) {
        query_fault(parser, "expected_map", "must be a map of fields and texts");
        return;
    }
    for (uint32_t i = 0; i < entries; i++)
        if (reader_text(&reader, &key) == error_none && reader_raw(&reader, &raw) == error_none) {
            size_t before = path_enter(parser, key);
            scope_condition(parser, key, raw);
            path_leave(parser, before);
        }
    if (filter->node_count > 0)
        filter->nodes[0].end = filter->node_count;
}
