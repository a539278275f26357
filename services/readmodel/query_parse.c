/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The map of a query as a whole. */
#include "proto/envelope.h"
#include "services/readmodel/query_parser.h"

#include "libactor/domain/scalar.h"
#include "services/readmodel/words.h"

enum query_key {
    KEY_QUERY,
    KEY_SCOPE,
    KEY_SORT,
    KEY_INCLUDE,
    KEY_EXCLUDE,
    KEY_LIMIT,
    KEY_PAGE,
    KEY_CURSOR,
    KEY_TEXT,
    KEY_TOTAL,
    KEY_DELETED,
    KEY_COUNT
};
static const char *const key_names[KEY_COUNT] = {
    [KEY_QUERY] = "query",
    [KEY_SCOPE] = "scope",
    [KEY_SORT] = "sort",
    [KEY_INCLUDE] = "include",
    [KEY_EXCLUDE] = "exclude",
    [KEY_LIMIT] = "limit",
    [KEY_PAGE] = "page",
    [KEY_CURSOR] = "cursor",
    [KEY_TEXT] = "text",
    [KEY_TOTAL] = "total",
    [KEY_DELETED] = "deleted",
};

/* ---- single values ---- */

static bool next_value(struct slice raw, struct msgpack_value *out)
{
    struct reader reader = reader_of(raw);
    return reader_next(&reader, out) == error_none;
}

static void number_parse_key(struct query_parser *parser, struct slice raw, int64_t max, uint32_t *out)
{
    struct msgpack_value value;
    int64_t number = 0;
    if (!next_value(raw, &value))
        return;
    if (value.kind == MSGPACK_KIND_INTEGER)
        number = value.integer;
    else if (value.kind != MSGPACK_KIND_TEXT || integer_parse(value.bytes, &number) != SCALAR_OK) {
        query_fault(parser, "expected_integer", "must be an integer");
        return;
    }
    if (number < 1)
        query_fault(parser, "below_minimum", "must be 1 or more");
    else if (number > max)
        query_fault(parser, "above_maximum", "must be %lld or less", (long long)max);
    else
        *out = (uint32_t)number;
}

static void bool_parse_key(struct query_parser *parser, struct slice raw, bool *out)
{
    struct msgpack_value value;
    if (!next_value(raw, &value))
        return;
    bool text = value.kind == MSGPACK_KIND_TEXT;
    if (value.kind == MSGPACK_KIND_BOOL)
        *out = value.boolean;
    else if (text && (slice_is(value.bytes, "true") || slice_is(value.bytes, "1")))
        *out = true;
    else if (text && (slice_is(value.bytes, "false") || slice_is(value.bytes, "0")))
        *out = false;
    else
        query_fault(parser, "expected_boolean", "must be true or false");
}

static uint32_t words_count(struct slice words)
{
    uint32_t count = words.size > 0;
    for (size_t i = 0; i < words.size; i++)
        count += words.data[i] == ' ';
    return count;
}

static void text_parse_key(struct query_parser *parser, struct slice raw)
{
    struct query *query = parser->query;
    struct msgpack_value value;
    if (!next_value(raw, &value))
        return;
    if (value.kind != MSGPACK_KIND_TEXT) {
        query_fault(parser, "expected_text", "must be a text");
        return;
    }
    if (value.bytes.size > QUERY_TEXT_MAX) {
        query_fault(parser, "too_long", "has more than %d bytes", QUERY_TEXT_MAX);
        return;
    }
    buffer_clear(&parser->scratch);
    words_append(&parser->scratch, 0, value.bytes);
    query->words = query_keep(parser, buffer_slice(&parser->scratch));
    query->word_count = words_count(query->words);
    if (query->word_count > QUERY_WORDS_MAX)
        query_fault(parser, "too_many_items", "more than %d words", QUERY_WORDS_MAX);
    else if (query->word_count > 0 && !model_has_words(parser->model))
        query_fault(parser, "not_searchable", "there is no text to search in");
}

/* ---- the map ---- */

static bool is_other(const char *const *others, struct slice key)
{
    for (; others != NULL && *others != NULL; others++)
        if (slice_is(key, *others))
            return true;
    return false;
}

static bool is_nil(struct slice raw)
{
    return raw.size == 1 && raw.data[0] == 0xc0;
}

/* Each key's value; null counts as absent. */
static void keys_find(struct query_parser *parser, struct slice map, const char *const *others, struct slice *values)
{
    struct reader reader = reader_of(map);
    struct slice key, raw;
    uint32_t entries, k;
    if (reader_map(&reader, &entries) != error_none) {
        query_fault(parser, "expected_map", "must be a map");
        return;
    }
    for (uint32_t i = 0; i < entries; i++) {
        if (reader_text(&reader, &key) != error_none || reader_raw(&reader, &raw) != error_none)
            return;
        for (k = 0; k < KEY_COUNT && !slice_is(key, key_names[k]); k++)
            ;
        if (k < KEY_COUNT && !is_nil(raw)) {
            values[k] = raw;
        } else if (k == KEY_COUNT && !is_other(others, key)) {
            size_t before = path_enter(parser, key);
            query_fault(parser, "unknown_field", "a query has nothing of that name");
            path_leave(parser, before);
        }
    }
}

