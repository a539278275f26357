/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's own answers: see local.h. */
#include "services/gateway/local.h"

#include <time.h>

#include "proto/json.h"
#include "services/gateway/meta.h"

#define PROBE_DEADLINE_MS 1000
#define ASK_DEADLINE_MS 2000

static void answer_alive(struct answer *answer)
{
    answer_begin(answer, 200, MEDIA_JSON);
    buffer_append_text(&answer->body, "{\"status\":\"OK\"}");
}

static void metrics_answer(struct gateway *gateway, struct exchange *exchange, bool with_bus)
{
    struct answer *answer = &exchange->call.answer;
    struct reader reader = reader_of(buffer_slice(&exchange->call.data));
    struct slice text;
    answer_begin(answer, 200, MEDIA_METRICS);
    metric_set(&gateway->stats.metrics[STAT_CONNECTIONS], (int64_t)gateway->peers.count);
    metric_set(&gateway->stats.metrics[STAT_IN_FLIGHT], gateway->waiting);
    metric_set(&gateway->stats.metrics[STAT_BODY_BYTES], (int64_t)gateway->body_bytes);
    metric_set(&gateway->stats.metrics[STAT_ANSWER_BYTES], (int64_t)gateway->answer_bytes);
    stats_print(&gateway->stats, &answer->body);
    if (with_bus && reader_text(&reader, &text) == 0)
        buffer_append(&answer->body, text.data, text.size);
}

/* ---- metadata ---- */

/* HOST:PORT of the first broker. */
static struct slice first_broker(const struct gateway *gateway)
{
    const struct setting_list *bus = &gateway->settings.bus;
    const char *url = bus->count > 0 ? bus->items[0] : "", *address = strstr(url, "://");
    return slice_text(address == NULL ? url : address + 3);
}

static void document_page(struct gateway *gateway, struct call *call)
{
    struct document_facts facts = {.descriptions = buffer_slice(&gateway->catalog.descriptions),
                                   .http = slice_text(gateway->listener.url + strlen("http://")),
                                   .bus = first_broker(gateway),
                                   .tokens =
                                       gateway->settings.token_file != NULL && gateway->settings.token_file[0] != '\0'};
    document_answer(&gateway->documents, call->url.kind, &facts, gateway->catalog.revision, &call->head, &call->answer);
}

static bool meta_page(struct gateway *gateway, struct call *call)
{
    struct slice descriptions = buffer_slice(&gateway->catalog.descriptions);
    if (call->url.kind == URL_OPENAPI || call->url.kind == URL_ASYNCAPI) {
        document_page(gateway, call);
        return true;
    }
    if (call->url.kind == URL_META_NAMESPACE)
        return meta_namespace(&call->answer, descriptions, call->url.namespace);
    if (call->url.kind == URL_META_COMMAND)
        return meta_command(&call->answer, descriptions, call->url.namespace, call->url.command);
    if (call->url.kind == URL_META_QUERY)
        return meta_query(&call->answer, descriptions, call->url.namespace, call->url.resource);
    meta_index(&call->answer, descriptions);
    return true;
}

static void meta_missing(struct gateway *gateway, struct call *call)
{
    struct slice descriptions = buffer_slice(&gateway->catalog.descriptions);
    if (!gateway->catalog.known)
        problem_answer_status(&call->answer, status_unavailable, "no_descriptions", "no domain has been described yet");
    else if (call->url.kind == URL_META_QUERY && meta_has_namespace(descriptions, call->url.namespace))
        problem_answer_status(&call->answer, status_not_found, "unknown_query", "there is no read model of this name");
    else if (meta_has_namespace(descriptions, call->url.namespace))
        problem_answer_status(&call->answer, status_not_found, "unknown_command", "the namespace has no such command");
    else
        problem_answer_status(&call->answer, status_not_found, "unknown_namespace", "no domain has this namespace");
}

static void meta_answer(struct gateway *gateway, struct call *call)
{
    if (!gateway->catalog.known || !meta_page(gateway, call))
        meta_missing(gateway, call);
}

static enum call_next meta_submit(struct gateway *gateway, struct call *call, uint64_t now_us)
{
    if (gateway->catalog.count > 0 && meta_page(gateway, call))
        return CALL_REFUSED;
    if (catalog_may_ask(&gateway->catalog, now_us)) {
        call->request.operation = operation_describe;
        call->request.token = slice_text(gateway->settings.service_token);
        return CALL_ASK;
    }
    meta_answer(gateway, call);
    return CALL_REFUSED;
}

/* ---- asking ---- */

static enum call_next ready_submit(struct gateway *gateway, struct call *call)
{
    call->request.operation = operation_health;
    call->request.token = slice_text(gateway->settings.service_token);
    call->request.deadline_ms = PROBE_DEADLINE_MS;
    if (client_connected(gateway->client))
        return CALL_ASK;
    problem_answer_status(&call->answer, status_unavailable, "no_broker", "no broker is connected");
    return CALL_REFUSED;
}

