/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Commands: see command.h. */
#include "services/gateway/command.h"

#include "proto/json.h"
#include "services/gateway/render.h"

bool command_open(struct call *call, struct refusal *refusal)
{
    uint64_t size;
    if (!head_idempotency_key(&call->head, &call->key, refusal))
        return false;
    if (head_body_size(&call->head, &size) && size > limit_frame_bytes)
        return refuse(refusal, problem_too_large, NULL, NULL);
    return true;
}

struct uuid command_id_of_key(const struct principal *principal, struct slice key)
{
    struct uuid id;
    if (uuid_parse(key, &id) == 0)
        return id;
    return uuid_for_key(slice_text(principal->realm), slice_text(principal->user), key);
}

static enum call_next command_refuse(struct call *call, const struct refusal *refusal)
{
    problem_answer(&call->answer, refusal);
    return CALL_REFUSED;
}

static bool is_map(struct slice value)
{
    uint8_t head = value.size == 0 ? 0xc0 : value.data[0];
    return (head & 0xf0) == 0x80 || head == 0xde || head == 0xdf;
}

/* The body said something, but not an object: a fault of the data, as the domain would tell it. */
static enum call_next refuse_shape(struct call *call)
{
    struct buffer faults = {0};
    struct fault fault = {.path = slice_text(""),
                          .code = slice_text("expected_map"),
                          .message = slice_text("the command's data is a JSON object")};
    write_array(&faults, 1);
    fault_encode(&faults, &fault);
    problem_answer_reply(&call->answer,
                         &(struct reply){.status = status_invalid,
                                         .code = slice_text("invalid_data"),
                                         .message = fault.message,
                                         .faults = buffer_slice(&faults)});
    buffer_fini(&faults);
    return CALL_REFUSED;
}

/* Blank is a body that was left out. */
static bool is_blank(struct slice body)
{
    for (size_t i = 0; i < body.size; i++) {
        if (strchr(" \t\r\n", body.data[i]) == NULL || body.data[i] == 0)
            return false;
    }
    return true;
}

static enum call_next command_data(struct call *call, struct slice body)
{
    struct json_fault fault = {0};
    buffer_clear(&call->data);
    if (is_blank(body)) {
        write_map(&call->data, 0);
    } else if (json_to_msgpack(body, &call->data, &fault) != 0) {
        problem_answer_unparsable(&call->answer, fault.error, fault.offset);
        return CALL_REFUSED;
    }
    call->request.data = buffer_slice(&call->data);
    return is_map(call->request.data) ? CALL_ASK : refuse_shape(call);
}

enum call_next command_submit(struct call *call, struct slice body, const struct uuid *fresh_id)
{
    struct request *request = &call->request;
    struct refusal refusal;
    if (!head_body_is_json(&call->head, body.size, &refusal) ||
        !head_expected_version(&call->head, &request->has_expected, &request->expected, &refusal))
        return command_refuse(call, &refusal);
    request->operation = operation_command;
    request->command = call->url.command;
    request->dry_run = call->query.dry_run;
    request->id = call->key.size == 0 ? *fresh_id : command_id_of_key(&call->principal, call->key);
    request->has_id = true;
    return command_data(call, body);
}

static void location_field(struct call *call, struct slice identifier)
{
    struct buffer path = {0};
    buffer_append_text(&path, "/");
    percent_encode(&path, call->url.namespace);
    buffer_append_text(&path, ".");
    percent_encode(&path, call->url.resource);
    buffer_append_text(&path, "/");
    percent_encode(&path, identifier);
    answer_field(&call->answer, "Location", buffer_slice(&path));
    buffer_fini(&path);
}

static void command_fields(struct call *call, const struct reply *reply)
{
    char id[UUID_TEXT_SIZE];
    uuid_format(&call->request.id, id);
    answer_field_text(&call->answer, "Fluvius-Command", id);
    if (call->key.size > 0)
        answer_field(&call->answer, "Idempotency-Key", call->head.values[HEADER_IDEMPOTENCY_KEY]);
    if (reply->status == status_ok && reply->has_version && !call->request.dry_run)
        answer_field_version(&call->answer, reply->version);
}

static void command_done(struct call *call, const struct reply *reply)
{
    struct slice identifier = reply->identifier.size > 0 ? reply->identifier : call->url.identifier;
    answer_begin(&call->answer, 200, MEDIA_JSON);
    struct buffer *out = &call->answer.body;
    buffer_append_text(out, "{\"data\":{");
    bool first = render_entries(out, reply->data, true);
    render_identity(out, first, identifier, reply->has_version, reply->version);
    buffer_append_text(out, "},\"status\":\"OK\"}");
    if (call->url.creates && !call->request.dry_run && identifier.size > 0)
        location_field(call, identifier);
}

void command_reply(struct call *call, const struct reply *reply)
{
    if (reply->status == status_ok)
        command_done(call, reply);
    else
        problem_answer_reply(&call->answer, reply);
    command_fields(call, reply);
}
