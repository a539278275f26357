/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data of a query request, and of its reply. */
#include "proto/envelope.h"
#include "proto/fields.h"

static uint32_t query_size(const struct query_data *query)
{
    uint32_t entries = 0;
    entries += query->filter.size > 0;
    entries += query->scope.size > 0;
    entries += query->sort.size > 0;
    entries += query->include.size > 0;
    entries += query->exclude.size > 0;
    entries += query->limit > 0;
    entries += query->page > 0;
    entries += query->cursor.size > 0;
    entries += query->text.size > 0;
    entries += query->total != QUERY_TOTAL_USUAL;
    entries += query->deleted;
    entries += query->at_least.size > 0;
    entries += query->identifier.size > 0;
    return entries;
}

void query_encode(struct buffer *out, const struct query_data *query)
{
    write_map(out, query_size(query));
    put_raw(out, KEY(query, filter), query->filter);
    put_raw(out, KEY(query, scope), query->scope);
    put_raw(out, KEY(query, sort), query->sort);
    put_raw(out, KEY(query, include), query->include);
    put_raw(out, KEY(query, exclude), query->exclude);
    if (query->limit > 0)
        put_unsigned(out, KEY(query, limit), query->limit);
    if (query->page > 0)
        put_unsigned(out, KEY(query, page), query->page);
    put_text(out, KEY(query, cursor), query->cursor);
    put_text(out, KEY(query, text), query->text);
    if (query->total != QUERY_TOTAL_USUAL) {
        put_key(out, KEY(query, total));
        write_bool(out, query->total == QUERY_TOTAL_COUNTED);
    }
    if (query->deleted)
        put_true(out, KEY(query, deleted));
    put_text(out, KEY(query, at_least), query->at_least);
    put_text(out, KEY(query, identifier), query->identifier);
}

/* ---- the reply ---- */

void query_page_encode(struct buffer *out, const struct query_page *page)
{
    write_map(out, 2u + (page->page > 0) + page->has_total + page->has_pages + (page->next.size > 0));
    put_text(out, KEY(page, rows), page->rows);
    put_unsigned(out, KEY(page, limit), page->limit);
    if (page->page > 0)
        put_unsigned(out, KEY(page, page), page->page);
    if (page->has_total)
        put_unsigned(out, KEY(page, total), page->total);
    if (page->has_pages)
        put_unsigned(out, KEY(page, pages), page->pages);
    put_text(out, KEY(page, next), page->next);
}

static enum error take_rows(struct reader *reader, struct slice *out)
{
    struct slice rows;
    enum error error = reader_text(reader, &rows);
    if (error == error_none && (rows.size < 2 || rows.data[0] != '[' || rows.data[rows.size - 1] != ']'))
        error = error_bad_json;
    if (error == error_none)
        *out = rows;
    return error;
}

static enum error page_take(struct query_page *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(page, rows):
        return take_rows(reader, &out->rows);
    case AT(page, limit):
        return take_u32(reader, &out->limit);
    case AT(page, page):
        return take_u32(reader, &out->page);
    case AT(page, total):
        out->has_total = true;
        return take_u64(reader, &out->total);
    case AT(page, pages):
        out->has_pages = true;
        return take_u64(reader, &out->pages);
    default:
        return reader_text(reader, &out->next);
    }
}

enum error query_page_decode(struct slice data, struct query_page *out)
{
    struct query_page page = {0};
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
