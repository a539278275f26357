/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Resources: descriptions of domains, and by templates the state and the events of each aggregate.
 *
 *     fluvius://NS    fluvius://NS/RESOURCE/IDENTIFIER[?version=N or ?at=TIME]
 *     fluvius://NS/RESOURCE/IDENTIFIER/events[?after=N&limit=N]
 *     fluvius://NS/RESOURCE/IDENTIFIER/changes[?from=N&to=N&limit=N]
 *
 * Parts are split before they are percent-decoded, as in URLs. */
#include "proto/json.h"
#include "services/gateway/mcp_method.h"

#define SCHEME "fluvius://"

/* ---- lists ---- */

/* Items are numbered: domains first, then read models. A page's cursor has the key of its last item, NS or NS/NAME. */
static void item_key(const struct mcp_index *index, uint32_t item, struct buffer *out)
{
    bool domain = item < index->domain_count;
    const struct mcp_resource *model = domain ? NULL : &index->resources[item - index->domain_count];
    struct slice namespace = domain ? index->domains[item].namespace : model->namespace;
    buffer_clear(out);
    buffer_append(out, namespace.data, namespace.size);
    if (domain)
        return;
    buffer_append_text(out, "/");
    buffer_append(out, model->name.data, model->name.size);
}

/* Where the page that is asked for starts; false when no item has the cursor's key: the answer is written. */
static bool items_start(const struct mcp_index *index, struct call *call, uint32_t first, uint32_t *out)
{
    struct mcp_page page;
    struct buffer key = {0};
    bool found = false;
    if (!mcp_page_read(call, &page))
        return false;
    *out = first;
    for (uint32_t i = first; page.after.size > 0 && !found && i < index->domain_count + index->resource_count; i++) {
        item_key(index, i, &key);
        found = slice_equal(buffer_slice(&key), page.after);
        *out = i + 1;
    }
    buffer_fini(&key);
    if (page.after.size > 0 && !found)
        rpc_fail_params(call, "Invalid cursor");
    return page.after.size == 0 || found;
}

/* Closes a list that was written up to item end. */
static enum call_next items_end(const struct mcp_index *index, struct call *call, uint32_t end)
{
    struct buffer *out = &call->answer.body, key = {0};
    buffer_append_text(out, "]");
    if (end > 0 && end < index->domain_count + index->resource_count) {
        item_key(index, end - 1, &key);
        mcp_page_end(out, &(struct mcp_page){.more = true, .last = buffer_slice(&key)});
        buffer_fini(&key);
    }
    rpc_cache(call, MCP_LIST_TTL_MS, false);
    return rpc_end(call);
}

/* fluvius://NS or fluvius://NS/NAME, and what follows as it stands. */
static void
write_uri(struct buffer *out, const char *member, struct slice namespace, struct slice name, const char *after)
{
    struct buffer uri = {0};
    buffer_append_text(&uri, SCHEME);
    percent_encode(&uri, namespace);
    buffer_append_text(&uri, name.size > 0 ? "/" : "");
    percent_encode(&uri, name);
    buffer_append_text(&uri, after);
    rpc_member(out, member, buffer_slice(&uri));
    buffer_fini(&uri);
}

static void write_words(struct buffer *out,
                        struct slice namespace,
                        struct slice name,
                        const char *after,
                        const char *words,
                        struct slice doc)
{
    struct buffer text = {0};
    buffer_append(&text, namespace.data, namespace.size);
    buffer_append_text(&text, name.size > 0 ? "." : "");
    buffer_append(&text, name.data, name.size);
    buffer_append_text(&text, after);
    rpc_member(out, "name", buffer_slice(&text));
    buffer_clear(&text);
    buffer_append_text(&text, words);
    buffer_append(&text, doc.data, doc.size);
    rpc_member(out, "description", buffer_slice(&text));
    buffer_fini(&text);
}

