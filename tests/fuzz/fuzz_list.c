/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What stands behind /NS.NAME/ in a URL: path query, scope and parameters, from there to SQL. Whatever it is, it is
 * refused or becomes the data of a query that every strict reader takes, and that then is judged as every other
 * (judge.h); JSON->URL alone likewise, and what is refused leaves nothing. */
#include "proto/reader.h"
#include "services/gateway/jsonurl.h"
#include "services/gateway/list.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/judge.h"

#include <stdlib.h>

static void jsonurl_is_a_map_or_nothing(struct slice text)
{
    struct buffer out = {0};
    struct reader reader;
    uint32_t entries;
    if (jsonurl_to_msgpack(text, &out) != error_none) {
        DEMAND(out.size == 0);
    } else {
        DEMAND(msgpack_check(buffer_slice(&out), NULL) == error_none);
        reader = reader_of(buffer_slice(&out));
        DEMAND(reader_map(&reader, &entries) == error_none);
    }
    buffer_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char before[] = "/crm.company/";
    struct call *call = calloc(1, sizeof *call);
    struct refusal refusal;
    if (call == NULL)
        return 0;
    jsonurl_is_a_map_or_nothing(slice_of(data, size));
    if (size + sizeof before - 1 <= URL_MAX) {
        memcpy(call->target, before, sizeof before - 1);
        memcpy(call->target + sizeof before - 1, data, size);
        call->target_size = size + sizeof before - 1;
        if (url_parse(call->target, call->target_size, &call->url, &refusal) &&
            (call->url.kind == URL_LIST || call->url.kind == URL_ITEM) && list_open(call, &refusal))
            request_is_judged(buffer_slice(&call->data));
    }
    buffer_fini(&call->data);
    free(call);
    return 0;
}
