/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Filters as SQL. */
#include "services/readmodel/select_text.h"

static void put_column(struct select_writer *writer, const struct filter_node *node)
{
    column_name(&writer->out->sql, field_column(node->field));
}

static const struct value *value_of(const struct select_writer *writer, const struct filter_node *node, uint32_t i)
{
    return &writer->query->filter.values[node->value + i];
}

/* ---- operators ---- */

static void put_comparison(struct select_writer *writer, const struct filter_node *node, const char *operator)
{
    put_column(writer, node);
    select_put(writer, operator);
    select_value(writer, value_of(writer, node, 0));
}

/* Lists are filled up to a power of two with their last value, so that there are few texts. */
static void put_choice(struct select_writer *writer, const struct filter_node *node)
{
    uint32_t count = 1;
    if (node->value_count == 0) {
        select_put(writer, "1 = 0");
        return;
    }
    while (count < node->value_count)
        count *= 2;
    put_column(writer, node);
    select_put(writer, " IN (");
    for (uint32_t i = 0; i < count; i++) {
        select_put(writer, i == 0 ? "" : ", ");
        select_value(writer, value_of(writer, node, i < node->value_count ? i : node->value_count - 1));
    }
    select_put(writer, ")");
}

static void put_between(struct select_writer *writer, const struct filter_node *node)
{
    put_column(writer, node);
    select_put(writer, " BETWEEN ");
    select_value(writer, value_of(writer, node, 0));
    select_put(writer, " AND ");
    select_value(writer, value_of(writer, node, 1));
}

/* SQLite: a function of ours. */
static void put_function(struct select_writer *writer, const struct filter_node *node, const char *name)
{
    select_put(writer, name);
    select_put(writer, "(");
    put_column(writer, node);
    select_put(writer, ", ");
    select_value(writer, value_of(writer, node, 0));
    select_put(writer, ")");
}

/* PostgreSQL: ASCII is quick without a collation; translate() is slow, so it is for the rest, and where none fits. */
static void put_folded(struct select_writer *writer, const struct filter_node *node)
{
    const struct select_target *target = writer->target;
    if (target->fold_collation != NULL) {
        select_put(writer, "lower(");
        put_column(writer, node);
        select_put(writer, " COLLATE ");
        select_put(writer, target->fold_collation);
        select_put(writer, ") COLLATE \"C\"");
        return;
    }
    if (writer->fold_parameter == 0) {
        writer->fold_parameter = select_bind(writer, &(struct value){.kind = VALUE_TEXT, .text = target->fold_from});
        select_bind(writer, &(struct value){.kind = VALUE_TEXT, .text = target->fold_to});
    }
    select_put(writer, "CASE WHEN octet_length(");
    put_column(writer, node);
    select_put(writer, ") = length(");
    put_column(writer, node);
    select_put(writer, ") THEN lower(");
    put_column(writer, node);
    select_put(writer, ") ELSE translate(lower(");
    put_column(writer, node);
    select_put(writer, "), ");
    select_parameter(writer, writer->fold_parameter);
    select_put(writer, ", ");
    select_parameter(writer, writer->fold_parameter + 1);
    select_put(writer, ") END");
}

static void put_text_match(struct select_writer *writer, const struct filter_node *node)
{
    bool has = node->operator== QUERY_HAS;
    if (select_is_sqlite(writer)) {
        put_function(writer, node, has ? "fluvius_has" : "fluvius_like");
        return;
    }
    select_put(writer, has ? "strpos(" : "(");
    put_folded(writer, node);
    select_put(writer, has ? ", " : ") LIKE ");
    select_value(writer, value_of(writer, node, 0));
    if (has)
        select_put(writer, ") > 0");
}

static void
put_json(struct select_writer *writer, const struct filter_node *node, const char *function, const char *operator)
{
    if (select_is_sqlite(writer)) {
        put_function(writer, node, function);
        return;
    }
    put_column(writer, node);
    select_put(writer, operator);
    select_value(writer, value_of(writer, node, 0));
    select_put(writer, "::jsonb");
}

