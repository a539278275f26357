/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What happens to every request, whatever it asks for: see call.h. The order of the checks is the order of what may be
 * told to whom: host and origin before anything else, then the path, then credentials, then the details. */
#include "services/gateway/call.h"

#include "services/gateway/command.h"
#include "services/gateway/events.h"
#include "services/gateway/list.h"
#include "services/gateway/read.h"
#include "services/gateway/scope.h"

enum method method_find(const char *name)
{
    static const struct {
        const char *name;
        enum method method;
    } methods[] = {
        {"GET", METHOD_GET},
        {"HEAD", METHOD_HEAD},
        {"POST", METHOD_POST},
        {"DELETE", METHOD_DELETE},
        {"OPTIONS", METHOD_OPTIONS},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(name, methods[i].name) == 0)
            return methods[i].method;
    }
    return METHOD_OTHER;
}

void call_reset(struct call *call)
{
    struct buffer data = call->data, scope = call->scope;
    struct mcp_call mcp = {.message = call->mcp.message, .names = call->mcp.names, .content = call->mcp.content};
    struct answer answer = call->answer;
    size_t kept = offsetof(struct call, target);
    memset(call, 0, kept); /* the target is overwritten by the next one: its 4 KiB need no clearing */
    memset(&call->target_size, 0, sizeof *call - offsetof(struct call, target_size));
    call->data = data;
    call->scope = scope;
    call->mcp = mcp;
    call->answer = answer;
    buffer_clear(&call->data);
    buffer_clear(&call->scope);
    answer_begin(&call->answer, 500, MEDIA_NONE);
}

void call_fini(struct call *call)
{
    buffer_fini(&call->data);
    buffer_fini(&call->scope);
    buffer_fini(&call->mcp.message);
    buffer_fini(&call->mcp.names);
    buffer_fini(&call->mcp.content);
    answer_fini(&call->answer);
}

static enum call_next call_refuse(struct call *call, const struct refusal *refusal)
{
    problem_answer(&call->answer, refusal);
    return CALL_REFUSED;
}

/* Probes of an orchestrator come to whatever address it knows the process by, and what they learn is no secret. */
static bool url_is_probe(const struct url *url)
{
    return url->kind == URL_LIVE || url->kind == URL_READY;
}

/* The page at /docs tells nothing of the platform; what it reads then needs a token as ever. A browser that opens it
 * cannot send one. */
static bool url_is_free(const struct url *url)
{
    return url_is_probe(url) || url->kind == URL_DOCS || url->kind == URL_DOCS_SCRIPT || url->kind == URL_DOCS_STYLE;
}

static bool guard_all(struct call *call, const struct guard *guard, struct refusal *refusal)
{
    bool absolute = call->url.authority.size > 0;
    struct slice host = absolute ? call->url.authority : call->head.values[HEADER_HOST];
    bool has_host = absolute || call->head.seen[HEADER_HOST];
    if (!url_is_probe(&call->url) && !guard_host(guard, host, has_host, call->http_1_1, refusal))
        return false;
    return guard_origin(guard, &call->head, refusal);
}

static enum method url_method(enum url_kind kind)
{
    return kind == URL_COMMAND || kind == URL_MCP ? METHOD_POST : METHOD_GET;
}

static const char *url_allow(enum url_kind kind)
{
    if (kind == URL_MCP) /* there is no stream to GET: nothing is told unasked */
        return "POST, DELETE, OPTIONS";
    return url_method(kind) == METHOD_POST ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
}

static bool method_allowed(const struct call *call)
{
    enum method method = call->method == METHOD_HEAD ? METHOD_GET : call->method;
    return method == url_method(call->url.kind) || (method == METHOD_DELETE && call->url.kind == URL_MCP);
}

static enum call_next refuse_method(struct call *call)
{
    struct refusal refusal = {.problem = problem_method_not_allowed};
    call_refuse(call, &refusal);
    answer_field_text(&call->answer, "Allow", url_allow(call->url.kind));
    return CALL_REFUSED;
}

static enum call_next answer_options(struct call *call)
{
    if (call->head.seen[HEADER_ORIGIN] && call->head.seen[HEADER_REQUEST_METHOD])
        guard_preflight(&call->answer);
    else
        answer_begin(&call->answer, 204, MEDIA_NONE);
    answer_field_text(&call->answer, "Allow", url_allow(call->url.kind));
    return CALL_REFUSED;
}

/* A row of a projection has no aggregate, and read models know an aggregate's state only as it is now. */
static void kind_settle(struct call *call)
{
    struct url *url = &call->url;
    bool projection = (url->kind == URL_STATE || url->kind == URL_ITEM) &&
                      projections_have(call->projections, url->namespace, url->resource);
    if (url->kind == URL_STATE && projection)
        url->kind = URL_ITEM;
    if (url->kind == URL_ITEM && !projection && url_query_of_past(url->query))
        url->kind = URL_STATE;
}

