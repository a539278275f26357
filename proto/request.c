/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests and the frames they come in. */
#include "proto/envelope.h"
#include "proto/fields.h"

static const uint8_t empty_map[] = {0x80};

/* What each operation must have. */
static const uint32_t required[operation_count] = {
    [operation_command] = BIT(request, id) | BIT(request, namespace) | BIT(request, command) | BIT(request, resource),
    [operation_state] = BIT(request, namespace) | BIT(request, resource) | BIT(request, identifier),
    [operation_events] = BIT(request, namespace) | BIT(request, resource) | BIT(request, identifier),
    [operation_log] = BIT(request, partition),
    [operation_changes] = BIT(request, namespace) | BIT(request, resource) | BIT(request, identifier),
    [operation_query] = BIT(request, namespace) | BIT(request, resource),
};

struct request request_of(enum operation operation)
{
    return (struct request){
        .operation = operation,
        .data = slice_of(empty_map, sizeof empty_map),
        .deadline_ms = limit_deadline_ms,
        .at_version = -1,
        .partition = -1,
        .limit = limit_page_default,
    };
}

static enum error take_operation(struct reader *reader, enum operation *out)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    if (error == error_none && !operation_find(text, out)) {
        error = error_out_of_range;
    }
    return error;
}

/* A number of at least low; what is above high counts as high. */
static enum error take_capped(struct reader *reader, uint32_t low, uint32_t high, uint32_t *out)
{
    uint64_t number;
    enum error error = take_u64(reader, &number);
    if (error == error_none && number < low) {
        error = error_out_of_range;
    }
    if (error == error_none) {
        *out = number > high ? high : (uint32_t)number;
    }
    return error;
}

static enum error take_partition(struct reader *reader, int64_t *out)
{
    uint32_t partition;
    enum error error = take_u32(reader, &partition);
    if (error == error_none) {
        *out = partition;
    }
    return error;
}

static enum error request_take(struct request *out, int field, struct reader *reader)
{
    switch (field) {
    case AT(request, operation):
        return take_operation(reader, &out->operation);
    case AT(request, id):
        out->has_id = true;
        return take_uuid(reader, &out->id);
    case AT(request, namespace):
        return take_name(reader, &out->namespace);
    case AT(request, command):
        return take_name(reader, &out->command);
    case AT(request, resource):
        return take_name(reader, &out->resource);
    case AT(request, identifier):
        return take_name(reader, &out->identifier);
    case AT(request, data):
        return take_map(reader, &out->data);
    case AT(request, expected):
        out->has_expected = true;
        return take_natural(reader, &out->expected);
    case AT(request, deadline_ms):
        return take_capped(reader, 0, limit_deadline_max_ms, &out->deadline_ms);
    case AT(request, dry_run):
        return reader_bool(reader, &out->dry_run);
    case AT(request, traceparent):
        return take_short(reader, &out->traceparent);
    case AT(request, request_token):
        return reader_text(reader, &out->token);
    case AT(request, at_version):
        return take_natural(reader, &out->at_version);
    case AT(request, partition):
        return take_partition(reader, &out->partition);
    case AT(request, from):
        return take_u64(reader, &out->from);
    case AT(request, at_time_us):
        return take_natural(reader, &out->at_time_us);
    case AT(request, scope):
        return take_map(reader, &out->scope);
    default:
        return take_capped(reader, 1, limit_page_limit, &out->limit);
    }
}

enum error request_decode(struct slice value, struct request *out, struct envelope_fault *fault)
{
    struct request request = request_of(operation_command);
    struct fields fields;
    int field = FIELDS_END;
    enum error error = fields_begin(&fields, value, &request_table);
    while (error == error_none && (field = fields_next(&fields)) != FIELDS_END) {
        error = request_take(&request, field, &fields.reader);
    }
    error = error == error_none ? fields.error : error;
    if (error == error_none && (field = fields_missing(&fields, required[request.operation])) != FIELDS_END) {
        error = error_missing_field;
    }
    if (error != error_none) {
        return fault_fill(fault, error, &request_table, field);
    }
    request.raw = value;
    *out = request;
    return error_none;
}

