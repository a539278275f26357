/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a stream tells its client, in the words of events (events.h) or in those of MCP (mcp_listen.h). */
#include <stdlib.h>

#include "proto/position.h"
#include "services/gateway/mcp_listen.h"
#include "services/gateway/stream_state.h"

#define PARTITIONS_MAX 65536

struct reply stream_reply(const struct stream_state *stream)
{
    return (struct reply){.status = stream->status,
                          .code = buffer_slice(&stream->code),
                          .message = buffer_slice(&stream->message),
                          .faults = buffer_slice(&stream->faults),
                          .retry_ms = stream->retry_ms};
}

void stream_refuse(struct call *call, const struct reply *reply)
{
    if (call->url.kind == URL_MCP)
        mcp_listen_refuse(call, reply);
    else
        problem_answer_reply(&call->answer, reply);
}

/* What a stream holds counts among the answers that clients have not taken. */
static void out_begin(struct stream_state *stream)
{
    stream->gateway->answer_bytes -= stream->out.capacity;
    buffer_clear(&stream->out);
    stream->out_at = 0;
}

static void out_end(struct stream_state *stream)
{
    stream->gateway->answer_bytes += stream->out.capacity;
}

void stream_release(struct stream_state *stream)
{
    stream->gateway->answer_bytes -= stream->out.capacity;
    buffer_fini(&stream->out);
    stream->out_at = 0;
}

static bool places_begin(struct stream_state *stream, uint32_t partitions)
{
    if (stream->seqs == NULL && partitions > 0 && partitions <= PARTITIONS_MAX) {
        stream->seqs = calloc(partitions, sizeof *stream->seqs);
        stream->partitions = partitions;
    }
    return stream->seqs != NULL && partitions == stream->partitions;
}

/* False: the reply cannot be understood. */
static bool records_write(struct stream_state *stream)
{
    struct followed followed;
    struct slice position = buffer_slice(&stream->position);
    if (followed_decode(buffer_slice(&stream->data), &followed) != error_none ||
        !places_begin(stream, followed.partitions) ||
        position_incarnation(position, &stream->incarnation) != error_none ||
        position_merge(position, stream->incarnation, stream->seqs, stream->partitions) != error_none)
        return false;
    if (stream_is_mcp(stream))
        mcp_listen_changes(&stream->exchange->call, followed.records, &stream->out);
    else
        render_stream(&stream->out, stream->incarnation, followed.records, stream->seqs, stream->partitions);
    return true;
}

/* What does not go away by asking again ends the stream. */
static bool status_passes(enum status status)
{
    return status == status_busy || status == status_moved || status == status_unavailable ||
           status == status_deadline || status == status_error;
}

static void trouble_write(struct stream_state *stream)
{
    struct answer answer = {0};
    struct reply reply = stream_reply(stream);
    stream->ended = stream->said = true;
    if (stream_is_mcp(stream)) {
        mcp_listen_fail(&stream->exchange->call, &reply, &stream->out);
        return;
    }
    problem_answer_reply(&answer, &reply);
    buffer_append_text(&stream->out, "event: error\ndata: ");
    buffer_append(&stream->out, answer.body.data, answer.body.size);
    buffer_append_text(&stream->out, "\n\n");
    answer_fini(&answer);
}

bool stream_write(struct stream_state *stream)
{
    bool written;
    out_begin(stream);
    if (!stream->sent && stream_is_mcp(stream))
        mcp_listen_begin(&stream->exchange->call, &stream->out);
    if (stream->status == status_ok && !records_write(stream))
        stream->status = status_invalid;
    written = stream->status == status_ok;
    if (!written && !status_passes(stream->status))
        trouble_write(stream);
    if (stream->out.size == 0) /* for proxies and for us: a client that is gone shows when it is written to */
        buffer_append_text(&stream->out, ":\n\n");
    if (stream->out.failed)
        stream->ended = true;
    buffer_fini(&stream->data);
    out_end(stream);
    return written;
}

void stream_write_page(const struct stream_state *stream, struct answer *answer)
{
    struct followed followed;
    struct slice position = buffer_slice(&stream->position);
    uint64_t incarnation = 0;
    if (followed_decode(buffer_slice(&stream->data), &followed) != error_none ||
        position_incarnation(position, &incarnation) != error_none) {
        problem_answer_status(answer, status_error, "bad_reply", "the bus gave an answer that cannot be read");
        return;
    }
    answer_begin(answer, 200, MEDIA_JSON);
    buffer_append_text(&answer->body, "{\"data\":[");
    if (!stream->query.causes)
        render_cloud_events(&answer->body, incarnation, followed.records);
    else if (!render_causation(&answer->body, followed.records))
        answer->body.failed = true;
    buffer_append_text(&answer->body, "],\"meta\":{\"position\":\"");
    buffer_append(&answer->body, position.data, position.size);
    buffer_printf(&answer->body, "\",\"more\":%s},\"status\":\"OK\"}", followed.more ? "true" : "false");
    answer_field(answer, "Fluvius-Position", position);
}

bool stream_write_end(struct stream_state *stream)
{
    if (!stream_is_mcp(stream) || stream->said)
        return false;
    stream->said = true;
    out_begin(stream);
    mcp_listen_end(&stream->exchange->call, &stream->out);
    out_end(stream);
    return stream->out.size > 0;
}
