/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What GET /_events asks for: see events.h. */
#include "services/gateway/events.h"

#include <strings.h>

#include "services/gateway/number.h"

enum parameter {
    PARAMETER_FROM,
    PARAMETER_SINCE,
    PARAMETER_NAMESPACE,
    PARAMETER_RESOURCE,
    PARAMETER_IDENTIFIER,
    PARAMETER_TYPES,
    PARAMETER_PARTITIONS,
    PARAMETER_LIMIT,
    PARAMETER_WAIT,
    PARAMETER_PLATFORM,
    PARAMETER_UNTIL,
    PARAMETER_USER,
    PARAMETER_COMMAND,
    PARAMETER_TRACE,
    PARAMETER_COUNT
};

static const char *const names[PARAMETER_COUNT] = {
    [PARAMETER_FROM] = "from",
    [PARAMETER_SINCE] = "since",
    [PARAMETER_NAMESPACE] = "namespace",
    [PARAMETER_RESOURCE] = "resource",
    [PARAMETER_IDENTIFIER] = "identifier",
    [PARAMETER_TYPES] = "types",
    [PARAMETER_PARTITIONS] = "partitions",
    [PARAMETER_LIMIT] = "limit",
    [PARAMETER_WAIT] = "wait_ms",
    [PARAMETER_PLATFORM] = "platform",
    [PARAMETER_UNTIL] = "until",
    [PARAMETER_USER] = "user",
    [PARAMETER_COMMAND] = "command_id",
    [PARAMETER_TRACE] = "trace",
};

static bool bad(struct refusal *refusal, const char *code, const char *detail)
{
    return refuse(refusal, problem_bad_parameter, code, detail);
}

/* ---- values ---- */

static bool number_take(struct slice text, uint64_t min, uint64_t max, uint32_t *out)
{
    uint64_t number;
    if (!number_parse(text, &number) || number < min || number > max)
        return false;
    *out = (uint32_t)number;
    return true;
}

static void types_write(struct slice text, struct buffer *out)
{
    uint32_t count = 0;
    size_t place = write_array_begin(out);
    while (text.size > 0) {
        struct slice type = text_cut(&text, ',');
        if (type.size == 0)
            continue;
        write_text(out, type);
        count++;
    }
    write_array_end(out, place, count);
}

static bool partitions_write(struct slice text, struct buffer *out)
{
    uint32_t count = 0, partition;
    size_t place = write_array_begin(out);
    while (text.size > 0) {
        if (!number_take(text_cut(&text, ','), 0, UINT16_MAX, &partition))
            return false;
        write_unsigned(out, partition);
        count++;
    }
    write_array_end(out, place, count);
    return true;
}

/* ---- parameters ---- */

static bool
parameter_take(struct events_query *out, enum parameter parameter, struct slice text, struct refusal *refusal)
{
    struct follow *follow = &out->follow;
    switch (parameter) {
    case PARAMETER_FROM:
        follow->from = text;
        return true;
    case PARAMETER_SINCE:
        follow->has_since = true;
        return query_time(text, &follow->since_us) || bad(refusal, "bad_since", "since is a time as in RFC 3339");
    case PARAMETER_NAMESPACE:
        follow->namespace = text;
        return true;
    case PARAMETER_RESOURCE:
        follow->resource = text;
        return true;
    case PARAMETER_IDENTIFIER:
        follow->identifier = text;
        return true;
    case PARAMETER_TYPES:
        types_write(text, &out->types);
        return true;
    case PARAMETER_PARTITIONS:
        return partitions_write(text, &out->partitions) ||
               bad(refusal, "bad_partitions", "partitions is a list of numbers");
    case PARAMETER_LIMIT:
        return number_take(text, 1, limit_page_limit, &follow->limit) ||
               bad(refusal, "bad_limit", "limit is an integer from 1 to 1000");
    case PARAMETER_WAIT:
        return number_take(text, 0, limit_follow_ms, &follow->wait_ms) ||
               bad(refusal, "bad_wait_ms", "wait_ms is an integer from 0 to 30000");
    case PARAMETER_UNTIL:
        return query_time(text, &follow->until_us) || bad(refusal, "bad_until", "until is a time of RFC 3339");
    case PARAMETER_USER:
        follow->user = text;
        return true;
    case PARAMETER_COMMAND:
        follow->has_id = true;
        return uuid_parse(text, &follow->id) == error_none || bad(refusal, "bad_command_id", "command_id is a UUID");
    case PARAMETER_TRACE:
        follow->trace = text;
        return text.size == 32 || bad(refusal, "bad_trace", "trace is a trace id of 32 hexadecimal digits");
    default:
        follow->platform = slice_is(text, "1") || slice_is(text, "true");
        return true;
    }
}

