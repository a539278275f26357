/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The request: see list.h. Numbers and lists go on as the texts they are; the language of queries takes them so. */
#include "services/gateway/list.h"

#include "proto/json.h"
#include "services/gateway/jsonurl.h"

enum parameter {
    PARAMETER_QUERY,
    PARAMETER_SORT,
    PARAMETER_INCLUDE,
    PARAMETER_EXCLUDE,
    PARAMETER_LIMIT,
    PARAMETER_PAGE,
    PARAMETER_CURSOR,
    PARAMETER_TEXT,
    PARAMETER_TOTAL,
    PARAMETER_DELETED,
    PARAMETER_AT_LEAST,
    PARAMETER_COUNT
};

static const char *const parameter_names[PARAMETER_COUNT] = {
    "query", "sort", "include", "exclude", "limit", "page", "cursor", "text", "total", "deleted", "at_least"};

/* Decoded values; empty ones count as absent. */
struct parameters {
    struct buffer memory;
    bool seen[PARAMETER_COUNT];
    size_t at[PARAMETER_COUNT], size[PARAMETER_COUNT]; /* in memory */
};

static struct slice parameter_value(const struct parameters *parameters, enum parameter parameter)
{
    if (!parameters->seen[parameter] || parameters->size[parameter] == 0)
        return (struct slice){0};
    return slice_of(parameters->memory.data + parameters->at[parameter], parameters->size[parameter]);
}

/* ---- reading the query string ---- */

static bool parameter_find(struct slice name, enum parameter *out)
{
    for (int i = 0; i < PARAMETER_COUNT; i++) {
        if (slice_is(name, parameter_names[i])) {
            *out = (enum parameter)i;
            return true;
        }
    }
    return false;
}

/* Appends the decoded form. */
static bool decode_append(struct buffer *out, struct slice raw, size_t *size)
{
    size_t start = out->size;
    *size = 0;
    buffer_append(out, raw.data, raw.size);
    if (out->failed || raw.size == 0)
        return true; /* the former is noticed at the end */
    *size = raw.size;
    bool good = form_decode(out->data + start, size);
    out->size = start + *size;
    return good;
}

static bool parameter_take(struct parameters *parameters, struct slice value, struct refusal *refusal)
{
    struct slice name = text_cut(&value, '=');
    enum parameter parameter;
    if (!parameter_find(name, &parameter))
        return refuse(refusal, problem_bad_parameter, "unknown_parameter", "a query parameter that is not known here");
    if (parameters->seen[parameter])
        return refuse(refusal, problem_bad_parameter, "repeated_parameter", "the same query parameter stands twice");
    parameters->seen[parameter] = true;
    parameters->at[parameter] = parameters->memory.size;
    if (!decode_append(&parameters->memory, value, &parameters->size[parameter]))
        return refuse(refusal, problem_bad_url, "bad_escape", "a % that two hexadecimal digits do not follow");
    return true;
}

static bool parameters_take(struct parameters *parameters, struct slice text, struct refusal *refusal)
{
    while (text.size > 0) {
        struct slice value = text_cut(&text, '&');
        if (value.size > 0 && !parameter_take(parameters, value, refusal))
            return false;
    }
    return true;
}

/* ---- filters ---- */

static bool refuse_filter(struct refusal *refusal, const char *code, const char *detail)
{
    return refuse(refusal, problem_bad_parameter, code, detail);
}

static bool is_map(struct slice value)
{
    struct reader reader = reader_of(value);
    uint32_t count;
    return reader_map(&reader, &count) == error_none;
}

static bool json_write(struct slice json, struct buffer *out, uint32_t *count, struct refusal *refusal)
{
    size_t start = out->size;
    if (json.size == 0)
        return true;
    if (json_to_msgpack(json, out, NULL) != error_none)
        return refuse_filter(refusal, "bad_query", "query is URL-encoded JSON");
    if (!is_map(slice_of(out->data + start, out->size - start)))
        return refuse_filter(refusal, "bad_query", "query is a JSON object");
    ++*count;
    return true;
}

