/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whole statements, and their parameters. */
#include <stdlib.h>

#include "services/readmodel/select_text.h"

void select_clear(struct select *select)
{
    buffer_clear(&select->sql);
    select->count = 0;
}

void select_fini(struct select *select)
{
    buffer_fini(&select->sql);
    free(select->values);
    *select = (struct select){0};
}

/* ---- pieces ---- */

void select_put(struct select_writer *writer, const char *text)
{
    buffer_append_text(&writer->out->sql, text);
}

uint32_t select_bind(struct select_writer *writer, const struct value *value)
{
    struct select *out = writer->out;
    if (out->count == out->capacity) {
        uint32_t capacity = out->capacity == 0 ? 16 : 2 * out->capacity;
        struct value *grown = realloc(out->values, capacity * sizeof *grown);
        if (grown == NULL) {
            writer->failed = true;
            return 1;
        }
        out->values = grown;
        out->capacity = capacity;
    }
    out->values[out->count++] = *value;
    return out->count;
}

void select_parameter(struct select_writer *writer, uint32_t number)
{
    buffer_append(&writer->out->sql, select_is_sqlite(writer) ? "?" : "$", 1);
    sql_number(&writer->out->sql, number);
}

void select_value(struct select_writer *writer, const struct value *value)
{
    select_parameter(writer, select_bind(writer, value));
}

void select_text(struct select_writer *writer, struct slice text)
{
    select_value(writer, &(struct value){.kind = VALUE_TEXT, .text = text});
}

void select_integer(struct select_writer *writer, int64_t integer)
{
    select_value(writer, &(struct value){.kind = VALUE_INTEGER, .integer = integer});
}

uint32_t field_column(uint32_t field)
{
    static const uint32_t audit[AUDIT_COUNT] = {
        [AUDIT_ID] = TABLE_ID,
        [AUDIT_CREATED] = TABLE_CREATED,
        [AUDIT_UPDATED] = TABLE_UPDATED,
        [AUDIT_CREATOR] = TABLE_CREATOR,
        [AUDIT_UPDATER] = TABLE_UPDATER,
        [AUDIT_DELETED] = TABLE_DELETED,
        [AUDIT_ETAG] = TABLE_ETAG,
        [AUDIT_REALM] = TABLE_REALM,
    };
    return field < FIELD_AUDIT ? TABLE_FIELDS + field : audit[field - FIELD_AUDIT];
}

bool field_is_null(uint32_t field)
{
    return field < FIELD_AUDIT || field == FIELD_AUDIT + AUDIT_DELETED;
}

/* ---- statements ---- */

static void put_from(struct select_writer *writer)
{
    select_put(writer, " FROM ");
    table_name(&writer->out->sql, writer->target->dialect, writer->target->build, writer->target->number);
    select_put(writer, writer->query->every_realm ? " WHERE _realm IS NOT NULL" : " WHERE _realm = ");
    if (!writer->query->every_realm)
        select_text(writer, writer->query->realm);
    if (!writer->query->deleted)
        select_put(writer, " AND _deleted IS NULL");
}

static void put_conditions(struct select_writer *writer)
{
    put_from(writer);
    if (writer->query->word_count > 0)
        select_words(writer);
    if (writer->query->filter.node_count > 1) {
        select_put(writer, " AND ");
        select_filter(writer);
    }
}

static void put_columns(struct select_writer *writer)
{
    select_put(writer, "SELECT _row");
}

static void put_limit(struct select_writer *writer)
{
    const struct query *query = writer->query;
    select_put(writer, " LIMIT ");
    select_integer(writer, (int64_t)query->limit + 1);
    if (query->page > 1) {
        select_put(writer, " OFFSET ");
        select_integer(writer, (int64_t)(query->page - 1) * query->limit);
    }
}

static enum error put_end(struct select_writer *writer)
{
    struct buffer *sql = &writer->out->sql;
    buffer_append(sql, "", 1);
    if (sql->failed || writer->failed)
        return error_no_memory;
    sql->size--;
    return error_none;
}

enum error select_rows(struct select *out, const struct select_target *target, const struct query *query)
{
    struct select_writer writer = {.out = out, .target = target, .query = query};
    select_clear(out);
    put_columns(&writer);
    for (uint32_t i = 0; i < query->sort_count; i++) {
        select_put(&writer, ", ");
        select_sort_expression(&writer, query->sort[i].field);
    }
    put_conditions(&writer);
    if (query->page == 0)
        select_after(&writer);
    select_order(&writer);
    put_limit(&writer);
    return put_end(&writer);
}

enum error select_count(struct select *out, const struct select_target *target, const struct query *query)
{
    struct select_writer writer = {.out = out, .target = target, .query = query};
    select_clear(out);
    select_put(&writer, "SELECT count(*)");
    put_conditions(&writer);
    return put_end(&writer);
}

enum error
select_item(struct select *out, const struct select_target *target, const struct query *query, struct slice id)
{
    struct select_writer writer = {.out = out, .target = target, .query = query};
    select_clear(out);
    put_columns(&writer);
    put_from(&writer);
    select_put(&writer, " AND _id = ");
    select_text(&writer, id);
    return put_end(&writer);
}
