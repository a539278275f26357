/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A body of /mcp, in the era that the first byte says: it is answered, or becomes a request that the bus takes and
 * whose reply makes an answer. Every answer with a body is JSON. */
#include "proto/json.h"
#include "services/gateway/mcp.h"
#include "services/gateway/mcp_listen.h"
#include "services/gateway/mcp_value.h"
#include "services/gateway/mcp_version.h"
#include "tests/fuzz/fuzz.h"

static const char descriptions[] =
    "[{\"namespace\":\"bank\",\"doc\":\"Money.\",\"resources\":[{\"name\":\"account\",\"doc\":\"An "
    "account.\",\"schema\":{"
    "\"type\":\"object\",\"properties\":{\"balance\":{\"type\":\"integer\"},\"holder\":{\"type\":\"object\","
    "\"properties\":{"
    "\"given\":{\"type\":\"string\"}}}}},\"commands\":[{\"name\":\"open\",\"doc\":\"Open.\",\"creates\":true,"
    "\"schema\":{"
    "\"type\":\"object\",\"required\":[\"holder\"]}},{\"name\":\"deposit\"}],\"events\":[{\"name\":\"opened\"}]}],"
    "\"projections\":[{\"name\":\"totals\",\"schema\":{}}]}]";

/* Header fields as a client would send them, so that bodies get further than the comparison. */
static void write_head(struct call *call, struct slice body, struct buffer *memory)
{
    struct slice method = {0}, name = {0}, params;
    if (json_to_msgpack(body, memory, NULL) == error_none && mcp_is_map(buffer_slice(memory))) {
        method = map_text(buffer_slice(memory), "method");
        params = map_field(buffer_slice(memory), "params");
        if (mcp_is_map(params))
            name = map_text(params, slice_is(method, "resources/read") ? "uri" : "name");
    }
    head_add(&call->head, slice_text("MCP-Protocol-Version"), slice_text(MCP_VERSION_MODERN));
    head_add(&call->head, slice_text("Mcp-Method"), method);
    head_add(&call->head, slice_text("Mcp-Name"), name);
}

static void answer_is_json(const struct call *call)
{
    struct buffer checked = {0};
    if (call->answer.body.size > 0 && call->answer.media != MEDIA_STREAM)
        DEMAND(json_to_msgpack(buffer_slice(&call->answer.body), &checked, NULL) == error_none);
    DEMAND(call->answer.body.size > 0 || call->answer.status == 202);
    buffer_fini(&checked);
}

/* What goes to the bus is a request that a broker takes. */
static void request_is_whole(struct call *call)
{
    struct buffer bytes = {0};
    struct request decoded;
    struct envelope_fault fault;
    static const struct uuid made = {{1}};
    if (call->request.operation == operation_command && !call->request.has_id) {
        call->request.id = made; /* as the client library would */
        call->request.has_id = true;
    }
    request_encode(&bytes, &call->request);
    DEMAND(msgpack_check(buffer_slice(&bytes), NULL) == error_none);
    DEMAND(request_decode(buffer_slice(&bytes), &decoded, &fault) == error_none);
    buffer_fini(&bytes);
}

static void reply_makes_an_answer(struct call *call, uint8_t choice)
{
    static const uint8_t page[] = "\x82\xa6"
                                  "events\x90\xa4rows\x90";
    struct reply reply = {.status = (enum status)(choice % status_count),
                          .code = slice_text("code"),
                          .message = slice_text("\xff\"message"),
                          .retry_ms = choice,
                          .data = slice_of(page, sizeof page - 1)};
    mcp_reply(call, &reply);
    if (!call->answer.body.failed)
        answer_is_json(call);
}

static void listening_is_bounded(const struct call *call)
{
    struct buffer out = {0};
    struct follow follow = {0};
    mcp_listen_follow(call, &follow);
    mcp_listen_begin(call, &out);
    DEMAND(follow.namespace.size > 0 && out.size > 0 && out.size < 8 * call->mcp.message.size + 4096);
    buffer_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mcp_server server;
    static struct buffer described;
    struct call call = {0};
    struct buffer memory = {0};
    if (size == 0)
        return 0;
    if (described.size == 0) {
        DEMAND(json_to_msgpack(slice_text(descriptions), &described, NULL) == error_none);
        DEMAND(mcp_index_build(&server.index, buffer_slice(&described)) == error_none);
    }
    struct slice body = slice_of(data + 1, size - 1);
    call.method = METHOD_POST;
    call.principal = (struct principal){.user = "ann", .realm = "one"};
    call.request = request_of(operation_command);
    head_add(&call.head, slice_text("Content-Type"), slice_text("application/json"));
    if (data[0] % 2 == 1)
        write_head(&call, body, &memory);
    enum call_next next = mcp_submit(&server, &call, body, &(struct mcp_moment){.now_s = 1});
    DEMAND(next == CALL_REFUSED || next == CALL_ASK || next == CALL_LOCAL);
    if (next == CALL_LOCAL) {
        listening_is_bounded(&call);
    } else if (next == CALL_ASK) {
        request_is_whole(&call);
        reply_makes_an_answer(&call, data[0] / 2);
    } else {
        answer_is_json(&call);
    }
    buffer_fini(&memory);
    call_fini(&call);
    return 0;
}
