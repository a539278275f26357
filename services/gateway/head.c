/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Header fields: see head.h. */
#include "services/gateway/head.h"

#include <strings.h>

#include "services/gateway/number.h"

#define HEAD_FIELDS_MAX 100
#define HEAD_BYTES_MAX 12288

static const char *const header_names[HEADER_COUNT] = {
    [HEADER_HOST] = "Host",
    [HEADER_ORIGIN] = "Origin",
    [HEADER_AUTHORIZATION] = "Authorization",
    [HEADER_CONTENT_TYPE] = "Content-Type",
    [HEADER_CONTENT_LENGTH] = "Content-Length",
    [HEADER_TRANSFER_ENCODING] = "Transfer-Encoding",
    [HEADER_EXPECT] = "Expect",
    [HEADER_IF_MATCH] = "If-Match",
    [HEADER_IF_NONE_MATCH] = "If-None-Match",
    [HEADER_IDEMPOTENCY_KEY] = "Idempotency-Key",
    [HEADER_TRACEPARENT] = "traceparent",
    [HEADER_TIMEOUT] = "Fluvius-Timeout",
    [HEADER_PREFER] = "Prefer",
    [HEADER_POSITION] = "Fluvius-Position",
    [HEADER_REQUEST_METHOD] = "Access-Control-Request-Method",
    [HEADER_ACCEPT] = "Accept",
    [HEADER_LAST_EVENT_ID] = "Last-Event-ID",
    [HEADER_MCP_VERSION] = "MCP-Protocol-Version",
    [HEADER_MCP_SESSION] = "Mcp-Session-Id",
    [HEADER_MCP_METHOD] = "Mcp-Method",
    [HEADER_MCP_NAME] = "Mcp-Name",
};

static bool name_is(struct slice text, const char *name)
{
    return text.size == strlen(name) && strncasecmp((const char *)text.data, name, text.size) == 0;
}

