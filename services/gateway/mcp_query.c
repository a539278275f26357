/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Queries as tools: what one takes and gives, made from the schema of its rows; the query service reads the arguments
 * themselves, as the data of its request, and tells every fault of them. */
#include "services/gateway/mcp_method.h"

#include <inttypes.h>

#include "proto/json.h"

/* ---- what it takes ---- */

/* A nested record is no field of its own: its fields are, by dotted names. */
static void write_fields(struct buffer *out, struct slice schema, const struct buffer *prefix, bool *first)
{
    struct walk walk = walk_of_map(map_field(schema, "properties"));
    struct slice name, field;
    while (walk_next_entry(&walk, &name, &field)) {
        struct buffer path = {0};
        buffer_append(&path, prefix->data, prefix->size);
        buffer_append_text(&path, prefix->size > 0 ? "." : "");
        buffer_append(&path, name.data, name.size);
        if (mcp_is_map(map_field(field, "properties"))) {
            write_fields(out, field, &path, first);
        } else {
            buffer_append_text(out, *first ? "" : ",");
            json_quote(out, buffer_slice(&path));
            buffer_append_text(out, ":");
            mcp_shape(out, field);
            *first = false;
        }
        buffer_fini(&path);
    }
}

static const char filter_words[] =
    "{\"type\":\"object\",\"description\":\"Keys are FIELD, FIELD.OP or FIELD!OP, where ! negates; all must hold. OP: "
    "eq "
    "ne gt gte lt lte, in notin (a list), has (text contains, any case), ilike (pattern with % and _), cs (contains "
    "all), "
    "ov (shares one), between ([from, to]). Without one: has for text, eq otherwise. .and .or !and !or take a list of "
    "such objects. Beside the fields: _id _created _updated _creator _updater _etag.\",\"properties\":{";

static const char other_words[] =
    "},\"text\":{\"type\":\"string\",\"description\":\"words, all of which must occur in the row's "
    "texts\"},\"sort\":{\"type\":\"string\",\"description\":\"FIELD.asc,OTHER.desc\"},\"include\":{\"type\":\"string\","
    "\"description\":\"only these fields, with commas "
    "between\"},\"exclude\":{\"type\":\"string\",\"description\":\"all "
    "but these fields\"},\"cursor\":{\"type\":\"string\",\"description\":\"next of the page before; everything else as "
    "for that "
    "page\"},\"page\":{\"type\":\"integer\",\"minimum\":1},\"total\":{\"type\":\"boolean\",\"description\":\"count "
    "all rows that fit\"},\"deleted\":{\"type\":\"boolean\",\"description\":\"removed ones "
    "too\"},\"at_least\":{\"type\":\"string\",\"description\":\"a position: wait until what it stands for is seen\"}";

void mcp_query_input(struct buffer *out, const struct mcp_tool *tool)
{
    struct buffer prefix = {0};
    bool first = true;
    buffer_append_text(out, "{\"type\":\"object\",\"properties\":{\"query\":");
    buffer_append_text(out, filter_words);
    write_fields(out, tool->state, &prefix, &first);
    buffer_append_text(out, "}");
    buffer_append_text(out, other_words);
    buffer_printf(out,
                  ",\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":%d,\"default\":%d}}",
                  limit_page_limit,
                  limit_page_default);
    buffer_append_text(out, ",\"additionalProperties\":false}");
}

/* ---- what it gives ---- */

void mcp_query_output(struct buffer *out, const struct mcp_tool *tool)
{
    buffer_append_text(out, ",\"rows\":{\"type\":\"array\",\"items\":");
    mcp_shape(out, tool->state);
    buffer_append_text(
        out,
        "},\"limit\":{\"type\":\"integer\"},\"page\":{\"type\":[\"integer\",\"null\"]},\"total\":{"
        "\"type\":[\"integer\",\"null\"]},\"pages\":{\"type\":[\"integer\",\"null\"]},\"next\":{\"type\":["
        "\"string\",\"null\"],\"description\":\"give it as cursor for the next page; null on the "
        "last\"}");
}

static void number_or_null(struct buffer *out, const char *name, bool has, uint64_t number)
{
    if (has)
        buffer_printf(out, ",\"%s\":%" PRIu64, name, number);
    else
        buffer_printf(out, ",\"%s\":null", name);
}

void mcp_query_rows(struct buffer *out, struct slice data)
{
    struct query_page page;
    if (query_page_decode(data, &page) != 0) {
        out->failed = true;
        return;
    }
    buffer_append_text(out, ",\"rows\":");
    buffer_append(out, page.rows.data, page.rows.size);
    buffer_printf(out, ",\"limit\":%" PRIu32, page.limit);
    number_or_null(out, "page", page.page > 0, page.page);
    number_or_null(out, "total", page.has_total, page.total);
    number_or_null(out, "pages", page.has_pages, page.pages);
    if (page.next.size > 0)
        rpc_member(out, "next", page.next);
    else
        buffer_append_text(out, ",\"next\":null");
}

/* ---- asking ---- */

enum call_next mcp_query_ask(struct call *call, struct slice namespace, struct slice name, struct slice data)
{
    struct request *request = &call->request;
    request->operation = operation_query;
    request->namespace = namespace;
    request->resource = name;
    request->data = data;
    return CALL_ASK;
}

static bool parameter_known(struct slice name)
{
    static const char *const names[] = {
        "limit", "page", "cursor", "sort", "include", "exclude", "text", "total", "deleted", "at_least"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_is(name, names[i]))
            return true;
    }
    return false;
}

static bool write_parameter(struct buffer *out, struct slice value)
{
    struct slice name = text_cut(&value, '=');
    struct buffer decoded = {0};
    buffer_append(&decoded, value.data, value.size);
    bool good =
        parameter_known(name) && !decoded.failed && (decoded.size == 0 || form_decode(decoded.data, &decoded.size));
    write_text(out, name);
    write_text(out, buffer_slice(&decoded));
    buffer_fini(&decoded);
    return good;
}

bool mcp_query_parameters(struct slice text, struct buffer *out)
{
    buffer_clear(out);
    size_t place = write_map_begin(out);
    uint32_t count = 0;
    while (text.size > 0) {
        if (!write_parameter(out, text_cut(&text, '&')))
            return false;
        count++;
    }
    write_map_end(out, place, count);
    return !out->failed && msgpack_check(buffer_slice(out), NULL) == 0;
}
