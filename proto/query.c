/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data of a query request, and of its reply. */
#include "proto/envelope.h"
#include "proto/fields.h"

static enum error take_limit(struct reader *reader, uint32_t *out)
{
    uint64_t number;
    enum error error = take_u64(reader, &number);
    if (error == error_none && number == 0)
        error = error_out_of_range;
    if (error == error_none)
        *out = number > limit_page_limit ? limit_page_limit : (uint32_t)number;
    return error;
}

static enum error take_page_number(struct reader *reader, uint32_t *out)
{
    uint32_t number;
    enum error error = take_u32(reader, &number);
    if (error == error_none && number == 0)
        error = error_out_of_range;
    if (error == error_none)
        *out = number;
    return error;
}

static enum error take_total(struct reader *reader, bool *no_total)
{
    bool total;
    enum error error = reader_bool(reader, &total);
    if (error == error_none)
        *no_total = !total;
    return error;
}

static enum error take_names(struct reader *reader, struct slice *out)
{
    struct slice array, name;
    uint32_t count;
    enum error error = take_array(reader, &array);
    if (error != error_none)
        return error;
    struct reader names = reader_of(array);
    error = reader_array(&names, &count);
    for (uint32_t i = 0; error == error_none && i < count; i++)
        error = reader_text(&names, &name);
    if (error == error_none)
        *out = array;
    return error;
}

static enum error take_position(struct reader *reader, struct slice *out)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    if (error == error_none && text.size > limit_position_bytes)
        error = error_too_long;
    if (error == error_none)
        *out = text;
    return error;
}

static enum error query_take(struct row_query *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(query, filter):
        return take_map(reader, &out->filter);
    case AT(query, sort):
        return take_names(reader, &out->sort);
    case AT(query, include):
        return take_names(reader, &out->include);
    case AT(query, exclude):
        return take_names(reader, &out->exclude);
    case AT(query, limit):
        return take_limit(reader, &out->limit);
    case AT(query, page):
        return take_page_number(reader, &out->page);
    case AT(query, cursor):
        return reader_text(reader, &out->cursor);
    case AT(query, text):
        out->has_text = true;
        return reader_text(reader, &out->text);
    case AT(query, total):
        return take_total(reader, &out->no_total);
    case AT(query, deleted):
        return reader_bool(reader, &out->deleted);
    case AT(query, at_least):
        return take_position(reader, &out->at_least);
    default:
        out->has_identifier = true;
        return take_name(reader, &out->identifier);
    }
}

/* The first key that is not in the table. */
static struct slice unknown_find(struct slice data)
{
    struct reader reader = reader_of(data);
    struct slice key = {0};
    uint32_t count;
    if (reader_map(&reader, &count) != error_none)
        return key;
    while (count-- > 0 && reader_text(&reader, &key) == error_none && reader_skip(&reader) == error_none) {
        bool known = false;
        for (int i = 0; i < query_table.count; i++)
            known |= slice_equal(key, slice_of(query_table.keys[i].text, query_table.keys[i].size));
        if (!known)
            break;
    }
    return key;
}

enum error row_query_decode(struct slice data, struct row_query *out, struct slice *fault)
{
    struct row_query query = {.limit = limit_page_default};
    struct fields fields;
    int field = FIELDS_END;
    enum error error = fields_begin(&fields, data, &query_table);
    uint32_t count = error == error_none ? fields.left : 0;
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END)
        error = query_take(&query, field, &fields.reader);
    error = error != error_none ? error : fields.error;
    if (error != error_none && field != FIELDS_END)
        *fault = slice_of(query_table.keys[field].text, query_table.keys[field].size);
    if (error == error_none && (uint32_t)__builtin_popcount(fields.seen) != count) {
        *fault = unknown_find(data);
        error = error_unknown_field;
    }
    if (error == error_none)
        *out = query;
    return error;
}

static uint32_t query_size(const struct row_query *query)
{
    uint32_t entries = 0;
    entries += query->filter.size > 0;
    entries += query->sort.size > 0;
    entries += query->include.size > 0;
    entries += query->exclude.size > 0;
    entries += query->limit > 0 && query->limit != limit_page_default;
    entries += query->page > 0;
    entries += query->cursor.size > 0;
    entries += query->text.size > 0;
    entries += query->no_total;
    entries += query->deleted;
    entries += query->at_least.size > 0;
    entries += query->identifier.size > 0;
    return entries;
}

void row_query_encode(struct buffer *out, const struct row_query *query)
{
    write_map(out, query_size(query));
    put_raw(out, KEY(query, filter), query->filter);
    put_raw(out, KEY(query, sort), query->sort);
    put_raw(out, KEY(query, include), query->include);
    put_raw(out, KEY(query, exclude), query->exclude);
    if (query->limit > 0 && query->limit != limit_page_default)
        put_unsigned(out, KEY(query, limit), query->limit);
    if (query->page > 0)
        put_unsigned(out, KEY(query, page), query->page);
    put_text(out, KEY(query, cursor), query->cursor);
    put_text(out, KEY(query, text), query->text);
    if (query->no_total) {
        put_key(out, KEY(query, total));
        write_bool(out, false);
    }
    if (query->deleted)
        put_true(out, KEY(query, deleted));
    put_text(out, KEY(query, at_least), query->at_least);
    put_text(out, KEY(query, identifier), query->identifier);
}

/* ---- the reply ---- */

void row_page_encode(struct buffer *out, const struct row_page *page)
{
    write_map(out, 2u + (page->page > 0) + (page->has_total ? 2 : 0) + (page->next.size > 0));
    put_key(out, KEY(page, rows));
    write_raw(out, page->rows);
    put_unsigned(out, KEY(page, limit), page->limit);
    if (page->page > 0)
        put_unsigned(out, KEY(page, page), page->page);
    if (page->has_total) {
        put_unsigned(out, KEY(page, total), page->total);
        put_unsigned(out, KEY(page, pages), page->pages);
    }
    put_text(out, KEY(page, next), page->next);
}

static enum error page_take(struct row_page *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(page, rows):
        return take_array(reader, &out->rows);
    case AT(page, limit):
        return take_u32(reader, &out->limit);
    case AT(page, page):
        return take_u32(reader, &out->page);
    case AT(page, total):
        out->has_total = true;
        return take_u64(reader, &out->total);
    case AT(page, pages):
        return take_u64(reader, &out->pages);
    default:
        return reader_text(reader, &out->next);
    }
}

enum error row_page_decode(struct slice data, struct row_page *out)
{
    struct row_page page = {0};
    struct fields fields;
    int field;
    enum error error = fields_begin(&fields, data, &page_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END)
        error = page_take(&page, field, &fields.reader);
    error = error != error_none ? error : fields.error;
    if (error == error_none && fields_missing(&fields, BIT(page, rows) | BIT(page, limit)) != FIELDS_END)
        error = error_missing_field;
    if (error == error_none)
        *out = page;
    return error;
}