static int parameter_find(struct slice name)
{
    for (int i = 0; i < PARAMETER_COUNT; i++)
        if (slice_is(name, names[i]))
            return i;
    return -1;
}

/* Decoded values are never longer than they were, so all of them fit. */
static bool value_decode(struct events_query *out, struct slice *value)
{
    uint8_t *place = out->memory + out->used;
    size_t size = value->size;
    if (size == 0)
        return true;
    memcpy(place, value->data, size);
    if (!form_decode(place, &size))
        return false;
    *value = slice_of(place, size);
    out->used += size;
    return true;
}

static bool parameters_take(struct events_query *out, struct slice text, struct refusal *refusal)
{
    bool seen[PARAMETER_COUNT] = {false};
    while (text.size > 0) {
        struct slice value = text_cut(&text, '&');
        if (value.size == 0)
            continue;
        struct slice name = text_cut(&value, '=');
        int parameter = parameter_find(name);
        if (parameter < 0)
            return bad(refusal, "unknown_parameter", "a query parameter that is not known here");
        if (seen[parameter])
            return bad(refusal, "repeated_parameter", "the same query parameter stands twice");
        seen[parameter] = true;
        if (!value_decode(out, &value))
            return refuse(refusal, problem_bad_url, "bad_escape", "a % that two hexadecimal digits do not follow");
        if (!parameter_take(out, (enum parameter)parameter, value, refusal))
            return false;
    }
    return true;
}

static struct slice media_take(struct slice *text)
{
    struct slice media = text_cut(text, ','), name = text_cut(&media, ';');
    while (name.size > 0 && name.data[0] == ' ')
        name = slice_of(name.data + 1, name.size - 1);
    while (name.size > 0 && name.data[name.size - 1] == ' ')
        name.size--;
    return name;
}

bool events_accepts_stream(const struct head *head)
{
    static const char wanted[] = "text/event-stream";
    struct slice accept = head->values[HEADER_ACCEPT];
    while (accept.size > 0) {
        struct slice media = media_take(&accept);
        if (media.size == sizeof wanted - 1 && strncasecmp((const char *)media.data, wanted, media.size) == 0)
            return true;
    }
    return false;
}

/* An aggregate's own URL names it; parameters may narrow, but not lead elsewhere. */
static bool url_take(const struct call *call, struct events_query *out, struct refusal *refusal)
{
    struct follow *follow = &out->follow;
    if (call->url.identifier.size == 0)
        return true;
    if (follow->namespace.size > 0 || follow->resource.size > 0 || follow->identifier.size > 0)
        return bad(refusal, "unknown_parameter", "the path says which aggregate");
    follow->namespace = call->url.namespace;
    follow->resource = call->url.resource;
    follow->identifier = call->url.identifier;
    return true;
}

bool events_query_read(const struct call *call, struct events_query *out, struct refusal *refusal)
{
    const struct head *head = &call->head;
    bool causes = call->url.causes;
    *out = (struct events_query){.stream = !causes && events_accepts_stream(head), .causes = causes};
    out->follow.receipts = causes;
    if (!parameters_take(out, call->url.query, refusal) || !url_take(call, out, refusal))
        return false;
    if (head->seen[HEADER_LAST_EVENT_ID] && head->values[HEADER_LAST_EVENT_ID].size > 0) {
        out->follow.from = head->values[HEADER_LAST_EVENT_ID];
        out->follow.has_since = false;
    }
    if (out->stream && out->follow.from.size == 0 && !out->follow.has_since)
        out->follow.from = slice_text("end");
    out->follow.types = buffer_slice(&out->types);
    out->follow.partitions = buffer_slice(&out->partitions);
    return true;
}

void events_query_fini(struct events_query *query)
{
    buffer_fini(&query->types);
    buffer_fini(&query->partitions);
}