/* The fields that only some operations have. */
static bool is_versioned(const struct request *request)
{
    return (request->operation == operation_state || request->operation == operation_changes) &&
           request->at_version >= 0;
}

static bool is_timed(const struct request *request)
{
    return request->operation == operation_state && request->at_time_us > 0;
}

static bool is_placed(const struct request *request)
{
    return request->operation == operation_log && request->partition >= 0;
}

static bool is_paged(const struct request *request)
{
    return request->operation == operation_events || request->operation == operation_log ||
           request->operation == operation_changes;
}

static bool is_limited(const struct request *request)
{
    return is_paged(request) && request->limit > 0 && request->limit != limit_page_default;
}

static bool is_scoped(const struct request *request)
{
    return request->scope.size > 0 &&
           (request->operation == operation_command || request->operation == operation_state ||
            request->operation == operation_events || request->operation == operation_changes);
}

static uint32_t request_size(const struct request *request)
{
    uint32_t entries = 0;
    entries += request->operation != operation_command;
    entries += request->has_id;
    entries += request->namespace.size > 0;
    entries += request->command.size > 0;
    entries += request->resource.size > 0;
    entries += request->identifier.size > 0;
    entries += request->data.size > 1;
    entries += request->has_expected;
    entries += request->deadline_ms != limit_deadline_ms;
    entries += request->dry_run;
    entries += request->traceparent.size > 0;
    entries += request->token.size > 0;
    entries += is_versioned(request);
    entries += is_placed(request);
    entries += is_paged(request) && request->from > 0;
    entries += is_limited(request);
    entries += is_timed(request);
    entries += is_scoped(request);
    return entries;
}

static void put_target(struct buffer *out, const struct request *request)
{
    if (request->operation != operation_command) {
        put_text(out, KEY(request, operation), slice_text(operation_name(request->operation)));
    }
    if (request->has_id) {
        put_uuid(out, KEY(request, id), &request->id);
    }
    put_text(out, KEY(request, namespace), request->namespace);
    put_text(out, KEY(request, command), request->command);
    put_text(out, KEY(request, resource), request->resource);
    put_text(out, KEY(request, identifier), request->identifier);
}

static void put_conditions(struct buffer *out, const struct request *request)
{
    if (request->data.size > 1) { /* one byte is an empty map: the default */
        put_raw(out, KEY(request, data), request->data);
    }
    if (request->has_expected) {
        put_unsigned(out, KEY(request, expected), (uint64_t)request->expected);
    }
    if (request->deadline_ms != limit_deadline_ms) {
        put_unsigned(out, KEY(request, deadline_ms), request->deadline_ms);
    }
    if (request->dry_run) {
        put_true(out, KEY(request, dry_run));
    }
    put_text(out, KEY(request, traceparent), request->traceparent);
    put_text(out, KEY(request, request_token), request->token);
}

static void put_range(struct buffer *out, const struct request *request)
{
    if (is_versioned(request)) {
        put_unsigned(out, KEY(request, at_version), (uint64_t)request->at_version);
    }
    if (is_placed(request)) {
        put_unsigned(out, KEY(request, partition), (uint64_t)request->partition);
    }
    if (is_paged(request) && request->from > 0) {
        put_unsigned(out, KEY(request, from), request->from);
    }
    if (is_limited(request)) {
        put_unsigned(out, KEY(request, limit), request->limit);
    }
    if (is_timed(request)) {
        put_unsigned(out, KEY(request, at_time_us), (uint64_t)request->at_time_us);
    }
    if (is_scoped(request)) {
        put_raw(out, KEY(request, scope), request->scope);
    }
}

void request_encode(struct buffer *out, const struct request *request)
{
    write_map(out, request_size(request));
    put_target(out, request);
    put_conditions(out, request);
    put_range(out, request);
}

bool request_offered(const struct request *request)
{
    switch (request->operation) {
    case operation_query:
    case operation_follow:
    case operation_events:
    case operation_changes:
    case operation_log:
        return true;
    case operation_state:
        return request->at_version >= 0 || request->at_time_us > 0;
    default:
        return false;
    }
}