static void write_item(struct buffer *out, const struct mcp_index *index, uint32_t item)
{
    bool domain = item < index->domain_count;
    const struct mcp_resource *model = domain ? NULL : &index->resources[item - index->domain_count];
    struct slice namespace = domain ? index->domains[item].namespace : model->namespace;
    struct slice name = domain ? (struct slice){0} : model->name;
    const char *words = domain ? "The domain's description. " : "All there are, a page at a time. ";
    buffer_append_text(out, "{\"mimeType\":\"application/json\"");
    write_uri(out, "uri", namespace, name, "");
    write_words(out, namespace, name, "", words, map_text(domain ? index->domains[item].raw : model->raw, "doc"));
    buffer_append_text(out, "}");
}

enum call_next mcp_resources_list(const struct mcp_server *server, struct call *call)
{
    const struct mcp_index *index = &server->index;
    uint32_t at, shown = 0;
    if (!items_start(index, call, 0, &at))
        return CALL_REFUSED;
    call->mcp.unknown = index->domain_count == 0;
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"resources\":[");
    for (; at < index->domain_count + index->resource_count && shown < MCP_PAGE; at++, shown++) {
        buffer_append_text(out, shown == 0 ? "" : ",");
        write_item(out, index, at);
    }
    return items_end(index, call, at);
}

static void write_template(
    struct buffer *out, const struct mcp_resource *model, const char *form, const char *kind, const char *words)
{
    buffer_append_text(out, "{\"mimeType\":\"application/json\"");
    write_uri(out, "uriTemplate", model->namespace, model->name, form);
    write_words(out, model->namespace, model->name, kind, words, map_text(model->raw, "doc"));
    buffer_append_text(out, "}");
}

static void write_templates(struct buffer *out, const struct mcp_resource *model)
{
    write_template(out, model, "{?limit,cursor,sort,text}", " list", "All there are, a page at a time. ");
    if (model->projection)
        return;
    buffer_append_text(out, ",");
    write_template(out, model, "/{identifier}{?version,at}", "", "One as it is or was. ");
    buffer_append_text(out, ",");
    write_template(
        out, model, "/{identifier}/events{?after,limit}", " events", "What has happened to one, oldest event first. ");
    buffer_append_text(out, ",");
    write_template(out,
                   model,
                   "/{identifier}/changes{?from,to,limit}",
                   " changes",
                   "What is different between two versions of one, and which event changed what. ");
}

enum call_next mcp_templates_list(const struct mcp_server *server, struct call *call)
{
    const struct mcp_index *index = &server->index;
    uint32_t at, shown = 0;
    if (!items_start(index, call, index->domain_count, &at))
        return CALL_REFUSED;
    call->mcp.unknown = index->domain_count == 0;
    struct buffer *out = rpc_begin(call);
    buffer_append_text(out, ",\"resourceTemplates\":[");
    for (; at < index->domain_count + index->resource_count && shown < MCP_PAGE; at++, shown += 4) {
        buffer_append_text(out, shown == 0 ? "" : ",");
        write_templates(out, &index->resources[at - index->domain_count]);
    }
    return items_end(index, call, at);
}

/* ---- reading ---- */

/* Decodes one part where it stands. */
static bool part_decode(uint8_t *text, size_t size, struct slice *out)
{
    if (!percent_decode(text, &size))
        return false;
    *out = slice_of(text, size);
    return identifier_valid(*out);
}

static bool uri_split(struct buffer *memory, struct mcp_uri *out)
{
    uint8_t *at = memory->data + strlen(SCHEME), *end = memory->data + memory->size;
    uint8_t *mark = memchr(at, '?', (size_t)(end - at));
    if (mark != NULL) {
        out->query = slice_of(mark + 1, (size_t)(end - mark - 1));
        end = mark;
    }
    for (;;) {
        uint8_t *slash = memchr(at, '/', (size_t)(end - at)), *stop = slash == NULL ? end : slash;
        if (out->count == MCP_URI_PARTS || !part_decode(at, (size_t)(stop - at), &out->parts[out->count++]))
            return false;
        if (slash == NULL)
            return true;
        at = slash + 1;
    }
}