static void put_overlap(struct select_writer *writer, const struct filter_node *node)
{
    if (select_is_sqlite(writer)) {
        put_function(writer, node, "fluvius_overlaps");
        return;
    }
    select_put(writer, "EXISTS (SELECT 1 FROM jsonb_array_elements(");
    put_column(writer, node);
    select_put(writer, ") AS h(e) WHERE h.e IN (SELECT g.e FROM jsonb_array_elements(");
    select_value(writer, value_of(writer, node, 0));
    select_put(writer, "::jsonb) AS g(e)))");
}

static bool is_json(const struct select_writer *writer, const struct filter_node *node)
{
    enum model_kind kind = query_field(writer->query->model, node->field)->kind;
    return kind == MODEL_LIST || kind == MODEL_MAP;
}

static void put_equal(struct select_writer *writer, const struct filter_node *node)
{
    if (is_json(writer, node))
        put_json(writer, node, "fluvius_equal", " = ");
    else
        put_comparison(writer, node, " = ");
}

/* The operator without its negation, for a field that is there. */
static void put_operator(struct select_writer *writer, const struct filter_node *node)
{
    switch (node->operator) {
    case QUERY_GT:
        put_comparison(writer, node, " > ");
        break;
    case QUERY_GTE:
        put_comparison(writer, node, " >= ");
        break;
    case QUERY_LT:
        put_comparison(writer, node, " < ");
        break;
    case QUERY_LTE:
        put_comparison(writer, node, " <= ");
        break;
    case QUERY_IN:
    case QUERY_NOTIN:
        put_choice(writer, node);
        break;
    case QUERY_HAS:
    case QUERY_ILIKE:
        put_text_match(writer, node);
        break;
    case QUERY_CS:
        put_json(writer, node, "fluvius_contains", " @> ");
        break;
    case QUERY_OV:
        put_overlap(writer, node);
        break;
    case QUERY_BETWEEN:
        put_between(writer, node);
        break;
    default:
        put_equal(writer, node);
        break;
    }
}

/* ---- the tree ---- */

/* ne and notin are written as the negation of eq and in, for a field that is there. */
static void put_condition(struct select_writer *writer, const struct filter_node *node)
{
    bool opposite = node->operator== QUERY_NE || node->operator== QUERY_NOTIN;
    bool not = node->negated != opposite;
    select_put(writer, "(");
    if (field_is_null(node->field)) {
        put_column(writer, node);
        select_put(writer, node->negated ? " IS NULL OR " : " IS NOT NULL AND ");
    }
    select_put(writer, not ? "NOT (" : "(");
    put_operator(writer, node);
    select_put(writer, "))");
}

static void put_node(struct select_writer *writer, uint32_t number);

/* Recursion is as deep as filters nest, which their parser bounds. */
static void put_composite(struct select_writer *writer, uint32_t number)
{
    const struct filter_node *nodes = writer->query->filter.nodes, *node = &nodes[number];
    bool all = node->kind == FILTER_ALL;
    if (node->negated)
        select_put(writer, "NOT ");
    select_put(writer, "(");
    if (node->end == number + 1)
        select_put(writer, all ? "1 = 1" : "1 = 0");
    for (uint32_t child = number + 1; child < node->end; child = nodes[child].end) {
        if (child > number + 1)
            select_put(writer, all ? " AND " : " OR ");
        put_node(writer, child);
    }
    select_put(writer, ")");
}

static void put_node(struct select_writer *writer, uint32_t number)
{
    const struct filter_node *node = &writer->query->filter.nodes[number];
    if (node->kind == FILTER_CONDITION)
        put_condition(writer, node);
    else
        put_composite(writer, number);
}

void select_filter(struct select_writer *writer)
{
    put_node(writer, 0);
}
