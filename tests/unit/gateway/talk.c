/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests and replies as short texts: see talk.h. */
#include "tests/unit/gateway/talk.h"

#include "proto/json.h"

struct guard talk_guard(void)
{
    static struct tokens *tokens;
    char fault[TOKENS_FAULT_SIZE];
    if (tokens == NULL)
        cr_assert_eq(tokens_load(&tokens, NULL, fault), 0);
    return (struct guard){.address = slice_text("127.0.0.1"), .tokens = tokens};
}

static void add_line(struct call *call, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    cr_assert_not_null(colon);
    head_add(
        &call->head, slice_of(line, (size_t)(colon - line)), slice_of(colon + 1, size - (size_t)(colon - line) - 1));
}

static void add_lines(struct call *call, const char *text)
{
    bool host = false;
    while (text != NULL && *text != '\0') {
        const char *end = strchr(text, '\n');
        size_t size = end == NULL ? strlen(text) : (size_t)(end - text);
        host |= strncmp(text, "Host:", 5) == 0;
        add_line(call, text, size);
        text = end == NULL ? NULL : end + 1;
    }
    if (!host)
        add_line(call, "Host: localhost", 15);
}

enum call_next talk_open(struct call *call, const struct guard *guard, const char *text)
{
    char method[16] = "";
    const char *space = strchr(text, ' '), *end = strchr(text, '\n');
    cr_assert_not_null(space);
    const struct projections *projections = call->projections;
    call_reset(call);
    call->projections = projections;
    memcpy(method, text, (size_t)(space - text));
    call->method = method_find(method);
    call->http_1_1 = true;
    call->target_size = end == NULL ? strlen(space + 1) : (size_t)(end - space - 1);
    cr_assert_leq(call->target_size, URL_MAX);
    memcpy(call->target, space + 1, call->target_size);
    add_lines(call, end == NULL ? NULL : end + 1);
    return call_open(call, guard);
}

enum call_next talk_submit(struct call *call, const struct guard *guard, const char *text, const char *body)
{
    static const struct uuid fresh = {{1, 2, 3, 4, 5, 6, 0x77, 8, 0x89, 10, 11, 12, 13, 14, 15, 16}};
    cr_assert_eq(talk_open(call, guard, text), CALL_BODY, "%s", talk_body(call));
    return call_submit(call, slice_text(body), &fresh);
}

const char *talk_body(struct call *call)
{
    struct buffer *body = &call->answer.body;
    cr_assert(buffer_reserve(body, 1));
    body->data[body->size] = '\0';
    return (const char *)body->data;
}

bool talk_says(struct call *call, const char *text)
{
    return strstr(talk_body(call), text) != NULL;
}

struct buffer talk_pack(const char *json)
{
    struct buffer out = {0};
    struct json_fault fault = {0};
    cr_assert_eq(json_to_msgpack(slice_text(json), &out, &fault), 0, "at %zu of %s", fault.offset, json);
    return out;
}
