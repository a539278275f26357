/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lists of names: what to sort by, what rows show. */
#include "proto/utf8.h"
#include "services/readmodel/query_parser.h"

/* ---- lists of names ---- */

static struct slice trimmed(struct slice text)
{
    while (text.size > 0 && text.data[0] == ' ')
        text = slice_of(text.data + 1, text.size - 1);
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}

static void
names_split(struct query_parser *parser, struct slice text, void (*visit)(struct query_parser *, struct slice name))
{
    if (text.size > QUERY_TEXT_MAX) {
        query_fault(parser, "too_long", "has more than %d bytes", QUERY_TEXT_MAX);
        return;
    }
    while (text.size > 0) {
        const uint8_t *comma = memchr(text.data, ',', text.size);
        size_t size = comma == NULL ? text.size : (size_t)(comma - text.data);
        struct slice name = trimmed(slice_of(text.data, size));
        if (name.size > 0)
            visit(parser, name);
        size_t gone = comma == NULL ? size : size + 1;
        text = slice_of(text.data + gone, text.size - gone);
    }
}

void names_visit(struct query_parser *parser,
                 struct slice raw,
                 void (*visit)(struct query_parser *parser, struct slice name))
{
    struct reader reader = reader_of(raw);
    struct msgpack_value value;
    struct slice text;
    if (reader_next(&reader, &value) != error_none)
        return;
    if (value.kind == MSGPACK_KIND_TEXT) {
        names_split(parser, value.bytes, visit);
        return;
    }
    if (value.kind != MSGPACK_KIND_ARRAY) {
        query_fault(parser, "expected_list", "must be a list of names, or a text of them with commas");
        return;
    }
    for (uint32_t i = 0; i < value.count; i++) {
        size_t before = path_enter_item(parser, i);
        if (reader_text(&reader, &text) == error_none) {
            names_split(parser, text, visit);
        } else {
            query_fault(parser, "expected_text", "must be a text");
            (void)reader_skip(&reader);
        }
        path_leave(parser, before);
    }
}

/* ---- sort ---- */

/* Names may have dots, so the longest is tried first. */
static bool sort_key_find(const struct model *model, struct slice name, struct sort_key *out)
{
    static const char *const ends[] = {".asc", ".desc"};
    *out = (struct sort_key){0};
    if (query_field_find(model, name, &out->field))
        return true;
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(ends[i]);
        out->descending = i == 1;
        if (name.size > size && slice_is(slice_of(name.data + name.size - size, size), ends[i]))
            return query_field_find(model, slice_of(name.data, name.size - size), &out->field);
    }
    return false;
}

static int name_size(struct slice name)
{
    return (int)(name.size > 80 ? utf8_valid_size(slice_of(name.data, 80)) : name.size);
}

static void sort_add(struct query_parser *parser, struct slice name)
{
    struct query *query = parser->query;
    struct sort_key key;
    if (!sort_key_find(parser->model, name, &key)) {
        query_fault(parser,
                    "unknown_field",
                    "%.*s is no field, with .asc or .desc or without",
                    name_size(name),
                    (const char *)name.data);
        return;
    }
    if (!kind_sorts(query_field(parser->model, key.field)->kind)) {
        query_fault(parser, "not_sortable", "%.*s has no order to sort by", name_size(name), (const char *)name.data);
        return;
    }
    for (uint32_t i = 0; i < query->sort_count; i++)
        if (query->sort[i].field == key.field) {
            query_fault(parser, "duplicate_item", "%.*s stands twice", name_size(name), (const char *)name.data);
            return;
        }
    if (query->sort_count == QUERY_SORT_MAX) {
        query_fault(parser, "too_many_items", "more than %d fields", QUERY_SORT_MAX);
        return;
    }
    query->sort[query->sort_count++] = key;
}

void sort_parse(struct query_parser *parser, struct slice raw)
{
    names_visit(parser, raw, sort_add);
}

/* ---- include and exclude ---- */

/* Sets what a name stands for: a field, or all fields of a record. */
static void shown_set(struct query_parser *parser, struct slice name, bool shown)
{
    struct query *query = parser->query;
    bool found = false;
    uint32_t field;
    if (query_field_find(parser->model, name, &field)) {
        bool *keep = field < FIELD_AUDIT ? &query->keep[field] : &query->keep_audit[field - FIELD_AUDIT];
        *keep = shown;
        return;
    }
    for (uint32_t i = 0; i < parser->model->field_count; i++) {
        struct slice own = parser->model->fields[i].name;
        if (own.size <= name.size || own.data[name.size] != '.' || memcmp(own.data, name.data, name.size) != 0)
            continue;
        query->keep[i] = shown;
        found = true;
    }
    if (!found)
        query_fault(parser, "unknown_field", "%.*s is no field", name_size(name), (const char *)name.data);
}

static void include_name(struct query_parser *parser, struct slice name)
{
    shown_set(parser, name, true);
}

static void exclude_name(struct query_parser *parser, struct slice name)
{
    shown_set(parser, name, false);
}

/* The identifier is always included: without it a row says nothing of whose it is. */
void include_parse(struct query_parser *parser, struct slice raw)
{
    struct query *query = parser->query;
    memset(query->keep, 0, sizeof query->keep);
    memset(query->keep_audit, 0, sizeof query->keep_audit);
    query->keep_audit[AUDIT_ID] = true;
    query->all_fields = query->keep_others = false;
    names_visit(parser, raw, include_name);
}

void exclude_parse(struct query_parser *parser, struct slice raw)
{
    parser->query->all_fields = false;
    names_visit(parser, raw, exclude_name);
}
