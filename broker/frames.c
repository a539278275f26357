/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Clients' frames: taken apart into requests, answered when every request has its reply, in order. */
#include "broker/state.h"

#include <stdlib.h>

enum { ITEM_OVERHEAD = 256, BUSY_RETRY_MS = 50 };

static void
frame_refuse(struct broker *broker, uint64_t handle, enum status status, const char *code, const char *message)
{
    struct buffer *out = effect_answer(broker, handle);
    if (out != NULL)
        reply_frame_fault(out, status, code, message);
    broker->counters.faulty_frames++;
}

static void frame_refuse_fault(struct broker *broker, uint64_t handle, const struct envelope_fault *fault)
{
    char message[128];
    buffer_clear(&broker->scratch);
    buffer_append_text(&broker->scratch, fault->field);
    if (fault->field[0] != 0)
        buffer_append_text(&broker->scratch, ": ");
    buffer_append_text(&broker->scratch, error_text(fault->error));
    size_t size = broker->scratch.size < sizeof message - 1 ? broker->scratch.size : sizeof message - 1;
    memcpy(message, broker->scratch.data, size);
    message[size] = 0;
    frame_refuse(broker, handle, status_invalid, error_name(fault->error), message);
}

/* ---- the end of a frame ---- */

static void frame_free(struct broker *broker, struct frame *frame)
{
    list_remove(&frame->node);
    frame->pipe->frame_count--;
    broker->held_frames--;
    broker->held_bytes -= frame->bytes;
    pipe_release(broker, frame->pipe);
    buffer_fini(&frame->answer);
    buffer_fini(&frame->early);
    free(frame->parts);
    free(frame);
}

void frame_drop(struct broker *broker, struct frame *frame)
{
    for (uint32_t i = 0; i < frame->count; i++)
        if (frame->parts[i].pending != NULL)
            pending_free(broker, frame->parts[i].pending);
    frame_free(broker, frame);
}

/* At most limit_reply_bytes_each, for which every frame has room. The command's id is in the reply that does not fit.
 */
static void reply_too_large(struct slice large, struct buffer *out)
{
    struct reply reply = {0}, refused = {.status = status_error,
                                         .code = slice_text("reply_too_large"),
                                         .message = slice_text("larger than the frames you take")};
    if (reply_decode(large, &reply) == error_none) {
        refused.has_id = reply.has_id;
        refused.id = reply.id;
    }
    reply_encode(out, &refused);
}

static void reply_busy(struct slice large, struct buffer *out)
{
    struct reply reply = {0}, refused = {.status = status_busy,
                                         .code = slice_text("broker_full"),
                                         .message = slice_text("too many bytes wait in the broker"),
                                         .retry_ms = BUSY_RETRY_MS};
    if (reply_decode(large, &reply) == error_none) {
        refused.has_id = reply.has_id;
        refused.id = reply.id;
    }
    reply_encode(out, &refused);
}

/* What the client does not take is not kept until the frame's other replies are there, and neither is what would pass
 * twice the bytes that are held: new frames are refused above once. */
static struct slice reply_bound(struct broker *broker, struct frame *frame, struct slice raw, struct buffer *out)
{
    if (raw.size <= limit_reply_bytes_each)
        return raw;
    if (frame->replied + raw.size > frame->max_bytes)
        reply_too_large(raw, out);
    else if (broker->held_bytes + raw.size > 2 * broker->config.held_bytes)
        reply_busy(raw, out);
    else
        return raw;
    return buffer_slice(out);
}

/* The next one in the answer. */
static void answer_append(struct frame *frame, struct slice reply)
{
    struct buffer *out = &frame->answer;
    size_t rest = (frame->count - frame->next - 1) * (size_t)limit_reply_bytes_each; /* for those that follow */
    if (frame->next++ == 0)
        reply_frame_begin(out, frame->count);
    if (!out->failed && reply.size > limit_reply_bytes_each && out->size + reply.size + rest > frame->max_bytes)
        reply_too_large(reply, out);
    else
        buffer_append(out, reply.data, reply.size);
}

