/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See rows.h. */
#include "services/cli/rows.h"

#include "proto/json.h"
#include "proto/reader.h"

static enum error member_copy(struct reader *reader, struct buffer *out)
{
    struct slice key, value;
    enum error error = reader_text(reader, &key);

    if (error != error_none) {
        return error;
    }
    write_text(out, key);
    if (slice_is(key, "rows")) {
        error = reader_text(reader, &value);
        return error == error_none ? json_to_msgpack(value, out, NULL) : error;
    }
    error = reader_raw(reader, &value);
    if (error == error_none) {
        write_raw(out, value);
    }
    return error;
}

enum error rows_open(struct slice data, struct buffer *out)
{
    struct reader reader = reader_of(data);
    uint32_t entries = 0;
    enum error error = reader_map(&reader, &entries);

    write_map(out, entries);
    for (uint32_t i = 0; i < entries && error == error_none; i++) {
        error = member_copy(&reader, out);
    }
    return error == error_none && out->failed ? error_no_memory : error;
}