static bool path_write(struct slice path, struct buffer *out, uint32_t *count, struct refusal *refusal)
{
    if (path.size == 0)
        return true;
    if (jsonurl_to_msgpack(path, out) != error_none)
        return refuse_filter(
            refusal, "bad_path_query", "the segment behind ~ is JSON->URL without its outermost parentheses");
    ++*count;
    return true;
}

/* Statements one after another, as one map: itself when there is one, else an .and of all. */
static void filter_join(struct slice statements, uint32_t count, struct buffer *out)
{
    if (count > 1) {
        write_map(out, 1);
        write_string(out, ".and");
        write_array(out, count);
    }
    write_raw(out, statements);
}

static bool
filter_write(const struct call *call, const struct parameters *parameters, struct buffer *out, struct refusal *refusal)
{
    struct buffer statements = {0};
    uint32_t count = 0;
    bool good = json_write(parameter_value(parameters, PARAMETER_QUERY), &statements, &count, refusal) &&
                path_write(call->url.path_query, &statements, &count, refusal);
    if (good && call->url.kind == URL_ITEM && (count > 0 || call->scope.size > 0)) {
        write_map(&statements, 1);
        write_string(&statements, "_id.eq");
        write_text(&statements, call->url.identifier);
        count++;
    }
    if (good && count > 0)
        filter_join(buffer_slice(&statements), count, out);
    buffer_fini(&statements);
    return good;
}

/* ---- the request's data ---- */

/* What the client knows must be there, from the parameter and the header. */
static void at_least_write(const struct call *call, struct slice parameter, struct buffer *out)
{
    struct slice header = call->head.values[HEADER_POSITION];
    struct buffer joined = {0};
    buffer_append(&joined, parameter.data, parameter.size);
    if (parameter.size > 0 && header.size > 0)
        buffer_append_text(&joined, ",");
    buffer_append(&joined, header.data, header.size);
    write_text(out, buffer_slice(&joined));
    buffer_fini(&joined);
}

static void data_write(struct call *call, const struct parameters *parameters, struct slice filter)
{
    struct buffer *out = &call->data;
    struct slice at_least = parameter_value(parameters, PARAMETER_AT_LEAST);
    size_t place = write_map_begin(out);
    uint32_t count = 0;
    for (int i = PARAMETER_SORT; i < PARAMETER_AT_LEAST; i++) {
        struct slice value = parameter_value(parameters, (enum parameter)i);
        if (value.size == 0)
            continue;
        write_string(out, parameter_names[i]);
        write_text(out, value);
        count++;
    }
    if (filter.size > 0) {
        write_string(out, "query");
        write_raw(out, filter);
        count++;
    } else if (call->url.kind == URL_ITEM) {
        write_string(out, "id");
        write_text(out, call->url.identifier);
        count++;
    }
    if (call->scope.size > 0) {
        write_string(out, "scope");
        write_raw(out, buffer_slice(&call->scope));
        count++;
    }
    if (at_least.size > 0 || call->head.values[HEADER_POSITION].size > 0) {
        write_string(out, "at_least");
        at_least_write(call, at_least, out);
        count++;
    }
    write_map_end(out, place, count);
}

/* Every text becomes part of a message that is checked on its way: what is no UTF-8 is told here, where its place is
 * known. */
static bool data_check(const struct call *call, struct refusal *refusal)
{
    if (msgpack_check(buffer_slice(&call->data), NULL) == error_none)
        return true;
    return refuse_filter(refusal, "bad_utf8", "a parameter that is not UTF-8 or names a field twice");
}

bool list_open(struct call *call, struct refusal *refusal)
{
    struct parameters parameters = {0};
    struct buffer filter = {0};
    bool good =
        parameters_take(&parameters, call->url.query, refusal) && filter_write(call, &parameters, &filter, refusal);
    if (good) {
        data_write(call, &parameters, buffer_slice(&filter));
        good = data_check(call, refusal);
    }
    buffer_fini(&parameters.memory);
    buffer_fini(&filter);
    return good;
}

void list_submit(struct call *call)
{
    struct request *request = &call->request;
    request->operation = operation_query;
    request->identifier = (struct slice){0};
    request->data = buffer_slice(&call->data);
}
