/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See jsonurl.h. The text becomes JSON first, so that whatever JSON's strict reader refuses is refused here too. */
#include "services/gateway/jsonurl.h"

#include "proto/json.h"
#include "proto/status.h"
#include "proto/utf8.h"
#include "services/gateway/url.h"

struct scan {
    const uint8_t *at, *end;
    struct buffer *json;
    struct buffer literal;       /* decoded */
    char closers[limit_nesting]; /* of what is open */
    uint32_t depth;
};

static bool at_byte(const struct scan *scan, char byte)
{
    return scan->at < scan->end && *scan->at == (uint8_t)byte;
}

static bool is_structural(uint8_t byte)
{
    return byte == '(' || byte == ')' || byte == ',' || byte == ':';
}

/* ---- literals ---- */

/* Where the literal at scan->at ends; NULL when it is a quoted one without an end. */
static const uint8_t *literal_end(const struct scan *scan)
{
    const uint8_t *at = scan->at;
    if (at_byte(scan, '\'')) {
        const uint8_t *quote = memchr(at + 1, '\'', (size_t)(scan->end - at - 1));
        return quote == NULL ? NULL : quote + 1;
    }
    while (at < scan->end && !is_structural(*at))
        at++;
    return at;
}

static enum error literal_decode(struct scan *scan, struct slice raw)
{
    struct buffer *out = &scan->literal;
    buffer_clear(out);
    buffer_append(out, raw.data, raw.size);
    if (out->failed)
        return error_no_memory;
    for (size_t i = 0; i < out->size; i++)
        if (out->data[i] == '+')
            out->data[i] = ' ';
    if (!percent_decode(out->data, &out->size))
        return error_bad_json;
    return utf8_valid_size(buffer_slice(out)) == out->size ? error_none : error_bad_utf8;
}

static const uint8_t *digits_skip(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* RFC 8259, section 6. */
static bool is_number(struct slice text)
{
    const uint8_t *at = text.data, *end = at + text.size, *start;
    at += at < end && *at == '-';
    start = at;
    at = digits_skip(at, end);
    if (at == start || (*start == '0' && at > start + 1))
        return false;
    if (at < end && *at == '.') {
        start = ++at;
        at = digits_skip(at, end);
        if (at == start)
            return false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        start = at;
        at = digits_skip(at, end);
        if (at == start)
            return false;
    }
    return at == end;
}

static bool is_word(struct slice text)
{
    return slice_is(text, "true") || slice_is(text, "false") || slice_is(text, "null");
}

/* A key is a text whatever it looks like. */
static enum error literal_take(struct scan *scan, bool key)
{
    const uint8_t *end = literal_end(scan);
    if (end == NULL || scan->at == scan->end)
        return error_truncated;
    struct slice raw = slice_of(scan->at, (size_t)(end - scan->at));
    bool quoted = raw.size > 0 && raw.data[0] == '\'';
    scan->at = end;
    if (raw.size == 0)
        return error_bad_json;
    if (!quoted && !key && (is_word(raw) || is_number(raw))) {
        buffer_append(scan->json, raw.data, raw.size);
        return error_none;
    }
    enum error error = literal_decode(scan, quoted ? slice_of(raw.data + 1, raw.size - 2) : raw);
    if (error == error_none)
        json_quote(scan->json, buffer_slice(&scan->literal));
    return error;
}

/* ---- composites ---- */

static enum error open(struct scan *scan, char opener, char closer)
{
    if (scan->depth == limit_nesting)
        return error_too_deep;
    scan->closers[scan->depth++] = closer;
    buffer_append(scan->json, &opener, 1);
    return error_none;
}

/* Behind "(": an object when a literal and a colon follow. */
static bool object_follows(const struct scan *scan)
{
    const uint8_t *end = literal_end(scan);
    return !at_byte(scan, '(') && end != NULL && end > scan->at && end < scan->end && *end == ':';
}

static enum error key_take(struct scan *scan)
{
    enum error error = literal_take(scan, true);
    if (error != error_none)
        return error;
    if (!at_byte(scan, ':'))
        return scan->at == scan->end ? error_truncated : error_bad_json;
    scan->at++;
    buffer_append_text(scan->json, ":");
    return error_none;
}

/* What stands before a value of what is open. */
static enum error member_begin(struct scan *scan)
{
    return scan->closers[scan->depth - 1] == '}' ? key_take(scan) : error_none;
}

/* A value, or the beginning of one: *whole tells. */
static enum error value_take(struct scan *scan, bool *whole)
{
    *whole = true;
    if (!at_byte(scan, '('))
        return literal_take(scan, false);
    scan->at++;
    if (at_byte(scan, ')')) {
        scan->at++;
        buffer_append_text(scan->json, "{}"); /* of an empty composite nobody knows more */
        return error_none;
    }
    *whole = false;
    return object_follows(scan) ? open(scan, '{', '}') : open(scan, '[', ']');
}

/* Behind a value: closes what ends here. *more: another member or element follows. */
static enum error value_end(struct scan *scan, bool *more)
{
    *more = false;
    for (; at_byte(scan, ')'); scan->at++) {
        if (scan->depth == 1)
            return error_trailing_bytes;
        buffer_append(scan->json, &scan->closers[--scan->depth], 1);
    }
    if (scan->at == scan->end)
        return scan->depth == 1 ? error_none : error_truncated;
    if (!at_byte(scan, ','))
        return error_bad_json;
    scan->at++;
    buffer_append_text(scan->json, ",");
    *more = true;
    return error_none;
}

static enum error members_take(struct scan *scan)
{
    enum error error = open(scan, '{', '}');
    bool more = true, whole = true;
    while (error == error_none && more) {
        error = member_begin(scan);
        if (error == error_none)
            error = value_take(scan, &whole);
        if (error == error_none && whole)
            error = value_end(scan, &more);
    }
    if (error == error_none)
        buffer_append_text(scan->json, "}");
    return error;
}

enum error jsonurl_to_msgpack(struct slice text, struct buffer *out)
{
    struct buffer json = {0};
    struct scan scan = {.at = text.data, .end = text.data + text.size, .json = &json};
    enum error error = members_take(&scan);
    if (error == error_none && json.failed)
        error = error_no_memory;
    if (error == error_none)
        error = json_to_msgpack(buffer_slice(&json), out, NULL);
    buffer_fini(&scan.literal);
    buffer_fini(&json);
    return error;
}