static enum call_next metrics_submit(struct gateway *gateway, struct exchange *exchange)
{
    exchange->call.request.operation = operation_metrics;
    exchange->call.request.deadline_ms = PROBE_DEADLINE_MS;
    if (client_connected(gateway->client))
        return CALL_ASK;
    metrics_answer(gateway, exchange, false);
    return CALL_REFUSED;
}

/* The request's own deadline, and its own credentials: it is the client that asks. A name that is not known may be new:
 * then the descriptions are asked for first, and the message is looked at again. */
static enum call_next mcp_local(struct gateway *gateway, struct exchange *exchange)
{
    struct call *call = &exchange->call;
    struct timespec now;
    struct mcp_moment moment = {.fresh = client_new_id()};
    clock_gettime(CLOCK_REALTIME, &now);
    moment.now_s = (uint64_t)now.tv_sec;
    enum call_next next = mcp_submit(&gateway->mcp, call, buffer_slice(&exchange->body), &moment);
    if (!call->mcp.unknown || !catalog_may_ask(&gateway->catalog, exchange->start_us))
        return next;
    call->mcp.asks = MCP_ASKS_DESCRIPTIONS;
    call->request.operation = operation_describe;
    call->request.token = slice_text(gateway->settings.service_token);
    call->request.deadline_ms = ASK_DEADLINE_MS;
    return CALL_ASK;
}

enum call_next local_submit(struct gateway *gateway, struct exchange *exchange, uint64_t now_us)
{
    struct call *call = &exchange->call;
    call->request.namespace = call->request.command = (struct slice){0};
    if (call->url.kind != URL_MCP)
        call->request.deadline_ms = ASK_DEADLINE_MS;
    switch (call->url.kind) {
    case URL_READY:
        return ready_submit(gateway, call);
    case URL_METRICS:
        return metrics_submit(gateway, exchange);
    case URL_META:
    case URL_META_NAMESPACE:
    case URL_META_COMMAND:
    case URL_META_QUERY:
    case URL_OPENAPI:
    case URL_ASYNCAPI:
        return meta_submit(gateway, call, now_us);
    case URL_MCP:
        return mcp_local(gateway, exchange);
    case URL_DOCS:
    case URL_DOCS_SCRIPT:
    case URL_DOCS_STYLE:
        page_answer(call->url.kind, &call->head, &call->answer);
        return CALL_REFUSED;
    default:
        answer_alive(&call->answer);
        return CALL_REFUSED;
    }
}

void local_reply(struct exchange *exchange, const struct reply *reply)
{
    struct call *call = &exchange->call;
    exchange->status = reply->status;
    buffer_clear(&call->data);
    buffer_append(&call->data, reply->data.data, reply->data.size);
    if (reply->status == status_ok)
        return;
    struct reply told = *reply;
    if (call->url.kind == URL_READY) /* a probe looks at the number alone: whatever the reason, it is 503 */
        told.status = status_unavailable;
    problem_answer_reply(&call->answer, &told);
}

static int64_t health_number(struct slice health, const char *key)
{
    struct slice raw;
    int64_t number = 0;
    if (msgpack_find(health, key, &raw) != 0)
        return 0;
    struct reader reader = reader_of(raw);
    return reader_integer(&reader, &number) == 0 ? number : 0;
}

/* Ready means that commands would be taken: a broker answers, every partition has an owner, domains are described.
 * Other alarms are for people; taking every gateway out of service would not help. */
static void ready_answer(struct gateway *gateway, struct exchange *exchange)
{
    struct answer *answer = &exchange->call.answer;
    struct slice health = buffer_slice(&exchange->call.data);
    if (exchange->status != status_ok)
        return;
    if (health_number(health, "partitions") == 0)
        problem_answer_status(answer, status_unavailable, "no_shard", "no shard has announced itself");
    else if (health_number(health, "unowned") > 0)
        problem_answer_status(answer, status_unavailable, "unowned", "some partitions have no owner");
    else if (!gateway->catalog.known)
        problem_answer_status(answer, status_unavailable, "no_descriptions", "no domain has been described yet");
    else
        answer_alive(answer);
}

void local_answer(struct gateway *gateway, struct exchange *exchange)
{
    switch (exchange->call.url.kind) {
    case URL_READY:
        ready_answer(gateway, exchange);
        break;
    case URL_METRICS:
        metrics_answer(gateway, exchange, exchange->status == status_ok);
        break;
    case URL_MCP:
        exchange->again = true;
        if (exchange->status == status_ok)
            catalog_take(gateway, buffer_slice(&exchange->call.data));
        break;
    default:
        if (exchange->status != status_ok)
            break;
        catalog_take(gateway, buffer_slice(&exchange->call.data));
        meta_answer(gateway, &exchange->call);
        break;
    }
}
