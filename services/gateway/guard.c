/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Hosts, origins, credentials: see guard.h. */
#include "services/gateway/guard.h"

#include <strings.h>

#include "services/gateway/number.h"

static bool port_valid(struct slice text)
{
    uint64_t port;
    return text.size == 0 || (number_parse(text, &port) && port <= 65535);
}

bool host_of(struct slice authority, struct slice *out)
{
    const uint8_t *end = authority.data + authority.size, *from = authority.data, *close;
    if (authority.size == 0)
        return false;
    if (*from == '[') {
        close = memchr(from, ']', authority.size);
        if (close == NULL || (close + 1 != end && close[1] != ':'))
            return false;
        *out = slice_of(from + 1, (size_t)(close - from - 1));
        return close + 1 == end || port_valid(slice_of(close + 2, (size_t)(end - close - 2)));
    }
    close = memchr(from, ':', authority.size);
    *out = slice_of(from, (size_t)((close == NULL ? end : close) - from));
    return out->size > 0 && (close == NULL || port_valid(slice_of(close + 1, (size_t)(end - close - 1))));
}

static bool text_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0);
}

/* An item of the setting may have a port; only hosts are compared. */
static bool item_is_host(const char *item, struct slice host)
{
    struct slice allowed;
    return host_of(slice_text(item), &allowed) && text_equal(allowed, host);
}

static bool host_allowed(const struct guard *guard, struct slice host)
{
    if (text_equal(host, slice_text("localhost")) || slice_is(host, "127.0.0.1") || slice_is(host, "::1") ||
        text_equal(host, guard->address))
        return true;
    for (size_t i = 0; i < guard->hosts.count; i++) {
        if (item_is_host(guard->hosts.items[i], host))
            return true;
    }
    return false;
}

bool guard_host(const struct guard *guard, struct slice host, bool has_host, bool http_1_1, struct refusal *refusal)
{
    struct slice name;
    if (!has_host)
        return http_1_1 ? refuse(refusal, problem_bad_header, "missing_host", "HTTP/1.1 requests have a Host") : true;
    if (!host_of(host, &name))
        return refuse(refusal, problem_bad_header, "bad_host", "a Host that cannot be one");
    return host_allowed(guard, name) ? true : refuse(refusal, problem_misdirected, "bad_host", NULL);
}

/* Did a page of this server itself ask? Its origin is the host that it asked, and that was found to be ours. */
static bool origin_own(struct slice origin, struct slice host)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t lead = strlen(schemes[i]);
        if (origin.size > lead && strncasecmp((const char *)origin.data, schemes[i], lead) == 0 &&
            text_equal(slice_of(origin.data + lead, origin.size - lead), host))
            return true;
    }
    return false;
}

bool guard_origin(const struct guard *guard, const struct head *head, struct refusal *refusal)
{
    if (!head->seen[HEADER_ORIGIN] || origin_own(head->values[HEADER_ORIGIN], head->values[HEADER_HOST]))
        return true;
    for (size_t i = 0; i < guard->origins.count; i++) {
        if (text_equal(slice_text(guard->origins.items[i]), head->values[HEADER_ORIGIN]))
            return true;
    }
    return refuse(refusal, problem_forbidden_origin, "bad_origin", NULL);
}

bool guard_credentials(const struct guard *guard, struct slice token, struct principal *out, struct refusal *refusal)
{
    if (tokens_check(guard->tokens, token, out) == 0)
        return true;
    if (token.size == 0)
        return refuse(refusal, problem_unauthorized, "no_token", "send Authorization: Bearer TOKEN");
    return refuse(refusal, problem_unauthorized, "bad_token", "the token is not known");
}

void guard_origin_fields(const struct guard *guard, const struct head *head, struct answer *answer)
{
    struct refusal ignored;
    if (!head->seen[HEADER_ORIGIN] || !guard_origin(guard, head, &ignored))
        return;
    answer_field(answer, "Access-Control-Allow-Origin", head->values[HEADER_ORIGIN]);
    answer_field_text(answer, "Vary", "Origin");
    answer_field_text(
        answer,
        "Access-Control-Expose-Headers",
        "ETag, Location, Link, Retry-After, Idempotency-Key, Fluvius-Position, Fluvius-Command, traceparent, "
        "Mcp-Session-Id");
}

void guard_preflight(struct answer *answer)
{
    answer_begin(answer, 204, MEDIA_NONE);
    answer_field_text(answer, "Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE, OPTIONS");
    answer_field_text(answer,
                      "Access-Control-Allow-Headers",
                      "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Fluvius-Position, "
                      "Fluvius-Timeout, Last-Event-ID, Prefer, traceparent, MCP-Protocol-Version, Mcp-Session-Id, "
                      "Mcp-Method, Mcp-Name");
    answer_field_text(answer, "Access-Control-Max-Age", "600");
}