/* Everything behind host, origin, path and method. */
static bool open_details(struct call *call, const struct guard *guard, struct refusal *refusal)
{
    call->token = head_token(&call->head);
    call->traceparent = head_traceparent(&call->head);
    if (!url_is_free(&call->url) && !guard_credentials(guard, call->token, &call->principal, refusal))
        return false;
    kind_settle(call);
    if (!scope_write(call->url.scope, &call->scope, refusal))
        return false;
    if (call->url.kind == URL_LIST || call->url.kind == URL_ITEM)
        return list_open(call, refusal);
    if (!url_identifier_check(&call->url, refusal))
        return false;
    if (call->url.kind == URL_EVENTS && events_accepts_stream(&call->head))
        call->url.kind = URL_FOLLOW;
    if (call->url.kind != URL_FOLLOW && !url_query_parse(call->url.kind, call->url.query, &call->query, refusal))
        return false;
    if (call->url.kind == URL_COMMAND)
        return command_open(call, refusal);
    uint64_t size;
    if (call->url.kind == URL_MCP && head_body_size(&call->head, &size) && size > limit_frame_bytes)
        return refuse(refusal, problem_too_large, NULL, NULL);
    return true;
}

static bool open_url(struct call *call, struct refusal *refusal)
{
    if (call->target_size > URL_MAX)
        return refuse(refusal, problem_url_too_long, NULL, NULL);
    if (call->target_broken)
        return refuse(refusal, problem_bad_url, "bad_character", "a NUL in the URL");
    return url_parse(call->target, call->target_size, &call->url, refusal);
}

enum call_next call_open(struct call *call, const struct guard *guard)
{
    struct refusal refusal, bad_url;
    bool url_good = open_url(call, &bad_url);
    call->close = !head_check(&call->head, &refusal);
    if (call->close || !guard_all(call, guard, &refusal))
        return call_refuse(call, &refusal);
    if (!url_good)
        return call_refuse(call, &bad_url);
    if (call->url.kind == URL_UNKNOWN)
        return call_refuse(call, &(struct refusal){.problem = problem_unknown_path});
    if (call->method == METHOD_OPTIONS)
        return answer_options(call);
    if (!method_allowed(call))
        return refuse_method(call);
    return open_details(call, guard, &refusal) ? CALL_BODY : call_refuse(call, &refusal);
}

static void request_begin(struct call *call)
{
    call->request = (struct request){
        .namespace = call->url.namespace,
        .resource = call->url.resource,
        .identifier = call->url.identifier,
        .scope = buffer_slice(&call->scope),
        .token = call->token,
        .traceparent = call->traceparent,
        .at_version = -1,
        .partition = -1,
    };
}

enum call_next call_submit(struct call *call, struct slice body, const struct uuid *fresh_id)
{
    struct refusal refusal;
    request_begin(call);
    if (!head_deadline(&call->head, &call->request.deadline_ms, &refusal))
        return call_refuse(call, &refusal);
    if (call->request.deadline_ms == 0)
        call->request.deadline_ms = limit_deadline_ms;
    switch (call->url.kind) {
    case URL_COMMAND:
        return command_submit(call, body, fresh_id);
    case URL_STATE:
    case URL_EVENTS:
    case URL_CHANGES:
        read_submit(call);
        return CALL_ASK;
    case URL_LIST:
    case URL_ITEM:
        list_submit(call);
        return CALL_ASK;
    default:
        return CALL_LOCAL;
    }
}

void call_reply(struct call *call, const struct reply *reply)
{
    if (call->url.kind == URL_COMMAND)
        command_reply(call, reply);
    else if (call->url.kind == URL_LIST || call->url.kind == URL_ITEM)
        list_reply(call, reply);
    else
        read_reply(call, reply);
    call_position(call, reply->position);
}

void call_position(struct call *call, struct slice position)
{
    if (position.size > 0)
        answer_field(&call->answer, "Fluvius-Position", position);
}

void call_finish(struct call *call, const struct guard *guard)
{
    struct answer *answer = &call->answer;
    if (answer->body.failed || answer->fields.failed)
        answer_begin(answer, 500, MEDIA_NONE);
    if (answer_find_field(answer, "Cache-Control") == NULL)
        answer_field_text(answer, "Cache-Control", "no-store");
    answer_field_text(answer, "X-Content-Type-Options", "nosniff");
    if (call->traceparent.size > 0)
        answer_field(answer, "traceparent", call->traceparent);
    guard_origin_fields(guard, &call->head, answer);
}
