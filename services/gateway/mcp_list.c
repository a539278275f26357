/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pages of lists: see mcp_method.h. */
#include "proto/json.h"
#include "services/gateway/mcp_method.h"

#define LEAD "after:"
#define KEY_MAX 1024

bool mcp_page_read(struct call *call, struct mcp_page *out)
{
    struct slice raw = map_field(call->mcp.params, "cursor"), text;
    size_t lead = strlen(LEAD);
    *out = (struct mcp_page){0};
    if (raw.size == 0)
        return true;
    if (!mcp_text(raw, &text) || text.size <= lead || text.size > KEY_MAX || memcmp(text.data, LEAD, lead) != 0) {
        rpc_fail_params(call, "Invalid cursor");
        return false;
    }
    out->after = slice_of(text.data + lead, text.size - lead);
    return true;
}

static bool comes_after(struct slice key, struct slice after)
{
    size_t size = key.size < after.size ? key.size : after.size;
    int order = size == 0 ? 0 : memcmp(key.data, after.data, size);
    return order != 0 ? order > 0 : key.size > after.size;
}

bool mcp_page_take(struct mcp_page *page, struct slice key)
{
    if (page->after.size > 0 && !comes_after(key, page->after))
        return false;
    if (page->shown == MCP_PAGE) {
        page->more = true;
        return false;
    }
    page->shown++;
    page->last = key;
    return true;
}

void mcp_page_end(struct buffer *out, const struct mcp_page *page)
{
    if (!page->more)
        return;
    struct buffer cursor = {0};
    buffer_append_text(&cursor, LEAD);
    buffer_append(&cursor, page->last.data, page->last.size);
    rpc_member(out, "nextCursor", buffer_slice(&cursor));
    buffer_fini(&cursor);
}
