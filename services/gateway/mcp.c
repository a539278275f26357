/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A message to /mcp from its body to its method: see mcp.h. */
#include "services/gateway/mcp.h"

#include "proto/json.h"
#include "services/gateway/mcp_method.h"
#include "services/gateway/mcp_version.h"

#define DISCOVER_TTL_MS 60000

/* Only one era has a way to listen that needs no stream besides. */
static void write_capabilities(struct buffer *out, enum mcp_era era)
{
    buffer_printf(out,
                  ",\"capabilities\":{\"tools\":{},\"resources\":{%s},\"prompts\":{},\"completions\":{}}",
                  era == MCP_MODERN ? "\"subscribe\":true" : "");
    rpc_member(out, "instructions", slice_text(mcp_instructions));
}

/* ---- methods of one era ---- */

static enum call_next mcp_ping(const struct mcp_server *server, struct call *call)
{
    (void)server;
    rpc_begin(call);
    return rpc_end(call);
}

static enum call_next mcp_discover(const struct mcp_server *server, struct call *call)
{
    (void)server;
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"supportedVersions\":");
    mcp_versions_write(out);
    write_capabilities(out, call->mcp.era);
    rpc_cache(call, DISCOVER_TTL_MS, true);
    return rpc_end(call);
}

/* The version asked for when it is one of ours, the newest of this era otherwise: the client then decides. */
static enum call_next
mcp_initialize(const struct mcp_server *server, struct call *call, const struct mcp_moment *moment)
{
    struct slice version;
    char session[MCP_SESSION_SIZE];
    if (!mcp_text(map_field(call->mcp.params, "protocolVersion"), &version))
        return rpc_fail_params(call, "protocolVersion is a text");
    if (!mcp_version_legacy(version))
        version = slice_text(MCP_VERSION_LEGACY);
    struct buffer *out = rpc_begin(call);
    rpc_member(out, "protocolVersion", version);
    buffer_append_text(
        out, ",\"serverInfo\":{\"name\":\"fluvius\",\"title\":\"Fluvius\",\"version\":\"" FLUVIUS_VERSION "\"}");
    write_capabilities(out, call->mcp.era);
    rpc_end(call);
    mcp_session_write(&server->sessions, &call->principal, &moment->fresh, moment->now_s, session);
    answer_field_text(&call->answer, "Mcp-Session-Id", session);
    return CALL_REFUSED;
}

/* ---- all methods ---- */

typedef enum call_next (*mcp_method)(const struct mcp_server *server, struct call *call);

static const struct {
    const char *name;
    enum mcp_era era; /* 0: both */
    mcp_method run;
} methods[] = {
    {"ping", MCP_LEGACY, mcp_ping},
    {"server/discover", MCP_MODERN, mcp_discover},
    {"tools/list", 0, mcp_tools_list},
    {"tools/call", 0, mcp_tools_call},
    {"resources/list", 0, mcp_resources_list},
    {"resources/templates/list", 0, mcp_templates_list},
    {"resources/read", 0, mcp_resources_read},
    {"prompts/list", 0, mcp_prompts_list},
    {"prompts/get", 0, mcp_prompts_get},
    {"completion/complete", 0, mcp_complete},
    {"subscriptions/listen", MCP_MODERN, mcp_listen},
};

static mcp_method method_of(const struct call *call)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        bool served = methods[i].era == 0 || methods[i].era == call->mcp.era;
        if (served && slice_is(call->mcp.method, methods[i].name))
            return methods[i].run;
    }
    return NULL;
}

static enum call_next method_run(struct mcp_server *server, struct call *call, const struct mcp_moment *moment)
{
    if (call->mcp.era == MCP_LEGACY && slice_is(call->mcp.method, "initialize"))
        return mcp_initialize(server, call, moment);
    mcp_method run = method_of(call);
    if (run == NULL)
        return rpc_fail(call, call->mcp.era == MCP_MODERN ? 404 : 200, rpc_method_not_found, "Method not found", NULL);
    return run(server, call);
}

/* ---- sessions ---- */

/* A session is not demanded: what it stands for, the version, comes with each request. One that is shown must be good,
 * so that a client learns that it has to begin anew. */
static bool session_good(const struct mcp_server *server, struct call *call, const struct mcp_moment *moment)
{
    if (call->mcp.era == MCP_MODERN || !call->head.seen[HEADER_MCP_SESSION])
        return true;
    return mcp_session_valid(&server->sessions, &call->principal, call->head.values[HEADER_MCP_SESSION], moment->now_s);
}

static enum call_next session_missing(struct call *call)
{
    return rpc_fail(call, 404, rpc_invalid_request, "Session not found; begin with initialize", NULL);
}

static enum call_next session_delete(struct mcp_server *server, struct call *call, const struct mcp_moment *moment)
{
    call->mcp.era = MCP_LEGACY;
    if (!call->head.seen[HEADER_MCP_SESSION])
        return rpc_fail(call, 400, rpc_invalid_request, "DELETE ends the session named by Mcp-Session-Id", NULL);
    if (!session_good(server, call, moment))
        return session_missing(call);
    mcp_session_end(&server->sessions, call->head.values[HEADER_MCP_SESSION]);
    answer_begin(&call->answer, 204, MEDIA_NONE);
    return CALL_REFUSED;
}

/* ---- one message ---- */

/* The trace may also stand in the message; the header field goes before it. */
static void take_trace(struct call *call)
{
    struct head head = {0};
    if (call->traceparent.size > 0)
        return;
    head.values[HEADER_TRACEPARENT] = map_text(map_field(call->mcp.params, "_meta"), "traceparent");
    call->request.traceparent = head_traceparent(&head);
}

enum call_next
mcp_submit(struct mcp_server *server, struct call *call, struct slice body, const struct mcp_moment *moment)
{
    struct refusal refusal;
    if (call->method == METHOD_DELETE)
        return session_delete(server, call, moment);
    if (!head_body_is_json(&call->head, body.size, &refusal)) {
        problem_answer(&call->answer, &refusal);
        return CALL_REFUSED;
    }
    if (!rpc_read(call, body) || !mcp_version_check(call))
        return CALL_REFUSED;
    if (!session_good(server, call, moment))
        return session_missing(call);
    take_trace(call);
    return call->mcp.kind == MCP_REQUEST ? method_run(server, call, moment) : rpc_accept(call);
}
