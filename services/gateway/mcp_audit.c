/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who did what, as a tool of each domain: its arguments become a search of the log within the domain's namespace, a
 * bounded piece a call. */
#include "libactor/domain/scalar.h"
#include "proto/json.h"
#include "proto/position.h"
#include "services/gateway/events.h"
#include "services/gateway/mcp_method.h"

#define TEXT(NAME, WORDS) ",\"" NAME "\":{\"type\":\"string\",\"description\":\"" WORDS "\"}"

void mcp_audit_input(struct buffer *out)
{
    buffer_append_text(
        out,
        "{\"type\":\"object\",\"properties\":{\"resource\":{\"type\":\"string\",\"description\":\"of this "
        "resource\"}" TEXT("identifier", "of this one, by its identifier") TEXT("user", "what this user's commands did")
            TEXT("command_id", "what this command did; a UUID") TEXT("trace",
                                                                     "what commands of this trace did: 32 "
                                                                     "hexadecimal digits")
                TEXT("since", "events of this time or later, as 2026-01-31T12:00:00Z")
                    TEXT("until", "events before this time") TEXT("from", "a position: go on behind it"));
    buffer_printf(
        out,
        ",\"types\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"description\":\"only these types of "
        "events\"},\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":%d,\"default\":%d}},"
        "\"additionalProperties\":false}",
        limit_page_limit,
        limit_page_default);
}

void mcp_audit_output(struct buffer *out)
{
    buffer_append_text(
        out,
        ",\"events\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"source\":{\"type\":"
        "\"string\"},\"type\":{\"type\":\"string\"},\"subject\":{\"type\":\"string\"},\"time\":{\"type\":\"string\"},"
        "\"actor\":{\"type\":\"string\"},\"commandname\":{\"type\":\"string\"},\"commandid\":{\"type\":\"string\"},"
        "\"data\":{\"type\":\"object\"}}}},\"more\":{\"type\":\"boolean\",\"description\":\"the log goes on: call "
        "again "
        "with position as from\"}");
}

/* ---- arguments ---- */

static const struct {
    const char *name;
    size_t place; /* of a text in struct follow */
} texts[] = {{"resource", offsetof(struct follow, resource)},
             {"identifier", offsetof(struct follow, identifier)},
             {"user", offsetof(struct follow, user)},
             {"trace", offsetof(struct follow, trace)},
             {"from", offsetof(struct follow, from)}};

struct fault_words {
    const char *code, *message;
};

static const struct fault_words no_text = {"expected_text", "is a text"},
                                no_time = {"bad_time", "is a time of RFC 3339"}, no_uuid = {"bad_uuid", "is a UUID"},
                                no_list = {"expected_list", "is a list of texts"},
                                no_limit = {"out_of_range", "is an integer from 1 to 1000"},
                                no_field = {"unknown_field", "an argument that the tool does not have"};

static const struct fault_words *time_take(struct slice raw, int64_t *out)
{
    struct slice text;
    if (!mcp_text(raw, &text))
        return &no_text;
    return timestamp_parse(text, out) == SCALAR_OK ? NULL : &no_time;
}

static const struct fault_words *limit_take(struct slice raw, uint32_t *out)
{
    struct reader reader = reader_of(raw);
    int64_t limit;
    if (reader_integer(&reader, &limit) != 0 || limit < 1 || limit > limit_page_limit)
        return &no_limit;
    *out = (uint32_t)limit;
    return NULL;
}

static const struct fault_words *argument_take(struct slice name, struct slice raw, struct follow *out)
{
    struct slice text;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (slice_is(name, texts[i].name))
            return mcp_text(raw, (struct slice *)((char *)out + texts[i].place)) ? NULL : &no_text;
    if (slice_is(name, "since")) {
        out->has_since = true;
        return time_take(raw, &out->since_us);
    }
    if (slice_is(name, "until"))
        return time_take(raw, &out->until_us);
    if (slice_is(name, "command_id")) {
        out->has_id = true;
        return mcp_text(raw, &text) && uuid_parse(text, &out->id) == error_none ? NULL : &no_uuid;
    }
    if (slice_is(name, "types")) {
        out->types = raw;
        return mcp_is_array(raw) ? NULL : &no_list;
    }
    return slice_is(name, "limit") ? limit_take(raw, &out->limit) : &no_field;
}

enum call_next mcp_audit_call(struct call *call, const struct mcp_tool *tool, struct slice arguments)
{
    struct follow follow = {.namespace = tool->namespace, .limit = limit_page_default};
    struct walk walk = walk_of_map(arguments);
    struct slice name, raw;
    while (walk_next_entry(&walk, &name, &raw)) {
        const struct fault_words *fault = argument_take(name, raw, &follow);
        if (fault != NULL)
            return mcp_tool_fault(call, name, fault->code, fault->message);
    }
    buffer_clear(&call->mcp.names);
    follow_encode(&call->mcp.names, &follow);
    call->mcp.asks = MCP_ASKS_AUDIT;
    call->request.operation = operation_follow;
    call->request.data = buffer_slice(&call->mcp.names);
    return CALL_ASK;
}

/* ---- the answer ---- */

void mcp_audit_events(struct buffer *out, const struct reply *reply)
{
    struct followed followed;
    uint64_t incarnation;
    if (followed_decode(reply->data, &followed) != 0 || position_incarnation(reply->position, &incarnation) != 0) {
        out->failed = true;
        return;
    }
    buffer_append_text(out, ",\"events\":[");
    render_cloud_events(out, incarnation, followed.records);
    buffer_printf(out, "],\"more\":%s", followed.more ? "true" : "false");
}
