/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The answer: see list.h. */
#include "services/gateway/list.h"

#include <inttypes.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "proto/json.h"

/* ---- links (RFC 8288) ---- */

static bool parameter_is(struct slice parameter, const char *name)
{
    size_t size = strlen(name);
    return parameter.size > size && memcmp(parameter.data, name, size) == 0 && parameter.data[size] == '=';
}

/* The parameters as they came, less those that say which page. */
static void parameters_copy(struct buffer *out, struct slice text)
{
    while (text.size > 0) {
        const uint8_t *mark = memchr(text.data, '&', text.size);
        size_t size = mark == NULL ? text.size : (size_t)(mark - text.data);
        struct slice parameter = slice_of(text.data, size);
        if (size > 0 && !parameter_is(parameter, "page") && !parameter_is(parameter, "cursor")) {
            buffer_append(out, parameter.data, parameter.size);
            buffer_append_text(out, "&");
        }
        size += mark != NULL;
        text = slice_of(text.data + size, text.size - size);
    }
}

static void link_begin(const struct call *call, struct buffer *out)
{
    const struct url *url = &call->url;
    buffer_append_text(out, out->size == 0 ? "</" : ", </");
    percent_encode(out, url->namespace);
    buffer_append_text(out, ".");
    percent_encode(out, url->resource);
    buffer_append_text(out, "/");
    if (url->scope.size > 0) {
        buffer_append(out, url->scope.data, url->scope.size);
        buffer_append_text(out, "/");
    }
    if (url->path_query.size > 0) {
        buffer_append_text(out, "~");
        buffer_append(out, url->path_query.data, url->path_query.size);
        buffer_append_text(out, "/");
    }
    buffer_append_text(out, "?");
    parameters_copy(out, url->query);
}

static void link_page(const struct call *call, struct buffer *out, uint64_t page, const char *rel)
{
    link_begin(call, out);
    buffer_printf(out, "page=%" PRIu64 ">; rel=\"%s\"", page, rel);
}

static void links_write(struct call *call, const struct query_page *page)
{
    struct buffer out = {0};
    if (page->next.size > 0) {
        link_begin(call, &out);
        buffer_append_text(&out, "cursor=");
        percent_encode(&out, page->next);
        buffer_append_text(&out, ">; rel=\"next\"");
    }
    if (page->page > 1)
        link_page(call, &out, page->page - 1, "prev");
    if (page->page != 1)
        link_page(call, &out, 1, "first");
    if (page->has_pages && page->pages > 0)
        link_page(call, &out, page->pages, "last");
    if (out.size > 0)
        answer_field(&call->answer, "Link", buffer_slice(&out));
    buffer_fini(&out);
}

/* ---- bodies ---- */

#define TAG_SIZE 19

static void tag_write(uint64_t hash, char out[TAG_SIZE])
{
    out[0] = out[TAG_SIZE - 2] = '"';
    out[TAG_SIZE - 1] = '\0';
    for (int i = TAG_SIZE - 3; i > 0; i--, hash >>= 4)
        out[i] = "0123456789abcdef"[hash & 15];
}

/* Of the body itself: equal bodies are equal tags. */
static void tag_answer(struct call *call)
{
    struct answer *answer = &call->answer;
    struct slice wanted = call->head.values[HEADER_IF_NONE_MATCH];
    char tag[TAG_SIZE];
    tag_write(XXH3_64bits(answer->body.data, answer->body.size), tag);
    bool same =
        wanted.size > 0 && (slice_is(wanted, "*") || memmem(wanted.data, wanted.size, tag, strlen(tag)) != NULL);
    if (same) {
        struct buffer links = {0};
        const char *link = answer_find_field(answer, "Link");
        buffer_append_text(&links, link == NULL ? "" : link);
        answer_begin(answer, 304, MEDIA_NONE);
        if (links.size > 0)
            answer_field(answer, "Link", buffer_slice(&links));
        buffer_fini(&links);
    }
    answer_field_text(answer, "ETag", tag);
}

static void number_or_null(struct buffer *out, const char *name, bool has, uint64_t number)
{
    buffer_append_text(out, name);
    if (has)
        buffer_append_number(out, number);
    else
        buffer_append_text(out, "null");
}

static void page_answer(struct call *call, const struct query_page *page)
{
    struct buffer *out = &call->answer.body;
    answer_begin(&call->answer, 200, MEDIA_JSON);
    buffer_append_text(out, "{\"data\":");
    buffer_append(out, page->rows.data, page->rows.size);
    buffer_append_text(out, ",\"meta\":{\"limit\":");
    buffer_append_number(out, page->limit);
    number_or_null(out, ",\"page\":", page->page > 0, page->page);
    number_or_null(out, ",\"total\":", page->has_total, page->total);
    number_or_null(out, ",\"pages\":", page->has_pages, page->pages);
    buffer_append_text(out, ",\"next\":");
    if (page->next.size > 0)
        json_quote(out, page->next);
    else
        buffer_append_text(out, "null");
    buffer_append_text(out, "},\"status\":\"OK\"}");
    links_write(call, page);
}

/* The row alone; false when there is none. */
static bool item_answer(struct call *call, const struct query_page *page)
{
    struct buffer *out = &call->answer.body;
    if (page->rows.size <= strlen("[]"))
        return false;
    answer_begin(&call->answer, 200, MEDIA_JSON);
    buffer_append_text(out, "{\"data\":");
    buffer_append(out, page->rows.data + 1, page->rows.size - 2); /* without the brackets */
    buffer_append_text(out, ",\"status\":\"OK\"}");
    return true;
}

bool list_page(struct call *call, const struct query_page *page)
{
    if (call->url.kind == URL_LIST)
        page_answer(call, page);
    else if (!item_answer(call, page))
        return false;
    tag_answer(call);
    return true;
}

void list_reply(struct call *call, const struct reply *reply)
{
    struct query_page page;
    if (reply->status != status_ok)
        problem_answer_reply(&call->answer, reply);
    else if (query_page_decode(reply->data, &page) != error_none)
        problem_answer_status(&call->answer, status_error, "bad_reply", "the query process gave no page");
    else if (!list_page(call, &page))
        problem_answer_status(&call->answer, status_not_found, "unknown_row", "there is no row of this identifier");
}
