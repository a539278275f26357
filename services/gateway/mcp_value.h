/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What type a raw msgpack value of a message has; the value was checked before, and may be empty. */
#ifndef GATEWAY_MCP_VALUE_H
#define GATEWAY_MCP_VALUE_H

#include "services/gateway/description.h"

static inline bool mcp_text(struct slice raw, struct slice *out)
{
    struct reader reader = reader_of(raw);
    return raw.size > 0 && reader_text(&reader, out) == 0;
}

static inline bool mcp_is_map(struct slice raw)
{
    struct reader reader = reader_of(raw);
    uint32_t entries;
    return raw.size > 0 && reader_map(&reader, &entries) == 0;
}

static inline bool mcp_is_array(struct slice raw)
{
    struct reader reader = reader_of(raw);
    uint32_t items;
    return raw.size > 0 && reader_array(&reader, &items) == 0;
}

#endif
