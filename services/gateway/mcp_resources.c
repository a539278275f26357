/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Resources: descriptions of domains, and by templates the state and the events of each aggregate.
 *
 *     fluvius://NS    fluvius://NS/RESOURCE/IDENTIFIER[?version=N]
 * fluvius://NS/RESOURCE/IDENTIFIER/events[?after=N&limit=N]
 *
 * Parts are split before they are percent-decoded, as in URLs. */
#include "proto/json.h"
#include "services/gateway/mcp_method.h"

#define SCHEME "fluvius://"
#define PARTS_MAX 4

/* ---- lists ---- */

static void write_domain(struct buffer *out, const struct mcp_domain *domain)
{
    struct buffer uri = {0};
    buffer_append_text(&uri, SCHEME);
    percent_encode(&uri, domain->namespace);
    buffer_append_text(out, "{\"mimeType\":\"application/json\"");
    rpc_member(out, "uri", buffer_slice(&uri));
    rpc_member(out, "name", domain->namespace);
    rpc_member(out, "title", domain->namespace);
    rpc_member(out, "description", map_text(domain->raw, "doc"));
    buffer_append_text(out, "}");
    buffer_fini(&uri);
}

enum call_next mcp_resources_list(const struct mcp_server *server, struct call *call)
{
    struct mcp_page page;
    if (!mcp_page_read(call, &page))
        return CALL_REFUSED;
    call->mcp.unknown = server->index.domain_count == 0;
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"resources\":[");
    for (uint32_t i = 0; i < server->index.domain_count && !page.more; i++) {
        if (!mcp_page_take(&page, server->index.domains[i].namespace))
            continue;
        buffer_append_text(out, page.shown == 1 ? "" : ",");
        write_domain(out, &server->index.domains[i]);
    }
    buffer_append_text(out, "]");
    mcp_page_end(out, &page);
    rpc_cache(call, MCP_LIST_TTL_MS, false);
    return rpc_end(call);
}

static void write_template(struct buffer *out, const struct mcp_resource *resource, bool events)
{
    struct buffer text = {0};
    buffer_append_text(out, "{\"mimeType\":\"application/json\"");
    buffer_append_text(&text, SCHEME);
    percent_encode(&text, resource->namespace);
    buffer_append_text(&text, "/");
    percent_encode(&text, resource->name);
    buffer_append_text(&text, events ? "/{identifier}/events{?after,limit}" : "/{identifier}{?version}");
    rpc_member(out, "uriTemplate", buffer_slice(&text));
    buffer_clear(&text);
    buffer_append(&text, resource->namespace.data, resource->namespace.size);
    buffer_append_text(&text, ".");
    buffer_append(&text, resource->name.data, resource->name.size);
    buffer_append_text(&text, events ? " events" : "");
    rpc_member(out, "name", buffer_slice(&text));
    buffer_clear(&text);
    buffer_append_text(&text, events ? "What has happened to one, oldest event first. " : "One as it is or was. ");
    struct slice doc = map_text(resource->raw, "doc");
    buffer_append(&text, doc.data, doc.size);
    rpc_member(out, "description", buffer_slice(&text));
    buffer_append_text(out, "}");
    buffer_fini(&text);
}

/* Keys are NS/RESOURCE; names have no slash, so they sort as their parts do, but for bytes below it: the index is
 * walked in its own order and the key of a page is compared by position. */
static uint32_t templates_start(const struct mcp_index *index, struct slice after, struct buffer *key)
{
    for (uint32_t i = 0; after.size > 0 && i < index->resource_count; i++) {
        const struct mcp_resource *resource = &index->resources[i];
        buffer_clear(key);
        buffer_append(key, resource->namespace.data, resource->namespace.size);
        buffer_append_text(key, "/");
        buffer_append(key, resource->name.data, resource->name.size);
        if (slice_equal(buffer_slice(key), after))
            return i + 1;
    }
    return 0;
}

enum call_next mcp_templates_list(const struct mcp_server *server, struct call *call)
{
    const struct mcp_index *index = &server->index;
    struct mcp_page page;
    struct buffer key = {0};
    if (!mcp_page_read(call, &page))
        return CALL_REFUSED;
    uint32_t at = templates_start(index, page.after, &key);
    if (page.after.size > 0 && at == 0) {
        buffer_fini(&key);
        return rpc_fail_params(call, "Invalid cursor");
    }
    call->mcp.unknown = index->domain_count == 0;
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"resourceTemplates\":[");
    for (uint32_t shown = 0; at < index->resource_count && shown < MCP_PAGE / 2; at++, shown++) {
        buffer_append_text(out, shown == 0 ? "" : ",");
        write_template(out, &index->resources[at], false);
        buffer_append_text(out, ",");
        write_template(out, &index->resources[at], true);
    }
    buffer_append_text(out, "]");
    if (at < index->resource_count) {
        const struct mcp_resource *last = &index->resources[at - 1];
        buffer_clear(&key);
        buffer_append(&key, last->namespace.data, last->namespace.size);
        buffer_append_text(&key, "/");
        buffer_append(&key, last->name.data, last->name.size);
        page.more = true;
        page.last = buffer_slice(&key);
    }
    mcp_page_end(out, &page);
    buffer_fini(&key);
    rpc_cache(call, MCP_LIST_TTL_MS, false);
    return rpc_end(call);
}