/* In order as far as they are there; most come in order, and are copied once. */
static void answer_add(struct frame *frame, uint32_t index, struct slice reply)
{
    struct part *part = &frame->parts[index];
    if (index != frame->next) {
        part->at = frame->early.size;
        part->size = reply.size;
        buffer_append(&frame->early, reply.data, reply.size);
        frame->answer.failed = frame->answer.failed || frame->early.failed;
        return;
    }
    answer_append(frame, reply);
    for (part++; frame->next < frame->count && part->size > 0; part++)
        answer_append(frame, slice_of(frame->early.data + part->at, part->size));
}

static void frame_answer(struct broker *broker, struct frame *frame)
{
    struct buffer *out = effect_answer(broker, frame->handle);
    if (out != NULL) {
        buffer_fini(out);
        *out = frame->answer;
        frame->answer = (struct buffer){0};
    }
    frame_free(broker, frame);
}

void frame_reply(struct broker *broker, struct frame *frame, uint32_t index, enum status status, struct slice raw)
{
    struct buffer other = {0};
    struct slice kept = reply_bound(broker, frame, raw, &other);
    frame->parts[index].pending = NULL;
    answer_add(frame, index, kept);
    buffer_fini(&other);
    frame->bytes += kept.size;
    frame->replied += kept.size;
    broker->held_bytes += kept.size;
    broker->counters.by_status[status]++;
    if (--frame->left == 0)
        frame_answer(broker, frame);
}

/* ---- the beginning ---- */

static void part_fail(struct broker *broker,
                      struct frame *frame,
                      uint32_t index,
                      const struct request *request,
                      enum status status,
                      const char *code,
                      const char *message)
{
    struct buffer out = {0};
    struct reply reply = {.status = status,
                          .has_id = request->has_id,
                          .id = request->id,
                          .code = slice_text(code),
                          .message = slice_text(message),
                          .retry_ms = status == status_busy ? BUSY_RETRY_MS : 0};
    reply_encode(&out, &reply);
    frame_reply(broker, frame, index, status, buffer_slice(&out));
    buffer_fini(&out);
}

/* An invalid request: its fault names the field. */
static void part_invalid(struct broker *broker,
                         struct frame *frame,
                         uint32_t index,
                         const struct request *request,
                         const struct envelope_fault *fault)
{
    struct buffer out = {0}, faults = {0}, path = {0};
    buffer_append_text(&path, "/");
    buffer_append_text(&path, fault->field);
    struct fault entry = {.path = buffer_slice(&path),
                          .code = slice_text(error_name(fault->error)),
                          .message = slice_text(error_text(fault->error))};
    write_array(&faults, 1);
    fault_encode(&faults, &entry);
    struct reply reply = {.status = status_invalid,
                          .has_id = request->has_id,
                          .id = request->id,
                          .code = entry.code,
                          .message = entry.message,
                          .faults = buffer_slice(&faults)};
    reply_encode(&out, &reply);
    frame_reply(broker, frame, index, status_invalid, buffer_slice(&out));
    buffer_fini(&path);
    buffer_fini(&faults);
    buffer_fini(&out);
}

static struct stream target_of(const struct pending *pending, const struct request *request)
{
    struct stream stream = {.realm = pending->principal.realm,
                            .namespace = request->namespace,
                            .resource = request->resource,
                            .identifier = request->identifier};
    if (pending->identifier[0] != 0)
        stream.identifier = slice_text(pending->identifier);
    return stream;
}

static void part_start(struct broker *broker,
                       struct frame *frame,
                       uint32_t index,
                       const struct request *request,
                       const struct broker_principal *principal)
{
    struct pending *pending = pending_new(broker);
    if (pending == NULL || parking_full(broker, request->raw.size)) {
        if (pending != NULL)
            pending_free(broker, pending);
        part_fail(broker, frame, index, request, status_busy, "broker_full", "too many requests wait in the broker");
        return;
    }
    frame->parts[index].pending = pending;
    pending->frame = frame;
    pending->index = index;
    pending->principal = *principal;
    pending->raw = request->raw;
    pending->arrived_us = pending->since_us = broker->now_us;
    pending->deadline_us = broker->now_us + request->deadline_ms * 1000ull;
    deadline_watch(broker, pending->deadline_us);
    pending->identifier[0] = 0;
    if (request->operation == operation_command && request->identifier.size == 0)
        identifier_for_new(principal->realm, principal->user, &request->id, pending->identifier);
    pending->offered = request_offered(request);
    pending->query = pending->offered && request->operation != operation_follow;
    pending->stream_hash = 0;
    if (!pending->offered) {
        struct stream stream = target_of(pending, request);
        /* The whole hash is kept: how many partitions there are may not be known yet. */
        pending->stream_hash = stream_hash(&stream);
    }
    pending_route(broker, pending);
}

