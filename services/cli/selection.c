/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See selection.h. */
#include "services/cli/selection.h"

#include "proto/writer.h"

void selection_types_write(const struct selection *selection, struct buffer *out)
{
    write_array(out, (uint32_t)selection->types.count);
    for (size_t i = 0; i < selection->types.count; i++) {
        write_string(out, selection->types.items[i]);
    }
}

void selection_fill(const struct selection *selection, struct buffer *types, struct follow *out)
{
    buffer_clear(types);
    selection_types_write(selection, types);
    out->namespace = slice_text(selection->namespace);
    out->resource = slice_text(selection->resource);
    out->identifier = slice_text(selection->identifier);
    out->types = buffer_slice(types);
}