static void key_parse_one(struct query_parser *parser, enum query_key key, struct slice raw)
{
    struct query *query = parser->query;
    switch (key) {
    case KEY_QUERY:
        filter_parse(parser, raw);
        break;
    case KEY_SCOPE:
        scope_parse(parser, raw);
        break;
    case KEY_SORT:
        sort_parse(parser, raw);
        break;
    case KEY_INCLUDE:
        include_parse(parser, raw);
        break;
    case KEY_EXCLUDE:
        exclude_parse(parser, raw);
        break;
    case KEY_LIMIT:
        number_parse_key(parser, raw, limit_page_limit, &query->limit);
        break;
    case KEY_PAGE:
        number_parse_key(parser, raw, QUERY_OFFSET_MAX, &query->page);
        break;
    case KEY_TEXT:
        text_parse_key(parser, raw);
        break;
    case KEY_TOTAL:
        bool_parse_key(parser, raw, &query->total);
        break;
    case KEY_DELETED:
        bool_parse_key(parser, raw, &query->deleted);
        break;
    default:
        break;
    }
}

static void at_key(struct query_parser *parser, enum query_key key, const struct slice *values)
{
    if (values[key].size == 0)
        return;
    size_t before = path_enter(parser, slice_text(key_names[key]));
    if (key == KEY_CURSOR)
        cursor_parse(parser, values[key]);
    else
        key_parse_one(parser, key, values[key]);
    path_leave(parser, before);
}

static void defaults_set(struct query *query, bool cursor)
{
    query->limit = limit_page_default;
    query->page = 1;
    query->bytes = limit_page_bytes;
    query->total = !cursor;
    query->all_fields = query->keep_others = true;
    memset(query->keep, true, sizeof query->keep);
    memset(query->keep_audit, true, sizeof query->keep_audit);
}

/* How well the words fit comes first when nothing else is asked for; the identifier comes last. */
static void sort_complete(struct query *query)
{
    bool by_id = false;
    if (query->sort_count == 0 && query->word_count > 0)
        query->sort[query->sort_count++] = (struct sort_key){.field = FIELD_RANK, .descending = true};
    for (uint32_t i = 0; i < query->sort_count; i++)
        by_id = by_id || query->sort[i].field == FIELD_AUDIT + AUDIT_ID;
    if (!by_id)
        query->sort[query->sort_count++] = (struct sort_key){.field = FIELD_AUDIT + AUDIT_ID};
}

static void pages_check(struct query_parser *parser, const struct slice *values)
{
    struct query *query = parser->query;
    size_t before = path_enter(parser, slice_text(key_names[KEY_PAGE]));
    query->numbered = values[KEY_PAGE].size > 0;
    if (values[KEY_CURSOR].size > 0 && values[KEY_PAGE].size > 0)
        query_fault(parser, "conflicting", "page and cursor cannot both be given");
    else if ((uint64_t)(query->page - 1) * query->limit > QUERY_OFFSET_MAX)
        query_fault(parser, "above_maximum", "pages go to row %d; a cursor goes on", QUERY_OFFSET_MAX);
    path_leave(parser, before);
}

static void map_parse(struct query_parser *parser, struct slice map, const char *const *others)
{
    struct slice values[KEY_COUNT] = {0};
    if (map.size > QUERY_BYTES_MAX) {
        query_fault(parser, "too_long", "has more than %d bytes", QUERY_BYTES_MAX);
        return;
    }
    keys_find(parser, map, others, values);
    defaults_set(parser->query, values[KEY_CURSOR].size > 0);
    if (values[KEY_QUERY].size == 0)
        filter_parse(parser, slice_of("\x80", 1));
    for (uint32_t key = 0; key < KEY_COUNT; key++)
        if (key != KEY_CURSOR)
            at_key(parser, (enum query_key)key, values);
    sort_complete(parser->query);
    pages_check(parser, values);
    if (!query_good(parser))
        return;
    if (query_hash(parser->query, &parser->scratch) != error_none)
        parser->no_memory = true;
    at_key(parser, KEY_CURSOR, values);
}

enum error query_parse(struct slice map,
                       const struct model *model,
                       struct slice realm,
                       const char *const *others,
                       struct query *out,
                       struct data_faults *faults)
{
    struct query query = {.model = model, .realm = realm};
    struct query_parser parser = {.query = &query, .model = model, .faults = faults};
    faults->count = 0;
    map_parse(&parser, map, others);
    bool no_memory = parser.no_memory || parser.scratch.failed || parser.scratch2.failed;
    buffer_fini(&parser.scratch);
    buffer_fini(&parser.scratch2);
    if (!no_memory && faults->count == 0) {
        *out = query;
        return error_none;
    }
    query_fini(&query);
    return no_memory ? error_no_memory : error_invalid_data;
}