/* Does the request fit a frame of work, with all that goes along? If not, it would break every shard's connection. */
static bool item_fits(const struct broker_principal *principal, struct slice raw)
{
    size_t along = principal->realm.size + principal->user.size + principal->roles.size + ITEM_OVERHEAD;
    return raw.size + along <= limit_frame_bytes;
}

static void
part_take(struct broker *broker, struct frame *frame, uint32_t index, struct slice raw, struct slice frame_token)
{
    struct request request = {0};
    struct envelope_fault fault = {.field = ""};
    struct broker_principal principal;
    broker->counters.requests++;
    fault.error = request_decode(raw, &request, &fault);
    if (fault.error != error_none) {
        part_invalid(broker, frame, index, &request, &fault);
        return;
    }
    struct slice token = request.token.size > 0 ? request.token : frame_token;
    if (broker->config.authenticate(broker->config.context, token, &principal) != error_none) {
        part_fail(broker, frame, index, &request, status_denied, "unauthenticated", "a known token is needed");
        return;
    }
    if (request.operation == operation_log && broker->config.private_bus && !principal.service) {
        part_fail(broker, frame, index, &request, status_denied, "service_only", "the log holds every realm's records");
        return;
    }
    struct buffer own = {0};
    if (own_answers(broker, request.operation, &own))
        frame_reply(broker, frame, index, status_ok, buffer_slice(&own));
    else if (!item_fits(&principal, raw))
        part_fail(broker, frame, index, &request, status_invalid, "too_long", "too large to be sent on to a shard");
    else
        part_start(broker, frame, index, &request, &principal);
    buffer_fini(&own);
}

static struct frame *frame_new(struct pipe *pipe, const struct broker_input *input, const struct request_frame *head)
{
    struct frame *frame = calloc(1, sizeof *frame);
    struct part *parts = calloc(head->count, sizeof *parts);
    if (frame == NULL || parts == NULL) {
        free(frame);
        free(parts);
        return NULL;
    }
    frame->pipe = pipe;
    frame->handle = input->handle;
    frame->count = frame->left = head->count;
    frame->bytes = input->bytes.size;
    frame->max_bytes = head->max_bytes;
    frame->parts = parts;
    list_append(&pipe->frames, &frame->node);
    pipe->frame_count++;
    return frame;
}

static void requests_take(struct broker *broker, const struct broker_input *input, struct request_frame *head)
{
    if (broker->held_bytes + input->bytes.size > broker->config.held_bytes ||
        broker->held_frames >= broker->config.held_frames) {
        frame_refuse(broker, input->handle, status_busy, "broker_full", "too many frames wait in the broker");
        return;
    }
    struct pipe *pipe = pipe_make(broker, input->pipe);
    if (pipe == NULL || pipe->frame_count >= limit_frames_in_flight) {
        frame_refuse(
            broker, input->handle, status_busy, "too_many_frames", "too many unanswered frames on one connection");
        return;
    }
    struct frame *frame = frame_new(pipe, input, head);
    if (frame == NULL) {
        pipe_release(broker, pipe);
        frame_refuse(broker, input->handle, status_busy, error_name(error_no_memory), error_text(error_no_memory));
        return;
    }
    broker->held_bytes += frame->bytes;
    broker->held_frames++;
    for (uint32_t i = 0, count = head->count; i < count; i++) {
        struct slice raw = {0};
        reader_raw(&head->requests, &raw); /* the frame was checked whole */
        part_take(broker, frame, i, raw, head->token);
    }
}

void frame_take(struct broker *broker, const struct broker_input *input)
{
    struct request_frame head;
    struct envelope_fault fault = {.field = ""};
    broker->counters.frames++;
    fault.error = request_frame_decode(input->bytes, &head, &fault);
    if (fault.error != error_none)
        frame_refuse_fault(broker, input->handle, &fault);
    else if (head.work)
        work_take(broker, input);
    else if (broker->stopping)
        frame_refuse(broker, input->handle, status_unavailable, "stopping", "the broker is going away");
    else
        requests_take(broker, input, &head);
}
