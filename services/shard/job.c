/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See job.h. */
#include "services/shard/job.h"

#include <assert.h>
#include <stdlib.h>

static uint8_t *part_put(uint8_t *at, struct slice part)
{
    assert(part.size <= UINT16_MAX);
    at[0] = (uint8_t)(part.size >> 8);
    at[1] = (uint8_t)part.size;
    if (part.size > 0)
        memcpy(at + 2, part.data, part.size);
    return at + 2 + part.size;
}

static const uint8_t *part_take(const uint8_t *at, struct slice *part)
{
    *part = slice_of(at + 2, (size_t)at[0] << 8 | at[1]);
    return at + 2 + part->size;
}

void stream_key_parse(struct slice key, struct stream *out)
{
    const uint8_t *at = part_take(key.data, &out->realm);
    at = part_take(at, &out->namespace);
    at = part_take(at, &out->resource);
    part_take(at, &out->identifier);
}

static size_t stream_key_bound(struct slice item)
{
    return item.size + 8; /* every part stands in the item too */
}

static void stream_key_write(struct job *job, uint8_t *at)
{
    const uint8_t *start = at;
    at = part_put(at, job->stream.realm);
    at = part_put(at, job->stream.namespace);
    at = part_put(at, job->stream.resource);
    at = part_put(at, job->stream.identifier);
    job->stream_key = slice_of(start, (size_t)(at - start));
}

static enum error job_decode(struct job *job, uint64_t now_us, struct envelope_fault *fault)
{
    struct item item;
    *fault = (struct envelope_fault){.field = ""};
    enum error error = item_decode(slice_of(job->bytes, job->size), &item);
    if (error == error_none)
        error = request_decode(item.request, &job->request, fault);
    job->key = item.key;
    if (error != error_none)
        return error;
    job->partition = item.partition;
    job->deadline_us = now_us + item.deadline_ms * 1000u;
    job->user = item.user;
    job->realm = item.realm;
    job->made_identifier = item.identifier.size > 0;
    job->stream = (struct stream){.realm = item.realm,
                                  .namespace = job->request.namespace,
                                  .resource = job->request.resource,
                                  .identifier = job->made_identifier ? item.identifier : job->request.identifier};
    job->stream_hash = stream_hash(&job->stream);
    stream_key_write(job, job->bytes + job->size);
    return error_none;
}

enum error job_new(struct job **out, struct slice item, uint32_t link, uint64_t now_us, struct envelope_fault *fault)
{
    size_t size = sizeof(struct job) + item.size + stream_key_bound(item);
    struct job *job = malloc(size);
    *fault = (struct envelope_fault){.field = ""};
    if (job == NULL)
        return error_no_memory;
    memset(job, 0, sizeof *job);
    job->message.size = (uint32_t)size;
    job->link = link;
    job->size = item.size;
    memcpy(job->bytes, item.data, item.size);
    enum error error = job_decode(job, now_us, fault);
    if (error == error_none)
        *out = job;
    else
        job_free(&job);
    return error;
}

void job_free(struct job **job)
{
    if (*job == NULL)
        return;
    buffer_fini(&(*job)->outcome.text);
    buffer_fini(&(*job)->outcome.faults);
    buffer_fini(&(*job)->outcome.body);
    free((*job)->heads);
    free(*job);
    *job = NULL;
}

static void outcome_set(struct job *job, enum status status, struct slice code, struct slice message)
{
    job->outcome.status = status;
    job->outcome.code = code;
    job->outcome.message = message;
}

void job_fail(struct job *job, enum status status, const char *code, const char *message)
{
    outcome_set(job, status, slice_text(code), slice_text(message));
}

void job_fail_copy(struct job *job, enum status status, struct slice code, struct slice message)
{
    struct buffer *text = &job->outcome.text;
    buffer_clear(text);
    buffer_append(text, code.data, code.size);
    buffer_append(text, message.data, message.size);
    if (text->failed) /* the status still says what it must */
        outcome_set(job, status, slice_text(error_name(error_no_memory)), slice_of(NULL, 0));
    else
        outcome_set(job, status, slice_of(text->data, code.size), slice_of(text->data + code.size, message.size));
}

void job_reply(const struct job *job, uint64_t incarnation, struct buffer *out)
{
    const struct outcome *outcome = &job->outcome;
    struct buffer position = {0};
    if (outcome->has_position)
        position_format(incarnation, job->partition, outcome->seq, &position);
    struct reply reply = {.status = outcome->status,
                          .id = job->request.id,
                          .has_id = job->request.has_id,
                          .has_version = outcome->has_version,
                          .version = outcome->version,
                          .position = buffer_slice(&position),
                          .code = outcome->code,
                          .message = outcome->message,
                          .faults = buffer_slice(&outcome->faults),
                          .retry_ms = outcome->retry_ms,
                          .data = buffer_slice(&outcome->body)};
    if (job->made_identifier && outcome->status == status_ok)
        reply.identifier = job->stream.identifier;
    write_array(out, 3);
    write_unsigned(out, job->key);
    write_integer(out, outcome->status);
    reply_encode(out, &reply);
    buffer_fini(&position);
}
