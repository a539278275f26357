/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Listening to resources: see mcp_listen.h. What is listened to is kept in call->mcp.names, as a msgpack array of
 * [uri, namespace, resource, identifier]. */
#include "services/gateway/mcp_listen.h"

#include "proto/json.h"
#include "services/gateway/mcp_method.h"

/* ---- messages ---- */

static void message_begin(struct buffer *out)
{
    buffer_append_text(out, "event: message\ndata: {\"jsonrpc\":\"2.0\"");
}

static void message_end(struct buffer *out)
{
    buffer_append_text(out, "}\n\n");
}

static void write_notification(const struct call *call, struct buffer *out, const char *method)
{
    message_begin(out);
    buffer_printf(out, ",\"method\":\"notifications/%s\",\"params\":{\"_meta\":{", method);
    buffer_append_text(out, "\"io.modelcontextprotocol/subscriptionId\":");
    msgpack_to_json(call->mcp.id, out);
    buffer_append_text(out, "}");
}

struct target {
    struct slice uri, namespace, resource, identifier;
};

static bool target_next(struct walk *targets, struct target *out)
{
    struct slice raw, parts[4];
    if (!walk_next(targets, &raw))
        return false;
    struct walk walk = walk_of(raw);
    for (int i = 0; i < 4; i++) {
        struct slice part = {0};
        if (!walk_next(&walk, &part) || !mcp_text(part, &parts[i]))
            return false;
    }
    *out = (struct target){parts[0], parts[1], parts[2], parts[3]};
    return true;
}

static struct walk targets_of(const struct call *call)
{
    return walk_of(buffer_slice(&call->mcp.names));
}

void mcp_listen_begin(const struct call *call, struct buffer *out)
{
    struct walk targets = targets_of(call);
    struct target target;
    bool first = true;
    write_notification(call, out, "subscriptions/acknowledged");
    buffer_append_text(out, ",\"notifications\":{");
    buffer_append_text(out, targets.left > 0 ? "\"resourceSubscriptions\":[" : "");
    bool any = targets.left > 0;
    for (; target_next(&targets, &target); first = false) {
        buffer_append_text(out, first ? "" : ",");
        json_quote(out, target.uri);
    }
    buffer_append_text(out, any ? "]}}" : "}}");
    message_end(out);
}

static bool target_changed(const struct target *target, struct slice records)
{
    struct walk walk = walk_of(records);
    struct slice raw;
    struct record record;
    while (walk_next(&walk, &raw) && record_decode(raw, &record) == 0) {
        if (slice_equal(record.stream.namespace, target->namespace) &&
            slice_equal(record.stream.resource, target->resource) &&
            slice_equal(record.stream.identifier, target->identifier))
            return true;
    }
    return false;
}

void mcp_listen_changes(const struct call *call, struct slice records, struct buffer *out)
{
    struct walk targets = targets_of(call);
    struct target target;
    while (target_next(&targets, &target)) {
        if (!target_changed(&target, records))
            continue;
        write_notification(call, out, "resources/updated");
        rpc_member(out, "uri", target.uri);
        buffer_append_text(out, "}");
        message_end(out);
    }
}

void mcp_listen_fail(const struct call *call, const struct reply *reply, struct buffer *out)
{
    message_begin(out);
    buffer_append_text(out, ",\"id\":");
    msgpack_to_json(call->mcp.id, out);
    buffer_printf(out, ",\"error\":{\"code\":%d", rpc_internal_error);
    rpc_member(out, "message", reply->message.size > 0 ? reply->message : slice_text(status_name(reply->status)));
    buffer_append_text(out, "}");
    message_end(out);
}

/* The stream ended as it should: its request gets its result. */
void mcp_listen_end(const struct call *call, struct buffer *out)
{
    message_begin(out);
    buffer_append_text(out, ",\"id\":");
    msgpack_to_json(call->mcp.id, out);
    buffer_append_text(
        out, ",\"result\":{\"resultType\":\"complete\",\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":");
    msgpack_to_json(call->mcp.id, out);
    buffer_append_text(out, "}}");
    message_end(out);
}

/* ---- the request ---- */

/* The narrowest that has all of them in it. */
void mcp_listen_follow(const struct call *call, struct follow *follow)
{
    struct walk targets = targets_of(call);
    struct target first, target;
    if (!target_next(&targets, &first))
        return;
    bool namespace = true, resource = true, identifier = true;
    while (target_next(&targets, &target)) {
        namespace &= slice_equal(target.namespace, first.namespace);
        resource &= namespace && slice_equal(target.resource, first.resource);
        identifier &= resource && slice_equal(target.identifier, first.identifier);
    }
    if (namespace)
        follow->namespace = first.namespace;
    if (namespace && resource)
        follow->resource = first.resource;
    if (namespace && resource && identifier)
        follow->identifier = first.identifier;
}

/* An aggregate's state or its events: both change with each event. */
static bool uri_listens(const struct mcp_server *server, const struct mcp_uri *uri)
{
    bool events = uri->count == 4 && slice_is(uri->parts[3], "events");
    if ((uri->count != 3 && !events) || uri->query.size > 0)
        return false;
    const struct mcp_resource *resource = mcp_index_resource(&server->index, uri->parts[0], uri->parts[1]);
    return resource != NULL && !resource->projection;
}

/* What is not to be listened to is left out, and so from the first message. */
static bool targets_read(const struct mcp_server *server, struct slice list, struct buffer *out)
{
    struct walk walk = walk_of(list);
    struct slice raw, text;
    struct buffer memory = {0};
    struct mcp_uri uri;
    uint32_t count = 0;
    bool good = walk.left <= MCP_LISTEN_MAX;
    buffer_clear(out);
    size_t place = write_array_begin(out);
    while (good && walk_next(&walk, &raw)) {
        good = mcp_text(raw, &text);
        if (!good || !mcp_uri_read(text, &memory, &uri) || !uri_listens(server, &uri))
            continue;
        write_array(out, 4);
        write_text(out, text);
        for (int i = 0; i < 3; i++)
            write_text(out, uri.parts[i]);
        count++;
    }
    write_array_end(out, place, count);
    buffer_fini(&memory);
    return good && !out->failed;
}

enum call_next mcp_listen(const struct mcp_server *server, struct call *call)
{
    struct slice filter = map_field(call->mcp.params, "notifications");
    struct slice list = map_field(filter, "resourceSubscriptions");
    if (!mcp_is_map(filter) || (list.size > 0 && !mcp_is_array(list)))
        return rpc_fail_params(call, "notifications is an object, and resourceSubscriptions in it a list of URIs");
    if (!targets_read(server, list, &call->mcp.names))
        return rpc_fail_params(call, "resourceSubscriptions is a list of at most 32 URIs");
    if (targets_of(call).left > 0) {
        call->mcp.asks = MCP_ASKS_CHANGES;
        return CALL_LOCAL;
    }
    answer_begin(&call->answer, 200, MEDIA_STREAM); /* nothing would ever come */
    mcp_listen_begin(call, &call->answer.body);
    mcp_listen_end(call, &call->answer.body);
    return CALL_REFUSED;
}
