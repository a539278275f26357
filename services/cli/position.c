/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See position.h. */
#include "services/cli/position.h"

#include "proto/position.h"

enum error position_read(const char *token, uint64_t *after, uint32_t partitions)
{
    uint64_t incarnation; /* whichever it is: the log is read from there, or it has no such place */

    if (position_incarnation(slice_text(token), &incarnation) != error_none ||
        position_merge(slice_text(token), incarnation, after, partitions) != error_none) {
        return error_invalid_data;
    }
    return error_none;
}