static struct slice trim(struct slice text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = slice_of(text.data + 1, text.size - 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Takes the part of *text before mark, or all of it, trimmed. */
static struct slice take(struct slice *text, char mark)
{
    const uint8_t *at = text->size == 0 ? NULL : memchr(text->data, mark, text->size);
    size_t size = at == NULL ? text->size : (size_t)(at - text->data);
    struct slice part = trim(slice_of(text->data, size));
    size += at != NULL;
    *text = slice_of(text->data + size, text->size - size);
    return part;
}

void head_add(struct head *head, struct slice name, struct slice value)
{
    head->fields++;
    head->bytes += name.size + value.size;
    for (int i = 0; i < HEADER_COUNT; i++) {
        if (!name_is(name, header_names[i]))
            continue;
        head->repeated[i] = head->seen[i];
        head->seen[i] = true;
        head->values[i] = trim(value);
        return;
    }
}

bool head_check(const struct head *head, struct refusal *refusal)
{
    if (head->fields > HEAD_FIELDS_MAX || head->bytes > HEAD_BYTES_MAX)
        return refuse(refusal, problem_headers_too_large, NULL, NULL);
    for (int i = 0; i < HEADER_COUNT; i++) {
        if (head->repeated[i] && i != HEADER_PREFER && i != HEADER_ACCEPT)
            return refuse(
                refusal, problem_bad_header, "repeated_header", "a header field that may stand once stands twice");
    }
    uint64_t size;
    if (head->seen[HEADER_CONTENT_LENGTH] && head->seen[HEADER_TRANSFER_ENCODING])
        return refuse(refusal, problem_bad_header, "ambiguous_length", "Content-Length and Transfer-Encoding together");
    if (head->seen[HEADER_TRANSFER_ENCODING] && !name_is(head->values[HEADER_TRANSFER_ENCODING], "chunked"))
        return refuse(refusal, problem_bad_header, "bad_transfer_encoding", "the only transfer encoding is chunked");
    if (head->seen[HEADER_CONTENT_LENGTH] && !head_body_size(head, &size))
        return refuse(refusal, problem_bad_header, "bad_content_length", "Content-Length is a whole number");
    return true;
}

bool head_body_size(const struct head *head, uint64_t *out)
{
    return head->seen[HEADER_CONTENT_LENGTH] && number_parse(head->values[HEADER_CONTENT_LENGTH], out);
}

bool head_body_is_json(const struct head *head, size_t body_size, struct refusal *refusal)
{
    if (!head->seen[HEADER_CONTENT_TYPE] && body_size == 0)
        return true;
    struct slice rest = head->values[HEADER_CONTENT_TYPE];
    if (!name_is(take(&rest, ';'), "application/json"))
        return refuse(refusal, problem_unsupported_media_type, NULL, NULL);
    while (rest.size > 0) {
        struct slice value = take(&rest, ';');
        struct slice name = take(&value, '=');
        if (name_is(name, "charset") && !name_is(value, "utf-8") && !name_is(value, "\"utf-8\""))
            return refuse(refusal, problem_unsupported_media_type, "bad_charset", "JSON is UTF-8");
    }
    return true;
}

struct slice head_token(const struct head *head)
{
    struct slice value = head->values[HEADER_AUTHORIZATION];
    struct slice scheme = take(&value, ' ');
    return name_is(scheme, "Bearer") ? trim(value) : (struct slice){0};
}

/* A strong tag "N". */
static bool tag_parse(struct slice text, uint64_t *out)
{
    return text.size >= 3 && text.data[0] == '"' && text.data[text.size - 1] == '"' &&
           number_parse(slice_of(text.data + 1, text.size - 2), out) && *out <= INT64_MAX;
}

bool head_expected_version(const struct head *head, bool *has, int64_t *out, struct refusal *refusal)
{
    bool match = head->seen[HEADER_IF_MATCH], none = head->seen[HEADER_IF_NONE_MATCH];
    uint64_t version = 0;
    if (match && none)
        return refuse(refusal, problem_bad_header, "ambiguous_condition", "If-Match and If-None-Match together");
    if (match && !tag_parse(head->values[HEADER_IF_MATCH], &version))
        return refuse(
            refusal, problem_bad_header, "bad_if_match", "If-Match takes one strong entity tag as ETag gave it: \"N\"");
    if (none && !slice_is(head->values[HEADER_IF_NONE_MATCH], "*"))
        return refuse(refusal, problem_bad_header, "bad_if_none_match", "on a command If-None-Match takes only *");
    *has = match || none;
    *out = (int64_t)version;
    return true;
}

bool head_none_match(const struct head *head, uint64_t version)
{
    struct slice rest = head->values[HEADER_IF_NONE_MATCH];
    while (rest.size > 0) {
        struct slice tag = take(&rest, ',');
        uint64_t number;
        if (slice_is(tag, "*"))
            return true;
        if (tag.size > 2 && memcmp(tag.data, "W/", 2) == 0)
            tag = slice_of(tag.data + 2, tag.size - 2);
        if (tag_parse(tag, &number) && number == version)
            return true;
    }
    return false;
}

bool head_has_tag(const struct head *head, struct slice tag)
{
    struct slice rest = head->values[HEADER_IF_NONE_MATCH];
    while (rest.size > 0) {
        struct slice have = take(&rest, ',');
        if (have.size > 2 && memcmp(have.data, "W/", 2) == 0)
            have = slice_of(have.data + 2, have.size - 2);
        if (slice_is(have, "*") || slice_equal(have, tag))
            return true;
    }
    return false;
}

bool head_idempotency_key(const struct head *head, struct slice *out, struct refusal *refusal)
{
    struct slice key = head->values[HEADER_IDEMPOTENCY_KEY];
    *out = (struct slice){0};
    if (!head->seen[HEADER_IDEMPOTENCY_KEY])
        return true;
    if (key.size >= 2 && key.data[0] == '"' && key.data[key.size - 1] == '"')
        key = slice_of(key.data + 1, key.size - 2);
    bool valid = key.size > 0 && key.size <= limit_identifier_bytes;
    for (size_t i = 0; valid && i < key.size; i++)
        valid = key.data[i] >= 0x20 && key.data[i] < 0x7f;
    if (!valid)
        return refuse(refusal,
                      problem_bad_header,
                      "bad_idempotency_key",
                      "Idempotency-Key is a UUID or 1 to 256 printable ASCII characters");
    *out = key;
    return true;
}

static uint32_t deadline_cap(uint64_t milliseconds)
{
    return milliseconds > limit_deadline_max_ms ? limit_deadline_max_ms : (uint32_t)milliseconds;
}

/* A preference is a wish: what cannot be read is left out (RFC 7240). */
static uint32_t prefer_wait_ms(struct slice rest)
{
    while (rest.size > 0) {
        struct slice value = take(&rest, ',');
        struct slice name = take(&value, '=');
        uint64_t seconds;
        if (name_is(name, "wait") && number_parse(trim(value), &seconds))
            return deadline_cap(seconds > limit_deadline_max_ms ? seconds : seconds * 1000);
    }
    return 0;
}

bool head_deadline(const struct head *head, uint32_t *out_ms, struct refusal *refusal)
{
    uint64_t milliseconds;
    if (!head->seen[HEADER_TIMEOUT]) {
        *out_ms = prefer_wait_ms(head->values[HEADER_PREFER]);
        return true;
    }
    if (!number_parse(head->values[HEADER_TIMEOUT], &milliseconds) || milliseconds == 0)
        return refuse(refusal, problem_bad_header, "bad_timeout", "Fluvius-Timeout is a number of milliseconds from 1");
    *out_ms = deadline_cap(milliseconds);
    return true;
}

static bool lower_hex(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (!digit && (text.data[i] < 'a' || text.data[i] > 'f'))
            return false;
    }
    return true;
}

static bool all_zero(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '0')
            return false;
    }
    return true;
}

struct slice head_traceparent(const struct head *head)
{
    struct slice rest = head->values[HEADER_TRACEPARENT], whole = rest;
    if (rest.size != 55)
        return (struct slice){0};
    struct slice version = take(&rest, '-'), trace = take(&rest, '-'), parent = take(&rest, '-');
    bool valid = slice_is(version, "00") && trace.size == 32 && parent.size == 16 && rest.size == 2 &&
                 lower_hex(trace) && lower_hex(parent) && lower_hex(rest) && !all_zero(trace) && !all_zero(parent);
    return valid ? whole : (struct slice){0};
}