bool mcp_uri_read(struct slice uri, struct buffer *memory, struct mcp_uri *out)
{
    size_t lead = strlen(SCHEME);
    *out = (struct mcp_uri){0};
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

/* What a URI of an aggregate leads to: itself, or what stands behind its identifier. */
static const struct {
    const char *word;
    enum url_kind kind;
    enum mcp_asks asks;
    enum operation operation;
} reads[] = {{"", URL_STATE, MCP_ASKS_RESOURCE_STATE, operation_state},
             {"events", URL_EVENTS, MCP_ASKS_RESOURCE_EVENTS, operation_events},
             {"changes", URL_CHANGES, MCP_ASKS_RESOURCE_DIFFERENCE, operation_changes}};

#define READS (sizeof reads / sizeof reads[0])

/* A place in reads; READS when it leads nowhere. */
static size_t read_find(const struct mcp_uri *uri)
{
    size_t read = 0;
    if (uri->count < 4)
        return uri->count == 3 ? 0 : READS;
    for (read = 1; read < READS && !slice_is(uri->parts[3], reads[read].word);)
        read++;
    return read;
}

static enum call_next
read_aggregate(struct call *call, const struct mcp_uri *uri, size_t read, const struct url_query *query)
{
    struct request *request = &call->request;
    call->mcp.asks = reads[read].asks;
    call->mcp.identifier = uri->parts[2];
    request->operation = reads[read].operation;
    request->namespace = uri->parts[0];
    request->resource = uri->parts[1];
    request->identifier = uri->parts[2];
    request->at_version = reads[read].kind == URL_CHANGES ? query->to : query->version;
    request->at_time_us = query->at_us;
    request->from = query->after;
    request->limit = query->limit;
    return CALL_ASK;
}

/* The names are the index's: the memory of the URI's parts is used again. */
static enum call_next read_rows(struct call *call, const struct mcp_resource *resource, struct slice parameters)
{
    struct buffer copy = {0};
    call->mcp.asks = MCP_ASKS_RESOURCE_ROWS;
    buffer_append(&copy, parameters.data, parameters.size);
    bool good = mcp_query_parameters(buffer_slice(&copy), &call->mcp.names);
    buffer_fini(&copy);
    if (!good)
        return rpc_fail_params(call, "a parameter that is not known here, stands twice or is not UTF-8");
    return mcp_query_ask(call, resource->namespace, resource->name, buffer_slice(&call->mcp.names));
}

enum call_next mcp_resources_read(const struct mcp_server *server, struct call *call)
{
    struct refusal refusal;
    struct url_query query;
    struct mcp_uri uri;
    if (!mcp_text(map_field(call->mcp.params, "uri"), &call->mcp.uri))
        return rpc_fail_params(call, "uri is a text");
    if (!mcp_uri_read(call->mcp.uri, &call->mcp.names, &uri))
        return mcp_resource_missing(call);
    if (uri.count == 1 && uri.query.size == 0)
        return read_domain(server, call, uri.parts[0]);
    size_t read = read_find(&uri);
    if (uri.count != 2 && read == READS)
        return mcp_resource_missing(call);
    const struct mcp_resource *resource = mcp_index_resource(&server->index, uri.parts[0], uri.parts[1]);
    call->mcp.unknown = resource == NULL;
    if (resource == NULL || (resource->projection && uri.count != 2))
        return mcp_resource_missing(call);
    if (uri.count == 2)
        return read_rows(call, resource, uri.query);
    if (!url_query_parse(reads[read].kind, uri.query, &query, &refusal))
        return rpc_fail_params(call, refusal.detail);
    return read_aggregate(call, &uri, read, &query);
}