/* ---- reading ---- */

struct uri {
    uint32_t count;
    struct slice parts[PARTS_MAX]; /* decoded */
    struct slice query;
};

/* Decodes one part where it stands. */
static bool part_decode(uint8_t *text, size_t size, struct slice *out)
{
    if (!percent_decode(text, &size))
        return false;
    *out = slice_of(text, size);
    return identifier_valid(*out);
}

static bool uri_split(struct buffer *memory, struct uri *out)
{
    uint8_t *at = memory->data + strlen(SCHEME), *end = memory->data + memory->size;
    uint8_t *mark = memchr(at, '?', (size_t)(end - at));
    if (mark != NULL) {
        out->query = slice_of(mark + 1, (size_t)(end - mark - 1));
        end = mark;
    }
    for (;;) {
        uint8_t *slash = memchr(at, '/', (size_t)(end - at)), *stop = slash == NULL ? end : slash;
        if (out->count == PARTS_MAX || !part_decode(at, (size_t)(stop - at), &out->parts[out->count++]))
            return false;
        if (slash == NULL)
            return true;
        at = slash + 1;
    }
}

static bool uri_read(struct call *call, struct uri *out)
{
    struct buffer *memory = &call->mcp.names;
    struct slice uri = call->mcp.uri;
    size_t lead = strlen(SCHEME);
    *out = (struct uri){0};
    buffer_clear(memory);
    buffer_append(memory, uri.data, uri.size);
    return !memory->failed && uri.size > lead && uri.size <= URL_MAX && memcmp(uri.data, SCHEME, lead) == 0 &&
           uri_split(memory, out);
}

static enum call_next read_domain(const struct mcp_server *server, struct call *call, struct slice namespace)
{
    const struct mcp_domain *domain = mcp_index_domain(&server->index, namespace);
    struct buffer *content = &call->mcp.content;
    call->mcp.unknown = domain == NULL;
    if (domain == NULL)
        return mcp_resource_missing(call);
    buffer_clear(content);
    msgpack_to_json(domain->raw, content);
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"contents\":[{\"mimeType\":\"application/json\"");
    rpc_member(out, "uri", call->mcp.uri);
    rpc_member(out, "text", buffer_slice(content));
    buffer_append_text(out, "}]");
    out->failed |= content->failed;
    rpc_cache(call, MCP_LIST_TTL_MS, false);
    return rpc_end(call);
}

static enum call_next read_aggregate(struct call *call, const struct uri *uri, const struct query *query)
{
    struct request *request = &call->request;
    bool events = uri->count == 4;
    call->mcp.asks = events ? MCP_ASKS_RESOURCE_EVENTS : MCP_ASKS_RESOURCE_STATE;
    call->mcp.identifier = uri->parts[2];
    request->operation = events ? operation_events : operation_state;
    request->namespace = uri->parts[0];
    request->resource = uri->parts[1];
    request->identifier = uri->parts[2];
    request->at_version = query->version;
    request->from = query->after;
    request->limit = query->limit;
    return CALL_ASK;
}

enum call_next mcp_resources_read(const struct mcp_server *server, struct call *call)
{
    struct refusal refusal;
    struct query query;
    struct uri uri;
    if (!mcp_text(map_field(call->mcp.params, "uri"), &call->mcp.uri))
        return rpc_fail_params(call, "uri is a text");
    if (!uri_read(call, &uri))
        return mcp_resource_missing(call);
    if (uri.count == 1 && uri.query.size == 0)
        return read_domain(server, call, uri.parts[0]);
    bool events = uri.count == 4 && slice_is(uri.parts[3], "events");
    if (uri.count != 3 && !events)
        return mcp_resource_missing(call);
    call->mcp.unknown = mcp_index_resource(&server->index, uri.parts[0], uri.parts[1]) == NULL;
    if (call->mcp.unknown)
        return mcp_resource_missing(call);
    if (!query_parse(events ? URL_EVENTS : URL_STATE, uri.query, &query, &refusal))
        return rpc_fail_params(call, refusal.detail);
    return read_aggregate(call, &uri, &query);
}
