/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Versions and header fields of MCP: see mcp_version.h. */
#include "services/gateway/mcp_version.h"

#include "services/gateway/mcp_value.h"

#define META_VERSION "io.modelcontextprotocol/protocolVersion"
#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"

static const char *const legacy_versions[] = {MCP_VERSION_LEGACY, "2025-06-18"};

bool mcp_version_legacy(struct slice version)
{
    for (size_t i = 0; i < sizeof legacy_versions / sizeof legacy_versions[0]; i++) {
        if (slice_is(version, legacy_versions[i]))
            return true;
    }
    return false;
}

void mcp_versions_write(struct buffer *out)
{
    buffer_append_text(out, "[\"" MCP_VERSION_MODERN "\"");
    for (size_t i = 0; i < sizeof legacy_versions / sizeof legacy_versions[0]; i++)
        buffer_printf(out, ",\"%s\"", legacy_versions[i]);
    buffer_append_text(out, "]");
}

/* ---- refusals ---- */

static bool refuse_version(struct call *call, struct slice version)
{
    struct buffer data = {0};
    buffer_append_text(&data, "{\"supported\":");
    mcp_versions_write(&data);
    rpc_member(&data, "requested", version);
    buffer_append_text(&data, "}");
    rpc_fail(call, 400, rpc_unsupported_version, "Unsupported protocol version", &data);
    buffer_fini(&data);
    return false;
}

static bool refuse_header(struct call *call, const char *message)
{
    rpc_fail(call, 400, rpc_header_mismatch, message, NULL);
    return false;
}

static bool refuse_meta(struct call *call, const char *message)
{
    rpc_fail(call, 400, rpc_invalid_params, message, NULL);
    return false;
}

/* ---- names in header fields ---- */

static int base64_digit(uint8_t byte)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = byte == 0 ? NULL : strchr(digits, byte);
    return at == NULL ? -1 : (int)(at - digits);
}

/* Is text the base64 form of name? Compared digit by digit, so that nothing need be kept. */
static bool base64_equal(struct slice text, struct slice name)
{
    size_t at = 0;
    if (text.size % 4 != 0)
        return false;
    for (size_t i = 0; i < text.size; i += 4) {
        const uint8_t *four = text.data + i;
        bool last = i + 4 == text.size;
        int pads = last ? (four[3] == '=') + (four[3] == '=' && four[2] == '=') : 0;
        uint32_t bits = 0;
        for (int j = 0; j < 4 - pads; j++) {
            int digit = base64_digit(four[j]);
            if (digit < 0)
                return false;
            bits |= (uint32_t)digit << (18 - 6 * j);
        }
        for (int j = 0; j < 3 - pads; j++, at++) {
            if (at >= name.size || name.data[at] != (uint8_t)(bits >> (16 - 8 * j)))
                return false;
        }
    }
    return at == name.size;
}

bool mcp_name_equal(struct slice header, struct slice name)
{
    static const char before[] = "=?base64?", after[] = "?=";
    size_t lead = sizeof before - 1, tail = sizeof after - 1;
    if (header.size < lead + tail || memcmp(header.data, before, lead) != 0 ||
        memcmp(header.data + header.size - tail, after, tail) != 0)
        return slice_equal(header, name);
    return base64_equal(slice_of(header.data + lead, header.size - lead - tail), name);
}

/* The member of params that Mcp-Name repeats; NULL for methods without one. */
static const char *method_name_member(struct slice method)
{
    if (slice_is(method, "tools/call") || slice_is(method, "prompts/get"))
        return "name";
    return slice_is(method, "resources/read") ? "uri" : NULL;
}

static bool check_names(struct call *call)
{
    const struct head *head = &call->head;
    const char *member = method_name_member(call->mcp.method);
    if (!head->seen[HEADER_MCP_METHOD])
        return refuse_header(call, "Header mismatch: Mcp-Method is missing");
    if (!slice_equal(head->values[HEADER_MCP_METHOD], call->mcp.method))
        return refuse_header(call, "Header mismatch: Mcp-Method is not the method of the body");
    if (member == NULL)
        return true;
    if (!head->seen[HEADER_MCP_NAME])
        return refuse_header(call, "Header mismatch: Mcp-Name is missing");
    if (!mcp_name_equal(head->values[HEADER_MCP_NAME], map_text(call->mcp.params, member)))
        return refuse_header(call, "Header mismatch: Mcp-Name is not the name or uri of the body");
    return true;
}

/* ---- versions ---- */

static bool check_modern(struct call *call, struct slice meta)
{
    call->mcp.era = MCP_MODERN;
    if (call->mcp.kind != MCP_REQUEST) /* what header fields notifications have is not defined */
        return true;
    if (map_field(meta, META_VERSION).size == 0)
        return refuse_meta(call, "params._meta lacks " META_VERSION);
    if (!mcp_is_map(map_field(meta, META_CAPABILITIES)))
        return refuse_meta(call, "params._meta lacks " META_CAPABILITIES);
    return check_names(call);
}

bool mcp_version_check(struct call *call)
{
    bool in_head = call->head.seen[HEADER_MCP_VERSION];
    struct slice head = call->head.values[HEADER_MCP_VERSION];
    struct slice meta = map_field(call->mcp.params, "_meta");
    struct slice raw = map_field(meta, META_VERSION), body = {0};
    call->mcp.era = MCP_LEGACY;
    if (raw.size > 0 && !mcp_text(raw, &body))
        return refuse_meta(call, META_VERSION " is a text");
    if (raw.size > 0 && !in_head)
        return refuse_header(call, "Header mismatch: MCP-Protocol-Version is missing");
    if (raw.size > 0 && !slice_equal(head, body))
        return refuse_header(call, "Header mismatch: MCP-Protocol-Version is not the version of the body");
    if (!in_head || mcp_version_legacy(head))
        return true;
    return slice_is(head, MCP_VERSION_MODERN) ? check_modern(call, meta) : refuse_version(call, head);
}
